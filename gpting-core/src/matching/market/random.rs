//! Random numbers from a seed, for noise and for lists drawn at random.
//!
//! Called by `pool` and `simple`. Invariant: a stream depends on its seeds alone, so every row has its own.

use crate::matching::logistic::ln;

/// `SplitMix64`. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Debug, Clone)]
pub(super) struct SplitMix(u64);

impl SplitMix {
    /// The stream of these seeds, in this order.
    pub(super) fn of(seeds: &[u64]) -> Self {
        seeds.iter().fold(Self(0), |stream, seed| {
            let mut next = Self(stream.0 ^ seed);
            Self(next.bits())
        })
    }

    /// 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number drawn uniformly from (0, 1).
    pub(super) fn uniform(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// A number drawn from the standard Gumbel distribution, `−ln(−ln u)`.
    pub(super) fn gumbel(&mut self) -> f64 {
        -ln(-ln(self.uniform()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_distributions() {
        let (mut random, draws) = (SplitMix::of(&[1, 2]), 20_000);
        let uniform = (0..draws).map(|_| random.uniform()).sum::<f64>() / f64::from(draws);
        assert!((uniform - 0.5).abs() < 0.01, "{uniform}");
        let gumbels: Vec<f64> = (0..draws).map(|_| random.gumbel()).collect();
        let mean = gumbels.iter().sum::<f64>() / f64::from(draws);
        let variance = gumbels.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / f64::from(draws);
        assert!((mean - 0.577_2).abs() < 0.03 && (variance - 1.644_9).abs() < 0.06, "{mean} {variance}");
    }

    #[test]
    fn seeds_in_another_order_are_another_stream() {
        assert_ne!(SplitMix::of(&[1, 2]).bits(), SplitMix::of(&[2, 1]).bits());
        assert_eq!(SplitMix::of(&[7]).bits(), SplitMix::of(&[7]).bits());
    }
}
