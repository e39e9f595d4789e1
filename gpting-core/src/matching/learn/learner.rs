//! From logged decisions to better weights of the engine.
//!
//! Called by hosts, e.g. every night; reads `features`, fits with `fit`, calibrates with `calibrate`. Each term of the score
//! gets a multiplier, all of them an offset, and a calibration found on decisions that were not fitted is folded into both,
//! so that the engine's own probabilities come true. Invariants: weights stay not negative; the result depends on the
//! decisions alone, not on threads or on a random source.

use std::hash::Hash;

use super::calibrate::Platt;
use super::draw::Draws;
use super::features::{Features, Term};
use super::fit::{fit_from, log_loss};
use super::signal::Offset;
use super::{LearnError, Posterior, Rows};
use crate::matching::logistic::logit;
use crate::matching::{Part, Weights};

/// Parts of the log that are predicted from the others.
const FOLDS: u64 = 5;
/// Multipliers start from 1, give or take one; the offset from 0, give or take two logits.
const MULTIPLIER_VARIANCE: f64 = 1.0;
const OFFSET_VARIANCE: f64 = 4.0;
/// Below so many decisions a calibration would be noise.
const ENOUGH_TO_CALIBRATE: usize = 200;

/// A log of decisions, to learn weights from.
///
/// Feed it what [`crate::matching::View::explain`] said *before* each decision was recorded, with the weights that the
/// engine had then:
///
/// ```
/// use gpting_core::matching::learn::{Features, Learner, Term};
/// use gpting_core::{Config, Day, Engine, Gender, Person, Weights};
///
/// let mut engine = Engine::<u32>::new(Config::dims(0))?;
/// engine.set_today(Day::from_ymd(2026, 11, 23)?);
/// for id in 0..40 {
///     engine.upsert(id, Person::new(Gender::O, 30).interests(&[(id % 4) as u16]))?;
/// }
/// let view = engine.view();
/// let mut learner = Learner::new(Weights::default(), Features::new(&[]));
/// for viewer in 0..40_u32 {
///     for candidate in (0..40).filter(|other| *other != viewer) {
///         let why = view.explain(viewer, candidate)?;
///         // In this log a shared interest decides nearly everything.
///         let liked = if viewer % 4 == candidate % 4 { candidate % 10 != 0 } else { candidate % 10 == 0 };
///         learner.push(viewer, &why.there, liked)?;
///     }
/// }
/// let learned = learner.fit(2)?;
/// assert!(learned.held_out_log_loss < learned.log_loss_before);
/// assert!(learned.weights.interests > Weights::default().interests);
/// let better = Config::<u32>::dims(0).weights(learned.weights).signal(learned.offset);
/// # drop(better);
/// # assert_eq!(learned.multipliers[Term::Interests as usize].name, "interests");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Learner {
    weights: Weights,
    /// What every logit of the log begins with.
    base: f64,
    features: Features,
    rows: Rows,
    folds: Vec<u8>,
}

/// How much more, or less, a term should count than it does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Multiplier {
    /// The weight's or the signal's name.
    pub name: &'static str,
    /// The factor; 1 is as today.
    pub value: f64,
    /// Its standard deviation.
    pub deviation: f64,
}

/// What a log taught.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// Today's weights, each times its multiplier. What only the host can scale is left to it: a signal (see
    /// [`super::Scaled`]) and [`crate::matching::Person::appeal`] by the multiplier of `appeal`.
    pub weights: Weights,
    /// To be registered as a signal beside the weights, in the place of today's.
    pub offset: Offset,
    /// The factors behind the weights, calibration included, in the order of [`Features::names`].
    pub multipliers: Vec<Multiplier>,
    /// The calibration that the weights and the offset hold; slope 1 and shift 0 when the log is too short for one.
    pub calibration: (f64, f64),
    /// The belief behind it all, before calibration: of the constant (base and offset together) and of the multipliers. To go
    /// on, one decision at a time, [update](Posterior::update) it with `[1, features…]` explained by today's weights.
    pub posterior: Posterior,
    /// Decisions learned from.
    pub decisions: usize,
    /// Mean log-loss with today's weights, in nats.
    pub log_loss_before: f64,
    /// Mean log-loss with weights that were learned without the people who made the decision, in nats: what to expect of
    /// the new weights. No lower than before: keep the old ones.
    pub held_out_log_loss: f64,
}

