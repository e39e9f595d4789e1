//! Latent factors: what people's decisions say of each other beyond their profiles.
//!
//! Called by hosts, one decision at a time ([`Factors::observe`]) or with a whole log ([`Factors::fit`], in `batch`); what
//! was learned goes into the engine as two longer content vectors ([`Factors::fold`]), so that the logit stays one inner
//! product. Everybody has two rows, one as the one who looks and one as the one looked at: liking is not mutual.
//! Invariants: as of [`super::Posterior`]; deterministic in the log, its order and the seed.

mod batch;
mod side;

use std::iter::zip;

use super::posterior::{Step, check_features, moderated};
use super::{LearnError, Posterior};
use crate::matching::PersonId;
use crate::matching::logistic::logit;
use side::{Side, Start};

/// One logged decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision<Id> {
    /// Who decided.
    pub viewer: Id,
    /// About whom.
    pub candidate: Id,
    /// What was known of the logit beside the base, e.g. from content; 0 when nothing was.
    pub offset: f64,
    /// A like, or a pass.
    pub liked: bool,
}

/// As whom a person is believed to be something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The one who looks: the bias is pickiness, the factors what is sought.
    Viewer,
    /// The one looked at: the bias is appeal, the factors what is offered.
    Candidate,
}

/// What is believed of a person in one role: bias first, then factors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Belief<'a> {
    /// Means, in logits for the bias.
    pub mean: &'a [f32],
    /// Variances.
    pub variance: &'a [f32],
}

/// How factors are learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FactorSettings {
    /// How many factors each role has, at most [`Self::MAX_FACTORS`]; 0 leaves the two biases.
    pub factors: usize,
    /// The share of decisions that are likes, in (0, 1): the base of every logit.
    pub like_rate: f64,
    /// The variance of the biases between people, in squared logits. 1, about what speed dating shows.
    pub bias_variance: f64,
    /// The variance of each factor between people. `1/√factors`, so that `U·V` varies by one logit.
    pub factor_variance: f64,
    /// From which the factors start.
    pub seed: u64,
}

impl FactorSettings {
    /// The most factors.
    pub const MAX_FACTORS: usize = 256;

    /// The defaults for so many factors.
    pub fn new(factors: usize, like_rate: f64) -> Self {
        let factor_variance = 1.0 / (factors.max(1) as f64).sqrt();
        Self { factors, like_rate, bias_variance: 1.0, factor_variance, seed: 0 }
    }

    fn check(&self) -> Result<(), LearnError> {
        let variance = Posterior::MIN_VARIANCE..=Posterior::MAX_VARIANCE;
        let bad = |what| Err(LearnError::InvalidNumber(what));
        match () {
            () if self.factors > Self::MAX_FACTORS => bad("the number of factors"),
            () if !(self.like_rate > 0.0 && self.like_rate < 1.0) => bad("like_rate"),
            () if !variance.contains(&self.bias_variance) => bad("bias_variance"),
            () if !variance.contains(&self.factor_variance) => bad("factor_variance"),
            () => Ok(()),
        }
    }
}

/// The model `logit P(i likes j) = base + offset + a_i + b_j + U_i · V_j`, with normal beliefs about every number.
///
/// ```
/// use gpting_core::matching::learn::{Decision, FactorSettings, Factors};
///
/// // Two tastes: even people like even people, odd people odd ones.
/// let log: Vec<Decision<u32>> = (0..20)
///     .flat_map(|i| (0..20).map(move |j| (i, j)))
///     .filter(|(i, j)| i != j)
///     .map(|(i, j)| Decision { viewer: i, candidate: j, offset: 0.0, liked: (i + j) % 2 == 0 })
///     .collect();
/// let mut factors = Factors::new(FactorSettings::new(2, 0.5))?;
/// factors.fit(&log, 10, 2)?;
/// assert!(factors.predict(1, 3, 0.0)? > 0.7 && factors.predict(1, 4, 0.0)? < 0.3);
///
/// // As content vectors of the engine, for somebody with one content dimension of their own.
/// let (is, seeks) = factors.fold(1, &[0.5], &[0.2], 1.0)?;
/// assert_eq!((is.len(), seeks.len()), (factors.folded_dims(1), factors.folded_dims(1)));
/// # Ok::<(), gpting_core::matching::learn::LearnError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Factors<Id> {
    settings: FactorSettings,
    base: f64,
    viewers: Side<Id>,
    candidates: Side<Id>,
}

