//! What was learned, as terms of the engine: a shift that no weight holds, and a host's signal at another strength.
//!
//! Made by `learner`; registered by hosts with [`crate::matching::Config::signal`]. Bounds stay as tight as they were.

use crate::matching::{PersonId, Row, Signal};

/// The same number for every direction of every pair; appears in explanations as `offset`.
///
/// The base of a logit is [`crate::matching::Weights::like_rate`], which also says what an average person does; where
/// decisions come out higher or lower for another reason, this moves them all without touching anybody's bias.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offset(f32);

impl Offset {
    /// The name under which explanations show it.
    pub const NAME: &'static str = "offset";

    /// A shift in logits.
    pub(super) fn new(logit: f64) -> Self {
        Self(logit as f32)
    }

    /// The shift, in logits.
    pub fn logit(self) -> f32 {
        self.0
    }
}

impl<Id: PersonId> Signal<Id> for Offset {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn logit(&self, _viewer: Row<'_, Id>, _candidates: &[Row<'_, Id>], out: &mut [f32]) {
        out.fill(self.0);
    }

    fn logit_back(&self, _viewer: Row<'_, Id>, _candidates: &[Row<'_, Id>], out: &mut [f32]) {
        out.fill(self.0);
    }

    fn bound(&self, _viewer: Row<'_, Id>) -> f32 {
        self.0
    }
}

/// A signal times a factor, under its own name.
#[derive(Debug, Clone)]
pub struct Scaled<S> {
    inner: S,
    factor: f32,
}

impl<S> Scaled<S> {
    /// A signal times a finite factor; none otherwise.
    pub fn new(inner: S, factor: f32) -> Option<Self> {
        factor.is_finite().then_some(Self { inner, factor })
    }

    /// A bound of the signal, scaled.
    fn scaled(&self, bound: f32) -> f32 {
        if self.factor > 0.0 {
            bound * self.factor
        } else if self.factor == 0.0 {
            0.0
        } else {
            // How far down the signal goes is not known, so neither is how far up its negative goes.
            f32::INFINITY
        }
    }

    /// A value of the signal, cut to its bound as the engine does, and scaled.
    fn scale(&self, bound: f32, out: &mut [f32]) {
        for out in out {
            *out = out.min(bound) * self.factor;
        }
    }
}

impl<Id: PersonId, S: Signal<Id>> Signal<Id> for Scaled<S> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn logit(&self, viewer: Row<'_, Id>, candidates: &[Row<'_, Id>], out: &mut [f32]) {
        self.inner.logit(viewer, candidates, out);
        self.scale(self.inner.bound(viewer), out);
    }

    fn logit_back(&self, viewer: Row<'_, Id>, candidates: &[Row<'_, Id>], out: &mut [f32]) {
        self.inner.logit_back(viewer, candidates, out);
        self.scale(self.inner.bound_back(viewer), out);
    }

    fn bound(&self, viewer: Row<'_, Id>) -> f32 {
        self.scaled(self.inner.bound(viewer))
    }

    fn bound_back(&self, viewer: Row<'_, Id>) -> f32 {
        self.scaled(self.inner.bound_back(viewer))
    }
}
