//! A synthetic dating population: who there is, whom they want, where they live, what they are and seek.
//!
//! Made person by person from a seed, so that ten million need no room beside the engine. The shares follow the Korean
//! population of `docs/benchmarks.md`: 58/40/2 % genders, asymmetric mutual age ranges, 13 cities and a countryside, 70 %
//! active, 65 % verified, vectors on the unit sphere around 200 clusters of which everybody prefers a few.
//! Invariant: the same seed and number give the same person, whatever was made before.

use super::stream::Stream;
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

/// Two standard normal numbers (Box and Muller).
fn two_normals(stream: &mut Stream) -> [f64; 2] {
    let (u, v) = (1.0 - stream.unit(), stream.unit());
    let (sin, cos) = (std::f64::consts::TAU * v).sin_cos();
    [cos, sin].map(|x| (-2.0 * u.ln()).sqrt() * x)
}

fn normal(stream: &mut Stream) -> f64 {
    two_normals(stream)[0]
}

/// Gamma of a shape above 1 and scale 1 (Marsaglia and Tsang, 2000).
fn gamma(stream: &mut Stream, shape: f64) -> f64 {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(stream);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && (1.0 - stream.unit()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// The place of a share in a list of shares that add up to at most 1; its length for the rest.
fn share(stream: &mut Stream, shares: impl Iterator<Item = f64>) -> usize {
    let mut left = stream.unit();
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

fn below(stream: &mut Stream, n: u8) -> i32 {
    i32::from(stream.below(usize::from(n)) as u8)
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
        let centres = (0..CLUSTERS).map(|_| unit((0..dims).map(|_| normal(&mut stream) as f32).collect())).collect();
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
        let mut stream = Stream::of(self.seed, number);
        let gender = [Gender::M, Gender::F, Gender::O][share(&mut stream, [0.58, 0.40].into_iter())];
        let u = stream.unit();
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
        if stream.unit() < 0.06 || wanted == 3 {
            wanted |= 4;
        }
        let age = (19.0 + 4.6 * gamma(&mut stream, 2.2)).clamp(19.0, 60.0) as i32;
        let is_man = gender == Gender::M;
        let down = if is_man { 2 + below(&mut stream, 9) } else { below(&mut stream, 5) };
        let up = if is_man { below(&mut stream, 6) } else { 2 + below(&mut stream, 9) };
        let is_open = stream.unit() < 0.10;
        let (age_min, age_max) = if is_open { (19, 99) } else { ((age - down).max(19), (age + up).clamp(19, 99)) };
        let city = share(&mut stream, CITIES.iter().map(|city| city.2));
        let (lat, lng) = match CITIES.get(city) {
            Some(&(lat, lng, _, spread)) => {
                (lat + spread * normal(&mut stream), lng + 1.2 * spread * normal(&mut stream))
            }
            None => (34.6 + 3.4 * stream.unit(), 126.5 + 2.8 * stream.unit()),
        };
        let limit = share(&mut stream, LIMITS.iter().map(|limit| limit.1)).min(LIMITS.len() - 1);
        let active = stream.unit() < 0.70;
        let verified = stream.unit() < 0.65;
        let verified_only = stream.unit() < 0.20;
        let own = self.cluster(&mut stream);
        let is = self.around(own, &mut stream);
        let sought = if stream.unit() < 0.6 {
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
        let u = stream.unit();
        self.shares.partition_point(|&share| share < u).min(CLUSTERS - 1)
    }

    /// A unit vector around the centre of a cluster, with noise of about nine tenths of its length.
    fn around(&self, cluster: usize, stream: &mut Stream) -> Vec<f32> {
        let noise = 0.9 / (self.dims as f64).sqrt();
        let mut vector = self.centres[cluster].clone();
        for pair in vector.chunks_mut(2) {
            for (x, normal) in pair.iter_mut().zip(two_normals(stream)) {
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
