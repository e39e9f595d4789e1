//! Large populations of every shape, each made from a plan and a seed.
//!
//! A [`Plan`] is small, so that a failing one can be read; [`Plan::world`] makes the people. Nothing here knows the engine
//! beyond the types that people are described with.

use gpting_core::{Cell, Config, Day, EligibilityRule, Engine, Fusion, Gender, Link, Row, Signal, Strength, Weights};
use proptest::prelude::*;

use crate::oracle::{Host, HostSignal, Spec, World};

pub(crate) const TODAY: (i32, u8, u8) = (2026, 11, 23);
pub(crate) const FUSIONS: [Fusion; 5] =
    [Fusion::Product, Fusion::Harmonic, Fusion::Min, Fusion::Arithmetic, Fusion::Uninorm];

/// Random numbers from a seed. Source: Steele et al., "Fast Splittable Pseudorandom Number Generators", 2014.
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(crate) fn chance(&mut self, of_100: usize) -> bool {
        self.below(100) < of_100
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// From -1 to 1.
    pub(crate) fn sign(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// How people differ in what decides about eligibility.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Everything at once: all genders, places, limits and wishes.
    Mixed,
    /// One gender that wants itself, anywhere: one class, one tree.
    One,
    /// Men want women and women want men, near.
    Couples,
    /// Nearly nobody accepts anybody.
    Hermits,
    /// Nobody has a place.
    Nowhere,
    /// All around the poles and the date line.
    Edges,
}

/// How vectors are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vectors {
    /// All directions alike, lengths about 1.
    Even,
    /// Unit vectors.
    Unit,
    /// The j-th coordinate shrinks like `1 / (j + 1)`, lengths about 1.
    PowerLaw,
    /// A few directions for everybody, so that bounds are tight.
    Few,
    /// Lengths from 1e-6 to 1e3, and none at all.
    Wild,
}

/// The bound of the host's signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    None,
    Infinite,
    Finite,
    Negative,
}

/// What a population is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) people: usize,
    pub(crate) dims: usize,
    pub(crate) shape: Shape,
    pub(crate) vectors: Vectors,
    /// So many different people; the others are copies.
    pub(crate) patterns: usize,
    pub(crate) fusion: Fusion,
    pub(crate) link: Link,
    pub(crate) content_only: bool,
    pub(crate) bound: Bound,
    pub(crate) rule: bool,
}

pub(crate) const DIMS: [usize; 8] = [0, 1, 16, 31, 64, 100, 128, 256];

pub(crate) fn plan(people: std::ops::Range<usize>) -> impl Strategy<Value = Plan> {
    use Vectors::{Even, Few, PowerLaw, Unit, Wild};
    let shape = prop_oneof![
        4 => Just(Shape::Mixed), 3 => Just(Shape::One), 3 => Just(Shape::Couples),
        1 => Just(Shape::Hermits), 1 => Just(Shape::Nowhere), 2 => Just(Shape::Edges)
    ];
    let bound = prop_oneof![
        6 => Just(Bound::None), 1 => Just(Bound::Infinite), 2 => Just(Bound::Finite), 1 => Just(Bound::Negative)
    ];
    let score = (
        prop::sample::select(FUSIONS.to_vec()),
        prop::sample::select(vec![Link::Logistic, Link::Logistic, Link::Clipped]),
        prop::bool::weighted(0.3),
    );
    let vectors = prop::sample::select(vec![Even, Unit, PowerLaw, Few, Wild]);
    (any::<u64>(), people, prop::sample::select(DIMS.to_vec()), shape, vectors, 0..4_usize, score, bound, any::<bool>())
        .prop_map(|(seed, people, dims, shape, vectors, copies, (fusion, link, content_only), bound, rule)| Plan {
            seed,
            people,
            dims,
            shape,
            vectors,
            patterns: if copies == 0 { people / 50 + 1 } else { people },
            fusion,
            link,
            content_only,
            bound,
            rule: rule && seed.is_multiple_of(3),
        })
}

impl Plan {
    /// The plainest population of one class.
    pub(crate) fn one(seed: u64, people: usize, dims: usize) -> Self {
        Self {
            seed,
            people,
            dims,
            shape: Shape::One,
            vectors: Vectors::Even,
            patterns: people,
            fusion: Fusion::Product,
            link: Link::Logistic,
            content_only: false,
            bound: Bound::None,
            rule: false,
        }
    }

    fn weights(&self) -> Weights {
        if self.content_only { Weights::content_only() } else { Weights::default() }
    }

    /// An engine with the plan's settings and nobody in it.
    pub(crate) fn engine(&self) -> Engine<u32> {
        let mut config = Config::dims(self.dims).fusion(self.fusion).link(self.link).weights(self.weights());
        if let Some(HostSignal { bound, .. }) = self.host().signal {
            config = config.signal(Told { bound });
        }
        if self.rule {
            config = config.rule(Picky);
        }
        let mut engine = Engine::new(config).unwrap();
        engine.set_today(Day::from_ymd(TODAY.0, TODAY.1, TODAY.2).unwrap());
        engine
    }

