//! A viewer as the index is asked: what to pass by, and how high a row can score at the most.
//!
//! Made by `retrieval` once per query, read by `simd` for every row. All numbers are f32 and lean towards keeping people;
//! the exact tests and the exact score come later. Invariant: for every eligible candidate, `there` and `back` of the
//! exact score are at most what follows from here, before the slack of [`SLACK`].

use crate::matching::fusion::{Fusion, Link};
use crate::matching::index::quantise::Probe;
use crate::matching::sketch::Bounds;

/// What every bound is raised by, and what it is raised by for each unit of its parts: the rounding of a dozen f32 steps.
pub(in crate::matching) const SLACK: (f32, f32) = (4e-6, 4e-6);

/// The viewer's half of a search.
#[derive(Debug, Clone)]
pub(in crate::matching) struct Ask {
    /// On the unit sphere.
    pub(in crate::matching) point: [f64; 3],
    pub(in crate::matching) placed: bool,
    /// The own distance limit as a chord; infinite without one.
    pub(in crate::matching) limit: f32,
    /// Births that the viewer and the age gate admit, first and last.
    pub(in crate::matching) births: (u16, u16),
    pub(in crate::matching) birth: u16,
    pub(in crate::matching) age: u8,
    /// Flags that a row must have, and flags that it must not have.
    pub(in crate::matching) must: u8,
    pub(in crate::matching) never: u8,
    /// What every candidate has: the base, the viewer's own biases and tastes, the bounds of the signals.
    pub(in crate::matching) there: f32,
    pub(in crate::matching) back: f32,
    /// `near · near_km / (near_km + km)` and `age · age_days / (age_days + days)`.
    pub(in crate::matching) near: f32,
    pub(in crate::matching) near_km: f32,
    pub(in crate::matching) age_weight: f32,
    pub(in crate::matching) age_days: f32,
    /// The most that shared interests add.
    pub(in crate::matching) interests: f32,
    /// By class of interests, as a bit of a [`Signature`](crate::matching::index::columns::Signature): what they add when
    /// divided by the root of how many a row has. Only classes of the viewer's.
    pub(in crate::matching) classes: Vec<(u32, f32)>,
    /// The most that the signal adds which rows have sketches for, in each direction; and what sketches come to.
    pub(in crate::matching) sketched: [f32; 2],
    pub(in crate::matching) sketches: Bounds,
    /// How much nearness, age and interests count for the viewer; what candidates let count beyond 1 is in their biases.
    pub(in crate::matching) own: [f32; 3],
    /// What the viewer seeks and is, times the weight of content.
    pub(in crate::matching) seeks: Probe,
    pub(in crate::matching) is: Probe,
    /// Bytes of a row of a plane; 0 without content.
    pub(in crate::matching) stride: usize,
    /// Square root of the dimensions.
    pub(in crate::matching) root_dims: f32,
    pub(in crate::matching) link: Link,
    pub(in crate::matching) fusion: Fusion,
}

impl Ask {
    /// Whether sketches of rows can add anything.
    #[inline(always)]
    pub(in crate::matching) fn is_sketched(&self) -> bool {
        self.sketched.iter().any(|most| *most > 0.0)
    }

    /// The fused score of many bounds at once; a few units in the last place away from the exact one.
    #[inline(always)]
    pub(in crate::matching) fn fuse<const N: usize>(&self, there: &[f32; N], back: &[f32; N]) -> [f32; N] {
        let mut chances = ([0.0; N], [0.0; N]);
        match self.link {
            Link::Logistic => {
                for i in 0..N {
                    chances.0[i] = sigmoid(there[i]);
                    chances.1[i] = sigmoid(back[i]);
                }
            }
            Link::Clipped => {
                for i in 0..N {
                    chances.0[i] = there[i].clamp(0.0, 1.0);
                    chances.1[i] = back[i].clamp(0.0, 1.0);
                }
            }
        }
        let (p, q) = chances;
        let mut out = [0.0; N];
        match self.fusion {
            Fusion::Product => (0..N).for_each(|i| out[i] = p[i] * q[i]),
            Fusion::Harmonic => (0..N).for_each(|i| out[i] = 2.0 * p[i] * q[i] / (p[i] + q[i]).max(f32::MIN_POSITIVE)),
            Fusion::Min => (0..N).for_each(|i| out[i] = p[i].min(q[i])),
            Fusion::Arithmetic => (0..N).for_each(|i| out[i] = 0.5 * (p[i] + q[i])),
            Fusion::Uninorm => match self.link {
                Link::Logistic => (0..N).for_each(|i| out[i] = sigmoid(there[i] + back[i])),
                Link::Clipped => (0..N).for_each(|i| {
                    let (both, neither) = (p[i] * q[i], (1.0 - p[i]) * (1.0 - q[i]));
                    // Nearly certain and nearly impossible at once: nothing can be said, so everybody stays.
                    out[i] = if both + neither > 1e-6 { both / (both + neither) } else { 1.0 };
                }),
            },
        }
        out
    }
}

/// `1 / (1 + e^-x)`, with `x` cut to where f32 still tells chances apart.
#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    let x = x.clamp(-40.0, 40.0);
    // e^-x = 2^k · 2^f with a whole k; adding and taking away 1.5 · 2^23 rounds to a whole number.
    let y = -x * std::f32::consts::LOG2_E;
    let k = (y + 12_582_912.0) - 12_582_912.0;
    let f = (y - k) * std::f32::consts::LN_2;
    // The exponential series to the fifth power, in an order that leaves short chains.
    let square = f * f;
    let (low, middle, high) = (1.0 + f, 0.5 + f * (1.0 / 6.0), 1.0 / 24.0 + f * (1.0 / 120.0));
    let power = low + square * (middle + square * high);
    // The whole number stands in the lowest bits of the sum; a cast would not be made for many numbers at once.
    let scale = f32::from_bits(((y + 12_582_912.0).to_bits() << 23).wrapping_add(127 << 23));
    1.0 / (1.0 + power * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_sigmoid_is_close() {
        for i in -4000..4000 {
            let x = i as f32 / 100.0;
            let exact = 1.0 / (1.0 + f64::from(-x).exp());
            assert!((f64::from(sigmoid(x)) / exact - 1.0).abs() < 5e-6, "{x}");
        }
        assert!(sigmoid(1e9) > 0.999_999 && sigmoid(-1e9) > 0.0);
    }
}
