//! Many small pieces of work over several threads.
//!
//! Invariant: what is computed for a piece depends on the piece alone, so the number of threads changes nothing but time.

use std::thread;

/// Calls `work(memory, index, item)` for every item, on at most `threads` threads, each with its own `memory`.
///
/// Threads take consecutive items, as evenly as can be; the last share runs on the calling thread.
///
/// # Panics
/// If `work` panics.
pub(crate) fn each<Item: Send, Memory>(
    items: impl IntoIterator<Item = Item>,
    threads: usize,
    memory: impl Fn() -> Memory + Sync,
    work: impl Fn(&mut Memory, usize, Item) + Sync,
) {
    let mut items: Vec<Item> = items.into_iter().collect();
    let count = items.len();
    let threads = threads.clamp(1, count.max(1));
    let share = |first: usize, items: Vec<Item>| {
        let mut memory = memory();
        for (at, item) in items.into_iter().enumerate() {
            work(&mut memory, first + at, item);
        }
    };
    thread::scope(|scope| {
        for thread in (1..threads).rev() {
            let first = thread * count / threads;
            let later = items.split_off(first);
            let share = &share;
            scope.spawn(move || share(first, later));
        }
        share(0, items);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_done_once_whatever_the_number_of_threads() {
        for count in [0, 1, 2, 7, 100] {
            for threads in [0, 1, 2, 3, 8, 200] {
                let mut values = vec![0_usize; count];
                each(values.iter_mut(), threads, || 1, |one, index, value| *value += index + *one);
                assert_eq!(values, (1..=count).collect::<Vec<_>>(), "{count} items on {threads} threads");
            }
        }
    }
}
