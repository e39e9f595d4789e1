//! The prices of the places in one side's lists.
//!
//! Called by `certificate`. Invariant: prices are not negative and fall with the place.

use super::knots::Knots;
use super::{Lists, Matrix, Reading};

/// How much of the last move goes on.
const MOMENTUM: f64 = 0.8;

/// The prices of one side's places, person × knot.
pub(super) struct PlacePrices {
    pub(super) knots: Knots,
    pub(super) prices: Matrix<f64>,
    /// How many pairs are drawn to each place.
    pub(super) demand: Matrix<u32>,
    /// By how much the price falls from each knot to the next.
    falls: Matrix<f64>,
    moves: Matrix<f64>,
}

impl PlacePrices {
    /// Prices that split the worth of every pair of `lists` evenly among the two.
    pub(super) fn of(worth: &Matrix<f32>, lists: &Lists, reading: Reading) -> Self {
        let weights = reading.weights(worth.columns());
        let knots = Knots::of(&weights);
        let (people, count) = (worth.rows(), knots.len());
        let mut falls = Matrix::filled(people, count, 0.0);
        for person in 0..people {
            // A pair's place must be dearer than the next by half of what the pair would lose there.
            let mut price = vec![0.0; weights.len() + 1];
            for (rank, name) in lists.row(person).iter().enumerate().rev() {
                let next = weights.get(rank + 1).copied().unwrap_or(0.0);
                let worth = f64::from(worth.at(person, *name as usize).max(0.0));
                price[rank] = price[rank + 1] + (weights[rank].powi(2) - next.powi(2)) * worth / 2.0;
            }
            for (knot, fall) in falls.row_mut(person).iter_mut().enumerate() {
                let next = knots.ranks.get(knot + 1).map_or(0.0, |next| price[*next]);
                let below = knots.weights.get(knot + 1).copied().unwrap_or(0.0);
                // Falls are multiplied, so none may be zero.
                let least = 1e-3 * (knots.weights[knot].powi(2) - below.powi(2));
                *fall = (price[knots.ranks[knot]] - next).max(least);
            }
        }
        let empty = || Matrix::filled(people, count, 0.0);
        let mut prices =
            Self { prices: empty(), demand: Matrix::filled(people, count, 0), moves: empty(), knots, falls };
        prices.add_up();
        prices
    }

    /// The sum of the prices of all places.
    pub(super) fn cost(&self) -> f64 {
        let cost =
            |prices: &[f64]| prices.iter().zip(&self.knots.counts).map(|(price, count)| price * count).sum::<f64>();
        (0..self.prices.rows()).map(|person| cost(self.prices.row(person))).sum()
    }

    /// Raises the falls below which more pairs are drawn than there are places, and lowers the others.
    pub(super) fn step(&mut self, step: f64) {
        let places = self.knots.cumulated();
        for person in 0..self.falls.rows() {
            let mut demand = 0.0;
            let moves = self.moves.row_mut(person).iter_mut().zip(self.falls.row_mut(person));
            for (((last, fall), places), drawn) in moves.zip(&places).zip(self.demand.row(person)) {
                demand += f64::from(*drawn);
                let excess = ((demand - places) / places).min(1.0);
                *last = MOMENTUM * *last + (1.0 - MOMENTUM) * excess;
                *fall *= (step * *last).exp();
            }
        }
        self.add_up();
    }

    fn add_up(&mut self) {
        for person in 0..self.falls.rows() {
            let mut price = 0.0;
            for (place, fall) in self.prices.row_mut(person).iter_mut().zip(self.falls.row(person)).rev() {
                price += fall;
                *place = price;
            }
        }
    }

    /// The knots at which a person's prices are convex in the weight: only they can be best for any worth.
    pub(super) fn hull(&self, person: usize, hull: &mut Vec<usize>) {
        let (weights, prices) = (&self.knots.weights, self.prices.row(person));
        let slope = |from: usize, to: usize| (prices[from] - prices[to]) / (weights[from] - weights[to]);
        hull.clear();
        for next in 0..weights.len() {
            while let [.., before, last] = hull[..] {
                if slope(before, last) > slope(last, next) {
                    break;
                }
                hull.pop();
            }
            hull.push(next);
        }
    }
}
