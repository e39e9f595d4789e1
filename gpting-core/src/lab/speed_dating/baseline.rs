//! What the models of speed dating are compared with.
//!
//! Called by `protocol`; calls `rcf` and `recon` on the same dates. None of these is fitted to anything.

use super::dates::{Date, Dates};
use super::history::{Shares, likes, logit};
use super::report::Scores;
use super::row::{CODES, HABITS};
use crate::lab::rcf::Rcf;
use crate::lab::recon::Recon;

/// Values of each attribute that [`Recon`] counts: race, goal, field, career (0 is none), and age in five bands.
const CHOICES: [u32; 5] = [7, 7, 19, 18, 5];

/// The correlation of both people's interests, as the file gives it.
pub(super) fn interests(dates: &Dates, predicted: &[usize]) -> Scores {
    let told = |&date: &usize| {
        let correlation = dates.dates[date].interest_correlation;
        if correlation.is_nan() { 0.0 } else { correlation }
    };
    let scores: Vec<f64> = predicted.iter().map(told).collect();
    Scores { name: "correlation of interests", decision: scores.clone(), mutual: scores, are_probabilities: false }
}

/// What needs the first half of the evening and nothing else.
pub(super) fn with_history(
    dates: &Dates,
    predicted: &[usize],
    observed: &[bool],
    shares: &Shares,
    rate: f64,
) -> [Scores; 4] {
    let likes = || likes(dates, observed);
    let scores = |name, decision: &dyn Fn(usize, usize) -> f64, mutual: &dyn Fn(usize, usize) -> f64| {
        let ends = |date: &usize| {
            let Date { from, to, .. } = dates.dates[*date];
            (from as usize, to as usize)
        };
        let of = |score: &dyn Fn(usize, usize) -> f64| predicted.iter().map(ends).map(|(a, b)| score(a, b)).collect();
        Scores { name, decision: of(decision), mutual: of(mutual), are_probabilities: false }
    };
    let biases = |from: usize, to: usize| {
        1.0 / (1.0 + (logit(rate) - logit(shares.given[from]) - logit(shares.received[to])).exp())
    };
    let rcf = Rcf::new(dates.people(), likes());
    let mut recon = Recon::new(&CHOICES, dates.guests.iter().flat_map(|guest| attributes(&guest.told)).collect());
    likes().for_each(|(from, to)| recon.contact(from as usize, to as usize));
    [
        scores("popularity and selectivity", &|from, to| shares.given[from] * shares.received[to], &|_, to| {
            shares.received[to] * shares.given[to]
        }),
        scores("biases", &biases, &|from, to| biases(from, to) * biases(to, from)),
        scores("RCF", &|from, to| rcf.interest(from, to), &|from, to| rcf.reciprocal(from, to)),
        scores("RECON", &|from, to| recon.compatibility(from, to), &|from, to| recon.reciprocal(from, to)),
    ]
}

fn attributes(told: &super::row::SignUp) -> [Option<u32>; CHOICES.len()] {
    let age = told[HABITS.start];
    let mut values = [None; CHOICES.len()];
    for (value, code) in values.iter_mut().zip(&told[CODES]) {
        *value = (!code.is_nan()).then_some(*code as u32);
    }
    values[CODES.len()] = (!age.is_nan()).then(|| (((age - 18.0) / 4.0).clamp(0.0, 4.0)) as u32);
    for (value, choices) in values.iter_mut().zip(CHOICES) {
        *value = value.filter(|value| *value < choices);
    }
    values
}
