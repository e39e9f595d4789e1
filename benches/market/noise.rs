//! Lists made of wrong estimates, judged on the truth under four ways of reading.
//!
//! Normal errors are added to every estimate and cut to [0.01, 1], as in the published table; a deviation of 0.3 is as
//! large as tastes differ. Lists are made for the default reading and read otherwise.

use gpting_core::Fusion;
use gpting_core::lab::{Mt19937, bilateral_market};
use gpting_core::matching::market::{Examination, Matrix, Pairs, Plan, Preferences, Reading, Slates};

use crate::report::Report;

const READINGS: [Examination; 4] =
    [Examination::Inverse, Examination::Log2, Examination::Exponential, Examination::TopTen];

/// The default plan must not be below the product up to this crowding; beyond, the table shows where it is.
const MOST_CROWDED: f64 = 0.75;

pub(crate) fn table(report: &mut Report) {
    println!("        crowding, deviation, lists           matches read as 1/k, log2, e^-k, first ten");
    for crowding in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let truth = bilateral_market(500, 500, crowding, 0);
        let mut random = Mt19937::new(5);
        for deviation in [0.0, 0.1, 0.2, 0.3] {
            let mut wrong = |side: &Matrix<f64>| {
                let errors = random.normals(0.0, deviation, side.values().len());
                let wrong = side.values().iter().zip(errors).map(|(value, error)| (value + error).clamp(0.01, 1.0));
                Matrix::from_rows(side.rows(), side.columns(), wrong.collect())
            };
            let estimates = if deviation > 0.0 {
                let there = wrong(truth.there());
                Preferences::new(there, wrong(truth.back()))
            } else {
                truth.clone()
            };
            one(report, crowding, deviation, &truth, &estimates);
        }
    }
}

fn one(report: &mut Report, crowding: f64, deviation: f64, truth: &Preferences, estimates: &Preferences) {
    let pairs = Pairs::of(truth);
    let reliability = slope(truth.there(), estimates.there());
    let lists = [
        Slates::fused(estimates, Fusion::Product, 2),
        Plan::default().threads(2).solve(estimates),
        Plan::trusting().threads(2).solve(estimates),
        Plan { reliability, ..Plan::trusting() }.threads(2).solve(estimates),
    ];
    let matches = lists.map(|slates| READINGS.map(|examination| pairs.matches(&slates, Reading::of(examination))));
    let names = ["product", "default plan", "trusting plan", "trusting, calibrated"];
    for (name, values) in names.iter().zip(matches) {
        let is_met = name != &"default plan"
            || crowding > MOST_CROWDED
            || values.iter().zip(matches[0]).all(|(here, product)| *here >= product);
        let values = values.map(|value| format!("{value:8.1}")).join(" ");
        report.line(is_met, &format!("{crowding:<5} {deviation:<4} {name:<22} {values}"));
    }
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
