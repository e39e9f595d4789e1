//! Prices of attention: what it costs a market when one more person looks at somebody.
//!
//! The prices of a market with transferable utility in equilibrium. Ranking by what a pair has to share less the price is
//! a method of its own, and the way to choose a `pool`. Calls a [`Kernel`], dense or from factors. Invariant: prices are
//! not negative, and they do not depend on the number of threads.

use super::{Kernel, Lists, Matrix, Slates, parallel};

/// Shares of the rows that add up their columns apart; a constant, so that threads do not change the sums.
const SHARES: usize = 16;

/// How the equilibrium of Choo and Siow is approached.
///
/// With `K = exp(Φ / 2b)` the scales `A` and `B` solve `A_i² + Σ_j K_ij A_i B_j = n_i` and the same for `B`; a sweep sets
/// `s = (K B)_i / 2; A_i = n_i / (√(n_i + s²) + s)`, the root without cancellation, then the same for `B`. Sources: Choo
/// and Siow, JPE 2006; Tomita et al., `RecSys` 2022; blocks in `O(N)` memory: Nakada et al., 2024.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Equilibrium {
    /// The most sweeps. 20: the slow mode is a common scale of `A` against `B`, which no ranking sees, and lists after 20
    /// sweeps are even better than at the end.
    pub sweeps: usize,
    /// Ends when no `log B`, less their mean, moves by more than this in a sweep. 0: all sweeps.
    pub tolerance: f64,
    /// Whether every sweep also sets the common scale of `A` against `B` so that both sides count as many matches. Off by
    /// default; with it tens of sweeps reach the equilibrium, which take thousands without.
    pub is_balanced: bool,
    /// How many matches a left has room for, as a capacity. 1.
    pub left_room: f64,
    /// How many matches a right has room for. 1.
    pub right_room: f64,
    /// Threads to use; the result does not depend on them.
    pub threads: usize,
}

impl Default for Equilibrium {
    fn default() -> Self {
        Self { sweeps: 20, tolerance: 0.0, is_balanced: false, left_room: 1.0, right_room: 1.0, threads: 1 }
    }
}

/// The price of everybody's attention, in the unit of the surplus `Φ`.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    /// One price per left, `−2b log A`, what a right pays.
    pub left: Vec<f64>,
    /// One price per right, `−2b log B`, what a left pays.
    pub right: Vec<f64>,
    /// How many sweeps there were.
    pub sweeps: usize,
}

impl Equilibrium {
    /// Balanced sweeps until nothing moves: 1000 at the most.
    pub fn converged() -> Self {
        Self { sweeps: 1000, tolerance: 1e-9, is_balanced: true, ..Self::default() }
    }

    /// The prices of a kernel. `O(n m)` a sweep; memory `O(n + m)` on top of the kernel.
    ///
    /// # Panics
    /// If a room is not positive.
    pub fn prices(self, kernel: &impl Kernel) -> Prices {
        assert!(self.left_room > 0.0 && self.right_room > 0.0, "everybody has room for somebody: {self:?}");
        let (lefts, rights) = (kernel.lefts(), kernel.rights());
        let (mut left, mut right) = (vec![0.0; lefts], vec![self.right_room.sqrt(); rights]);
        let mut before: Vec<f64> = right.iter().map(|scale| scale.ln()).collect();
        let mut sweeps = 0;
        while sweeps < self.sweeps {
            sweeps += 1;
            let sums = self.sweep(kernel, &right, &mut left);
            for (scale, sum) in right.iter_mut().zip(sums) {
                *scale = root(self.right_room, sum / 2.0);
            }
            if self.is_balanced {
                self.balance(&mut left, &mut right);
            }
            let logs: Vec<f64> = right.iter().map(|scale| scale.ln()).collect();
            if moved(&before, &logs) < self.tolerance {
                break;
            }
            before = logs;
        }
        let price = |scale: &f64| -2.0 * kernel.temperature() * scale.ln();
        Prices { left: left.iter().map(price).collect(), right: right.iter().map(price).collect(), sweeps }
    }

    /// Multiplies the left by `c` and divides the right by it, so that `c² Σ A² − Σ B² / c²` is the difference of the rooms.
    fn balance(self, left: &mut [f64], right: &mut [f64]) {
        let square = |scales: &[f64]| scales.iter().map(|scale| scale * scale).sum::<f64>();
        let (a, b) = (square(left), square(right));
        let more = self.left_room * left.len() as f64 - self.right_room * right.len() as f64;
        // Of a x² − more x − b = 0, in the form that does not cancel.
        let spread = (more * more + 4.0 * a * b).sqrt();
        let x = if more >= 0.0 { (more + spread) / (2.0 * a) } else { 2.0 * b / (spread - more) };
        let scale = x.sqrt();
        for one in left {
            *one *= scale;
        }
        for one in right {
            *one /= scale;
        }
    }

    /// Sets the scales of the left for those of the right; the sums `Σ_i K_ij A_i` of the columns.
    fn sweep(self, kernel: &impl Kernel, right: &[f64], left: &mut [f64]) -> Vec<f64> {
        let share = left.len().div_ceil(SHARES).max(1);
        let mut sums = vec![vec![0.0; right.len()]; left.len().div_ceil(share)];
        let shares = left.chunks_mut(share).zip(&mut sums);
        parallel::each(
            shares,
            self.threads,
            || kernel.memory(right),
            |memory, at, (left, sums)| {
                kernel.sweep(memory, at * share, right, left, sums, |sum| root(self.left_room, sum / 2.0));
            },
        );
        let mut total = vec![0.0; right.len()];
        for sums in sums {
            for (total, sum) in total.iter_mut().zip(sums) {
                *total += sum;
            }
        }
        total
    }
}

impl Prices {
    /// Both sides' scores of every pair: the surplus less the price of the other; left × right and right × left.
    ///
    /// # Panics
    /// If the surplus (left × right) is of another market.
    pub fn scores(&self, surplus: &Matrix<f64>) -> (Matrix<f64>, Matrix<f64>) {
        let less = |mut scores: Matrix<f64>, prices: &[f64]| {
            assert_eq!(scores.columns(), prices.len(), "a surplus of this market");
            for row in 0..scores.rows() {
                for (score, price) in scores.row_mut(row).iter_mut().zip(prices) {
                    *score -= price;
                }
            }
            scores
        };
        (less(surplus.clone(), &self.right), less(surplus.transposed(), &self.left))
    }

    /// Everybody ranked by surplus less price, which is the order of the equilibrium's matches.
    ///
    /// # Panics
    /// If the surplus (left × right) is of another market.
    pub fn slates(&self, surplus: &Matrix<f64>, threads: usize) -> Slates {
        Slates {
            left: Lists::ranked_less(surplus, &self.right, threads),
            right: Lists::ranked_less(&surplus.transposed(), &self.left, threads),
        }
    }
}

/// The positive root of `x² + 2 s x = n`, without cancellation however large `s` is.
fn root(n: f64, s: f64) -> f64 {
    n / ((n + s * s).sqrt() + s)
}

/// The largest move of a logarithm, apart from the common one.
fn moved(before: &[f64], after: &[f64]) -> f64 {
    let moves = || after.iter().zip(before).map(|(after, before)| after - before);
    let mean = moves().sum::<f64>() / after.len().max(1) as f64;
    moves().map(|one| (one - mean).abs()).fold(0.0, f64::max)
}
