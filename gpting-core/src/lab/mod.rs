//! The laboratory: published markets and metrics, so that anybody can rerun the tables and try a method of their own; and
//! a population and a bench for the engine.
//!
//! Called by the command line, tests and benches; calls [`crate::matching`] and never the other way round. Everything is
//! a function of its arguments: the generators give the very numbers of the published scripts for the same seed.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "people are counted in 32 bits; places and bins come from small numbers that are not negative"
)]

pub mod bench;
pub mod log;
pub mod metrics;
#[cfg(feature = "service")]
pub mod planted;
pub mod population;
pub mod sequential;
pub mod speed_dating;

mod bilateral;
mod bootstrap;
mod generate;
mod method;
mod mt19937;
mod parallel;
mod rcf;
mod recon;
mod stream;

pub use bilateral::{Bilateral, Side, gini};
pub use bootstrap::Bootstrap;
pub use generate::{Taste, bilateral_market, sequential_market};
pub use method::{BilateralMethod, UnknownBilateralMethod, bilateral_ceiling};
pub use mt19937::Mt19937;
pub use rcf::Rcf;
pub use recon::Recon;
pub use stream::Stream;
