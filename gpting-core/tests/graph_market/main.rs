//! The market on one graph, against brute force where that is possible and against published numbers where it is not.
//!
//! `markets` makes graphs; `tiny` knows every solution of very small ones; `published` rebuilds the markets of the
//! literature; `promises` holds what must be true of every run; `noisy` builds lists from wrong estimates.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    reason = "small numbers, told"
)]

#[cfg(test)]
mod markets;
#[cfg(test)]
mod noisy;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod published;
#[cfg(test)]
mod tiny;
