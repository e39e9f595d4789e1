//! A leaf of the index: up to [`LEAF`] rows of one class that lie close together, with a frame for their places.
//!
//! Called by the tree. Rows are in no order inside a leaf. Places are steps from the leaf's centre; a row outside the frame
//! widens it, and the places of all others are written anew from the exact rows.
//! Invariant: columns, planes and `len` always agree.

use std::sync::Arc;

use super::columns::{BLOCK, Columns, LEAF, Planes, Signature, birth_column, facts};
use super::key::Key;
use super::quantise::{Quantised, encode, pack, rotate, round_up, stride};
use crate::matching::Day;
use crate::matching::place::Point;
use crate::matching::sketch::Sketch;

/// Steps from the centre of a frame to its edge.
const REACH: f64 = 32_000.0;
/// The smallest step: 6 cm on the ground.
const FINEST: f64 = 1e-8;

/// One row as it is written.
#[derive(Debug, Clone, Copy)]
pub(in crate::matching) struct Entry<'a> {
    pub(in crate::matching) row: u32,
    pub(in crate::matching) point: Point,
    /// Chord on the unit sphere; infinite without a limit.
    pub(in crate::matching) limit: f32,
    pub(in crate::matching) birth: Day,
    pub(in crate::matching) age_min: u8,
    pub(in crate::matching) age_max: u8,
    pub(in crate::matching) flags: u8,
    pub(in crate::matching) interests: Signature,
    pub(in crate::matching) sketch: Sketch,
    pub(in crate::matching) appeal: f32,
    /// With the most that the person's own tastes can add.
    pub(in crate::matching) pickiness: f32,
    /// `is` and `seeks`; empty without content.
    pub(in crate::matching) vectors: (&'a [f32], &'a [f32]),
}

/// What a leaf asks about rows that it has.
pub(in crate::matching) trait Rows {
    /// The key of a row.
    fn key(&self, row: u32) -> Key;
    /// The exact place of a row.
    fn point(&self, row: u32) -> Point;
}

/// Where the places of a leaf are counted from, on the unit sphere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::matching) struct Frame {
    pub(in crate::matching) centre: [f32; 3],
    pub(in crate::matching) step: f32,
}

/// Rows that lie close together; what a search reads first comes first.
#[derive(Debug, Clone)]
#[repr(C)]
pub(in crate::matching) struct Leaf {
    /// Apart, so that a decision does not copy them.
    pub(in crate::matching) planes: Arc<Planes>,
    pub(in crate::matching) frame: Frame,
    /// The longest vectors that ever were here, rounded up.
    pub(in crate::matching) longest: [f32; 2],
    pub(in crate::matching) columns: Columns,
}

impl Leaf {
    /// The header and the first block.
    pub(in crate::matching) const HEAD: usize = size_of::<Self>() - size_of::<Columns>() + 512;
}

