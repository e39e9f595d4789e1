//! The exact rows of a population, in chunks that are shared until somebody writes.
//!
//! Written by `population`, read by everything that needs the truth about a row. A view holds the same groups of chunks; the
//! next write after it copies one chunk and one list of chunks. Rows are dense (the last row moves into a freed one), so a
//! row number means something inside one state alone; what people did to each other is kept under serial numbers, which
//! are never used again.
//! Invariants: every chunk but the last is full; vectors are finite.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use super::earlier::Earlier;
use super::emphasis;
use super::event::{Act, Tally};
use super::facts::Facts;
use super::index::columns::{HAS_INTERESTS, Signature, VERIFIED, VERIFIED_ONLY};
use super::index::key::{Class, Key};
use super::index::leaf::{Entry, Rows};
use super::logistic::logit;
use super::place::{Point, chord_limit};
use super::question::Expectation;
use super::sketch::{Sketch, Sketcher};
use super::{Cell, Day, Weights};

/// Rows of a chunk.
pub(super) const CHUNK: usize = 256;
/// Chunks of a group.
const GROUP: usize = 64;

/// What an id must be: any small copyable key. Implemented for every type that fits.
pub trait PersonId: Copy + Ord + Hash + Debug {}

impl<T: Copy + Ord + Hash + Debug> PersonId for T {}

/// What the eligibility test reads of every row: 32 bytes, scanned from the first row to the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gate {
    pub(super) limit: i64,
    pub(super) point: Point,
    pub(super) birth: Day,
    pub(super) emphases: emphasis::Packed,
    pub(super) age_min: u8,
    pub(super) age_max: u8,
    /// One bit.
    pub(super) gender: u8,
    pub(super) genders: u8,
    pub(super) flags: u8,
}

impl Gate {
    pub(super) const ACTIVE: u8 = 1;
    pub(super) const VERIFIED: u8 = 2;
    pub(super) const VERIFIED_ONLY: u8 = 4;
    pub(super) const PLACED: u8 = 8;
    /// Lists that are not empty: whoever has none of them need not be asked for their facts.
    pub(super) const DEALBREAKERS: u8 = 16;
    pub(super) const INTERESTS: u8 = 32;
    pub(super) const TASTES: u8 = 64;
    pub(super) const ANSWERS: u8 = 128;

    pub(super) fn active(self) -> bool {
        self.flags & Self::ACTIVE != 0
    }

    pub(super) fn verified(self) -> bool {
        self.flags & Self::VERIFIED != 0
    }

    pub(super) fn verified_only(self) -> bool {
        self.flags & Self::VERIFIED_ONLY != 0
    }

    /// Whether the row is in the index: active, and somebody is wanted.
    pub(super) fn takes_part(self) -> bool {
        self.active() && self.genders != 0
    }

    /// Where the row lies in the index; `None` for somebody who takes no part or wants nobody.
    pub(super) fn place(self, serial: u32) -> Option<(Class, Key)> {
        let class = Class { gender: self.gender, wants: self.genders, placed: self.placed() };
        self.takes_part().then(|| (class, Key::new(self.birth, self.point, serial)))
    }

    pub(super) fn has(self, flags: u8) -> bool {
        self.flags & flags != 0
    }

    pub(super) fn placed(self) -> bool {
        self.flags & Self::PLACED != 0
    }
}

/// The rest of a row, read only of people who passed the hot test.
#[derive(Debug, Clone)]
pub(super) struct Slot<Id> {
    pub(super) id: Id,
    pub(super) serial: u32,
    pub(super) cell: Option<Cell>,
    pub(super) facts: Arc<[u16]>,
    /// Sorted by serial number; `None` while there are none.
    pub(super) acts: Option<Arc<Vec<Act>>>,
    /// Texts that others' likes were learned from; `None` while there are none but the present.
    pub(super) earlier: Option<Arc<Earlier>>,
    pub(super) decided: Tally,
    pub(super) received: Tally,
    pub(super) prior: f32,
    /// Weighted logits, ready to add.
    pub(super) pickiness: f32,
    pub(super) appeal: f32,
    /// What a look at the person costs, in logits; 0 outside of a priced view.
    pub(super) price: f32,
}

