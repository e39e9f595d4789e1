//! The exact rows as sections of a saved engine.
//!
//! A section holds the rows of a few chunks, in parts one behind the other so that each is copied at once: records of a
//! fixed length, the different fact lists, what people did, earlier texts, vectors. Invariant: whatever the bytes are, what
//! is read can be used without a panic.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::super::bytes::{Reader, put};
use super::super::earlier::{Earlier, Kept};
use super::super::emphasis;
use super::super::event::{Act, Tally};
use super::super::facts::Facts;
use super::super::index::key::{Class, Key};
use super::super::place::Point;
use super::super::table::{CHUNK, Chunk, Gate, PersonId, Slot};
use super::super::{Cell, Day, Weights};
use super::error::LoadError;

/// Rows of a section: about 1 MiB at 128 dimensions, so that it stays in a cache between reading and decoding.
pub(super) const ROWS: usize = 4 * CHUNK;
/// Bytes of a record.
const RECORD: usize = 96;

/// Appends the rows of some chunks.
pub(super) fn write<Id: PersonId>(chunks: &[&Chunk<Id>], number: &impl Fn(Id) -> u128, out: &mut Vec<u8>) {
    let mut lists: FxHashMap<&[u16], u32> = FxHashMap::default();
    let mut words: Vec<&[u16]> = Vec::new();
    let (mut records, mut acts, mut earlier) = (Vec::new(), Vec::new(), Vec::new());
    let mut last: Option<(&[u16], u32)> = None;
    let rows = chunks.iter().flat_map(|chunk| chunk.gates.iter().zip(&chunk.slots));
    for (row, (gate, slot)) in (0..).zip(rows) {
        let list = match last {
            Some((facts, list)) if *facts == *slot.facts => list,
            _ => *lists.entry(&slot.facts).or_insert_with(|| {
                words.push(&slot.facts);
                words.len() as u32 - 1
            }),
        };
        last = Some((&*slot.facts, list));
        let own = slot.acts.as_deref().map_or(&[][..], |acts| acts);
        write_record(gate, slot, number(slot.id), [list, own.len() as u32], &mut records);
        acts.extend(own.iter().flat_map(|act| act.words()));
        earlier.extend(slot.earlier.iter().flat_map(|earlier| earlier.kept()).map(|text| (row, text)));
    }
    put(out, &[words.len() as u32, (acts.len() / 4) as u32, earlier.len() as u32], u32::to_le_bytes);
    out.extend_from_slice(&records);
    let lengths: Vec<u32> = words.iter().map(|words| words.len() as u32).collect();
    put(out, &lengths, u32::to_le_bytes);
    for words in words {
        put(out, words, u16::to_le_bytes);
    }
    put(out, &acts, u32::to_le_bytes);
    for (row, text) in earlier {
        put(out, &[row, text.name.into(), text.quarters], u32::to_le_bytes);
        put(out, &text.is, f32::to_le_bytes);
    }
    for chunk in chunks {
        put(out, &chunk.vectors, f32::to_le_bytes);
    }
}

fn write_record<Id>(gate: &Gate, slot: &Slot<Id>, number: u128, [list, acts]: [u32; 2], out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&gate.limit.to_le_bytes());
    out.extend_from_slice(&slot.cell.map_or(0, u64::from).to_le_bytes());
    put(out, &gate.point.steps(), i32::to_le_bytes);
    let [likes, decided] = slot.decided.counts();
    let [liked, received] = slot.received.counts();
    let birth = gate.birth.0.cast_unsigned();
    put(out, &[birth, slot.serial, list, acts, likes, decided, liked, received], u32::to_le_bytes);
    put(out, &[slot.prior, slot.pickiness, slot.appeal], f32::to_le_bytes);
    let [low, high] = gate.emphases.bits().to_le_bytes();
    let now = Earlier::now(slot.earlier.as_deref());
    out.extend_from_slice(&[gate.age_min, gate.age_max, gate.gender, gate.genders, gate.flags, low, high, now]);
}

/// Where a row belongs in the index, if anywhere.
pub(super) type Place = Option<(Class, Key)>;

