//! The random numbers of the published experiments.
//!
//! Called by `generate` and by whoever repeats an experiment. Invariant: for the same seed the same numbers, to the last
//! bit, as the legacy `RandomState` of `NumPy`. For experiments only: nothing here is hard to guess.

#![expect(clippy::cast_possible_truncation, reason = "a position in the state is below 624")]

const LEN: usize = 624;
const SHIFT: usize = 397;

/// The Mersenne Twister with the distributions of `NumPy`'s legacy `RandomState`.
///
/// Source: Matsumoto and Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998; doubles of 53 bits and the polar method as
/// in the legacy distributions of `NumPy`.
#[derive(Debug, Clone)]
pub struct Mt19937 {
    state: [u32; LEN],
    next: usize,
    /// The second number of a pair of normals, until somebody asks for it.
    spare: Option<f64>,
}

impl Mt19937 {
    /// The generator with this seed, as `RandomState(seed)`.
    pub fn new(seed: u32) -> Self {
        let mut state = [0; LEN];
        let mut word = seed;
        for (at, slot) in state.iter_mut().enumerate() {
            *slot = word;
            word = (word ^ (word >> 30)).wrapping_mul(1_812_433_253).wrapping_add(at as u32 + 1);
        }
        Self { state, next: LEN, spare: None }
    }

    /// 32 random bits.
    pub fn bits(&mut self) -> u32 {
        if self.next == LEN {
            self.twist();
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// A number drawn uniformly from `[0, 1)`, as `random_sample()`.
    pub fn uniform(&mut self) -> f64 {
        let high = f64::from(self.bits() >> 5);
        let low = f64::from(self.bits() >> 6);
        (high * f64::from(1 << 26) + low) / (1_u64 << 53) as f64
    }

    /// `len` numbers drawn uniformly from `[0, 1)`, as `random_sample(len)`.
    pub fn uniforms(&mut self, len: usize) -> Vec<f64> {
        (0..len).map(|_| self.uniform()).collect()
    }

    /// A number drawn from the normal distribution, as `normal(mean, deviation)`.
    ///
    /// Marsaglia's polar method gives two at a time; the second is kept for the next call, whatever is drawn between.
    pub fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        mean + deviation * self.standard_normal()
    }

    /// `len` numbers drawn from the normal distribution, as `normal(mean, deviation, len)`.
    pub fn normals(&mut self, mean: f64, deviation: f64, len: usize) -> Vec<f64> {
        (0..len).map(|_| self.normal(mean, deviation)).collect()
    }

    fn standard_normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square < 1.0 && square > 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(factor * x);
                return factor * y;
            }
        }
    }

    fn twist(&mut self) {
        for at in 0..LEN {
            let mixed = (self.state[at] & 0x8000_0000) | (self.state[(at + 1) % LEN] & 0x7fff_ffff);
            let odd = if mixed & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[at] = self.state[(at + SHIFT) % LEN] ^ (mixed >> 1) ^ odd;
        }
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniforms_are_those_of_numpy() {
        let first =
            [0.548_813_503_927_324_7, 0.715_189_366_372_419_5, 0.602_763_376_071_643_9, 0.544_883_182_996_896_9];
        assert_eq!(Mt19937::new(0).uniforms(4), first);
        let many = Mt19937::new(u32::MAX).uniforms(10_000);
        assert_eq!((many[0], many[9_999]), (0.097_632_028_994_013_8, 0.490_668_453_922_759_7));
        assert!((many.iter().sum::<f64>() - 5_001.292_318_388_327).abs() < 1e-9);
    }

    #[test]
    fn a_spare_normal_outlives_the_uniforms_drawn_between() {
        let mut random = Mt19937::new(621);
        let mut drawn = random.normals(0.0, 0.2, 3);
        drawn.extend(random.uniforms(2));
        drawn.push(random.normal(0.0, 1.0));
        let expected = [
            -0.200_983_210_379_128_92,
            -0.237_224_103_927_995_96,
            0.276_746_065_734_515_27,
            0.381_503_556_404_608_87,
            0.042_306_221_975_100_7,
            -0.076_160_363_874_334_82,
        ];
        for (drawn, expected) in drawn.iter().zip(expected) {
            assert!((drawn - expected).abs() < 1e-15, "{drawn} instead of {expected}");
        }
    }
}
