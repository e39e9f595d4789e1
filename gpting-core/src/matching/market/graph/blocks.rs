//! A surplus too large to keep: written block by block, used at once, forgotten.
//!
//! Called by `price`. Invariant: the sum over a row is taken in one order, whatever the number of threads.

use std::ops::Range;

/// The surplus of all pairs, on demand.
pub trait Affinity: Sync {
    /// How many people there are.
    fn people(&self) -> usize;

    /// Writes the surplus of `rows × columns` into `out`, row after row; pairs that do not meet are −∞.
    ///
    /// `false` says that no pair of the block meets, and leaves `out` as it was.
    fn block(&self, rows: Range<usize>, columns: Range<usize>, out: &mut [f32]) -> bool;

    /// Where groups without pairs inside end, ascending, the last at the number of people; a single one when there are none.
    fn ends(&self) -> Vec<usize> {
        vec![self.people()]
    }
}

/// The surplus `Φ_ij = seek_i · offer_j + offer_i · seek_j` of factors, between two sides or among all.
#[derive(Debug, Clone)]
pub struct Factors {
    dims: usize,
    people: usize,
    /// The people of the first side come first; `None` when everybody may meet everybody.
    border: Option<usize>,
    /// `[seek, offer]` of a person, person after person.
    own: Vec<f32>,
    /// `[offer, seek]`, dimension after dimension, so that a block is read along its columns.
    turned: Vec<f32>,
}

impl Factors {
    /// Factors of `dims` numbers per person and direction, person after person. `border` people form the first side, and
    /// only pairs across meet; without it all pairs do.
    ///
    /// # Errors
    /// [`super::GraphError::WrongLength`] when the two differ in length or are no multiple of `dims`;
    /// [`super::GraphError::InvalidSetting`] for a border beyond the people.
    pub fn new(dims: usize, border: Option<usize>, seek: &[f32], offer: &[f32]) -> Result<Self, super::GraphError> {
        let people = seek.len() / dims.max(1);
        for (what, values) in [("seek", seek), ("offer", offer)] {
            if values.len() != people * dims {
                return Err(super::GraphError::WrongLength { what, expected: people * dims, got: values.len() });
            }
        }
        if border.is_some_and(|border| border > people) {
            return Err(super::GraphError::InvalidSetting("border"));
        }
        let mut own = Vec::with_capacity(2 * dims * people);
        let mut turned = vec![0.0; 2 * dims * people];
        for person in 0..people {
            let (seek, offer) = (&seek[person * dims..][..dims], &offer[person * dims..][..dims]);
            own.extend_from_slice(seek);
            own.extend_from_slice(offer);
            for (k, &value) in offer.iter().chain(seek).enumerate() {
                turned[k * people + person] = value;
            }
        }
        Ok(Self { dims, people, border, own, turned })
    }

    fn side(&self, person: usize) -> bool {
        self.border.is_some_and(|border| person >= border)
    }
}

impl Affinity for Factors {
    fn people(&self) -> usize {
        self.people
    }

    fn block(&self, rows: Range<usize>, columns: Range<usize>, out: &mut [f32]) -> bool {
        let apart = self.border.is_some();
        if apart
            && rows.clone().all(|row| self.side(row) == self.side(rows.start))
            && self.side(columns.start) == self.side(rows.start)
            && self.side(columns.end - 1) == self.side(rows.start)
        {
            return false;
        }
        let width = columns.len();
        for (row, out) in rows.zip(out.chunks_exact_mut(width)) {
            out.fill(0.0);
            let own = &self.own[2 * self.dims * row..][..2 * self.dims];
            for (k, &factor) in own.iter().enumerate() {
                let turned = &self.turned[k * self.people + columns.start..][..width];
                for (sum, &value) in out.iter_mut().zip(turned) {
                    *sum += factor * value;
                }
            }
            let hide = |column: &usize| *column == row || (apart && self.side(*column) == self.side(row));
            if apart || columns.contains(&row) {
                for column in columns.clone().filter(hide) {
                    out[column - columns.start] = f32::NEG_INFINITY;
                }
            }
        }
        true
    }