impl<Id: PersonId> Factors<Id> {
    /// A model that knows nobody.
    ///
    /// # Errors
    /// [`LearnError::InvalidNumber`] for a setting out of range.
    pub fn new(settings: FactorSettings) -> Result<Self, LearnError> {
        settings.check()?;
        let side = || Side::new(settings.factors);
        Ok(Self { settings, base: logit(settings.like_rate), viewers: side(), candidates: side() })
    }

    /// The chance that `viewer` likes `candidate`, averaged over what is not known; whoever is not known is average.
    ///
    /// # Errors
    /// [`LearnError::SamePerson`], [`LearnError::InvalidNumber`] for the offset.
    pub fn predict(&self, viewer: Id, candidate: Id, offset: f64) -> Result<f64, LearnError> {
        check(viewer, candidate, offset)?;
        let mean = [self.mean_or_zero(Role::Viewer, viewer), self.mean_or_zero(Role::Candidate, candidate)];
        let prior = self.prior_variance();
        let spread = |role, id| self.belief(role, id).map_or(&*prior, |belief| belief.variance);
        let sides = [(&*mean[0], spread(Role::Viewer, viewer)), (&*mean[1], spread(Role::Candidate, candidate))];
        let (mean, variance) = joint(sides[0], sides[1]);
        Ok(moderated(self.base + offset + mean, variance))
    }

    /// Learns from one decision; what was predicted before it. `O(factors)`, no allocation for known people.
    ///
    /// The update of [`Posterior::update`] on all numbers that took part, each with the derivative of the logit for its
    /// feature: 1 for the biases, `V` for `U` and `U` for `V` (an extended Kalman step). The variance of the logit is
    /// `S_a + S_b + Σ (S_U V² + S_V U² + S_U S_V)`.
    ///
    /// # Errors
    /// [`LearnError::SamePerson`], [`LearnError::InvalidNumber`] for the offset.
    pub fn observe(&mut self, decision: Decision<Id>) -> Result<f64, LearnError> {
        check(decision.viewer, decision.candidate, decision.offset)?;
        let (viewer, candidate) = self.rows(decision);
        let (u, su) = self.viewers.of_mut(viewer);
        let (v, sv) = self.candidates.of_mut(candidate);
        let (mean, spread) = joint((u, su), (v, sv));
        let predicted = moderated(self.base + decision.offset + mean, spread);
        let step = Step::new(predicted, spread, decision.liked);
        let apply = |mean: &mut f32, variance: &mut f32, x: f64| {
            let (m, s) = step.apply(f64::from(*mean), f64::from(*variance), x);
            (*mean, *variance) = (m as f32, s as f32);
        };
        let theirs = zip(v.iter_mut(), sv);
        for (at, ((u, su), (v, sv))) in zip(zip(u.iter_mut(), su), theirs).enumerate() {
            let (of_u, of_v) = if at == 0 { (1.0, 1.0) } else { (f64::from(*v), f64::from(*u)) };
            apply(u, su, of_u);
            apply(v, sv, of_v);
        }
        Ok(predicted)
    }

