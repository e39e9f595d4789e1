//! Rankers, and which member is served by which: experiments whose groups are drawn by a keyed hash.
//!
//! Called by the slate; pure. A group depends on the deployment's secret, the seed of the experiment and the member alone:
//! it is the same on every instance and at every visit, and another seed draws groups that have nothing to do with those
//! before.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Person, Weights};
use crate::id::MemberId;
use crate::limit::LimitSecret;

/// A way to put people in order. Who may be shown to whom is the same for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ranker {
    /// The product's own: the chance that both like each other, by everything that is known.
    Served,
    /// The same chances, fused by their harmonic mean.
    Harmonic,
    /// The product's terms without what was learned of anybody: stated wishes and profiles alone.
    Unlearned,
    /// Whoever joined last comes first.
    Newest,
}

impl Ranker {
    /// Every ranker, in the order of [`Ranker::number`].
    pub const ALL: [Self; 4] = [Self::Served, Self::Harmonic, Self::Unlearned, Self::Newest];

    /// Its name in settings and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Harmonic => "harmonic",
            Self::Unlearned => "unlearned",
            Self::Newest => "newest",
        }
    }

    /// The stable small number that stores keep it by.
    pub const fn number(self) -> i16 {
        match self {
            Self::Served => 1,
            Self::Harmonic => 2,
            Self::Unlearned => 3,
            Self::Newest => 4,
        }
    }

    /// The ranker of a number.
    pub fn by_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|ranker| ranker.number() == number)
    }

    /// The weights of an engine of its own by those of the product, where it needs one: the index holds what they weigh.
    pub(super) fn weights(self, product: Weights) -> Option<Weights> {
        let learned_nothing = Weights { pickiness: 0.0, appeal: 0.0, ..product };
        match self {
            Self::Served | Self::Harmonic => None,
            Self::Unlearned => Some(learned_nothing),
            // What is left is what is said of a person beforehand.
            Self::Newest => Some(Weights {
                interests: 0.0,
                attributes: 0.0,
                questions: 0.0,
                near: 0.0,
                age: 0.0,
                content: 0.0,
                ..learned_nothing
            }),
        }
    }

    /// A row of that engine, of somebody who joined at this time (Unix seconds).
    pub(super) fn person(self, person: Person, joined: i64) -> Person {
        if self == Self::Newest { person.appeal(recency(joined)) } else { person }
    }
}

/// A logit that grows with the time of joining: -4 in 2000, 4 in 2100; two minutes still make a difference.
fn recency(joined: i64) -> f32 {
    const YEAR_2000: f64 = 946_684_800.0;
    const CENTURY: f64 = 100.0 * 365.25 * 86_400.0;
    let share = ((joined as f64 - YEAR_2000) / CENTURY).clamp(0.0, 1.0);
    (8.0 * share - 4.0) as f32
}

/// Which ranker gets how many of the members. Everybody is served by [`Ranker::Served`] by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rankers {
    /// Rankers and their shares, in the order of writing; a share is a part of the sum of all.
    shares: Vec<(Ranker, u32)>,
    /// Of another experiment another one.
    seed: u64,
}

impl Default for Rankers {
    fn default() -> Self {
        Self { shares: vec![(Ranker::Served, 1)], seed: 0 }
    }
}

/// Why a text names no rankers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RankersError {
    /// No `name=number` between commas.
    #[error("expected name=share, … such as served=90,harmonic=10,seed=1")]
    Form,
    /// A ranker that there is not.
    #[error("there are the rankers served, harmonic, unlearned and newest")]
    Unknown,
    /// A name twice, or no share above 0.
    #[error("expected each ranker once, and a share from 1 to 1000000")]
    Share,
}

impl FromStr for Rankers {
    type Err = RankersError;

    /// Reads `served=90,harmonic=10`, with `seed=<number>` among them where there is one.
    fn from_str(text: &str) -> Result<Self, RankersError> {
        let mut rankers = Self { shares: Vec::new(), seed: 0 };
        for part in text.split(',') {
            let (name, number) = part.split_once('=').ok_or(RankersError::Form)?;
            let (name, number) = (name.trim(), number.trim().parse::<u64>().map_err(|_| RankersError::Form)?);
            if name == "seed" {
                rankers.seed = number;
                continue;
            }
            let ranker = Ranker::ALL.into_iter().find(|ranker| ranker.name() == name).ok_or(RankersError::Unknown)?;
            let share = u32::try_from(number).ok().filter(|share| (1..=1_000_000).contains(share));
            let share = share.ok_or(RankersError::Share)?;
            if rankers.shares.iter().any(|(known, _)| *known == ranker) {
                return Err(RankersError::Share);
            }
            rankers.shares.push((ranker, share));
        }
        if rankers.shares.is_empty() { Err(RankersError::Share) } else { Ok(rankers) }
    }
}

