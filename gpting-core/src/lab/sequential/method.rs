//! The ways to make lists for a sequential market, by name.
//!
//! Called by the command line and by benches; calls every other file of this room.

use std::str::FromStr;

use super::judge::Sequential;
use super::market::SequentialMarket;
use super::polish::polish;
use super::respond::respond;
use super::welfare::welfare;
use crate::lab::stream::Stream;
use crate::matching::Fusion;
use crate::matching::market::{DenseKernel, Equilibrium, Matrix};

/// Rounds of Frank-Wolfe, of best responses and of polishing.
const ROUNDS: (usize, usize, usize) = (100, 40, 100);
/// Temperature of the prices: how much private taste there is besides what is known.
const TEMPERATURE: f64 = 1.0;

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
        let priced = |equilibrium: Equilibrium| {
            let surplus = preferences.surplus();
            let kernel = DenseKernel::new(&surplus, TEMPERATURE, threads);
            Equilibrium { threads, ..equilibrium }.prices(&kernel).scores(&surplus).0
        };
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
            Self::Harmonic => by(&preferences.fused(Fusion::Harmonic)),
            Self::Arithmetic => by(&preferences.fused(Fusion::Arithmetic)),
            Self::Uninorm => by(&preferences.fused(Fusion::Uninorm)),
            Self::Prices => by(&priced(Equilibrium::default())),
            Self::SettledPrices => by(&priced(Equilibrium::converged())),
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
