//! A stream of pseudo-random numbers from a seed.
//!
//! Called by `bootstrap` and by everything in the laboratory that simulates. Seeds come in as arguments and each piece of
//! work has a stream of its own by its number, so a result does not depend on how work is cut up among threads.
//! Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (`SplitMix64`), OOPSLA 2014.

/// Numbers that follow from a seed, the same on every machine. Not for secrets.
#[derive(Clone, Debug)]
pub struct Stream {
    state: u64,
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Stream {
    /// The stream of a seed.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The stream of the `index`-th piece of work under a seed, unlike that of every other piece.
    pub const fn of(seed: u64, index: u64) -> Self {
        Self { state: mix(mix(seed.wrapping_add(STEP)) ^ mix(index.wrapping_mul(STEP).wrapping_add(1))) }
    }

    /// 64 uniform bits.
    #[inline]
    pub const fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// Uniform in `[0, 1)`, in steps of 2⁻⁵³.
    #[inline]
    pub const fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform below `n`, 0 when `n` is 0. The bias is below `n / 2⁶⁴`.
    #[inline]
    pub const fn below(&mut self, n: usize) -> usize {
        ((self.bits() as u128 * n as u128) >> 64) as usize
    }
}

const fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_published_generator() {
        let mut stream = Stream::new(1_234_567);
        assert_eq!([stream.bits(), stream.bits()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn is_uniform_and_streams_differ() {
        let mut stream = Stream::of(7, 0);
        let mut counts = [0_u32; 10];
        let mut sum = 0.0;
        for _ in 0..100_000 {
            counts[stream.below(10)] += 1;
            sum += stream.unit();
        }
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 500), "{counts:?}");
        assert!((sum / 1e5 - 0.5).abs() < 0.005);
        assert_ne!(Stream::of(7, 1).bits(), Stream::of(7, 2).bits());
        assert_ne!(Stream::of(7, 1).bits(), Stream::of(8, 1).bits());
        assert_eq!(Stream::new(1).below(0), 0);
    }
}