    fn ends(&self) -> Vec<usize> {
        self.border.into_iter().chain([self.people]).collect()
    }
}

/// Rows and columns of a block: its surplus and its columns' factors stay in the first-level cache.
const ROWS: usize = 8;
const COLUMNS: usize = 512;

/// `Σ_j exp(scale Φ_ij) a_j` for every row.
pub(super) fn row_sums<A: Affinity + ?Sized>(
    affinity: &A,
    rows: Range<usize>,
    unknown: &[f32],
    scale: f32,
) -> Vec<f64> {
    let mut sums = Vec::with_capacity(rows.len());
    let mut out = vec![0.0_f32; ROWS * COLUMNS];
    for first in rows.clone().step_by(ROWS) {
        let rows = first..(first + ROWS).min(rows.end);
        let mut block = [0.0_f64; ROWS];
        for left in (0..affinity.people()).step_by(COLUMNS) {
            let columns = left..(left + COLUMNS).min(affinity.people());
            let out = &mut out[..rows.len() * columns.len()];
            if affinity.block(rows.clone(), columns.clone(), out) {
                for (sum, values) in block.iter_mut().zip(out.chunks_exact(columns.len())) {
                    *sum += weighted(values, &unknown[columns.clone()], scale);
                }
            }
        }
        sums.extend_from_slice(&block[..rows.len()]);
    }
    sums
}

/// `Σ exp(scale x_j) a_j` over one row of a block, in sixteen running sums so that it vectorises.
fn weighted(values: &[f32], unknown: &[f32], scale: f32) -> f64 {
    let mut lanes = [0.0_f32; 16];
    let (value_chunks, value_rest) = values.as_chunks::<16>();
    let (unknown_chunks, unknown_rest) = unknown.as_chunks::<16>();
    for (values, unknown) in value_chunks.iter().zip(unknown_chunks) {
        for lane in 0..16 {
            lanes[lane] += exp(scale * values[lane]) * unknown[lane];
        }
    }
    let rest: f64 = value_rest.iter().zip(unknown_rest).map(|(&value, &a)| f64::from(exp(scale * value) * a)).sum();
    lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>() + rest
}

/// `e^x` in single precision, to about 2e-7, cut to [e^-87, e^88]. Branch-free, so that a loop over it vectorises.
#[inline]
fn exp(x: f32) -> f32 {
    // Adding this leaves the nearest integer in the low bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let mut sum = 1.0 / 720.0;
    for coefficient in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = sum * r + coefficient;
    }
    sum * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_exponential_is_one() {
        for i in -8600..8790 {
            let x = i as f32 * 0.01;
            assert!((f64::from(exp(x)) / f64::from(x).exp() - 1.0).abs() < 3e-7, "exp {x} is {}", exp(x));
        }
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn row_sums_are_those_of_the_whole_matrix() {
        let people = 700;
        let value = |i: usize| ((i * 37 % 101) as f32 - 50.0) / 100.0;
        let seek: Vec<f32> = (0..people * 3).map(value).collect();
        let offer: Vec<f32> = (0..people * 3).map(|i| value(i + 13)).collect();
        let unknown: Vec<f32> = (0..people).map(|i| 0.1 + value(i).abs()).collect();
        for border in [None, Some(256)] {
            let factors = Factors::new(3, border, &seek, &offer).unwrap();
            let sums = row_sums(&factors, 3..people, &unknown, 0.5);
            for row in (3..people).step_by(41) {
                let meets = |j: usize| j != row && border.is_none_or(|border| (j < border) != (row < border));
                let phi = |j: usize| {
                    (0..3)
                        .map(|k| seek[row * 3 + k] * offer[j * 3 + k] + offer[row * 3 + k] * seek[j * 3 + k])
                        .sum::<f32>()
                };
                let expected: f64 = (0..people)
                    .filter(|&j| meets(j))
                    .map(|j| f64::from(0.5 * phi(j)).exp() * f64::from(unknown[j]))
                    .sum();
                assert!((sums[row - 3] / expected - 1.0).abs() < 1e-5, "{row}: {} {expected}", sums[row - 3]);
            }
        }
    }
}
