//! Chance that is a function of a seed and of names: the same on every processor and in every order.
//!
//! Called by `posterior`, `explore`, `factors` and `learner`. A [`Draws`] is a stream that starts from a hash of whatever
//! the draw is for, so that a draw never depends on which draws came before it. Only integer steps and the engine's own
//! logarithm are used. Sources: `SplitMix64` (Steele, Lea, Flood, OOPSLA 2014); polar method (Marsaglia and Bray 1964).

use std::hash::{Hash, Hasher};

use crate::matching::logistic::ln;

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of draws.
#[derive(Debug, Clone)]
pub(super) struct Draws(u64);

impl Draws {
    /// The stream of a seed and of what the draws are for.
    pub(super) fn new(seed: u64, purpose: impl Hash) -> Self {
        let mut mixer = Mixer(scramble(seed.wrapping_add(GOLDEN)));
        purpose.hash(&mut mixer);
        Self(mixer.finish())
    }

    /// 64 even bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        scramble(self.0)
    }

    /// Uniform in [0, 1), of 53 bits.
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform in [-1, 1).
    fn signed(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }

    /// Of the standard normal distribution; 1.27 rounds on average.
    pub(super) fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (self.signed(), self.signed());
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * ln(square) / square).sqrt();
            }
        }
    }

    /// Of the normal distribution around 0 with this standard deviation, cut off at ±`bound` (what lies outside is drawn
    /// again, not moved to the edge). Both are finite and not negative. At most two rounds on average.
    pub(super) fn truncated(&mut self, deviation: f64, bound: f64) -> f64 {
        if deviation == 0.0 || bound == 0.0 {
            return 0.0;
        }
        loop {
            if deviation <= bound {
                let x = deviation * self.normal();
                if x.abs() <= bound {
                    return x;
                }
            } else {
                // Wider than the interval: even proposals, kept with the chance exp(-x²/2d²), which is at least 0.6.
                let x = bound * self.signed();
                let z = x / deviation;
                if ln(1.0 - self.unit()) <= -0.5 * z * z {
                    return x;
                }
            }
        }
    }
}

/// Hashes names into the start of a stream; a number enters by its value, whatever the order of its bytes.
struct Mixer(u64);

impl Mixer {
    fn take(&mut self, word: u64) {
        self.0 = scramble(self.0.wrapping_add(GOLDEN) ^ scramble(word));
    }
}

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.take(u64::from_le_bytes(word));
        }
        self.take(bytes.len() as u64);
    }

    fn write_u8(&mut self, n: u8) {
        self.take(u64::from(n));
    }

    fn write_u16(&mut self, n: u16) {
        self.take(u64::from(n));
    }

    fn write_u32(&mut self, n: u32) {
        self.take(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        self.take(n);
    }

    fn write_u128(&mut self, n: u128) {
        self.take(n as u64);
        self.take((n >> 64) as u64);
    }

    fn write_usize(&mut self, n: usize) {
        self.take(n as u64);
    }
}

fn scramble(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(mut draw: impl FnMut() -> f64) -> (f64, f64, f64) {
        let all: Vec<f64> = (0..200_000).map(|_| draw()).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / all.len() as f64;
        let most = all.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        (mean, variance, most)
    }

    #[test]
    fn draws_have_the_moments_of_their_distributions() {
        let mut draws = Draws::new(7, "moments");
        let (mean, variance, _) = moments(|| draws.normal());
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        let (mean, variance, most) = moments(|| draws.unit());
        assert!((mean - 0.5).abs() < 0.005 && (variance - 1.0 / 12.0).abs() < 0.002 && most < 1.0);
        // Variances of the truncated normal by its closed form, 1 - 2 c φ(c) / (2 Φ(c) - 1).
        for (deviation, bound, expected) in [(1.0, 1.0, 0.291_13), (1.0, 2.0, 0.773_74), (10.0, 1.0, 0.332_89)] {
            let (mean, variance, most) = moments(|| draws.truncated(deviation, bound));
            assert!(mean.abs() < 0.01 && (variance - expected).abs() < 0.01, "{deviation} {bound}: {variance}");
            assert!(most <= bound && most > 0.99 * bound);
        }
    }

    #[test]
    fn a_draw_is_of_its_seed_and_purpose_alone() {
        let first = |seed, purpose: (u64, u64)| Draws::new(seed, purpose).bits();
        assert_eq!(first(1, (2, 3)), first(1, (2, 3)));
        let all = [first(1, (2, 3)), first(1, (3, 2)), first(2, (2, 3)), first(0, (0, 0)), first(1, (2, 4))];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one));
        }
        assert_ne!(Draws::new(1, "ab").bits(), Draws::new(1, "ab\0").bits());
        // Fixed for ever: a change would reorder every explored list.
        assert_eq!(Draws::new(1, 2_u64).bits(), 10_453_757_993_675_523_620);
    }
}
