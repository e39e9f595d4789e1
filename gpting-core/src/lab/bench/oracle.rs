//! The truth, the slow way: every person tested and scored in f64, with nothing of the engine's search or score.

use std::collections::{HashMap, HashSet};

use super::{Options, Score};
use crate::lab::population::{Population, Synthetic};
use crate::matching::straight::Straight;
use crate::matching::{Cell, Day};

pub(super) const EARTH_KM: f64 = 6_371.007_180_918_475;
const LIKE_RATE: f64 = 0.15;

/// What the oracle knows of everybody.
#[derive(Debug)]
pub struct Oracle {
    today: Day,
    options: Options,
    cells: Vec<Cell>,
    max_km: Vec<u16>,
    age: Vec<u8>,
    passed: HashSet<(u32, u32)>,
    decided: HashMap<u32, u32>,
    received: HashMap<u32, u32>,
}

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Oracle {
    pub(super) fn new(today: Day, options: Options) -> Self {
        Self {
            today,
            options,
            cells: Vec::new(),
            max_km: Vec::new(),
            age: Vec::new(),
            passed: HashSet::new(),
            decided: HashMap::new(),
            received: HashMap::new(),
        }
    }

    pub(super) fn push(&mut self, person: &Synthetic) {
        self.cells.push(person.cell);
        self.max_km.push(person.max_km);
        self.age.push(person.age);
    }

    pub(super) fn pass(&mut self, me: u32, other: u32) {
        if self.passed.insert((me, other)) {
            *self.decided.entry(me).or_default() += 1;
            *self.received.entry(other).or_default() += 1;
        }
    }

    /// What passes received or made say, in logits, as the engine's documentation has it.
    fn bias(count: Option<&u32>) -> f64 {
        let count = f64::from(count.copied().unwrap_or(0));
        logit(10.0 * LIKE_RATE / (count + 10.0)) - logit(LIKE_RATE)
    }

    /// Both sums of terms from both inner products of unit vectors.
    fn sums(&self, me: u32, other: u32, there: f64, back: f64) -> (f64, f64) {
        match self.options.score {
            Score::Harmonic => (there, back),
            Score::Served => {
                let km = self.km(me, other);
                let chord = 2.0 * EARTH_KM * (km / EARTH_KM / 2.0).sin();
                let born = |age: u8| self.today.years_before(age).0;
                let days = f64::from(born(self.age[me as usize]).abs_diff(born(self.age[other as usize])));
                let both = logit(LIKE_RATE) + 10.0 / (10.0 + chord) + 0.5 * 5.0 / (5.0 + days / 365.2425);
                let side = |from: u32, to: u32, content: f64| {
                    both + Self::bias(self.decided.get(&from))
                        + 0.86 * Self::bias(self.received.get(&to))
                        + 4.0 * content
                };
                (side(me, other, there), side(other, me, back))
            }
        }
    }

    fn fuse(&self, (there, back): (f64, f64)) -> f64 {
        match self.options.score {
            Score::Served => sigmoid(there) * sigmoid(back),
            Score::Harmonic => {
                let (p, q) = (there.clamp(0.0, 1.0), back.clamp(0.0, 1.0));
                if p + q == 0.0 { 0.0 } else { 2.0 * p * q / (p + q) }
            }
        }
    }

    fn km(&self, me: u32, other: u32) -> f64 {
        let ((lat_a, lng_a), (lat_b, lng_b)) = (self.cells[me as usize].centre(), self.cells[other as usize].centre());
        let half = |x: f64, y: f64| ((x - y).to_radians() / 2.0).sin().powi(2);
        let h = half(lat_a, lat_b) + lat_a.to_radians().cos() * lat_b.to_radians().cos() * half(lng_a, lng_b);
        2.0 * EARTH_KM * h.min(1.0).sqrt().asin()
    }

    /// The true score of somebody who may be shown.
    pub(super) fn score(&self, me: u32, other: u32, population: &Population, all: &Straight) -> Option<f64> {
        // Who was passed on is not shown, and neither is whoever passed.
        if self.passed.contains(&(me, other)) || self.passed.contains(&(other, me)) {
            return None;
        }
        let (there, back) = self.products(me, other, population, all);
        Some(self.fuse(self.sums(me, other, there, back)))
    }

    fn products(&self, me: u32, other: u32, population: &Population, all: &Straight) -> (f64, f64) {
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        // As the engine is given it: `seeks` times the strength, rounded to f32.
        let strength = self.options.score.strength();
        let scaled = |a: &[f32]| a.iter().map(|x| x * strength).collect::<Vec<f32>>();
        let unscaled = |sum: f64| sum / f64::from(strength);
        let dims = self.options.dims;
        if all.is.is_empty() {
            let (mine, theirs) = (population.person(u64::from(me)), population.person(u64::from(other)));
            let (my_seeks, their_seeks) = (scaled(&mine.seeks), scaled(&theirs.seeks));
            return (unscaled(product(&my_seeks, &theirs.is)), unscaled(product(&their_seeks, &mine.is)));
        }
        let range = |row: u32| row as usize * dims..(row as usize + 1) * dims;
        let (my_seeks, their_seeks) = (scaled(&all.seeks[range(me)]), scaled(&all.seeks[range(other)]));
        (unscaled(product(&my_seeks, &all.is[range(other)])), unscaled(product(&their_seeks, &all.is[range(me)])))
    }

    /// The best `k`, with their scores.
    pub(super) fn best(&self, me: u32, k: usize, population: &Population, all: &Straight) -> Vec<(u32, f64)> {
        let mut wide = Vec::new();
        // The mask of the scan is in f32; whoever is near a limit is decided in f64.
        let tested = self.eligible(me, all, &mut wide);
        let mut scored: Vec<(u32, f64)> =
            tested.into_iter().filter_map(|other| Some((other, self.score(me, other, population, all)?))).collect();
        scored.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        scored.truncate(k);
        scored
    }

    fn eligible(&self, me: u32, all: &Straight, wide: &mut Vec<u32>) -> Vec<u32> {
        wide.clear();
        let i = me as usize;
        for j in 0..all.gender.len() {
            let verified_enough = |a: usize, b: usize| all.flags[a] & 4 == 0 || all.flags[b] & 2 != 0;
            if i != j
                && all.flags[j] & 1 != 0
                && all.gender[j] & all.wanted[i] != 0
                && all.gender[i] & all.wanted[j] != 0
                && (all.age_min[i]..=all.age_max[i]).contains(&all.age[j])
                && (all.age_min[j]..=all.age_max[j]).contains(&all.age[i])
                && verified_enough(i, j)
                && verified_enough(j, i)
            {
                wide.push(j as u32);
            }
        }
        let near = |&other: &u32| self.km(me, other) <= f64::from(self.max_km[i].min(self.max_km[other as usize]));
        wide.iter().copied().filter(near).collect()
    }

    /// What a scan does with its survivors: scores in f32, drops who was passed on, keeps the best.
    pub(super) fn best_of_scan(&self, me: u32, found: &[(u32, f32, f32)], k: usize) -> Vec<(f32, u32)> {
        let fast = |x: f32| 1.0 / (1.0 + (-x).exp());
        let own = Self::bias(self.decided.get(&me)) as f32 + logit(LIKE_RATE) as f32;
        let mut scored: Vec<(f32, u32)> = found
            .iter()
            .map(|&(other, there, back)| {
                let score = match self.options.score {
                    Score::Served => fast(own + 4.0 * there) * fast(own + 4.0 * back),
                    Score::Harmonic => 2.0 * there.max(0.0) * back.max(0.0) / (there.max(0.0) + back.max(0.0) + 1e-9),
                };
                (score, other)
            })
            .collect();
        // As many more as were passed on, so that k remain.
        let enough = k + self.decided.get(&me).copied().unwrap_or(0) as usize;
        if enough < scored.len() {
            scored.select_nth_unstable_by(enough, |a, b| b.0.total_cmp(&a.0));
            scored.truncate(enough);
        }
        scored.retain(|(_, other)| !self.passed.contains(&(me, *other)) && !self.passed.contains(&(*other, me)));
        scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        scored.truncate(k);
        scored
    }
}
