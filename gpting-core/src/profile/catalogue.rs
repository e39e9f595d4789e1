//! Catalogue.
use serde::{Deserialize, Serialize};

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// One code.
    Choice(String),
    /// Several codes.
    Choices(Vec<String>),
    /// A number.
    Number(i32),
}
