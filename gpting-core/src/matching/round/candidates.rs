//! The graph of a round: everybody's best by the exact score of the engine, the union of both sides.
//!
//! Called by `round`; asks `retrieval`. Invariant: a pair is eligible, and neither has decided about the other.

use rustc_hash::FxHashSet;

use super::super::market::graph::{Edge, Graph};
use super::super::population::State;
use super::super::retrieval::{Question, Room, fill};
use super::super::simd::Level;
use super::super::walk::in_chunks;
use super::super::{EngineError, PersonId, Relax};

/// The pairs that `limit` candidates of everybody in `rows` make; people are numbered by their place in `rows`.
pub(super) fn graph<Id: PersonId + Send + Sync>(
    state: &State<Id>,
    rows: &[u32],
    limit: usize,
    threads: usize,
) -> Result<Graph, EngineError> {
    let mut places = vec![u32::MAX; state.len()];
    for (place, &row) in (0_u32..).zip(rows) {
        places[row as usize] = place;
    }
    let (nobody, level) = (FxHashSet::default(), Level::best());
    let memory = || (Room::new(), Vec::new());
    let pieces = in_chunks(rows, threads, memory, |(room, page), first, chunk| {
        let mut edges = Vec::new();
        for (a, &row) in (first as u32..).zip(chunk) {
            let question = Question {
                row,
                limit: limit.min(state.len()),
                after: None,
                excluding: &nobody,
                mutual: true,
                relax: Relax::default(),
                level,
            };
            fill(state, &question, room, page, |row, pick| Edge {
                a,
                b: places[row as usize],
                there: pick.there as f32,
                back: pick.back as f32,
            })?;
            edges.extend_from_slice(page);
        }
        Ok(edges)
    })?;
    Ok(Graph::new(rows.len(), pieces.concat())?)
}
