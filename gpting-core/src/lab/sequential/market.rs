//! The market itself, laid out for the right side, which sorts.
//!
//! Called by everything in this room. Invariant: row `j` of everything that is *in order* runs over the lefts as right `j`
//! would sort them, by falling `q[j, i]`, ties by the smaller index.

use crate::matching::market::{Examination, Lists, Matrix, Preferences, Reading};

/// A market in which the left applies and the right answers.
#[derive(Debug, Clone)]
pub struct SequentialMarket {
    pub(super) preferences: Preferences,
    pub(super) examination: Examination,
    /// Weight of each rank of a left's list.
    pub(super) list: Vec<f64>,
    /// Per right, the lefts by falling `q`.
    pub(super) order: Matrix<u32>,
    /// Per right, `q` in that order.
    pub(super) answers: Matrix<f64>,
}

impl SequentialMarket {
    /// A market whose lefts read their lists like this; the rights read all their applicants, with the same examination.
    /// `O(left × right)`.
    pub fn new(preferences: Preferences, reading: Reading) -> Self {
        let lists = Lists::ranked(preferences.back(), 1);
        let order = Matrix::from_fn(preferences.rights(), preferences.lefts(), |right, place| lists.row(right)[place]);
        let sorted = |right, place| preferences.back().at(right, order.at(right, place) as usize);
        let answers = Matrix::from_fn(preferences.rights(), preferences.lefts(), sorted);
        let list = reading.weights(preferences.rights());
        Self { preferences, examination: reading.examination, list, order, answers }
    }

    /// Who likes whom.
    pub fn preferences(&self) -> &Preferences {
        &self.preferences
    }

    /// The exposure of the lists sorted by falling score (left × right), ties by the smaller index.
    /// `O(left × right)`.
    ///
    /// # Panics
    /// If the shape does not fit.
    pub fn expose(&self, scores: &Matrix<f64>, threads: usize) -> Matrix<f64> {
        assert_eq!((scores.rows(), scores.columns()), (self.lefts(), self.rights()), "a score for every pair");
        let lists = Lists::ranked(scores, threads);
        let mut exposure = Matrix::filled(self.lefts(), self.rights(), 0.0);
        for left in 0..self.lefts() {
            let row = exposure.row_mut(left);
            for (name, weight) in lists.row(left).iter().zip(&self.list) {
                row[*name as usize] = *weight;
            }
        }
        exposure
    }

    /// The same exposure of everybody to everybody: lists in random order.
    pub(super) fn flat(&self) -> Matrix<f64> {
        let mean = self.list.iter().sum::<f64>() / self.list.len().max(1) as f64;
        Matrix::filled(self.lefts(), self.rights(), mean)
    }

    pub(super) fn lefts(&self) -> usize {
        self.preferences.lefts()
    }

    pub(super) fn rights(&self) -> usize {
        self.preferences.rights()
    }

    /// The chance that each left applies, in order (right × left). Weights of an examination may exceed 1; chances do not.
    pub(super) fn applications(&self, exposure: &Matrix<f64>) -> Matrix<f64> {
        let mut applies = exposure.clone();
        for (value, there) in applies.values_mut().iter_mut().zip(self.preferences.there().values()) {
            *value *= there;
        }
        self.in_order(&applies)
    }

    /// A left × right matrix as right × left, in order.
    pub(super) fn in_order(&self, matrix: &Matrix<f64>) -> Matrix<f64> {
        let turned = matrix.transposed();
        Matrix::from_fn(self.rights(), self.lefts(), |right, place| {
            turned.at(right, self.order.at(right, place) as usize)
        })
    }

    /// The inverse of [`Self::in_order`].
    pub(super) fn out_of_order(&self, matrix: &Matrix<f64>) -> Matrix<f64> {
        let mut turned = Matrix::filled(self.rights(), self.lefts(), 0.0);
        for right in 0..self.rights() {
            let row = turned.row_mut(right);
            for (&left, value) in self.order.row(right).iter().zip(matrix.row(right)) {
                row[left as usize] = *value;
            }
        }
        turned.transposed()
    }
}
