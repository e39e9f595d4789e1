//! The engine's room.

/// The gender a person is met as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gender {
    /// Men.
    M,
    /// Women.
    F,
    /// Everybody else.
    O,
}
