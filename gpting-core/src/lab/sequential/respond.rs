//! Lists by what each look brings oneself, given everybody else's lists.
//!
//! Called by `method`. Every left sorts by `p q` times the attention it can expect, everybody answers to that, and so on;
//! smaller and smaller steps keep the crowd from running to and fro. The best exposure on the way is kept. It knows the
//! whole distribution of ranks, and so does well where the bound is loose: when everybody wants the same.
//! Source of the idea: Tomita, "MODE", `RecSys` 2026 (arXiv 2608.01731).

use super::attention::Attention;
use super::judge::chances;
use super::market::SequentialMarket;
use super::welfare::mix;
use crate::matching::market::Matrix;

/// The best of `rounds` exposures, by expected matches, on the way of everybody's best responses from `start`.
/// `O(rounds × left × right × w)`.
///
/// # Panics
/// If the shape does not fit.
pub fn respond(market: &SequentialMarket, start: &Matrix<f64>, rounds: usize, threads: usize) -> Matrix<f64> {
    let mut exposure = start.clone();
    let mut best = (f64::NEG_INFINITY, start.clone());
    for round in 0..=rounds {
        let applies = chances(market, &exposure);
        let attention = Attention::expected(market, &applies, threads);
        let matches = attention.matches(market, &applies);
        if matches > best.0 {
            best = (matches, exposure.clone());
        }
        let lists = market.expose(&attention.own_worth(market), threads);
        mix(&mut exposure, &lists, 2.0 / (round as f64 + 2.0));
    }
    best.1
}
