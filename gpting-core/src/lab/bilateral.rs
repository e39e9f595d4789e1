//! What lists are worth in a bilateral market: expected matches, envy, inequality.
//!
//! Called by experiments and benches with any lists. Pure. Source of the model and of the envy: Tomita and Yokoyama,
//! "Fair Reciprocal Recommendation in Matching Markets", `RecSys` 2024.

use crate::matching::market::{Exposures, Matrix, Preferences, parallel};

/// Somebody with fewer expected matches than this leaves with nothing.
const NOTHING: f64 = 0.05;

/// By how much another's place must be better to be envied; rounding alone makes no envy.
const ENVY: f64 = 1e-9;

/// How many rows of the right-hand factor are added in one sweep of a sum.
const LANES: usize = 4;

/// What a pair of exposures is worth on true preferences.
#[derive(Debug, Clone, PartialEq)]
pub struct Bilateral {
    /// Expected number of matches, `Σ P[i, j] e_left[i, j] e_right[j, i]`.
    pub matches: f64,
    /// What the left side gets.
    pub left: Side,
    /// What the right side gets.
    pub right: Side,
}

/// What one side of a market gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Expected matches of each person.
    pub utilities: Vec<f64>,
    /// How many pairs of this side there are of whom the first would have more matches at the second's places in the
    /// lists of the other side.
    pub envy: usize,
    /// Gini coefficient of the utilities: 0 when all are equal.
    pub gini: f64,
    /// Share of people with fewer than 0.05 expected matches.
    pub zero_share: f64,
}

impl Bilateral {
    /// Judges lists: `O(n m (n + m))` for the envy, on up to `threads` threads.
    ///
    /// The number of threads changes nothing but time.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn of(preferences: &Preferences, exposures: &Exposures, threads: usize) -> Self {
        let matches = matches_of(preferences, exposures);
        let product = preferences.product();
        let left_places = times(&product, exposures.left());
        let right_places = times(&product.transposed(), exposures.right());
        Self {
            matches: matches.values().iter().sum(),
            left: Side::new(matches.row_sums(), envy(&left_places, exposures.right(), threads)),
            right: Side::new(matches.column_sums(), envy(&right_places, exposures.left(), threads)),
        }
    }

    /// Expected matches alone, in `O(n m)`.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn matches(preferences: &Preferences, exposures: &Exposures) -> f64 {
        matches_of(preferences, exposures).values().iter().sum()
    }

    /// Envy of both sides.
    pub fn envy(&self) -> usize {
        self.left.envy + self.right.envy
    }
}

impl Side {
    fn new(utilities: Vec<f64>, envy: usize) -> Self {
        let poor = utilities.iter().filter(|utility| **utility < NOTHING).count();
        Self { envy, gini: gini(&utilities), zero_share: poor as f64 / utilities.len().max(1) as f64, utilities }
    }
}

/// Gini coefficient of numbers that are not negative: `Σ (2k − n − 1) x_k / (n Σ x)` over ascending `x`; 0 when all are 0.
pub fn gini(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (len, sum) = (sorted.len() as f64, sorted.iter().sum::<f64>());
    if sum <= 0.0 {
        return 0.0;
    }
    let weighted = sorted.iter().enumerate().map(|(at, value)| (2.0 * (at + 1) as f64 - len - 1.0) * value);
    weighted.sum::<f64>() / (len * sum)
}

/// Expected matches of each pair, left × right.
fn matches_of(preferences: &Preferences, exposures: &Exposures) -> Matrix<f64> {
    times(&times(&preferences.product(), exposures.left()), &exposures.right().transposed())
}

/// The product entry by entry.
fn times(one: &Matrix<f64>, other: &Matrix<f64>) -> Matrix<f64> {
    assert_eq!((one.rows(), one.columns()), (other.rows(), other.columns()), "matrices of one shape");
    let mut product = one.clone();
    for (value, factor) in product.values_mut().iter_mut().zip(other.values()) {
        *value *= factor;
    }
    product
}

