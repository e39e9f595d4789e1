//! The sequential market against the published figures, side by side; ends with 1 when a bar is missed.
//!
//! What is measured: expected matches of the published market (Su, Bayoumi, Joachims, WWW 2022: uniform tastes, a share
//! `crowding` of common opinion, seed 621, lists read like 1 / rank), their lower bound, a simulation of the true process
//! beside both, and the time to make the lists. Anchors: that paper's table, and a reference of the same formulas.
//!
//! ```text
//! cargo bench -p gpting-benches --bench sequential [-- --runs 2000]
//! ```

#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]

use std::process::ExitCode;
use std::time::Instant;

use gpting_core::lab::sequential::{Sequential, SequentialMarket, SequentialMethod, simulate, welfare};
use gpting_core::lab::{Taste, sequential_market};
use gpting_core::matching::market::{Matrix, Reading};

const CROWDINGS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// The seed of the published scripts.
const SEED: u32 = 621;

/// Lower bounds at 150 candidates and 100 employers, exact to this.
const EXACT: f64 = 1e-5;
const BOUNDS: [(&str, [f64; 5]); 3] = [
    ("naive", [136.93296, 112.60417, 93.42746, 82.94969, 79.55388]),
    ("product", [182.75824, 149.40690, 116.33699, 92.83143, 79.55388]),
    ("tu-converged", [182.37972, 156.27686, 134.30033, 114.76891, 79.55388]),
];
/// Lower bounds that Frank-Wolfe must reach there.
const WELFARE: [f64; 5] = [189.8, 160.9, 137.4, 118.8, 103.2];

/// Matches in the simulation, published or (tu, mode) by the reference; `None` where neither has the figure.
const SMALL: [(&str, [Option<f64>; 5]); 5] = [
    ("naive", [Some(156.3), Some(128.7), Some(106.9), Some(95.0), Some(92.1)]),
    ("product", [Some(199.9), Some(166.6), Some(131.0), Some(105.0), Some(92.1)]),
    ("tu-converged", [Some(200.5), Some(174.3), Some(151.9), Some(131.5), Some(91.2)]),
    ("mode", [Some(199.9), None, Some(152.7), None, Some(117.9)]),
    ("sw", [Some(198.5), Some(173.5), Some(152.7), Some(134.2), Some(118.2)]),
];
/// The same at 500 and 500, by the reference.
const LARGE: [(&str, [Option<f64>; 5]); 8] = [
    ("random", [Some(547.1), Some(524.4), Some(510.0), Some(503.7), Some(503.7)]),
    ("naive", [Some(753.5), Some(557.4), Some(456.9), Some(398.0), Some(372.8)]),
    ("product", [Some(1013.0), Some(790.1), Some(589.4), Some(454.8), Some(372.8)]),
    ("harmonic", [Some(1012.3), Some(793.1), Some(596.1), Some(465.3), Some(372.8)]),
    ("tu-converged", [Some(1012.9), Some(871.2), Some(747.6), Some(625.9), Some(372.8)]),
    ("mode", [Some(1013.0), Some(874.1), Some(753.1), Some(637.0), Some(541.5)]),
    ("sw", [Some(1027.6), Some(880.6), Some(755.7), Some(639.1), Some(524.6)]),
    ("tu-polish", [Some(1024.4), Some(878.0), Some(757.1), Some(639.7), Some(517.6)]),
];
/// Matches of the best lists at 300 candidates and 200 employers, crowding 0.5.
const MIDDLE: f64 = 335.0;

