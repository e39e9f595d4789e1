//! What the memory of this machine allows: how fast it streams, and what a row of 128 bytes costs that lies anywhere.

use super::{Clocks, MeanEffort};
use crate::lab::stream::Stream;
use crate::matching::straight::{Line, gather, stream};

/// Bytes of a row that a scan reads before it drops most of them: place, limit, birth, ages, flags.
const FILTER_BYTES: f64 = 13.0;
/// Rows of 128 bytes that the two f32 vectors of somebody take who is scored in f64.
fn exact_rows(dims: usize) -> f64 {
    8.0 * dims as f64 / 128.0
}

/// Figures of the memory, measured in this process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Memory {
    /// Bytes per second, one behind the other, one thread.
    pub stream_bytes_per_s: f64,
    /// Nanoseconds of one row of 128 bytes out of as many rows as there are people, every fourth or so, asked for ahead.
    pub gather_ns: f64,
}

impl Memory {
    /// Measures with as many rows as there are people, at least 16 MiB of them; the best of 15 rounds.
    pub fn measure(people: u32, clocks: Clocks) -> Self {
        let rows = (people as usize).max(1 << 17);
        let lines = vec![Line([1; 8]); 2 * rows];
        let mut best = (f64::INFINITY, f64::INFINITY);
        let mut random = Stream::new(1);
        let asked = 13_000.min(rows / 8);
        for _ in 0..15 {
            let mut row = random.below(rows - 8 * asked + 1);
            let picks: Vec<u32> = (0..asked)
                .map(|_| {
                    row += 1 + random.below(7);
                    row as u32 % rows as u32
                })
                .collect();
            let begin = (clocks.cpu)();
            std::hint::black_box(gather(&lines, &picks));
            best.0 = best.0.min(((clocks.cpu)() - begin) * 1e9 / asked as f64);
        }
        for _ in 0..5 {
            let begin = (clocks.cpu)();
            std::hint::black_box(stream(&lines));
            best.1 = best.1.min(((clocks.cpu)() - begin) / (128.0 * rows as f64));
        }
        Self { stream_bytes_per_s: 1.0 / best.1, gather_ns: best.0 }
    }

    /// Microseconds that the memory alone takes for a query: columns of the rows scanned, one row of 128 bytes for each
    /// packed vector, each refinement and each test of an exact row, and the exact vectors.
    pub fn limit_us(&self, effort: &MeanEffort, dims: usize) -> f64 {
        let streamed = effort.scanned * FILTER_BYTES / self.stream_bytes_per_s * 1e6;
        let rows = effort.first + effort.second + effort.refined + effort.settled + effort.exact * exact_rows(dims);
        streamed + rows * self.gather_ns / 1e3
    }
}
