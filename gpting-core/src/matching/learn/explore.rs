//! Chance in a slate, so that what nobody knows yet gets seen: bounded, seeded, the same in every order.
//!
//! Called by hosts, for one logit or as a [`Signal`] of the engine; draws from `draw`. A logit known up to a standard
//! deviation is moved by a draw from just that uncertainty (Thompson's rule), cut off at a bound that is known before
//! anybody is scored, so that an exact search may still stop early. Invariant: a draw depends on nothing but the seed,
//! the two people and the deviation.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use super::LearnError;
use super::draw::Draws;
use crate::matching::{PersonId, Row, Signal};

/// Bounded perturbations of logits.
///
/// ```
/// use gpting_core::matching::learn::Explore;
///
/// let today = Explore::new(20_261_127, 0.5)?;
/// let moved = today.perturbation(7_u64, 9_u64, 0.8)?;
/// assert!(moved.abs() <= 0.5);
/// assert_eq!(moved, today.perturbation(7_u64, 9_u64, 0.8)?);
/// # Ok::<(), gpting_core::matching::learn::LearnError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Explore {
    seed: u64,
    bound: f64,
}

impl Explore {
    /// Draws of this seed, none of which moves a logit by more than `bound`, in logits.
    ///
    /// # Errors
    /// [`LearnError::InvalidNumber`] for a bound that is negative or not finite.
    pub fn new(seed: u64, bound: f64) -> Result<Self, LearnError> {
        if !(bound >= 0.0 && bound <= f64::from(f32::MAX)) {
            return Err(LearnError::InvalidNumber("the bound of exploration"));
        }
        Ok(Self { seed, bound })
    }

    /// The most a logit is moved, either way.
    pub fn bound(self) -> f64 {
        self.bound
    }

    /// What is added to the logit that `viewer` likes `candidate`, when that logit is known up to `deviation` (one
    /// standard deviation, in logits; e.g. the root of the variance that [`super::Posterior::logit`] gives): a draw from the
    /// normal of that width, truncated at the bound. `O(1)`.
    ///
    /// # Errors
    /// [`LearnError::InvalidNumber`] for a deviation that is negative or not finite.
    pub fn perturbation(self, viewer: impl Hash, candidate: impl Hash, deviation: f64) -> Result<f64, LearnError> {
        if !(deviation >= 0.0 && deviation.is_finite()) {
            return Err(LearnError::InvalidNumber("a deviation"));
        }
        Ok(self.draw(viewer, candidate, deviation))
    }

    fn draw(self, viewer: impl Hash, candidate: impl Hash, deviation: f64) -> f64 {
        Draws::new(self.seed, (viewer, candidate)).truncated(deviation, self.bound)
    }
}

/// Exploration as a term of the engine's score: newcomers are tried out, well-known people stay where they are.
///
/// Every direction of a pair is moved by its own draw; the deviation is that of the one who is looked at, whose appeal
/// is what a decision teaches. Pages of one engine fit together because the seed stays; for other draws tomorrow make
/// the engine's settings anew. Appears in explanations as `exploration`.
#[derive(Debug, Clone)]
pub struct Exploration<Id> {
    explore: Explore,
    unknown: f32,
    deviations: FxHashMap<Id, f32>,
}

impl<Id: PersonId> Exploration<Id> {
    /// The name under which explanations show it.
    pub const NAME: &'static str = "exploration";

    /// `unknown` is the deviation, in logits, of everybody about whom nothing else is said.
    ///
    /// # Errors
    /// [`LearnError::InvalidNumber`].
    pub fn new(explore: Explore, unknown: f32) -> Result<Self, LearnError> {
        check(unknown)?;
        Ok(Self { explore, unknown, deviations: FxHashMap::default() })
    }

    /// How uncertain a person's appeal is, one standard deviation in logits, e.g. the root of a [`super::Posterior`]'s
    /// variance.
    ///
    /// # Errors
    /// [`LearnError::InvalidNumber`].
    pub fn know(&mut self, id: Id, deviation: f32) -> Result<(), LearnError> {
        check(deviation)?;
        self.deviations.insert(id, deviation);
        Ok(())
    }
}

fn check(deviation: f32) -> Result<(), LearnError> {
    if deviation >= 0.0 && deviation.is_finite() { Ok(()) } else { Err(LearnError::InvalidNumber("a deviation")) }
}

impl<Id: PersonId + Send + Sync> Signal<Id> for Exploration<Id> {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn logit(&self, viewer: Row<'_, Id>, candidates: &[Row<'_, Id>], out: &mut [f32]) {
        let bound = self.explore.bound as f32;
        let viewer = viewer.id();
        for (candidate, out) in candidates.iter().zip(out) {
            let id = candidate.id();
            let deviation = self.deviations.get(&id).copied().unwrap_or(self.unknown);
            let moved = self.explore.draw(viewer, id, f64::from(deviation)) as f32;
            *out = moved.clamp(-bound, bound);
        }
    }

    fn bound(&self, _viewer: Row<'_, Id>) -> f32 {
        self.explore.bound as f32
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "draws are promised to the last bit")]
mod tests {
    use super::*;

    #[test]
    fn draws_are_bounded_centred_and_as_wide_as_the_doubt() {
        for (deviation, expected) in [(0.1, 0.1), (0.3, 0.296), (100.0, 1.0 / 3.0_f64.sqrt())] {
            let explore = Explore::new(1, 1.0).unwrap();
            let all: Vec<f64> =
                (0..40_000_u32).map(|n| explore.perturbation(n % 200, n / 200, deviation).unwrap()).collect();
            assert!(all.iter().all(|x| x.abs() <= 1.0));
            let mean = all.iter().sum::<f64>() / all.len() as f64;
            let width = (all.iter().map(|x| x * x).sum::<f64>() / all.len() as f64).sqrt();
            assert!(mean.abs() < 0.02 * width.max(0.5) && (width / expected - 1.0).abs() < 0.02, "{mean} {width}");
        }
    }

    #[test]
    fn a_draw_knows_seed_and_direction() {
        let explore = |seed| Explore::new(seed, 1.0).unwrap();
        let there = explore(1).perturbation(1_u64, 2_u64, 0.5).unwrap();
        assert_ne!(there, explore(1).perturbation(2_u64, 1_u64, 0.5).unwrap());
        assert_ne!(there, explore(2).perturbation(1_u64, 2_u64, 0.5).unwrap());
        assert_eq!(explore(1).perturbation(1_u64, 2_u64, 0.0).unwrap(), 0.0);
        assert_eq!(Explore::new(1, 0.0).unwrap().perturbation(1, 2, 0.5).unwrap(), 0.0);
    }

    #[test]
    fn wrong_numbers_are_refused() {
        for bad in [-0.1, f64::NAN, f64::INFINITY] {
            Explore::new(1, bad).unwrap_err();
            Explore::new(1, 1.0).unwrap().perturbation(1, 2, bad).unwrap_err();
            Exploration::<u32>::new(Explore::new(1, 1.0).unwrap(), bad as f32).unwrap_err();
        }
        assert!(Exploration::new(Explore::new(1, 1.0).unwrap(), 1.0).unwrap().know(1_u32, f32::NAN).is_err());
    }
}
