//! The market: lists for everybody at once, so that attention goes where it makes matches.
//!
//! A list made for one person alone sends everybody to the same few; the methods of this room rank with the other
//! lists in mind. They work on dense [`Preferences`] of two sides, called by a host that has such a market and by the
//! laboratory; [`graph`] solves the market of a real population, one sparse graph of people who fit each other. Pure: seeds and numbers of threads come in as arguments, and
//! results depend on neither the clock nor the number of threads.

mod assignment;
mod certificate;
mod daily;
mod draw;
mod examination;
mod exponential;
pub mod graph;
mod kernel;
mod knots;
mod matrix;
mod order;
mod pairs;
pub(crate) mod parallel;
mod place_price;
mod plan;
mod pool;
mod preferences;
mod price;
mod random;
mod response;
mod simple;
mod slates;
mod slots;
mod welfare;

pub use certificate::{Certificate, Certified};
pub use daily::Picks;
pub use examination::{Examination, Reading, UnknownExamination};
pub use kernel::{DenseKernel, FactorKernel, FactorMemory, Kernel};
pub use matrix::Matrix;
pub use pairs::Pairs;
pub use plan::Plan;
pub use pool::{Choice, Pool};
pub use preferences::{Exposures, Preferences};
pub use price::{Equilibrium, Prices};
pub use response::Response;
pub use slates::{Lists, Slates};
pub use slots::AlignedSlots;
pub use welfare::Welfare;
