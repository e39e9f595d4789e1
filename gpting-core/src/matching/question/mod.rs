//! Questions with choices: what people answer, what they accept of others, and how well two fit.
//!
//! `answers` holds one person's, `compare` two people's in `OkCupid`'s form with an honest estimate beside it, `packed`
//! is how a row of the engine keeps them ([`crate::Person::answers`]), where they are a term of the score and conditions of
//! eligibility. Pure; what a question says is the host's.
//!
//! ```
//! use gpting_core::matching::question::{Answer, Answers, Comparison, Expectation};
//!
//! let mut ana = Answers::new();
//! ana.answer(1, Answer::new(0, &[0, 2]))?;
//! let found = Comparison::of(&ana, &Answers::new());
//! assert_eq!(found.okcupid(), None); // nothing in common is unknown, not 100 %
//! let estimate = found.estimate(Expectation::default());
//! assert!(estimate.low < 0.2 && estimate.high > 0.85); // anything is possible
//! # Ok::<(), gpting_core::matching::question::AnswerError>(())
//! ```

mod answers;
mod compare;
pub(super) mod packed;

pub use answers::{Answer, AnswerError, Answers, Choices, Importance};
pub use compare::{Comparison, Estimate, Expectation, Tally};
