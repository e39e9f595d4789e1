//! Graphs for the tests: two published generators and random ones.

use gpting_core::matching::market::graph::{Edge, Graph};

/// MT19937 with the doubles of `NumPy`'s `random_sample`. Source: Matsumoto & Nishimura, 1998.
pub(crate) struct Twister {
    state: [u32; 624],
    next: usize,
}

impl Twister {
    pub(crate) fn new(seed: u32) -> Self {
        let mut state = [seed; 624];
        for i in 1..624 {
            let before = state[i - 1] ^ (state[i - 1] >> 30);
            state[i] = before.wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        Self { state, next: 624 }
    }

    fn word(&mut self) -> u32 {
        if self.next == 624 {
            for i in 0..624 {
                let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % 624] & 0x7fff_ffff);
                let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[i] = self.state[(i + 397) % 624] ^ (y >> 1) ^ odd;
            }
            self.next = 0;
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    pub(crate) fn uniform(&mut self) -> f64 {
        let (a, b) = (self.word() >> 5, self.word() >> 6);
        (f64::from(a) * 67_108_864.0 + f64::from(b)) / 9_007_199_254_740_992.0
    }

    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        (self.uniform() * f64::from(bound)) as u32
    }

    /// A standard normal number (Box & Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// The two-sided market of Tomita & Yokoyama, `RecSys` 2024: left people first. Crowding 0 is private tastes, 1 one taste.
pub(crate) struct TwoSides {
    pub(crate) left: usize,
    pub(crate) right: usize,
    /// `p[i][j]`: left `i` likes right `j`.
    pub(crate) p: Vec<Vec<f64>>,
    /// `q[j][i]`: right `j` likes left `i`.
    pub(crate) q: Vec<Vec<f64>>,
}

impl TwoSides {
    pub(crate) fn new(left: usize, right: usize, crowding: f64, seed: u32) -> Self {
        let mut twister = Twister::new(seed);
        let mut side = |rows: usize, columns: usize| -> Vec<Vec<f64>> {
            let mut row = || {
                let common = |j: usize| if columns == 1 { 1.0 } else { 1.0 - j as f64 / (columns as f64 - 1.0) };
                (0..columns).map(|j| (1.0 - crowding) * twister.uniform() + crowding * common(j)).collect()
            };
            (0..rows).map(|_| row()).collect()
        };
        let p = side(left, right);
        let q = side(right, left);
        Self { left, right, p, q }
    }

    /// Everybody of one side with everybody of the other.
    pub(crate) fn graph(&self) -> Graph {
        let mut edges = Vec::with_capacity(self.left * self.right);
        for i in 0..self.left {
            for j in 0..self.right {
                let (there, back) = (self.p[i][j] as f32, self.q[j][i] as f32);
                edges.push(Edge { a: i as u32, b: (self.left + j) as u32, there, back });
            }
        }
        Graph::new(self.left + self.right, edges).unwrap()
    }
}

/// People of any kind: each pair is eligible with this chance, tastes are uniform.
pub(crate) fn anybody(people: usize, chance: f64, seed: u32) -> Graph {
    let mut twister = Twister::new(seed);
    let mut edges = Vec::new();
    for a in 0..people as u32 {
        for b in a + 1..people as u32 {
            if twister.uniform() < chance {
                edges.push(Edge { a, b, there: twister.uniform() as f32, back: twister.uniform() as f32 });
            }
        }
    }
    Graph::new(people, edges).unwrap()
}

/// A large sparse market: men and women, some of them gay or bi, with about `degree` candidates each; tastes crowd a little.
pub(crate) fn town(people: usize, degree: usize, seed: u32) -> Graph {
    let mut twister = Twister::new(seed);
    let kind: Vec<u32> = (0..people).map(|_| twister.below(100)).collect();
    let man = |i: usize| i % 5 < 3;
    let wants = |i: usize, j: usize| match kind[i] {
        0..8 => man(i) == man(j),
        8..14 => true,
        _ => man(i) != man(j),
    };
    let appeal: Vec<f64> = (0..people).map(|_| twister.uniform()).collect();
    let mut edges = Vec::new();
    while edges.len() < people * degree / 2 {
        let (a, b) = (twister.below(people as u32), twister.below(people as u32));
        let (i, j) = (a as usize, b as usize);
        if a != b && wants(i, j) && wants(j, i) {
            let there = (0.5 * twister.uniform() + 0.5 * appeal[j]) as f32;
            let back = (0.5 * twister.uniform() + 0.5 * appeal[i]) as f32;
            edges.push(Edge { a, b, there, back });
        }
    }
    Graph::new(people, edges).unwrap()
}