    fn host(&self) -> Host {
        let bound: Option<fn(u32) -> f32> = match self.bound {
            Bound::None => None,
            Bound::Infinite => Some(|_| f32::INFINITY),
            Bound::Finite => Some(|viewer| 1.0 + (viewer % 4) as f32),
            Bound::Negative => Some(|_| -0.75),
        };
        Host {
            signal: bound.map(|bound| HostSignal { value: told, bound, bound_back: less }),
            rule: self.rule.then_some(allows),
        }
    }

    /// The oracle's view of the plan with nobody in it.
    pub(crate) fn empty_world(&self) -> World {
        let mut world = World::new(TODAY, self.fusion);
        (world.link, world.weights, world.host) = (self.link, self.weights(), self.host());
        world
    }

    pub(crate) fn dice(&self) -> Dice {
        Dice(self.seed)
    }

    /// Everybody, under ids in no order.
    pub(crate) fn world(&self) -> World {
        let mut dice = self.dice();
        let patterns: Vec<Spec> = (0..self.patterns).map(|_| self.spec(&mut dice)).collect();
        let mut world = self.empty_world();
        for number in 0..self.people {
            let spec = if self.patterns < self.people {
                patterns[dice.below(patterns.len())].clone()
            } else {
                patterns[number].clone()
            };
            world.people.insert(id(number), spec);
        }
        world
    }

    /// One more person.
    pub(crate) fn spec(&self, dice: &mut Dice) -> Spec {
        let (gender, genders) = self.genders(dice);
        let (limits, everybody): (&[u16], usize) = match self.shape {
            Shape::Mixed | Shape::Nowhere => (&[0, 1, 5, 30, 300, 5000, 20_016, 65_535], 50),
            Shape::One => (&[20_016], 95),
            Shape::Couples | Shape::Edges => (&[0, 10, 30, 60, 200], 20),
            Shape::Hermits => (&[0], 0),
        };
        let is_picky = matches!(self.shape, Shape::Mixed | Shape::Hermits);
        let ages = match dice.below(if self.shape == Shape::One { 20 } else { 6 }) {
            0 => (18 + dice.below(15) as u8, 33 + dice.below(20) as u8),
            1 if is_picky => (30, 30),
            _ => (0, 255),
        };
        let mut rules = Vec::new();
        if dice.chance(if is_picky { 40 } else { 15 }) {
            for attribute in 0..=dice.below(3) as u16 {
                let strength =
                    dice.pick(&[Strength::Prefer, Strength::Prefer, Strength::Avoid, Strength::Never, Strength::Must]);
                if strength != Strength::Must || is_picky {
                    rules.push((attribute, vec![dice.below(4) as u16, 4 + dice.below(3) as u16], strength));
                }
            }
        }
        let mut interests: Vec<u16> = (0..dice.below(5)).map(|_| dice.below(30) as u16).collect();
        if dice.chance(10) {
            interests.push(500 + dice.below(300) as u16);
        }
        let mut answers = std::collections::BTreeMap::new();
        if dice.chance(50) {
            for _ in 0..dice.below(12) {
                let accepts = 1 + dice.next() % 15;
                let dealbreaker = is_picky && dice.chance(3);
                answers
                    .insert(70_000 * dice.below(9) as u32, (dice.below(4) as u8, accepts, dice.below(5), dealbreaker));
            }
        }
        // Half of the people have never touched them.
        let touched = dice.chance(50);
        let emphases = [(); 5].map(|()| if touched { dice.below(4) } else { 0 });
        Spec {
            gender,
            born: born(dice),
            cell: self.cell(dice),
            genders,
            ages,
            max_km: (!dice.chance(everybody)).then(|| dice.pick(limits)),
            rules,
            interests,
            attributes: (0..dice.below(4)).map(|_| (dice.below(3) as u16, dice.below(7) as u16)).collect(),
            is: self.vector(dice),
            seeks: self.vector(dice),
            active: !dice.chance(5),
            verified: dice.chance(60),
            verified_only: dice.chance(if is_picky { 15 } else { 3 }),
            appeal: if dice.chance(3) { dice.pick(&[-10.0, 10.0]) } else { dice.sign() as f32 },
            answers,
            emphases,
        }
    }

    fn genders(&self, dice: &mut Dice) -> (Gender, Vec<Gender>) {
        use Gender::{F, M, O};
        match self.shape {
            Shape::Mixed | Shape::Nowhere => {
                let wanted = [&[M, F, O][..], &[M, F, O], &[F], &[M], &[O, F], &[]];
                (dice.pick(&[M, M, F, F, O]), dice.pick(&wanted).to_vec())
            }
            Shape::One => (O, vec![O]),
            Shape::Couples if dice.chance(50) => (M, vec![F]),
            Shape::Couples => (F, vec![M]),
            Shape::Hermits => (dice.pick(&[M, F]), dice.pick(&[&[M][..], &[]]).to_vec()),
            Shape::Edges => (dice.pick(&[M, F]), vec![M, F]),
        }
    }

