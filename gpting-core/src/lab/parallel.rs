//! Equal pieces of work on a few threads.
//!
//! Called by `sequential` and `speed_dating`. Results come back in the order of the pieces, so that they do not depend on
//! how many threads there were or which was first.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Does `work(0) … work(pieces - 1)` on up to `threads` threads and returns the results in that order.
///
/// A thread takes the next piece when it is done with one, so pieces may differ in length. With one thread, or one piece,
/// nothing is spawned.
///
/// # Panics
/// When `work` does.
pub(crate) fn map<T: Send>(threads: usize, pieces: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = threads.min(pieces);
    if threads < 2 {
        return (0..pieces).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= pieces {
                return done;
            }
            done.push((piece, work(piece)));
        }
    };
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let hands: Vec<_> = (0..threads).map(|_| scope.spawn(take)).collect();
        hands
            .into_iter()
            .flat_map(|hand| hand.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    done.sort_unstable_by_key(|(piece, _)| *piece);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_pieces() {
        let squares: Vec<usize> = (0..100).map(|piece| piece * piece).collect();
        for threads in [0, 1, 3, 200] {
            assert_eq!(map(threads, 100, |piece| piece * piece), squares);
        }
        assert_eq!(map(4, 0, |piece| piece), Vec::<usize>::new());
    }
}
