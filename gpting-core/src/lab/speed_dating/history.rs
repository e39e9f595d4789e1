//! Who says yes to whom, once half an evening has been seen.
//!
//! Called by `protocol`. Each person's share of yes given and received so far, shrunk towards everybody's, and the guess
//! from content; a logistic regression learns on other evenings how much each is worth.
//! Invariant: only dates that are `observed` are looked at for the shares, and only others are predicted or learned from.

use super::dates::Dates;
use super::logistic::Logistic;

/// So many decisions at everybody's rate are added to a person's own.
const PRIOR_DECISIONS: f64 = 3.0;
/// A guess from content is cut to this and one minus this before its logit is taken.
const SUREST: f64 = 0.02;
/// The ridge of the regression on six numbers.
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

/// Predicts `predict` from `train` (places of dates), both unobserved. Probabilities in the order of `predict`.
pub(super) fn predict(
    dates: &Dates,
    shares: &Shares,
    content: impl Fn(usize) -> f64,
    train: &[usize],
    predict: &[usize],
) -> Vec<f64> {
    let row = |date: usize| {
        let (from, to) = (dates.dates[date].from as usize, dates.dates[date].to as usize);
        let male = f64::from(u8::from(dates.guests[from].is_male));
        [
            logit(shares.given[from]),
            logit(shares.received[from]),
            logit(shares.given[to]),
            logit(shares.received[to]),
            logit(content(date).clamp(SUREST, 1.0 - SUREST)),
            male - 0.5,
        ]
    };
    let rows: Vec<f64> = train.iter().flat_map(|&date| row(date)).collect();
    let labels: Vec<bool> = train.iter().map(|&date| dates.dates[date].yes).collect();
    let model = Logistic::fit(6, &rows, &labels, RIDGE);
    predict.iter().map(|&date| model.probability(&row(date))).collect()
}

/// `log(p / (1 − p))`.
pub(super) fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}
