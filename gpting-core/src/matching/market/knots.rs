//! The ranks of a list thinned to a few, for prices of places.
//!
//! Called by `certificate`. Invariant: weights fall strictly, and for every function of the weight that is linear between
//! knots its sum over all ranks is its sum over the knots with their counts.

/// The first ranks are all knots; from there each is about this factor further down.
const SPREAD: f64 = 1.2;

/// A few ranks of a list that stand for all.
#[derive(Debug)]
pub(super) struct Knots {
    /// How much the knot is looked at.
    pub(super) weights: Vec<f64>,
    /// How many ranks it stands for; ranks between two knots count for both in parts.
    pub(super) counts: Vec<f64>,
    /// The first rank, from 0, with the knot's weight.
    pub(super) ranks: Vec<usize>,
}

impl Knots {
    /// The knots of a list with these weights, which must not grow; ranks that nobody looks at are left out.
    pub(super) fn of(weights: &[f64]) -> Self {
        let seen = weights.iter().take_while(|weight| **weight > 0.0).count();
        // Ranks with the same weight are one.
        let mut distinct: Vec<(usize, f64)> = Vec::new();
        for rank in 0..seen {
            match distinct.last_mut() {
                Some((first, count)) if weights[*first] <= weights[rank] => *count += 1.0,
                _ => distinct.push((rank, 1.0)),
            }
        }
        let mut chosen = Vec::new();
        let mut next = 0;
        while next < distinct.len() {
            chosen.push(next);
            next = (next + 1).max(((next + 1) as f64 * SPREAD) as usize);
        }
        if distinct.len() > 1 && chosen.last() != Some(&(distinct.len() - 1)) {
            chosen.push(distinct.len() - 1);
        }
        let mut knots = Self { weights: Vec::new(), counts: vec![0.0; chosen.len()], ranks: Vec::new() };
        for place in &chosen {
            knots.ranks.push(distinct[*place].0);
            knots.weights.push(weights[distinct[*place].0]);
        }
        let mut knot = 0;
        for (place, (rank, count)) in distinct.iter().enumerate() {
            while chosen.get(knot + 1).is_some_and(|next| *next <= place) {
                knot += 1;
            }
            let Some(below) = knots.weights.get(knot + 1) else {
                knots.counts[knot] += count;
                continue;
            };
            let part = (weights[*rank] - below) / (knots.weights[knot] - below);
            knots.counts[knot] += count * part;
            knots.counts[knot + 1] += count * (1.0 - part);
        }
        knots
    }

    /// How many knots.
    pub(super) fn len(&self) -> usize {
        self.weights.len()
    }

    /// How many ranks the knots up to each stand for.
    pub(super) fn cumulated(&self) -> Vec<f64> {
        let add = |sum: &mut f64, count: &f64| {
            *sum += count;
            Some(*sum)
        };
        self.counts.iter().scan(0.0, add).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::market::{Examination, Reading};

    #[test]
    fn sums_of_piecewise_linear_functions_are_kept() {
        for examination in [Examination::Inverse, Examination::Exponential, Examination::Log2, Examination::TopTen] {
            for (len, length) in [(1, 9), (2, 9), (13, 99), (14, 99), (500, 9_999), (500, 20)] {
                let weights = Reading { examination, length }.weights(len);
                let knots = Knots::of(&weights);
                assert!(knots.weights.windows(2).all(|pair| pair[0] > pair[1]));
                let seen = weights.iter().filter(|weight| **weight > 0.0).count() as f64;
                assert!((knots.counts.iter().sum::<f64>() - seen).abs() < 1e-9, "{examination:?} {len}");
                let sum: f64 = knots.weights.iter().zip(&knots.counts).map(|(weight, count)| weight * count).sum();
                assert!((sum - weights.iter().sum::<f64>()).abs() < 1e-9, "{examination:?} {len}");
            }
        }
        assert_eq!(Knots::of(&Examination::TopTen.weights(30)).counts, [10.0]);
        assert_eq!(Knots::of(&Examination::Inverse.weights(500)).len(), 28);
        assert_eq!(Knots::of(&[]).len(), 0);
    }
}
