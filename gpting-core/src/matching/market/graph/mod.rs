//! The market on one graph of mutually eligible people: any genders, any wishes; two sides are the special case.
//!
//! ```text
//! Candidates (index, scan, graph) ─ gather ─► Graph ─► prices ─► pool ─► slots ─► best response ─► Slates + Report
//!                                                                  └► pairing ─► daily picks
//! ```
//! A pair is an edge with the chance of a like in both directions; both are shown lists, and a match is expected with
//! chance `there · back · v(rank here) · v(rank there)`. [`Solver`] runs the whole pipeline region by region, and each step
//! is there alone. Invariants: a result depends on the graph, the settings and the seed, not on threads; best responses
//! never lose a match; bounds hold for every solution.
//!
//! ```
//! use gpting_core::matching::market::graph::{Builder, Candidate, MarketSettings, Solver};
//!
//! let mut builder = Builder::new(4);
//! builder.list(0, &[Candidate { other: 2, there: 0.9, back: 0.8 }, Candidate { other: 3, there: 0.8, back: 0.7 }]);
//! builder.list(1, &[Candidate { other: 2, there: 0.9, back: 0.9 }, Candidate { other: 0, there: 0.2, back: 0.1 }]);
//! let graph = builder.build()?;
//!
//! let slates = Solver::new(&graph, MarketSettings::default())?.finish()?;
//! assert_eq!((slates.picks(0), slates.picks(1)), (&[3][..], &[2][..])); // 0 would like 2 better, but all together have more
//! assert_eq!(slates.list(2), [1, 0]);
//! assert!(slates.report.expected_matches <= slates.report.upper_bound);
//! # Ok::<(), gpting_core::matching::market::graph::GraphError>(())
//! ```

mod blocks;
mod bound;
mod build;
mod colour;
mod csr;
mod error;
mod examination;
mod kernel;
mod lists;
mod noise;
mod pairing;
mod pool;
mod price;
mod region;
mod report;
mod respond;
mod saved;
mod settings;
mod shrink;
mod slots;
mod solver;
mod split;
mod welfare;

pub use blocks::{Affinity, Factors};
pub use bound::upper_bound;
pub use build::{Builder, Candidate};
pub use colour::Colours;
pub use csr::{Edge, Graph, Half};
pub use error::GraphError;
pub use examination::Examination;
pub use kernel::{Background, Kernel};
pub use lists::Lists;
pub use noise::Noise;
pub use pairing::{Pairing, PairingSettings};
pub use pool::{Best, Candidates, Offer, gather};
pub use price::{PriceSettings, Prices};
pub use report::{Report, ZERO, envy, gini, zero_share};
pub use respond::{Responses, respond};
pub use saved::Solved;
pub use settings::MarketSettings;
pub use shrink::shrink;
pub use slots::Slots;
pub use solver::{Slates, Solver};
pub use welfare::{Policy, WelfareSettings};
