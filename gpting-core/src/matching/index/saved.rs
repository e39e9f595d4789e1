//! The nodes of the index as sections of a saved engine, and the bringing together of index and rows afterwards.
//!
//! Called by `saved`. Columns and planes come and go as they are; summaries are made anew. Lanes behind the last row of a
//! leaf are written as zeros, so that nothing of somebody who was removed stays. Invariant: after [`Node::settle`] has
//! agreed, every row lies where its key says.

use std::sync::Arc;

use super::Node;
use super::columns::{
    BLOCK, Block, Columns, HAS_INTERESTS, LEAF, Plane, Planes, Signature, VERIFIED, VERIFIED_ONLY, birth_column,
};
use super::key::{Class, Key};
use super::leaf::{Entry, Frame, Leaf};
use super::quantise::{encode, pack, rotate, stride};
use super::summary::Summary;
use crate::matching::Day;
use crate::matching::bytes::{Reader, put, sum};
use crate::matching::place::Point;
use crate::matching::sketch::Sketcher;

/// Bytes of one block of columns.
const BLOCK_BYTES: usize = size_of::<Block>();

/// A number that is another one when rows are packed, sketched or sorted in another way: made of a packed example.
pub(in crate::matching) fn fingerprint(dims: usize, sketcher: Option<&dyn Sketcher>) -> u64 {
    let mut out = Vec::new();
    let point = Point::from_steps([100_000_000, -200_000_000, 487_696_000]).unwrap_or_default();
    let (place, serial) = Key::new(Day(9_999), point, 7).parts();
    put(&mut out, &[place, LEAF as u64, BLOCK as u64, dims as u64], u64::to_le_bytes);
    let interests = Signature::of(&[3, 200]).bits();
    put(&mut out, &[serial, u32::from(birth_column(9_999)), pack(0.3, -0.3), interests], u32::to_le_bytes);
    if let Some(sketcher) = sketcher {
        out.extend_from_slice(sketcher.signal().as_bytes());
    }
    let mut example: Vec<f32> = (0..dims).map(|at| (at % 23) as f32 - 9.5).collect();
    rotate(&mut example);
    let (mut upper, mut lower) = (vec![0; stride(dims)], vec![0; stride(dims)]);
    let packed = encode(&example, &mut upper, &mut lower);
    put(&mut out, &[packed.scale_and_error], u32::to_le_bytes);
    out.extend_from_slice(&upper);
    out.extend_from_slice(&lower);
    sum(0, &out)
}

impl Node {
    /// Appends the node.
    pub(in crate::matching) fn write(&self, class: Class, first: Key, out: &mut Vec<u8>) {
        let leaves = self.leaves.len() as u8;
        out.extend_from_slice(&[class.gender, class.wants, u8::from(class.placed), leaves]);
        write_key(first, out);
        for (first, leaf) in self.first.iter().zip(&self.leaves) {
            write_key(*first, out);
            write_leaf(leaf, out);
        }
    }

    /// Reads what [`Self::write`] wrote; `None` for anything else.
    pub(in crate::matching) fn read(bytes: &[u8], stride: usize) -> Option<(Class, Key, Self)> {
        let mut reader = Reader::new(bytes);
        let [gender, wants, placed, leaves] = reader.array()?;
        let class = Class { gender, wants, placed: placed != 0 };
        let begin = read_key(&mut reader)?;
        let mut node = Self::default();
        for _ in 0..leaves {
            let first = read_key(&mut reader)?;
            let leaf = read_leaf(&mut reader, stride)?;
            node.put(node.leaves.len(), first, leaf);
        }
        let is_sorted =
            node.first.is_sorted_by(|a, b| a < b) && node.first.first().is_some_and(|first| begin <= *first);
        let is_whole = (1..=super::NODE).contains(&node.leaves.len()) && placed < 2 && reader.is_empty();
        (is_sorted && is_whole).then_some((class, begin, node))
    }

    /// Every row of the node.
    pub(in crate::matching) fn rows(&self) -> impl Iterator<Item = u32> {
        self.leaves.iter().flat_map(|leaf| leaf.columns.row[..leaf.len()].iter().copied())
    }

    /// Whether all rows lie where they belong, in a node of keys from `begin` on and before `end`.
    ///
    /// With `entry`, biases are written anew from the exact rows. `place` says where a row belongs; a row that is not there
    /// has no place.
    pub(in crate::matching) fn settle<'a>(
        &mut self,
        class: Class,
        (begin, end): (Key, Option<Key>),
        place: impl Fn(u32) -> Option<(Class, Key)>,
        entry: Option<&impl Fn(u32) -> Entry<'a>>,
    ) -> bool {
        for (at, leaf) in self.leaves.iter_mut().enumerate() {
            let from = if at == 0 { begin } else { self.first[at] };
            let to = self.first.get(at + 1).copied().or(end);
            let belongs = |row: u32| {
                place(row).is_some_and(|(own, key)| own == class && from <= key && to.is_none_or(|to| key < to))
            };
            if !leaf.columns.row[..leaf.len()].iter().all(|&row| belongs(row)) {
                return false;
            }
            if let Some(entry) = entry {
                let leaf = Arc::make_mut(leaf);
                for at in 0..leaf.len() {
                    leaf.write(at, &entry(leaf.columns.row[at]));
                }
                self.summaries.set(at, Summary::of(leaf));
            }
        }
        true
    }
}

