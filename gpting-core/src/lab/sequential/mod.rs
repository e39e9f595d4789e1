//! The sequential market: the left sees a list and applies, the right sees its applicants and answers.
//!
//! ```text
//! Preferences ─► market ─► lists by a method ─► exposure ─► value: bound | expected | simulated
//!                              ▲        │
//!                 attention ───┴────────┘ (what an application is worth, given all others)
//! ```
//! Called by the command line and by benches; builds on [`crate::matching::market`]. Left `i` looks at rank `k` of its list
//! with weight `v(k)` and applies with `p[i, j]`; right `j` sorts its applicants by `q[j, i]` and answers the one at rank `k`
//! with `q v(k)`. A list that sends everybody to the same few buries most of them under better applicants.
//! Invariants: exposures are left × right; a list that may be drawn at random is its mean exposure, which is all that
//! expected matches depend on; results do not depend on the number of threads.
//! Sources: Su, Bayoumi, Joachims, "Optimizing Rankings for Recommendation in Matching Markets", WWW 2022; Tomita et al.,
//! "Matching Theory-based Recommender Systems in Online Dating", `RecSys` 2022, and "Fast and Examination-agnostic
//! Reciprocal Recommendation in Matching Markets", `RecSys` 2023.

mod attention;
mod judge;
mod market;
mod method;
mod polish;
mod respond;
mod simulate;
mod welfare;

pub use judge::Sequential;
pub use market::SequentialMarket;
pub use method::{SequentialMethod, UnknownSequentialMethod};
pub use polish::polish;
pub use respond::respond;
pub use simulate::{Simulated, simulate};
pub use welfare::welfare;
