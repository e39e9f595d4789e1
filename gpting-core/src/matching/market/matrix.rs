//! A dense matrix, row after row.
//!
//! The common ground of this room; knows nothing of markets. Invariant: `values.len() == rows * columns`.

/// Side of the square tiles in which a matrix is turned over: two tiles of 8-byte values fit the first-level cache.
const TILE: usize = 32;

/// A dense matrix in row-major order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix<T> {
    rows: usize,
    columns: usize,
    values: Vec<T>,
}

impl<T: Copy> Matrix<T> {
    /// A matrix with `value` everywhere.
    pub fn filled(rows: usize, columns: usize, value: T) -> Self {
        Self { rows, columns, values: vec![value; rows * columns] }
    }

    /// A matrix of these values, row after row.
    ///
    /// # Panics
    /// If there are not `rows * columns` of them.
    pub fn from_rows(rows: usize, columns: usize, values: Vec<T>) -> Self {
        assert_eq!(values.len(), rows * columns, "a matrix of {rows} times {columns}");
        Self { rows, columns, values }
    }

    /// A matrix of `value(row, column)`.
    pub fn from_fn(rows: usize, columns: usize, mut value: impl FnMut(usize, usize) -> T) -> Self {
        let values = (0..rows * columns).map(|at| value(at / columns, at % columns)).collect();
        Self { rows, columns, values }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The value at a place.
    ///
    /// # Panics
    /// If there is no such place.
    #[inline]
    pub fn at(&self, row: usize, column: usize) -> T {
        self.row(row)[column]
    }

    /// One row.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline]
    pub fn row(&self, row: usize) -> &[T] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// One row, to write to.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline]
    pub fn row_mut(&mut self, row: usize) -> &mut [T] {
        &mut self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// All values, row after row.
    #[inline]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// All values, row after row, to write to.
    #[inline]
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// The matrix turned over.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut turned = Self { rows: self.columns, columns: self.rows, values: self.values.clone() };
        self.transpose_into(&mut turned);
        turned
    }

    /// Writes the matrix turned over into one of the right shape.
    ///
    /// # Panics
    /// If `turned` has another shape.
    pub fn transpose_into(&self, turned: &mut Self) {
        assert_eq!((turned.rows, turned.columns), (self.columns, self.rows), "the shape of the matrix turned over");
        for first_row in (0..self.rows).step_by(TILE) {
            let rows = first_row..(first_row + TILE).min(self.rows);
            for first_column in (0..self.columns).step_by(TILE) {
                for column in first_column..(first_column + TILE).min(self.columns) {
                    let out = &mut turned.values[column * self.rows..][rows.clone()];
                    let from = self.values[first_row * self.columns + column..].iter().step_by(self.columns);
                    for (out, value) in out.iter_mut().zip(from) {
                        *out = *value;
                    }
                }
            }
        }
    }
}

impl Matrix<f64> {
    /// The sum of each row.
    pub fn row_sums(&self) -> Vec<f64> {
        (0..self.rows).map(|row| self.row(row).iter().sum()).collect()
    }

    /// The sum of each column.
    pub fn column_sums(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.columns];
        for row in 0..self.rows {
            for (sum, value) in sums.iter_mut().zip(self.row(row)) {
                *sum += value;
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_over_swaps_rows_and_columns() {
        for (rows, columns) in [(1, 1), (1, 70), (70, 1), (33, 65), (64, 32)] {
            let matrix = Matrix::from_fn(rows, columns, |row, column| (row * 1000 + column) as f64);
            let turned = matrix.transposed();
            assert_eq!((turned.rows(), turned.columns()), (columns, rows));
            for row in 0..rows {
                for column in 0..columns {
                    assert_eq!(turned.at(column, row).to_bits(), matrix.at(row, column).to_bits());
                }
            }
            assert_eq!(turned.row_sums(), matrix.column_sums());
            assert_eq!(turned.transposed(), matrix);
        }
    }
}
