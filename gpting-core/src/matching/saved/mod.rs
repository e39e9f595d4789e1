//! A whole engine as bytes: written once in a while, read at the next start in a fraction of the time of building it.
//!
//! Called by hosts, which decide where the bytes are kept. The exact rows, what people did, and the packed index as it is:
//! a header, then sections with sums of their own, which are read by one thread and decoded by others, then the sum of all.
//! Everything is little-endian. Signals, rules and other settings are the host's code and come in again at loading.
//! Invariants: an engine that was loaded answers and learns as the saved one does; bytes that are not what was written give
//! an error, never a panic, and never room for more than was there.

mod error;
mod header;
mod load;
mod rows;
mod section;

use std::io::{Read, Write};
use std::sync::Arc;

pub use error::{LoadError, SaveError};

use super::index::{Index, saved::fingerprint};
use super::market::parallel;
use super::population::State;
use super::table::{CHUNK, Packing, PersonId, Table};
use super::{Config, Engine};
use header::Header;
use load::{Content, Plan};
use rows::{Form, ROWS};
use section::Sections;

impl<Id: PersonId> Engine<Id> {
    /// Writes everything the engine knows to `out`; `number` gives every id a number of its own, by which it is found again.
    ///
    /// What was forgotten is not in the bytes. `O(people · dimensions)`; some `8 · dimensions + dimensions + 130` bytes a
    /// person. `out` gets a few large pieces and needs no buffer.
    ///
    /// ```
    /// use gpting_core::{After, Config, Day, Engine, Gender, Person};
    ///
    /// let mut engine = Engine::<u64>::new(Config::dims(0))?;
    /// engine.set_today(Day::from_ymd(2026, 11, 23)?);
    /// engine.extend((1..100).map(|id| (id, Person::new(Gender::O, 30).appeal(1.0 / id as f32))))?;
    ///
    /// let mut bytes = Vec::new(); // or a file
    /// engine.save(&mut bytes, u128::from)?;
    /// let loaded = Engine::<u64>::load(Config::dims(0), &bytes[..], |number| number.try_into().ok(), 2)?;
    /// assert_eq!(loaded.view().top(1, 20, After::Start)?, engine.view().top(1, 20, After::Start)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SaveError::Write`] when `out` fails.
    pub fn save(&self, mut out: impl Write, number: impl Fn(Id) -> u128) -> Result<(), SaveError> {
        let state = &*self.state;
        let dims = state.config.dims;
        let header = Header {
            fingerprint: fingerprint(dims, state.config.sketcher.as_deref()),
            weights: state.config.weights,
            today: state.today,
            dims: dims as u32,
            next_serial: state.next_serial(),
            people: state.len() as u32,
            nodes: state.index.nodes().count() as u32,
        };
        let (bytes, seed) = header.to_bytes();
        out.write_all(&bytes)?;
        let mut sections = Sections::new(out, seed);
        let chunks: Vec<_> = state.chunks().map(|(_, chunk)| chunk).collect();
        for chunks in chunks.chunks(ROWS / CHUNK) {
            sections.write(|out| rows::write(chunks, &number, out))?;
        }
        for (class, first, node) in state.index.nodes() {
            sections.write(|out| node.write(class, first, out))?;
        }
        sections.end()
    }
}

impl<Id: PersonId + Send + Sync> Engine<Id> {
    /// Reads what [`Self::save`] wrote; `id` is the way back from numbers to ids. Reads no byte behind it.
    ///
    /// `config` has the dimensions of the saved engine; weights may be others, and everything else is taken as given: the
    /// result is the engine that had been made with these settings. `input` is read on the calling thread in large pieces
    /// and needs no buffer; `threads` others decode. `O(people · dimensions)`, about the speed of the memory; the same
    /// result for every number of threads.
    ///
    /// # Errors
    /// [`LoadError`], by whether the settings, the bytes or the numbers are at fault.
    pub fn load(
        config: Config<Id>,
        mut input: impl Read,
        id: impl Fn(u128) -> Option<Id> + Sync,
        threads: usize,
    ) -> Result<Self, LoadError> {
        config.check()?;
        let (header, seed) = Header::read(&mut input)?;
        let dims = config.dims;
        if header.dims as usize != dims {
            return Err(LoadError::OtherDimensions { expected: dims, saved: header.dims as usize });
        }
        if header.fingerprint != fingerprint(dims, config.sketcher.as_deref()) {
            return Err(LoadError::OtherPacking);
        }
        let reweigh = (header.weights != config.weights).then_some(config.weights);
        let form = Form { dims, next_serial: header.next_serial, reweigh };
        let plan = Plan { header, seed, form, stride: Index::stride_of(dims) };
        let content = load::content(&mut input, &plan, &id, threads)?;
        let mut state = State::new(config);
        state.today = header.today;
        let (parts, interests) = joined(content, &plan, state.config.packing(), threads).ok_or(LoadError::Damaged)?;
        let state = state
            .restored(parts, header.next_serial, &interests, threads)
            .map_err(|id| LoadError::SameId(format!("{id:?}")))?;
        Ok(Self { state: Arc::new(state) })
    }
}

type Parts<Id> = ((Table<Id>, Index), Vec<u32>);

/// Rows and index, which must agree; `None` when they do not.
fn joined<Id: PersonId + Send + Sync>(
    content: Content<Id>,
    plan: &Plan,
    packing: Packing<'_>,
    threads: usize,
) -> Option<Parts<Id>> {
    let Content { chunks, places, mut nodes, counts } = content;
    let dims = plan.form.dims;
    let table = Table::of_chunks(dims, &chunks);
    drop(chunks);
    if table.len > 0 && plan.header.today.is_none() {
        return None;
    }
    let mut seen = vec![false; table.len];
    for row in nodes.iter().flat_map(|(_, _, node)| node.rows()) {
        if std::mem::replace(seen.get_mut(row as usize)?, true) {
            return None;
        }
    }
    let in_order = nodes.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1));
    if !in_order || seen.into_iter().filter(|seen| *seen).count() != counts.in_index {
        return None;
    }
    let ends: Vec<_> =
        (1..=nodes.len()).map(|at| nodes.get(at).filter(|next| next.0 == nodes[at - 1].0).map(|next| next.1)).collect();
    let mut agreed = vec![false; nodes.len()];
    let entry = plan.form.reweigh.map(|_| {
        let table = &table;
        move |row| table.entry(row, packing)
    });
    let place = |row: u32| places[row as usize / ROWS][row as usize % ROWS];
    let work = nodes.iter_mut().zip(&ends).zip(&mut agreed);
    parallel::each(
        work,
        threads,
        || (),
        |(), _, (((class, first, node), end), agreed)| {
            *agreed = node.settle(*class, (*first, *end), place, entry.as_ref());
        },
    );
    let index = Index::of_nodes(dims, nodes);
    agreed.into_iter().all(|agreed| agreed).then_some(((table, index), counts.interests))
}

#[cfg(test)]
mod tests;
