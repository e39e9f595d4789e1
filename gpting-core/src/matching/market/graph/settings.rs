//! What a host decides once about its market.
//!
//! Read by `solver`. Invariant: checked before anything is computed.

use super::error::GraphError;
use super::examination::Examination;
use super::lists::Lists;
use super::slots::Slots;

/// The settings of a run; the defaults are those that did best on published markets.
#[derive(Debug, Clone, PartialEq)]
pub struct MarketSettings {
    /// The most names in a list, at least 1; 20.
    pub list_length: usize,
    /// How likely a rank is looked at.
    pub examination: Examination,
    /// The standard error of the given chances, by which they are shrunk; 0 when they are calibrated posterior means.
    pub estimate_error: f64,
    /// Keeps only the pairs that either of the two would choose among so many by surplus minus price; `None` keeps all.
    pub pool: Option<usize>,
    /// How soft the prices are, in the unit of a chance, in [0.02, 100]; 0.1. The softer, the more the mere number of
    /// eligible people moves a price; 1 is usual where everybody may meet equally many.
    pub temperature: f32,
    /// Rounds of the price iteration; 20.
    pub price_iterations: usize,
    /// Gumbel noise on the choice of the pool, in the unit of a chance; 0.03.
    pub noise: f32,
    /// Aligned slots, at most 64; 64.
    pub slots: usize,
    /// How many of them are maximum-weight matchings; 3.
    pub exact_slots: usize,
    /// The most rounds of best response; 30.
    pub best_response_rounds: usize,
    /// Moves the lists towards α-welfare with this α in [0, 1] instead of best response.
    pub alpha: Option<f64>,
    /// The most daily picks of a person, at most 16; 0 makes none; 1.
    pub daily_cap: usize,
    /// Rounds that tighten the upper bound; 30.
    pub bound_rounds: usize,
    /// Seeds all chance.
    pub seed: u64,
    /// On so many threads; they do not change the result.
    pub threads: usize,
}

impl Default for MarketSettings {
    fn default() -> Self {
        Self {
            list_length: 20,
            examination: Examination::Inverse,
            estimate_error: 0.0,
            pool: None,
            temperature: 0.1,
            price_iterations: 20,
            noise: 0.03,
            slots: Slots::MAX,
            exact_slots: 3,
            best_response_rounds: 30,
            alpha: None,
            daily_cap: 1,
            bound_rounds: 30,
            seed: 0,
            threads: 1,
        }
    }
}

impl MarketSettings {
    /// # Errors
    /// [`GraphError::InvalidSetting`] with the name of the first that is outside its range.
    pub(super) fn check(&self) -> Result<(), GraphError> {
        let ranges = [
            ("list_length", (1..=Lists::MAX_LENGTH).contains(&self.list_length)),
            ("estimate_error", (0.0..=1.0).contains(&self.estimate_error)),
            ("pool", self.pool != Some(0)),
            ("temperature", (0.02..=100.0).contains(&self.temperature)),
            ("noise", (0.0..=10.0).contains(&self.noise)),
            ("slots", self.slots <= Slots::MAX),
            ("exact_slots", self.exact_slots <= self.slots),
            ("alpha", self.alpha.is_none_or(|alpha| (0.0..=1.0).contains(&alpha))),
            ("daily_cap", self.daily_cap <= 16),
            ("threads", self.threads >= 1),
        ];
        match ranges.iter().find(|(_, holds)| !holds) {
            Some((name, _)) => Err(GraphError::InvalidSetting(name)),
            None => self.examination.table(self.list_length).map(|_| ()),
        }
    }
}
