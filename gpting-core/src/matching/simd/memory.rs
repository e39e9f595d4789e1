//! Asking for memory ahead of time, and the one check that reading it relies on.

use crate::matching::index::columns::{LEAF, Planes};
use crate::matching::index::leaf::Leaf;

/// Asks for the first line of a value that is about to be read.
#[inline(always)]
#[cfg(feature = "lab")]
pub(super) fn prefetch<T>(value: &T) {
    prefetch_at(std::ptr::from_ref(value).cast());
}

#[inline(always)]
pub(super) fn prefetch_at(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch is a hint about an address; it reads nothing that the program could see and never faults.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Asks for a stretch of memory, line by line.
#[inline(always)]
pub(in crate::matching) fn prefetch_slice(numbers: &[f32]) {
    for line in numbers.chunks(16) {
        prefetch_at(line.as_ptr().cast());
    }
}

/// A leaf has planes of exactly its rows, or none at all; what the products rely on.
pub(super) fn check(leaf: &Leaf, stride: usize) {
    let rows = leaf.columns.len;
    assert!(rows <= LEAF, "a leaf has at most so many rows");
    let Planes { interests: _, sketches: _, is_upper, seeks_upper, is_lower, seeks_lower } = &*leaf.planes;
    for plane in [is_upper, seeks_upper, is_lower, seeks_lower] {
        assert!(plane.rows().len() == rows * stride, "every row has its coordinates");
    }
}
