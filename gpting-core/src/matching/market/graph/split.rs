//! Work on many people, cut into one piece per thread.
//!
//! Called by the files that compute the same thing for everybody. Invariant: the results do not depend on the number of
//! threads, because each is that of one index and they come back in the order of the indexes.

use std::ops::Range;

/// Fewer indexes than this a thread are not worth starting it.
const LEAST: usize = 1024;

/// `work` on `0..len` in contiguous pieces, at most one per thread; the results in order.
pub(super) fn split<T: Send>(len: usize, threads: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    let pieces = threads.min(len / LEAST).max(1);
    if pieces == 1 {
        return vec![work(0..len)];
    }
    let border = |piece: usize| piece * len / pieces;
    std::thread::scope(|scope| {
        let work = &work;
        let others: Vec<_> =
            (1..pieces).map(|piece| scope.spawn(move || work(border(piece)..border(piece + 1)))).collect();
        let mut results = vec![work(0..border(1))];
        for other in others {
            match other.join() {
                Ok(result) => results.push(result),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_everything_in_order() {
        for (len, threads) in [(0, 3), (5, 2), (5000, 3), (4096, 1), (2047, 2)] {
            let pieces = split(len, threads, Iterator::collect::<Vec<_>>);
            assert!(pieces.len() <= threads.max(1));
            assert_eq!(pieces.concat(), (0..len).collect::<Vec<_>>());
        }
    }
}
