//! What came of a match: how far the two have come in talking.
//!
//! Pure. Called by `follow` with who said something in their room, never with what; kept in the [`Pair`],
//! whose feed every instance learns from. Invariants: an outcome only goes forward, and at most four times in the life of a
//! pair; no text is looked at.

use jiff::Timestamp;

use super::pair::{Outcome, Pair, Side, Stage};
use crate::matching::Talk;

/// How many of the first messages since a match are looked at. What has not become a conversation by then was no conversation.
pub const LOOKED_AT: usize = 100;
/// A conversation has so many messages,
const CONVERSATION: usize = 10;
/// and so many of each side.
const OF_EACH: usize = 3;

impl Outcome {
    /// A match of which nothing has come until now.
    pub const fn silent(now: Timestamp) -> Self {
        Self { stage: Stage::Silent, opener: None, at: now }
    }

    /// What came of these messages, in their order: who said each, and when. None of no message.
    pub fn of(said: impl IntoIterator<Item = (Side, Timestamp)>) -> Option<Self> {
        let mut outcome: Option<Self> = None;
        let (mut of_opener, mut of_other) = (0, 0);
        for (side, at) in said.into_iter().take(LOOKED_AT) {
            let known = outcome.get_or_insert(Self { stage: Stage::Opened, opener: Some(side), at });
            let count = if known.opener == Some(side) { &mut of_opener } else { &mut of_other };
            *count += 1;
            let is_conversation = of_opener + of_other >= CONVERSATION && of_opener.min(of_other) >= OF_EACH;
            let stage = match (is_conversation, of_other) {
                (true, _) => Stage::Conversed,
                (false, 0) => Stage::Opened,
                (false, _) => Stage::Replied,
            };
            if stage > known.stage {
                (known.stage, known.at) = (stage, at);
            }
        }
        outcome
    }

    /// The same from one side, as the engine hears it.
    pub fn of_side(&self, side: Side) -> Talk {
        match self.stage {
            Stage::Silent => Talk::Silent,
            Stage::Conversed => Talk::Conversed,
            Stage::Opened | Stage::Replied if self.opener == Some(side) => Talk::Opened,
            Stage::Opened => Talk::Addressed,
            Stage::Replied => Talk::Replied,
        }
    }
}

impl Pair {
    /// Moves the outcome forward; whether it moved. Nothing comes of a pair that is not matched, and nothing goes back.
    pub fn come_to(&mut self, outcome: Outcome) -> bool {
        let is_further = self.outcome.is_none_or(|known| outcome.stage > known.stage);
        let moves = is_further && self.is_matched();
        if moves {
            self.outcome = Some(outcome);
        }
        moves
    }
}

#[cfg(test)]
mod tests {
    use Side::{High, Low};
    use proptest::prelude::*;

    use super::*;
    use crate::id::MemberId;
    use crate::interaction::{MatchState, PairKey};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// The outcome of messages of these sides, a second apart.
    fn of(said: &[Side]) -> Option<Outcome> {
        Outcome::of(said.iter().copied().zip(1..).map(|(side, second)| (side, at(second))))
    }

    #[test]
    fn stages_are_reached_by_who_says_how_much() {
        assert_eq!(of(&[]), None);
        let opened = Outcome { stage: Stage::Opened, opener: Some(High), at: at(1) };
        assert_eq!(of(&[High]), Some(opened));
        assert_eq!(of(&[High; 100]), Some(opened), "one side alone");
        let replied = Outcome { stage: Stage::Replied, at: at(4), ..opened };
        assert_eq!(of(&[High, High, High, Low]), Some(replied));
        // Nine, and ten of which one side has two: no conversation yet.
        assert_eq!(of(&[&[High; 3][..], &[Low; 6]].concat()), Some(replied));
        assert_eq!(of(&[&[High; 3][..], &[Low; 2], &[High; 20]].concat()), Some(replied));
        let conversed = Outcome { stage: Stage::Conversed, at: at(10), ..opened };
        assert_eq!(of(&[&[High; 3][..], &[Low; 7]].concat()), Some(conversed));
        assert_eq!(of(&[&[High; 3][..], &[Low; 90]].concat()), Some(conversed));
        // What comes after the first hundred is not looked at.
        assert_eq!(of(&[&[High; 100][..], &[Low; 50]].concat()), Some(opened));
    }

    #[test]
    fn each_side_hears_its_own_part() {
        let stages = |said: &[Side]| of(said).map(|outcome| [Low, High].map(|side| outcome.of_side(side))).unwrap();
        assert_eq!(stages(&[Low]), [Talk::Opened, Talk::Addressed]);
        assert_eq!(stages(&[Low, High]), [Talk::Opened, Talk::Replied]);
        assert_eq!(stages(&[&[Low; 5][..], &[High; 5]].concat()), [Talk::Conversed; 2]);
        assert_eq!([Low, High].map(|side| Outcome::silent(at(1)).of_side(side)), [Talk::Silent; 2]);
    }

    proptest! {
        /// What an instance learns from every state in between is what another learns from the last one alone.
        #[test]
        fn more_messages_only_lead_forward(said in prop::collection::vec(prop_oneof![Just(Low), Just(High)], 1..40)) {
            let [low, high] = [1, 2].map(|id| MemberId::new(id).unwrap());
            let matched = MatchState::Matched { at: at(0) };
            let mut pair = Pair { match_state: matched, ..Pair::strangers(PairKey::of(low, high).unwrap()) };
            pair.come_to(Outcome::silent(at(0)));
            let (mut moves, mut heard) = (1, [Talk::Silent; 2]);
            for count in 1..=said.len() {
                moves += u32::from(pair.come_to(of(&said[..count]).unwrap()));
                let now = [Low, High].map(|side| pair.outcome.unwrap().of_side(side));
                prop_assert!(now[0] >= heard[0] && now[1] >= heard[1], "{:?} after {:?}", now, heard);
                heard = now;
            }
            prop_assert!(moves <= 4);
            prop_assert_eq!(pair.outcome, of(&said));
        }
    }

    #[test]
    fn nothing_comes_of_whom_no_match_holds() {
        let [low, high] = [1, 2].map(|id| MemberId::new(id).unwrap());
        let strangers = Pair::strangers(PairKey::of(low, high).unwrap());
        for match_state in [MatchState::None, MatchState::Unmatched { at: at(0) }] {
            let mut pair = Pair { match_state, ..strangers.clone() };
            assert!(!pair.come_to(of(&[Low]).unwrap()) && pair.outcome.is_none());
        }
        let mut pair = Pair { match_state: MatchState::Matched { at: at(0) }, ..strangers };
        assert!(pair.come_to(of(&[Low, High]).unwrap()));
        assert!(!pair.come_to(of(&[Low]).unwrap()) && !pair.come_to(Outcome::silent(at(9))));
    }
}
