//! The lists of a whole market.
//!
//! Made by every method of this room, read by the host, who shows them, and by the laboratory, which judges them.
//! Invariant: no name is twice in a list.

use super::order::Sorter;
use super::{Exposures, Matrix, Reading, parallel};

/// Lists of names, one for each person of a side, best first. Lists may differ in length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lists {
    names: Vec<u32>,
    /// Where each list ends in `names`.
    ends: Vec<usize>,
}

impl Lists {
    /// Lists from rows of names.
    ///
    /// # Panics
    /// If a name is twice in a row.
    pub fn from_rows<Row: AsRef<[u32]>>(rows: impl IntoIterator<Item = Row>) -> Self {
        let (lists, mut sorted) = (Self::gathered(rows), Vec::new());
        for person in 0..lists.len() {
            sorted.clear();
            sorted.extend_from_slice(lists.row(person));
            sorted.sort_unstable();
            assert!(sorted.windows(2).all(|pair| pair[0] != pair[1]), "a name is twice in a list");
        }
        lists
    }

    /// Lists from rows that are known to name nobody twice.
    pub(super) fn gathered<Row: AsRef<[u32]>>(rows: impl IntoIterator<Item = Row>) -> Self {
        let mut lists = Self { names: Vec::new(), ends: Vec::new() };
        for row in rows {
            lists.names.extend_from_slice(row.as_ref());
            lists.ends.push(lists.names.len());
        }
        lists
    }

    /// Everybody ranked by descending score, ascending by name among equals. `O(n m)` for scores that are spread.
    ///
    /// # Panics
    /// If a score is NaN.
    pub fn ranked(scores: &Matrix<f64>, threads: usize) -> Self {
        Self::ranked_less(scores, &vec![0.0; scores.columns()], threads)
    }

    /// As [`Self::ranked`], every name's score lowered by its price.
    pub(super) fn ranked_less(scores: &Matrix<f64>, prices: &[f64], threads: usize) -> Self {
        let (rows, width) = (scores.rows(), scores.columns());
        assert_eq!(prices.len(), width, "a price for every name");
        let mut names = vec![0; rows * width];
        let memory = || (Sorter::default(), vec![0.0; width]);
        parallel::each(names.chunks_mut(width.max(1)), threads, memory, |(sorter, row), person, list| {
            for ((score, value), price) in row.iter_mut().zip(scores.row(person)).zip(prices) {
                *score = value - price;
            }
            assert!(row.iter().all(|score: &f64| !score.is_nan()), "a score is not a number");
            for (place, name) in list.iter_mut().zip(sorter.rank_exactly(row)) {
                *place = name;
            }
        });
        Self { names, ends: (1..=rows).map(|row| row * width).collect() }
    }

    /// How many lists.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no lists.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The list of one person.
    ///
    /// # Panics
    /// If there is no such person.
    pub fn row(&self, person: usize) -> &[u32] {
        let start = if person == 0 { 0 } else { self.ends[person - 1] };
        &self.names[start..self.ends[person]]
    }

    /// How much each name of a list of `names` people is looked at.
    fn exposures(&self, names: usize, reading: Reading) -> Matrix<f64> {
        let (weights, mut exposures) = (reading.weights(names), Matrix::filled(self.len(), names, 0.0));
        for person in 0..self.len() {
            let row = exposures.row_mut(person);
            for (name, weight) in self.row(person).iter().zip(&weights) {
                row[*name as usize] = *weight;
            }
        }
        exposures
    }
}

/// The lists of both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slates {
    /// A list of rights for every left.
    pub left: Lists,
    /// A list of lefts for every right.
    pub right: Lists,
}

impl Slates {
    /// Everybody ranked by their own row of a score: `left` is left × right, `right` is right × left.
    ///
    /// # Panics
    /// If the shapes do not fit, or a score is NaN.
    pub fn ranked(left: &Matrix<f64>, right: &Matrix<f64>, threads: usize) -> Self {
        assert_eq!((left.rows(), left.columns()), (right.columns(), right.rows()), "two sides of one market");
        Self { left: Lists::ranked(left, threads), right: Lists::ranked(right, threads) }
    }

    /// The same lists, none longer than `length`.
    #[must_use]
    pub fn truncated(&self, length: usize) -> Self {
        let cut = |lists: &Lists| {
            Lists::gathered((0..lists.len()).map(|person| {
                let row = lists.row(person);
                &row[..row.len().min(length)]
            }))
        };
        Self { left: cut(&self.left), right: cut(&self.right) }
    }

    /// How much everybody is looked at when lists are read like this.
    pub fn exposures(&self, reading: Reading) -> Exposures {
        let (lefts, rights) = (self.left.len(), self.right.len());
        Exposures::new(self.left.exposures(rights, reading), self.right.exposures(lefts, reading))
    }
}

impl Exposures {
    /// The lists that rank by exposure: one pure choice near a mixture.
    ///
    /// # Panics
    /// If an exposure is NaN.
    pub fn slates(&self, threads: usize) -> Slates {
        Slates::ranked(self.left(), self.right(), threads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::market::Examination;

    #[test]
    fn ranks_exposes_and_cuts() {
        let scores = Matrix::from_rows(2, 3, vec![0.1, 0.9, 0.5, 0.5, 0.5, 0.6]);
        let slates = Slates::ranked(&scores, &scores.transposed(), 2);
        assert_eq!((slates.left.row(0), slates.left.row(1)), (&[1, 2, 0][..], &[2, 0, 1][..]));
        assert_eq!((slates.right.len(), slates.right.row(2)), (3, &[1, 0][..]));
        let read = slates.exposures(Reading::of(Examination::Inverse));
        assert_eq!(read.left().row(0), [1.0 / 3.0, 1.0, 0.5]);
        let cut = slates.truncated(1);
        assert_eq!((cut.left.row(1), cut.right.row(2)), (&[2][..], &[1][..]));
        assert_eq!(cut.exposures(Reading::of(Examination::Inverse)), slates.exposures(Reading::first(1)));
        assert_eq!(read.slates(1), slates);
    }

    #[test]
    #[should_panic(expected = "a name is twice")]
    fn a_list_names_nobody_twice() {
        Lists::from_rows([vec![1, 0, 1]]);
    }
}
