//! Where pairs are drawn at given prices of places.
//!
//! Called by `certificate`, once a round in single precision for all pairs of a person at once, and once at the end in
//! double precision for the bound. Invariant: demand is whole numbers, so threads change no sum.

use super::order::Sorter;
use super::place_price::PlacePrices;
use super::{Matrix, Pairs, parallel};

/// Shares of the rows that count demand apart.
const SHARES: usize = 16;

/// Nowhere yet.
const NOWHERE: u32 = u32::MAX;

/// The open pairs of one left by falling worth, and the weights of the places they were drawn to, added up.
#[derive(Default)]
struct Row {
    names: Vec<u32>,
    worth: Vec<f32>,
    left: Vec<f32>,
    right: Vec<f32>,
}

/// Where the pairs of a market are drawn.
pub(super) struct Draws {
    rows: Vec<Row>,
    rights: usize,
}

/// Memory of one thread.
#[derive(Default)]
struct Memory {
    hull: Vec<usize>,
    prices: Vec<f32>,
    gains: Vec<f32>,
    places: Vec<u32>,
}

impl Draws {
    pub(super) fn of(pairs: &Pairs, threads: usize) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        rows.resize_with(pairs.lefts(), Row::default);
        parallel::each(&mut rows, threads, Sorter::default, |sorter, person, row| {
            let ranked = sorter.rank(pairs.left().row(person).iter().copied());
            for (name, worth) in ranked.take_while(|(_, worth)| *worth >= 0.0) {
                row.names.push(name as u32);
                row.worth.push(worth);
            }
            row.left = vec![0.0; row.names.len()];
            row.right = vec![0.0; row.names.len()];
        });
        Self { rows, rights: pairs.rights() }
    }

    /// Draws every pair to its best places and counts the demand; remembers the places when `is_late`.
    ///
    /// `O(n m)` for each of the few knots.
    pub(super) fn draw(&mut self, left: &mut PlacePrices, right: &mut PlacePrices, is_late: bool, threads: usize) {
        let share = self.rows.len().div_ceil(SHARES).max(1);
        let (people, knots) = (right.demand.rows(), right.demand.columns());
        let mut demands = vec![Matrix::filled(people, knots, 0); self.rows.len().div_ceil(share)];
        let mut own_demand = std::mem::take(&mut left.demand);
        own_demand.values_mut().fill(0);
        let narrow: Vec<f32> = right.prices.values().iter().map(|price| *price as f32).collect();
        let facing = (Matrix::from_rows(people, knots, narrow).transposed(), &right.knots.weights);
        let own = &*left;
        let rows = self.rows.chunks_mut(share).zip(own_demand.values_mut().chunks_mut(share * left.knots.len().max(1)));
        parallel::each(rows.zip(&mut demands), threads, Memory::default, |memory, at, ((rows, own_demand), demand)| {
            let own_demand = own_demand.chunks_mut(own.knots.len().max(1));
            for (person, (row, own_demand)) in (at * share..).zip(rows.iter_mut().zip(own_demand)) {
                own.hull(person, &mut memory.hull);
                row.search(memory, (&own.knots.weights, own.prices.row(person)), (&facing.0, facing.1));
                row.count(memory, own_demand, demand);
                if is_late {
                    row.remember(memory, &own.knots.weights, facing.1);
                }
            }
        });
        left.demand = own_demand;
        right.demand.values_mut().fill(0);
        for demand in demands {
            for (total, count) in right.demand.values_mut().iter_mut().zip(demand.values()) {
                *total += count;
            }
        }
    }

    /// What all pairs gain at their best places, `Σ g_ij`, in double precision.
    pub(super) fn gains(&self, left: &PlacePrices, right: &PlacePrices, threads: usize) -> f64 {
        let mut gains = vec![0.0; self.rows.len()];
        parallel::each(self.rows.iter().zip(&mut gains), threads, Vec::new, |hull, person, (row, gain)| {
            left.hull(person, hull);
            let own = (&left.knots.weights[..], left.prices.row(person));
            let pairs = row.names.iter().zip(&row.worth);
            let best = |(name, worth): (&u32, &f32)| {
                let other = (&right.knots.weights[..], right.prices.row(*name as usize));
                best_of_all(own, hull, other, f64::from(*worth)).max(0.0)
            };
            *gain = pairs.map(best).sum();
        });
        gains.iter().sum()
    }

    /// The sums of the weights of the places that pairs were drawn to, left × right and right × left.
    pub(super) fn remembered(&self) -> (Matrix<f64>, Matrix<f64>) {
        let mut left = Matrix::filled(self.rows.len(), self.rights, 0.0);
        let mut right = Matrix::filled(self.rights, self.rows.len(), 0.0);
        for (person, row) in self.rows.iter().enumerate() {
            for ((name, own), other) in row.names.iter().zip(&row.left).zip(&row.right) {
                left.row_mut(person)[*name as usize] = f64::from(*own);
                right.row_mut(*name as usize)[person] = f64::from(*other);
            }
        }
        (left, right)
    }
}

