//! One line per measurement, and whether every bar was met.

use std::process::ExitCode;
use std::time::Instant;

/// Seconds that work must take together to be measured, and the most repeats.
const ENOUGH: f64 = 0.1;
const MOST_REPEATS: f64 = 200.0;

/// Counts what was missed.
#[derive(Debug, Default)]
pub(crate) struct Report {
    missed: Vec<String>,
}

impl Report {
    /// Prints a line and remembers a bar that was missed.
    pub(crate) fn line(&mut self, is_met: bool, line: &str) {
        println!("{}  {line}", if is_met { "ok    " } else { "MISSED" });
        if !is_met {
            self.missed.push(line.to_owned());
        }
    }

    /// A method with its anchor, the bar it has to reach, and its seconds on one and two threads beside those of `NumPy`.
    pub(crate) fn method(&mut self, name: &str, anchor: f64, bar: f64, found: f64, numpy: f64, seconds: [f64; 2]) {
        let factor = numpy / seconds[0];
        let line = format!(
            "{name:<22} anchor {anchor:>8.2}  bar {bar:>8.2}  here {found:>9.3}  NumPy {numpy:>6.2} s  here {:>8.4} s, on two threads {:>8.4} s  {factor:>6.0} x",
            seconds[0], seconds[1]
        );
        self.line(found >= bar && factor >= 10.0, &line);
    }

    /// What was missed, and success if nothing was.
    pub(crate) fn end(self) -> ExitCode {
        println!("\n{} bars missed", self.missed.len());
        for line in &self.missed {
            println!("  {line}");
        }
        if self.missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// What `work` gives, and the seconds of the best of three.
pub(crate) fn timed<T>(work: impl Fn() -> T) -> (T, f64) {
    let (result, first) = once(&work);
    (result, first.min(once(&work).1).min(once(&work).1))
}

fn once<T>(work: impl Fn() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed().as_secs_f64())
}

/// What `work` on this thread alone gives, and the seconds of processor time of the best of three: a busy machine does
/// not count. Where the system does not tell, it is the time that passed.
pub(crate) fn timed_alone<T>(work: impl Fn() -> T) -> (T, f64) {
    // The scheduler counts in steps of milliseconds, so short work is repeated.
    let (result, passed) = once(&work);
    let repeats = (ENOUGH / passed.max(1e-9)).ceil().clamp(1.0, MOST_REPEATS);
    let many = || {
        let (start, clock) = (processor_seconds(), Instant::now());
        let mut left = repeats;
        while left > 0.0 {
            work();
            left -= 1.0;
        }
        let spent = start.and_then(|start| Some(processor_seconds()? - start));
        spent.unwrap_or_else(|| clock.elapsed().as_secs_f64()) / repeats
    };
    (result, many().min(many()).min(many()))
}

/// Seconds that this thread has been running, from the statistics of a Linux scheduler.
fn processor_seconds() -> Option<f64> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = statistics.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}
