//! The people of one engine, in chunks of rows that are shared until somebody writes.
//!
//! Written by [`super::Engine`], read by everything else through [`super::View`]. A [`State`] is a spine of `Arc`s: a
//! view holds the same `Arc<State>`, the next write after it copies the spine and then only the chunks it touches. Rows
//! are dense (the last row moves into a freed one), so a row number means something inside one state alone; what
//! people did to each other is kept under serial numbers, which are never used again.
//! Invariants: `index` maps exactly the ids of the rows; `interest_counts` are exact; vectors are finite.

use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::event::{Act, Decision, Tally};
use super::facts::{self, Facts};
use super::logistic::logit;
use super::person::Birth;
use super::place::{Point, squared_chord_of};
use super::{Cell, Config, Day, EngineError, Event, Genders, Person};

const CHUNK: usize = 256;
/// Shards of the id index: a write after a view copies one of them.
const SHARDS: usize = 1 << 10;
/// Interests counted together.
const COUNTS: usize = 256;
const OLDEST_YEARS: u8 = 150;

/// What an id must be: any small copyable key. Implemented for every type that fits.
pub trait PersonId: Copy + Ord + Hash + Debug {}

impl<T: Copy + Ord + Hash + Debug> PersonId for T {}

/// What the eligibility test reads of every row: 32 bytes, scanned from the first row to the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gate {
    pub(super) limit: i64,
    pub(super) point: Point,
    pub(super) birth: Day,
    pub(super) age_min: u8,
    pub(super) age_max: u8,
    /// One bit.
    pub(super) gender: u8,
    pub(super) genders: u8,
    flags: u8,
}

impl Gate {
    const ACTIVE: u8 = 1;
    const VERIFIED: u8 = 2;
    const VERIFIED_ONLY: u8 = 4;
    const PLACED: u8 = 8;

    pub(super) fn active(self) -> bool {
        self.flags & Self::ACTIVE != 0
    }

    pub(super) fn verified(self) -> bool {
        self.flags & Self::VERIFIED != 0
    }

    pub(super) fn verified_only(self) -> bool {
        self.flags & Self::VERIFIED_ONLY != 0
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
    facts: Arc<[u16]>,
    /// Sorted by serial number; `None` while there are none.
    acts: Option<Arc<Vec<Act>>>,
    decided: Tally,
    received: Tally,
    prior: f32,
    /// Weighted logits, ready to add.
    pub(super) pickiness: f32,
    pub(super) appeal: f32,
    /// Lengths of the vectors, rounded up.
    pub(super) is_length: f32,
    pub(super) seeks_length: f32,
}

impl<Id> Slot<Id> {
    pub(super) fn facts(&self) -> Facts<'_> {
        Facts::new(&self.facts)
    }

    pub(super) fn act_on(&self, serial: u32) -> Option<Act> {
        let acts = self.acts.as_deref()?;
        acts.binary_search_by_key(&serial, |act| act.other).ok().map(|at| acts[at])
    }
}

/// Up to [`CHUNK`] rows.
#[derive(Debug, Clone)]
pub(super) struct Chunk<Id> {
    pub(super) gates: Vec<Gate>,
    pub(super) slots: Vec<Slot<Id>>,
    /// `is`, then `seeks`, of every row; apart, so that a decision does not copy it.
    vectors: Arc<Vec<f32>>,
}

/// A whole population at one moment.
#[derive(Debug, Clone)]
pub(super) struct State<Id> {
    pub(super) config: Arc<Config<Id>>,
    pub(super) today: Option<Day>,
    chunks: Vec<Arc<Chunk<Id>>>,
    len: usize,
    next_serial: u32,
    index: Vec<Arc<FxHashMap<Id, u32>>>,
    interest_counts: Vec<Arc<[u32; COUNTS]>>,
}

fn place_of(row: u32) -> (usize, usize) {
    (row as usize / CHUNK, row as usize % CHUNK)
}

fn shard_of(id: impl Hash) -> usize {
    (FxBuildHasher.hash_one(id).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SHARDS.trailing_zeros())) as usize
}

