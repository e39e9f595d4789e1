//! The kernel `K = exp(Φ / 2b)` of a market's equilibrium, as a matrix or from factors.
//!
//! Called by `price`, a share of the rows at a time. Invariant: a sweep reads every entry of the kernel once and keeps at
//! most a few rows of it.

use super::exponential::exp2;
use super::{Matrix, parallel};
use crate::matching::logistic::exp;

/// The largest exponent of a dense kernel; double precision holds products of two of them.
const MOST: f64 = 300.0;

/// Lanes of a sum, so that it is vector instructions and still always the same sum.
const LANES: usize = 8;

/// What the equilibrium needs of a surplus `Φ` at temperature `b`.
pub trait Kernel: Sync {
    /// Memory of one thread during a sweep.
    type Memory;

    /// How many people on the left.
    fn lefts(&self) -> usize;

    /// How many people on the right.
    fn rights(&self) -> usize;

    /// The temperature `b`.
    fn temperature(&self) -> f64;

    /// Memory for one thread, for a sweep with these scales of the right.
    fn memory(&self, right: &[f64]) -> Self::Memory;

    /// For each row from `first` on, as many as `left` has: `A = scale(Σ_j K_ij B_j)`, kept in `left`, and `K_ij A_i`
    /// added to `sums[j]`.
    fn sweep(
        &self,
        memory: &mut Self::Memory,
        first: usize,
        right: &[f64],
        left: &mut [f64],
        sums: &mut [f64],
        scale: impl Fn(f64) -> f64,
    );
}

/// The kernel of a surplus given as a matrix, worked out once.
#[derive(Debug, Clone)]
pub struct DenseKernel {
    values: Matrix<f64>,
    temperature: f64,
}

impl DenseKernel {
    /// The kernel of `surplus` (left × right) at `temperature`: 1 mixes much, 0.05 is close to an assignment.
    ///
    /// # Panics
    /// If the temperature is not positive, or so low that `Φ / 2b` is above 300.
    pub fn new(surplus: &Matrix<f64>, temperature: f64, threads: usize) -> Self {
        assert!(temperature > 0.0, "a temperature, not {temperature}");
        let mut values = surplus.clone();
        let width = values.columns().max(1);
        parallel::each(
            values.values_mut().chunks_mut(width),
            threads,
            || (),
            |(), _, row| {
                for value in row {
                    let exponent = *value / (2.0 * temperature);
                    assert!(exponent <= MOST, "the temperature {temperature} is too low for a surplus of {value}");
                    *value = exp(exponent);
                }
            },
        );
        Self { values, temperature }
    }
}

impl Kernel for DenseKernel {
    type Memory = ();

    fn lefts(&self) -> usize {
        self.values.rows()
    }

    fn rights(&self) -> usize {
        self.values.columns()
    }

    fn temperature(&self) -> f64 {
        self.temperature
    }

    fn memory(&self, _right: &[f64]) {}

    fn sweep(
        &self,
        (): &mut (),
        first: usize,
        right: &[f64],
        left: &mut [f64],
        sums: &mut [f64],
        scale: impl Fn(f64) -> f64,
    ) {
        for (row, left) in (first..).zip(left) {
            let values = self.values.row(row);
            *left = scale(dot(values, right));
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += *left * value;
            }
        }
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    for (one, other) in one.chunks(LANES).zip(other.chunks(LANES)) {
        for ((sum, one), other) in sums.iter_mut().zip(one).zip(other) {
            *sum += one * other;
        }
    }
    sums.iter().sum()
}

/// Rows that are worked out together: their panel of the kernel stays in the second-level cache.
const ROWS: usize = 4;

/// Columns that are worked out together: with `ROWS` rows their sums stay in registers.
const COLUMNS: usize = 8;

/// The kernel of a surplus `Φ_ij = f_i · g_j`, never kept: `O((n + m) d)` memory.
#[derive(Debug, Clone)]
pub struct FactorKernel {
    left: Matrix<f32>,
    /// The right factors in panels of `COLUMNS` people: first all their first coordinates, and so on.
    panels: Vec<[f32; COLUMNS]>,
    rights: usize,
    temperature: f64,
}

