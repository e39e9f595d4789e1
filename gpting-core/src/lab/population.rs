//! A synthetic dating population: who there is, whom they want, where they live, what they are and seek.
//!
//! Made person by person from a seed, so that ten million need no room beside the engine. The shares follow the Korean
//! population of `docs/benchmarks.md`: 58/40/2 % genders, asymmetric mutual age ranges, 13 cities and a countryside, 70 %
//! active, 65 % verified, vectors on the unit sphere around 200 clusters of which everybody prefers a few.
//! Invariant: the same seed and number give the same person, whatever was made before.

use crate::matching::{Cell, Gender, Genders, Person, Wants};

/// Cities: latitude, longitude, share of the people, spread in degrees.
const CITIES: [(f64, f64, f64, f64); 13] = [
    (37.55, 126.99, 0.30, 0.10),
    (37.46, 126.70, 0.07, 0.06),
    (37.27, 127.02, 0.08, 0.07),
    (37.65, 126.80, 0.05, 0.05),
    (35.16, 129.06, 0.075, 0.06),
    (35.87, 128.60, 0.055, 0.05),
    (36.35, 127.38, 0.035, 0.05),
    (35.16, 126.85, 0.033, 0.05),
    (35.54, 129.31, 0.025, 0.05),
    (36.64, 127.49, 0.02, 0.05),
    (35.23, 128.68, 0.025, 0.06),
    (33.50, 126.53, 0.015, 0.08),
    (37.75, 128.88, 0.01, 0.06),
];
/// Distance limits in kilometres and their shares.
const LIMITS: [(u16, f64); 9] =
    [(5, 0.05), (10, 0.12), (20, 0.18), (30, 0.18), (50, 0.20), (80, 0.09), (100, 0.09), (160, 0.04), (200, 0.05)];
const CLUSTERS: usize = 200;
/// Clusters that the people of one cluster tend to seek.
const AFFINITIES: usize = 8;

/// Random numbers from a seed, for simulations: `xoshiro256++`, seeded through `splitmix64`.
///
/// Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021.
#[derive(Debug, Clone)]
pub struct Stream([u64; 4]);