fn write_key(key: Key, out: &mut Vec<u8>) {
    let (place, serial) = key.parts();
    out.extend_from_slice(&place.to_le_bytes());
    out.extend_from_slice(&serial.to_le_bytes());
}

fn read_key(reader: &mut Reader<'_>) -> Option<Key> {
    Some(Key::from_parts((reader.u64()?, reader.u32()?)))
}

fn write_leaf(leaf: &Leaf, out: &mut Vec<u8>) {
    let len = leaf.len();
    put(out, &[len as u32], u32::to_le_bytes);
    put(out, &leaf.frame.centre, f32::to_le_bytes);
    put(out, &[leaf.frame.step, leaf.longest[0], leaf.longest[1]], f32::to_le_bytes);
    put(out, &leaf.columns.row[..len], u32::to_le_bytes);
    for (number, block) in leaf.columns.blocks[..len.div_ceil(BLOCK)].iter().enumerate() {
        write_block(block, (len - number * BLOCK).min(BLOCK), out);
    }
    for plane in [&leaf.planes.is_upper, &leaf.planes.seeks_upper, &leaf.planes.is_lower, &leaf.planes.seeks_lower] {
        out.extend_from_slice(plane.rows());
    }
    out.push(u8::from(!leaf.planes.interests.is_empty()));
    put(out, &leaf.planes.interests, u32::to_le_bytes);
    out.push(u8::from(!leaf.planes.sketches.is_empty()));
    put(out, leaf.planes.sketches.as_flattened(), u32::to_le_bytes);
}

fn read_leaf(reader: &mut Reader<'_>, stride: usize) -> Option<Leaf> {
    let len = reader.u32()? as usize;
    if !(1..=LEAF).contains(&len) {
        return None;
    }
    let mut leaf = Leaf::new();
    let mut centre = [0.0; 3];
    reader.fill(&mut centre, f32::from_le_bytes)?;
    leaf.frame = Frame { centre, step: reader.f32()? };
    reader.fill(&mut leaf.longest, f32::from_le_bytes)?;
    let Columns { len: rows, blocks, row } = &mut leaf.columns;
    *rows = len;
    reader.fill(&mut row[..len], u32::from_le_bytes)?;
    for block in &mut blocks[..len.div_ceil(BLOCK)] {
        read_block(block, reader)?;
    }
    let mut plane =
        || reader.bytes(len * stride).map(|rows| if stride == 0 { Plane::default() } else { Plane::of(rows) });
    let (is_upper, seeks_upper, is_lower, seeks_lower) = (plane()?, plane()?, plane()?, plane()?);
    let [has_interests] = reader.array()?;
    let mut interests = vec![0; if has_interests == 0 { 0 } else { len }];
    reader.fill(&mut interests, u32::from_le_bytes)?;
    let [has_sketches] = reader.array()?;
    let mut sketches = vec![[0; 4]; if has_sketches == 0 { 0 } else { len }];
    reader.fill(sketches.as_flattened_mut(), u32::from_le_bytes)?;
    leaf.planes = Arc::new(Planes { interests, sketches, is_upper, seeks_upper, is_lower, seeks_lower });
    Some(leaf)
}

/// Writes the first `len` lanes, and zeros for the others.
fn write_block(block: &Block, len: usize, out: &mut Vec<u8>) {
    fn lanes<T: Copy + Default>(lanes: &[T; BLOCK], len: usize) -> [T; BLOCK] {
        std::array::from_fn(|at| if at < len { lanes[at] } else { T::default() })
    }
    for axis in &block.place {
        put(out, &lanes(axis, len), i16::to_le_bytes);
    }
    put(out, &lanes(&block.limit, len), u16::to_le_bytes);
    put(out, &lanes(&block.age_min, len), u8::to_le_bytes);
    for column in [&block.facts, &block.bias, &block.is, &block.seeks] {
        put(out, &lanes(column, len), u32::to_le_bytes);
    }
}

fn read_block(block: &mut Block, reader: &mut Reader<'_>) -> Option<()> {
    const KNOWN: u32 = !(((VERIFIED | VERIFIED_ONLY | HAS_INTERESTS) as u32) << 16) & 0xff_0000;
    let mut reader = Reader::new(reader.bytes(BLOCK_BYTES)?);
    for axis in &mut block.place {
        reader.fill(axis, i16::from_le_bytes)?;
    }
    reader.fill(&mut block.limit, u16::from_le_bytes)?;
    reader.fill(&mut block.age_min, u8::from_le_bytes)?;
    for column in [&mut block.facts, &mut block.bias, &mut block.is, &mut block.seeks] {
        reader.fill(column, u32::from_le_bytes)?;
    }
    block.facts.iter().all(|facts| facts & KNOWN == 0).then_some(())
}
