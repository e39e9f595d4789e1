//! The people of one engine: their exact rows, the index over them, and who they are by id.
//!
//! Written by [`super::Engine`], read by everything else through [`super::View`]. A [`State`] is a handful of `Arc`s: a view
//! holds the same `Arc<State>`, and the next write after it copies only what it touches.
//! Invariants: `ids` maps exactly the ids of the rows; the index has exactly the rows that take part; `interest_counts`
//! are exact.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::checked::Checked;
use super::earlier::Earlier;
use super::event::{Act, Tally, Vote};
use super::facts::Facts;
use super::index::Index;
use super::index::key::{Class, Key};
use super::market::parallel;
use super::table::{Chunk, Gate, PersonId, Slot, Table};
use super::taste;
use super::{Config, Day, EngineError, Event, Fusion};

/// Shards of the map of ids: a write of a new id after a view copies one of them.
const SHARDS: usize = 1 << 10;
/// Interests counted together.
const COUNTS: usize = 256;

/// A whole population at one moment.
#[derive(Debug, Clone)]
pub(super) struct State<Id> {
    pub(super) config: Arc<Config<Id>>,
    pub(super) today: Option<Day>,
    pub(super) table: Table<Id>,
    pub(super) index: Index,
    next_serial: u32,
    ids: Arc<Vec<Arc<FxHashMap<Id, u32>>>>,
    interest_counts: Vec<Arc<[u32; COUNTS]>>,
}

/// Maps the ids of all rows, every thread its own shards; the smallest id that two rows have.
fn name_all<Id: PersonId + Send + Sync>(table: &Table<Id>, threads: usize) -> Result<Vec<Arc<FxHashMap<Id, u32>>>, Id> {
    let each = SHARDS.div_ceil(threads.clamp(1, SHARDS));
    let mut shards: Vec<FxHashMap<Id, u32>> = (0..SHARDS).map(|_| FxHashMap::default()).collect();
    let mut twice: Vec<Option<Id>> = vec![None; SHARDS.div_ceil(each)];
    let parts = shards.chunks_mut(each).zip(&mut twice);
    parallel::each(
        parts,
        threads,
        || (),
        |(), number, (part, twice)| {
            for shard in &mut *part {
                shard.reserve(table.len / SHARDS);
            }
            let slots = table.chunks().flat_map(|chunk| &chunk.slots);
            for (row, slot) in (0..).zip(slots) {
                let Some(shard) = part.get_mut(shard_of(slot.id).wrapping_sub(number * each)) else { continue };
                if shard.insert(slot.id, row).is_some() {
                    *twice = Some(twice.map_or(slot.id, |other| other.min(slot.id)));
                }
            }
        },
    );
    match twice.into_iter().flatten().min() {
        Some(id) => Err(id),
        None => Ok(shards.into_iter().map(Arc::new).collect()),
    }
}

fn shard_of(id: impl Hash) -> usize {
    (FxBuildHasher.hash_one(id).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SHARDS.trailing_zeros())) as usize
}

impl<Id: PersonId> State<Id> {
    pub(super) fn new(config: Config<Id>) -> Self {
        let empty = Arc::new(FxHashMap::default());
        Self {
            today: None,
            table: Table::new(config.dims),
            index: Index::new(config.dims),
            next_serial: 0,
            ids: Arc::new(vec![empty; SHARDS]),
            interest_counts: Vec::new(),
            config: Arc::new(config),
        }
    }

    /// A population that was there before: its rows, their index, and how many people have each interest.
    ///
    /// `O(people)`. When two people have the same id, that id.
    pub(super) fn restored(
        mut self,
        (table, index): (Table<Id>, Index),
        next_serial: u32,
        interests: &[u32],
        threads: usize,
    ) -> Result<Self, Id>
    where
        Id: Send + Sync,
    {
        self.ids = Arc::new(name_all(&table, threads)?);
        let counts = interests.chunks(COUNTS).map(|counts| {
            let mut block = [0; COUNTS];
            block[..counts.len()].copy_from_slice(counts);
            Arc::new(block)
        });
        self.interest_counts = counts.collect();
        (self.table, self.index, self.next_serial) = (table, index, next_serial);
        Ok(self)
    }

