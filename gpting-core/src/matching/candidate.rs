//! Somebody whom the index could not rule out.
//!
//! Made by `simd` from what columns and planes say, tested and scored from the exact row by `retrieval`. Invariant: what
//! content adds to the two logits lies within `there` and `back`, both ends included.

/// A row, and the least and the most that content adds to its two logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) row: u32,
    pub(super) there: (f32, f32),
    pub(super) back: (f32, f32),
}
