//! What the learning side refuses, and why.
//!
//! Raised by every fallible call of this room. Invariant: a call that returns an error has changed nothing.

/// Why something could not be learned; what was known before is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LearnError {
    /// A list of numbers has another length than was agreed.
    #[error("{got} numbers where {expected} belong")]
    WrongLength {
        /// How many belong there.
        expected: usize,
        /// How many were given.
        got: usize,
    },
    /// A number is not finite or is outside its range.
    #[error("{0} is not a finite number inside its range")]
    InvalidNumber(&'static str),
    /// There is nothing to learn from.
    #[error("nothing to learn from: the log is empty")]
    Empty,
    /// A decision names the same person twice.
    #[error("a person cannot decide about themselves")]
    SamePerson,
    /// An explanation names a signal that the features do not have.
    #[error("the features have no signal {name}")]
    UnknownSignal {
        /// The signal's name.
        name: &'static str,
    },
    /// The equations cannot be solved in double precision: scales that lie too far apart.
    #[error("the features cannot be told apart numerically; bring them to a common scale")]
    IllConditioned,
}
