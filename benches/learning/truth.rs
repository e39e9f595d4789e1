//! What people would do if they saw each other: the simulated chances that the engine is not told.
//!
//! `logit p(i likes j) = c + 0.8 b_j + 0.6 a_i + w·x + 0.5 z_i·z_j − 0.05 |age gap| + N(0, 0.5)`; a, b and z are standard normal,
//! the last term is of standard deviation 0.5 and belongs to the pair. Each common habit adds 0.2, and 0.6 where i had stated it as a wish.
//! Invariant: chances and decisions depend on seed and pair alone.

use crate::town::{Citizen, HABIT_COUNT};
use gpting_benches::random::Random;

/// The mean chance of a like over pairs who fit: usual for an app.
const MEAN_LIKE: f64 = 0.15;
/// Pairs by which the mean is set.
const DRAWN: usize = 200_000;
/// What streams of a pair are for.
const NOISE: u64 = 1;
const DECISION: u64 = 2;

pub(crate) struct Truth<'a> {
    town: &'a [Citizen],
    seed: u64,
    base: f64,
}

impl<'a> Truth<'a> {
    pub(crate) fn new(town: &'a [Citizen], seed: u64) -> Self {
        let mut truth = Self { town, seed, base: 0.0 };
        let mut random = Random(seed.wrapping_add(99));
        let mut logits = Vec::with_capacity(DRAWN);
        for _ in 0..100 * DRAWN {
            let (one, other) = (random.below(town.len()), random.below(town.len()));
            if one != other && town[one].fits(&town[other]) {
                logits.push(truth.logit(one, other));
                if logits.len() == DRAWN {
                    break;
                }
            }
        }
        let mean = |base: f64| logits.iter().map(|logit| sigmoid(base + logit)).sum::<f64>() / logits.len() as f64;
        let (mut low, mut high) = (-20.0, 20.0);
        for _ in 0..40 {
            let middle = f64::midpoint(low, high);
            if mean(middle) < MEAN_LIKE { low = middle } else { high = middle }
        }
        truth.base = f64::midpoint(low, high);
        truth
    }

    fn logit(&self, one: usize, other: usize) -> f64 {
        let (i, j) = (&self.town[one], &self.town[other]);
        let shared = (0..HABIT_COUNT).filter(|&habit| i.habits[habit].is_some() && i.habits[habit] == j.habits[habit]);
        let habits: f64 = shared.map(|habit| if i.stated[habit] { 0.6 } else { 0.2 }).sum();
        let taste: f64 = i.taste.iter().zip(&j.taste).map(|(x, y)| x * y).sum();
        let noise = Random::of_pair(self.seed, NOISE, one, other).normal();
        let gap = f64::from(i.age.abs_diff(j.age));
        self.base + 0.8 * j.appeal + 0.6 * i.pickiness + habits + 0.5 * taste - 0.05 * gap + 0.5 * noise
    }

    /// The chance that one likes the other.
    pub(crate) fn chance(&self, one: usize, other: usize) -> f64 {
        sigmoid(self.logit(one, other))
    }

    /// The chance that each likes the other: they decide without knowing of each other.
    pub(crate) fn mutual(&self, one: usize, other: usize) -> f64 {
        self.chance(one, other) * self.chance(other, one)
    }

    /// What one decides, whenever asked.
    pub(crate) fn likes(&self, one: usize, other: usize) -> bool {
        Random::of_pair(self.seed, DECISION, one, other).uniform() < self.chance(one, other)
    }
}

fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}
