//! What a host decides once: dimensions, weights, fusion, the age gate, and its own signals and rules.
//!
//! Read by every other file of this room. Checked by [`super::Engine::new`]; constant afterwards, so that a page, its
//! continuation and its explanation always speak of the same score.

use std::sync::Arc;

use super::{Day, EligibilityRule, EngineError, Fusion, Link, Signal};

/// The weights of the score's terms, in logits unless said otherwise; every one is finite and not negative.
///
/// The defaults are the ones of a population nobody has measured yet: content moves a like by about as much as a
/// popular against an unknown person does, history weighs what it was found to weigh on held-out speed-dating
/// decisions. A host with logs should fit its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// Share of decisions that are likes, in (0, 1): the base of every logit. 0.15, usual for an app.
    pub like_rate: f64,
    /// How many average decisions every person starts with, above 0. 10: one like moves a newcomer by half a logit.
    pub prior_decisions: f64,
    /// Factor of the viewer's own pickiness. 1: it is already a logit.
    pub pickiness: f64,
    /// Factor of the candidate's learned appeal. 0.86, the coefficient fitted on speed dating.
    pub appeal: f64,
    /// A full overlap of rare interests. 2: about as much as a very popular person gains.
    pub interests: f64,
    /// One satisfied preference when it is the only one; each of `n` counts `1/√n` of it. 1.
    pub attributes: f64,
    /// Living in the same cell. 1: near people meet, but it is no dealbreaker.
    pub near: f64,
    /// Kilometres at which half of [`Self::near`] is left, above 0. 10, about half an hour in a city.
    pub near_km: f64,
    /// Being of exactly the same age. 0.5: stated ranges already hold the strong wishes.
    pub age: f64,
    /// Years of difference at which half of [`Self::age`] is left, above 0. 5.
    pub age_years: f64,
    /// Factor of `seeks · is`. 1: the vectors carry their own scale.
    pub content: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            like_rate: 0.15,
            prior_decisions: 10.0,
            pickiness: 1.0,
            appeal: 0.86,
            interests: 2.0,
            attributes: 1.0,
            near: 1.0,
            near_km: 10.0,
            age: 0.5,
            age_years: 5.0,
            content: 1.0,
        }
    }
}

impl Weights {
    /// Nothing but [`Self::content`], at 1: what a vector database ranks by.
    pub fn content_only() -> Self {
        Self { pickiness: 0.0, appeal: 0.0, interests: 0.0, attributes: 0.0, near: 0.0, age: 0.0, ..Self::default() }
    }

    fn check(&self) -> Result<(), EngineError> {
        if !(self.like_rate > 0.0 && self.like_rate < 1.0) {
            return Err(EngineError::InvalidNumber("like_rate"));
        }
        for (name, value) in
            [("prior_decisions", self.prior_decisions), ("near_km", self.near_km), ("age_years", self.age_years)]
        {
            // Also refuses numbers so small that a division by them overflows.
            if !(1e-9..=1e9).contains(&value) {
                return Err(EngineError::InvalidNumber(name));
            }
        }
        for (name, value) in [
            ("pickiness", self.pickiness),
            ("appeal", self.appeal),
            ("interests", self.interests),
            ("attributes", self.attributes),
            ("near", self.near),
            ("age", self.age),
            ("content", self.content),
        ] {
            if !(0.0..=1e9).contains(&value) {
                return Err(EngineError::InvalidNumber(name));
            }
        }
        Ok(())
    }
}

/// Who is old enough to take part at all. No relaxation and no wish passes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AgeGate {
    /// From 1 January of the year in which a person turns 19 (청소년보호법, art. 2).
    #[default]
    KrYouthAct,
    /// From the birthday on which so many years are completed.
    FullAge(u8),
}

impl AgeGate {
    /// The last birth day that is admitted on `today`.
    pub fn last_birth(self, today: Day) -> Day {
        match self {
            Self::KrYouthAct => today.end_of_year_before(19),
            Self::FullAge(years) => today.years_before(years),
        }
    }
}

/// The settings of an engine; see [`Config::dims`].
#[derive(Debug, Clone)]
pub struct Config<Id> {
    pub(super) dims: usize,
    pub(super) weights: Weights,
    pub(super) fusion: Fusion,
    pub(super) link: Link,
    pub(super) age_gate: AgeGate,
    pub(super) signals: Vec<Arc<dyn Signal<Id>>>,
    pub(super) rules: Vec<Arc<dyn EligibilityRule<Id>>>,
}

impl<Id> Config<Id> {
    /// The most dimensions of the content vectors.
    pub const MAX_DIMS: usize = 4096;

    /// Content vectors of so many dimensions, at most [`Self::MAX_DIMS`]; 0 is no vectors. The rest is default.
    pub fn dims(dims: usize) -> Self {
        Self {
            dims,
            weights: Weights::default(),
            fusion: Fusion::default(),
            link: Link::default(),
            age_gate: AgeGate::default(),
            signals: Vec::new(),
            rules: Vec::new(),
        }
    }

    /// Other weights.
    #[must_use]
    pub fn weights(mut self, weights: Weights) -> Self {
        self.weights = weights;
        self
    }

    /// Another way to make one score of two directions.
    #[must_use]
    pub fn fusion(mut self, fusion: Fusion) -> Self {
        self.fusion = fusion;
        self
    }

    /// Another way to make a chance of the terms of one direction.
    #[must_use]
    pub fn link(mut self, link: Link) -> Self {
        self.link = link;
        self
    }

    /// Another age gate.
    #[must_use]
    pub fn age_gate(mut self, age_gate: AgeGate) -> Self {
        self.age_gate = age_gate;
        self
    }

    /// One more term of the score, added in the order of registration.
    #[must_use]
    pub fn signal(mut self, signal: impl Signal<Id> + 'static) -> Self {
        self.signals.push(Arc::new(signal));
        self
    }

    /// One more condition of eligibility, beside all the others.
    #[must_use]
    pub fn rule(mut self, rule: impl EligibilityRule<Id> + 'static) -> Self {
        self.rules.push(Arc::new(rule));
        self
    }

    pub(super) fn check(&self) -> Result<(), EngineError> {
        if self.dims > Self::MAX_DIMS {
            return Err(EngineError::TooMany { what: "dimensions", len: self.dims, max: Self::MAX_DIMS });
        }
        self.weights.check()
    }
}
