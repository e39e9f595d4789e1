//! Room for one leaf on its way through the rounds of a search, and its rows by groups of 16.

use super::lanes::GROUP;
use crate::matching::index::columns::LEAF;

/// Room for one leaf on its way through the rounds. Columns are used again as soon as what was in them has been read.
#[derive(Debug, Clone)]
pub(in crate::matching) struct Pad {
    /// Steps that a distance may be wrong by, and kilometres of a step.
    pub(super) slack: f32,
    pub(super) step_km: f32,
    /// Rows that are left.
    pub(super) len: usize,
    /// Rows that were weighed so far in this search, and how many of them were dropped.
    pub(super) weighed: usize,
    pub(super) dropped: usize,
    pub(super) rows: [u32; LEAF + GROUP],
    /// The column of biases, then the bound of "viewer likes candidate" without content.
    pub(super) there: [u32; LEAF + GROUP],
    /// The column of facts, then the bound of the other direction without content.
    pub(super) back: [u32; LEAF + GROUP],
    /// Squared distances in steps; then the bound of the first side with content; then the product of the second side.
    pub(super) second: [u32; LEAF + GROUP],
    /// Scale and error of the first side, then its product.
    pub(super) first: [u32; LEAF + GROUP],
    /// Scale and error of the second side.
    pub(super) seeks: [u32; LEAF + GROUP],
}

impl Pad {
    pub(in crate::matching) fn new() -> Self {
        const EMPTY: [u32; LEAF + GROUP] = [0; LEAF + GROUP];
        Self {
            slack: 0.0,
            step_km: 0.0,
            len: 0,
            weighed: 0,
            dropped: 0,
            rows: EMPTY,
            there: EMPTY,
            back: EMPTY,
            second: EMPTY,
            first: EMPTY,
            seeks: EMPTY,
        }
    }

    /// A search begins.
    pub(in crate::matching) fn begin(&mut self) {
        (self.weighed, self.dropped) = (0, 0);
    }

    /// How many rows are left.
    pub(in crate::matching) fn len(&self) -> usize {
        self.len
    }

    /// Fills the last group up with repetitions; somebody is left.
    #[inline(always)]
    pub(super) fn fill_up(&mut self) {
        let len = self.len.min(LEAF);
        let last = self.rows[len.saturating_sub(1)];
        self.rows[len..len + GROUP].fill(last);
    }
}

/// 16 numbers of a longer array.
#[inline(always)]
pub(super) fn group<T>(all: &[T], from: usize) -> &[T; GROUP] {
    all[from..].first_chunk().expect("room behind the last row")
}

#[inline(always)]
pub(super) fn group_mut<T>(all: &mut [T], from: usize) -> &mut [T; GROUP] {
    all[from..].first_chunk_mut().expect("room behind the last row")
}

/// The bits of the rows of a group that are not repetitions.
#[inline(always)]
pub(super) fn group_mask(left: usize) -> u32 {
    if left < GROUP { (1 << left) - 1 } else { 0xffff }
}
