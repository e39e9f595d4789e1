//! What a market is made of, and what lists make of it.
//!
//! Both are pairs of matrices, one per side, each with the rows of its own side: `there` and `left` are left × right,
//! `back` and `right` are right × left. Invariant: the two shapes fit each other.

use super::Matrix;

/// Who would like whom, as probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Preferences {
    there: Matrix<f64>,
    back: Matrix<f64>,
}

impl Preferences {
    /// The preferences of two sides: `there` (left × right) is the chance that a left likes a right, `back`
    /// (right × left) that a right likes a left.
    ///
    /// # Panics
    /// If the shapes do not fit, or a value is not a probability.
    pub fn new(there: Matrix<f64>, back: Matrix<f64>) -> Self {
        assert_eq!((there.rows(), there.columns()), (back.columns(), back.rows()), "two sides of one market");
        let are_chances = |matrix: &Matrix<f64>| matrix.values().iter().all(|value| (0.0..=1.0).contains(value));
        assert!(are_chances(&there) && are_chances(&back), "preferences are probabilities");
        Self { there, back }
    }

    /// How many people on the left.
    pub fn lefts(&self) -> usize {
        self.there.rows()
    }

    /// How many people on the right.
    pub fn rights(&self) -> usize {
        self.there.columns()
    }

    /// The chance that a left likes a right, left × right.
    pub fn there(&self) -> &Matrix<f64> {
        &self.there
    }

    /// The chance that a right likes a left, right × left.
    pub fn back(&self) -> &Matrix<f64> {
        &self.back
    }

    /// The chance that both like each other once they look, left × right.
    pub fn product(&self) -> Matrix<f64> {
        let mut product = self.back.transposed();
        for (value, there) in product.values_mut().iter_mut().zip(self.there.values()) {
            *value *= there;
        }
        product
    }

    /// The same market seen from the other side.
    #[must_use]
    pub fn swapped(self) -> Self {
        Self { there: self.back, back: self.there }
    }
}

/// The chance that one looks at the other, over the lists of both sides; lists may be drawn at random.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposures {
    left: Matrix<f64>,
    right: Matrix<f64>,
}

impl Exposures {
    /// The exposures of two sides: `left` (left × right) is how much a left looks at a right, `right` (right × left) the
    /// other direction.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn new(left: Matrix<f64>, right: Matrix<f64>) -> Self {
        assert_eq!((left.rows(), left.columns()), (right.columns(), right.rows()), "two sides of one market");
        Self { left, right }
    }

    /// How much a left looks at a right, left × right.
    pub fn left(&self) -> &Matrix<f64> {
        &self.left
    }

    /// How much a right looks at a left, right × left.
    pub fn right(&self) -> &Matrix<f64> {
        &self.right
    }

    /// The same lists seen from the other side.
    #[must_use]
    pub fn swapped(self) -> Self {
        Self { left: self.right, right: self.left }
    }
}
