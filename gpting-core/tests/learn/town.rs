//! A town of simulated people with a history of decisions, the same in every engine that is made of it.

use gpting_core::{Cell, Config, Day, Engine, Event, Gender, Person, Strength, Wants};

/// Seeded numbers, good enough for a simulation.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `end`.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number below 65,536")]
    pub(crate) fn below(&mut self, end: u16) -> u16 {
        (self.unit() * f64::from(end)) as u16
    }

    /// Standard normal enough: twelve even draws (Irwin and Hall).
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    pub(crate) fn says_yes(&mut self, logit: f64) -> bool {
        self.unit() < chance(logit)
    }
}

pub(crate) fn chance(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// Log-loss of a chance, in nats.
pub(crate) fn loss(chance: f64, liked: bool) -> f64 {
    -if liked { chance } else { 1.0 - chance }.ln()
}

#[derive(Debug, Clone)]
pub(crate) struct Town {
    people: Vec<Person>,
    vectors: Vec<(Vec<f32>, Vec<f32>)>,
    history: Vec<Event<u32>>,
}

impl Town {
    /// Everybody may meet everybody; `dims` content dimensions.
    pub(crate) fn new(seed: u64, people: u32, dims: usize) -> Self {
        let mut dice = Dice::new(seed);
        let mut town = Self { people: Vec::new(), vectors: Vec::new(), history: Vec::new() };
        let mut biases = Vec::new();
        for _ in 0..people {
            let cell = Cell::from_lat_lng(37.4 + 0.3 * dice.unit(), 126.8 + 0.4 * dice.unit()).unwrap();
            let interests: Vec<u16> = (0..3 + dice.below(4)).map(|_| dice.below(25)).collect();
            let attributes: Vec<(u16, u16)> = (0..6).map(|attribute| (attribute, dice.below(3))).collect();
            let mut wants = Wants::default();
            for attribute in 0..4 {
                let strength = if dice.unit() < 0.6 { Strength::Prefer } else { Strength::Avoid };
                wants = wants.rule(attribute, &[dice.below(3)], strength);
            }
            let age = 20 + u8::try_from(dice.below(30)).unwrap();
            let person = Person::new(Gender::O, age).at(cell).wants(wants).interests(&interests);
            #[expect(clippy::cast_possible_truncation, reason = "vectors are f32")]
            let mut vector = || (0..dims).map(|_| 0.6 * dice.normal() as f32).collect::<Vec<f32>>();
            let (is, seeks) = (vector(), vector());
            town.people.push(person.attributes(&attributes).vectors(&is, &seeks));
            town.vectors.push((is, seeks));
            biases.push((dice.normal(), dice.normal()));
        }
        for actor in 0..people {
            for n in 0..25 {
                let other = (actor + 1 + u32::from(dice.below(u16::try_from(people - 1).unwrap()))) % people;
                let logit = -1.7 + biases[actor as usize].0 + biases[other as usize].1;
                let event = if dice.says_yes(logit) { Event::like } else { Event::pass };
                town.history.push(event(actor, other, 1_700_000_000 + i64::from(n)));
            }
        }
        town
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.people.len()).unwrap()
    }

    pub(crate) fn is(&self, id: u32) -> &[f32] {
        &self.vectors[id as usize].0
    }

    pub(crate) fn seeks(&self, id: u32) -> &[f32] {
        &self.vectors[id as usize].1
    }

    /// Changes a person before engines are made.
    pub(crate) fn edit(&mut self, id: u32, change: impl FnOnce(Person) -> Person) {
        let person = &mut self.people[id as usize];
        *person = change(person.clone());
    }

    /// An engine of these people, with their history when it is wanted.
    pub(crate) fn engine(&self, config: Config<u32>, with_history: bool) -> Engine<u32> {
        let mut engine = Engine::new(config).unwrap();
        engine.set_today(Day::from_ymd(2026, 11, 23).unwrap());
        for (id, person) in (0..).zip(&self.people) {
            engine.upsert(id, person.clone()).unwrap();
        }
        if with_history {
            for &event in &self.history {
                engine.record(event).unwrap();
            }
        }
        engine
    }

    /// Random ordered pairs of different people.
    pub(crate) fn pairs(&self, seed: u64, count: usize) -> Vec<(u32, u32)> {
        let mut dice = Dice::new(seed);
        let end = u16::try_from(self.len()).unwrap();
        (0..count)
            .map(|_| {
                let viewer = u32::from(dice.below(end));
                (viewer, (viewer + 1 + u32::from(dice.below(end - 1))) % self.len())
            })
            .collect()
    }
}
