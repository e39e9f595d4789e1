//! The market: lists for everybody at once, so that attention goes where it makes matches.
//!
//! A list made for one person alone sends everybody to the same few; the methods of this room rank with the other
//! lists in mind. They work on dense [`Preferences`] of two sides, called by a host that has such a market and by the
//! laboratory; [`graph`] solves the market of a real population, one sparse graph of people who fit each other. Pure: seeds and numbers of threads come in as arguments, and
//! results depend on neither the clock nor the number of threads.
//!
//! ```text
//! Preferences ─► simple (naive, fused, random)                          ─► Slates ─► Exposures
//!      │    └──► kernel ─► price ─► pool ─┐                                 ▲  │
//!      └──► Pairs ◄───────────────────────┘ ─► slots ─► response ───────────┤  └► certificate (better lists, upper bound)
//!             └─► welfare (mixtures)                       plan (default) ──┘
//!      └──► daily (one pick for everybody)
//! ```
//!
//! ```
//! use gpting_core::matching::market::{Certificate, Matrix, Pairs, Plan, Preferences, Reading};
//!
//! // Both on the left prefer right 0, who prefers left 0.
//! let there = Matrix::from_rows(2, 2, vec![0.9, 0.6, 0.9, 0.7]);
//! let back = Matrix::from_rows(2, 2, vec![0.8, 0.5, 0.6, 0.6]);
//! let market = Preferences::new(there, back);
//! let slates = Plan::trusting().solve(&market);
//! assert_eq!((slates.left.row(0), slates.left.row(1)), (&[0, 1][..], &[1, 0][..]));
//! let pairs = Pairs::of(&market);
//! let certified = Certificate::default().certify(&pairs, &slates, Reading::default());
//! assert!(certified.matches <= certified.upper_bound && certified.upper_bound < 1.05 * certified.matches);
//! ```

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
