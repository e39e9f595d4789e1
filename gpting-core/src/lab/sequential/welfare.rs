//! As many matches as possible, by Frank-Wolfe on the bound.
//!
//! Called by `method`. The best lists for given worths of every look are the lists sorted by worth (rearrangement
//! inequality), so each round is a sort and no linear program is solved. The result is a mixture of the rounds' lists.
//! Source of the objective: Su, Bayoumi, Joachims, WWW 2022.

use super::attention::Attention;
use super::market::SequentialMarket;
use crate::matching::market::Matrix;

/// Share of the newest lists in the mixture.
const STEP: f64 = 0.2;
/// Matches by which a round must change the bound.
const SMALL: f64 = 1e-3;

/// The exposure (left × right) that makes the lower bound of matches large. `O(rounds × left × right × log right)`.
pub fn welfare(market: &SequentialMarket, rounds: usize, threads: usize) -> Matrix<f64> {
    let mut exposure = market.flat();
    let mut before = 0.0;
    for _ in 0..rounds {
        let applies = market.applications(&exposure);
        let attention = Attention::at_mean(market, &applies, threads);
        let bound = attention.matches(market, &applies);
        if (bound - before).abs() < SMALL {
            break;
        }
        before = bound;
        let lists = market.expose(&attention.worth(market, &applies), threads);
        mix(&mut exposure, &lists, STEP);
    }
    exposure
}

/// Moves an exposure by a share of the way to another.
pub(super) fn mix(exposure: &mut Matrix<f64>, lists: &Matrix<f64>, share: f64) {
    for (old, new) in exposure.values_mut().iter_mut().zip(lists.values()) {
        *old = (1.0 - share) * *old + share * new;
    }
}
