//! How well two people's answers fit: each side's satisfaction, the match of both, and how sure that is.
//!
//! Called by hosts and by `packed`. Pure. Invariants: swapping the people swaps the directions and nothing else; every
//! share lies in [0, 1]; nothing possible is unknown, not perfect.

use super::answers::{Answers, Entry};

/// Half the width of a 95 % interval, in standard deviations.
const Z: f64 = 1.959_964;

/// What both answered, and what of it satisfied whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Comparison {
    /// How many questions both answered.
    pub common: u32,
    /// The first person's satisfaction with the second.
    pub there: Tally,
    /// The second person's satisfaction with the first.
    pub back: Tally,
    /// Whether an answer breaks a condition of either.
    pub refused: bool,
}

/// One side's points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Points of the questions that the other answered acceptably.
    pub earned: u32,
    /// Points of all questions both answered.
    pub possible: u32,
    /// The same points, each squared before they are added.
    pub squared: u64,
    /// How many of the questions matter to this side.
    pub asked: u16,
    /// How many of those the other answered acceptably.
    pub fits: u16,
    /// Whether an answer of the other breaks a condition of this side.
    pub refuses: bool,
}

/// A share with its 95 % interval, all in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The best single number.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// What is expected before two people have a question in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expectation {
    mean: f64,
    points: f64,
}

impl Default for Expectation {
    /// Six of ten points, worth as much as one very important question.
    fn default() -> Self {
        Self { mean: 0.6, points: 50.0 }
    }
}

impl Expectation {
    /// The most that a side with so many points in all can be satisfied beyond the average. `O(1)`.
    pub(in crate::matching) fn most(self, points: u32) -> f64 {
        self.shrunk(Tally { earned: points, possible: points, ..Tally::default() }) - self.mean
    }

    /// Satisfaction of `mean` on average over the population, worth `points` of evidence; none when the mean is outside
    /// (0, 1) or the points are not in [1, 1e6].
    pub fn new(mean: f64, points: f64) -> Option<Self> {
        (mean > 0.0 && mean < 1.0 && (1.0..=1e6).contains(&points)).then_some(Self { mean, points })
    }

    /// The average satisfaction.
    pub fn mean(self) -> f64 {
        self.mean
    }

    /// The best guess of a side's satisfaction, `(earned + k m) / (possible + k)`. `O(1)`.
    #[inline]
    pub fn shrunk(self, tally: Tally) -> f64 {
        (f64::from(tally.earned) + self.points * self.mean) / (f64::from(tally.possible) + self.points)
    }

    /// The guess of [`Self::shrunk`] with its interval. `O(1)`.
    ///
    /// Unequal points count as `(Σw)²/Σw²` equal questions (Kish 1965), what was expected as one of them; the interval is
    /// Wilson's (1927) for that many. So one mandatory question is hardly surer than one little one.
    pub fn estimate(self, tally: Tally) -> Estimate {
        let value = self.shrunk(tally);
        let points = f64::from(tally.possible) + self.points;
        let n = points * points / (tally.squared as f64 + self.points * self.points);
        let z2 = Z * Z;
        let centre = (value + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z / (1.0 + z2 / n) * (value * (1.0 - value) / n + z2 / (4.0 * n * n)).sqrt();
        Estimate { value, low: (centre - half).max(0.0), high: (centre + half).min(1.0) }
    }
}

impl Tally {
    /// `earned / possible`; none when nothing was possible.
    pub fn satisfaction(self) -> Option<f64> {
        (self.possible > 0).then(|| f64::from(self.earned) / f64::from(self.possible))
    }

    fn add(&mut self, weight: u16, satisfied: bool, dealbreaker: bool) {
        self.possible += u32::from(weight);
        self.earned += if satisfied { u32::from(weight) } else { 0 };
        self.squared += u64::from(weight) * u64::from(weight);
        let matters = weight > 0 || dealbreaker;
        self.asked = self.asked.saturating_add(u16::from(matters));
        self.fits = self.fits.saturating_add(u16::from(matters && satisfied));
        self.refuses |= dealbreaker && !satisfied;
    }
}

impl Comparison {
    /// Compares two people. `O(answers of both)`, no allocation.
    ///
    /// ```
    /// use gpting_core::matching::question::{Answer, Answers, Comparison, Importance};
    ///
    /// let (mut ana, mut ben) = (Answers::new(), Answers::new());
    /// ana.answer(1, Answer::new(0, &[0, 1]).importance(Importance::Very))?; // 50 points, earned
    /// ana.answer(2, Answer::new(1, &[1]))?; // 10 points, missed
    /// ben.answer(1, Answer::new(1, &[0]).importance(Importance::Little))?; // 1 point, earned
    /// ben.answer(2, Answer::new(0, &[0, 1]))?; // 10 points, earned
    /// let found = Comparison::of(&ana, &ben);
    /// assert_eq!(found.there.satisfaction(), Some(50.0 / 60.0));
    /// assert_eq!(found.back.satisfaction(), Some(1.0));
    /// assert!((found.okcupid().unwrap() - ((50.0_f64 / 60.0).sqrt() - 0.5)).abs() < 1e-12);
    /// # Ok::<(), gpting_core::matching::question::AnswerError>(())
    /// ```
    pub fn of(first: &Answers, second: &Answers) -> Self {
        let mut found = Self::default();
        first.walk(second, |mine, theirs| found.add(mine, theirs));
        found
    }

    /// Adds one question that both answered.
    #[inline]
    pub(super) fn add(&mut self, mine: Entry, theirs: Entry) {
        self.common += 1;
        self.there.add(mine.weight, mine.accepts.contains(theirs.choice), mine.dealbreaker);
        self.back.add(theirs.weight, theirs.accepts.contains(mine.choice), theirs.dealbreaker);
        self.refused = self.there.refuses || self.back.refuses;
    }

    /// `√(there · back) − 1/common`, not below 0: what both are satisfied with, less what so few questions leave open. None
    /// when a side had nothing to win, for then nothing is known. Symmetric. Source: `OkCupid`'s published match percentage.
    pub fn okcupid(&self) -> Option<f64> {
        let both = self.there.satisfaction()? * self.back.satisfaction()?;
        Some((both.sqrt() - 1.0 / f64::from(self.common)).max(0.0))
    }

    /// The match by shrunk satisfactions, `√(there · back)`, with the interval that follows from both: known for every pair,
    /// and no better than expected for two people without common questions. Symmetric. `O(1)`.
    pub fn estimate(&self, expected: Expectation) -> Estimate {
        let (there, back) = (expected.estimate(self.there), expected.estimate(self.back));
        Estimate {
            value: (there.value * back.value).sqrt(),
            low: (there.low * back.low).sqrt(),
            high: (there.high * back.high).sqrt(),
        }
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