    fn cell(&self, dice: &mut Dice) -> Option<Cell> {
        let mut near = |lat: f64, lng: f64, degrees: f64| (lat + degrees * dice.sign(), lng + degrees * dice.sign());
        let around_seoul = near(37.56, 126.98, 0.4);
        let far = near(0.0, 0.0, 90.0);
        let anywhere = (far.0, 2.0 * far.1);
        let (lat, lng) = match self.shape {
            Shape::Nowhere => return None,
            Shape::Edges => match dice.below(4) {
                0 => (89.5 + 0.5 * dice.sign(), 180.0 * dice.sign()),
                1 => (-89.9 + 0.1 * dice.sign(), 180.0 * dice.sign()),
                2 => (-17.8 + 0.2 * dice.sign(), 179.9 + 0.1 * dice.sign()),
                _ => (-17.8 + 0.2 * dice.sign(), -179.9 + 0.1 * dice.sign()),
            },
            Shape::One | Shape::Couples | Shape::Hermits if dice.chance(85) => around_seoul,
            Shape::One | Shape::Couples | Shape::Hermits | Shape::Mixed => match dice.below(6) {
                0 => return None,
                1 => (37.56, 126.98),
                2 => anywhere,
                _ => around_seoul,
            },
        };
        Some(Cell::from_lat_lng(lat, lng).unwrap())
    }

    /// Nothing where the engine has no dimensions.
    fn vector(&self, dice: &mut Dice) -> Vec<f32> {
        let dims = self.dims;
        let seed = dice.next();
        let mut own = Dice(if self.vectors == Vectors::Few { seed % 6 } else { seed });
        let decay = if self.vectors == Vectors::PowerLaw { 1.0 } else { 0.0 };
        let raw: Vec<f64> = (0..dims).map(|j| own.sign() / (1.0 + j as f64).powf(decay)).collect();
        let length = raw.iter().map(|x| x * x).sum::<f64>().sqrt().max(1e-300);
        let wanted = match self.vectors {
            Vectors::Even | Vectors::PowerLaw => 1.0 + dice.sign() / 2.0,
            Vectors::Unit => 1.0,
            Vectors::Few => dice.pick(&[0.5, 1.0, 4.0]),
            Vectors::Wild => dice.pick(&[0.0, 1e-6, 1e-3, 0.1, 1.0, 3.0, 30.0, 1e3]),
        };
        raw.into_iter().map(|x| (x * wanted / length) as f32).collect()
    }
}

/// Ids whose order is not that of the rows.
pub(crate) fn id(number: usize) -> u32 {
    (number as u32).wrapping_mul(2_654_435_761)
}

/// From the oldest that is taken in to those whom the age gate still holds back.
fn born(dice: &mut Dice) -> (i32, u8, u8) {
    match dice.below(30) {
        0 => (1876, 11, 24),
        1 => dice.pick(&[(2007, 12, 31), (2008, 1, 1), (2026, 11, 23), (1996, 2, 29)]),
        2 => (1996, 11, 22 + dice.below(3) as u8),
        _ => (1970 + dice.below(36) as i32, 1 + dice.below(12) as u8, 1 + dice.below(28) as u8),
    }
}

/// A number of two ids, not symmetric.
fn hash(a: u32, b: u32) -> u64 {
    Dice(u64::from(a) << 32 | u64::from(b)).next()
}

/// From -4 to 4.
fn told(a: u32, b: u32) -> f32 {
    (hash(a, b) % 2001) as f32 / 250.0 - 4.0
}

/// The bound of the other direction.
fn less(bound: f32) -> f32 {
    0.5 * bound - 0.25
}

fn allows(a: u32, b: u32) -> bool {
    !hash(b, a).is_multiple_of(7)
}

/// A signal of ids alone.
#[derive(Debug)]
struct Told {
    bound: fn(u32) -> f32,
}

impl Signal<u32> for Told {
    fn name(&self) -> &'static str {
        "told"
    }

    fn logit(&self, viewer: Row<'_, u32>, candidates: &[Row<'_, u32>], out: &mut [f32]) {
        for (candidate, out) in candidates.iter().zip(out) {
            *out = told(viewer.id(), candidate.id());
        }
    }

    fn bound(&self, viewer: Row<'_, u32>) -> f32 {
        (self.bound)(viewer.id())
    }

    fn bound_back(&self, viewer: Row<'_, u32>) -> f32 {
        less(self.bound(viewer))
    }
}

/// Leaves out one candidate of seven.
#[derive(Debug)]
struct Picky;

impl EligibilityRule<u32> for Picky {
    fn name(&self) -> &'static str {
        "picky"
    }

    fn check(&self, viewer: Row<'_, u32>, candidates: &[Row<'_, u32>], allowed: &mut [bool]) {
        for (candidate, allowed) in candidates.iter().zip(allowed) {
            *allowed = allows(viewer.id(), candidate.id());
        }
    }
}