impl Leaf {
    pub(super) fn new() -> Self {
        Self {
            planes: Arc::default(),
            frame: Frame { centre: [0.0; 3], step: FINEST as f32 },
            longest: [0.0; 2],
            columns: Columns::EMPTY,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.columns.len
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() == LEAF
    }

    /// The place of a row in the columns.
    pub(super) fn find(&self, row: u32) -> Option<usize> {
        self.columns.row[..self.len()].iter().position(|&other| other == row)
    }

    /// Adds a row; there must be room.
    pub(super) fn push(&mut self, entry: &Entry<'_>, rows: &impl Rows) {
        let at = self.columns.len;
        self.columns.len += 1;
        self.columns.row[at] = entry.row;
        if !entry.vectors.0.is_empty() {
            let stride = stride(entry.vectors.0.len());
            let planes = Arc::make_mut(&mut self.planes);
            planes.is_upper.push(stride);
            planes.is_lower.push(stride);
            planes.seeks_upper.push(stride);
            planes.seeks_lower.push(stride);
        }
        self.make_room();
        self.write(at, entry);
        self.write_vectors(at, entry);
        self.write_place(at, entry.point, rows);
    }

    /// Writes everything but vectors and the place.
    pub(in crate::matching) fn write(&mut self, row: usize, entry: &Entry<'_>) {
        let (block, at) = (&mut self.columns.blocks[row / BLOCK], row % BLOCK);
        block.limit[at] = round_up(entry.limit);
        block.facts[at] = facts(birth_column(i64::from(entry.birth.0)), entry.flags, entry.age_max);
        block.age_min[at] = entry.age_min;
        block.bias[at] = pack(entry.appeal, entry.pickiness);
        self.write_words(row, entry.interests.bits(), entry.sketch.words());
    }

    /// Room for the words of one more row, where rows have any.
    fn make_room(&mut self) {
        if !self.planes.interests.is_empty() {
            Arc::make_mut(&mut self.planes).interests.push(0);
        }
        if !self.planes.sketches.is_empty() {
            Arc::make_mut(&mut self.planes).sketches.push([0; 4]);
        }
    }

    /// Writes interests and sketch; copies nothing where they are what they were.
    fn write_words(&mut self, at: usize, interests: u32, sketch: [u32; 4]) {
        if self.planes.interests_of(at) != interests {
            let planes = Arc::make_mut(&mut self.planes);
            planes.interests.resize(self.columns.len, 0);
            planes.interests[at] = interests;
        }
        if self.planes.sketch_of(at) != sketch {
            let planes = Arc::make_mut(&mut self.planes);
            planes.sketches.resize(self.columns.len, [0; 4]);
            planes.sketches[at] = sketch;
        }
    }

    /// Writes the vectors of a row that is there.
    pub(in crate::matching) fn write_vectors(&mut self, at: usize, entry: &Entry<'_>) {
        let (is, seeks) = entry.vectors;
        if is.is_empty() {
            return;
        }
        let stride = stride(is.len());
        let planes = Arc::make_mut(&mut self.planes);
        let mut turned = is.to_vec();
        rotate(&mut turned);
        let upper = planes.is_upper.row_mut(at, stride);
        let Quantised { scale_and_error } = encode(&turned, upper, planes.is_lower.row_mut(at, stride));
        self.columns.blocks[at / BLOCK].is[at % BLOCK] = scale_and_error;
        turned.copy_from_slice(seeks);
        rotate(&mut turned);
        let upper = planes.seeks_upper.row_mut(at, stride);
        let Quantised { scale_and_error } = encode(&turned, upper, planes.seeks_lower.row_mut(at, stride));
        self.columns.blocks[at / BLOCK].seeks[at % BLOCK] = scale_and_error;
        let length = |vector: &[f32]| {
            let squares: f64 = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
            (squares.sqrt() * (1.0 + 1e-6)) as f32
        };
        self.longest = [self.longest[0].max(length(is)), self.longest[1].max(length(seeks))];
    }

    /// Writes the place of a row, and those of all rows when the frame does not reach it.
    pub(in crate::matching) fn write_place(&mut self, at: usize, point: Point, rows: &impl Rows) {
        if at == 0 && self.len() == 1 {
            self.frame = Frame { centre: point.unit().map(|x| x as f32), step: FINEST as f32 };
        }
        if !self.put_place(at, point) {
            self.refit(rows);
        }
    }

    fn put_place(&mut self, at: usize, point: Point) -> bool {
        let Frame { centre, step } = self.frame;
        let mut steps = [0_i16; 3];
        for (axis, exact) in point.unit().into_iter().enumerate() {
            let number = ((exact - f64::from(centre[axis])) / f64::from(step)).round();
            if number.abs() > REACH {
                return false;
            }
            steps[axis] = number as i16;
        }
        for (axis, step) in steps.into_iter().enumerate() {
            self.columns.blocks[at / BLOCK].place[axis][at % BLOCK] = step;
        }
        true
    }

    /// Makes a frame with some room around all rows.
    pub(super) fn refit(&mut self, rows: &impl Rows) {
        let points: Vec<Point> = self.columns.row[..self.len()].iter().map(|&row| rows.point(row)).collect();
        let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        for point in &points {
            for (axis, x) in point.unit().into_iter().enumerate() {
                (low[axis], high[axis]) = (low[axis].min(x), high[axis].max(x));
            }
        }
        let mut centre = [0.0; 3];
        let mut reach = 0.0_f64;
        for axis in 0..3 {
            centre[axis] = low[axis].midpoint(high[axis]) as f32;
            reach = reach.max(high[axis] - f64::from(centre[axis])).max(f64::from(centre[axis]) - low[axis]);
        }
        self.frame = Frame { centre, step: (reach * 1.5 / REACH).max(FINEST) as f32 };
        for (at, point) in points.into_iter().enumerate() {
            let is_inside = self.put_place(at, point);
            debug_assert!(is_inside, "a frame reaches its own rows");
        }
    }

    /// Takes a row out; the last one takes its place.
    pub(super) fn swap_remove(&mut self, at: usize, stride: usize) {
        let last = self.columns.len - 1;
        let before = self.columns.clone();
        self.columns.copy_from(&before, last, at);
        self.columns.len = last;
        if !self.planes.interests.is_empty() {
            Arc::make_mut(&mut self.planes).interests.swap_remove(at);
        }
        if !self.planes.sketches.is_empty() {
            Arc::make_mut(&mut self.planes).sketches.swap_remove(at);
        }
        if stride > 0 {
            let planes = Arc::make_mut(&mut self.planes);
            planes.is_upper.swap_remove(at, stride);
            planes.is_lower.swap_remove(at, stride);
            planes.seeks_upper.swap_remove(at, stride);
            planes.seeks_lower.swap_remove(at, stride);
        }
    }

    /// Copies a row of another leaf to the end of this one; its place is wrong until the frame is refitted.
    pub(super) fn take_from(&mut self, other: &Self, from: usize, stride: usize) {
        let at = self.columns.len;
        self.columns.len += 1;
        self.columns.copy_from(&other.columns, from, at);
        self.make_room();
        self.write_words(at, other.planes.interests_of(from), other.planes.sketch_of(from));
        if stride > 0 {
            let planes = Arc::make_mut(&mut self.planes);
            let rows = from * stride..(from + 1) * stride;
            planes.is_upper.push(stride).copy_from_slice(&other.planes.is_upper.rows()[rows.clone()]);
            planes.is_lower.push(stride).copy_from_slice(&other.planes.is_lower.rows()[rows.clone()]);
            planes.seeks_upper.push(stride).copy_from_slice(&other.planes.seeks_upper.rows()[rows.clone()]);
            planes.seeks_lower.push(stride).copy_from_slice(&other.planes.seeks_lower.rows()[rows]);
        }
        self.longest = [self.longest[0].max(other.longest[0]), self.longest[1].max(other.longest[1])];
    }

    /// Lets go of room that is not used.
    pub(super) fn shrink(&mut self) {
        let planes = Arc::make_mut(&mut self.planes);
        planes.interests.shrink_to_fit();
        planes.sketches.shrink_to_fit();
        planes.is_upper.shrink();
        planes.is_lower.shrink();
        planes.seeks_upper.shrink();
        planes.seeks_lower.shrink();
    }

    /// Bytes that a search may read.
    pub(super) fn bytes(&self) -> usize {
        let planes = &self.planes;
        size_of::<Self>()
            + size_of::<Planes>()
            + size_of_val(&*planes.interests)
            + size_of_val(&*planes.sketches)
            + planes.is_upper.bytes()
            + planes.is_lower.bytes()
            + planes.seeks_upper.bytes()
            + planes.seeks_lower.bytes()
    }
}