impl fmt::Display for Rankers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares = self.shares.iter().map(|(ranker, share)| format!("{}={share}", ranker.name()));
        f.write_str(&shares.collect::<Vec<_>>().join(","))?;
        if self.seed != 0 { write!(f, ",seed={}", self.seed) } else { Ok(()) }
    }
}

impl Rankers {
    /// The rankers that anybody is served by.
    pub fn used(&self) -> impl Iterator<Item = Ranker> + '_ {
        self.shares.iter().map(|(ranker, _)| *ranker)
    }

    /// The ranker that a member is served by.
    pub(crate) fn of(&self, secret: &LimitSecret, member: MemberId) -> Ranker {
        let [(only, _)] = self.shares.as_slice() else { return self.drawn(secret, member) };
        *only
    }

    fn drawn(&self, secret: &LimitSecret, member: MemberId) -> Ranker {
        let key = secret.key("ranker", &[&self.seed.to_le_bytes(), &member.value().to_le_bytes()]);
        let bits = key.bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let all: u64 = self.shares.iter().map(|(_, share)| u64::from(*share)).sum();
        // Of 2^64 values the remainder favours nobody by more than a few in 10^12.
        let mut place = bits % all.max(1);
        for (ranker, share) in &self.shares {
            match place.checked_sub(u64::from(*share)) {
                None => return *ranker,
                Some(rest) => place = rest,
            }
        }
        Ranker::Served
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: i64) -> MemberId {
        MemberId::new(n).unwrap()
    }

    #[test]
    fn shares_are_read_and_written() {
        for text in ["served=90,harmonic=10", "newest=1", "unlearned=1,served=3,seed=7"] {
            assert_eq!(text.parse::<Rankers>().unwrap().to_string(), text);
        }
        assert_eq!(Rankers::default().to_string(), "served=1");
        let spaced: Rankers = " served = 1 , seed=3".parse().unwrap();
        assert_eq!(spaced.to_string(), "served=1,seed=3");
        for (text, error) in [
            ("", RankersError::Form),
            ("served", RankersError::Form),
            ("served=many", RankersError::Form),
            ("served=-1", RankersError::Form),
            ("best=1", RankersError::Unknown),
            ("served=0", RankersError::Share),
            ("served=1,served=2", RankersError::Share),
            ("seed=4", RankersError::Share),
        ] {
            assert_eq!(text.parse::<Rankers>(), Err(error), "{text}");
        }
    }

    #[test]
    fn groups_have_their_shares_and_stay() {
        let rankers: Rankers = "served=70,harmonic=20,newest=10".parse().unwrap();
        let secret = LimitSecret::new([5; 32]);
        let count = |wanted: Ranker| (1..=20_000).filter(|n| rankers.of(&secret, id(*n)) == wanted).count();
        for (ranker, share) in [(Ranker::Served, 0.7), (Ranker::Harmonic, 0.2), (Ranker::Newest, 0.1)] {
            let seen = count(ranker) as f64 / 20_000.0;
            assert!((seen - share).abs() < 0.012, "{ranker:?}: {seen}");
        }
        assert_eq!(rankers.of(&secret, id(7)), rankers.clone().of(&secret, id(7)));
    }

    #[test]
    fn another_seed_and_another_secret_draw_groups_anew() {
        let (one, two): (Rankers, Rankers) =
            ("served=1,harmonic=1,seed=1".parse().unwrap(), "served=1,harmonic=1,seed=2".parse().unwrap());
        let (here, there) = (LimitSecret::new([5; 32]), LimitSecret::new([6; 32]));
        let same = |a: &Rankers, x: &LimitSecret, b: &Rankers, y: &LimitSecret| {
            (1..=4_000).filter(|n| a.of(x, id(*n)) == b.of(y, id(*n))).count()
        };
        assert_eq!(same(&one, &here, &one, &here), 4_000);
        for agreed in [same(&one, &here, &two, &here), same(&one, &here, &one, &there)] {
            assert!((1_800..2_200).contains(&agreed), "{agreed}: groups of two experiments are independent");
        }
    }

    #[test]
    fn numbers_lead_back_and_the_newest_come_first() {
        for ranker in Ranker::ALL {
            assert_eq!(Ranker::by_number(ranker.number()), Some(ranker));
        }
        assert_eq!(Ranker::by_number(0), None);
        let seconds = [0, 1_700_000_000, 1_700_000_300, 1_900_000_000, i64::MAX];
        assert!(seconds.map(recency).is_sorted_by(|a, b| a < b));
    }
}
