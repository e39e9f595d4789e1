//! The weights of the score: what each term of a logit is multiplied with.
//!
//! Read by `score` and by what keeps biases ready to add; fitted by `learn`.

use super::EngineError;

/// Fewer interests than this count as so many, so that one shared interest is not a full overlap.
pub(super) const FEW_INTERESTS: usize = 3;

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
    /// Full satisfaction with the other's answers to questions beyond none, before it is shrunk. 1.5: as much as the
    /// rarest shared interests, once many questions are answered.
    pub questions: f64,
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
            questions: 1.5,
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
        Self {
            pickiness: 0.0,
            appeal: 0.0,
            interests: 0.0,
            attributes: 0.0,
            questions: 0.0,
            near: 0.0,
            age: 0.0,
            ..Self::default()
        }
    }

    pub(super) fn check(&self) -> Result<(), EngineError> {
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
            ("questions", self.questions),
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
