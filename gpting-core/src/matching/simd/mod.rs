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
mod bounds;
mod entry;
mod hits;
mod lanes;
mod level;
mod memory;
mod pad;
mod plain;
mod product;
#[cfg(feature = "lab")]
pub mod straight;
mod survey;
mod wanted;

use super::candidate::Candidate;
use super::index::leaf::Leaf;
use super::index::summary::Summaries;
use super::retrieval::ask::Ask;

pub use level::Level;
pub(super) use memory::prefetch_slice;
pub(super) use pad::Pad;
pub(super) use product::product;
pub(super) use wanted::Wanted;

/// Finds the rows of a leaf that pass the tests; see [`survey::filter`].
pub(super) fn filter(
    level: Level,
    leaf: &Leaf,
    placed: bool,
    ask: &Ask,
    floor: f32,
    pad: &mut Pad,
    wanted: &mut Wanted,
) {
    match level {
        // SAFETY: this level needs nothing beyond the baseline.
        Level::Plain => unsafe { plain::filter(leaf, placed, ask, floor, pad, wanted) },
        // SAFETY: a level above `Plain` comes only from `Level::available`, which has asked the processor.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2::filter(leaf, placed, ask, floor, pad, wanted) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::filter(leaf, placed, ask, floor, pad, wanted) },
        #[cfg(not(target_arch = "x86_64"))]
        // SAFETY: as for the plainest.
        Level::Avx2 | Level::Avx512 => unsafe { plain::filter(leaf, placed, ask, floor, pad, wanted) },
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

#[cfg(test)]
mod tests;