/// The rows of a section, and their places, which are cheap to find while a row is at hand.
#[derive(Debug)]
pub(super) struct Rows<Id> {
    pub(super) chunks: Vec<Arc<Chunk<Id>>>,
    pub(super) places: Vec<Place>,
}

/// What a thread counts over the rows it reads.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// How many people have each interest.
    pub(super) interests: Vec<u32>,
    /// How many people are in the index.
    pub(super) in_index: usize,
}

impl Counts {
    /// Adds those of another thread.
    pub(super) fn add(&mut self, other: &Self) {
        self.interests.resize(self.interests.len().max(other.interests.len()), 0);
        for (sum, count) in self.interests.iter_mut().zip(&other.interests) {
            *sum += count;
        }
        self.in_index += other.in_index;
    }

    fn count(&mut self, gate: &Gate, facts: &[u16]) {
        self.in_index += usize::from(gate.takes_part());
        for &interest in Facts::new(facts).interests() {
            let interest = usize::from(interest);
            if self.interests.len() <= interest {
                self.interests.resize(interest + 1, 0);
            }
            self.interests[interest] += 1;
        }
    }
}

/// How rows are to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) dims: usize,
    pub(super) next_serial: u32,
    /// Weights that are not the ones of the saved biases.
    pub(super) reweigh: Option<Weights>,
}

/// Reads a section of so many rows.
pub(super) fn read<Id: PersonId>(
    bytes: &[u8],
    rows: usize,
    form: &Form,
    id: &impl Fn(u128) -> Option<Id>,
    counts: &mut Counts,
) -> Result<Rows<Id>, LoadError> {
    let mut reader = Reader::new(bytes);
    let Parts { records, lists, mut acts, mut earlier } =
        parts(&mut reader, rows, form.dims).ok_or(LoadError::Damaged)?;
    let mut chunks = Vec::with_capacity(rows.div_ceil(CHUNK));
    let mut places = Vec::with_capacity(rows);
    let mut row = 0;
    for records in records.chunks(CHUNK) {
        let mut gates = Vec::with_capacity(records.len());
        let mut slots = Vec::with_capacity(records.len());
        for record in records {
            let (number, gate, slot) =
                read_record(record, form.next_serial, &lists, &mut acts).ok_or(LoadError::Damaged)?;
            let mut slot = slot.with_id(id(number).ok_or(LoadError::UnknownNumber(number))?);
            slot.earlier = earlier.of(row, record[RECORD - 1]).ok_or(LoadError::Damaged)?;
            row += 1;
            if let Some(weights) = &form.reweigh {
                slot.weigh(weights);
            }
            counts.count(&gate, &slot.facts);
            places.push(gate.place(slot.serial));
            gates.push(gate);
            slots.push(slot);
        }
        let vectors = vectors(&mut reader, 2 * form.dims * records.len()).ok_or(LoadError::Damaged)?;
        chunks.push(Arc::new(Chunk { gates, slots, vectors: Arc::new(vectors) }));
    }
    if reader.is_empty() && acts.is_empty() && earlier.0.is_empty() {
        Ok(Rows { chunks, places })
    } else {
        Err(LoadError::Damaged)
    }
}

/// What stands in front of the vectors.
struct Parts<'a> {
    records: &'a [[u8; RECORD]],
    /// The different lists of facts.
    lists: Vec<Arc<[u16]>>,
    acts: Reader<'a>,
    earlier: Texts<'a>,
}

/// Earlier texts, by the row that they belong to: [row, name, quarters], and the vector in bytes.
struct Texts<'a>(&'a [u8], usize);

impl Texts<'_> {
    /// Those of the next row, whose present text has this name; `None` for such as no engine has.
    #[expect(clippy::option_option, reason = "most people have none, and bytes that say nonsense are neither")]
    fn of(&mut self, row: u32, now: u8) -> Option<Option<Arc<Earlier>>> {
        let mut kept = Vec::new();
        let mut reader = Reader::new(self.0);
        while reader.u32() == Some(row) {
            let (name, quarters) = (u8::try_from(reader.u32()?).ok()?, reader.u32()?);
            kept.push(Kept { name, quarters, is: vectors(&mut reader, self.1)?.into() });
            self.0 = self.0.get(12 + 4 * self.1..)?;
        }
        if kept.is_empty() && now == 0 {
            return Some(None);
        }
        Earlier::of(now, kept).map(|earlier| Some(Arc::new(earlier)))
    }
}

