//! What came of a match, as the engine hears it: how far the talk of two people has come, told from one side.
//!
//! Pure. Kept by [`event`](super::event) beside what one person did to another, and weighed there. Invariants: stages
//! only go forward, so they may be heard in any order and any number of times; no stage weighs more than three decisions.

/// How far the talk after a match has come, told from one side; a later stage takes the place of all before it.
///
/// A stage says how much the side's like was worth. The weights are in [`Self::quarters`]; `docs/learning.md` has the reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Talk {
    /// Nobody has written, for long: the like weighs half of one.
    Silent,
    /// The other has written, this side has not answered yet: a like as any other.
    Addressed,
    /// This side wrote first: one and a half.
    Opened,
    /// This side answered: two.
    Replied,
    /// Both kept talking: three.
    Conversed,
}

/// A decision of weight 1, in quarters.
pub(super) const WHOLE: u32 = 4;

impl Talk {
    /// The stages, the furthest last.
    pub const ALL: [Self; 5] = [Self::Silent, Self::Addressed, Self::Opened, Self::Replied, Self::Conversed];

    /// How many quarters of a decision a like weighs after this, 2 to 12. Whole numbers, so that sums do not depend on
    /// the order in which they were made.
    pub const fn quarters(self) -> u32 {
        match self {
            Self::Silent => 2,
            Self::Addressed => WHOLE,
            Self::Opened => 6,
            Self::Replied => 8,
            Self::Conversed => 12,
        }
    }

    /// Its number as it is saved; 0 stands for none.
    pub(super) fn number(talk: Option<Self>) -> u32 {
        match talk {
            None => 0,
            Some(Self::Silent) => 1,
            Some(Self::Addressed) => 2,
            Some(Self::Opened) => 3,
            Some(Self::Replied) => 4,
            Some(Self::Conversed) => 5,
        }
    }

    /// The talk of [`Self::number`]; the outer `None` for other numbers.
    #[expect(clippy::option_option, reason = "no talk is a talk too, and other numbers are neither")]
    pub(super) fn of_number(number: u32) -> Option<Option<Self>> {
        match number {
            0 => Some(None),
            stage => Self::ALL.get(stage as usize - 1).copied().map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_weigh_more_the_further_they_go_and_never_more_than_three() {
        assert!(Talk::ALL.is_sorted());
        assert!(Talk::ALL.map(Talk::quarters).is_sorted());
        assert_eq!(Talk::ALL.map(Talk::quarters), [2, 4, 6, 8, 12]);
    }

    #[test]
    fn numbers_lead_back() {
        for talk in [None].into_iter().chain(Talk::ALL.map(Some)) {
            assert_eq!(Talk::of_number(Talk::number(talk)), Some(talk));
        }
        assert_eq!(Talk::of_number(6), None);
    }
}
