//! Lists that make a whole market best off: Frank-Wolfe on a welfare of everybody's expected matches.
//!
//! One number, alpha, weighs fairness against the total; the result is a mixture of rankings. Works on [`Pairs`], alone
//! or from the exposures of another method. Invariant: the exposures of every person stay in the hull of their rankings.

use super::order::Sorter;
use super::pairs::{CLOSED, open};
use super::{Exposures, Matrix, Pairs, Reading, parallel};

/// Utilities below this count as this much, so that a hopeless person does not take the whole market.
const FLOOR: f64 = 1e-4;

/// A welfare `Σ U^(1 − alpha) / (1 − alpha)` over the people of one side in turn, and how to climb it.
///
/// The gradient for the lists of one side is `W[i, j] v[k]` with `W = P e / U^alpha`, so the best vertex of its linear
/// problem ranks by `W` (rearrangement inequality): a sort instead of a linear program. Sources: Su, Bayoumi, Joachims,
/// WWW 2022 (alpha 0); Tomita and Yokoyama, `RecSys` 2024 (alpha 1, Nash welfare, in alternation).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Welfare {
    /// 0 is the total of matches, 1 the Nash welfare `Σ log U`, under which nearly nobody envies. 0.5 is between.
    pub alpha: f64,
    /// The alpha of the first round, from which it falls to [`Self::alpha`] in even steps over half of the rounds. 1: who
    /// has nothing is heard first, which ends in more matches than the total alone, 1.4 % of them at a crowding of 0.5, and less envy.
    pub first_alpha: f64,
    /// The share of a new ranking in the mixture, in (0, 1]. 0.1.
    pub step: f64,
    /// The most rounds of both sides. 100.
    pub rounds: usize,
    /// Ends when the matches of a round differ from the last by less than this share. `1e-5`.
    pub tolerance: f64,
    /// Threads to use; the result does not depend on them.
    pub threads: usize,
}

impl Default for Welfare {
    fn default() -> Self {
        Self { alpha: 0.5, first_alpha: 1.0, step: 0.1, rounds: 100, tolerance: 1e-5, threads: 1 }
    }
}

/// One side of the market while its mixture grows.
struct Mixer<'a> {
    worth: &'a Matrix<f32>,
    weights: Vec<f32>,
    /// How much this side looks at the other.
    looks: Matrix<f32>,
    /// How much the other side looks back, this side × the other.
    facing: Matrix<f32>,
    /// Everybody in the order of the last ranking.
    order: Matrix<u32>,
    /// Expected matches of this side's people.
    utilities: Vec<f64>,
}

impl Welfare {
    /// The welfare of this alpha with the default climb.
    pub fn of(alpha: f64) -> Self {
        Self { alpha, ..Self::default() }
    }

    /// Climbs from flat exposures. `O(n m)` a round.
    ///
    /// # Panics
    /// If `alpha` is negative or the step is not in (0, 1].
    pub fn climb(self, pairs: &Pairs, reading: Reading) -> Exposures {
        let (left, right) = (Mixer::flat(pairs.left(), reading), Mixer::flat(pairs.right(), reading));
        self.climb_both(left, right)
    }

    /// Climbs from the exposures of another method.
    ///
    /// # Panics
    /// As [`Self::climb`], or if the exposures are of another market.
    pub fn climb_from(self, pairs: &Pairs, start: &Exposures, reading: Reading) -> Exposures {
        let left = Mixer::starting(pairs.left(), start.left(), reading);
        let right = Mixer::starting(pairs.right(), start.right(), reading);
        self.climb_both(left, right)
    }

    fn climb_both(self, mut left: Mixer<'_>, mut right: Mixer<'_>) -> Exposures {
        assert!(self.alpha >= 0.0 && self.step > 0.0 && self.step <= 1.0, "a welfare and a step: {self:?}");
        left.face(&right);
        left.count();
        let mut before = 0.0;
        for round in 0..self.rounds {
            let alpha = self.alpha_of(round);
            right.face(&left);
            right.mix(&prices(&left.utilities, alpha), self);
            left.face(&right);
            left.mix(&prices(&right.utilities, alpha), self);
            let matches: f64 = left.utilities.iter().sum();
            if alpha <= self.alpha && (matches - before).abs() < self.tolerance * matches.max(1e-9) {
                break;
            }
            before = matches;
        }
        let wide = |matrix: &Matrix<f32>| {
            let values = matrix.values().iter().map(|value| f64::from(*value)).collect();
            Matrix::from_rows(matrix.rows(), matrix.columns(), values)
        };
        Exposures::new(wide(&left.looks), wide(&right.looks))
    }

