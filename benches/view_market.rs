//! The market of a whole population: from the index to lists and daily picks, and what its shortcuts lose.
//!
//! Measures: `View::market(Market::daily())` end to end on the synthetic population of the laboratory (70 % of the people take
//! part, vectors of 128 dimensions, everybody under their own and each other's filters); `View::top_for_all`; and at 20,000
//! people the same market fed with every eligible pair instead of candidates, once with tastes of their own and once with
//! tastes that nearly agree; and what picks lose where the market is cut into regions.
//! Run: `cargo bench -p gpting-benches --bench view_market` for 200,000 people on two threads;
//! `-- --people 1000000 --threads 2 --seed 1` for others, `-- --only market|loss|regions|pages` for one part.
//! Bar: at 200,000 people at most 120 s and 3 GB on two cores.

#![expect(clippy::print_stdout, clippy::cast_possible_truncation, reason = "a bench prints")]

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use gpting_core::lab::population::Population;
use gpting_core::matching::market::graph::{Edge, Graph, MarketSettings, Report, Solver};
use gpting_core::{After, Config, Day, Engine, Market, View};

/// Coordinates of the vectors.
const DIMS: usize = 128;
/// What `seeks` is multiplied with where people have tastes of their own, and where they nearly agree.
const OWN_TASTES: f32 = 4.0;
const ONE_TASTE: f32 = 0.5;
/// Fewest people of a region, in the comparison of cut markets.
const LEAST: [usize; 3] = [10_000, 5_000, 2_000];
/// People of the comparison with every pair.
const SMALL: u32 = 20_000;

fn main() {
    let people = argument("--people").and_then(|text| text.parse().ok()).unwrap_or(200_000);
    let threads = argument("--threads").and_then(|text| text.parse().ok()).unwrap_or(2);
    let seed = argument("--seed").and_then(|text| text.parse().ok()).unwrap_or(1);
    let only = argument("--only");
    let wants = |part: &str| only.as_deref().is_none_or(|only| only == part);
    if wants("market") {
        market(&view(people, seed, OWN_TASTES, 0.0), people, threads);
    }
    if wants("loss") {
        println!("{SMALL} people with tastes of their own");
        loss(&view(SMALL, seed, OWN_TASTES, 0.0), threads);
        println!("{SMALL} people who want the same few");
        loss(&view(SMALL, seed, ONE_TASTE, 2.0), threads);
    }
    if wants("regions") {
        println!("{people} people with tastes of their own");
        regions(&view(people, seed, OWN_TASTES, 0.0), threads);
        println!("{people} people who want the same few");
        regions(&view(people, seed, ONE_TASTE, 2.0), threads);
    }
    if wants("pages") {
        pages(&view(people, seed, OWN_TASTES, 0.0), people, threads);
    }
}

fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|one| one != name).nth(1)
}

/// People whose appeal is spread by so many logits.
fn view(people: u32, seed: u64, strength: f32, spread: f32) -> View<u32> {
    let population = Population::new(seed, DIMS);
    let mut engine = Engine::new(Config::dims(DIMS)).expect("an engine");
    engine.set_today(Day::from_ymd(2026, 11, 27).expect("a day"));
    let person = |number: u32| {
        let person = population.person(u64::from(number)).person(strength);
        (number, if spread > 0.0 { person.appeal(spread * normal(number)) } else { person })
    };
    engine.extend((0..people).map(person)).expect("people");
    engine.view()
}

/// A number hashed from another, about normal: the sum of twelve uniform ones.
fn normal(number: u32) -> f32 {
    let mut state = u64::from(number);
    let uniform = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 24) as f32
    };
    (0..12).map(uniform).sum::<f32>() - 6.0
}

fn market(view: &View<u32>, people: u32, threads: usize) {
    println!("{people} people, engine full; peak memory so far {:.0} MB", peak_megabytes());
    let clock = Clock::start();
    let round = view.market(Market::daily()).expect("settings");
    let slates = round.solve(threads).expect("slates");
    println!("MARKET of {people} people, {threads} threads: {}, peak memory {:.0} MB", clock.told(), peak_megabytes());
    tell("slates", slates.report());
}

