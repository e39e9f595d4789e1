//! How far a long command is: a bar on a terminal, a line per step elsewhere, always on standard error.
//!
//! Called by commands whose steps are known beforehand, from any thread.

use std::io::{self, IsTerminal as _, Write as _};

use indicatif::{ProgressBar, ProgressStyle};

/// The steps of a command.
pub(super) struct Steps {
    bar: ProgressBar,
}

impl Steps {
    /// A command of so many steps, if that is known already.
    pub(super) fn new(all: usize) -> Self {
        let bar = if io::stderr().is_terminal() { ProgressBar::new(all as u64) } else { ProgressBar::hidden() };
        bar.set_length(all as u64);
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg} [{eta}]") {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// So many of all steps are done; `what` the last one was.
    pub(super) fn done(&self, done: usize, all: usize, what: &str) {
        self.bar.set_length(all as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(what.to_owned());
        if self.bar.is_hidden() {
            // A closed standard error is no reason to stop.
            let _ = writeln!(io::stderr(), "{done}/{all} {what}");
        }
    }

    /// Clears the bar.
    pub(super) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
