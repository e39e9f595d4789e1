//! Who says yes to whom, once half an evening has been seen.
//!
//! Called by `protocol`. How readily both say yes and are said yes to so far, how far both share the taste of those who like
//! the other, and what sign-up answers make of both; a logistic regression learns on other evenings how much each is worth.
//! Invariant: only dates that are `observed` are looked at for what happened so far, and only others are predicted or
//! learned from.

use super::dates::Dates;
use super::effects::Effects;
use super::logistic::Logistic;
use crate::lab::rcf::Rcf;

/// So many decisions at everybody's rate are added to a person's own.
const PRIOR_DECISIONS: f64 = 3.0;
/// A guess from content is cut to this and one minus this before its logit is taken.
const SUREST: f64 = 0.02;
/// The ridge of the regression on nine numbers.
const RIDGE: f64 = 1.0;

/// Shrunk shares of yes, given and received, per person.
#[derive(Clone, Debug)]
pub(super) struct Shares {
    pub(super) given: Vec<f64>,
    pub(super) received: Vec<f64>,
}

impl Shares {
    /// Counts the observed dates: `(yes + 3 rate) / (dates + 3)`. `O(dates + people)`.
    pub(super) fn of(dates: &Dates, observed: &[bool], rate: f64) -> Self {
        let mut given = vec![(0.0, 0.0); dates.people()];
        let mut received = given.clone();
        for date in dates.dates.iter().zip(observed).filter_map(|(date, &is_seen)| is_seen.then_some(date)) {
            for (yes, all) in [&mut given[date.from as usize], &mut received[date.to as usize]] {
                *yes += f64::from(u8::from(date.yes));
                *all += 1.0;
            }
        }
        let shrunk = |counts: Vec<(f64, f64)>| {
            counts.into_iter().map(|(yes, all)| (yes + PRIOR_DECISIONS * rate) / (all + PRIOR_DECISIONS)).collect()
        };
        Self { given: shrunk(given), received: shrunk(received) }
    }
}

/// The likes among the observed dates, as (who, whom).
pub(super) fn likes(dates: &Dates, observed: &[bool]) -> impl Iterator<Item = (u32, u32)> {
    let liked = dates.dates.iter().zip(observed).filter(|(date, is_seen)| **is_seen && date.yes);
    liked.map(|(date, _)| (date.from, date.to))
}

/// Predicts `predict` from `train` (places of dates), both unobserved. Probabilities in the order of `predict`.
///
/// `content` is the guess from sign-up answers about the yes of a date, made without its evening.
pub(super) fn predict(
    dates: &Dates,
    observed: &[bool],
    content: impl Fn(usize) -> f64,
    train: &[usize],
    predict: &[usize],
) -> Vec<f64> {
    let Effects { readiness, appeal } = Effects::of(dates, observed);
    let tastes = Rcf::new(dates.people(), likes(dates, observed));
    let guess = |date: usize| logit(content(date).clamp(SUREST, 1.0 - SUREST));
    let row = |place: usize| {
        let date = &dates.dates[place];
        let (from, to) = (date.from as usize, date.to as usize);
        let male = f64::from(u8::from(dates.guests[from].is_male));
        [
            readiness[from],
            appeal[from],
            readiness[to],
            appeal[to],
            tastes.interest(from, to),
            tastes.interest(to, from),
            guess(place),
            date.reverse.map_or(0.0, |reverse| guess(reverse as usize)),
            male - 0.5,
        ]
    };
    let rows: Vec<f64> = train.iter().flat_map(|&date| row(date)).collect();
    let labels: Vec<bool> = train.iter().map(|&date| dates.dates[date].yes).collect();
    let model = Logistic::fit(9, &rows, &labels, RIDGE);
    predict.iter().map(|&date| model.probability(&row(date))).collect()
}

/// `log(p / (1 − p))`.
pub(super) fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}
