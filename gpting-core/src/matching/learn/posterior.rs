//! What is known of the weights of a logistic model, and how one decision changes it.
//!
//! Called by `fit` (as prior and as result), `learner` and hosts; feeds `explore`. The weights are believed to be
//! independent normals, `N(m, diag S)`: `O(d)` numbers, `O(d)` per decision. Pure: chance comes in as a seed.
//! Invariants: means lie in ±1e9, variances in [1e-12, 1e9], and an update never raises a variance.

use super::LearnError;
use super::cholesky::dot;
use super::draw::Draws;
use crate::matching::logistic::sigmoid;

/// A diagonal normal belief about the weights `w` of `P(like) = sigmoid(w · x)`.
///
/// ```
/// use gpting_core::matching::learn::Posterior;
///
/// let mut belief = Posterior::isotropic(2, 1.0)?;
/// assert_eq!(belief.predict(&[1.0, 0.5])?, 0.5);
/// for _ in 0..20 {
///     belief.update(&[1.0, 0.5], true)?;
/// }
/// assert!(belief.predict(&[1.0, 0.5])? > 0.8);
/// let (mean, variance) = belief.into_parts(); // plain numbers, to be kept anywhere
/// let again = Posterior::from_parts(mean, variance)?;
/// assert!(again.variance()[0] < 1.0);
/// # Ok::<(), gpting_core::matching::learn::LearnError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Posterior {
    mean: Vec<f64>,
    variance: Vec<f64>,
}

impl Posterior {
    /// The smallest variance: a weight this certain is as good as fixed.
    pub const MIN_VARIANCE: f64 = 1e-12;
    /// The largest variance, which is as good as no prior.
    pub const MAX_VARIANCE: f64 = 1e9;
    /// The largest absolute value of a mean.
    pub const MAX_MEAN: f64 = 1e9;
    /// The largest absolute value of a feature; a larger one is a unit gone wrong.
    pub const MAX_FEATURE: f64 = 1e6;

    /// `dims` weights of mean 0 and one variance.
    ///
    /// # Errors
    /// [`LearnError::InvalidNumber`] for a variance out of range.
    pub fn isotropic(dims: usize, variance: f64) -> Result<Self, LearnError> {
        Self::from_parts(vec![0.0; dims], vec![variance; dims])
    }

    /// The belief of these means and variances.
    ///
    /// # Errors
    /// [`LearnError::WrongLength`], [`LearnError::InvalidNumber`].
    pub fn from_parts(mean: Vec<f64>, variance: Vec<f64>) -> Result<Self, LearnError> {
        if variance.len() != mean.len() {
            return Err(LearnError::WrongLength { expected: mean.len(), got: variance.len() });
        }
        if !mean.iter().all(|m| m.abs() <= Self::MAX_MEAN) {
            return Err(LearnError::InvalidNumber("a mean"));
        }
        if !variance.iter().all(|s| (Self::MIN_VARIANCE..=Self::MAX_VARIANCE).contains(s)) {
            return Err(LearnError::InvalidNumber("a variance"));
        }
        Ok(Self { mean, variance })
    }

    /// Means and variances, the whole state.
    pub fn into_parts(self) -> (Vec<f64>, Vec<f64>) {
        (self.mean, self.variance)
    }

    /// How many weights there are.
    pub fn dims(&self) -> usize {
        self.mean.len()
    }

    /// The means of the weights.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The variances of the weights.
    pub fn variance(&self) -> &[f64] {
        &self.variance
    }

    /// Mean and variance of the logit `w · x`. `O(d)`.
    ///
    /// # Errors
    /// [`LearnError::WrongLength`], [`LearnError::InvalidNumber`] for a feature beyond [`Self::MAX_FEATURE`].
    pub fn logit(&self, x: &[f64]) -> Result<(f64, f64), LearnError> {
        self.check(x)?;
        let variance = self.variance.iter().zip(x).map(|(s, x)| s * x * x).sum();
        Ok((dot(&self.mean, x), variance))
    }

    /// The chance of a like, averaged over what the weights may be. `O(d)`.
    ///
    /// `sigmoid(m·x / √(1 + π s²/8))` with `s²` the variance of the logit: the average of a logistic curve over a normal,
    /// by the probit curve next to it. Source: `MacKay`, "The evidence framework applied to classification networks", 1992.
    ///
    /// # Errors
    /// As [`Self::logit`].
    pub fn predict(&self, x: &[f64]) -> Result<f64, LearnError> {
        self.logit(x).map(|(mean, variance)| moderated(mean, variance))
    }

