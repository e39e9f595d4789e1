//! Numbers drawn from a name: what a file does not say of a person is made up the same way every time.
//!
//! Called by the parts of the import with the person's source key and a purpose. SHA-256 in counter mode, so the same
//! key gives the same numbers on every machine, in every version. Not for secrets: whoever knows the key knows them.

use sha2::{Digest as _, Sha256};

/// A stream of numbers that belongs to one key and one purpose.
pub(in crate::server) struct Draw {
    seed: Sha256,
    block: [u8; 32],
    at: usize,
    blocks: u32,
}

impl Draw {
    /// The stream of a key for a purpose.
    pub(in crate::server) fn new(key: &str, purpose: &str) -> Self {
        // The length keeps purpose and key apart.
        let seed = Sha256::new_with_prefix(
            [(purpose.len() as u64).to_le_bytes().as_slice(), purpose.as_bytes(), key.as_bytes()].concat(),
        );
        Self { seed, block: [0; 32], at: 32, blocks: 0 }
    }

    fn bits(&mut self) -> u64 {
        if self.at == self.block.len() {
            self.block = self.seed.clone().chain_update(self.blocks.to_le_bytes()).finalize().into();
            self.blocks += 1;
            self.at = 0;
        }
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.block[self.at..self.at + 8]);
        self.at += 8;
        u64::from_le_bytes(bytes)
    }

    /// Uniform in `0..1`, with 53 bits.
    pub(in crate::server) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in `0..bound` (`bound` above 0; the bias is below 2^-32 for what is drawn here).
    pub(in crate::server) fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.bits()) * bound as u128;
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// Uniform in `from..=to`.
    pub(in crate::server) fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to - from + 1)
    }

    /// The index of one weight, each as likely as it is heavy.
    pub(in crate::server) fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (index, weight) in weights.enumerate() {
            last = index;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        last
    }

    /// Standard normal (Box and Muller, Annals of Mathematical Statistics 29, 1958).
    pub(in crate::server) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_and_purpose_draw_the_same() {
        let draw = |key, purpose| Draw::new(key, purpose).bits();
        assert_eq!(draw("a", "place"), draw("a", "place"));
        assert_ne!(draw("a", "place"), draw("b", "place"));
        assert_ne!(draw("a", "place"), draw("a", "name"));
        assert_ne!(draw("xa", "place"), draw("a", "placex"));
        // Written down so that no later version makes up other people.
        assert_eq!(draw("okcupid:1", "place"), 12_100_886_459_776_492_772);
    }

    #[test]
    fn draws_have_the_shape_they_promise() {
        let mut draw = Draw::new("shape", "test");
        let normals: Vec<f64> = (0..20_000).map(|_| draw.normal()).collect();
        let mean = normals.iter().sum::<f64>() / 20_000.0;
        let variance = normals.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
        let mut seen = [0; 3];
        for _ in 0..10_000 {
            seen[draw.weighted([0.5, 0.2, 0.3].into_iter())] += 1;
            assert!((2..=4).contains(&draw.between(2, 4)));
        }
        assert!((4_800..5_200).contains(&seen[0]) && (1_850..2_150).contains(&seen[1]), "{seen:?}");
    }
}