fn main() -> ExitCode {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let arguments: Vec<String> = std::env::args().collect();
    let runs = arguments.windows(2).find(|pair| pair[0] == "--runs").and_then(|pair| pair[1].parse().ok());
    let bench = Bench { runs: runs.unwrap_or(2000), threads };
    let mut missed = bench.bounds();
    bench.table((150, 100), bench.runs, &SMALL);
    bench.table((500, 500), bench.runs / 8, &LARGE);
    missed += bench.middle();
    println!("\n{missed} bars missed");
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Bench {
    runs: usize,
    threads: usize,
}

impl Bench {
    /// The exact lower bounds; how many are missed.
    fn bounds(&self) -> usize {
        let mut missed = 0;
        println!("lower bound, 150 x 100\ncrowding  method           anchor       here");
        for (at, crowding) in CROWDINGS.into_iter().enumerate() {
            let market = market(150, 100, crowding);
            let bound = |exposure: &Matrix<f64>| Sequential::bound(&market, exposure, self.threads);
            for (name, anchors) in BOUNDS {
                let here = bound(&method(name).solve(&market, 0, self.threads));
                let is_met = (here - anchors[at]).abs() < EXACT;
                missed += usize::from(!is_met);
                println!("{crowding:8}  {name:13} {:9.5}  {here:9.5}  {}", anchors[at], verdict(is_met));
            }
            let here = bound(&welfare(&market, 100, self.threads));
            let is_met = here >= WELFARE[at];
            missed += usize::from(!is_met);
            println!("{crowding:8}  sw         >= {:9.5}  {here:9.5}  {}", WELFARE[at], verdict(is_met));
        }
        missed
    }

    /// Expected and simulated matches of each method.
    fn table(&self, (lefts, rights): (usize, usize), runs: usize, methods: &[(&str, [Option<f64>; 5])]) {
        println!("\nmatches, {lefts} x {rights}, {runs} runs");
        println!("crowding  method          anchor     exact  simulated         seconds");
        for (at, crowding) in CROWDINGS.into_iter().enumerate() {
            let market = market(lefts, rights, crowding);
            let row = |name: &str, anchor: Option<f64>| {
                let (exact, simulated, seconds) = self.matches(&market, name, runs);
                let anchor = anchor.map_or_else(|| "-".to_owned(), |anchor| format!("{anchor:.1}"));
                println!("{crowding:8}  {name:13} {anchor:>8}  {exact:8.2}  {simulated}  {seconds:8.3}");
            };
            for (name, anchors) in methods {
                row(name, anchors[at]);
            }
            row("best", None);
        }
    }

    /// 300 candidates and 200 employers; how many bars are missed.
    fn middle(&self) -> usize {
        println!("\nmatches, 300 x 200, crowding 0.5, {} runs", self.runs);
        let market = market(300, 200, 0.5);
        let mut missed = 0;
        for (name, anchor, bar) in [("tu-converged", 332.91, 332.0), ("sw", 332.6, MIDDLE), ("best", 332.6, MIDDLE)] {
            let start = Instant::now();
            let exposure = method(name).solve(&market, 0, self.threads);
            let seconds = start.elapsed().as_secs_f64();
            let simulated = simulate(&market, &exposure, self.runs, 621, self.threads);
            let is_met = simulated.mean >= bar;
            missed += usize::from(!is_met);
            let (mean, error) = (simulated.mean, simulated.standard_error);
            let exact = Sequential::expected(&market, &exposure, self.threads);
            println!(
                "{name:13} published {anchor:6.2}  bar {bar:6.2}  exact {exact:.2}  simulated {mean:.2} ± {error:.2}  \
                 {seconds:.2} s  {}",
                verdict(is_met)
            );
        }
        missed
    }

    fn matches(&self, market: &SequentialMarket, name: &str, runs: usize) -> (f64, String, f64) {
        let start = Instant::now();
        let exposure = method(name).solve(market, 0, self.threads);
        let seconds = start.elapsed().as_secs_f64();
        let simulated = simulate(market, &exposure, runs, 621, self.threads);
        let exact = Sequential::expected(market, &exposure, self.threads);
        (exact, format!("{:8.2} ± {:4.2}", simulated.mean, simulated.standard_error), seconds)
    }
}

fn market(lefts: usize, rights: usize, crowding: f64) -> SequentialMarket {
    SequentialMarket::new(sequential_market(lefts, rights, crowding, Taste::Random, SEED), Reading::default())
}

fn method(name: &str) -> SequentialMethod {
    name.parse().expect("a method that is listed")
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "MISSED" }
}
