//! The sequential market played out: coins are tossed for every application and every answer.
//!
//! Called by experiments, beside the exact expectation, which it must meet. Seeded; a run is a stream of its own, so the
//! counts are the same on any number of threads.

use super::judge::chances;
use super::market::SequentialMarket;
use crate::lab::parallel;
use crate::lab::stream::Stream;
use crate::matching::market::Matrix;

/// Runs that a thread does before it takes the next ones.
const BLOCK: usize = 16;

/// Matches counted over a number of runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Simulated {
    /// Mean number of matches of a run.
    pub mean: f64,
    /// Standard error of that mean; 0 for fewer than two runs.
    pub standard_error: f64,
}

/// Plays the market `runs` times. `O(runs × left × right)`.
///
/// A left applies with `p e`; a right sorts those who applied and answers the one at rank `k` with `q v(k)`, cut to 1.
///
/// # Panics
/// If the shape does not fit.
pub fn simulate(
    market: &SequentialMarket,
    exposure: &Matrix<f64>,
    runs: usize,
    seed: u64,
    threads: usize,
) -> Simulated {
    let applies = chances(market, exposure);
    let ranks = market.examination.weights(market.lefts());
    let count = |run: usize| {
        let mut stream = Stream::of(seed, run as u64);
        let mut matches = 0_u64;
        for right in 0..market.rights() {
            let mut ahead = 0;
            for (applies, answers) in applies.row(right).iter().zip(market.answers.row(right)) {
                if stream.unit() < *applies {
                    matches += u64::from(stream.unit() < answers * ranks[ahead]);
                    ahead += 1;
                }
            }
        }
        matches
    };
    let blocks = parallel::map(threads, runs.div_ceil(BLOCK), |block| {
        let runs = block * BLOCK..runs.min((block + 1) * BLOCK);
        runs.map(count).fold((0, 0), |(sum, squares), matches| (sum + matches, squares + matches * matches))
    });
    let (sum, squares) = blocks.into_iter().fold((0, 0), |(sum, squares), (s, q)| (sum + s, squares + q));
    let n = runs.max(1) as f64;
    let mean = sum as f64 / n;
    let variance = if runs < 2 { 0.0 } else { (squares as f64 - n * mean * mean).max(0.0) / (n - 1.0) };
    Simulated { mean, standard_error: (variance / n).sqrt() }
}
