//! What a model made for somebody, kept so that nobody waits for it and nobody asks twice: an order, lines, hints.
//!
//! One row by whom it is for, what for, and whom it is about. It goes with the consent of either, with either of them, and
//! when its time is over; it counts only as long as its fingerprint is that of what would be asked now.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::audit::Errand;
use crate::id::MemberId;

/// Something a model made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// For whom.
    pub member: MemberId,
    /// What for.
    pub errand: Errand,
    /// About whom beside them, if about anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<MemberId>,
    /// Of what it was made: hash of model, version of the prompt, and everything it was told.
    pub content: String,
    /// What was made, checked: of the form its errand has.
    pub document: Value,
    /// Until when it is kept.
    pub keep_until: Timestamp,
}
