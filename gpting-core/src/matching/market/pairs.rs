//! The pairs of a market by what they are worth: the chance that both like each other.
//!
//! What `slots`, `response`, `welfare` and `bound` work on; single precision, kept the way each side reads it. Invariant:
//! the two matrices are each other turned over, and a closed pair, one that must not be shown, is negative in both.

use super::{Matrix, Pool, Preferences, Reading, Slates};

/// The worth of a closed pair.
pub(super) const CLOSED: f32 = -1.0;

/// What each pair is worth, and which pairs may be shown at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    left: Matrix<f32>,
    right: Matrix<f32>,
}

impl Pairs {
    /// All pairs of a market, each worth the product of both likes.
    pub fn of(preferences: &Preferences) -> Self {
        Self::worth(&preferences.product())
    }

    /// Pairs worth `value` (left × right); a negative one closes the pair.
    ///
    /// # Panics
    /// If a value is above 1, or not a number.
    pub fn worth(value: &Matrix<f64>) -> Self {
        let narrow = |value: f64| {
            assert!(value <= 1.0, "a pair is worth at most 1, not {value}");
            if value < 0.0 { CLOSED } else { value as f32 }
        };
        let values = value.values().iter().map(|value| narrow(*value)).collect();
        let left = Matrix::from_rows(value.rows(), value.columns(), values);
        Self { right: left.transposed(), left }
    }

    /// The same pairs, those outside a pool closed.
    ///
    /// # Panics
    /// If the pool is of another market.
    #[must_use]
    pub fn within(&self, pool: &Pool) -> Self {
        assert_eq!((pool.lefts(), pool.rights()), (self.lefts(), self.rights()), "a pool of this market");
        let mut left = self.left.clone();
        for person in 0..left.rows() {
            for (name, value) in left.row_mut(person).iter_mut().enumerate() {
                if !pool.contains(person, name) {
                    *value = CLOSED;
                }
            }
        }
        Self { right: left.transposed(), left }
    }

    /// Expected matches of these slates; a closed pair, or one on a single list, is worth nothing.
    ///
    /// # Panics
    /// If the slates are of another market.
    pub fn matches(&self, slates: &Slates, reading: Reading) -> f64 {
        assert_eq!((slates.left.len(), slates.right.len()), (self.lefts(), self.rights()), "slates of this market");
        let (left, right) = (reading.weights(self.rights()), reading.weights(self.lefts()));
        let mut looks = Matrix::filled(self.rights(), self.lefts(), 0.0);
        for person in 0..self.rights() {
            for (name, weight) in slates.right.row(person).iter().zip(&right) {
                looks.row_mut(person)[*name as usize] = *weight;
            }
        }
        let looks = looks.transposed();
        let of = |person: usize| {
            let (worth, looks) = (self.left.row(person), looks.row(person));
            let worths = slates.left.row(person).iter().map(|name| (worth[*name as usize], looks[*name as usize]));
            worths.zip(&left).map(|((worth, look), weight)| f64::from(worth.max(0.0)) * look * weight).sum::<f64>()
        };
        (0..self.lefts()).map(of).sum()
    }

    /// How many people on the left.
    pub fn lefts(&self) -> usize {
        self.left.rows()
    }

    /// How many people on the right.
    pub fn rights(&self) -> usize {
        self.right.rows()
    }

    /// As the lefts read them, left × right.
    pub(super) fn left(&self) -> &Matrix<f32> {
        &self.left
    }

    /// As the rights read them, right × left.
    pub(super) fn right(&self) -> &Matrix<f32> {
        &self.right
    }
}

/// How many pairs of a row are open.
pub(super) fn open(row: &[f32]) -> usize {
    row.iter().filter(|value| **value >= 0.0).count()
}
