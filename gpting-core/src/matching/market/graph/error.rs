//! What the market refuses, and why.
//!
//! Raised by every fallible call of this room. Invariant: a call that returns an error has changed nothing.

/// Why the market refused its input.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// An index that is not below the number of people.
    #[error("person {person} is not among {people} people")]
    UnknownPerson {
        /// The index given.
        person: u32,
        /// How many people there are.
        people: usize,
    },
    /// An edge from a person to themselves.
    #[error("person {person} is paired with themselves")]
    SamePerson {
        /// The person.
        person: u32,
    },
    /// A chance of a like outside [0, 1].
    #[error("the chances between {a} and {b} must both be in [0, 1]")]
    InvalidChance {
        /// One of the two.
        a: u32,
        /// The other.
        b: u32,
    },
    /// More people or edges than 32-bit indexes hold.
    #[error("the graph has more than {max} {what}")]
    TooMany {
        /// Which of the two.
        what: &'static str,
        /// The most that is allowed.
        max: usize,
    },
    /// A setting outside its range.
    #[error("{0} is outside its range")]
    InvalidSetting(&'static str),
    /// A column has another length than there are people.
    #[error("{got} values of {what} for {expected} people")]
    WrongLength {
        /// Which column.
        what: &'static str,
        /// How many people there are.
        expected: usize,
        /// How many values were given.
        got: usize,
    },
    /// Saved bytes that are not a solved region.
    #[error("the saved region cannot be read")]
    UnreadableRegion,
}
