//! What a host decides once: dimensions, weights, fusion, the age gate, and its own signals and rules.
//!
//! Read by every other file of this room. Checked by [`super::Engine::new`]; constant afterwards, so that a page, its
//! continuation and its explanation always speak of the same score.

use std::sync::Arc;

use super::sketch::Sketcher;
use super::table::Packing;
use super::{Day, EligibilityRule, EngineError, Fusion, Link, Signal, Weights};

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
    pub(super) taste: Option<f32>,
    /// Of so many dimensions, the first ones, it is learned what somebody seeks.
    pub(super) learned: usize,
    pub(super) weights: Weights,
    pub(super) fusion: Fusion,
    pub(super) link: Link,
    pub(super) age_gate: AgeGate,
    pub(super) signals: Vec<Arc<dyn Signal<Id>>>,
    pub(super) rules: Vec<Arc<dyn EligibilityRule<Id>>>,
    /// Makes the bound of one of the signals tight.
    pub(super) sketcher: Option<Arc<dyn Sketcher>>,
}

impl<Id> Config<Id> {
    /// The most dimensions of the content vectors.
    pub const MAX_DIMS: usize = 4096;

    /// Content vectors of so many dimensions, at most [`Self::MAX_DIMS`]; 0 is no vectors. The rest is default.
    pub fn dims(dims: usize) -> Self {
        Self {
            dims,
            taste: None,
            learned: usize::MAX,
            weights: Weights::default(),
            fusion: Fusion::default(),
            link: Link::default(),
            age_gate: AgeGate::default(),
            signals: Vec::new(),
            rules: Vec::new(),
            sketcher: None,
        }
    }

    /// Lets the engine keep what everybody seeks by itself: the mean of what the people are whom they liked, and of what they
    /// are themselves, which counts as much as `prior` likes. The seeks that people come with are then not used.
    ///
    /// A like moves it in `O(dimensions)`, taking it back moves it back, whatever the other says of themselves by then. `prior` is between 0.01 and 1e6; what lies outside
    /// is moved to the nearer end.
    #[must_use]
    pub fn taste(mut self, prior: f32) -> Self {
        self.taste = Some(if prior.is_nan() { 1e6 } else { prior.clamp(0.01, 1e6) });
        self
    }

    /// Lets [`Self::taste`] learn from the first so many dimensions alone; in the others everybody seeks what they are. For
    /// numbers that their person may take back, which must not live on in what others seek.
    #[must_use]
    pub fn taste_dims(mut self, dims: usize) -> Self {
        self.learned = dims;
        self
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

    /// Lets the index keep a sketch of every row for one of the signals, of which no search then asks the whole bound.
    #[cfg(feature = "service")]
    #[must_use]
    pub(crate) fn sketcher(mut self, sketcher: impl Sketcher + 'static) -> Self {
        self.sketcher = Some(Arc::new(sketcher));
        self
    }

    /// What the index keeps of a row is made with these.
    pub(super) fn packing(&self) -> Packing<'_> {
        Packing { weights: &self.weights, sketcher: self.sketcher.as_deref() }
    }

    pub(super) fn check(&self) -> Result<(), EngineError> {
        if self.dims > Self::MAX_DIMS {
            return Err(EngineError::TooMany { what: "dimensions", len: self.dims, max: Self::MAX_DIMS });
        }
        self.weights.check()
    }
}