impl<Id> Slot<Id> {
    pub(super) fn facts(&self) -> Facts<'_> {
        Facts::new(&self.facts)
    }

    /// `weight · (logit(shrunk share of likes) − logit(like_rate))`: 0 for somebody nothing is known of.
    pub(super) fn weigh(&mut self, weights: &Weights) {
        let bias =
            |tally: Tally| logit(tally.shrunk(weights.like_rate, weights.prior_decisions)) - logit(weights.like_rate);
        self.pickiness = (weights.pickiness * bias(self.decided)) as f32;
        self.appeal = (weights.appeal * bias(self.received)) as f32 + self.prior;
    }

    /// The same row under an id.
    pub(super) fn with_id<Other>(self, id: Other) -> Slot<Other> {
        let Self { id: _, serial, cell, facts, acts, earlier, decided, received, prior, pickiness, appeal, price } =
            self;
        Slot { id, serial, cell, facts, acts, earlier, decided, received, prior, pickiness, appeal, price }
    }

    pub(super) fn act_on(&self, serial: u32) -> Option<Act> {
        let acts = self.acts.as_deref()?;
        acts.binary_search_by_key(&serial, |act| act.other).ok().map(|at| acts[at])
    }
}

/// The settings that what the index keeps of a row depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packing<'a> {
    pub(super) weights: &'a Weights,
    pub(super) sketcher: Option<&'a dyn Sketcher>,
}

/// Up to [`CHUNK`] rows.
#[derive(Debug, Clone)]
pub(super) struct Chunk<Id> {
    pub(super) gates: Vec<Gate>,
    pub(super) slots: Vec<Slot<Id>>,
    /// `is`, then `seeks`, of every row; apart, so that a decision does not copy it.
    pub(super) vectors: Arc<Vec<f32>>,
}

/// The rows of a population: groups of chunks, so that a view costs few reference counts.
#[derive(Debug, Clone)]
pub(super) struct Table<Id> {
    groups: Vec<Arc<Group<Id>>>,
    pub(super) len: usize,
    pub(super) dims: usize,
}

type Group<Id> = Vec<Arc<Chunk<Id>>>;

fn place_of(row: u32) -> (usize, usize, usize) {
    let row = row as usize;
    (row / (CHUNK * GROUP), row / CHUNK % GROUP, row % CHUNK)
}

impl<Id: PersonId> Table<Id> {
    pub(super) fn new(dims: usize) -> Self {
        Self { groups: Vec::new(), len: 0, dims }
    }

    /// The table of these chunks, of which all but the last are full.
    pub(super) fn of_chunks(dims: usize, chunks: &[Arc<Chunk<Id>>]) -> Self {
        let len = chunks.iter().map(|chunk| chunk.gates.len()).sum();
        let groups = chunks.chunks(GROUP).map(|group| Arc::new(group.to_vec())).collect();
        Self { groups, len, dims }
    }

    /// Every chunk, in the order of rows.
    pub(super) fn chunks(&self) -> impl Iterator<Item = &Arc<Chunk<Id>>> {
        self.groups.iter().flat_map(|group| group.iter())
    }

    fn chunk(&self, row: u32) -> (&Chunk<Id>, usize) {
        let (group, chunk, at) = place_of(row);
        (&self.groups[group][chunk], at)
    }

    pub(super) fn edit(&mut self, row: u32) -> (&mut Chunk<Id>, usize) {
        let (group, chunk, at) = place_of(row);
        (Arc::make_mut(&mut Arc::make_mut(&mut self.groups[group])[chunk]), at)
    }

    pub(super) fn gate(&self, row: u32) -> &Gate {
        let (chunk, at) = self.chunk(row);
        &chunk.gates[at]
    }

    pub(super) fn slot(&self, row: u32) -> &Slot<Id> {
        let (chunk, at) = self.chunk(row);
        &chunk.slots[at]
    }

    /// `is` and `seeks`, each of the engine's dimensions; zeros for somebody without vectors.
    pub(super) fn vectors(&self, row: u32) -> (&[f32], &[f32]) {
        let (chunk, at) = self.chunk(row);
        chunk.vectors[2 * self.dims * at..2 * self.dims * (at + 1)].split_at(self.dims)
    }

