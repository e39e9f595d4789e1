//! Lists made of wrong estimates, judged on the truth under four ways of reading.
//!
//! Normal errors are added to every estimate and cut to [0.01, 1], as in the published table; a deviation of 0.3 is as
//! large as tastes differ. Lists are made for the default reading and read otherwise. What ships, whole lists of two sides
//! and lists of twenty of one graph, must never be below the product.

use gpting_core::Fusion;
use gpting_core::lab::{Mt19937, bilateral_market};
use gpting_core::matching::market::graph::{self, Edge, Graph, MarketSettings, Solver};
use gpting_core::matching::market::{Examination, Matrix, Pairs, Plan, Preferences, Reading, Slates};

use crate::report::Report;

const READINGS: [Examination; 4] =
    [Examination::Inverse, Examination::Log2, Examination::Exponential, Examination::TopTen];
const NAMES: [&str; 6] =
    ["product", "default plan", "trusting plan", "trusting, calibrated", "product, twenty", "default market, twenty"];
const PEOPLE: usize = 500;
/// The first is printed whole, of the others the least of what ships over the product.
const SEEDS: u32 = 4;

pub(crate) fn table(report: &mut Report) {
    println!("        crowding, deviation, lists           matches read as 1/k, log2, e^-k, first ten");
    let mut least = [f64::INFINITY; 2];
    for seed in 0..SEEDS {
        for crowding in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let truth = bilateral_market(PEOPLE, PEOPLE, crowding, seed);
            let mut random = Mt19937::new(5 + seed);
            for deviation in [0.0, 0.1, 0.2, 0.3] {
                let estimates = estimated(&truth, deviation, &mut random);
                let matches = if seed == 0 { all(&truth, &estimates) } else { shipped(&truth, &estimates) };
                for (least, (product, ships)) in least.iter_mut().zip([(0, 1), (4, 5)]) {
                    let ratios = matches[ships].iter().zip(matches[product]).map(|(here, product)| here / product);
                    *least = ratios.fold(*least, f64::min);
                }
                if seed == 0 {
                    print(report, crowding, deviation, &matches);
                }
            }
        }
    }
    for (name, least) in ["default plan", "default market, lists of twenty"].iter().zip(least) {
        report.line(least >= 1.0, &format!("{SEEDS} seeds, {name}: never less than {least:.4} of the product"));
    }
}

fn print(report: &mut Report, crowding: f64, deviation: f64, matches: &[[f64; 4]; 6]) {
    for (name, values) in NAMES.iter().zip(matches) {
        let product = match *name {
            "default plan" => matches[0],
            "default market, twenty" => matches[4],
            _ => [0.0; 4],
        };
        let is_met = values.iter().zip(product).all(|(here, product)| *here >= product);
        let values = values.map(|value| format!("{value:8.1}")).join(" ");
        report.line(is_met, &format!("{crowding:<5} {deviation:<4} {name:<22} {values}"));
    }
}

fn estimated(truth: &Preferences, deviation: f64, random: &mut Mt19937) -> Preferences {
    if deviation == 0.0 {
        return truth.clone();
    }
    let mut wrong = |side: &Matrix<f64>| {
        let errors = random.normals(0.0, deviation, side.values().len());
        let wrong = side.values().iter().zip(errors).map(|(value, error)| (value + error).clamp(0.01, 1.0));
        Matrix::from_rows(side.rows(), side.columns(), wrong.collect())
    };
    let there = wrong(truth.there());
    Preferences::new(there, wrong(truth.back()))
}

/// Matches by lists and reading, in the order of the names.
fn all(truth: &Preferences, estimates: &Preferences) -> [[f64; 4]; 6] {
    let pairs = Pairs::of(truth);
    let reliability = slope(truth.there(), estimates.there());
    let mut matches = shipped(truth, estimates);
    let plans = [Plan::trusting(), Plan { reliability, ..Plan::trusting() }];
    for (matches, plan) in matches[2..4].iter_mut().zip(plans) {
        *matches = read(&pairs, &plan.threads(2).solve(estimates));
    }
    matches
}

/// The same without the plans for calibrated estimates.
fn shipped(truth: &Preferences, estimates: &Preferences) -> [[f64; 4]; 6] {
    let pairs = Pairs::of(truth);
    let product = read(&pairs, &Slates::fused(estimates, Fusion::Product, 2));
    let plan = read(&pairs, &Plan::default().threads(2).solve(estimates));
    let [by_product, market] = twenty(truth, estimates);
    [product, plan, [0.0; 4], [0.0; 4], by_product, market]
}

fn read(pairs: &Pairs, slates: &Slates) -> [f64; 4] {
    READINGS.map(|examination| pairs.matches(slates, Reading::of(examination)))
}

/// Lists of twenty on the graph of all pairs: by product, and as the market of the engine makes them.
fn twenty(truth: &Preferences, estimates: &Preferences) -> [[f64; 4]; 2] {
    use graph::Examination::{Exponential, First, Inverse, Log2};

    let (truth, estimates) = (everybody(truth), everybody(estimates));
    let settings = MarketSettings { threads: 2, bound_rounds: 1, ..MarketSettings::default() };
    let length = settings.list_length;
    let slates = Solver::new(&estimates, settings).and_then(Solver::finish).expect("a market");
    let market = graph::Lists::by_key(&estimates, length, |person, half| {
        let rank = slates.list(person).iter().position(|&other| other == half.other);
        std::cmp::Reverse(rank.unwrap_or(usize::MAX))
    });
    let both = truth.both();
    [graph::Lists::by_product(&estimates, length), market].map(|lists| {
        [Inverse, Log2, Exponential, First(10)]
            .map(|reading| lists.total(&truth, &both, &reading.table(length).expect("a table")))
    })
}

#[expect(clippy::cast_possible_truncation, reason = "five hundred people; chances in single precision")]
fn everybody(market: &Preferences) -> Graph {
    let (lefts, rights) = (market.there().rows(), market.there().columns());
    let edges = (0..lefts).flat_map(|i| {
        (0..rights).map(move |j| Edge {
            a: i as u32,
            b: (lefts + j) as u32,
            there: market.there().at(i, j) as f32,
            back: market.back().at(j, i) as f32,
        })
    });
    Graph::new(lefts + rights, edges.collect()).expect("a graph")
}

/// The slope of likes on estimates within columns, from the likes a host would have seen: ten people per name.
fn slope(truth: &Matrix<f64>, estimates: &Matrix<f64>) -> f64 {
    let mut random = Mt19937::new(99);
    let (mut products, mut squares) = (0.0, 0.0);
    for column in 0..truth.columns() {
        let seen: Vec<(f64, f64)> = (0..10)
            .map(|visit| {
                let row = (column * 7 + visit * 53) % truth.rows();
                let did_like = random.uniform() < truth.at(row, column);
                (estimates.at(row, column), f64::from(u8::from(did_like)))
            })
            .collect();
        let mean = |of: fn(&(f64, f64)) -> f64| seen.iter().map(of).sum::<f64>() / seen.len() as f64;
        let (estimate, like) = (mean(|one| one.0), mean(|one| one.1));
        products += seen.iter().map(|one| (one.0 - estimate) * (one.1 - like)).sum::<f64>();
        squares += seen.iter().map(|one| (one.0 - estimate).powi(2)).sum::<f64>();
    }
    // Where nobody differs there is nothing to shrink.
    if squares > 1e-9 { (products / squares).clamp(0.0, 1.0) } else { 1.0 }
}
