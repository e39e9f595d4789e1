//! What a host decides about the market of its people.
//!
//! Made by hosts, read by `round`. Invariant: checked before anything is computed.

use super::super::market::graph::{Examination, MarketSettings};

/// The settings of a market round, from [`Market::daily`] or [`Market::default`], which are the same.
///
/// ```
/// use gpting_core::Market;
///
/// let market = Market::daily().list_length(10).seed(20_261_127);
/// assert_eq!(market, Market::default().list_length(10).seed(20_261_127));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Market {
    pub(super) graph: MarketSettings,
    /// Whom a person chooses, twice; pools are made here and not by the solver.
    pub(super) pool: usize,
}

impl Default for Market {
    fn default() -> Self {
        Self::daily()
    }
}

impl Market {
    /// One mutual pick a day, and lists of 20 that are made for all together.
    pub fn daily() -> Self {
        Self { graph: MarketSettings { pool: None, ..MarketSettings::default() }, pool: 20 }
    }

    /// The most names in a list, 1 to 255; 20.
    #[must_use]
    pub fn list_length(mut self, names: usize) -> Self {
        self.graph.list_length = names;
        self
    }

    /// How likely the places of a list are looked at; one over the rank.
    #[must_use]
    pub fn examination(mut self, examination: Examination) -> Self {
        self.graph.examination = examination;
        self
    }

    /// How many partners each person chooses by score, and how many by chances minus prices, at least 1; 20. Lists are made
    /// of whom either of two chose, so whoever has as many eligible people has as many candidates.
    #[must_use]
    pub fn pool(mut self, partners: usize) -> Self {
        self.pool = partners;
        self
    }

    /// How soft the prices are, in the unit of a chance, 0.02 to 100; 0.1.
    #[must_use]
    pub fn temperature(mut self, temperature: f32) -> Self {
        self.graph.temperature = temperature;
        self
    }

    /// Rounds of the price iteration; 20.
    #[must_use]
    pub fn price_iterations(mut self, rounds: usize) -> Self {
        self.graph.price_iterations = rounds;
        self
    }

    /// Gumbel noise on the choice by prices, in the unit of a chance, 0 to 10; 0.03.
    #[must_use]
    pub fn noise(mut self, scale: f32) -> Self {
        self.graph.noise = scale;
        self
    }

    /// Places at the top of the lists that are maximum-weight matchings, 0 to 64; 3.
    #[must_use]
    pub fn exact_slots(mut self, slots: usize) -> Self {
        self.graph.exact_slots = slots;
        self
    }

    /// The most rounds of best response; 30.
    #[must_use]
    pub fn best_response_rounds(mut self, rounds: usize) -> Self {
        self.graph.best_response_rounds = rounds;
        self
    }

    /// Moves the lists towards α-welfare, 0 (most matches) to 1 (matches spread most evenly), instead of best response.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.graph.alpha = Some(alpha);
        self
    }

    /// The most mutual picks of a person, 0 to 16; 1.
    #[must_use]
    pub fn daily_cap(mut self, picks: usize) -> Self {
        self.graph.daily_cap = picks;
        self
    }

    /// Rounds that tighten the upper bound of the report; 30.
    #[must_use]
    pub fn bound_rounds(mut self, rounds: usize) -> Self {
        self.graph.bound_rounds = rounds;
        self
    }

    /// Seeds all chance; a new one a day brings others into the pools. 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.graph.seed = seed;
        self
    }
}
