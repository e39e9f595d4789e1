//! The few candidates of each person the market works with: the best of surplus minus congestion price.
//!
//! Called by `solver` and by hosts; asks a [`Candidates`] source, which may be an index, a scan or another graph. The
//! union of both sides' choices is the graph. Twenty per person are enough when, and only when, prices choose them: by the
//! plain product the popular fill every pool.

use std::ops::Range;

use super::build::Candidate;
use super::csr::{Edge, Graph};
use super::error::GraphError;
use super::noise::Noise;
use super::split::split;

/// What a person in the pool of somebody else costs: the key by which a source ranks candidates.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    prices: &'a [f32],
    noise: Noise,
}

impl<'a> Offer<'a> {
    /// Prices by person, and noise by pair.
    pub fn new(prices: &'a [f32], noise: Noise) -> Self {
        Self { prices, noise }
    }

    /// `surplus − price + noise`; the larger, the better.
    ///
    /// `person`'s own price is the same for all their candidates and left out.
    ///
    /// # Panics
    /// If `other` has no price.
    #[inline]
    pub fn key(&self, person: u32, other: u32, surplus: f32) -> f32 {
        surplus - self.prices[other as usize] + self.noise.of(person, other)
    }

    /// The prices by person, for a search that folds them into its own score.
    pub fn prices(&self) -> &'a [f32] {
        self.prices
    }

    /// The noise alone, and with [`Noise::most`] how far a search has to look for it.
    pub fn noise(&self) -> Noise {
        self.noise
    }
}

/// Where candidates come from.
pub trait Candidates: Sync {
    /// Hands over, for every one of `people` in order, the `limit` best mutually eligible candidates by [`Offer::key`].
    ///
    /// Called once per block of people, so that buffers live as long as a block; `take` is called once per person. The
    /// order inside a list does not matter, and fewer than `limit` mean that there are no more.
    fn fill(&self, people: Range<u32>, offer: &Offer<'_>, limit: usize, take: &mut dyn FnMut(u32, &[Candidate]));
}

/// Keeps the best of many by key; ties go to the smaller index.
#[derive(Debug, Clone)]
pub struct Best {
    limit: usize,
    threshold: f32,
    kept: Vec<(f32, Candidate)>,
}

impl Best {
    /// Keeps `limit` candidates.
    pub fn new(limit: usize) -> Self {
        Self { limit, threshold: f32::NEG_INFINITY, kept: Vec::with_capacity(2 * limit + 1) }
    }

    /// Keys below this are surely not among the best.
    #[inline]
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Offers one more. Amortised `O(1)`.
    #[inline]
    pub fn push(&mut self, key: f32, candidate: Candidate) {
        if key >= self.threshold && self.limit > 0 {
            self.kept.push((key, candidate));
            if self.kept.len() >= 2 * self.limit {
                self.cut();
            }
        }
    }

    /// The best in any order; what follows begins anew.
    pub fn take(&mut self, out: &mut Vec<Candidate>) {
        self.cut();
        out.clear();
        out.extend(self.kept.drain(..).map(|(_, candidate)| candidate));
        self.threshold = f32::NEG_INFINITY;
    }

    fn cut(&mut self) {
        if self.kept.len() > self.limit {
            let order =
                |x: &(f32, Candidate), y: &(f32, Candidate)| y.0.total_cmp(&x.0).then(x.1.other.cmp(&y.1.other));
            let (_, last, _) = self.kept.select_nth_unstable_by(self.limit - 1, order);
            self.threshold = last.0;
            self.kept.truncate(self.limit);
        }
    }
}

/// The pairs that either of the two chose among their `limit` best.
///
/// One scan of the source per person, on so many threads. The result is the same for every number of them.
///
/// # Errors
/// As [`Graph::new`], for what the source hands over.
pub fn gather<C: Candidates + ?Sized>(
    source: &C,
    people: usize,
    offer: &Offer<'_>,
    limit: usize,
    threads: usize,
) -> Result<Graph, GraphError> {
    if offer.prices.len() != people {
        return Err(GraphError::WrongLength { what: "prices", expected: people, got: offer.prices.len() });
    }
    let pieces = split(people, threads, |range| {
        let mut edges = Vec::with_capacity(range.len() * limit);
        let mut take = |person: u32, list: &[Candidate]| {
            edges.extend(list.iter().map(|one| Edge { a: person, b: one.other, there: one.there, back: one.back }));
        };
        source.fill(range.start as u32..range.end as u32, offer, limit, &mut take);
        edges
    });
    Graph::new(people, pieces.concat())
}

/// A graph is a source as well: of itself, pruned.
impl Candidates for Graph {
    fn fill(&self, people: Range<u32>, offer: &Offer<'_>, limit: usize, take: &mut dyn FnMut(u32, &[Candidate])) {
        let (mut best, mut list) = (Best::new(limit), Vec::new());
        for person in people {
            for &half in self.of(person) {
                let (there, back) = self.chances(person, half);
                let surplus = self.edges()[half.edge as usize].surplus();
                best.push(offer.key(person, half.other, surplus), Candidate { other: half.other, there, back });
            }
            best.take(&mut list);
            take(person, &list);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_are_kept_whatever_the_order() {
        let one = |other: u32| Candidate { other, there: 0.5, back: 0.5 };
        let mut best = Best::new(3);
        let mut out = Vec::new();
        for round in 0..2_u32 {
            for i in 0..50_u32 {
                let other = (i * 7 + round) % 50;
                best.push((other % 25) as f32, one(other));
            }
            best.take(&mut out);
            out.sort_by_key(|candidate| candidate.other);
            assert_eq!(out, [one(23), one(24), one(49)], "of the equal 23 and 48 the smaller");
        }
    }

    #[test]
    fn prices_move_pools_away_from_the_crowded() {
        let mut edges = Vec::new();
        for a in 0..4 {
            for b in 4..8 {
                edges.push(Edge {
                    a,
                    b,
                    there: if b == 4 { 0.9 } else { 0.5 + 0.01 * (b as f32 - a as f32) },
                    back: 0.5,
                });
            }
        }
        let graph = Graph::new(8, edges).unwrap();
        let chosen = |prices: &[f32]| {
            let offer = Offer::new(prices, Noise::new(0, 0.0));
            let pool = gather(&graph, 8, &offer, 1, 1).unwrap();
            (0..4).filter(|&a| pool.of(a).iter().any(|half| half.other == 4)).count()
        };
        let mut prices = [0.0; 8];
        assert_eq!(chosen(&prices), 4);
        prices[4] = 1.0;
        prices[0] = 1.0;
        assert!(chosen(&prices) < 4);
    }
}
