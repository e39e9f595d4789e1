//! `gpting bench match`: how fast the engine finds people, beside a scan of everybody and beside what the memory can do.
//!
//! Called by the command line; the population, the oracle, the scan and the probes of the memory are the laboratory's,
//! this file owns the clocks and the answer. CPU time of the asking thread, the least of several rounds over all
//! queries, so that a busy machine costs little truth. Vectors are kept a second time, for the scan, while they are few.

use clap::{Args, Subcommand, ValueEnum};
use gpting_core::Level;
use gpting_core::lab::bench::{Bench as Lab, Clocks, Memory, Options, Score, mean, percentile};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Map, Value, json};

use super::start::StartError;
use super::steps::Steps;

/// What is measured.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Bench {
    /// The best people for each of many, out of a made-up population
    Match(Match),
}

/// The flags of the command.
#[derive(Clone, Debug, Args)]
pub(super) struct Match {
    /// How many people there are
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..))]
    people: u32,
    #[arg(long, default_value_t = 20_260_101)]
    seed: u64,
    /// How many of them ask
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    queries: u32,
    /// How many people a page has
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    k: u32,
    /// Dimensions of each of the two vectors of a person
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u32).range(2..=4096))]
    dims: u32,
    /// served: the product of both chances with every term; harmonic: the harmonic mean of both cosines
    #[arg(long, value_enum, default_value = "served")]
    score: Which,
    /// Also ask on so many threads at once
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    threads: u32,
    /// Also ask while so many writes a second happen
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    update_rate: u32,
    /// Also make the pages of everybody at once, on as many threads; with a million people that takes minutes
    #[arg(long)]
    batch: bool,
    /// Also save the engine and load it again, on as many threads
    #[arg(long)]
    save: bool,
    /// Compare the pages of so many who ask with the truth
    #[arg(long, default_value_t = 100)]
    recall_queries: u32,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Which {
    Served,
    Harmonic,
}

/// More people than this are not kept a second time.
const MOST_KEPT: u32 = 2_500_000;
/// Rounds over all queries, of which the least time counts; and of the scan, which is slow.
const ROUNDS: usize = 5;
const SCAN_ROUNDS: usize = 3;
/// Queries of the scan.
const SCANNED: usize = 100;

fn seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn cpu() -> f64 {
    seconds(ClockId::ThreadCPUTime)
}

fn wall() -> f64 {
    seconds(ClockId::Monotonic)
}

/// Runs the command; the text it answers.
///
/// # Errors
/// Those of the engine, which refuses nothing that the flags allow.
pub(super) fn run(what: &Bench) -> Result<String, StartError> {
    let Bench::Match(flags) = what;
    let answer = measure(flags)?;
    if flags.json {
        return Ok(Value::Object(answer).to_string());
    }
    let width = answer.keys().map(String::len).max().unwrap_or(0);
    let line = |(name, value): (&String, &Value)| {
        let value = value.as_f64().map_or_else(|| value.to_string(), |number| format!("{number:.3}"));
        format!("{name:width$}  {value}\n")
    };
    Ok(answer.iter().map(line).collect())
}

