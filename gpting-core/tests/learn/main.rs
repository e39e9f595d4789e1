//! Learning on a real engine: what is planted in a simulated town is found again, and the engine that is made of it
//! predicts better; terms that learning registers keep every page exact.
//!
//! `town` simulates, `weights` plants multipliers, `tastes` factors and newcomers, `signals` tests the terms,
//! `outcomes` what talks say beside likes.

#![expect(clippy::print_stderr, reason = "what was measured is shown with --nocapture")]

#[cfg(test)]
mod outcomes;
#[cfg(test)]
mod signals;
#[cfg(test)]
mod tastes;
#[cfg(test)]
mod town;
#[cfg(test)]
mod weights;
