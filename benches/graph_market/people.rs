//! Who takes part: sex, orientation and age from the public profiles, the rest simulated.
//!
//! Called by the bench. Invariant: people are sorted by kind and then by age.

use std::path::Path;

use gpting_benches::random::Random;

/// Numbers of taste.
pub(crate) const DIMS: usize = 8;

/// Kinds, in this order: straight, gay and bi women, then men. For each the kinds it may meet, mutually.
pub(crate) const MEETS: [&[usize]; 6] = [&[3, 5], &[1, 2], &[1, 2, 3, 5], &[0, 2], &[4, 5], &[0, 2, 4, 5]];

/// How many of each kind there are in a thousand, when they are made up.
const SHARES: [usize; 6] = [343, 26, 33, 519, 66, 13];

pub(crate) struct Person {
    pub(crate) kind: usize,
    pub(crate) age: f32,
    /// The ages wanted.
    pub(crate) ages: [f32; 2],
    pub(crate) appeal: f32,
    pub(crate) pickiness: f32,
    pub(crate) taste: [f32; DIMS],
}

pub(crate) struct People {
    pub(crate) all: Vec<Person>,
    pub(crate) source: &'static str,
}

impl People {
    pub(crate) fn load(seed: u64) -> Self {
        let mut random = Random(seed);
        let folder = std::env::var_os("GPTING_DATA");
        let file = folder.map(|folder| Path::new(&folder).join("okcupid-profiles.csv.gz"));
        let (mut facts, source) = match &file {
            Some(file) => (read(file), "the public profiles"),
            None => (made_up(&mut random), "the generator (GPTING_DATA is not set)"),
        };
        facts.sort_unstable();
        let mut all: Vec<Person> =
            facts.into_iter().map(|(kind, age)| Person::drawn(&mut random, kind, age as f32)).collect();
        all.sort_by(|x, y| (x.kind, x.age).partial_cmp(&(y.kind, y.age)).expect("ages are numbers"));
        Self { all, source }
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }
}

/// Kind and age of everybody between 18 and 90.
fn read(file: &Path) -> Vec<(usize, u32)> {
    let file = std::fs::File::open(file).expect("the profiles are in the folder GPTING_DATA");
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
    let headers = reader.headers().expect("a header").clone();
    let column = |name: &str| headers.iter().position(|one| one == name).expect("a column of the profiles");
    let (age, orientation, sex) = (column("age"), column("orientation"), column("sex"));
    let mut facts = Vec::new();
    for row in reader.records() {
        let row = row.expect("a row of the profiles");
        let kind = 3 * usize::from(&row[sex] == "m")
            + match &row[orientation] {
                "straight" => 0,
                "gay" => 1,
                _ => 2,
            };
        let age = row[age].parse().unwrap_or(0);
        if (18..=90).contains(&age) {
            facts.push((kind, age));
        }
    }
    facts
}

fn made_up(random: &mut Random) -> Vec<(usize, u32)> {
    (0..60_000)
        .map(|i| {
            let mut place = i % 1000;
            let kind = SHARES.iter().position(|&share| {
                let here = place < share;
                place = place.saturating_sub(share);
                here
            });
            // Ages fall off like those of the profiles: many around 27, few above 60.
            let age = 18.0 + 14.0 * (random.normal().abs() * 0.9 + 0.1 * random.uniform());
            (kind.unwrap_or(3), (age as u32).clamp(18, 90))
        })
        .collect()
}

impl Person {
    fn drawn(random: &mut Random, kind: usize, age: f32) -> Self {
        let below = 2.0 + 8.0 * random.uniform() as f32;
        let above = 2.0 + 8.0 * random.uniform() as f32;
        Self {
            kind,
            age,
            ages: [(age - below).max(18.0), age + above],
            appeal: random.normal() as f32,
            pickiness: random.normal() as f32,
            taste: std::array::from_fn(|_| random.normal() as f32),
        }
    }
}
