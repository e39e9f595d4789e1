//! Whom a viewer is not shown any more, in a form that answers in a few nanoseconds.
//!
//! Filled once per query from what the viewer did; what a candidate did to the viewer is looked up with the candidate.

use super::super::event::Act;
use super::super::table::Slot;

/// An open-addressing set of serial numbers.
#[derive(Debug, Default)]
pub(super) struct Excluded {
    /// [`EMPTY`] or a serial number; a power of two of places, at most half of them taken.
    places: Vec<u32>,
    viewer: u32,
}

/// No row has this serial number: there are fewer rows than that.
const EMPTY: u32 = u32::MAX;

impl Excluded {
    /// Takes in whom the viewer decided on, blocked or unmatched.
    pub(super) fn fill<Id>(&mut self, viewer: &Slot<Id>) {
        let acts = viewer.acts.as_deref().map_or(&[][..], |acts| acts);
        self.viewer = viewer.serial;
        self.places.clear();
        self.places.resize((2 * acts.len() + 1).next_power_of_two(), EMPTY);
        for act in acts.iter().filter(|act| act.hides_other()) {
            let mut place = self.place(act.other);
            while self.places[place] != EMPTY {
                place = (place + 1) & (self.places.len() - 1);
            }
            self.places[place] = act.other;
        }
    }

    fn place(&self, serial: u32) -> usize {
        (u64::from(serial).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & (self.places.len() - 1)
    }

    /// Whether the candidate is not shown: the viewer's act, or the candidate's pass, block or unmatch.
    #[inline]
    pub(super) fn contains<Id>(&self, candidate: &Slot<Id>) -> bool {
        let mut place = self.place(candidate.serial);
        loop {
            match self.places[place] {
                EMPTY => return candidate.act_on(self.viewer).is_some_and(Act::hides_actor),
                serial if serial == candidate.serial => return true,
                _ => place = (place + 1) & (self.places.len() - 1),
            }
        }
    }
}
