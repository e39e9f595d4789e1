//! What somebody said of themselves before, kept as long as others' likes stand that were learned from it.
//!
//! Called by `population` when a person changes and when a decision does; kept in a person's row, so it goes with it. A like
//! names the text that it was learned from by one byte; whatever becomes of the like is counted with that text, so that taking
//! it back leaves nothing behind, whatever its person says by then. Invariants: the texts kept are different from the
//! present one by name, and no more than [`MOST`]; the quarters of all of them and of the present are those of all likes.

use std::sync::Arc;

/// Texts kept of one person at the most. Beyond that the one with the fewest likes is let go: these are counted with the
/// text that is present then.
const MOST: usize = 255;

/// The earlier texts of one person.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Earlier {
    /// The name of the present text.
    now: u8,
    kept: Vec<Kept>,
}

/// A text that some likes were learned from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    pub(super) name: u8,
    /// What its likes count for, in quarters; above 0.
    pub(super) quarters: u32,
    pub(super) is: Box<[f32]>,
}

impl Earlier {
    /// Those that were saved; `None` for such as no engine has.
    pub(super) fn of(now: u8, kept: Vec<Kept>) -> Option<Self> {
        let mut names = [false; MOST + 1];
        names[usize::from(now)] = true;
        let is_sound = kept.iter().all(|text| {
            let is_first = !std::mem::replace(&mut names[usize::from(text.name)], true);
            is_first && text.quarters > 0 && text.is.iter().all(|x| x.is_finite())
        });
        is_sound.then_some(Self { now, kept })
    }

    /// The name of the present text of somebody.
    pub(super) fn now(of: Option<&Self>) -> u8 {
        of.map_or(0, |earlier| earlier.now)
    }

    /// The texts that are kept, the earliest first.
    pub(super) fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// What the text of that name said; none for the present one.
    pub(super) fn find(&self, name: u8) -> Option<&[f32]> {
        self.kept.iter().find(|text| text.name == name).map(|text| &*text.is)
    }

    /// Somebody says something new: what they `was` is kept if likes were learned from it. `received` is what all likes
    /// count for that they have received, in quarters.
    pub(super) fn changed(of: &mut Option<Arc<Self>>, was: &[f32], received: u32) {
        let sum = |earlier: &Self| earlier.kept.iter().fold(0_u32, |sum, text| sum.saturating_add(text.quarters));
        let known = of.as_deref().map_or(0, sum);
        let quarters = received.saturating_sub(known);
        if quarters == 0 {
            return;
        }
        let earlier = Arc::make_mut(of.get_or_insert_default());
        if earlier.kept.len() == MOST
            && let Some((at, _)) = earlier.kept.iter().enumerate().min_by_key(|(at, text)| (text.quarters, *at))
        {
            earlier.kept.remove(at);
        }
        earlier.kept.push(Kept { name: earlier.now, quarters, is: was.into() });
        let is_free = |name: &u8| earlier.kept.iter().all(|text| text.name != *name);
        earlier.now = (0..=u8::MAX).find(is_free).unwrap_or_default();
    }

    /// A like that was learned from the text of that name counts for something else than before, in quarters.
    pub(super) fn counted(of: &mut Option<Arc<Self>>, name: u8, before: u32, after: u32) {
        let Some(at) = of.as_deref().and_then(|earlier| earlier.kept.iter().position(|text| text.name == name)) else {
            return;
        };
        let kept = &mut Arc::make_mut(of.get_or_insert_default()).kept;
        kept[at].quarters = kept[at].quarters.saturating_add(after).saturating_sub(before);
        if kept[at].quarters == 0 {
            kept.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_as_long_as_likes_stand_that_were_learned_from_it() {
        let mut of = None;
        Earlier::changed(&mut of, &[1.0], 0);
        assert_eq!((&of, Earlier::now(None)), (&None, 0), "nobody has learned from it");
        Earlier::changed(&mut of, &[2.0], 8);
        let now = |of: &Option<Arc<Earlier>>| Earlier::now(of.as_deref());
        assert_eq!((now(&of), of.as_ref().unwrap().find(0), of.as_ref().unwrap().find(1)), (1, Some(&[2.0][..]), None));
        Earlier::changed(&mut of, &[3.0], 8);
        assert_eq!((now(&of), of.as_ref().unwrap().kept().len()), (1, 1), "nobody has learned from that one");
        Earlier::counted(&mut of, 0, 4, 12);
        Earlier::counted(&mut of, 1, 0, 4);
        Earlier::changed(&mut of, &[4.0], 20);
        assert_eq!((now(&of), of.as_ref().unwrap().find(1)), (2, Some(&[4.0][..])));
        Earlier::counted(&mut of, 0, 12, 0);
        assert!(of.as_ref().unwrap().find(0).is_some(), "one of its two likes stands");
        Earlier::counted(&mut of, 0, 4, 0);
        assert_eq!((of.as_ref().unwrap().find(0), of.as_ref().unwrap().kept().len()), (None, 1));
        Earlier::changed(&mut of, &[5.0], 8);
        assert_eq!(now(&of), 0, "a name that is free is given again");
    }

    #[test]
    fn somebody_who_says_something_new_all_the_time_keeps_a_bounded_number() {
        let mut of = None;
        for n in 0..1_000_u16 {
            // The first text has the most likes.
            let before =
                of.as_deref().map_or(0, |earlier: &Earlier| earlier.kept.iter().map(|text| text.quarters).sum());
            Earlier::changed(&mut of, &[f32::from(n)], before + if n == 0 { 40 } else { 4 });
        }
        let earlier = of.unwrap();
        assert_eq!((earlier.kept.len(), earlier.find(0)), (MOST, Some(&[0.0][..])));
        assert_eq!(Earlier::of(earlier.now, earlier.kept.clone()).as_ref(), Some(&*earlier));
        let text = |name, quarters, x: f32| Kept { name, quarters, is: [x].into() };
        assert!(Earlier::of(1, vec![text(0, 4, 1.0), text(2, 4, 1.0)]).is_some());
        for damaged in
            [vec![text(1, 4, 1.0)], vec![text(0, 4, 1.0); 2], vec![text(0, 0, 1.0)], vec![text(0, 4, f32::NAN)]]
        {
            assert_eq!(Earlier::of(1, damaged), None);
        }
    }
}
