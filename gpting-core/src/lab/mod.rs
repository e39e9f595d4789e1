//! What people who judge a matching engine need: made-up populations and markets, baselines, metrics.
//!
//! Behind the feature `lab`; builds on the engine and on nothing else. Everything is a function of its seed.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "made-up numbers are small and not negative"
)]

pub mod bench;
pub mod population;