    /// Adds a row and answers its number.
    pub(super) fn push(&mut self, gate: Gate, slot: Slot<Id>, vectors: &[f32]) -> u32 {
        let row = self.len as u32;
        let (group, chunk, _) = place_of(row);
        if group == self.groups.len() {
            self.groups.push(Arc::default());
        }
        let chunks = Arc::make_mut(&mut self.groups[group]);
        if chunk == chunks.len() {
            chunks.push(Arc::new(Chunk { gates: Vec::new(), slots: Vec::new(), vectors: Arc::default() }));
        }
        let chunk = Arc::make_mut(&mut chunks[chunk]);
        chunk.gates.push(gate);
        chunk.slots.push(slot);
        if !vectors.is_empty() {
            Arc::make_mut(&mut chunk.vectors).extend_from_slice(vectors);
        }
        self.len += 1;
        row
    }

    /// Takes out a row; the last one gets its number. Answers the id of that one.
    pub(super) fn swap_remove(&mut self, row: u32) -> Option<Id> {
        let stride = 2 * self.dims;
        let last = self.len as u32 - 1;
        let chunk = self.edit(last).0;
        let gate = chunk.gates.pop().expect("the last chunk is not empty");
        let slot = chunk.slots.pop().expect("a chunk has as many slots as gates");
        let vectors = if stride == 0 {
            Vec::new()
        } else {
            let all = Arc::make_mut(&mut chunk.vectors);
            all.split_off(all.len() - stride)
        };
        if chunk.gates.is_empty() {
            let group = self.groups.last_mut().expect("a row lives in a group");
            let chunks = Arc::make_mut(group);
            chunks.pop();
            if chunks.is_empty() {
                self.groups.pop();
            }
        }
        self.len -= 1;
        if row == last {
            return None;
        }
        let id = slot.id;
        let (chunk, at) = self.edit(row);
        (chunk.gates[at], chunk.slots[at]) = (gate, slot);
        if stride > 0 {
            Arc::make_mut(&mut chunk.vectors)[stride * at..stride * (at + 1)].copy_from_slice(&vectors);
        }
        Some(id)
    }

    /// Where a row lies in the index; `None` for somebody who takes no part or wants nobody.
    pub(super) fn place(&self, row: u32) -> Option<(Class, Key)> {
        self.gate(row).place(self.slot(row).serial)
    }

    /// What the index keeps of a row.
    pub(super) fn entry(&self, row: u32, packing: Packing<'_>) -> Entry<'_> {
        let (gate, slot) = (self.gate(row), self.slot(row));
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        Entry {
            row,
            point: gate.point,
            limit: chord_limit(gate.limit),
            birth: gate.birth,
            age_min: gate.age_min,
            age_max: gate.age_max,
            flags: flag(gate.verified(), VERIFIED)
                | flag(gate.verified_only(), VERIFIED_ONLY)
                | flag(gate.has(Gate::INTERESTS), HAS_INTERESTS),
            interests: if gate.has(Gate::INTERESTS) {
                Signature::of(slot.facts().interests())
            } else {
                Signature::default()
            },
            sketch: packing.sketcher.map_or(Sketch::default(), |sketcher| {
                let facts = slot.facts();
                sketcher.sketch(facts.interests(), facts.attributes())
            }),
            appeal: slot.appeal - slot.price,
            pickiness: slot.pickiness + most_of_own(gate, slot.facts(), packing.weights) as f32,
            vectors: self.vectors(row),
        }
    }
}

/// The most that a person's own tastes, answers and emphases add to what anybody's weights add: a bound of their side that
/// no search has to ask them about. Terms that count less than usual are bounded as if they counted as usual.
fn most_of_own(gate: &Gate, facts: Facts<'_>, weights: &Weights) -> f64 {
    let own = gate.emphases;
    let beyond = |factor: f64, weight: f64| (factor - 1.0).max(0.0) * weight;
    let mut most = beyond(own.age(), weights.age);
    if gate.placed() {
        most += beyond(own.distance(), weights.near);
    }
    if gate.has(Gate::INTERESTS) {
        most += beyond(own.interests(), weights.interests);
    }
    if gate.has(Gate::TASTES) {
        most += facts.most_of_tastes(weights.attributes * own.attributes());
    }
    if gate.has(Gate::ANSWERS) {
        most += own.questions() * weights.questions * Expectation::default().most(facts.answers().points());
    }
    most
}

impl<Id: PersonId> Rows for Table<Id> {
    fn key(&self, row: u32) -> Key {
        let gate = self.gate(row);
        Key::new(gate.birth, gate.point, self.slot(row).serial)
    }

    fn point(&self, row: u32) -> Point {
        self.gate(row).point
    }
}
