//! The loops that a search spends its time in, on whatever the processor has. The only unsafe code of the crate.
//!
//! Called by `retrieval` with leaves of the index and an [`Ask`]; everything public here is safe, and [`Level`] chooses the
//! instructions once per process: AVX-512 with VNNI, AVX2, or plain Rust, which the compiler turns into NEON where that
//! is the baseline. All levels run the same source, [`survey`] and [`hits`], compiled for their instructions; only inner
//! products of packed coordinates are written per level, and they are sums of integers, so every level finds exactly the
//! same candidates up to the rounding that the bounds already allow for. The pages are the same to the last bit, since
//! the last score of a candidate is not computed here.
//! Invariant: nobody who could reach the floor is left out.

#![expect(unsafe_code, reason = "the processor's own instructions; every block says why it is sound")]
#![expect(
    clippy::cast_possible_wrap,
    clippy::needless_bitwise_bool,
    clippy::needless_range_loop,
    reason = "bits are bits, and lanes are counted"
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod hits;
mod lanes;
mod plain;
mod product;
#[cfg(feature = "lab")]
pub mod straight;
mod survey;
mod wanted;

use std::sync::OnceLock;

use super::candidate::Candidate;
use super::index::columns::{LEAF, Planes};
use super::index::leaf::Leaf;
use super::index::summary::Summaries;
use super::retrieval::ask::Ask;

pub(super) use product::product;
pub(super) use survey::Pad;
pub(super) use wanted::Wanted;

/// Which instructions are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Whatever the compiler makes of plain Rust for the baseline of the target; NEON on `AArch64`.
    Plain,
    /// 256-bit integers and fused multiplication.
    Avx2,
    /// 512-bit vectors with VNNI.
    Avx512,
}

impl Level {
    /// The best level of this processor, which it is asked for once.
    pub fn best() -> Self {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST.get_or_init(|| Self::available().into_iter().max().unwrap_or(Self::Plain))
    }

    /// All levels of this processor, the plainest first.
    pub fn available() -> Vec<Self> {
        let mut levels = vec![Self::Plain];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                levels.push(Self::Avx2);
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
                {
                    levels.push(Self::Avx512);
                }
            }
        }
        levels
    }
}

/// Finds the rows of a leaf that pass the tests; see [`survey::filter`].
pub(super) fn filter(level: Level, leaf: &Leaf, placed: bool, ask: &Ask, pad: &mut Pad, wanted: &mut Wanted) {
    match level {
        // SAFETY: this level needs nothing beyond the baseline.
        Level::Plain => unsafe { plain::filter(leaf, placed, ask, pad, wanted) },
        // SAFETY: a level above `Plain` comes only from `Level::available`, which has asked the processor.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2::filter(leaf, placed, ask, pad, wanted) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::filter(leaf, placed, ask, pad, wanted) },
        #[cfg(not(target_arch = "x86_64"))]
        // SAFETY: as for the plainest.
        Level::Avx2 | Level::Avx512 => unsafe { plain::filter(leaf, placed, ask, pad, wanted) },
    }
}

/// The first round on a leaf; see [`survey::first`].
pub(super) fn first(level: Level, leaf: &Leaf, ask: &Ask, floor: f32, pad: &mut Pad, wanted: &mut Wanted) {
    match level {
        // SAFETY: this level needs nothing beyond the baseline.
        Level::Plain => unsafe { plain::first(leaf, ask, floor, pad, wanted) },
        // SAFETY: a level above `Plain` comes only from `Level::available`, which has asked the processor.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2::first(leaf, ask, floor, pad, wanted) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::first(leaf, ask, floor, pad, wanted) },
        #[cfg(not(target_arch = "x86_64"))]
        // SAFETY: as for the plainest.
        Level::Avx2 | Level::Avx512 => unsafe { plain::first(leaf, ask, floor, pad, wanted) },
    }
}

/// The second round on a leaf; see [`survey::second`].
pub(super) fn second(level: Level, leaf: &Leaf, ask: &Ask, floor: f32, pad: &mut Pad, wanted: &mut Wanted) {
    match level {
        // SAFETY: this level needs nothing beyond the baseline.
        Level::Plain => unsafe { plain::second(leaf, ask, floor, pad, wanted) },
        // SAFETY: a level above `Plain` comes only from `Level::available`, which has asked the processor.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2::second(leaf, ask, floor, pad, wanted) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::second(leaf, ask, floor, pad, wanted) },
        #[cfg(not(target_arch = "x86_64"))]
        // SAFETY: as for the plainest.
        Level::Avx2 | Level::Avx512 => unsafe { plain::second(leaf, ask, floor, pad, wanted) },
    }
}

/// The third round on a leaf; see [`survey::third`].
pub(super) fn third(level: Level, leaf: &Leaf, ask: &Ask, floor: f32, pad: &mut Pad, out: &mut Vec<Candidate>) {
    match level {
        // SAFETY: this level needs nothing beyond the baseline.
        Level::Plain => unsafe { plain::third(leaf, ask, floor, pad, out) },
        // SAFETY: a level above `Plain` comes only from `Level::available`, which has asked the processor.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2::third(leaf, ask, floor, pad, out) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::third(leaf, ask, floor, pad, out) },
        #[cfg(not(target_arch = "x86_64"))]
        // SAFETY: as for the plainest.
        Level::Avx2 | Level::Avx512 => unsafe { plain::third(leaf, ask, floor, pad, out) },
    }
}

/// Writes for each leaf of a node the best score that anybody in it can reach, negative where nobody passes the tests.
pub(super) fn hits(level: Level, summaries: &Summaries, placed: bool, ask: &Ask, out: &mut [f32]) {
    match level {
        // SAFETY: this level needs nothing beyond the baseline.
        Level::Plain => unsafe { plain::hits(summaries, placed, ask, out) },
        // SAFETY: as in `filter`.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2::hits(summaries, placed, ask, out) },
        // SAFETY: as in `filter`.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::hits(summaries, placed, ask, out) },
        #[cfg(not(target_arch = "x86_64"))]
        // SAFETY: as for the plainest.
        Level::Avx2 | Level::Avx512 => unsafe { plain::hits(summaries, placed, ask, out) },
    }
}

/// Asks for the first line of a value that is about to be read.
#[inline(always)]
#[cfg(feature = "lab")]
fn prefetch<T>(value: &T) {
    prefetch_at(std::ptr::from_ref(value).cast());
}

#[inline(always)]
fn prefetch_at(at: *const u8) {
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
pub(super) fn prefetch_slice(numbers: &[f32]) {
    for line in numbers.chunks(16) {
        prefetch_at(line.as_ptr().cast());
    }
}

/// A leaf has planes of exactly its rows, or none at all; what the products rely on.
fn check(leaf: &Leaf, stride: usize) {
    let rows = leaf.columns.len;
    assert!(rows <= LEAF, "a leaf has at most so many rows");
    let Planes { is_upper, seeks_upper, is_lower, seeks_lower } = &*leaf.planes;
    for plane in [is_upper, seeks_upper, is_lower, seeks_lower] {
        assert!(plane.rows().len() == rows * stride, "every row has its coordinates");
    }
}

#[cfg(test)]
mod tests;
