//! The laboratory: published markets and metrics, so that anybody can rerun the tables and try a method of their own.
//!
//! Called by the command line, tests and benches; calls [`crate::matching`] and never the other way round. Everything is
//! a function of its arguments: the generators give the very numbers of the published scripts for the same seed.

mod bilateral;
mod generate;
mod mt19937;

pub use bilateral::{Bilateral, Side, gini};
pub use generate::{Taste, bilateral_market, sequential_market};
pub use mt19937::Mt19937;
