//! Everybody who takes part, in an order in which neighbours ask for the same leaves, and the work on them in chunks.
//!
//! Called by `batch` and `round`. People of one class, half-year and place stand side by side, so what one search has read is
//! still in the cache for the next. Invariants: the order depends on who people are, not on the order in which they came;
//! what is computed for a person depends on the person alone, so threads change nothing but time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::index::key::Class;
use super::population::State;
use super::{EngineError, PersonId};

/// People a thread takes at once: enough to stay among neighbours, few enough that all threads end together.
const CHUNK: usize = 512;

/// The rows of everybody who takes part, as the index sorts them; ties go to the smaller id. `O(N log N)`.
pub(super) fn rows_in_order<Id: PersonId>(state: &State<Id>) -> Vec<u32> {
    let last_birth = state.config.age_gate.last_birth(state.today());
    let mut places: Vec<(Class, u64, Id, u32)> = (0..state.len() as u32)
        .filter_map(|row| {
            let (class, key) = state.table.place(row)?;
            let is_old_enough = state.gate(row).birth <= last_birth;
            is_old_enough.then(|| (class, key.place(), state.slot(row).id, row))
        })
        .collect();
    places.sort_unstable_by_key(|place| (place.0, place.1, place.2));
    places.into_iter().map(|(.., row)| row).collect()
}

/// Calls `work(memory, first, chunk)` for every chunk of `rows`, `first` being the place of the chunk's first row, on up to
/// `threads` threads, each with its own `memory`; the results in the order of the chunks.
///
/// # Errors
/// The first in time; chunks that have not begun are then left out.
pub(super) fn in_chunks<Memory, T: Send>(
    rows: &[u32],
    threads: usize,
    memory: impl Fn() -> Memory + Sync,
    work: impl Fn(&mut Memory, usize, &[u32]) -> Result<T, EngineError> + Sync,
) -> Result<Vec<T>, EngineError> {
    let (next, failure) = (AtomicUsize::new(0), Mutex::new(None));
    let pieces = rows.len().div_ceil(CHUNK);
    let hand = || {
        let mut memory = memory();
        let mut done = Vec::new();
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = rows.chunks(CHUNK).nth(piece) else { break };
            match work(&mut memory, piece * CHUNK, chunk) {
                Ok(result) => done.push((piece, result)),
                Err(error) => {
                    // Whoever asks next finds nothing left to do.
                    next.store(pieces, Ordering::Relaxed);
                    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    break;
                }
            }
        }
        done
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(pieces)).map(|_| scope.spawn(hand)).collect();
        let mut done = hand();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    done.sort_unstable_by_key(|(piece, _)| *piece);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_come_back_in_order_whatever_the_number_of_threads() {
        let rows: Vec<u32> = (0..5 * CHUNK as u32 + 7).collect();
        for threads in [0, 1, 2, 9] {
            let work = |(): &mut (), first: usize, chunk: &[u32]| {
                assert_eq!(chunk[0] as usize, first);
                Ok(chunk.to_vec())
            };
            assert_eq!(in_chunks(&rows, threads, || (), work).unwrap().concat(), rows);
            assert!(in_chunks(&[], threads, || (), work).unwrap().is_empty());
        }
    }

    #[test]
    fn an_error_ends_the_work() {
        let rows: Vec<u32> = (0..100 * CHUNK as u32).collect();
        let begun = AtomicUsize::new(0);
        let result = in_chunks(
            &rows,
            2,
            || (),
            |(), first, _| {
                begun.fetch_add(1, Ordering::Relaxed);
                if first == 0 { Err(EngineError::SamePerson) } else { Ok(()) }
            },
        );
        assert_eq!(result, Err(EngineError::SamePerson));
        assert!(begun.into_inner() <= 100);
    }
}
