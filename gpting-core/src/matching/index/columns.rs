//! What a search reads of every row it passes: 29 bytes in columns, four bits of each coordinate in planes, and a word of
//! interests where there are any.
//!
//! Written by the leaves of the index, read by `simd`. Everything is rounded towards letting a person pass: a place is
//! whole steps of the leaf's own frame, limits and biases are rounded up. Whoever passes is tested and scored again from
//! the exact row.
//! Invariant: a column never says less than the exact value allows.

/// The most rows of a leaf.
pub(in crate::matching) const LEAF: usize = 128;
/// The day that columns count births from: 1870-01-01; the last one is in the year 2049.
const BIRTH_ORIGIN: i32 = -36_524;

/// Flags of a row.
pub(in crate::matching) const VERIFIED: u8 = 1;
/// Wants to meet verified people only.
pub(in crate::matching) const VERIFIED_ONLY: u8 = 2;
/// States at least one interest.
pub(in crate::matching) const HAS_INTERESTS: u8 = 4;

/// Which interests somebody may have, in one word: a bit for each class of interests that has one of theirs, and in the four
/// upper bits how many they have at least. Nobody's interests are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::matching) struct Signature(u32);

impl Signature {
    /// Classes of interests. Neighbours in a catalogue, which people tend to have together, are in different ones.
    pub(in crate::matching) const CLASSES: u16 = 28;

    /// The signature of these interests.
    pub(in crate::matching) fn of(interests: &[u16]) -> Self {
        let classes = interests.iter().fold(0, |bits, &interest| bits | 1 << Self::class(interest));
        Self(classes | (interests.len().min(15) as u32) << Self::CLASSES)
    }

    /// The class of an interest, below [`Self::CLASSES`].
    pub(in crate::matching) fn class(interest: u16) -> u32 {
        u32::from(interest % Self::CLASSES)
    }

    pub(in crate::matching) const fn bits(self) -> u32 {
        self.0
    }
}

/// A birth day as columns have it; never decreasing in the day.
pub(in crate::matching) fn birth_column(day: i64) -> u16 {
    day.saturating_sub(i64::from(BIRTH_ORIGIN)).clamp(0, i64::from(u16::MAX)) as u16
}

/// A birth, flags and the oldest age wanted in one word.
pub(in crate::matching) fn facts(birth: u16, flags: u8, age_max: u8) -> u32 {
    u32::from(birth) | u32::from(flags) << 16 | u32::from(age_max) << 24
}

/// Both halves of a packed word; see [`super::quantise::pack`].
#[inline(always)]
pub(in crate::matching) fn widen_columns(word: u32) -> (f32, f32) {
    (f32::from_bits(word & 0xffff_0000), f32::from_bits(word << 16))
}

/// Rows of one [`Block`].
pub(in crate::matching) const BLOCK: usize = 16;

/// The columns of 16 rows: what the filter reads, then what the bounds need. 400 bytes in one piece, so that the processor
/// reads a leaf like a tape.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(in crate::matching) struct Block {
    /// Places in the leaf's frame.
    pub(in crate::matching) place: [[i16; BLOCK]; 3],
    /// Distance limits: chords on the unit sphere, rounded up.
    pub(in crate::matching) limit: [u16; BLOCK],
    /// Birth in the lower half, flags above it, the oldest age wanted on top; see [`facts`].
    pub(in crate::matching) facts: [u32; BLOCK],
    pub(in crate::matching) age_min: [u8; BLOCK],
    /// Appeal above; pickiness with the most that own tastes can add below; rounded up.
    pub(in crate::matching) bias: [u32; BLOCK],
    /// Scale and error of what the person is, and of what the person seeks.
    pub(in crate::matching) is: [u32; BLOCK],
    pub(in crate::matching) seeks: [u32; BLOCK],
}

/// The columns of up to [`LEAF`] rows.
#[derive(Debug, Clone)]
#[repr(C)]
pub(in crate::matching) struct Columns {
    pub(in crate::matching) len: usize,
    pub(in crate::matching) blocks: [Block; LEAF / BLOCK],
    /// The exact rows.
    pub(in crate::matching) row: [u32; LEAF],
}

impl Columns {
    pub(in crate::matching) const EMPTY: Self = Self {
        len: 0,
        blocks: [Block {
            place: [[0; BLOCK]; 3],
            limit: [0; BLOCK],
            facts: [0; BLOCK],
            age_min: [0; BLOCK],
            bias: [0; BLOCK],
            is: [0; BLOCK],
            seeks: [0; BLOCK],
        }; LEAF / BLOCK],
        row: [0; LEAF],
    };

