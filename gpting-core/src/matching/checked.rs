//! A person on the way in: every part checked, and brought into the form of a row.
//!
//! Called by the engine before anything is written, so that an error changes nothing.

use std::sync::Arc;

use super::facts::{self, Facts};
use super::index::key::{Class, Key};
use super::person::Birth;
use super::place::Point;
use super::place::squared_chord_of;
use super::table::Gate;
use super::{Cell, Day, EngineError, Genders, Person};

const OLDEST_YEARS: u8 = 150;

/// A person whose every part was checked and brought into the form of a row.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) gate: Gate,
    pub(super) cell: Option<Cell>,
    pub(super) facts: Arc<[u16]>,
    pub(super) vectors: Vec<f32>,
    pub(super) prior: f32,
}

impl Checked {
    pub(super) fn new(person: Person, today: Option<Day>, dims: usize) -> Result<Self, EngineError> {
        let today = today.ok_or(EngineError::TodayNotSet)?;
        let birth = match person.birth {
            Birth::Day(day) => day,
            Birth::Age(years) => today.years_before(years),
        };
        if birth > today || birth <= today.years_before(OLDEST_YEARS) {
            return Err(EngineError::ImpossibleBirth);
        }
        let wants = &person.wants;
        if wants.age_min > wants.age_max {
            return Err(EngineError::InvertedAges { min: wants.age_min, max: wants.age_max });
        }
        if !person.appeal.is_finite() || person.appeal.abs() > Person::MAX_APPEAL {
            return Err(EngineError::InvalidNumber("appeal"));
        }
        let facts = facts::pack(&person)?;
        let vectors = match person.vectors {
            None => vec![0.0; 2 * dims],
            Some((is, seeks)) => {
                if let Some(wrong) = [&is, &seeks].into_iter().find(|vector| vector.len() != dims) {
                    return Err(EngineError::WrongDimensions { expected: dims, got: wrong.len() });
                }
                let mut both = is;
                both.extend(seeks);
                both
            }
        };
        // Refuses what is not a number as well.
        if !vectors.iter().all(|x| x.abs() <= Person::MAX_COORDINATE) {
            return Err(EngineError::InvalidNumber("a vector"));
        }
        let lists = Facts::new(&facts);
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let gate = Gate {
            limit: squared_chord_of(wants.max_distance_km),
            point: person.cell.map_or(Point::default(), Cell::point),
            birth,
            emphases: person.emphases.into(),
            age_min: wants.age_min,
            age_max: wants.age_max,
            gender: Genders::from(person.gender).bits(),
            genders: wants.genders.bits(),
            flags: flag(person.active, Gate::ACTIVE)
                | flag(person.verified, Gate::VERIFIED)
                | flag(person.verified_only, Gate::VERIFIED_ONLY)
                | flag(person.cell.is_some(), Gate::PLACED)
                | flag(lists.dealbreakers().next().is_some() || lists.answers().has_dealbreakers(), Gate::DEALBREAKERS)
                | flag(!lists.interests().is_empty(), Gate::INTERESTS)
                | flag(lists.tastes().next().is_some(), Gate::TASTES)
                | flag(!person.answers.is_empty(), Gate::ANSWERS),
        };
        Ok(Self { gate, cell: person.cell, facts, vectors, prior: person.appeal })
    }

    /// Where the row will lie in the index.
    pub(super) fn place(&self, serial: u32) -> Option<(Class, Key)> {
        self.gate.place(serial)
    }
}
