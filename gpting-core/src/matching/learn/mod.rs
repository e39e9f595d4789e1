//! Learning from decisions: which weights fit, who is liked and who likes, and how sure all that is.
//!
//! The engine counts likes and passes on its own ([`crate::matching::Engine::record`]); this room is for hosts that keep a
//! log and want more of it. [`Learner`] is the way in: explained decisions go in, better [`crate::matching::Weights`] come
//! out. Behind it, and usable alone: [`Posterior`] (one decision at a time), [`fit()`] (a whole log), [`Platt`] and
//! [`Isotonic`] (chances that come true), [`Factors`] (tastes no profile states), [`ColdStart`] (newcomers), [`Explore`]
//! (seeing what nobody knows yet).
//!
//! ```text
//! explanation ─► features ─► learner ─► fit ─► weights, offset ─► Config
//! log ─► factors ─► longer vectors ─► Person::vectors      posterior ─► explore ─► Signal
//! ```
//!
//! Imports nothing but the engine's own types, and the engine imports nothing of it. Pure: no clock, chance comes in as a
//! seed, and the number of threads changes no bit of a result. Formulas and limits: `docs/learning.md`.

mod calibrate;
mod cholesky;
mod cold_start;
mod draw;
mod error;
mod explore;
mod factors;
mod features;
mod fit;
mod learner;
mod posterior;
mod rows;
mod signal;

pub use calibrate::{Isotonic, Platt};
pub use cold_start::{ColdStart, Guess, Known};
pub use error::LearnError;
pub use explore::{Exploration, Explore};
pub use factors::{Belief, Decision, FactorSettings, Factors, Role};
pub use features::{Features, Term};
pub use fit::{Fit, fit};
pub use learner::{Learned, Learner, Multiplier};
pub use posterior::Posterior;
pub use rows::Rows;
pub use signal::{Offset, Scaled};
