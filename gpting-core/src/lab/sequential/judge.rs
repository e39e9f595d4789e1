//! What lists are worth in a sequential market.
//!
//! Called by experiments with any lists. Pure. Envy is told as in the bilateral market: a left envies another when the
//! other's list, with everybody else's as it is, would bring it more expected matches than its own.

use super::attention::Attention;
use super::market::SequentialMarket;
use crate::lab::bilateral::gini;
use crate::matching::market::{Matrix, parallel};

/// Somebody with fewer expected matches than this leaves with nothing.
const NOTHING: f64 = 0.05;
/// By how much another's list must be better to be envied; rounding alone makes no envy.
const ENVY: f64 = 1e-9;

/// What an exposure (left × right) is worth on true preferences.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequential {
    /// Expected matches, exactly: the mean of what [`super::simulate()`] counts.
    pub matches: f64,
    /// The analytic lower bound of them, with the mean rank instead of its distribution.
    pub bound: f64,
    /// Expected matches of each left.
    pub left: Vec<f64>,
    /// Expected matches of each right.
    pub right: Vec<f64>,
    /// How many pairs of lefts there are of whom the first would rather have the list of the second.
    pub envy: usize,
}

impl Sequential {
    /// Judges an exposure, on up to `threads` threads, which change nothing but time. `O(left² × right)` for the envy.
    ///
    /// # Panics
    /// If the shape does not fit.
    pub fn of(market: &SequentialMarket, exposure: &Matrix<f64>, threads: usize) -> Self {
        let applies = chances(market, exposure);
        let attention = Attention::expected(market, &applies, threads);
        let mut pairs = attention.answer(market);
        let envy = envy(market.preferences.there(), &pairs, exposure, threads);
        let looks = market.preferences.there().values().iter().zip(exposure.values());
        for (pair, (there, look)) in pairs.values_mut().iter_mut().zip(looks) {
            *pair *= chance(*there, *look);
        }
        Self {
            matches: attention.matches(market, &applies),
            bound: Self::bound(market, exposure, threads),
            left: pairs.row_sums(),
            right: pairs.column_sums(),
            envy,
        }
    }

    /// The lower bound alone: `sum of a q v(r)` with `a = p e` and `r` = 1 and the `a` of better applicants.
    /// `O(left × right)`.
    ///
    /// # Panics
    /// If the shape does not fit.
    pub fn bound(market: &SequentialMarket, exposure: &Matrix<f64>, threads: usize) -> f64 {
        let applies = market.applications(exposure);
        Attention::at_mean(market, &applies, threads).matches(market, &applies)
    }

    /// Expected matches alone, exactly. `O(left × right × w)`, see the number of better applicants that are possible.
    ///
    /// # Panics
    /// If the shape does not fit.
    pub fn expected(market: &SequentialMarket, exposure: &Matrix<f64>, threads: usize) -> f64 {
        let applies = chances(market, exposure);
        Attention::expected(market, &applies, threads).matches(market, &applies)
    }

    /// More matches than any lists can make: the smaller of what the lefts would have if nobody stood before them, and what
    /// the rights would have if everybody applied. `O(left × right × log)`.
    pub fn ceiling(market: &SequentialMarket) -> f64 {
        let first = market.examination.weight(1);
        let product = market.preferences.product();
        let best = |scores: &[f64], weights: &[f64]| {
            let mut sorted = scores.to_vec();
            sorted.sort_unstable_by(|a, b| b.total_cmp(a));
            sorted.iter().zip(weights).map(|(score, weight)| score * weight).sum::<f64>()
        };
        let alone: f64 = (0..product.rows()).map(|left| best(product.row(left), &market.list)).sum();
        let ranks = market.examination.weights(market.lefts());
        let crowd: f64 = (0..market.rights()).map(|right| best(market.answers.row(right), &ranks)).sum();
        (alone * first).min(crowd)
    }

    /// Gini coefficient of the lefts' expected matches.
    pub fn gini(&self) -> f64 {
        gini(&self.left)
    }

    /// Share of lefts with fewer than 0.05 expected matches.
    pub fn zero_share(&self) -> f64 {
        self.left.iter().filter(|matches| **matches < NOTHING).count() as f64 / self.left.len().max(1) as f64
    }
}

/// Chances to apply, in order. The weights of an examination may exceed 1; chances may not.
pub(super) fn chances(market: &SequentialMarket, exposure: &Matrix<f64>) -> Matrix<f64> {
    let mut applies = market.applications(exposure);
    applies.values_mut().iter_mut().for_each(|chance| *chance = chance.min(1.0));
    applies
}

/// The chance to apply when liking with `there` and looking with `look`.
fn chance(there: f64, look: f64) -> f64 {
    (there * look).min(1.0)
}

/// How many lefts `(i, k)` there are of whom `i` would have more of `answer` by applying from the list of `k`.
fn envy(there: &Matrix<f64>, answer: &Matrix<f64>, exposure: &Matrix<f64>, threads: usize) -> usize {
    let mut envied = vec![0_usize; there.rows()];
    parallel::each(
        &mut envied,
        threads,
        || (),
        |(), left, envied| {
            let pairs = || there.row(left).iter().zip(answer.row(left));
            let with = |list: usize| {
                pairs()
                    .zip(exposure.row(list))
                    .map(|((there, answer), look)| answer * chance(*there, *look))
                    .sum::<f64>()
            };
            let limit = with(left) + ENVY;
            *envied = (0..exposure.rows()).filter(|&other| with(other) > limit).count();
        },
    );
    envied.iter().sum()
}
