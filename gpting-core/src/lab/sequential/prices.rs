//! Prices of attention, for the lists of the transferable-utility method.
//!
//! Called by `method`. Source: Choo & Siow, "Who marries whom and why", Journal of Political Economy 2006; Tomita et al.,
//! `RecSys` 2022 (as a ranking).

use crate::matching::market::{Matrix, Preferences};

/// Joint utility minus the price of the right, left × right: `p + q + 2 log B`, after `iterations` of iterative
/// proportional fitting or when no price moves by more than `tolerance`. `O(iterations × left × right)`.
///
/// The root `A` of `A² + 2 s A = 1` is taken as `1 / (sqrt(1 + s²) + s)`, which loses no digits for a large `s`.
pub(super) fn scores(preferences: &Preferences, iterations: usize, tolerance: f64) -> Matrix<f64> {
    let mut joint = preferences.back().transposed();
    for (value, there) in joint.values_mut().iter_mut().zip(preferences.there().values()) {
        *value += there;
    }
    let mut kernel = joint.clone();
    kernel.values_mut().iter_mut().for_each(|value| *value = (*value / 2.0).exp());
    let root = |s: f64| 1.0 / ((1.0 + s * s).sqrt() + s);
    let mut rights = vec![1.0; joint.columns()];
    for _ in 0..iterations {
        let mut sums = vec![0.0; joint.columns()];
        for left in 0..joint.rows() {
            let row = kernel.row(left);
            let share = root(row.iter().zip(&rights).map(|(k, b)| k * b).sum::<f64>() / 2.0);
            sums.iter_mut().zip(row).for_each(|(sum, k)| *sum += k * share);
        }
        let mut moved = 0.0;
        for (right, sum) in rights.iter_mut().zip(sums) {
            let next = root(sum / 2.0);
            moved = f64::max(moved, (next - *right).abs());
            *right = next;
        }
        if moved < tolerance {
            break;
        }
    }
    let prices: Vec<f64> = rights.iter().map(|b| -2.0 * b.ln()).collect();
    for left in 0..joint.rows() {
        joint.row_mut(left).iter_mut().zip(&prices).for_each(|(value, price)| *value -= price);
    }
    joint
}