    /// Takes a row of another leaf, or of this one as it was.
    pub(super) fn copy_from(&mut self, other: &Self, from: usize, to: usize) {
        let (source, i) = (&other.blocks[from / BLOCK], from % BLOCK);
        let (target, j) = (&mut self.blocks[to / BLOCK], to % BLOCK);
        for axis in 0..3 {
            target.place[axis][j] = source.place[axis][i];
        }
        macro_rules! each {
            ($($column:ident)*) => { $(target.$column[j] = source.$column[i];)* };
        }
        each!(limit facts age_min bias is seeks);
        self.row[to] = other.row[from];
    }

    /// One column of all rows.
    pub(super) fn column<T>(&self, of: impl Fn(&Block, usize) -> T) -> impl Iterator<Item = T> {
        (0..self.len).map(move |at| of(&self.blocks[at / BLOCK], at % BLOCK))
    }
}

/// Rows of bytes that begin at a cache line.
#[derive(Debug, Default)]
pub(in crate::matching) struct Plane {
    bytes: Vec<u8>,
    /// Where the first row begins, and how many bytes all rows have.
    offset: u32,
    len: u32,
}

impl Plane {
    const LINE: usize = 64;
    /// Rows that room is made for at once.
    const STEP: usize = 8;

    /// All rows, one behind the other.
    #[inline(always)]
    pub(in crate::matching) fn rows(&self) -> &[u8] {
        &self.bytes[self.offset as usize..(self.offset + self.len) as usize]
    }

    fn room_for(rows: &[u8], capacity: usize) -> Self {
        let mut bytes: Vec<u8> = Vec::with_capacity(capacity + Self::LINE);
        // The allocator aligns to 16 bytes or so; a row over two lines costs twice.
        let offset = bytes.as_ptr().align_offset(Self::LINE).min(Self::LINE);
        bytes.resize(offset, 0);
        bytes.extend_from_slice(rows);
        bytes.resize(capacity + Self::LINE, 0);
        Self { bytes, offset: offset as u32, len: rows.len() as u32 }
    }

    /// The plane of these rows.
    pub(super) fn of(rows: &[u8]) -> Self {
        Self::room_for(rows, rows.len())
    }

    /// Adds a row of zeros and hands it out.
    pub(super) fn push(&mut self, stride: usize) -> &mut [u8] {
        let len = self.len as usize;
        if len + stride > self.bytes.len().saturating_sub(Self::LINE) {
            *self = Self::room_for(self.rows(), len + stride * Self::STEP);
        }
        self.len += stride as u32;
        let end = (self.offset + self.len) as usize;
        &mut self.bytes[end - stride..end]
    }

    pub(super) fn row_mut(&mut self, at: usize, stride: usize) -> &mut [u8] {
        let begin = self.offset as usize + at * stride;
        &mut self.bytes[begin..begin + stride]
    }

    /// The last row takes the place of another.
    pub(super) fn swap_remove(&mut self, at: usize, stride: usize) {
        let last = (self.offset + self.len) as usize - stride;
        self.bytes.copy_within(last..last + stride, self.offset as usize + at * stride);
        self.len -= stride as u32;
    }

    /// Lets go of room that is not used.
    pub(super) fn shrink(&mut self) {
        *self = Self::room_for(self.rows(), self.len as usize);
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

impl Clone for Plane {
    fn clone(&self) -> Self {
        Self::room_for(self.rows(), self.bytes.len().saturating_sub(Self::LINE))
    }
}

/// What few rows are asked for: upper and lower four bits of the coordinates of what they are and of what they seek, their
/// interests, and sketches.
#[derive(Debug, Clone, Default)]
pub(in crate::matching) struct Planes {
    /// [`Signature`]s of all rows; empty while nobody here has an interest.
    pub(in crate::matching) interests: Vec<u32>,
    /// Sketches of all rows, by word; empty while nobody here has one.
    pub(in crate::matching) sketches: Vec<[u32; 4]>,
    pub(in crate::matching) is_upper: Plane,
    pub(in crate::matching) seeks_upper: Plane,
    pub(in crate::matching) is_lower: Plane,
    pub(in crate::matching) seeks_lower: Plane,
}

impl Planes {
    /// The signature of a row's interests.
    pub(super) fn interests_of(&self, row: usize) -> u32 {
        self.interests.get(row).copied().unwrap_or_default()
    }

    /// The sketch of a row.
    pub(super) fn sketch_of(&self, row: usize) -> [u32; 4] {
        self.sketches.get(row).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_has_every_class_and_no_more_interests_than_there_are() {
        let interests: Vec<u16> = (0..64).map(|at| at * 7).collect();
        for count in 0..=interests.len() {
            let own = &interests[..count];
            let bits = Signature::of(own).bits();
            assert!(own.iter().all(|&interest| bits >> Signature::class(interest) & 1 == 1));
            assert!((bits >> Signature::CLASSES) as usize <= count);
            assert_eq!(bits == 0, count == 0);
        }
        assert_eq!(Signature::of(&[1, 29, 57]).bits(), 1 << 1 | 3 << 28, "interests of one class share a bit");
    }
}
