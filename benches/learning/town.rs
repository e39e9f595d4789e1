//! Who lives in the simulated town: sex, orientation, age and habits from the public profiles, wishes and tastes drawn.
//!
//! Called by the bench; draws come from `random`. Habits are small numbers whose words do not matter, only whether two people
//! have the same.

use std::collections::HashMap;
use std::path::Path;

use gpting_core::{Gender, Genders, Person, Strength, Wants};

use gpting_benches::random::Random;

/// Numbers of taste.
pub(crate) const DIMS: usize = 8;

/// Columns that say something of how somebody lives.
const HABITS: [&str; 7] = ["smokes", "drinks", "diet", "religion", "education", "offspring", "pets"];

/// How many habits there are.
pub(crate) const HABIT_COUNT: usize = HABITS.len();

/// Share of the own habits that somebody states as a wish.
const STATED: f64 = 1.0 / 3.0;

/// Ages that take part, in years: the file's are noisy, and whoever is 18 may be too young for the service's age gate.
const AGES: std::ops::RangeInclusive<u8> = 19..=90;

/// Somebody, and what only the simulation knows of them.
#[derive(Debug)]
pub(crate) struct Citizen {
    pub(crate) gender: Gender,
    pub(crate) wanted: Genders,
    pub(crate) age: u8,
    /// Youngest and oldest age wanted.
    pub(crate) ages: [u8; 2],
    pub(crate) habits: [Option<u16>; HABIT_COUNT],
    /// Which of the own habits are wished for in others.
    pub(crate) stated: [bool; HABIT_COUNT],
    /// How well liked, and how easily pleased; nobody is told.
    pub(crate) appeal: f64,
    pub(crate) pickiness: f64,
    pub(crate) taste: [f64; DIMS],
    /// What the text of the profile says of taste: of length 1.
    text: [f32; DIMS],
}

impl Citizen {
    fn wants(&self, other: &Self) -> bool {
        self.wanted.contains(other.gender) && (self.ages[0]..=self.ages[1]).contains(&other.age)
    }

    /// Whether each is what the other asked for.
    pub(crate) fn fits(&self, other: &Self) -> bool {
        self.wants(other) && other.wants(self)
    }

    /// The row that the service would make: attributes, stated wishes, and the text where there is one.
    pub(crate) fn person(&self, with_text: bool) -> Person {
        let mut wants = Wants::new(self.wanted).ages(self.ages[0], self.ages[1]);
        let mut attributes = Vec::new();
        for (attribute, (habit, is_stated)) in (0_u16..).zip(self.habits.iter().zip(self.stated)) {
            let Some(value) = *habit else { continue };
            attributes.push((attribute, value));
            if is_stated {
                wants = wants.rule(attribute, &[value], Strength::Prefer);
            }
        }
        let person = Person::new(self.gender, self.age).wants(wants).attributes(&attributes);
        if with_text { person.content(&self.text) } else { person }
    }
}

/// Everybody in `okcupid-profiles.csv.gz` of a folder, or about `most` of them spread over the file. The texts tell `share` of the
/// variance of tastes.
pub(crate) fn read(folder: &Path, most: usize, share: f64, seed: u64) -> Result<Vec<Citizen>, String> {
    let path = folder.join("okcupid-profiles.csv.gz");
    let file = std::fs::File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| headers.iter().position(|one| one == name).ok_or(format!("no column {name}"));
    let (age, orientation, sex) = (column("age")?, column("orientation")?, column("sex")?);
    let habits = HABITS.iter().map(|name| column(name)).collect::<Result<Vec<_>, _>>()?;
    let rows = reader.records().collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    let step = rows.len().div_ceil(most.max(1));
    let mut words: HashMap<String, u16> = HashMap::new();
    let mut random = Random(seed);
    let mut town = Vec::new();
    for row in rows.iter().step_by(step) {
        let Some(years) = row[age].parse().ok().filter(|years| AGES.contains(years)) else { continue };
        let (gender, other) = if &row[sex] == "m" { (Gender::M, Gender::F) } else { (Gender::F, Gender::M) };
        let wanted = match &row[orientation] {
            "straight" => Genders::from(other),
            "gay" => Genders::from(gender),
            _ => Genders::from(gender).with(other),
        };
        let mut lives: [Option<u16>; HABIT_COUNT] = [None; HABIT_COUNT];
        for ((name, &at), life) in HABITS.iter().zip(&habits).zip(&mut lives) {
            let word = kernel(name, &row[at]);
            let next = u16::try_from(words.len()).map_err(|_| "too many different habits".to_owned())?;
            *life = (!word.is_empty()).then(|| *words.entry(format!("{name} {word}")).or_insert(next));
        }
        town.push(citizen(&mut random, gender, wanted, years, lives, share));
    }
    Ok(town)
}

/// The part of an answer that two people can share: not how strictly, nor how seriously.
fn kernel<'a>(column: &str, text: &'a str) -> &'a str {
    match column {
        "diet" => text.rsplit(' ').next().unwrap_or_default(),
        "religion" => text.split(' ').next().unwrap_or_default(),
        _ => text,
    }
}

/// Draws what the file does not tell. Ages wanted are drawn as `gpting import` draws them for this file.
fn citizen(
    random: &mut Random,
    gender: Gender,
    wanted: Genders,
    age: u8,
    habits: [Option<u16>; HABIT_COUNT],
    share: f64,
) -> Citizen {
    let (below, above) = if gender == Gender::M {
        (random.between(2, 10), random.between(0, 5))
    } else {
        (random.between(0, 4), random.between(2, 10))
    };
    let ages = if random.uniform() < 0.1 { [18, 99] } else { [age.saturating_sub(below).max(18), age + above] };
    let taste: [f64; DIMS] = std::array::from_fn(|_| random.normal());
    let told = taste.map(|taste| share.sqrt() * taste + (1.0 - share).sqrt() * random.normal());
    let length = told.iter().map(|x| x * x).sum::<f64>().sqrt();
    Citizen {
        gender,
        wanted,
        age,
        ages,
        habits,
        stated: std::array::from_fn(|_| random.uniform() < STATED),
        appeal: random.normal(),
        pickiness: random.normal(),
        taste,
        text: told.map(|x| (x / length) as f32),
    }
}