    fn alpha_of(self, round: usize) -> f64 {
        let left = 1.0 - round as f64 / (self.rounds as f64 / 2.0);
        self.alpha + (self.first_alpha - self.alpha).max(0.0) * left.max(0.0)
    }
}

impl<'a> Mixer<'a> {
    fn flat(worth: &'a Matrix<f32>, reading: Reading) -> Self {
        let weights = reading.weights(worth.columns());
        let mut looks = Matrix::filled(worth.rows(), worth.columns(), 0.0);
        for person in 0..worth.rows() {
            let open = open(worth.row(person));
            let mean = weights[..open].iter().sum::<f64>() / open.max(1) as f64;
            for (look, worth) in looks.row_mut(person).iter_mut().zip(worth.row(person)) {
                *look = if *worth < 0.0 { 0.0 } else { mean as f32 };
            }
        }
        Self::with(worth, looks, &weights)
    }

    fn starting(worth: &'a Matrix<f32>, start: &Matrix<f64>, reading: Reading) -> Self {
        let shape = (worth.rows(), worth.columns());
        assert_eq!((start.rows(), start.columns()), shape, "exposures of this market");
        let looks = start.values().iter().map(|look| *look as f32).collect();
        Self::with(worth, Matrix::from_rows(shape.0, shape.1, looks), &reading.weights(shape.1))
    }

    fn with(worth: &'a Matrix<f32>, looks: Matrix<f32>, weights: &[f64]) -> Self {
        let facing = Matrix::filled(worth.rows(), worth.columns(), 0.0);
        let weights = weights.iter().map(|weight| *weight as f32).collect();
        let order = Matrix::from_fn(worth.rows(), worth.columns(), |_, name| name as u32);
        Self { worth, weights, looks, facing, order, utilities: vec![0.0; worth.rows()] }
    }

    fn face(&mut self, other: &Mixer<'_>) {
        other.looks.transpose_into(&mut self.facing);
    }

    fn count(&mut self) {
        for (person, utility) in self.utilities.iter_mut().enumerate() {
            *utility = matches(self.worth.row(person), self.looks.row(person), self.facing.row(person));
        }
    }

    /// Mixes in the best ranking of every person, names weighed by `prices`.
    fn mix(&mut self, prices: &[f32], welfare: Welfare) {
        let (step, width) = (welfare.step as f32, self.worth.columns());
        let rows = self.looks.values_mut().chunks_mut(width).zip(self.order.values_mut().chunks_mut(width));
        let memory = || (Sorter::default(), vec![0.0; width]);
        let rows = rows.zip(&mut self.utilities);
        parallel::each(rows, welfare.threads, memory, |(sorter, scores), person, ((looks, order), utility)| {
            let (worth, facing) = (self.worth.row(person), self.facing.row(person));
            score(scores, worth, facing, prices);
            for look in looks.iter_mut() {
                *look *= 1.0 - step;
            }
            for ((name, score), weight) in sorter.rank_again(order, scores).zip(&self.weights) {
                if score < 0.0 {
                    break;
                }
                looks[name] += step * weight;
            }
            *utility = matches(worth, looks, facing);
        });
    }
}

/// How much one more match of each person adds to the welfare.
fn prices(utilities: &[f64], alpha: f64) -> Vec<f32> {
    utilities.iter().map(|utility| utility.max(FLOOR).powf(-alpha) as f32).collect()
}

/// What a look at each name adds to the welfare.
fn score(scores: &mut [f32], worth: &[f32], facing: &[f32], prices: &[f32]) {
    for (((score, worth), facing), price) in scores.iter_mut().zip(worth).zip(facing).zip(prices) {
        *score = if *worth < 0.0 { CLOSED } else { worth * facing * price };
    }
}

/// Expected matches of one person, added in lanes so that it is one pass of vector instructions.
fn matches(worth: &[f32], looks: &[f32], facing: &[f32]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0_f32; LANES];
    let blocks = worth.chunks(LANES).zip(looks.chunks(LANES)).zip(facing.chunks(LANES));
    for ((worth, looks), facing) in blocks {
        for (((sum, worth), look), facing) in sums.iter_mut().zip(worth).zip(looks).zip(facing) {
            *sum += worth.max(0.0) * look * facing;
        }
    }
    sums.iter().map(|sum| f64::from(*sum)).sum()
}