    /// The serial number that the next new person gets.
    pub(super) fn next_serial(&self) -> u32 {
        self.next_serial
    }

    pub(super) fn len(&self) -> usize {
        self.table.len
    }

    /// Today; people exist only after it was set.
    pub(super) fn today(&self) -> Day {
        self.today.unwrap_or(Day(0))
    }

    pub(super) fn find(&self, id: Id) -> Option<u32> {
        self.ids[shard_of(id)].get(&id).copied()
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
        self.table.chunks().scan(0, |next, chunk| {
            let first = *next;
            *next += chunk.gates.len() as u32;
            Some((first, &**chunk))
        })
    }

    #[inline]
    pub(super) fn gate(&self, row: u32) -> &Gate {
        self.table.gate(row)
    }

    #[inline]
    pub(super) fn slot(&self, row: u32) -> &Slot<Id> {
        self.table.slot(row)
    }

    /// `is` and `seeks`, each of the engine's dimensions; zeros for somebody without vectors.
    #[inline]
    pub(super) fn vectors(&self, row: u32) -> (&[f32], &[f32]) {
        self.table.vectors(row)
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

    /// The same people, with prices in logits on looks at `rows`, ranked by this fusion.
    ///
    /// `O(rows)`: copies the columns, not the vectors.
    pub(super) fn priced(&self, rows: &[u32], prices: &[f32], fusion: Fusion) -> Self {
        let mut state = self.clone();
        if fusion != state.config.fusion {
            Arc::make_mut(&mut state.config).fusion = fusion;
        }
        for (&row, &price) in rows.iter().zip(prices) {
            let (chunk, at) = state.table.edit(row);
            chunk.slots[at].price = price;
            if let Some((class, key)) = state.table.place(row) {
                let entry = state.table.entry(row, state.config.packing());
                state.index.edit(class, key, row, |leaf, at| leaf.write(at, &entry));
            }
        }
        state
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

    fn name(&mut self, id: Id, row: u32) {
        Arc::make_mut(&mut Arc::make_mut(&mut self.ids)[shard_of(id)]).insert(id, row);
    }

    /// Adds a checked person under a new row, or replaces what they say and want.
    pub(super) fn put(&mut self, id: Id, new: Checked) -> Result<(), EngineError> {
        if let Some(row) = self.find(id) {
            self.replace(row, new);
        } else {
            let row = self.add(id, new)?;
            self.index_row(row);
        }
        Ok(())
    }

    /// Adds or replaces without the index, which has to be [rebuilt](Self::reindex) afterwards.
    pub(super) fn put_unindexed(&mut self, id: Id, new: Checked) -> Result<(), EngineError> {
        if let Some(row) = self.find(id) {
            self.write(row, new);
        } else {
            self.add(id, new)?;
        }
        Ok(())
    }

    /// Builds the index of all rows anew, its leaves nearly full. `O(n log n)`.
    pub(super) fn reindex(&mut self) {
        let packing = self.config.packing();
        let mut places: Vec<(Class, Key, u32)> = (0..self.table.len as u32)
            .filter_map(|row| self.table.place(row).map(|(class, key)| (class, key, row)))
            .collect();
        places.sort_unstable();
        let table = &self.table;
        let sorted = places.into_iter().map(|(class, key, row)| (class, key, table.entry(row, packing)));
        self.index.pack(sorted, table);
    }

    fn index_row(&mut self, row: u32) {
        if let Some((class, key)) = self.table.place(row) {
            let entry = self.table.entry(row, self.config.packing());
            self.index.insert(class, key, &entry, &self.table);
        }
    }

    fn add(&mut self, id: Id, mut new: Checked) -> Result<u32, EngineError> {
        if self.config.taste.is_some() {
            new.vectors.copy_within(..self.table.dims, self.table.dims);
        }
        let next = (u32::try_from(self.table.len + 1), self.next_serial.checked_add(1));
        let (Ok(_), Some(next_serial)) = next else {
            return Err(EngineError::Full);
        };
        self.count_interests(&new.facts, true);
        let mut slot = Slot {
            id,
            serial: self.next_serial,
            cell: new.cell,
            facts: new.facts,
            acts: None,
            earlier: None,
            decided: Tally::default(),
            received: Tally::default(),
            prior: new.prior,
            pickiness: 0.0,
            appeal: 0.0,
            price: 0.0,
        };
        slot.weigh(&self.config.weights);
        let row = self.table.push(new.gate, slot, &new.vectors);
        self.name(id, row);
        self.next_serial = next_serial;
        Ok(row)
    }

    fn write(&mut self, row: u32, mut new: Checked) {
        let old = Arc::clone(&self.slot(row).facts);
        self.count_interests(&old, false);
        self.count_interests(&new.facts, true);
        let dims = self.table.dims;
        let (weights, taste, learned) = (self.config.weights, self.config.taste, self.config.learned.min(dims));
        let (chunk, at) = self.table.edit(row);
        let slot = &mut chunk.slots[at];
        let (likes, [received, _]) = (slot.decided.likes(), slot.received.counts());
        (slot.cell, slot.facts, slot.prior) = (new.cell, new.facts, new.prior);
        slot.weigh(&weights);
        chunk.gates[at] = new.gate;
        if dims > 0 {
            let range = 2 * dims * at..2 * dims * (at + 1);
            if let Some(prior) = taste {
                let was = &chunk.vectors[range.clone()];
                if was[..learned] != new.vectors[..learned] {
                    // Beyond what is learned nothing is kept.
                    let mut said = vec![0.0; dims];
                    said[..learned].copy_from_slice(&was[..learned]);
                    Earlier::changed(&mut chunk.slots[at].earlier, &said, received);
                }
                taste::keep(&mut new.vectors, was, learned, prior, likes);
            }
            if chunk.vectors[range.clone()] != *new.vectors {
                Arc::make_mut(&mut chunk.vectors)[range].copy_from_slice(&new.vectors);
            }
        }
    }

    fn replace(&mut self, row: u32, new: Checked) {
        let before = self.table.place(row);
        let same_vectors = {
            let (is, seeks) = self.vectors(row);
            // Where the engine keeps what is sought, it changes with what one is alone.
            let compared = if self.config.taste.is_some() { is.len() } else { is.len() + seeks.len() };
            is.iter().chain(seeks).take(compared).eq(new.vectors.iter().take(compared))
        };
        let after = new.place(self.slot(row).serial);
        if before != after
            && let Some((class, key)) = before
        {
            self.index.remove(class, key, row, &self.table);
        }
        self.write(row, new);
        match after {
            Some((class, key)) if before == after => {
                let table = &self.table;
                let entry = table.entry(row, self.config.packing());
                self.index.edit(class, key, row, |leaf, at| {
                    leaf.write(at, &entry);
                    leaf.write_place(at, entry.point, table);
                    if !same_vectors {
                        leaf.write_vectors(at, &entry);
                    }
                });
            }
            Some(_) => self.index_row(row),
            None => {}
        }
    }

    /// Forgets a person; the last row takes the free place.
    pub(super) fn take(&mut self, id: Id) -> bool {
        let Some(row) = self.find(id) else { return false };
        let facts = Arc::clone(&self.slot(row).facts);
        self.count_interests(&facts, false);
        Arc::make_mut(&mut Arc::make_mut(&mut self.ids)[shard_of(id)]).remove(&id);
        if let Some((class, key)) = self.table.place(row) {
            self.index.remove(class, key, row, &self.table);
        }
        let last = self.table.len as u32 - 1;
        if row != last
            && let Some((class, key)) = self.table.place(last)
        {
            self.index.edit(class, key, last, |leaf, at| leaf.columns.row[at] = row);
        }
        if let Some(moved) = self.table.swap_remove(row) {
            self.name(moved, row);
        }
        true
    }

    /// Takes in one event; writes nothing when it says nothing new.
    pub(super) fn record(&mut self, event: Event<Id>) -> Result<(), EngineError> {
        let (actor, other) = self.pair(event.actor, event.other)?;
        let at = u32::try_from(event.at).map_err(|_| EngineError::InvalidTime(event.at))?;
        let serial = self.slot(other).serial;
        let old = self.slot(actor).act_on(serial).unwrap_or(Act::new(serial));
        let mut new = old.after(event.kind, at);
        let (was, is) = (old.vote(), new.vote());
        if self.config.taste.is_some() {
            // A like that stands stays with the text that it was learned from.
            new.learned_from = match (was.quarters(), is.quarters()) {
                (_, 0) => 0,
                (0, _) => Earlier::now(self.slot(other).earlier.as_deref()),
                _ => old.learned_from,
            };
        }
        if new != old {
            self.keep(actor, new);
        }
        if is != was {
            self.learn(actor, other, (old.learned_from, was), (new.learned_from, is));
        }
        Ok(())
    }

    fn keep(&mut self, actor: u32, act: Act) {
        let (chunk, at) = self.table.edit(actor);
        let acts = Arc::make_mut(chunk.slots[at].acts.get_or_insert_default());
        match acts.binary_search_by_key(&act.other, |act| act.other) {
            Ok(at) => acts[at] = act,
            Err(at) => acts.insert(at, act),
        }
    }

    /// Replaces what was learned of a like or a pass, each with the name of the text that a like was learned from.
    fn learn(&mut self, actor: u32, other: u32, (of_old, old): (u8, Vote), (of_new, new): (u8, Vote)) {
        let (was, is) = (old.quarters(), new.quarters());
        if let Some(prior) = self.config.taste
            && self.table.dims > 0
            && was != is
        {
            let before = self.slot(actor).decided.likes();
            let after = before + new.likes() - old.likes();
            let name = if was > 0 { of_old } else { of_new };
            let earlier = self.slot(other).earlier.as_deref();
            let liked = earlier.and_then(|earlier| earlier.find(name)).unwrap_or(self.vectors(other).0);
            let liked = liked[..self.config.learned.min(liked.len())].to_vec();
            self.reseek(actor, |mine| taste::turn(mine, &liked, prior, before, after));
            // The row is written anyway, below.
            let (chunk, at) = self.table.edit(other);
            Earlier::counted(&mut chunk.slots[at].earlier, name, was, is);
        }
        self.weigh_again(actor, |slot| slot.decided.replace(old, new));
        self.weigh_again(other, |slot| slot.received.replace(old, new));
    }

    /// Changes what a person seeks, in the row and in its place in the index.
    fn reseek(&mut self, row: u32, change: impl FnOnce(&mut [f32])) {
        let dims = self.table.dims;
        let (chunk, at) = self.table.edit(row);
        change(&mut Arc::make_mut(&mut chunk.vectors)[2 * dims * at..2 * dims * (at + 1)]);
        if let Some((class, key)) = self.table.place(row) {
            let entry = self.table.entry(row, self.config.packing());
            self.index.edit(class, key, row, |leaf, at| leaf.write_vectors(at, &entry));
        }
    }

    /// Changes what is known of a person, and with it the biases of the row and of its place in the index.
    fn weigh_again(&mut self, row: u32, change: impl FnOnce(&mut Slot<Id>)) {
        let weights = self.config.weights;
        let (chunk, at) = self.table.edit(row);
        let slot = &mut chunk.slots[at];
        change(slot);
        slot.weigh(&weights);
        if let Some((class, key)) = self.table.place(row) {
            let entry = self.table.entry(row, self.config.packing());
            self.index.edit(class, key, row, |leaf, at| leaf.write(at, &entry));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Gender, Person};
    use super::*;

    #[test]
    fn rows_stay_small() {
        assert_eq!(size_of::<Gate>(), 32);
        assert!(size_of::<Slot<u64>>() <= 88, "{}", size_of::<Slot<u64>>());
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
        let shared = |a: &State<u32>, b: &State<u32>| {
            a.table.chunks().zip(b.table.chunks()).filter(|(a, b)| Arc::ptr_eq(a, b)).count()
        };
        assert_eq!(shared(&view, &state), view.table.chunks().count() - 1);
        let vectors = |state: &State<u32>| state.table.chunks().nth(1).map(|chunk| Arc::as_ptr(&chunk.vectors));
        assert_eq!(vectors(&view), vectors(&state), "neither a like nor the same vectors copy vectors");
        assert_eq!((view.interest_count(1), view.interest_count(2)), (1000, 0));
        assert_eq!((state.interest_count(1), state.interest_count(2)), (999, 1));
    }
}
