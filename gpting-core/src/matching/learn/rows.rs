//! Logged decisions as a matrix: features, what was decided, and what is known of the logit already.
//!
//! Filled by hosts, `learner` and `factors`; read by `fit` and `calibrate`. Invariant: every number was checked when its
//! row came in, so whoever reads need not.

use super::LearnError;
use super::posterior::check_features;

/// Rows to fit a logistic regression to; all have the same number of features.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    dims: usize,
    features: Vec<f64>,
    rest: Vec<Rest>,
}

/// What a row has besides its features.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rest {
    offset: f64,
    target: f64,
}

/// One row as `fit` reads it.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowOf<'a> {
    pub(super) features: &'a [f64],
    pub(super) offset: f64,
    /// The share of likes that is aimed at, in [0, 1].
    pub(super) target: f64,
}

impl Rows {
    /// No rows yet, of `dims` features each. A constant 1 among them is the host's to add.
    pub fn new(dims: usize) -> Self {
        Self { dims, features: Vec::new(), rest: Vec::new() }
    }

    /// How many features a row has.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rest.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Adds one decision. `offset` is the part of the logit that is known and not to be fitted; 0 when there is none.
    ///
    /// # Errors
    /// [`LearnError::WrongLength`], [`LearnError::InvalidNumber`] beyond [`super::Posterior::MAX_FEATURE`].
    pub fn push(&mut self, features: &[f64], offset: f64, liked: bool) -> Result<(), LearnError> {
        self.push_share(features, offset, f64::from(u8::from(liked)))
    }

    /// Adds a row whose target is a share of likes in [0, 1].
    pub(super) fn push_share(&mut self, features: &[f64], offset: f64, target: f64) -> Result<(), LearnError> {
        check_features(features, self.dims)?;
        check_features(&[offset], 1)?;
        self.features.extend_from_slice(features);
        self.rest.push(Rest { offset, target });
        Ok(())
    }

    /// The row of this number.
    pub(super) fn row(&self, at: usize) -> RowOf<'_> {
        let Rest { offset, target } = self.rest[at];
        RowOf { features: &self.features[at * self.dims..(at + 1) * self.dims], offset, target }
    }
}
