//! Rows of a matrix over several threads.
//!
//! Invariant: what is computed for a row depends on the row alone, so the number of threads changes nothing but time.

use std::thread;

/// Calls `work(first_row, rows)` for consecutive blocks of rows that together are `values`, at most `threads` at a time.
///
/// The blocks are as even as can be; the last one runs on the calling thread. `width` is the length of a row.
///
/// # Panics
/// If `values` are not whole rows, or if `work` panics.
pub(crate) fn rows<T: Send>(values: &mut [T], width: usize, threads: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    if values.is_empty() {
        return;
    }
    assert_eq!(values.len() % width, 0, "rows of {width}");
    let count = values.len() / width;
    let threads = threads.clamp(1, count);
    thread::scope(|scope| {
        let (mut rest, mut first) = (values, 0);
        for thread in 0..threads {
            let here = (thread + 1) * count / threads - first;
            let (block, after) = rest.split_at_mut(here * width);
            rest = after;
            let (start, work) = (first, &work);
            first += here;
            if thread + 1 == threads {
                work(start, block);
            } else {
                scope.spawn(move || work(start, block));
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_done_once_whatever_the_number_of_threads() {
        for count in [0, 1, 2, 7, 100] {
            for threads in [0, 1, 2, 3, 8, 200] {
                let mut values = vec![0_usize; count * 3];
                rows(&mut values, 3, threads, |first, block| {
                    for (row, values) in block.chunks_mut(3).enumerate() {
                        for value in values {
                            *value += first + row + 1;
                        }
                    }
                });
                let expected: Vec<_> = (1..=count).flat_map(|row| [row; 3]).collect();
                assert_eq!(values, expected, "{count} rows on {threads} threads");
            }
        }
    }
}