impl Learner {
    /// An empty log of an engine with these weights and features, and without an [`Offset`].
    pub fn new(weights: Weights, features: Features) -> Self {
        let rows = Rows::new(1 + features.dims());
        Self { base: logit(weights.like_rate), weights, features, rows, folds: Vec::new() }
    }

    /// An empty log of an engine that has learned before, and has this offset among its signals.
    pub fn again(weights: Weights, offset: Offset, features: Features) -> Self {
        let fresh = Self::new(weights, features);
        Self { base: fresh.base + f64::from(offset.logit()), ..fresh }
    }

    /// Adds a decision: who made it, the explained direction from that person to the other, and what it was.
    ///
    /// # Errors
    /// [`LearnError::UnknownSignal`], [`LearnError::InvalidNumber`].
    pub fn push(&mut self, viewer: impl Hash, parts: &[Part], liked: bool) -> Result<(), LearnError> {
        self.push_features(viewer, &self.features.of(parts)?, liked)
    }

    /// The same from [`Features::of`], as a log may have kept them.
    ///
    /// # Errors
    /// [`LearnError::WrongLength`], [`LearnError::InvalidNumber`].
    pub fn push_features(&mut self, viewer: impl Hash, features: &[f64], liked: bool) -> Result<(), LearnError> {
        if features.len() != self.features.dims() {
            return Err(LearnError::WrongLength { expected: self.features.dims(), got: features.len() });
        }
        let row: Vec<f64> = std::iter::once(1.0).chain(features.iter().copied()).collect();
        self.rows.push(&row, self.base, liked)?;
        // By person: somebody's decisions resemble each other, and must not help to predict each other here.
        self.folds.push((Draws::new(0, viewer).bits() % FOLDS) as u8);
        Ok(())
    }

    /// How many decisions there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Learns weights from the whole log, on `threads` threads; the result is the same for any number of them.
    ///
    /// `logit = base + δ + Σ θ_t x_t` with `θ ~ N(1, 1)` and `δ ~ N(0, 4)`, where the base is that of today with today's
    /// offset: a term that the log says nothing about stays as it is. A multiplier of a weight that comes out negative is fixed at 0 and the rest fitted again, the most
    /// negative first; one of a signal may be negative. Then every fifth of the people is predicted from the rest, Platt's
    /// calibration `a z + b` of these predictions is found, and folded in: multipliers times `a`, and an offset of
    /// `a (base + δ) + b − logit(like_rate)`. `O(6 n d²)` a Newton step.
    ///
    /// # Errors
    /// [`LearnError::Empty`], [`LearnError::IllConditioned`].
    pub fn fit(&self, threads: usize) -> Result<Learned, LearnError> {
        if self.rows.is_empty() {
            return Err(LearnError::Empty);
        }
        let mut start = vec![1.0; self.rows.dims()];
        start[0] = 0.0;
        let posterior = fit_not_negative(&self.rows, start, threads)?;
        let held_out = self.held_out(posterior.mean(), threads)?;
        let mean = |losses: &mut dyn Iterator<Item = f64>| losses.sum::<f64>() / self.len() as f64;
        let before = mean(&mut (0..self.len()).map(|at| {
            let row = self.rows.row(at);
            log_loss(row.offset + row.features[1..].iter().sum::<f64>(), row.target)
        }));
        let after = mean(&mut held_out.iter().map(|&(z, liked)| log_loss(z, f64::from(u8::from(liked)))));
        let (slope, shift) = if self.len() < ENOUGH_TO_CALIBRATE {
            (1.0, 0.0)
        } else {
            let platt = Platt::fit(&held_out)?;
            (platt.slope(), platt.shift())
        };
        self.learned(posterior, (slope, shift), (before, after))
    }

