//! Chance: a stream for drawing people, and draws that depend on nothing but a seed and a pair.

/// `SplitMix64`.
#[derive(Debug)]
pub struct Random(
    /// Where the stream stands; at first, the seed.
    pub u64,
);

impl Random {
    /// The stream of an ordered pair; `what` tells streams of the same pair apart.
    pub fn of_pair(seed: u64, what: u64, one: usize, other: usize) -> Self {
        let mut stream = Self(seed ^ what.rotate_left(48) ^ ((one as u64) << 24) ^ other as u64);
        Self(stream.draw())
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// In (0, 1).
    pub fn uniform(&mut self) -> f64 {
        ((self.draw() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// Mean 0, variance 1.
    pub fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// A whole number, both ends included.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between `least` and `most`")]
    pub fn between(&mut self, least: u8, most: u8) -> u8 {
        least + (self.uniform() * f64::from(most - least + 1)) as u8
    }

    /// A number below `count`.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below `count`")]
    pub fn below(&mut self, count: usize) -> usize {
        (self.uniform() * count as f64) as usize
    }

    /// Everybody once, in an order of chance.
    pub fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for at in (1..count).rev() {
            order.swap(at, self.below(at + 1));
        }
        order
    }
}
