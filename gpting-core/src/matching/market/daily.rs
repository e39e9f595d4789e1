//! One pick a day for everybody, both of whom see each other.
//!
//! Called by hosts with such a page and by the laboratory. The most mutual likes come from a maximum-weight assignment;
//! deferred acceptance leaves no two who would rather have each other. Invariant: nobody is picked twice.

use super::assignment::Assignment;
use super::order::Sorter;
use super::{Matrix, Preferences};

/// Who sees whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picks {
    /// The right of every left, if there is one.
    pub left: Vec<Option<u32>>,
    /// The left of every right, if there is one.
    pub right: Vec<Option<u32>>,
}

impl Picks {
    /// The picks with the largest total of `worth` (left × right); a negative worth closes the pair.
    ///
    /// Worst case `O(n² m)`, usually far less.
    ///
    /// # Panics
    /// If a worth is not finite.
    pub fn heaviest(worth: &Matrix<f64>) -> Self {
        assert!(worth.values().iter().all(|value| value.is_finite()), "worths are finite");
        let is_tall = worth.rows() > worth.columns();
        let wide = if is_tall { worth.transposed() } else { worth.clone() };
        let costs = wide.values().iter().map(|worth| -worth.max(0.0)).collect();
        let mut solver = Assignment::new(Matrix::from_rows(wide.rows(), wide.columns(), costs));
        let mut picks = Self::none(worth.rows(), worth.columns());
        for (row, column) in solver.solve().iter().enumerate() {
            let (left, right) = if is_tall { (*column as usize, row) } else { (row, *column as usize) };
            if worth.at(left, right) >= 0.0 {
                picks.put(left, right);
            }
        }
        picks
    }

    /// Deferred acceptance with the left proposing: no two would rather have each other, and no left could do better.
    ///
    /// `O(n m)`; equal likes go to the earlier name, and who holds somebody keeps them. Source: Gale and Shapley, "College
    /// admissions and the stability of marriage", 1962.
    pub fn stable(preferences: &Preferences) -> Self {
        let mut picks = Self::none(preferences.lefts(), preferences.rights());
        let mut sorter = Sorter::default();
        let wishes: Vec<Vec<u32>> =
            (0..preferences.lefts()).map(|left| sorter.rank_exactly(preferences.there().row(left)).collect()).collect();
        let mut asked = vec![0; preferences.lefts()];
        let mut free: Vec<usize> = (0..preferences.lefts()).rev().collect();
        while let Some(left) = free.pop() {
            let Some(right) = wishes[left].get(asked[left]).map(|right| *right as usize) else { continue };
            asked[left] += 1;
            let likes = preferences.back().row(right);
            match picks.right[right] {
                Some(held) if likes[left] <= likes[held as usize] => free.push(left),
                Some(held) => {
                    picks.left[held as usize] = None;
                    free.push(held as usize);
                    picks.put(left, right);
                }
                None => picks.put(left, right),
            }
        }
        picks
    }

    /// Deferred acceptance with the right proposing.
    pub fn stable_for_right(preferences: &Preferences) -> Self {
        let Self { left, right } = Self::stable(&preferences.clone().swapped());
        Self { left: right, right: left }
    }

    /// The sum of `worth` (left × right) over the picks.
    ///
    /// # Panics
    /// If the worth is of another market.
    pub fn total(&self, worth: &Matrix<f64>) -> f64 {
        let pairs = self.left.iter().enumerate();
        pairs.filter_map(|(left, right)| right.map(|right| worth.at(left, right as usize))).sum()
    }

    /// How many pairs would rather have each other than whom they have; to be alone is worse than anybody.
    ///
    /// # Panics
    /// If the preferences are of another market.
    pub fn blocking(&self, preferences: &Preferences) -> usize {
        let held = |picks: &[Option<u32>], likes: &Matrix<f64>| -> Vec<f64> {
            let held =
                |(person, name): (usize, &Option<u32>)| name.map_or(-1.0, |name| likes.at(person, name as usize));
            picks.iter().enumerate().map(held).collect()
        };
        let (there, back) = (preferences.there(), preferences.back());
        let (left, right) = (held(&self.left, there), held(&self.right, back));
        let blocks = |i: usize, j: usize| there.at(i, j) > left[i] && back.at(j, i) > right[j];
        (0..left.len()).map(|i| (0..right.len()).filter(|j| blocks(i, *j)).count()).sum()
    }

    fn none(lefts: usize, rights: usize) -> Self {
        Self { left: vec![None; lefts], right: vec![None; rights] }
    }

    fn put(&mut self, left: usize, right: usize) {
        self.left[left] = Some(right as u32);
        self.right[right] = Some(left as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::SplitMix;
    use super::*;

    #[test]
    fn the_heaviest_picks_give_up_a_favourite_for_the_total() {
        let worth = Matrix::from_rows(3, 2, vec![0.9, 0.8, 0.7, 0.1, -1.0, 0.05]);
        let picks = Picks::heaviest(&worth);
        assert_eq!((picks.left, picks.right), (vec![Some(1), Some(0), None], vec![Some(1), Some(0)]));
        let closed = Picks::heaviest(&Matrix::from_rows(1, 1, vec![-1.0]));
        assert_eq!(closed, Picks::none(1, 1));
    }

    #[test]
    fn deferred_acceptance_is_stable_and_best_for_who_proposes() {
        let mut random = SplitMix::of(&[11]);
        for (lefts, rights) in [(1, 1), (8, 8), (12, 7), (7, 12)] {
            let mut side = |rows, columns| Matrix::from_fn(rows, columns, |_, _| random.uniform());
            let market = Preferences::new(side(lefts, rights), side(rights, lefts));
            let (one, other) = (Picks::stable(&market), Picks::stable_for_right(&market));
            assert_eq!((one.blocking(&market), other.blocking(&market)), (0, 0));
            assert_eq!(one.left.iter().flatten().count(), lefts.min(rights));
            for left in 0..lefts {
                let like =
                    |picks: &Picks| picks.left[left].map_or(-1.0, |right| market.there().at(left, right as usize));
                assert!(like(&one) >= like(&other));
            }
            let product = market.product();
            assert!(Picks::heaviest(&product).total(&product) >= one.total(&product));
        }
    }
}
