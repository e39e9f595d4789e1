//! Why an engine was not saved or not loaded.

use std::io;

use super::super::EngineError;

/// Why an engine was not saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The bytes could not be written; what was written is of no use.
    #[error("the saved engine could not be written")]
    Write(#[from] io::Error),
}

/// Why an engine was not loaded. Whatever the bytes are, it is one of these and never a panic.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The settings given are refused.
    #[error("the settings are refused")]
    Config(#[from] EngineError),
    /// The bytes could not be read.
    #[error("the saved engine could not be read")]
    Read(#[source] io::Error),
    /// The bytes are something else.
    #[error("this is not a saved engine")]
    Foreign,
    /// Saved by another version, whose form this one does not know: build the engine from its source again.
    #[error("the engine was saved in another form, number {0}")]
    OtherForm(u32),
    /// Saved with other dimensions than the settings have.
    #[error("the saved engine has vectors of {saved} dimensions, the settings say {expected}")]
    OtherDimensions {
        /// What the settings say.
        expected: usize,
        /// What was saved.
        saved: usize,
    },
    /// Saved by a version that packs or sorts people in another way: build the engine from its source again.
    #[error("the saved engine is packed in another way")]
    OtherPacking,
    /// The bytes end too early.
    #[error("the saved engine is cut off")]
    CutOff,
    /// The bytes are not what was written, or contradict themselves.
    #[error("the saved engine is damaged")]
    Damaged,
    /// No id belongs to a number that was saved.
    #[error("{0} is the number of no id")]
    UnknownNumber(u128),
    /// Two people have the same id, printed by its `Debug`: the numbers given at saving were not different.
    #[error("the id {0} belongs to two people")]
    SameId(String),
}