    /// Learns from one decision; what [`Self::predict`] said before it. `O(d)`, no allocation.
    ///
    /// With `p` that prediction, `h = p(1 − p)`, `s² = Σ S x²` and `k = 1/(1 + h s²)`: `m += k S x (y − p)`,
    /// `S −= k h (S x)²`. The variances are written as `S (1 + h (s² − S x²)) / (1 + h s²)`, which is the same number and
    /// stays positive in rounding.
    ///
    /// # Errors
    /// As [`Self::logit`].
    pub fn update(&mut self, x: &[f64], liked: bool) -> Result<f64, LearnError> {
        let (mean, spread) = self.logit(x)?;
        let predicted = moderated(mean, spread);
        let step = Step::new(predicted, spread, liked);
        for ((m, s), &x) in self.mean.iter_mut().zip(&mut self.variance).zip(x) {
            (*m, *s) = step.apply(*m, *s, x);
        }
        Ok(predicted)
    }

    /// Lets what was learned fade towards `prior`, so that tastes may change: `keep` in (0, 1] of the evidence stays.
    ///
    /// Certainties and certainty-weighted means are mixed, `1/S ← keep/S + (1 − keep)/S₀`, which is the geometric mean of
    /// both beliefs. With `keep = 1 − 1/n` before every decision about the last `n` decisions count. `O(d)`.
    /// Source: Kulhavý and Zarrop, "On a general concept of forgetting", Int. J. Control 1993.
    ///
    /// # Errors
    /// [`LearnError::InvalidNumber`] for another `keep`, [`LearnError::WrongLength`] for a prior of other dimensions.
    pub fn forget(&mut self, keep: f64, prior: &Self) -> Result<(), LearnError> {
        if !(keep > 0.0 && keep <= 1.0) {
            return Err(LearnError::InvalidNumber("the share to keep"));
        }
        if prior.dims() != self.dims() {
            return Err(LearnError::WrongLength { expected: self.dims(), got: prior.dims() });
        }
        let before = prior.mean.iter().zip(&prior.variance);
        for ((m, s), (m0, s0)) in self.mean.iter_mut().zip(&mut self.variance).zip(before) {
            let (old, new) = (keep / *s, (1.0 - keep) / s0);
            *m = (old * *m + new * m0) / (old + new);
            *s = (1.0 / (old + new)).clamp(Self::MIN_VARIANCE, Self::MAX_VARIANCE);
        }
        Ok(())
    }

    /// Weights drawn from the belief, for exploring by Thompson's rule: act as if they were true. `O(d)`.
    ///
    /// The same seed draws the same weights. Source: Thompson, "On the likelihood that one unknown probability exceeds
    /// another", Biometrika 1933; for this model Chapelle and Li, NIPS 2011.
    pub fn draw(&self, seed: u64) -> Vec<f64> {
        let mut draws = Draws::new(seed, "weights");
        self.mean.iter().zip(&self.variance).map(|(m, s)| m + s.sqrt() * draws.normal()).collect()
    }

    fn check(&self, x: &[f64]) -> Result<(), LearnError> {
        check_features(x, self.dims())
    }
}

/// Refuses features of a wrong number or size.
pub(super) fn check_features(x: &[f64], dims: usize) -> Result<(), LearnError> {
    if x.len() != dims {
        return Err(LearnError::WrongLength { expected: dims, got: x.len() });
    }
    if !x.iter().all(|x| x.abs() <= Posterior::MAX_FEATURE) {
        return Err(LearnError::InvalidNumber("a feature"));
    }
    Ok(())
}

/// The average of a logistic curve over a normal logit.
pub(super) fn moderated(mean: f64, variance: f64) -> f64 {
    sigmoid(mean / (1.0 + std::f64::consts::PI / 8.0 * variance).sqrt())
}

/// One decision, ready to be applied to each weight that had a part in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    error: f64,
    curvature: f64,
    spread: f64,
}

impl Step {
    /// `predicted` is the chance of a like before the decision, `spread` the variance of its logit.
    pub(super) fn new(predicted: f64, spread: f64, liked: bool) -> Self {
        let error = if liked { 1.0 - predicted } else { -predicted };
        Self { error, curvature: predicted * (1.0 - predicted), spread }
    }

    /// Mean and variance of a weight after the decision; `x` is what the weight was multiplied with.
    #[inline]
    pub(super) fn apply(self, mean: f64, variance: f64, x: f64) -> (f64, f64) {
        let whole = 1.0 + self.curvature * self.spread;
        let others = (self.spread - variance * x * x).max(0.0);
        let shrunk = variance * ((1.0 + self.curvature * others) / whole).min(1.0);
        let mean = (mean + variance * x * self.error / whole).clamp(-Posterior::MAX_MEAN, Posterior::MAX_MEAN);
        (mean, shrunk.max(Posterior::MIN_VARIANCE))
    }
}

#[cfg(test)]
#[path = "posterior_tests.rs"]
mod tests;
