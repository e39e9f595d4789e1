//! The few pairs that a market step looks at, chosen with prices.
//!
//! Comes after `price`, before `slots` and `response`. A pool by worth alone sends everybody to the same few; a pool by
//! worth less price is as good as the whole market at twenty names. Invariant: a pair is in the pool of both or of none.

use super::order::Sorter;
use super::random::SplitMix;
use super::{Matrix, parallel};

/// Which names a pool takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// How many names everybody chooses; being chosen comes on top. 20.
    pub names: usize,
    /// Scale of the Gumbel noise on every score, which parts people whose scores agree. 0.03 costs under 1 % where tastes
    /// are private and quadruples the matches where everybody agrees.
    pub noise: f64,
    /// Seed of the noise.
    pub seed: u64,
    /// Threads to use; the result does not depend on them.
    pub threads: usize,
}

impl Default for Choice {
    fn default() -> Self {
        Self { names: 20, noise: 0.03, seed: 0, threads: 1 }
    }
}

/// A set of pairs, as one bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    lefts: usize,
    rights: usize,
    bits: Vec<u64>,
}

impl Choice {
    /// The pairs that either of the two chooses by score, noise included; `left` is left × right, `right` right × left.
    ///
    /// `O(n m)`. Each row draws from its own seed, so the number of threads changes nothing.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn pool(self, left: &Matrix<f64>, right: &Matrix<f64>) -> Pool {
        assert_eq!((left.rows(), left.columns()), (right.columns(), right.rows()), "two sides of one market");
        let mut pool = Pool { lefts: left.rows(), rights: left.columns(), bits: Vec::new() };
        pool.bits.resize((pool.lefts * pool.rights).div_ceil(64), 0);
        for (person, names) in self.chosen(left, 0).iter().enumerate() {
            for name in names {
                pool.insert(person, *name);
            }
        }
        for (person, names) in self.chosen(right, 1).iter().enumerate() {
            for name in names {
                pool.insert(*name, person);
            }
        }
        pool
    }

    fn chosen(self, scores: &Matrix<f64>, side: u64) -> Vec<Vec<usize>> {
        let mut chosen = vec![Vec::new(); scores.rows()];
        parallel::each(&mut chosen, self.threads, Sorter::default, |sorter, person, names| {
            let mut random = SplitMix::of(&[self.seed, side, person as u64]);
            let noisy = scores.row(person).iter().map(|score| {
                let noise = if self.noise > 0.0 { self.noise * random.gumbel() } else { 0.0 };
                (score + noise) as f32
            });
            names.extend(sorter.rank(noisy).take(self.names).map(|(name, _)| name));
        });
        chosen
    }
}

impl Pool {
    /// How many people on the left.
    pub fn lefts(&self) -> usize {
        self.lefts
    }

    /// How many people on the right.
    pub fn rights(&self) -> usize {
        self.rights
    }

    /// How many pairs.
    pub fn len(&self) -> usize {
        self.bits.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|word| *word == 0)
    }

    /// Whether the pair is in the pool.
    ///
    /// # Panics
    /// If there is no such pair.
    pub fn contains(&self, left: usize, right: usize) -> bool {
        let at = self.place(left, right);
        self.bits[at / 64] >> (at % 64) & 1 == 1
    }

    fn insert(&mut self, left: usize, right: usize) {
        let at = self.place(left, right);
        self.bits[at / 64] |= 1 << (at % 64);
    }

    fn place(&self, left: usize, right: usize) -> usize {
        assert!(left < self.lefts && right < self.rights, "a pair of this market");
        left * self.rights + right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_in_when_either_chooses_it() {
        let left = Matrix::from_rows(2, 3, vec![0.9, 0.1, 0.2, 0.8, 0.3, 0.1]);
        let right = Matrix::from_rows(3, 2, vec![0.1, 0.2, 0.9, 0.1, 0.4, 0.6]);
        let pool = Choice { names: 1, noise: 0.0, ..Choice::default() }.pool(&left, &right);
        let pairs = [(0, 0), (1, 0), (0, 1), (1, 2)];
        for person in 0..2 {
            for name in 0..3 {
                assert_eq!(pool.contains(person, name), pairs.contains(&(person, name)), "{person} {name}");
            }
        }
        assert_eq!((pool.len(), pool.is_empty()), (4, false));
    }

    #[test]
    fn noise_parts_people_who_agree_and_threads_change_nothing() {
        let flat = Matrix::filled(50, 50, 0.5);
        let choice = Choice { names: 5, ..Choice::default() };
        let quiet = Choice { noise: 0.0, ..choice }.pool(&flat, &flat);
        let noisy = choice.pool(&flat, &flat);
        // Without noise everybody takes the first five.
        assert_eq!(quiet.len(), 475);
        assert!(
            noisy.len() > 450 && (0..50).all(|name| (0..50).filter(|left| noisy.contains(*left, name)).count() < 25)
        );
        assert_eq!(Choice { threads: 7, ..choice }.pool(&flat, &flat), noisy);
        assert_ne!(Choice { seed: 1, ..choice }.pool(&flat, &flat), noisy);
    }
}
