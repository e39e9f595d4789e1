//! From scores to lists, and from lists to how much everybody is looked at.
//!
//! Called by [`super::SequentialMarket`]. Invariant: ties go to the smaller index, as in a stable sort.

use crate::matching::market::{Matrix, parallel};

/// Per row, the columns by falling score. `O(rows × columns × log columns)`.
pub(super) fn orders(scores: &Matrix<f64>) -> Matrix<u32> {
    let mut keyed = Vec::new();
    let mut orders = Vec::with_capacity(scores.values().len());
    for row in 0..scores.rows() {
        sort(scores.row(row), &mut keyed);
        orders.extend(keyed.iter().map(|(_, column)| *column));
    }
    Matrix::from_rows(scores.rows(), scores.columns(), orders)
}

/// Per row, the weight of each column's rank when sorted by falling score, on up to `threads` threads.
/// `O(rows × columns × log columns)`.
pub(super) fn exposure(scores: &Matrix<f64>, weights: &[f64], threads: usize) -> Matrix<f64> {
    let mut out = Matrix::filled(scores.rows(), scores.columns(), 0.0);
    let width = scores.columns();
    parallel::rows(out.values_mut(), width, threads, |first, block| {
        let mut keyed = Vec::with_capacity(width);
        for (row, out) in block.chunks_mut(width).enumerate() {
            sort(scores.row(first + row), &mut keyed);
            for ((_, column), weight) in keyed.iter().zip(weights) {
                out[*column as usize] = *weight;
            }
        }
    });
    out
}

/// `keyed` becomes the columns with their scores, best first.
fn sort(scores: &[f64], keyed: &mut Vec<(f64, u32)>) {
    keyed.clear();
    // Adding 0 makes one of the two zeros, which the order of all bit patterns would keep apart.
    keyed.extend(scores.iter().zip(0_u32..).map(|(score, column)| (score + 0.0, column)));
    keyed.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_smaller_index() {
        let scores = Matrix::from_rows(2, 4, vec![0.5, 0.9, 0.5, 0.7, -0.0, 0.0, -1.0, -0.0]);
        assert_eq!(orders(&scores).values(), [1, 3, 0, 2, 0, 1, 3, 2]);
        let exposed = exposure(&scores, &[1.0, 0.5, 0.25, 0.0], 2);
        assert_eq!(exposed.values(), [0.25, 1.0, 0.0, 0.5, 1.0, 0.5, 0.0, 0.25]);
    }
}
