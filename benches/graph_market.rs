//! A market of sixty thousand people on one graph, from filters to lists.
//!
//! Measures: hard filters and price pools by a blocked scan, aligned slots, best response, daily picks; prices in blocks.
//! Population: the profiles of `okcupid-profiles.csv.gz` in the folder `GPTING_DATA` (sex, orientation, age), or as many
//! made up with the same shares; age windows, tastes and likes are simulated (seed 1): `logit p = c + 0.8 appeal + 0.6
//! pickiness + 0.5 z·z − 0.05 |age gap|`, z in 8 dimensions, c for a mean like of 0.15.
//! Run: `GPTING_DATA=folder cargo bench -p gpting-benches --bench graph_market` (two threads; `-- --threads 1` for one).

#![expect(clippy::print_stdout, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bench prints")]

#[path = "graph_market/people.rs"]
mod people;
#[path = "graph_market/scan.rs"]
mod scan;

use std::time::Instant;

use gpting_core::matching::market::graph::{
    Factors, Graph, Kernel, Lists, MarketSettings, Noise, Offer, Pairing, PairingSettings, PriceSettings, Prices,
    Slots, Solver, envy, gather, gini, respond, upper_bound, zero_share,
};

use people::People;
use scan::Scan;

/// Candidates chosen by each person, and partners drawn to find prices.
const POOL: usize = 20;
const DRAWN: usize = 256;
/// Softness of the prices. People have very different numbers of eligible others; the softer the prices, the more these
/// numbers alone decide.
const TEMPERATURE: f32 = 0.1;

fn main() {
    let threads = std::env::args().skip_while(|one| one != "--threads").nth(1);
    let threads = threads.and_then(|text| text.parse().ok()).unwrap_or(2);
    let people = People::load(1);
    println!("{} people from {}, {threads} threads", people.len(), people.source);
    market(&people, threads);
    blocks(threads);
    println!("peak memory {:.0} MB", peak_megabytes());
}

/// The bar: filters, pool of 20, slots and best response, then what is added to it.
fn market(people: &People, threads: usize) {
    let mut clock = Clock::start();
    let scan = Scan::new(people);
    clock.lap("columns");
    let count = people.len();
    let kernel =
        Kernel::of_sample(count, TEMPERATURE, threads, |person, out| scan.draw(person, DRAWN, out)).expect("a kernel");
    let settings = PriceSettings { iterations: 20, threads, ..PriceSettings::default() };
    let prices = Prices::of(&kernel, &vec![1.0; count], settings).expect("prices");
    drop(kernel);
    clock.lap("prices");
    let offer = Offer::new(&prices.price, Noise::new(1, 0.03));
    let graph = gather(&scan, count, &offer, POOL, threads).expect("a graph");
    clock.lap("filters and pool");
    let (both, table) = (graph.both(), inverse());
    let slots = Slots::new(&graph, &both, 64, 0, PairingSettings::default()).expect("slots");
    let mut lists = slots.lists(&graph, &both, POOL);
    clock.lap("slots");
    let responses = respond(&graph, &both, &table, &mut lists, 30, 1e-4, threads);
    clock.lap("best response");
    println!("TOTAL {}, peak memory {:.0} MB", clock.total(), peak_megabytes());
    println!("  {} edges, most {}, {} rounds", graph.edges().len(), most(&graph), responses.totals.len() - 1);
    tell("slots + best response", &graph, &both, &table, &lists, threads);

    let mut clock = Clock::start();
    let bound = upper_bound(&graph, &both, &table, &lists, 30, threads);
    clock.lap("upper bound");
    println!("  upper bound on these edges {bound:.1}");
    let picks = Pairing::new(&graph, &both, PairingSettings::default()).expect("picks");
    clock.lap("daily picks");
    println!("  picks {:.3}, at most {:.3}, {} pairs", picks.weight, picks.bound, picks.edges.len());
    let picks = Pairing::new(&graph, &both, PairingSettings { cap: 3, tolerance: 1e-3 }).expect("picks");
    clock.lap("three daily picks");
    println!("  picks {:.3}, at most {:.3}, {} pairs", picks.weight, picks.bound, picks.edges.len());
    let slots = Slots::new(&graph, &both, 64, 3, PairingSettings { tolerance: 1e-3, ..PairingSettings::default() });
    let mut lists = slots.expect("slots").lists(&graph, &both, POOL);
    respond(&graph, &both, &table, &mut lists, 30, 1e-4, threads);
    clock.lap("three exact slots + best response");
    tell("exact slots + best response", &graph, &both, &table, &lists, threads);

    let settings = MarketSettings { threads, ..MarketSettings::default() };
    let slates = Solver::new(&graph, settings).expect("a solver").finish().expect("slates");
    clock.lap("the solver with its defaults on the same pools");
    println!("  {:?}", slates.report);

    let free = vec![0.0; count];
    let plain = gather(&scan, count, &Offer::new(&free, Noise::new(1, 0.0)), POOL, threads).expect("a graph");
    let both = plain.both();
    tell("product, for comparison", &plain, &both, &table, &Lists::by_product(&plain, POOL), threads);
    let mut lists =
        Slots::new(&plain, &both, 64, 0, PairingSettings::default()).expect("slots").lists(&plain, &both, POOL);
    respond(&plain, &both, &table, &mut lists, 30, 1e-4, threads);
    tell("slots in the pools without prices", &plain, &both, &table, &lists, threads);
}

