//! Small corrections of lists that are good already.
//!
//! Called by `method`. A random part of the lefts takes the lists that are best for everybody with the others' as they are;
//! kept when expected matches rise. All at once would overshoot, since each would make room for the same others; the part
//! shrinks as corrections get harder to find.

use super::attention::Attention;
use super::judge::chances;
use super::market::SequentialMarket;
use crate::lab::stream::Stream;
use crate::matching::market::Matrix;

/// Share of the lefts who move in the first round, and how it shrinks with a round in vain and grows with another.
const MOVERS: f64 = 0.3;
const SHRINK: f64 = 0.85;
const GROW: f64 = 1.1;

/// The lists after `rounds` rounds, never with fewer expected matches than before. `O(rounds × left × right × w)`.
///
/// # Panics
/// If the shape does not fit.
pub fn polish(market: &SequentialMarket, start: &Matrix<f64>, rounds: usize, seed: u64, threads: usize) -> Matrix<f64> {
    let mut stream = Stream::new(seed);
    let mut best = start.clone();
    let mut applies = chances(market, &best);
    let mut attention = Attention::expected(market, &applies, threads);
    let mut matches = attention.matches(market, &applies);
    let mut lists = market.expose(&attention.worth(market, &applies), threads);
    let fewest = 1.0 / best.rows().max(1) as f64;
    let mut movers = MOVERS;
    for _ in 0..rounds {
        let mut next = best.clone();
        for left in 0..next.rows() {
            if stream.unit() < movers {
                next.row_mut(left).copy_from_slice(lists.row(left));
            }
        }
        let next_applies = chances(market, &next);
        let next_attention = Attention::expected(market, &next_applies, threads);
        let next_matches = next_attention.matches(market, &next_applies);
        if next_matches > matches {
            (best, applies, attention, matches) = (next, next_applies, next_attention, next_matches);
            lists = market.expose(&attention.worth(market, &applies), threads);
            movers = (movers * GROW).min(MOVERS);
        } else {
            movers = (movers * SHRINK).max(fewest);
        }
    }
    best
}