fn measure(flags: &Match) -> Result<Map<String, Value>, StartError> {
    let clocks = Clocks { cpu, wall };
    let score = match flags.score {
        Which::Served => Score::Served,
        Which::Harmonic => Score::Harmonic,
    };
    let options = Options {
        people: flags.people,
        dims: flags.dims as usize,
        seed: flags.seed,
        queries: flags.queries as usize,
        k: flags.k as usize,
        score,
        keep_vectors: flags.people <= MOST_KEPT,
    };
    let steps = Steps::new(flags.people as usize);
    let mut bench = Lab::new(options, clocks, |people| {
        if people % (1 << 18) == 0 {
            steps.done(people as usize, flags.people as usize, "people");
        }
    })?;
    let mut answer = Map::new();
    let mut put = |name: &str, value: f64| answer.insert(name.to_owned(), json!(value));

    let times = bench.queries_us(Level::best(), ROUNDS)?;
    for (name, share) in [("p50_us", 0.5), ("p90_us", 0.9), ("p99_us", 0.99)] {
        put(name, percentile(&times, share));
    }
    put("mean_us", mean(&times));
    put("bytes_per_profile", bench.bytes_per_profile());
    put("build_s", bench.build_s);

    let effort = bench.effort()?;
    let memory = Memory::measure(flags.people, clocks);
    put("gather_limit_us", memory.limit_us(&effort, options.dims));
    put("gather_ns_per_row", memory.gather_ns);
    put("stream_gb_per_s", memory.stream_bytes_per_s / 1e9);
    for (name, rows) in [
        ("rows_scanned", effort.scanned),
        ("rows_first_side", effort.first),
        ("rows_second_side", effort.second),
        ("rows_refined", effort.refined),
        ("rows_tested", effort.settled),
        ("rows_exact", effort.exact),
    ] {
        put(name, rows);
    }
    for level in Level::available().into_iter().filter(|level| *level != Level::best()) {
        // The plainest level is for comparison on small populations.
        if level != Level::Plain || flags.people <= 200_000 {
            put(&format!("mean_us_{level:?}").to_lowercase(), mean(&bench.queries_us(level, SCAN_ROUNDS)?));
        }
    }
    if options.keep_vectors {
        let scans = bench.straight_us(SCANNED, SCAN_ROUNDS);
        let times: Vec<f64> = scans.iter().map(|scan| scan.0).collect();
        let found: Vec<f64> = scans.iter().map(|scan| scan.1 as f64).collect();
        put("scan_p50_us", percentile(&times, 0.5));
        put("scan_p99_us", percentile(&times, 0.99));
        put("scan_mean_us", mean(&times));
        put("eligible_p50", percentile(&found, 0.5));
    }
    if flags.recall_queries > 0 {
        put("recall", bench.recall(flags.recall_queries as usize)?);
    }
    if flags.threads > 1 {
        let times = bench.threads_us(flags.threads as usize, ROUNDS)?;
        put("threads_mean_us", mean(&times));
    }
    if flags.batch {
        put("batch_users_per_s", bench.batch_users_per_s(flags.threads as usize)?);
    }
    if flags.save {
        let done = bench.save_and_load(flags.threads as usize)?;
        put("save_s", done.save_s);
        put("load_s", done.load_s);
    }
    if flags.update_rate > 0 {
        let traffic = bench.under_updates(f64::from(flags.update_rate), ROUNDS)?;
        put("idle_p99_us", percentile(&traffic.idle_us, 0.99));
        put("update_p99_us", percentile(&traffic.busy_us, 0.99));
        put("update_us", traffic.update_us);
        put("updates", traffic.updates as f64);
    }
    steps.finish();
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_run_answers_every_figure_and_finds_everybody() {
        let flags = Match {
            people: 3_000,
            seed: 7,
            queries: 20,
            k: 10,
            dims: 16,
            score: Which::Served,
            threads: 2,
            update_rate: 200,
            batch: true,
            save: true,
            recall_queries: 20,
            json: true,
        };
        let answer: Value = serde_json::from_str(&run(&Bench::Match(flags)).unwrap()).unwrap();
        for name in [
            "p50_us",
            "p90_us",
            "p99_us",
            "mean_us",
            "recall",
            "bytes_per_profile",
            "build_s",
            "scan_p50_us",
            "scan_p99_us",
            "gather_limit_us",
            "eligible_p50",
            "threads_mean_us",
            "update_p99_us",
            "batch_users_per_s",
            "load_s",
        ] {
            assert!(answer[name].as_f64().is_some_and(f64::is_finite), "{name}: {answer}");
        }
        assert_eq!(answer["recall"], 1.0, "{answer}");
    }
}
