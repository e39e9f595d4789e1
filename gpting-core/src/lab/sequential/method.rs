//! The ways to make lists for a sequential market, by name.
//!
//! Called by the command line and by benches; calls every other file of this room.

use std::str::FromStr;

use super::judge::Sequential;
use super::market::SequentialMarket;
use super::polish::polish;
use super::prices;
use super::respond::respond;
use super::welfare::welfare;
use crate::lab::stream::Stream;
use crate::matching::market::Matrix;

/// Rounds of Frank-Wolfe, of best responses and of polishing.
const ROUNDS: (usize, usize, usize) = (100, 40, 100);
/// Iterations after which prices rank best, and after which they have long settled.
const FEW: usize = 20;
const MANY: usize = 1000;
/// What a settled price still moves by.
const SETTLED: f64 = 1e-6;

/// A way to make lists for the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SequentialMethod {
    /// In random order.
    Random,
    /// By one's own taste, `p`.
    Naive,
    /// By `p q`.
    Product,
    /// By the harmonic mean of `p` and `q`.
    Harmonic,
    /// By `p + q`.
    Arithmetic,
    /// By `pq / (pq + (1 − p)(1 − q))`.
    Uninorm,
    /// By joint utility minus price, after 20 iterations.
    Prices,
    /// By joint utility minus price, once prices have settled.
    SettledPrices,
    /// By settled prices, then polished.
    PolishedPrices,
    /// By own worth given everybody's lists.
    Response,
    /// By Frank-Wolfe on the bound of all matches, then whichever of that and [`Self::Response`] makes more matches.
    Welfare,
    /// Frank-Wolfe, [`Self::Response`] and [`Self::SettledPrices`], all polished; whichever makes most matches.
    Best,
}

/// The name is none of [`SequentialMethod::NAMES`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no method of the sequential market")]
pub struct UnknownSequentialMethod(String);

impl SequentialMethod {
    /// All methods and their names.
    pub const NAMES: [(&'static str, Self); 12] = [
        ("random", Self::Random),
        ("naive", Self::Naive),
        ("product", Self::Product),
        ("harmonic", Self::Harmonic),
        ("arithmetic", Self::Arithmetic),
        ("uninorm", Self::Uninorm),
        ("tu", Self::Prices),
        ("tu-converged", Self::SettledPrices),
        ("tu-polish", Self::PolishedPrices),
        ("mode", Self::Response),
        ("sw", Self::Welfare),
        ("best", Self::Best),
    ];

    /// The exposure (left × right) of the lists that the method makes. The seed is for what is random.
    pub fn solve(self, market: &SequentialMarket, seed: u64, threads: usize) -> Matrix<f64> {
        let by = |scores: &Matrix<f64>| market.expose(scores, threads);
        let preferences = market.preferences();
        let (fw, responses, polishes) = ROUNDS;
        let better = |one: Matrix<f64>, other: Matrix<f64>| {
            let matches = |exposure| Sequential::expected(market, exposure, threads);
            if matches(&other) > matches(&one) { other } else { one }
        };
        match self {
            Self::Random => {
                let mut stream = Stream::new(seed);
                by(&Matrix::from_fn(market.lefts(), market.rights(), |_, _| stream.unit()))
            }
            Self::Naive => by(preferences.there()),
            Self::Product => by(&preferences.product()),
            Self::Harmonic => by(&fused(market, |p, q| if p + q > 0.0 { 2.0 * p * q / (p + q) } else { 0.0 })),
            Self::Arithmetic => by(&fused(market, |p, q| p + q)),
            Self::Uninorm => by(&fused(market, uninorm)),
            Self::Prices => by(&prices::scores(preferences, FEW, 0.0)),
            Self::SettledPrices => by(&prices::scores(preferences, MANY, SETTLED)),
            Self::PolishedPrices => {
                polish(market, &Self::SettledPrices.solve(market, seed, threads), polishes, seed, threads)
            }
            Self::Response => respond(market, &Self::Product.solve(market, seed, threads), responses, threads),
            Self::Welfare => better(welfare(market, fw, threads), Self::Response.solve(market, seed, threads)),
            Self::Best => {
                // Polishing moves lists, so what is a mixture begins with the lists by its exposures.
                let welfare = polish(market, &by(&welfare(market, fw, threads)), polishes, seed, threads);
                let response = polish(market, &Self::Response.solve(market, seed, threads), polishes, seed, threads);
                better(better(welfare, response), Self::PolishedPrices.solve(market, seed, threads))
            }
        }
    }
}

impl FromStr for SequentialMethod {
    type Err = UnknownSequentialMethod;

    fn from_str(name: &str) -> Result<Self, UnknownSequentialMethod> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, method)| *method).ok_or_else(|| UnknownSequentialMethod(name.to_owned()))
    }
}

/// A score of `p` and `q` for every pair, left × right.
fn fused(market: &SequentialMarket, fuse: impl Fn(f64, f64) -> f64) -> Matrix<f64> {
    let mut scores = market.preferences().back().transposed();
    for (q, p) in scores.values_mut().iter_mut().zip(market.preferences().there().values()) {
        *q = fuse(*p, *q);
    }
    scores
}

/// Cross-ratio uninorm; 0 where it has no value, between a sure yes and a sure no.
fn uninorm(p: f64, q: f64) -> f64 {
    let both = p * q;
    both / (both + (1.0 - p) * (1.0 - q)).max(1e-12)
}
