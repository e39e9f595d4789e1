//! Unpublished. What several benches need.

pub mod random;