    /// The logit of every decision by weights that its fold had no part in; `start` only saves time.
    fn held_out(&self, start: &[f64], threads: usize) -> Result<Vec<(f64, bool)>, LearnError> {
        let mut found = vec![(0.0, false); self.len()];
        for fold in 0..FOLDS as u8 {
            let members = self.folds.iter().map(|other| *other == fold);
            if !self.folds.contains(&fold) {
                continue;
            }
            let mut others = Rows::new(self.rows.dims());
            for (at, is_member) in members.clone().enumerate() {
                if !is_member {
                    let row = self.rows.row(at);
                    others.push_share(row.features, row.offset, row.target)?;
                }
            }
            let posterior = fit_not_negative(&others, start.to_vec(), threads)?;
            for (at, _) in members.enumerate().filter(|(_, is_member)| *is_member) {
                let row = self.rows.row(at);
                found[at] = (row.offset + posterior.logit(row.features)?.0, row.target > 0.5);
            }
        }
        Ok(found)
    }

    fn learned(
        &self,
        posterior: Posterior,
        calibration: (f64, f64),
        losses: (f64, f64),
    ) -> Result<Learned, LearnError> {
        let (slope, shift) = calibration;
        let (mut mean, variance) = posterior.into_parts();
        mean[0] += self.base;
        let posterior = Posterior::from_parts(mean, variance)?;
        let multipliers: Vec<Multiplier> = (self.features.names().zip(&posterior.mean()[1..]))
            .zip(&posterior.variance()[1..])
            .map(|((name, mean), variance)| Multiplier {
                name,
                value: slope * mean,
                deviation: slope * variance.sqrt(),
            })
            .collect();
        let scaled = |weight: f64, term: Term| (weight * multipliers[term as usize].value).clamp(0.0, 1e9);
        let old = self.weights;
        let weights = Weights {
            pickiness: scaled(old.pickiness, Term::Pickiness),
            appeal: scaled(old.appeal, Term::Appeal),
            interests: scaled(old.interests, Term::Interests),
            attributes: scaled(old.attributes, Term::Attributes),
            questions: scaled(old.questions, Term::Questions),
            near: scaled(old.near, Term::Near),
            age: scaled(old.age, Term::Age),
            content: scaled(old.content, Term::Content),
            ..old
        };
        Ok(Learned {
            weights,
            offset: Offset::new(slope * posterior.mean()[0] + shift - logit(self.weights.like_rate)),
            multipliers,
            calibration,
            posterior,
            decisions: self.len(),
            log_loss_before: losses.0,
            held_out_log_loss: losses.1,
        })
    }
}

/// The most likely offset and multipliers with those of weights not below 0, looked for from `start`.
fn fit_not_negative(rows: &Rows, mut start: Vec<f64>, threads: usize) -> Result<Posterior, LearnError> {
    let dims = rows.dims();
    let mut mean = vec![1.0; dims];
    let mut variance = vec![MULTIPLIER_VARIANCE; dims];
    (mean[0], variance[0]) = (0.0, OFFSET_VARIANCE);
    let weights = 1..=Term::ALL.len();
    loop {
        let prior = Posterior::from_parts(mean.clone(), variance.clone())?;
        let (mut found, spread) = fit_from(rows, &prior, start, threads)?.posterior.into_parts();
        let is_free = |at: &usize| variance[*at] > Posterior::MIN_VARIANCE;
        let worst = weights.clone().filter(is_free).min_by(|&a, &b| found[a].total_cmp(&found[b]));
        if let Some(at) = worst.filter(|&at| found[at] < 0.0) {
            (mean[at], variance[at]) = (0.0, Posterior::MIN_VARIANCE);
            start = found;
            start[at] = 0.0;
            continue;
        }
        for at in weights.filter(|at| !is_free(at)) {
            found[at] = 0.0;
        }
        return Posterior::from_parts(found, spread);
    }
}

#[cfg(test)]
#[path = "learner_tests.rs"]
mod tests;
