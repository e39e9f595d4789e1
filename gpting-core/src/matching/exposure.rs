//! What is kept of a showing: who was shown to whom, where on the page, by which ranker, and what was predicted.
//!
//! Made by the slate, kept by the [`Store`](crate::store::Store), read by evaluations of rankers. Data only. Of a pair the
//! last showing is kept: it is the one that a decision answers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ranker::Ranker;
use super::{Pick, View};
use crate::id::MemberId;

/// How somebody came to their place on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// By their score.
    Ranked,
    /// As the pick of the day.
    Pick,
    /// As somebody new whom nobody knows yet.
    Explored,
}

impl Slot {
    /// Every slot, in the order of [`Slot::number`].
    pub const ALL: [Self; 3] = [Self::Ranked, Self::Pick, Self::Explored];

    /// The stable small number that stores keep it by.
    pub const fn number(self) -> i16 {
        match self {
            Self::Ranked => 1,
            Self::Pick => 2,
            Self::Explored => 3,
        }
    }

    /// The slot of a number.
    pub fn by_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.number() == number)
    }
}

/// Where and why somebody was shown. Chances are in millionths: whole numbers are the same in every store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Exposure {
    /// The place, from 1, counted over the pages of one paging.
    pub position: u32,
    /// By which ranker.
    pub ranker: Ranker,
    /// How they came to that place.
    pub slot: Slot,
    /// The score that the ranker ordered by, 0 to 1,000,000.
    pub score: u32,
    /// The estimate that the viewer likes them, whichever ranker it was, 0 to 1,000,000.
    pub there: u32,
    /// The estimate that they like the viewer, 0 to 1,000,000.
    pub back: u32,
}

impl Exposure {
    /// Of a pick as its ranker had it, and of the product's own estimates.
    pub(super) fn new(
        position: usize,
        ranker: Ranker,
        slot: Slot,
        pick: &Pick<MemberId>,
        estimate: &Pick<MemberId>,
    ) -> Self {
        Self {
            position: u32::try_from(position).unwrap_or(u32::MAX),
            ranker,
            slot,
            score: millionths(pick.score),
            there: millionths(estimate.there),
            back: millionths(estimate.back),
        }
    }

    /// The numbers of position, ranker, slot, score, there and back, as stores keep them.
    pub fn numbers(&self) -> [i64; 6] {
        let (ranker, slot) = (self.ranker.number(), self.slot.number());
        let [position, score, there, back] = [self.position, self.score, self.there, self.back].map(i64::from);
        [position, ranker.into(), slot.into(), score, there, back]
    }

    /// The exposure of [`Self::numbers`]; none of numbers that no build has written.
    pub fn of_numbers([position, ranker, slot, score, there, back]: [i64; 6]) -> Option<Self> {
        Some(Self {
            position: u32::try_from(position).ok()?,
            ranker: Ranker::by_number(i16::try_from(ranker).ok()?)?,
            slot: Slot::by_number(i16::try_from(slot).ok()?)?,
            score: u32::try_from(score).ok()?,
            there: u32::try_from(there).ok()?,
            back: u32::try_from(back).ok()?,
        })
    }
}

/// What is the same for a page.
pub(super) struct Places<'a> {
    pub(super) ranker: Ranker,
    /// How many the pages before held.
    pub(super) before: usize,
    pub(super) picked: &'a [MemberId],
    pub(super) explored: &'a [Option<MemberId>],
}

impl Places<'_> {
    /// Those of a page, as they are to be remembered; `view` has the product's own estimates.
    pub(super) fn of<T>(&self, viewer: MemberId, view: &View<MemberId>, page: &[(Pick<MemberId>, T)]) -> Vec<Shown> {
        let shown = page.iter().zip(self.before + 1..).map(|((pick, _), position)| {
            let slot = if self.picked.contains(&pick.id) {
                Slot::Pick
            } else if self.explored.contains(&Some(pick.id)) {
                Slot::Explored
            } else {
                Slot::Ranked
            };
            // Of a relaxed page not everybody has a score of their own: then it is that of the page.
            let estimate = view.score(viewer, pick.id).unwrap_or(*pick);
            Shown { candidate: pick.id, exposure: Some(Exposure::new(position, self.ranker, slot, pick, &estimate)) }
        });
        shown.collect()
    }
}

fn millionths(chance: f64) -> u32 {
    (chance.clamp(0.0, 1.0) * 1e6).round() as u32
}

/// Somebody who is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Who.
    pub candidate: MemberId,
    /// Where and why; none where nobody has noted it.
    pub exposure: Option<Exposure>,
}

impl Shown {
    /// Everybody once, by ascending id: whoever is named twice as they were named last. For stores, so that they count and
    /// lock alike.
    pub fn each_once(shown: &[Self]) -> Vec<Self> {
        let each: BTreeMap<MemberId, Self> = shown.iter().map(|shown| (shown.candidate, *shown)).collect();
        each.into_values().collect()
    }
}

impl From<MemberId> for Shown {
    fn from(candidate: MemberId) -> Self {
        Self { candidate, exposure: None }
    }
}

/// Who was shown to whom, and how the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impression {
    /// To whom.
    pub viewer: MemberId,
    /// Who.
    pub candidate: MemberId,
    /// When for the first time.
    pub first_at: Timestamp,
    /// When last.
    pub last_at: Timestamp,
    /// How often.
    pub shows: u64,
    /// Where and why the last time; none where that was not noted.
    pub exposure: Option<Exposure>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lead_back() {
        let exposure = Exposure {
            position: 3,
            ranker: Ranker::Newest,
            slot: Slot::Explored,
            score: 1_000_000,
            there: 150_000,
            back: 1,
        };
        assert_eq!(Exposure::of_numbers(exposure.numbers()), Some(exposure));
        assert_eq!(Exposure::of_numbers([1, 9, 1, 0, 0, 0]), None);
        assert_eq!(Exposure::of_numbers([1, 1, 0, 0, 0, 0]), None);
        assert_eq!(Exposure::of_numbers([-1, 1, 1, 0, 0, 0]), None);
        assert_eq!([-0.5, 0.123_456_7, 2.0].map(millionths), [0, 123_457, 1_000_000]);
    }
}
