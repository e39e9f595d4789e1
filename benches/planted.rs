//! Preferences planted in conversations alone: what the service finds of them, and that it forgets them again.
//!
//! `cargo bench -p gpting-benches --bench planted [-- SEEKERS CANDIDATES SEED]`, 30, 90 and 5 when nothing is said. Prints the
//! table of `docs/assist.md`; the population and the model that reads the planted words are `gpting_core::lab::planted`.

#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]

use gpting_core::lab::planted::{Plot, reading_model, run};

fn main() -> gpting_core::Result<()> {
    let mut sizes = std::env::args().skip(1).filter_map(|word| word.parse::<usize>().ok());
    let seekers = sizes.next().unwrap_or(30).clamp(1, 200);
    let candidates = sizes.next().unwrap_or(90).clamp(2, 190);
    let plot = Plot { seekers, candidates, seed: sizes.next().unwrap_or(5) as u64 };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| gpting_core::Error::Internal { what: "no runtime could be made", source: error.into() })?;
    println!("{}", runtime.block_on(run(reading_model(), plot))?);
    Ok(())
}
