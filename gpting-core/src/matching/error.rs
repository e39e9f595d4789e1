//! What the engine refuses, and why.
//!
//! Raised by every fallible call of this room. Invariant: a call that returns an error has changed nothing.

use std::fmt::Debug;

use super::market::graph::GraphError;

/// Why the engine refused a call; the engine is as it was before it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Nobody with this id is in the population.
    #[error("person {id} is not in the population")]
    UnknownPerson {
        /// The id, printed by its `Debug`.
        id: String,
    },
    /// The call names the same person twice.
    #[error("a person cannot be paired with themselves")]
    SamePerson,
    /// The two people do not fit each other, so there is no score.
    #[error("the two people are not mutually eligible")]
    NotEligible,
    /// [`super::Engine::set_today`] must come before people do: ages follow from birth days.
    #[error("the engine does not know today's date yet")]
    TodayNotSet,
    /// Not a date of the civil calendar.
    #[error("{year}-{month}-{day} is not a date")]
    InvalidDate {
        /// The year given.
        year: i32,
        /// The month given.
        month: u8,
        /// The day of the month given.
        day: u8,
    },
    /// The birth day lies after today, or more than 150 years before it.
    #[error("a birth day must be at most 150 years ago and not in the future")]
    ImpossibleBirth,
    /// The lower end of the wanted ages is above the upper end.
    #[error("wanted ages {min} to {max} are the wrong way round")]
    InvertedAges {
        /// Lower end given, in years.
        min: u8,
        /// Upper end given, in years.
        max: u8,
    },
    /// Latitude outside ±90°, longitude outside ±180°, or not finite.
    #[error("not a place on Earth")]
    InvalidPlace,
    /// Not an H3 cell of resolution 7.
    #[error("{0:#x} is not an H3 cell of resolution 7")]
    InvalidCell(u64),
    /// A list is longer than the engine keeps.
    #[error("{len} {what}, at most {max} are kept")]
    TooMany {
        /// Which list.
        what: &'static str,
        /// Its length.
        len: usize,
        /// The most that is allowed.
        max: usize,
    },
    /// A rule about an attribute names no value, so it would mean nothing.
    #[error("the rule about attribute {attribute} names no value")]
    EmptyRule {
        /// The attribute of the rule.
        attribute: u16,
    },
    /// Two rules of one person share the attribute and the strength; they should be one.
    #[error("two rules of the same strength about attribute {attribute}")]
    DuplicateRule {
        /// The attribute of the rules.
        attribute: u16,
    },
    /// A vector has another length than the engine was made for.
    #[error("vectors of {got} dimensions, the engine has {expected}")]
    WrongDimensions {
        /// What the engine was made for.
        expected: usize,
        /// What was given.
        got: usize,
    },
    /// A number is not finite or is outside its range.
    #[error("{0} is not a finite number inside its range")]
    InvalidNumber(&'static str),
    /// A page of no people was asked for.
    #[error("a page needs a limit of at least one")]
    ZeroLimit,
    /// The time of an event is before 1970 or after 2106.
    #[error("{0} is not a usable time in unix seconds")]
    InvalidTime(i64),
    /// A registered signal produced a value that is not a number.
    #[error("the signal {name} produced a value that is not finite")]
    InvalidSignal {
        /// The signal's name.
        name: &'static str,
    },
    /// The market refused its settings or the activity of the people.
    #[error(transparent)]
    Market(#[from] GraphError),
    /// No more people fit: row numbers are 32 bits.
    #[error("the population is full")]
    Full,
}

impl EngineError {
    /// The error for an id nobody has.
    pub(super) fn unknown(id: impl Debug) -> Self {
        Self::UnknownPerson { id: format!("{id:?}") }
    }
}
