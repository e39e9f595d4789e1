//! Who has joined lately: the latest few thousand, to be gone through from any place.
//!
//! Kept by the replica, asked by the warm-up. Pure. Invariant: everybody is remembered once, under a place that has nothing to
//! do with when they joined, so that whom one begins with is nobody's advantage.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::id::MemberId;

/// How many are remembered.
pub(super) const REMEMBERED: usize = 4_096;
/// How many are answered at the most.
const TRIES: usize = 256;

/// The latest who joined, by when, and by a place that has nothing to do with it.
#[derive(Debug, Default)]
pub(super) struct Newcomers {
    by_time: BTreeSet<(Timestamp, MemberId)>,
    by_place: BTreeMap<u64, (Timestamp, MemberId)>,
}

impl Newcomers {
    /// Takes in somebody who can be met, or lets them go.
    pub(super) fn know(&mut self, id: MemberId, joined: Timestamp, is_shown: bool) {
        let place = mixed(id.value().cast_unsigned());
        if !is_shown {
            self.forget(id);
        } else if self.by_place.insert(place, (joined, id)).is_none() {
            self.by_time.insert((joined, id));
            if self.by_time.len() > REMEMBERED
                && let Some((_, oldest)) = self.by_time.pop_first()
            {
                self.by_place.remove(&mixed(oldest.value().cast_unsigned()));
            }
        }
    }

    pub(super) fn forget(&mut self, id: MemberId) {
        if let Some(known) = self.by_place.remove(&mixed(id.value().cast_unsigned())) {
            self.by_time.remove(&known);
        }
    }

    /// Everybody who is remembered, the earliest first.
    pub(super) fn all(&self) -> impl Iterator<Item = (MemberId, Timestamp)> + '_ {
        self.by_time.iter().map(|(joined, id)| (*id, *joined))
    }

    /// Those who joined since then, from a place on and round once, at most so many.
    pub(super) fn from(&self, place: u64, since: Timestamp) -> Vec<MemberId> {
        let round = self.by_place.range(place..).chain(self.by_place.range(..place));
        round.filter(|(_, (joined, _))| *joined >= since).map(|(_, (_, id))| *id).take(TRIES).collect()
    }
}

/// Numbers spread evenly; different ones stay different. Source: the finaliser of `SplitMix64`.
pub(super) fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: i64) -> MemberId {
        MemberId::new(n).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_latest_are_remembered_each_once_wherever_one_begins() {
        let mut newcomers = Newcomers::default();
        for n in 1..=5_000 {
            newcomers.know(id(n), at(n), true);
            newcomers.know(id(n), at(n), true);
        }
        assert_eq!(newcomers.by_place.len(), REMEMBERED);
        assert_eq!(newcomers.by_time.first().unwrap().1, id(5_001 - 4_096));
        let late = newcomers.from(7, at(4_801));
        assert_eq!(late.len(), 200);
        let elsewhere = newcomers.from(u64::MAX / 2, at(4_801));
        assert_ne!(late, elsewhere);
        let (mut a, mut b) = (late, elsewhere);
        a.sort_unstable();
        b.sort_unstable();
        assert_eq!(a, b);
        newcomers.know(id(4_900), at(4_900), false);
        newcomers.forget(id(4_901));
        assert_eq!(newcomers.from(0, at(4_801)).len(), 198);
        assert_eq!(newcomers.by_time.len(), newcomers.by_place.len());
    }
}
