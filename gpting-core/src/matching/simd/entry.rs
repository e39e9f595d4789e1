//! The rounds of a search, compiled for the instructions of one level.

/// Compiles everything that a search runs for the instructions of one level.
macro_rules! entry_points {
    ($level:ident, $($features:literal)?) => {
        /// # Safety
        /// The processor has the instructions of this level.
        $(#[target_feature(enable = $features)])?
        pub(super) unsafe fn filter(
            leaf: &crate::matching::index::leaf::Leaf,
            placed: bool,
            ask: &crate::matching::retrieval::ask::Ask,
            floor: f32,
            pad: &mut super::pad::Pad,
            wanted: &mut super::wanted::Wanted,
        ) {
            // SAFETY: this function is compiled for, and called with, the instructions of the level.
            unsafe { super::survey::filter::<$level>(leaf, placed, ask, floor, pad, wanted) }
        }

        /// # Safety
        /// The processor has the instructions of this level.
        $(#[target_feature(enable = $features)])?
        pub(super) unsafe fn first(
            leaf: &crate::matching::index::leaf::Leaf,
            ask: &crate::matching::retrieval::ask::Ask,
            floor: f32,
            pad: &mut super::pad::Pad,
            wanted: &mut super::wanted::Wanted,
        ) {
            // SAFETY: as above.
            unsafe { super::survey::first::<$level>(leaf, ask, floor, pad, wanted) }
        }

        /// # Safety
        /// The processor has the instructions of this level.
        $(#[target_feature(enable = $features)])?
        pub(super) unsafe fn second(
            leaf: &crate::matching::index::leaf::Leaf,
            ask: &crate::matching::retrieval::ask::Ask,
            floor: f32,
            pad: &mut super::pad::Pad,
            wanted: &mut super::wanted::Wanted,
        ) {
            // SAFETY: as above.
            unsafe { super::survey::second::<$level>(leaf, ask, floor, pad, wanted) }
        }

        /// # Safety
        /// The processor has the instructions of this level.
        $(#[target_feature(enable = $features)])?
        pub(super) unsafe fn third(
            leaf: &crate::matching::index::leaf::Leaf,
            ask: &crate::matching::retrieval::ask::Ask,
            floor: f32,
            pad: &mut super::pad::Pad,
            out: &mut Vec<crate::matching::candidate::Candidate>,
        ) {
            // SAFETY: as above.
            unsafe { super::survey::third::<$level>(leaf, ask, floor, pad, out) }
        }

        /// # Safety
        /// The processor has the instructions of this level.
        $(#[target_feature(enable = $features)])?
        pub(super) unsafe fn hits(
            summaries: &crate::matching::index::summary::Summaries,
            placed: bool,
            ask: &crate::matching::retrieval::ask::Ask,
            out: &mut [f32],
        ) {
            super::hits::hits(summaries, placed, ask, out);
        }
    };
}
pub(super) use entry_points;
