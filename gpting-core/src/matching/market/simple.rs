//! Lists that look at one pair at a time: what a market step has to beat.
//!
//! Called by hosts without a market step and by the laboratory. Invariant: a list depends on its owner's row alone.

use super::random::SplitMix;
use super::{Lists, Matrix, Preferences, Slates, parallel};
use crate::matching::Fusion;

impl Slates {
    /// Everybody ranked by the viewer's own taste.
    pub fn naive(preferences: &Preferences, threads: usize) -> Self {
        Self::ranked(preferences.there(), preferences.back(), threads)
    }

    /// Everybody ranked by both likes fused.
    pub fn fused(preferences: &Preferences, fusion: Fusion, threads: usize) -> Self {
        let scores = preferences.fused(fusion);
        Self::ranked(&scores, &scores.transposed(), threads)
    }

    /// Lists drawn at random.
    pub fn random(lefts: usize, rights: usize, seed: u64, threads: usize) -> Self {
        let side = |side, people, names| Lists::shuffled(people, names, &[seed, side], threads);
        Self { left: side(0, lefts, rights), right: side(1, rights, lefts) }
    }
}

impl Preferences {
    /// Both likes of every pair fused, left × right.
    pub fn fused(&self, fusion: Fusion) -> Matrix<f64> {
        let mut scores = self.back().transposed();
        for (score, there) in scores.values_mut().iter_mut().zip(self.there().values()) {
            *score = fusion.fuse_chances(*there, *score);
        }
        scores
    }

    /// The sum of both likes of every pair, left × right: what a pair has to share when utility can be transferred.
    pub fn surplus(&self) -> Matrix<f64> {
        let mut surplus = self.back().transposed();
        for (value, there) in surplus.values_mut().iter_mut().zip(self.there().values()) {
            *value += there;
        }
        surplus
    }
}

impl Lists {
    /// Names in an order drawn from seeds and the person's number (Fisher and Yates).
    fn shuffled(people: usize, names: usize, seeds: &[u64; 2], threads: usize) -> Self {
        let mut rows = vec![Vec::new(); people];
        parallel::each(
            &mut rows,
            threads,
            || (),
            |(), person, row: &mut Vec<u32>| {
                let mut random = SplitMix::of(&[seeds[0], seeds[1], person as u64]);
                row.extend((0..).take(names));
                for last in (1..names).rev() {
                    row.swap(last, (random.bits() % (last as u64 + 1)) as usize);
                }
            },
        );
        Self::gathered(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fusions_order_pairs_as_they_should() {
        let there = Matrix::from_rows(1, 3, vec![0.9, 0.5, 0.0]);
        let back = Matrix::from_rows(3, 1, vec![0.2, 0.5, 1.0]);
        let market = Preferences::new(there, back);
        assert_eq!(Slates::naive(&market, 1).left.row(0), [0, 1, 2]);
        for fusion in [Fusion::Product, Fusion::Harmonic, Fusion::Min] {
            assert_eq!(Slates::fused(&market, fusion, 1).left.row(0), [1, 0, 2], "{fusion:?}");
        }
        // 0.9 against 0.2 is 0.69 for the uninorm; a sure no and a sure yes are nothing, not 0/0.
        let uninorm = market.fused(Fusion::Uninorm);
        assert!((uninorm.at(0, 0) - 0.18 / 0.26).abs() < 1e-15 && uninorm.at(0, 2).abs() < 1e-15);
        assert_eq!(market.surplus().row(0), [1.1, 1.0, 1.0]);
    }

    #[test]
    fn random_lists_name_everybody_and_depend_on_the_seed() {
        let lists = Slates::random(5, 40, 7, 3);
        assert_eq!(lists, Slates::random(5, 40, 7, 1));
        assert_ne!(lists, Slates::random(5, 40, 8, 1));
        for person in 0..5 {
            let mut names = lists.left.row(person).to_vec();
            names.sort_unstable();
            assert_eq!(names, (0..40).collect::<Vec<_>>());
        }
        assert_ne!(lists.left.row(0), lists.left.row(1));
    }
}
