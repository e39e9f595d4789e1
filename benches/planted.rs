//! Preferences planted in conversations alone: what the service finds of them, and that it forgets them again.
//!
//! `cargo bench -p gpting-benches --bench planted [-- SEEKERS CANDIDATES SEED]`, 30, 90 and 5 when nothing is said. Prints the
//! table of `docs/assist.md`; the population and the model that reads the planted words are `gpting_core::lab::planted`. With
//! `GPTING_LLM_URL`, `GPTING_LLM_MODEL` and, where it is needed, `GPTING_LLM_API_KEY` that server's model reads instead: each
//! conversation and each profile once.

#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]

use gpting_core::lab::planted::{Plot, reading_model, run};
use gpting_llm::{Llm, LlmText};

fn main() -> gpting_core::Result<()> {
    let mut sizes = std::env::args().skip(1).filter_map(|word| word.parse::<usize>().ok());
    let seekers = sizes.next().unwrap_or(30).clamp(1, 200);
    let candidates = sizes.next().unwrap_or(90).clamp(2, 190);
    let plot = Plot { seekers, candidates, seed: sizes.next().unwrap_or(5) as u64 };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| gpting_core::Error::Internal { what: "no runtime could be made", source: error.into() })?;
    let found = match named()? {
        Some((llm, model)) => {
            let found = runtime.block_on(run(model, plot))?;
            let stats = llm.stats();
            println!(
                "{} requests, {} tokens read, {} written",
                stats.requests, stats.input_tokens, stats.output_tokens
            );
            found
        }
        None => runtime.block_on(run(reading_model(), plot))?,
    };
    println!("{found}");
    Ok(())
}

/// The model that the environment names; none when it names no server.
fn named() -> gpting_core::Result<Option<(Llm, LlmText)>> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some(url) = variable("GPTING_LLM_URL") else { return Ok(None) };
    let unusable = |source| gpting_core::Error::Internal { what: "the model server cannot be used", source };
    let model = variable("GPTING_LLM_MODEL").ok_or_else(|| unusable("GPTING_LLM_MODEL is not set".into()))?;
    let mut builder = Llm::builder(&url).model(&model);
    if let Some(key) = variable("GPTING_LLM_API_KEY") {
        builder = builder.key(key);
    }
    let llm = builder.build().map_err(|error| unusable(error.into()))?;
    Ok(llm.text().map(|model| (llm, model)))
}