impl Stream {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        let mut state = seed;
        Self([(); 4].map(|()| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.0;
        let out = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        out
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in `0..n`; `n` is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    fn below_i32(&mut self, n: u8) -> i32 {
        i32::from(self.below(usize::from(n)) as u8)
    }

    /// Standard normal (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// Two standard normal numbers at once.
    fn two_normals(&mut self) -> [f64; 2] {
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        let (sin, cos) = (std::f64::consts::TAU * v).sin_cos();
        [cos, sin].map(|x| (-2.0 * u.ln()).sqrt() * x)
    }

    /// Gamma of a shape above 1 and scale 1 (Marsaglia and Tsang, 2000).
    pub fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && (1.0 - self.uniform()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    /// The place of a share in a list of shares that add up to at most 1; its length for the rest.
    fn share(&mut self, shares: impl Iterator<Item = f64>) -> usize {
        let mut left = self.uniform();
        let mut at = 0;
        for share in shares {
            if left < share {
                return at;
            }
            left -= share;
            at += 1;
        }
        at
    }
}

/// One made-up person, in the open.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "names say it")]
pub struct Synthetic {
    pub gender: Gender,
    /// Bits of [`Genders`]: M 1, F 2, O 4.
    pub wanted: u8,
    pub age: u8,
    pub age_min: u8,
    pub age_max: u8,
    pub cell: Cell,
    pub max_km: u16,
    pub active: bool,
    pub verified: bool,
    pub verified_only: bool,
    /// Both of length 1.
    pub is: Vec<f32>,
    pub seeks: Vec<f32>,
}

impl Synthetic {
    /// The person for an engine, with `seeks` times `strength`: the weight of content in logits.
    pub fn person(&self, strength: f32) -> Person {
        let genders: Genders = [Gender::M, Gender::F, Gender::O]
            .into_iter()
            .zip(0..)
            .filter(|(_, bit)| self.wanted >> bit & 1 == 1)
            .map(|(gender, _)| gender)
            .collect();
        let seeks: Vec<f32> = self.seeks.iter().map(|x| x * strength).collect();
        Person::new(self.gender, self.age)
            .at(self.cell)
            .wants(Wants::new(genders).ages(self.age_min, self.age_max).within_km(self.max_km))
            .active(self.active)
            .verified(self.verified)
            .verified_only(self.verified_only)
            .vectors(&self.is, &seeks)
    }
}

/// A population that is made person by person.
#[derive(Debug, Clone)]
pub struct Population {
    seed: u64,
    dims: usize,
    centres: Vec<Vec<f32>>,
    /// Running sums of the shares of the clusters.
    shares: Vec<f64>,
    affinities: Vec<[usize; AFFINITIES]>,
}

impl Population {
    /// The population of a seed, with vectors of so many dimensions.
    pub fn new(seed: u64, dims: usize) -> Self {
        let mut stream = Stream::new(seed);
        let centres = (0..CLUSTERS).map(|_| unit((0..dims).map(|_| stream.normal() as f32).collect())).collect();
        let mut sum = 0.0;
        let mut shares: Vec<f64> = (1..=CLUSTERS)
            .map(|rank| {
                sum += 1.0 / (rank as f64).sqrt();
                sum
            })
            .collect();
        for share in &mut shares {
            *share /= sum;
        }
        let affinities = (0..CLUSTERS).map(|_| [(); AFFINITIES].map(|()| stream.below(CLUSTERS))).collect();
        Self { seed, dims, centres, shares, affinities }
    }

    /// The person of a number.
    ///
    /// # Panics
    /// Never: all places are on the Earth.
    pub fn person(&self, number: u64) -> Synthetic {
        let mut stream = Stream::new(self.seed ^ (number + 1).wrapping_mul(0xd134_2543_de82_ef95));
        let gender = [Gender::M, Gender::F, Gender::O][stream.share([0.58, 0.40].into_iter())];
        let u = stream.uniform();
        let mut wanted = match gender {
            Gender::M => {
                if u < 0.92 {
                    2
                } else if u < 0.96 {
                    1
                } else {
                    3
                }
            }
            Gender::F => {
                if u < 0.90 {
                    1
                } else if u < 0.94 {
                    2
                } else {
                    3
                }
            }
            Gender::O => {
                if u < 0.5 {
                    7
                } else if u < 0.75 {
                    3
                } else {
                    6
                }
            }
        };
        if stream.uniform() < 0.06 || wanted == 3 {
            wanted |= 4;
        }
        let age = (19.0 + 4.6 * stream.gamma(2.2)).clamp(19.0, 60.0) as i32;
        let is_man = gender == Gender::M;
        let down = if is_man { 2 + stream.below_i32(9) } else { stream.below_i32(5) };
        let up = if is_man { stream.below_i32(6) } else { 2 + stream.below_i32(9) };
        let is_open = stream.uniform() < 0.10;
        let (age_min, age_max) = if is_open { (19, 99) } else { ((age - down).max(19), (age + up).clamp(19, 99)) };
        let city = stream.share(CITIES.iter().map(|city| city.2));
        let (lat, lng) = match CITIES.get(city) {
            Some(&(lat, lng, _, spread)) => (lat + spread * stream.normal(), lng + 1.2 * spread * stream.normal()),
            None => (34.6 + 3.4 * stream.uniform(), 126.5 + 2.8 * stream.uniform()),
        };
        let limit = stream.share(LIMITS.iter().map(|limit| limit.1)).min(LIMITS.len() - 1);
        let active = stream.uniform() < 0.70;
        let verified = stream.uniform() < 0.65;
        let verified_only = stream.uniform() < 0.20;
        let own = self.cluster(&mut stream);
        let is = self.around(own, &mut stream);
        let sought = if stream.uniform() < 0.6 {
            self.affinities[own][stream.below(AFFINITIES)]
        } else {
            self.cluster(&mut stream)
        };
        let seeks = self.around(sought, &mut stream);
        Synthetic {
            gender,
            wanted,
            age: age as u8,
            age_min: age_min as u8,
            age_max: age_max as u8,
            cell: Cell::from_lat_lng(lat, lng).expect("a place on the Earth"),
            max_km: LIMITS[limit].0,
            active,
            verified,
            verified_only,
            is,
            seeks,
        }
    }

    fn cluster(&self, stream: &mut Stream) -> usize {
        let u = stream.uniform();
        self.shares.partition_point(|&share| share < u).min(CLUSTERS - 1)
    }

    /// A unit vector around the centre of a cluster, with noise of about nine tenths of its length.
    fn around(&self, cluster: usize, stream: &mut Stream) -> Vec<f32> {
        let noise = 0.9 / (self.dims as f64).sqrt();
        let mut vector = self.centres[cluster].clone();
        for pair in vector.chunks_mut(2) {
            for (x, normal) in pair.iter_mut().zip(stream.two_normals()) {
                *x += (noise * normal) as f32;
            }
        }
        unit(vector)
    }
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    for x in &mut vector {
        *x /= length;
    }
    vector
}
