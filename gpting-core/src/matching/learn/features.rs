//! The terms of an explanation as numbers in fixed places, so that a log of them can be learned from.
//!
//! Called by `learner` and by hosts that keep a log; reads [`Part`]s, the engine's own account of a logit. Invariant: base,
//! [`Offset`] and features add up to the logit of the direction that was explained.

use super::LearnError;
use super::signal::Offset;
use crate::matching::{Part, Reason};

/// The terms that [`crate::matching::Weights`] has a factor for, in the order of the features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Term {
    /// [`crate::matching::Weights::pickiness`].
    Pickiness,
    /// [`crate::matching::Weights::appeal`].
    Appeal,
    /// [`crate::matching::Weights::interests`].
    Interests,
    /// [`crate::matching::Weights::attributes`], preferences and aversions.
    Attributes,
    /// [`crate::matching::Weights::questions`].
    Questions,
    /// [`crate::matching::Weights::near`].
    Near,
    /// [`crate::matching::Weights::age`].
    Age,
    /// [`crate::matching::Weights::content`].
    Content,
}

impl Term {
    /// Every term, in the order of the features.
    pub const ALL: [Self; 8] = [
        Self::Pickiness,
        Self::Appeal,
        Self::Interests,
        Self::Attributes,
        Self::Questions,
        Self::Near,
        Self::Age,
        Self::Content,
    ];

    /// The name of the weight.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pickiness => "pickiness",
            Self::Appeal => "appeal",
            Self::Interests => "interests",
            Self::Attributes => "attributes",
            Self::Questions => "questions",
            Self::Near => "near",
            Self::Age => "age",
            Self::Content => "content",
        }
    }
}

/// Which feature is where: the eight [`Term`]s, then the host's signals.
///
/// ```
/// use gpting_core::matching::learn::{Features, Term};
/// use gpting_core::{Config, Day, Engine, Gender, Person};
///
/// let mut engine = Engine::<u64>::new(Config::dims(0))?;
/// engine.set_today(Day::from_ymd(2026, 11, 23)?);
/// engine.upsert(1, Person::new(Gender::O, 30).interests(&[7, 8]))?;
/// engine.upsert(2, Person::new(Gender::O, 30).interests(&[7, 8]))?;
///
/// let why = engine.view().explain(1, 2)?;
/// let features = Features::new(&[]);
/// let x = features.of(&why.there)?; // of "1 likes 2"; keep it with what 1 decides
/// assert_eq!(x.len(), 8);
/// assert!(x[Term::Interests as usize] > 0.0); // both interests in one number
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features {
    signals: Vec<&'static str>,
}

impl Features {
    /// The features of an engine with these signals, named as [`crate::matching::Signal::name`] does; without [`Offset`].
    pub fn new(signals: &[&'static str]) -> Self {
        Self { signals: signals.to_vec() }
    }

    /// How many features there are.
    pub fn dims(&self) -> usize {
        Term::ALL.len() + self.signals.len()
    }

    /// The name of every feature, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        Term::ALL.into_iter().map(Term::name).chain(self.signals.iter().copied())
    }

    /// The features of one direction: the terms of each kind added up, zero where there are none. Base and [`Offset`]
    /// are not among them, they are the same for everybody. `O(parts)`.
    ///
    /// Explain *before* the decision is recorded: afterwards it is part of pickiness and appeal, and tells itself.
    ///
    /// # Errors
    /// [`LearnError::UnknownSignal`].
    pub fn of(&self, parts: &[Part]) -> Result<Vec<f64>, LearnError> {
        let mut features = vec![0.0; self.dims()];
        for part in parts {
            let term = match part.code {
                Reason::Base | Reason::Price | Reason::Signal(Offset::NAME) => continue,
                Reason::Pickiness => Term::Pickiness,
                Reason::Appeal => Term::Appeal,
                Reason::SharedInterest(_) => Term::Interests,
                Reason::AttributePreferred { .. } | Reason::AttributeAvoided { .. } => Term::Attributes,
                Reason::Questions { .. } => Term::Questions,
                Reason::Near { .. } => Term::Near,
                Reason::AgeFit { .. } => Term::Age,
                Reason::Content => Term::Content,
                Reason::Signal(name) => {
                    let at = self.signals.iter().position(|known| *known == name);
                    features[Term::ALL.len() + at.ok_or(LearnError::UnknownSignal { name })?] += part.logit;
                    continue;
                }
            };
            features[term as usize] += part.logit;
        }
        Ok(features)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "sums of halves are exact")]
mod tests {
    use super::*;

    #[test]
    fn terms_stand_in_their_order_and_lose_nothing() {
        for (at, term) in Term::ALL.into_iter().enumerate() {
            assert_eq!(term as usize, at);
        }
        let part = |code, logit| Part { code, logit };
        let parts = [
            part(Reason::Base, -1.5),
            part(Reason::Pickiness, 0.25),
            part(Reason::Appeal, -0.5),
            part(Reason::SharedInterest(3), 0.5),
            part(Reason::SharedInterest(9), 1.0),
            part(Reason::AttributePreferred { attribute: 1, value: 2 }, 0.75),
            part(Reason::AttributeAvoided { attribute: 4, value: 2 }, -0.25),
            part(Reason::Questions { asked: 3, fits: 1 }, -0.5),
            part(Reason::Near { km: 3 }, 2.0),
            part(Reason::AgeFit { years: 1 }, 0.125),
            part(Reason::Content, -3.0),
            part(Reason::Signal("b"), 4.0),
            part(Reason::Signal("offset"), 0.0625),
        ];
        let features = Features::new(&["a", "b"]);
        let x = features.of(&parts).unwrap();
        assert_eq!(x, [0.25, -0.5, 1.5, 0.5, -0.5, 2.0, 0.125, -3.0, 0.0, 4.0]);
        assert_eq!(x.iter().sum::<f64>() - 1.5 + 0.0625, parts.iter().map(|part| part.logit).sum::<f64>());
        assert_eq!(features.names().collect::<Vec<_>>()[7..], ["content", "a", "b"]);
        assert_eq!(Features::new(&["a"]).of(&parts), Err(LearnError::UnknownSignal { name: "b" }));
    }
}
