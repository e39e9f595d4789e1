//! How much people take: decisions a day, over the days on which they were here lately.
//!
//! Kept by the replica from the pairs that it reads, told to the nightly round: attention goes where it is answered. Pure.
//! Decisions and days with a decision both count half as much after every week that passes, so the pace is that of the last
//! weeks, and of somebody who has not come for long nothing is known any more. What is known is shrunk towards what everybody
//! does, and bounded, so that nobody gains a market by deciding in haste.
//! Invariant: a decision counts once, whatever becomes of its pair.

use jiff::Timestamp;
use rustc_hash::FxHashMap;

use crate::id::MemberId;
use crate::interaction::{Pair, Side};
use crate::safety::age::{day, seoul_date};

/// Days after which a decision counts half.
const HALF_LIFE: f32 = 7.0;
/// As many days of everybody's pace stand beside somebody's own.
const PRIOR_DAYS: f64 = 3.0;
/// The most and, inverted, the least that somebody takes, in everybody's paces.
const MOST: f64 = 4.0;

/// Somebody's decisions and days, as they count on the last of these days.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pace {
    decisions: f32,
    days: f32,
    /// Days since 1970, in Seoul.
    last: i32,
}

impl Pace {
    /// How many bytes it is written in.
    pub(super) const BYTES: usize = 12;

    fn decide(&mut self, on: i32) {
        if self.days == 0.0 || on > self.last {
            let kept = faded(on.saturating_sub(self.last));
            *self = Self { decisions: self.decisions * kept + 1.0, days: self.days * kept + 1.0, last: on };
        } else {
            // Heard of late, or another of the same day.
            self.decisions += faded(self.last.saturating_sub(on));
        }
    }

    /// Decisions and days as they count on a day.
    fn counted(self, on: i32) -> (f64, f64) {
        let kept = f64::from(faded(on.saturating_sub(self.last).max(0)));
        (f64::from(self.decisions) * kept, f64::from(self.days) * kept)
    }

    pub(super) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.decisions.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.days.to_le_bytes());
        bytes[8..].copy_from_slice(&self.last.to_le_bytes());
        bytes
    }

    /// What was written; `None` for what is no pace.
    pub(super) fn from_bytes(bytes: [u8; Self::BYTES]) -> Option<Self> {
        let word = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        let (decisions, days) = (f32::from_le_bytes(word(0)), f32::from_le_bytes(word(4)));
        let is_count = |count: f32| count.is_finite() && count >= 0.0;
        (is_count(decisions) && is_count(days)).then(|| Self { decisions, days, last: i32::from_le_bytes(word(8)) })
    }
}

/// What is left of a count after so many days.
fn faded(days: i32) -> f32 {
    (-(days as f32) / HALF_LIFE).exp2()
}

/// The paces of those who have ever decided.
#[derive(Clone, Debug, Default)]
pub(super) struct Paces(FxHashMap<MemberId, Pace>);

impl Paces {
    /// Takes in the decisions of a pair by those of its two (the lower id first) who had not acted before.
    pub(super) fn learn(&mut self, pair: &Pair, is_first: [bool; 2]) {
        for (side, is_first) in [Side::Low, Side::High].into_iter().zip(is_first) {
            if let Some(decision) = pair.stance(side).decision.as_ref().filter(|_| is_first) {
                self.0.entry(pair.key.member(side)).or_default().decide(day_of(decision.at));
            }
        }
    }

    pub(super) fn forget(&mut self, id: MemberId) {
        self.0.remove(&id);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (MemberId, Pace)> + '_ {
        self.0.iter().map(|(id, pace)| (*id, *pace))
    }

    /// What everybody takes on a day, 1 on average.
    pub(super) fn activity(self, now: Timestamp) -> impl Fn(MemberId) -> f32 {
        let on = day_of(now);
        let sum = |(decisions, days): (f64, f64), more: (f64, f64)| (decisions + more.0, days + more.1);
        let (decisions, days) = self.0.values().map(|pace| pace.counted(on)).fold((0.0, 0.0), sum);
        let mean = if days > 0.0 { decisions / days } else { 1.0 };
        move |id| {
            let (decisions, days) = self.0.get(&id).map_or((0.0, 0.0), |pace| pace.counted(on));
            let pace = (decisions + PRIOR_DAYS * mean) / (days + PRIOR_DAYS);
            (pace / mean).clamp(1.0 / MOST, MOST) as f32
        }
    }
}

impl FromIterator<(MemberId, Pace)> for Paces {
    fn from_iter<I: IntoIterator<Item = (MemberId, Pace)>>(paces: I) -> Self {
        Self(paces.into_iter().collect())
    }
}

fn day_of(at: Timestamp) -> i32 {
    day(seoul_date(at)).0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: i64) -> MemberId {
        MemberId::new(n).unwrap()
    }

    fn now() -> Timestamp {
        "2026-11-27T03:00:00Z".parse().unwrap()
    }

    /// People who decide so often on each of these days before now.
    fn paces(people: &[(i64, u32, &[i32])]) -> Paces {
        let today = day_of(now());
        let pace = |times: u32, days: &[i32]| {
            let mut pace = Pace::default();
            for ago in days {
                (0..times).for_each(|_| pace.decide(today - ago));
            }
            pace
        };
        people.iter().map(|(n, times, days)| (id(*n), pace(*times, days))).collect()
    }

    #[test]
    fn whoever_decides_more_on_the_days_they_come_takes_more() {
        let activity =
            paces(&[(1, 40, &[9, 2, 1]), (2, 10, &[9, 2, 1]), (3, 10, &[6, 5, 4, 3, 2, 1, 0])]).activity(now());
        assert!(activity(id(1)) > 1.3 && activity(id(2)) < 0.9, "{} {}", activity(id(1)), activity(id(2)));
        assert!(activity(id(3)) < activity(id(2)), "the same pace, better known");
        assert!((activity(id(9)) - 1.0).abs() < 1e-6, "of whom nothing is known: as everybody");
    }

    #[test]
    fn nobody_is_worth_a_market_and_what_was_long_ago_is_forgotten() {
        let many: Vec<i32> = (0..60).rev().collect();
        let crowd: Vec<(i64, u32, &[i32])> = (10..60).map(|n| (n, 10, &[3_i32, 2, 1][..])).collect();
        let all = [&crowd[..], &[(1, 5_000, &many[..]), (2, 1, &many), (3, 300, &[400])]].concat();
        let activity = paces(&all).activity(now());
        assert!((activity(id(1)) - 4.0).abs() < 1e-6 && (activity(id(2)) - 0.25).abs() < 0.1);
        assert!((activity(id(3)) - 1.0).abs() < 1e-3, "a day of a year ago says nothing");
    }

    #[test]
    fn days_may_be_heard_of_late_and_paces_written_down() {
        let (mut early, mut late) = (Pace::default(), Pace::default());
        for (to_early, to_late) in [(10, 24), (10, 10), (24, 10)] {
            early.decide(to_early);
            late.decide(to_late);
        }
        let (early_counts, late_counts) = (early.counted(24), late.counted(24));
        assert!((early_counts.0 - late_counts.0).abs() < 1e-6 && (early_counts.0 - 1.5).abs() < 1e-6);
        assert!(early_counts.1 > late_counts.1, "a day that comes late is no day of its own");
        assert_eq!(Pace::from_bytes(early.to_bytes()), Some(early));
        let broken = Pace { decisions: f32::NAN, ..early };
        assert_eq!(Pace::from_bytes(broken.to_bytes()), None);
        assert!(Paces::default().activity(now())(id(1)).to_bits() == 1.0_f32.to_bits());
    }
}