fn tell(name: &str, graph: &Graph, both: &[f32], table: &[f64], lists: &Lists, threads: usize) {
    let matches = lists.matches(graph, both, table);
    println!(
        "  {name}: expected matches {:.1}, envy {}, Gini {:.3}, zero share {:.3}, without candidate {}",
        matches.iter().sum::<f64>() / 2.0,
        envy(graph, both, table, lists, threads),
        gini(&matches),
        zero_share(&matches),
        (0..graph.people() as u32).filter(|&person| graph.of(person).is_empty()).count(),
    );
}

/// Twenty rounds of prices for ten thousand people a side, 32 numbers each, no matrix kept.
fn blocks(threads: usize) {
    let side = 10_000;
    let value = |i: usize| ((i.wrapping_mul(2_654_435_761) >> 7) % 1000) as f32 / 8000.0;
    let seek: Vec<f32> = (0..2 * side * 16).map(value).collect();
    let offer: Vec<f32> = (0..2 * side * 16).map(|i| value(i + 77)).collect();
    let factors = Factors::new(16, Some(side), &seek, &offer).expect("factors");
    let mut clock = Clock::start();
    let settings = PriceSettings { iterations: 20, tolerance: 0.0, threads };
    let prices = Prices::in_blocks(&factors, 1.0, &vec![1.0; 2 * side], settings).expect("prices");
    clock.lap("20 rounds of prices, 10,000 x 10,000 in blocks");
    println!("  last change {:.1e}", prices.change);
}

fn most(graph: &Graph) -> usize {
    (0..graph.people() as u32).map(|person| graph.of(person).len()).max().unwrap_or(0)
}

/// `1 / k` for a list.
fn inverse() -> Vec<f64> {
    std::iter::once(0.0).chain((1..=POOL).map(|k| 1.0 / k as f64)).collect()
}

fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

/// Elapsed time, and beside it the time that processors worked: on a busy machine only that says what a step costs.
struct Clock {
    began: (Instant, f64),
    lap: (Instant, f64),
}

/// Seconds of all threads of this process so far.
fn worked() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

impl Clock {
    fn start() -> Self {
        let now = (Instant::now(), worked());
        Self { began: now, lap: now }
    }

    fn lap(&mut self, name: &str) {
        println!("{name}: {}", Self::since(self.lap));
        self.lap = (Instant::now(), worked());
    }

    fn total(&self) -> String {
        Self::since(self.began)
    }

    fn since((instant, before): (Instant, f64)) -> String {
        format!("{:.2} s, {:.2} s of work", instant.elapsed().as_secs_f64(), worked() - before)
    }
}
