//! Small symmetric positive definite systems, by Cholesky's `A = L Lᵀ`.
//!
//! Called by `fit` and `cold_start` with matrices of at most some hundred rows. Plain f64 in one order, so the same
//! numbers come out everywhere. Source: Golub and Van Loan, "Matrix Computations", §4.2.

/// The lower factor of a matrix, row by row, full rows.
#[derive(Debug, Clone)]
pub(super) struct Cholesky {
    dims: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors a matrix given by rows, of which only the lower triangle is read; none when it is not positive definite to
    /// working precision. `O(d³/3)`.
    pub(super) fn new(mut matrix: Vec<f64>, dims: usize) -> Option<Self> {
        for i in 0..dims {
            let (above, row) = matrix.split_at_mut(i * dims);
            for j in 0..i {
                let other = &above[j * dims..=j * dims + j];
                let sum = dot(&row[..j], &other[..j]);
                row[j] = (row[j] - sum) / other[j];
            }
            let rest = row[i] - dot(&row[..i], &row[..i]);
            // What rounding alone could have left of the diagonal says nothing.
            if !(rest > row[i] * f64::EPSILON && rest.is_finite()) {
                return None;
            }
            row[i] = rest.sqrt();
        }
        Some(Self { dims, lower: matrix })
    }

    /// `A⁻¹ b`. `O(d²)`.
    pub(super) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = self.forward(b, 0);
        for i in (0..self.dims).rev() {
            x[i] /= self.at(i, i);
            let known = x[i];
            for (j, value) in x[..i].iter_mut().enumerate() {
                *value -= self.at(i, j) * known;
            }
        }
        x
    }

    /// The diagonal of `A⁻¹`: column `k` of `L⁻¹` squared and added up. `O(d³/3)`.
    pub(super) fn inverse_diagonal(&self) -> Vec<f64> {
        let mut unit = vec![0.0; self.dims];
        (0..self.dims)
            .map(|k| {
                unit[k] = 1.0;
                let column = self.forward(&unit, k);
                unit[k] = 0.0;
                dot(&column, &column)
            })
            .collect()
    }

    /// `L⁻¹ b` for a `b` that is zero before `first`.
    fn forward(&self, b: &[f64], first: usize) -> Vec<f64> {
        let mut x = b.to_vec();
        for i in first..self.dims {
            let row = &self.lower[i * self.dims..];
            x[i] = (x[i] - dot(&row[first..i], &x[first..i])) / row[i];
        }
        x
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        self.lower[row * self.dims + column]
    }
}

/// Inner product from the left.
#[inline]
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_and_inverts_by_hand() {
        // [[4, 2], [2, 3]] has the inverse [[3, -2], [-2, 4]] / 8.
        let factor = Cholesky::new(vec![4.0, f64::NAN, 2.0, 3.0], 2).unwrap();
        let x = factor.solve(&[2.0, 5.0]);
        assert!((x[0] + 0.5).abs() < 1e-15 && (x[1] - 2.0).abs() < 1e-15, "{x:?}");
        let diagonal = factor.inverse_diagonal();
        assert!((diagonal[0] - 0.375).abs() < 1e-15 && (diagonal[1] - 0.5).abs() < 1e-15, "{diagonal:?}");
    }

    #[test]
    fn residuals_of_larger_systems_are_of_rounding() {
        let dims = 30;
        let mut draws = crate::matching::learn::draw::Draws::new(3, "cholesky");
        let half: Vec<f64> = (0..dims * dims).map(|_| draws.normal()).collect();
        let mut matrix = vec![0.0; dims * dims];
        for i in 0..dims {
            for j in 0..dims {
                matrix[i * dims + j] = dot(&half[i * dims..(i + 1) * dims], &half[j * dims..(j + 1) * dims]);
            }
            matrix[i * dims + i] += 1.0;
        }
        let b: Vec<f64> = (0..dims).map(|_| draws.normal()).collect();
        let factor = Cholesky::new(matrix.clone(), dims).unwrap();
        let x = factor.solve(&b);
        let diagonal = factor.inverse_diagonal();
        for i in 0..dims {
            assert!((dot(&matrix[i * dims..(i + 1) * dims], &x) - b[i]).abs() < 1e-10);
            let mut unit = vec![0.0; dims];
            unit[i] = 1.0;
            assert!((factor.solve(&unit)[i] - diagonal[i]).abs() < 1e-12);
        }
    }

    #[test]
    fn what_is_not_positive_definite_has_no_factor() {
        assert!(Cholesky::new(vec![1.0, 0.0, 1.0, 1.0], 2).is_none());
        assert!(Cholesky::new(vec![1.0, 0.0, 2.0, 1.0], 2).is_none());
        assert!(Cholesky::new(vec![f64::NAN], 1).is_none());
        assert!(Cholesky::new(vec![0.0], 1).is_none());
    }
}
