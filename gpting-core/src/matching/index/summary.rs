//! What is known of a whole leaf without opening it: enough to pass it by.
//!
//! Written by the tree whenever a leaf changes, scanned by `simd`, one number of every leaf behind the other. Invariant: no
//! row of the leaf lies outside of what its summary says.

use super::columns::{HAS_INTERESTS, VERIFIED, VERIFIED_ONLY, widen_columns};
use super::leaf::Leaf;
use super::quantise::widen;

/// The bounds of one leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::matching) struct Summary {
    /// The centre of all places, on the unit sphere.
    pub(in crate::matching) centre: [f32; 3],
    /// The farthest place from it, as a chord.
    pub(in crate::matching) radius: f32,
    /// The widest distance limit, as a chord.
    pub(in crate::matching) limit: f32,
    pub(in crate::matching) birth_first: u32,
    pub(in crate::matching) birth_last: u32,
    pub(in crate::matching) age_min: u32,
    pub(in crate::matching) age_max: u32,
    /// Flags that some row has, and flags that every row has in the upper half.
    pub(in crate::matching) flags: u32,
    pub(in crate::matching) appeal: f32,
    pub(in crate::matching) pickiness: f32,
    /// The longest vectors.
    pub(in crate::matching) is: f32,
    pub(in crate::matching) seeks: f32,
}

impl Summary {
    /// Reads a whole leaf, which is not empty.
    pub(super) fn of(leaf: &Leaf) -> Self {
        let columns = &leaf.columns;
        let sides = [0, 1, 2].map(|axis| {
            let places = columns.column(|block, at| block.place[axis][at]);
            places.fold((i16::MAX, i16::MIN), |(low, high), x| (low.min(x), high.max(x)))
        });
        let step = f64::from(leaf.frame.step);
        let middle = sides.map(|(low, high)| f64::from(low).midpoint(f64::from(high)));
        let mut centre = [0.0; 3];
        for axis in 0..3 {
            centre[axis] = (f64::from(leaf.frame.centre[axis]) + middle[axis] * step) as f32;
        }
        let mut farthest = 0.0_f64;
        for away in columns.column(|block, at| [0, 1, 2].map(|axis| block.place[axis][at])) {
            let squares: f64 = (0..3).map(|axis| (f64::from(away[axis]) - middle[axis]).powi(2)).sum();
            farthest = farthest.max(squares);
        }
        // Rounded places are off by less than one step, the centre by the last bit of an f32.
        let radius = ((farthest.sqrt() + 1.0) * step + 3e-7) as f32;
        let limit = columns.column(|block, at| widen(block.limit[at])).fold(0.0, f32::max);
        let biases = columns.column(|block, at| widen_columns(block.bias[at]));
        let (appeal, pickiness) =
            biases.fold((f32::NEG_INFINITY, f32::NEG_INFINITY), |most, (a, p)| (most.0.max(a), most.1.max(p)));
        let (mut some, mut every) = (0, u8::MAX);
        let (mut births, mut age_max) = ((u32::MAX, 0), 0);
        for facts in columns.column(|block, at| block.facts[at]) {
            let (birth, flags) = (facts & 0xffff, (facts >> 16) as u8);
            births = (births.0.min(birth), births.1.max(birth));
            age_max = age_max.max(facts >> 24);
            some |= flags;
            every &= flags;
        }
        debug_assert!(some & !(VERIFIED | VERIFIED_ONLY | HAS_INTERESTS) == 0, "flags that nobody knows");
        Self {
            centre,
            radius,
            limit,
            birth_first: births.0,
            birth_last: births.1,
            age_min: columns.column(|block, at| block.age_min[at]).min().map_or(0, u32::from),
            age_max,
            flags: u32::from(some) | u32::from(every) << 16,
            appeal,
            pickiness,
            is: leaf.longest[0],
            seeks: leaf.longest[1],
        }
    }
}

macro_rules! columns_of_summaries {
    ($($name:ident: $type:ty,)*) => {
        /// The summaries of the leaves of one node, number by number.
        #[derive(Debug, Clone, Default)]
        pub(in crate::matching) struct Summaries {
            $(pub(in crate::matching) $name: Vec<$type>,)*
            pub(in crate::matching) x: Vec<f32>,
            pub(in crate::matching) y: Vec<f32>,
            pub(in crate::matching) z: Vec<f32>,
        }

        impl Summaries {
            pub(in crate::matching) fn len(&self) -> usize {
                self.x.len()
            }

            pub(super) fn insert(&mut self, at: usize, summary: Summary) {
                $(self.$name.insert(at, summary.$name);)*
                self.x.insert(at, summary.centre[0]);
                self.y.insert(at, summary.centre[1]);
                self.z.insert(at, summary.centre[2]);
            }

            pub(super) fn set(&mut self, at: usize, summary: Summary) {
                $(self.$name[at] = summary.$name;)*
                self.x[at] = summary.centre[0];
                self.y[at] = summary.centre[1];
                self.z[at] = summary.centre[2];
            }

            pub(super) fn remove(&mut self, at: usize) {
                $(self.$name.remove(at);)*
                self.x.remove(at);
                self.y.remove(at);
                self.z.remove(at);
            }

            pub(super) fn split_off(&mut self, at: usize) -> Self {
                Self {
                    $($name: self.$name.split_off(at),)*
                    x: self.x.split_off(at),
                    y: self.y.split_off(at),
                    z: self.z.split_off(at),
                }
            }
        }
    };
}

columns_of_summaries! {
    radius: f32,
    limit: f32,
    birth_first: u32,
    birth_last: u32,
    age_min: u32,
    age_max: u32,
    flags: u32,
    appeal: f32,
    pickiness: f32,
    is: f32,
    seeks: f32,
}