/// How many `(i, k)` have `Q[i, k] > Q[i, i]` in `Q = own × other`.
///
/// `own` (side × other side) is what each person makes of a look from the other side, `other` (other side × side) how much
/// the other side looks at each place.
fn envy(own: &Matrix<f64>, other: &Matrix<f64>, threads: usize) -> usize {
    let mut envied = vec![0_usize; own.rows()];
    let memory = || vec![0.0; other.columns()];
    parallel::each(&mut envied, threads, memory, |places: &mut Vec<f64>, person, envied| {
        combine(own.row(person), other, places);
        let limit = places[person] + ENVY;
        *envied = places.iter().filter(|place| **place > limit).count();
    });
    envied.iter().sum()
}

/// `out = Σ factors[r] matrix[r]`, always added in the same order.
fn combine(factors: &[f64], matrix: &Matrix<f64>, out: &mut [f64]) {
    out.fill(0.0);
    let width = matrix.columns();
    let blocks = factors.chunks_exact(LANES).zip(matrix.values().chunks_exact(LANES * width));
    for (factors, rows) in blocks {
        let (one, rest) = rows.split_at(width);
        let (two, rest) = rest.split_at(width);
        let (three, four) = rest.split_at(width);
        for ((((out, one), two), three), four) in out.iter_mut().zip(one).zip(two).zip(three).zip(four) {
            *out += factors[0] * one + factors[1] * two + factors[2] * three + factors[3] * four;
        }
    }
    for (row, factor) in factors.iter().enumerate().skip(factors.len() / LANES * LANES) {
        for (out, value) in out.iter_mut().zip(matrix.row(row)) {
            *out += factor * value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gini_is_zero_for_equals_and_near_one_for_a_monopoly() {
        assert!(gini(&[2.0; 7]).abs() < 1e-15);
        assert!((gini(&[0.0, 0.0, 0.0, 5.0]) - 0.75).abs() < 1e-15);
        assert!((gini(&[3.0, 1.0, 2.0]) - 2.0 / 9.0).abs() < 1e-15);
        assert!(gini(&[]).abs() < 1e-15 && gini(&[0.0; 3]).abs() < 1e-15);
    }

    #[test]
    fn a_market_worked_out_by_hand() {
        // Everybody likes everybody, but both lefts see right 0 first and both rights see left 0 first.
        let sure = || Matrix::filled(2, 2, 1.0);
        let first = || Matrix::from_rows(2, 2, vec![1.0, 0.5, 1.0, 0.5]);
        let (market, lists) = (Preferences::new(sure(), sure()), Exposures::new(first(), first()));
        let judged = Bilateral::of(&market, &lists, 1);
        assert!((judged.matches - 2.25).abs() < 1e-15);
        assert_eq!(judged.left.utilities, [1.5, 0.75]);
        // Left 1 would have 1.5 at the place of left 0; nobody envies left 1.
        assert_eq!((judged.left.envy, judged.right.envy, judged.envy()), (1, 1, 2));
        assert!(judged.left.zero_share.abs() < 1e-15);
    }

    #[test]
    fn threads_change_nothing_and_sides_may_differ_in_size() {
        let value = |row: usize, column: usize| ((row * 7 + column * 13) % 17) as f64 / 17.0;
        let market = Preferences::new(Matrix::from_fn(11, 6, value), Matrix::from_fn(6, 11, value));
        let lists = Exposures::new(Matrix::from_fn(11, 6, value), Matrix::from_fn(6, 11, value));
        let judged = Bilateral::of(&market, &lists, 1);
        assert_eq!(judged, Bilateral::of(&market, &lists, 4));
        let plain: usize = (0..11)
            .map(|i| {
                let at = |k: usize| (0..6).map(|j| value(i, j) * value(j, i) * value(i, j) * value(j, k)).sum::<f64>();
                (0..11).filter(|k| at(*k) > at(i) + 1e-9).count()
            })
            .sum();
        assert_eq!(judged.left.envy, plain);
        assert!((judged.matches - Bilateral::matches(&market, &lists)).abs() < 1e-12);
    }
}
