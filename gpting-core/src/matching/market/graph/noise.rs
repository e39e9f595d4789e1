//! Chance that is the same for everybody who asks: numbers hashed from a seed and from who it is about.
//!
//! Called by `pool`, `welfare` and `saved`. Invariant: a value depends on the seed and its subject alone, not on order or
//! threads. Source of the mixer: the finalizer of `SplitMix64`, Steele, Lea & Flood, OOPSLA 2014.

use super::super::super::logistic::ln;

/// A 64-bit mixer in which every bit of the input moves every bit of the result.
#[inline]
pub(super) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A number uniform in (0, 1) for a seed and a subject.
#[inline]
pub(super) fn uniform(seed: u64, subject: u64) -> f64 {
    fraction(mix(mix(seed) ^ subject))
}

/// The upper bits of a word as a number in (0, 1).
#[inline]
fn fraction(word: u64) -> f64 {
    ((word >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
}

/// Gumbel noise of a pair, the same seen from both sides.
///
/// A little of it breaks the tie of a market in which everybody wants the same people: without it all price-adjusted
/// lists would be one list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    mixed: u64,
    scale: f32,
}

impl Noise {
    /// Standard Gumbel numbers above this, one pair in three thousand, are cut to it, so that a search can stop early.
    const MOST: f32 = 8.0;

    /// `scale` times standard Gumbel noise; 0 is none.
    pub fn new(seed: u64, scale: f32) -> Self {
        Self { mixed: mix(seed), scale }
    }

    /// The noise of a pair, in the unit of the scale.
    #[inline]
    pub fn of(self, a: u32, b: u32) -> f32 {
        if self.scale == 0.0 { 0.0 } else { self.gumbel(self.word(a, b)) }
    }

    /// The noise of a pair if it is at least `least`, much faster where that is unlikely.
    ///
    /// A search asks with what a candidate lacks: nearly all lack too much, which shows without a logarithm.
    #[inline]
    pub fn at_least(self, a: u32, b: u32, least: f32) -> Option<f32> {
        if self.scale == 0.0 || least > self.most() {
            return (least <= 0.0).then_some(0.0);
        }
        let word = self.word(a, b);
        // Noise g needs u ≥ exp(-exp(-g)) ≥ 1 - exp(-g), so 1 - u ≤ exp(-g). A number written into the exponent and mantissa
        // of a float at once gives the chord between two powers of 2, and the chord lies above exp(-g).
        let needed = least / self.scale;
        if needed > 0.0 {
            let bits = (127.0 - needed * std::f32::consts::LOG2_E) * 8_388_608.0;
            let rest = ((!word >> 40) as f32) / 16_777_216.0;
            if rest > 1.0001 * f32::from_bits(bits as u32) {
                return None;
            }
        }
        let noise = self.gumbel(word);
        (noise >= least).then_some(noise)
    }

    #[inline]
    fn word(self, a: u32, b: u32) -> u64 {
        mix(self.mixed ^ ((u64::from(a.min(b)) << 32) | u64::from(a.max(b))))
    }

    fn gumbel(self, word: u64) -> f32 {
        let gumbel = -ln(-ln(fraction(word)));
        self.scale * (gumbel as f32).min(Self::MOST)
    }

    /// More than any pair's noise.
    #[inline]
    pub fn most(self) -> f32 {
        self.scale * Self::MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_gumbel_and_symmetric() {
        let noise = Noise::new(7, 1.0);
        let values: Vec<f64> = (0..40_000).map(|i| f64::from(noise.of(i, 40_000))).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
        assert!((mean - 0.5772).abs() < 0.02, "Euler's constant, not {mean}");
        assert!((variance - 1.6449).abs() < 0.06, "pi squared over six, not {variance}");
        assert_eq!(noise.of(3, 9).to_bits(), noise.of(9, 3).to_bits());
        assert_ne!(noise.of(3, 9).to_bits(), Noise::new(8, 1.0).of(3, 9).to_bits());
        for (i, &value) in (0..40_000).zip(&values) {
            for least in [f32::NEG_INFINITY, -1.0, 0.0, 1.0, 3.0, 7.9, 9.0] {
                let expected = (value >= f64::from(least)).then_some(value);
                assert_eq!(noise.at_least(i, 40_000, least).map(f64::from), expected, "{least}");
            }
        }
        assert!(values.iter().all(|&value| value <= f64::from(noise.most())));
    }
}