impl FactorKernel {
    /// The kernel of the inner products of `left` (left × d) and `right` (right × d) at `temperature`.
    ///
    /// # Panics
    /// If the dimensions differ, the temperature is not positive, or `Φ / 2b` might be above 60 (by the norms).
    pub fn new(left: &Matrix<f32>, right: &Matrix<f32>, temperature: f64) -> Self {
        assert_eq!(left.columns(), right.columns(), "factors of one space");
        assert!(temperature > 0.0, "a temperature, not {temperature}");
        let largest = |factors: &Matrix<f32>| {
            let norm = |row| factors.row(row).iter().map(|value| f64::from(value * value)).sum::<f64>().sqrt();
            (0..factors.rows()).map(norm).fold(0.0, f64::max)
        };
        let exponent = largest(left) * largest(right) / (2.0 * temperature);
        assert!(exponent <= 60.0, "the temperature {temperature} is too low for factors of this size");
        // The exponent is in powers of two and for the temperature from here on.
        let unit = (std::f64::consts::LOG2_E / (2.0 * temperature)) as f32;
        let values = left.values().iter().map(|value| value * unit).collect();
        let (dimensions, rights) = (right.columns(), right.rows());
        let mut panels = vec![[0.0; COLUMNS]; rights.div_ceil(COLUMNS) * dimensions];
        for person in 0..rights {
            for (dimension, value) in right.row(person).iter().enumerate() {
                panels[person / COLUMNS * dimensions + dimension][person % COLUMNS] = *value;
            }
        }
        Self { left: Matrix::from_rows(left.rows(), dimensions, values), panels, rights, temperature }
    }

    /// The kernel of up to `ROWS` rows from `first` on, and their sums with the scales of the right.
    fn rows(&self, first: usize, count: usize, memory: &mut FactorMemory) -> [f32; ROWS] {
        let dimensions = self.left.columns();
        // A row that is missing repeats the last one and is not used.
        let row = |at: usize| self.left.row(first + at.min(count - 1));
        let rows = [row(0), row(1), row(2), row(3)];
        let mut sums = [[0.0_f32; COLUMNS]; ROWS];
        let panels = self.panels.chunks_exact(dimensions.max(1));
        for ((panel, kernel), scales) in panels.zip(&mut memory.kernel).zip(&memory.scales) {
            let products = products(panel, &rows);
            for ((products, kernel), sums) in products.iter().zip(kernel).zip(&mut sums) {
                *kernel = exp2(products);
                for ((sum, kernel), scale) in sums.iter_mut().zip(kernel).zip(scales) {
                    *sum += *kernel * scale;
                }
            }
        }
        sums.map(|lanes| lanes.iter().sum())
    }
}

/// The inner products of a few rows with the people of a panel. Written out by row, which keeps the sums in registers.
#[inline]
fn products(panel: &[[f32; COLUMNS]], rows: &[&[f32]; ROWS]) -> [[f32; COLUMNS]; ROWS] {
    let [mut one, mut two, mut three, mut four] = [[0.0_f32; COLUMNS]; ROWS];
    let coordinates = rows[0].iter().zip(rows[1]).zip(rows[2]).zip(rows[3]);
    for (right, (((a, b), c), d)) in panel.iter().zip(coordinates) {
        for lane in 0..COLUMNS {
            one[lane] += a * right[lane];
            two[lane] += b * right[lane];
            three[lane] += c * right[lane];
            four[lane] += d * right[lane];
        }
    }
    [one, two, three, four]
}

/// Memory of one thread: a few rows of the kernel, and the scales of the right in panels.
#[derive(Debug)]
pub struct FactorMemory {
    kernel: Vec<[[f32; COLUMNS]; ROWS]>,
    scales: Vec<[f32; COLUMNS]>,
    sums: Vec<[f32; COLUMNS]>,
}

impl Kernel for FactorKernel {
    type Memory = FactorMemory;

    fn lefts(&self) -> usize {
        self.left.rows()
    }

    fn rights(&self) -> usize {
        self.rights
    }

    fn temperature(&self) -> f64 {
        self.temperature
    }

    fn memory(&self, right: &[f64]) -> FactorMemory {
        let panels = self.rights.div_ceil(COLUMNS);
        let mut scales = vec![[0.0; COLUMNS]; panels];
        for (place, scale) in scales.as_flattened_mut().iter_mut().zip(right) {
            *place = *scale as f32;
        }
        FactorMemory { kernel: vec![[[0.0; COLUMNS]; ROWS]; panels], scales, sums: vec![[0.0; COLUMNS]; panels] }
    }

    fn sweep(
        &self,
        memory: &mut FactorMemory,
        first: usize,
        _right: &[f64],
        left: &mut [f64],
        sums: &mut [f64],
        scale: impl Fn(f64) -> f64,
    ) {
        memory.sums.fill([0.0; COLUMNS]);
        for (block, left) in left.chunks_mut(ROWS).enumerate() {
            let totals = self.rows(first + block * ROWS, left.len(), memory);
            let mut scales = [0.0_f32; ROWS];
            for ((left, total), narrow) in left.iter_mut().zip(totals).zip(&mut scales) {
                *left = scale(f64::from(total));
                *narrow = *left as f32;
            }
            for (kernel, sums) in memory.kernel.iter().zip(&mut memory.sums) {
                for (kernel, scale) in kernel.iter().zip(scales) {
                    for (sum, kernel) in sums.iter_mut().zip(kernel) {
                        *sum += kernel * scale;
                    }
                }
            }
        }
        for (sum, narrow) in sums.iter_mut().zip(memory.sums.as_flattened()) {
            *sum += f64::from(*narrow);
        }
    }
}
