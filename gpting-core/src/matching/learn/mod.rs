//! Learning from logged decisions.

mod calibrate;
mod cholesky;
mod cold_start;
mod draw;
mod error;
mod explore;
mod factors;
mod fit;
mod posterior;
mod rows;

pub use calibrate::{Isotonic, Platt};
pub use cold_start::{ColdStart, Guess, Known};
pub use error::LearnError;
pub use explore::{Exploration, Explore};
pub use factors::{Belief, Decision, FactorSettings, Factors, Role};
pub use fit::{Fit, fit};
pub use posterior::Posterior;
pub use rows::Rows;