/// Candidates against all pairs.
fn loss(view: &View<u32>, threads: usize) {
    let clock = Clock::start();
    let graph = every_pair(view, threads);
    let settings = MarketSettings { pool: Some(20), threads, ..MarketSettings::default() };
    let exact = Solver::new(&graph, settings).expect("settings").finish().expect("slates");
    println!("  every pair ({}): {}", graph.edges().len(), clock.told());
    tell("pools from every pair", &exact.report);
    for pool in [10, 20, 40] {
        let clock = Clock::start();
        let round = view.market(Market::daily().pool(pool)).expect("settings");
        let slates = round.solve(threads).expect("slates");
        let share = 1.0 - slates.report().expected_matches / exact.report.expected_matches;
        println!("  pools of {pool}: loses {:.2} %, {}", 100.0 * share, clock.told());
        tell("slates", slates.report());
    }
}

/// Picks of the whole market, and of markets cut into regions, one behind the other.
fn regions(view: &View<u32>, threads: usize) {
    let clock = Clock::start();
    let whole = view.market(Market::daily()).expect("settings").solve(threads).expect("slates");
    let report = whole.report();
    println!("  uncut: picks {:.1} of at most {:.1}, {}", report.pick_matches, report.pick_bound, clock.told());
    for least in LEAST {
        let clock = Clock::start();
        let cut = view.regions(least);
        let (mut taken, mut matches) = (HashSet::new(), 0.0);
        for number in 0..cut.len() {
            let round = view.market(Market::daily()).expect("settings");
            let market = round.solve_region(&cut, number, threads).expect("a market");
            let picks = market.picks(|id| taken.contains(&id), |other| other < number).expect("picks");
            matches += picks.matches;
            taken.extend(picks.pairs.iter().flat_map(|pair| [pair.0, pair.1]));
        }
        println!(
            "  {} regions of at least {least} ({:?}): picks {matches:.1}, {:.2} % less, {} people, {}",
            cut.len(),
            cut.people(),
            100.0 * (1.0 - matches / report.pick_matches),
            taken.len(),
            clock.told()
        );
    }
}

fn every_pair(view: &View<u32>, threads: usize) -> Graph {
    let edges = Mutex::new(Vec::new());
    let each = |id: u32, page: &[gpting_core::Pick<u32>]| {
        let half = page.iter().filter(|pick| pick.id > id);
        let half = half.map(|pick| Edge { a: id, b: pick.id, there: pick.there as f32, back: pick.back as f32 });
        edges.lock().expect("nobody panicked").extend(half);
    };
    view.top_for_all(view.len(), threads, each).expect("pages");
    Graph::new(view.len(), edges.into_inner().expect("nobody panicked")).expect("a graph")
}

fn tell(name: &str, report: &Report) {
    println!(
        "  {name}: expected matches {:.1} of at most {:.1} (gap {:.3}), picks {:.1} of at most {:.1}, envy {}, Gini {:.3}, \
         zero share {:.3}, without candidate {} of {}, {} pairs",
        report.expected_matches,
        report.upper_bound,
        report.gap(),
        report.pick_matches,
        report.pick_bound,
        report.envy,
        report.gini,
        report.zero_share,
        report.without_candidate,
        report.people,
        report.edges,
    );
}

/// Everybody's page, and beside it queries in no order.
fn pages(view: &View<u32>, people: u32, threads: usize) {
    let (queries, mut done, mut number) = (people.min(20_000), 0_u32, 0_u64);
    let clock = Clock::start();
    while done < queries {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let page = view.top((number >> 33) as u32 % people, 20, After::Start).expect("a page");
        done += u32::from(!page.is_empty());
    }
    let single = f64::from(queries) / clock.worked();
    let count = AtomicUsize::new(0);
    let clock = Clock::start();
    view.top_for_all(20, threads, |_, page| {
        std::hint::black_box(page);
        count.fetch_add(1, Ordering::Relaxed);
    })
    .expect("pages");
    let all = count.into_inner() as f64 / clock.worked();
    println!(
        "PAGES of {people} people: {single:.0} users/s per core one by one, {all:.0} all at once, {:.2} times",
        all / single
    );
}

fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

/// Elapsed time, and beside it the time that processors worked: on a busy machine only that says what a step costs.
struct Clock {
    began: Instant,
    before: f64,
}

impl Clock {
    fn start() -> Self {
        Self { began: Instant::now(), before: all_work() }
    }

    fn worked(&self) -> f64 {
        all_work() - self.before
    }

    fn told(&self) -> String {
        format!("{:.1} s, {:.1} s of work", self.began.elapsed().as_secs_f64(), self.worked())
    }
}

/// Seconds of all threads of this process so far.
fn all_work() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}
