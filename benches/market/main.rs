//! The bilateral market: what published methods reach, what these reach, and how long it takes.
//!
//! `cargo bench -p gpting-benches --bench market [-- PART …]`, with any of `exact dense speed large lists daily factors
//! bound noise`; without, all. Markets are those of the public generator (uniform tastes mixed with a common opinion), seed
//! 0. *Anchor* is what the papers' methods reach, *`NumPy`* the seconds of an independent implementation of the same method
//! on one core, envy included; seconds here are the best of three: of processor time on one thread, of passed time on two. Ends with failure when a bar is missed.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod bound;
mod noise;
mod report;
mod values;

use std::process::ExitCode;

use report::Report;

/// What can be asked for by name.
type Part = (&'static str, fn(&mut Report));

fn main() -> ExitCode {
    // Cargo hands over `--bench` beside the parts.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let parts: [Part; 9] = [
        ("exact", values::exact),
        ("dense", values::dense),
        ("speed", values::speed),
        ("large", values::large),
        ("lists", values::lists),
        ("daily", values::daily),
        ("factors", values::factors),
        ("bound", bound::gaps),
        ("noise", noise::table),
    ];
    let mut report = Report::default();
    for (name, part) in parts {
        if wanted.is_empty() || wanted.iter().any(|one| one == name) {
            println!("\n== {name}");
            part(&mut report);
        }
    }
    report.end()
}