/// The records, the different lists, what people did and their earlier texts, in front of the vectors.
fn parts<'a>(reader: &mut Reader<'a>, rows: usize, dims: usize) -> Option<Parts<'a>> {
    let (lists, acts, earlier) = (reader.u32()? as usize, reader.u32()? as usize, reader.u32()? as usize);
    let records = reader.records(rows)?;
    let lengths = reader.records::<4>(lists)?;
    let mut different = Vec::with_capacity(lists);
    for length in lengths {
        let words = reader.records(u32::from_le_bytes(*length) as usize)?;
        let words: Arc<[u16]> = words.iter().map(|word| u16::from_le_bytes(*word)).collect();
        if !Facts::are_sound(&words) {
            return None;
        }
        different.push(words);
    }
    let acts = Reader::new(reader.bytes(acts.checked_mul(16)?)?);
    let earlier = Texts(reader.bytes(earlier.checked_mul(12 + 4 * dims)?)?, dims);
    Some(Parts { records, lists: different, acts, earlier })
}

fn vectors(reader: &mut Reader<'_>, len: usize) -> Option<Vec<f32>> {
    let vectors: Vec<f32> = reader.records(len)?.iter().map(|x| f32::from_le_bytes(*x)).collect();
    // Piece by piece, so that the compiler looks at many numbers at once.
    let are_finite = |piece: &[f32]| piece.iter().fold(true, |all, x| all & x.is_finite());
    vectors.chunks(256).all(are_finite).then_some(vectors)
}

fn read_record(
    record: &[u8; RECORD],
    next_serial: u32,
    lists: &[Arc<[u16]>],
    acts: &mut Reader<'_>,
) -> Option<(u128, Gate, Slot<()>)> {
    let mut reader = Reader::new(record);
    let number = u128::from_le_bytes(reader.array()?);
    let limit = i64::from_le_bytes(reader.array()?);
    let cell = match reader.u64()? {
        0 => None,
        index => Some(Cell::try_from(index).ok()?),
    };
    let point = Point::from_steps([reader.i32()?, reader.i32()?, reader.i32()?])?;
    let (birth, serial) = (Day(reader.i32()?), reader.u32()?);
    let (list, own) = (reader.u32()? as usize, reader.u32()? as usize);
    let decided = Tally::from_counts([reader.u32()?, reader.u32()?])?;
    let received = Tally::from_counts([reader.u32()?, reader.u32()?])?;
    let (prior, pickiness, appeal) = (reader.f32()?, reader.f32()?, reader.f32()?);
    let [age_min, age_max, gender, genders, flags, low, high, _] = reader.array::<8>()?;
    let emphases = emphasis::Packed::from_bits(u16::from_le_bytes([low, high]))?;
    let gate = Gate { limit, point, birth, emphases, age_min, age_max, gender, genders, flags };
    let facts = Arc::clone(lists.get(list)?);
    let acts = read_acts(acts, own)?;
    let acts = (!acts.is_empty()).then(|| Arc::new(acts));
    let is_sound = serial < next_serial
        && gate.placed() == cell.is_some()
        && gender.is_power_of_two()
        && (gender | genders) < 8
        && limit >= 0
        && [prior, pickiness, appeal].iter().all(|x| x.is_finite());
    let (earlier, price) = (None, 0.0);
    let slot = Slot { id: (), serial, cell, facts, acts, earlier, decided, received, prior, pickiness, appeal, price };
    is_sound.then_some((number, gate, slot))
}

/// What one person did, sorted by serial number.
fn read_acts(acts: &mut Reader<'_>, own: usize) -> Option<Vec<Act>> {
    let records = acts.records::<16>(own)?;
    let read = |record: &[u8; 16]| {
        let mut words = [0; 4];
        Reader::new(record).fill(&mut words, u32::from_le_bytes)?;
        Act::from_words(words)
    };
    let acts: Vec<Act> = records.iter().map(read).collect::<Option<_>>()?;
    acts.is_sorted_by(|a, b| a.other < b.other).then_some(acts)
}
