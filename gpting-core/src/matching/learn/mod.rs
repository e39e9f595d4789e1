//! Learning from logged decisions.

mod calibrate;
mod cholesky;
mod draw;
mod error;
mod explore;
mod fit;
mod posterior;
mod rows;

pub use calibrate::{Isotonic, Platt};
pub use error::LearnError;
pub use explore::{Exploration, Explore};
pub use fit::{Fit, fit};
pub use posterior::Posterior;
pub use rows::Rows;