impl Row {
    /// The best places of every pair of this row and what they gain.
    ///
    /// For one place of the others, pairs by falling worth want one's own places in their order, so each of these serves
    /// a run of pairs.
    fn search(&self, memory: &mut Memory, own: (&[f64], &[f64]), other: (&Matrix<f32>, &[f64])) {
        let Memory { hull, prices, gains, places } = memory;
        gains.clear();
        gains.resize(self.worth.len(), 0.0);
        places.clear();
        places.resize(self.worth.len(), NOWHERE);
        for (l, other_weight) in other.1.iter().enumerate() {
            let all = other.0.row(l);
            prices.clear();
            prices.extend(self.names.iter().map(|name| all[*name as usize]));
            let mut start = 0;
            for (spot, knot) in hull.iter().enumerate() {
                let (weight, price) = (own.0[*knot], own.1[*knot]);
                let end = hull.get(spot + 1).map_or(self.worth.len(), |next| {
                    let limit = (price - own.1[*next]) / ((weight - own.0[*next]) * other_weight);
                    start + self.worth[start..].partition_point(|worth| *worth >= limit as f32)
                });
                let (factor, price, place) = ((weight * other_weight) as f32, price as f32, (*knot << 8 | l) as u32);
                let run = self.worth[start..end].iter().zip(&prices[start..end]);
                let run = run.zip(&mut gains[start..end]).zip(&mut places[start..end]);
                for (((worth, other_price), best), best_place) in run {
                    let gain = worth * factor - price - other_price;
                    let is_better = gain > *best;
                    *best = if is_better { gain } else { *best };
                    *best_place = if is_better { place } else { *best_place };
                }
                start = end;
            }
        }
    }

    fn count(&self, memory: &Memory, own: &mut [u32], other: &mut Matrix<u32>) {
        for (name, place) in self.names.iter().zip(&memory.places).filter(|(_, place)| **place != NOWHERE) {
            own[(place >> 8) as usize] += 1;
            other.row_mut(*name as usize)[(place & 0xff) as usize] += 1;
        }
    }

    fn remember(&mut self, memory: &Memory, own: &[f64], other: &[f64]) {
        for ((left, right), place) in self.left.iter_mut().zip(&mut self.right).zip(&memory.places) {
            if *place != NOWHERE {
                *left += own[(place >> 8) as usize] as f32;
                *right += other[(place & 0xff) as usize] as f32;
            }
        }
    }
}

/// What a pair gains at its best two places; sides are weights and prices of knots.
fn best_of_all(own: (&[f64], &[f64]), hull: &[usize], other: (&[f64], &[f64]), worth: f64) -> f64 {
    let (mut best, mut spot) = (f64::NEG_INFINITY, 0);
    for (weight, price) in other.0.iter().zip(other.1) {
        let gain = |spot: usize| worth * weight * own.0[hull[spot]] - own.1[hull[spot]];
        // As the other's weight falls, the best own place only moves down, and on a hull gains have a single peak.
        let mut here = gain(spot);
        while spot + 1 < hull.len() {
            let next = gain(spot + 1);
            if next < here {
                break;
            }
            here = next;
            spot += 1;
        }
        best = best.max(here - price);
    }
    best
}
