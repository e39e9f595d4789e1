//! Questions as a part of the engine: a term of the score, and conditions of eligibility.
//!
//! Registered by hosts with [`crate::matching::Config::signal`] and [`crate::matching::Config::rule`]; called by `score` and
//! `eligibility`, a block of candidates at a time. Invariant: constant once made, as everything in an engine's settings is:
//! new answers count in the engine that is made with them.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Answers, Comparison, Expectation};
use crate::matching::{EligibilityRule, PersonId, Row, Signal};

/// Everybody's answers, by id.
///
/// As a [`Signal`], one direction of a pair gains `weight · (s − m)`, where `s` is the shrunk satisfaction of the one who
/// looks and `m` the average one: nothing for people without common questions, at most `weight · (1 − m)`. As an
/// [`EligibilityRule`], nobody is shown a person who answered one of their dealbreakers wrongly, nor to one. Cloning is
/// cheap, so that one list can be both.
///
/// ```
/// use gpting_core::matching::question::{Answer, Answers, Importance, Questions};
/// use gpting_core::{Config, Day, Engine, Gender, Person, Reason};
///
/// let mut questions = Questions::new(1.5);
/// for (id, choice) in [(1_u64, 0), (2, 0), (3, 1)] {
///     let mut answers = Answers::new();
///     answers.answer(77, Answer::new(choice, &[choice]).importance(Importance::Very))?;
///     questions.insert(id, answers);
/// }
/// let mut engine = Engine::<u64>::new(Config::dims(0).signal(questions.clone()).rule(questions))?;
/// engine.set_today(Day::from_ymd(2026, 11, 23)?);
/// for id in 1..=3 {
///     engine.upsert(id, Person::new(Gender::O, 30))?;
/// }
/// let view = engine.view();
/// assert!(view.score(1, 2)?.score > view.score(1, 3)?.score);
/// assert!(view.explain(1, 2)?.there.iter().any(|part| part.code == Reason::Signal("questions")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Questions<Id> {
    weight: f32,
    expected: Expectation,
    answers: Arc<FxHashMap<Id, Answers>>,
}

impl<Id: PersonId> Questions<Id> {
    /// The name under which explanations show the term.
    pub const NAME: &'static str = "questions";

    /// Nobody's answers yet; `weight` is what full satisfaction beyond none is worth, in logits, between 0 and 1000 (what
    /// lies outside is moved to the nearer end, and what is not a number is 0).
    pub fn new(weight: f32) -> Self {
        let weight = if weight.is_nan() { 0.0 } else { weight.clamp(0.0, 1000.0) };
        Self { weight, expected: Expectation::default(), answers: Arc::default() }
    }

    /// With another expectation of people without common questions.
    #[must_use]
    pub fn expecting(mut self, expected: Expectation) -> Self {
        self.expected = expected;
        self
    }

    /// Adds somebody's answers, or replaces them.
    pub fn insert(&mut self, id: Id, answers: Answers) {
        Arc::make_mut(&mut self.answers).insert(id, answers);
    }

    /// Compares two people; whoever has no answers has nothing in common with anybody.
    pub fn compare(&self, first: Id, second: Id) -> Comparison {
        match (self.answers.get(&first), self.answers.get(&second)) {
            (Some(first), Some(second)) => Comparison::of(first, second),
            _ => Comparison::default(),
        }
    }

    fn logit_of(&self, satisfaction: f64) -> f32 {
        (f64::from(self.weight) * (satisfaction - self.expected.mean())) as f32
    }

    /// The term of either direction for every candidate, by `side` of the comparison with the viewer.
    fn terms(
        &self,
        viewer: Row<'_, Id>,
        candidates: &[Row<'_, Id>],
        out: &mut [f32],
        side: impl Fn(&Comparison) -> super::Tally,
    ) {
        let Some(mine) = self.answers.get(&viewer.id()) else { return };
        for (candidate, out) in candidates.iter().zip(out) {
            if let Some(theirs) = self.answers.get(&candidate.id()) {
                *out = self.logit_of(self.expected.shrunk(side(&Comparison::of(mine, theirs))));
            }
        }
    }
}

impl<Id: PersonId + Send + Sync> Signal<Id> for Questions<Id> {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn logit(&self, viewer: Row<'_, Id>, candidates: &[Row<'_, Id>], out: &mut [f32]) {
        self.terms(viewer, candidates, out, |found| found.there);
    }

    fn logit_back(&self, viewer: Row<'_, Id>, candidates: &[Row<'_, Id>], out: &mut [f32]) {
        self.terms(viewer, candidates, out, |found| found.back);
    }

    fn bound(&self, viewer: Row<'_, Id>) -> f32 {
        // Rounding keeps the order, so no satisfaction below 1 passes this.
        if self.answers.contains_key(&viewer.id()) { self.logit_of(1.0) } else { 0.0 }
    }
}

impl<Id: PersonId + Send + Sync> EligibilityRule<Id> for Questions<Id> {
    fn name(&self) -> &'static str {
        "question dealbreakers"
    }

    fn check(&self, viewer: Row<'_, Id>, candidates: &[Row<'_, Id>], allowed: &mut [bool]) {
        let Some(mine) = self.answers.get(&viewer.id()).filter(|mine| mine.has_dealbreakers()) else { return };
        for (candidate, allowed) in candidates.iter().zip(allowed) {
            if let Some(theirs) = self.answers.get(&candidate.id()) {
                *allowed &= !Comparison::of(mine, theirs).there.refuses;
            }
        }
    }

    fn check_back(&self, viewer: Row<'_, Id>, candidates: &[Row<'_, Id>], allowed: &mut [bool]) {
        let Some(mine) = self.answers.get(&viewer.id()) else { return };
        for (candidate, allowed) in candidates.iter().zip(allowed) {
            if let Some(theirs) = self.answers.get(&candidate.id())
                && theirs.has_dealbreakers()
            {
                *allowed &= !Comparison::of(mine, theirs).back.refuses;
            }
        }
    }
}