impl<Id: PersonId> State<Id> {
    pub(super) fn new(config: Config<Id>) -> Self {
        let empty = Arc::new(FxHashMap::default());
        Self {
            config: Arc::new(config),
            today: None,
            chunks: Vec::new(),
            len: 0,
            next_serial: 0,
            index: vec![empty; SHARDS],
            interest_counts: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Today; people exist only after it was set.
    pub(super) fn today(&self) -> Day {
        self.today.unwrap_or(Day(0))
    }

    pub(super) fn find(&self, id: Id) -> Option<u32> {
        self.index[shard_of(id)].get(&id).copied()
    }

    pub(super) fn row(&self, id: Id) -> Result<u32, EngineError> {
        self.find(id).ok_or_else(|| EngineError::unknown(id))
    }

    /// The rows of two different people.
    pub(super) fn pair(&self, a: Id, b: Id) -> Result<(u32, u32), EngineError> {
        let rows = (self.row(a)?, self.row(b)?);
        if rows.0 == rows.1 { Err(EngineError::SamePerson) } else { Ok(rows) }
    }

    /// Every chunk with the number of its first row.
    pub(super) fn chunks(&self) -> impl Iterator<Item = (u32, &Chunk<Id>)> {
        self.chunks.iter().enumerate().map(|(at, chunk)| ((at * CHUNK) as u32, &**chunk))
    }

    pub(super) fn gate(&self, row: u32) -> &Gate {
        let (chunk, at) = place_of(row);
        &self.chunks[chunk].gates[at]
    }

    pub(super) fn slot(&self, row: u32) -> &Slot<Id> {
        let (chunk, at) = place_of(row);
        &self.chunks[chunk].slots[at]
    }

    /// `is` and `seeks`, each of the engine's dimensions; zeros for somebody without vectors.
    pub(super) fn vectors(&self, row: u32) -> (&[f32], &[f32]) {
        let (chunk, at) = place_of(row);
        let dims = self.config.dims;
        self.chunks[chunk].vectors[2 * dims * at..2 * dims * (at + 1)].split_at(dims)
    }

    /// How many people have an interest.
    pub(super) fn interest_count(&self, interest: u16) -> u32 {
        let interest = usize::from(interest);
        self.interest_counts.get(interest / COUNTS).map_or(0, |counts| counts[interest % COUNTS])
    }

    /// Whether `viewer` is no longer shown `candidate`: the own decision, the candidate's pass, a block, an unmatch.
    pub(super) fn excluded(&self, viewer: u32, candidate: u32) -> bool {
        let (viewer, candidate) = (self.slot(viewer), self.slot(candidate));
        viewer.act_on(candidate.serial).is_some_and(Act::hides_other)
            || candidate.act_on(viewer.serial).is_some_and(Act::hides_actor)
    }

    fn edit(&mut self, row: u32) -> (&mut Chunk<Id>, usize) {
        let (chunk, at) = place_of(row);
        (Arc::make_mut(&mut self.chunks[chunk]), at)
    }

    fn count_interests(&mut self, facts: &[u16], add: bool) {
        for &interest in Facts::new(facts).interests() {
            let interest = usize::from(interest);
            while self.interest_counts.len() <= interest / COUNTS {
                self.interest_counts.push(Arc::new([0; COUNTS]));
            }
            let count = &mut Arc::make_mut(&mut self.interest_counts[interest / COUNTS])[interest % COUNTS];
            *count = if add { *count + 1 } else { *count - 1 };
        }
    }

    /// Adds a checked person under a new row, or replaces what they say and want.
    pub(super) fn put(&mut self, id: Id, new: Checked) -> Result<(), EngineError> {
        let dims = self.config.dims;
        if let Some(row) = self.find(id) {
            let old = Arc::clone(&self.slot(row).facts);
            self.count_interests(&old, false);
            self.count_interests(&new.facts, true);
            let (chunk, at) = self.edit(row);
            let slot = &mut chunk.slots[at];
            (slot.cell, slot.facts, slot.prior) = (new.cell, new.facts, new.prior);
            (slot.is_length, slot.seeks_length) = new.lengths;
            chunk.gates[at] = new.gate;
            if dims > 0 {
                let range = 2 * dims * at..2 * dims * (at + 1);
                if chunk.vectors[range.clone()] != *new.vectors {
                    Arc::make_mut(&mut chunk.vectors)[range].copy_from_slice(&new.vectors);
                }
            }
            self.refresh_biases(row);
            return Ok(());
        }
        let (Ok(row), Some(next_serial)) = (u32::try_from(self.len), self.next_serial.checked_add(1)) else {
            return Err(EngineError::Full);
        };
        self.count_interests(&new.facts, true);
        if place_of(row).1 == 0 {
            self.chunks.push(Arc::new(Chunk { gates: Vec::new(), slots: Vec::new(), vectors: Arc::default() }));
        }
        let serial = self.next_serial;
        let (chunk, _) = self.edit(row);
        chunk.gates.push(new.gate);
        chunk.slots.push(Slot {
            id,
            serial,
            cell: new.cell,
            facts: new.facts,
            acts: None,
            decided: Tally::default(),
            received: Tally::default(),
            prior: new.prior,
            pickiness: 0.0,
            appeal: 0.0,
            is_length: new.lengths.0,
            seeks_length: new.lengths.1,
        });
        if dims > 0 {
            Arc::make_mut(&mut chunk.vectors).extend_from_slice(&new.vectors);
        }
        Arc::make_mut(&mut self.index[shard_of(id)]).insert(id, row);
        self.len += 1;
        self.next_serial = next_serial;
        self.refresh_biases(row);
        Ok(())
    }

    /// Forgets a person; the last row takes the free place.
    pub(super) fn take(&mut self, id: Id) -> bool {
        let Some(row) = self.find(id) else { return false };
        let facts = Arc::clone(&self.slot(row).facts);
        self.count_interests(&facts, false);
        Arc::make_mut(&mut self.index[shard_of(id)]).remove(&id);
        self.len -= 1;
        let stride = 2 * self.config.dims;
        let last = Arc::make_mut(self.chunks.last_mut().expect("a row lives in a chunk"));
        let gate = last.gates.pop().expect("the last chunk is not empty");
        let slot = last.slots.pop().expect("a chunk has as many slots as gates");
        let vectors = if stride == 0 {
            Vec::new()
        } else {
            let all = Arc::make_mut(&mut last.vectors);
            all.split_off(all.len() - stride)
        };
        if last.gates.is_empty() {
            self.chunks.pop();
        }
        if row as usize != self.len {
            Arc::make_mut(&mut self.index[shard_of(slot.id)]).insert(slot.id, row);
            let (chunk, at) = self.edit(row);
            (chunk.gates[at], chunk.slots[at]) = (gate, slot);
            if stride > 0 {
                Arc::make_mut(&mut chunk.vectors)[stride * at..stride * (at + 1)].copy_from_slice(&vectors);
            }
        }
        true
    }

    /// Takes in one event; writes nothing when it says nothing new.
    pub(super) fn record(&mut self, event: Event<Id>) -> Result<(), EngineError> {
        let (actor, other) = self.pair(event.actor, event.other)?;
        let at = u32::try_from(event.at).map_err(|_| EngineError::InvalidTime(event.at))?;
        let serial = self.slot(other).serial;
        let old = self.slot(actor).act_on(serial).unwrap_or(Act::new(serial));
        let new = old.after(event.kind, at);
        if new != old {
            self.keep(actor, new);
        }
        if new.decision != old.decision {
            self.learn(actor, other, old.decision, new.decision);
        }
        Ok(())
    }

    fn keep(&mut self, actor: u32, act: Act) {
        let (chunk, at) = self.edit(actor);
        let acts = Arc::make_mut(chunk.slots[at].acts.get_or_insert_default());
        match acts.binary_search_by_key(&act.other, |act| act.other) {
            Ok(at) => acts[at] = act,
            Err(at) => acts.insert(at, act),
        }
    }

    fn learn(&mut self, actor: u32, other: u32, old: Decision, new: Decision) {
        let (chunk, at) = self.edit(actor);
        chunk.slots[at].decided.replace(old, new);
        let (chunk, at) = self.edit(other);
        chunk.slots[at].received.replace(old, new);
        self.refresh_biases(actor);
        self.refresh_biases(other);
    }

    /// `weight · (logit(shrunk share of likes) − logit(like_rate))`: 0 for somebody nothing is known of.
    fn refresh_biases(&mut self, row: u32) {
        let weights = self.config.weights;
        let bias =
            |tally: Tally| logit(tally.shrunk(weights.like_rate, weights.prior_decisions)) - logit(weights.like_rate);
        let (chunk, at) = self.edit(row);
        let slot = &mut chunk.slots[at];
        slot.pickiness = (weights.pickiness * bias(slot.decided)) as f32;
        slot.appeal = (weights.appeal * bias(slot.received)) as f32 + slot.prior;
    }
}

/// A person whose every part was checked and brought into the form of a row.
#[derive(Debug)]
pub(super) struct Checked {
    gate: Gate,
    cell: Option<Cell>,
    facts: Arc<[u16]>,
    vectors: Vec<f32>,
    lengths: (f32, f32),
    prior: f32,
}

impl Checked {
    pub(super) fn new(person: Person, today: Option<Day>, dims: usize) -> Result<Self, EngineError> {
        let today = today.ok_or(EngineError::TodayNotSet)?;
        let birth = match person.birth {
            Birth::Day(day) => day,
            Birth::Age(years) => today.years_before(years),
        };
        if birth > today || birth <= today.years_before(OLDEST_YEARS) {
            return Err(EngineError::ImpossibleBirth);
        }
        let wants = &person.wants;
        if wants.age_min > wants.age_max {
            return Err(EngineError::InvertedAges { min: wants.age_min, max: wants.age_max });
        }
        if !person.appeal.is_finite() || person.appeal.abs() > Person::MAX_APPEAL {
            return Err(EngineError::InvalidNumber("appeal"));
        }
        let facts = facts::pack(&person)?;
        let vectors = match person.vectors {
            None => vec![0.0; 2 * dims],
            Some((is, seeks)) => {
                if let Some(wrong) = [&is, &seeks].into_iter().find(|vector| vector.len() != dims) {
                    return Err(EngineError::WrongDimensions { expected: dims, got: wrong.len() });
                }
                let mut both = is;
                both.extend(seeks);
                both
            }
        };
        if !vectors.iter().all(|x| x.is_finite()) {
            return Err(EngineError::InvalidNumber("a vector"));
        }
        let length = |vector: &[f32]| {
            let squares: f64 = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
            (squares.sqrt() * (1.0 + 1e-6)) as f32
        };
        let lengths = (length(&vectors[..dims]), length(&vectors[dims..]));
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let gate = Gate {
            limit: squared_chord_of(wants.max_distance_km),
            point: person.cell.map_or(Point::default(), Cell::point),
            birth,
            age_min: wants.age_min,
            age_max: wants.age_max,
            gender: Genders::from(person.gender).bits(),
            genders: wants.genders.bits(),
            flags: flag(person.active, Gate::ACTIVE)
                | flag(person.verified, Gate::VERIFIED)
                | flag(person.verified_only, Gate::VERIFIED_ONLY)
                | flag(person.cell.is_some(), Gate::PLACED),
        };
        Ok(Self { gate, cell: person.cell, facts, vectors, lengths, prior: person.appeal })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Gender;
    use super::*;

    #[test]
    fn rows_stay_small() {
        assert_eq!(size_of::<Gate>(), 32);
        assert!(size_of::<Slot<u64>>() <= 96);
    }

    #[test]
    fn the_first_write_after_a_view_copies_one_chunk() {
        let mut state = State::<u32>::new(Config::dims(2));
        state.today = Some(Day(20_000));
        let checked = |interest| {
            let person = Person::new(Gender::F, 30).interests(&[interest]).vectors(&[1.0, 2.0], &[3.0, 4.0]);
            Checked::new(person, Some(Day(20_000)), 2).unwrap()
        };
        for id in 0..1000 {
            state.put(id, checked(1)).unwrap();
        }
        let view = state.clone();
        state.put(300, checked(2)).unwrap();
        state.record(Event::like(301, 302, 5)).unwrap();
        let shared =
            |a: &State<u32>, b: &State<u32>| a.chunks.iter().zip(&b.chunks).filter(|(a, b)| Arc::ptr_eq(a, b)).count();
        assert_eq!(shared(&view, &state), view.chunks.len() - 1);
        let vectors = |state: &State<u32>| Arc::as_ptr(&state.chunks[1].vectors);
        assert_eq!(vectors(&view), vectors(&state), "neither a like nor the same vectors copy vectors");
        assert_eq!((view.interest_count(1), view.interest_count(2)), (1000, 0));
        assert_eq!((state.interest_count(1), state.interest_count(2)), (999, 1));
    }
}