    /// What is believed of a person, once a decision has named them in that role.
    pub fn belief(&self, role: Role, id: Id) -> Option<Belief<'_>> {
        let side = self.side(role);
        side.find(id).map(|row| belief(side, row))
    }

    /// Everybody's belief in one role, in the order in which they came; enough to keep, and to [restore](Self::restore).
    pub fn beliefs(&self, role: Role) -> impl Iterator<Item = (Id, Belief<'_>)> {
        let side = self.side(role);
        side.ids().iter().enumerate().map(|(row, &id)| (id, belief(side, row)))
    }

    /// Takes back what was kept of a person.
    ///
    /// # Errors
    /// [`LearnError::WrongLength`], [`LearnError::InvalidNumber`].
    pub fn restore(&mut self, role: Role, id: Id, kept: Belief<'_>) -> Result<(), LearnError> {
        let expected = 1 + self.settings.factors;
        if let Some(got) = [kept.mean.len(), kept.variance.len()].into_iter().find(|&len| len != expected) {
            return Err(LearnError::WrongLength { expected, got });
        }
        let mean = kept.mean.iter().map(|&m| f64::from(m)).collect();
        // The smallest variance is a little smaller as f32.
        let floor = |s: f64| if s > 0.0 { s.max(Posterior::MIN_VARIANCE) } else { s };
        Posterior::from_parts(mean, kept.variance.iter().map(|&s| floor(f64::from(s))).collect())?;
        let start = self.start();
        let side = self.side_mut(role);
        let row = side.row(id, start, role);
        let (mean, variance) = side.of_mut(row);
        mean.copy_from_slice(kept.mean);
        variance.copy_from_slice(kept.variance);
        Ok(())
    }

    /// The dimensions of folded vectors, for [`crate::matching::Config::dims`]: the content's, the factors, and two for
    /// the biases.
    pub fn folded_dims(&self, content: usize) -> usize {
        content + self.settings.factors + 2
    }

    /// Content vectors with what was learned behind them: `is' = [is; V; 1; b]` and `seeks' = [seeks; (U; a; 1)/w]`, for
    /// [`crate::matching::Person::vectors`]; `w` is [`crate::matching::Weights::content`].
    ///
    /// The engine's content term is then `w · seeks·is + U·V + a + b` for every pair. A role in which nobody has seen the
    /// person yet is zero. The engine learns biases of its own from recorded events: either fit with its logit as
    /// [`Decision::offset`], so that only the rest is learned here, or set its `pickiness` and `appeal` weights to 0.
    ///
    /// # Errors
    /// [`LearnError::WrongLength`] for vectors of two lengths, [`LearnError::InvalidNumber`] for a weight that is not
    /// positive.
    pub fn fold(&self, id: Id, is: &[f32], seeks: &[f32], weight: f64) -> Result<(Vec<f32>, Vec<f32>), LearnError> {
        if is.len() != seeks.len() {
            return Err(LearnError::WrongLength { expected: is.len(), got: seeks.len() });
        }
        if !(1e-9..=1e9).contains(&weight) {
            return Err(LearnError::InvalidNumber("content"));
        }
        let scaled = |x: f32| (f64::from(x) / weight) as f32;
        let (u, v) = (self.mean_or_zero(Role::Viewer, id), self.mean_or_zero(Role::Candidate, id));
        let is = is.iter().chain(&v[1..]).copied().chain([1.0, v[0]]).collect();
        let behind = u[1..].iter().copied().chain([u[0], 1.0]).map(scaled);
        Ok((is, seeks.iter().copied().chain(behind).collect()))
    }

    fn side(&self, role: Role) -> &Side<Id> {
        match role {
            Role::Viewer => &self.viewers,
            Role::Candidate => &self.candidates,
        }
    }

    fn side_mut(&mut self, role: Role) -> &mut Side<Id> {
        match role {
            Role::Viewer => &mut self.viewers,
            Role::Candidate => &mut self.candidates,
        }
    }

    /// The rows of both people of a decision.
    fn rows(&mut self, decision: Decision<Id>) -> (usize, usize) {
        let start = self.start();
        (
            self.viewers.row(decision.viewer, start, Role::Viewer),
            self.candidates.row(decision.candidate, start, Role::Candidate),
        )
    }

    fn mean_or_zero(&self, role: Role, id: Id) -> Vec<f32> {
        self.belief(role, id).map_or_else(|| vec![0.0; 1 + self.settings.factors], |belief| belief.mean.to_vec())
    }

    fn prior_variance(&self) -> Vec<f32> {
        let start = self.start();
        let mut variance = vec![start.factor_variance; 1 + start.factors];
        variance[0] = start.bias_variance;
        variance
    }

    fn start(&self) -> Start {
        let FactorSettings { factors, seed, bias_variance, factor_variance, .. } = self.settings;
        Start { factors, seed, bias_variance: bias_variance as f32, factor_variance: factor_variance as f32 }
    }
}

fn belief<Id: PersonId>(side: &Side<Id>, row: usize) -> Belief<'_> {
    let (mean, variance) = side.of(row);
    Belief { mean, variance }
}

fn check<Id: PersonId>(viewer: Id, candidate: Id, offset: f64) -> Result<(), LearnError> {
    if viewer == candidate {
        return Err(LearnError::SamePerson);
    }
    check_features(&[offset], 1)
}

/// Mean and variance of `a + b + U · V`, from (means, variances) of both sides.
fn joint((u, su): (&[f32], &[f32]), (v, sv): (&[f32], &[f32])) -> (f64, f64) {
    let (mut mean, mut variance) = (0.0, 0.0);
    for (at, ((&u, &su), (&v, &sv))) in zip(zip(u, su), zip(v, sv)).enumerate() {
        let (u, su, v, sv) = (f64::from(u), f64::from(su), f64::from(v), f64::from(sv));
        if at == 0 {
            mean += u + v;
            variance += su + sv;
        } else {
            mean += u * v;
            variance += su * v * v + sv * u * u + su * sv;
        }
    }
    (mean, variance)
}

#[cfg(test)]
mod tests;
