//! The market: who is shown to whom when everybody is served at once, so that people are not shown where they have no chance.
//!
//! Called by hosts for nightly runs; reads estimates of one-way likes and calls nothing else. Invariants: deterministic for
//! a seed, whatever the number of threads.

pub mod graph;
