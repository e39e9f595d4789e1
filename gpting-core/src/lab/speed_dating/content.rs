//! Who says yes to whom, guessed from sign-up answers alone.
//!
//! Called by `protocol`. One logistic regression per gender, since tastes differ; columns are standardised and missing
//! answers filled in with what the training dates of both genders say, never with anything of the dates to be predicted.
//! Invariant: a prediction depends on the training dates and on the features of its own date, nothing else.

use super::dates::Dates;
use super::feature::Features;
use super::logistic::Logistic;

/// One over C of the usual notation: picked by leaving out evenings within the first fourteen.
const RIDGE: f64 = 1000.0;
/// A standardised number is cut to this many deviations, so that one odd answer cannot decide.
const FARTHEST: f64 = 5.0;

/// Predicts `predict` from `train` (places of dates). Probabilities in the order of `predict`.
///
/// `O(train × columns²)`.
pub(super) fn predict(dates: &Dates, features: &Features, train: &[usize], predict: &[usize]) -> Vec<f64> {
    let scale = Scale::of(features, train);
    let is_male = |date: usize| dates.guests[dates.dates[date].from as usize].is_male;
    let models = [false, true].map(|gender| {
        let own = || train.iter().copied().filter(|&date| is_male(date) == gender);
        let rows: Vec<f64> = own().flat_map(|date| scale.row(features.row(date))).collect();
        let labels: Vec<bool> = own().map(|date| dates.dates[date].yes).collect();
        Logistic::fit(features.columns(), &rows, &labels, RIDGE)
    });
    let probability = |&date: &usize| {
        let row: Vec<f64> = scale.row(features.row(date)).map(|x| x.clamp(-FARTHEST, FARTHEST)).collect();
        models[usize::from(is_male(date))].probability(&row)
    };
    predict.iter().map(probability).collect()
}

/// Mean and spread of every column among the training dates.
struct Scale {
    mean: Vec<f64>,
    spread: Vec<f64>,
}

impl Scale {
    fn of(features: &Features, train: &[usize]) -> Self {
        let columns = features.columns();
        let (mut sum, mut told) = (vec![0.0; columns], vec![0.0; columns]);
        for &date in train {
            for (column, x) in features.row(date).iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                sum[column] += x;
                told[column] += 1.0;
            }
        }
        let mean: Vec<f64> = sum.iter().zip(&told).map(|(sum, told)| sum / f64::max(*told, 1.0)).collect();
        let mut square = vec![0.0; columns];
        for &date in train {
            for (column, x) in features.row(date).iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                square[column] += (x - mean[column]).powi(2);
            }
        }
        // What is missing sits at the mean and adds nothing; a column that never varies is left as it is.
        let all = train.len().max(1) as f64;
        let spread =
            square.iter().map(|square| if *square > 1e-12 * all { (square / all).sqrt() } else { 1.0 }).collect();
        Self { mean, spread }
    }

    fn row(&self, row: &[f64]) -> impl Iterator<Item = f64> {
        let at_mean = |x: f64, mean: f64| if x.is_nan() { 0.0 } else { x - mean };
        row.iter().zip(self.mean.iter().zip(&self.spread)).map(move |(x, (mean, spread))| at_mean(*x, *mean) / spread)
    }
}
