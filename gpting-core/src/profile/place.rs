//! Place.
use serde::{Deserialize, Serialize};

/// A grid cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// H3 cell.
    pub cell: u64,
}
