//! The record of what a model was asked: who about, what for, which model, what it cost, how it ended. No content.
//!
//! One row a call, added by `call` right after it, never changed, let go of when its term ends. Of somebody who is erased the
//! row stays, without them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{CallId, MemberId};

/// What something is asked or made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// Traits of a text about oneself.
    Profile,
    /// What two people value, from their conversation.
    Conversation,
    /// Why these two, and first lines.
    Words,
    /// The order of the first few of a slate.
    Order,
    /// Hints on one's own text.
    Coach,
    /// Whether a text about oneself, a picture or a first message breaks the rules.
    Moderation,
}

impl Errand {
    /// Every errand.
    pub const ALL: [Self; 6] =
        [Self::Profile, Self::Conversation, Self::Words, Self::Order, Self::Coach, Self::Moderation];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Conversation => "conversation",
            Self::Words => "words",
            Self::Order => "order",
            Self::Coach => "coach",
            Self::Moderation => "moderation",
        }
    }

    /// Its stable number, by which stores keep it.
    pub const fn number(self) -> i64 {
        match self {
            Self::Profile => 1,
            Self::Conversation => 2,
            Self::Words => 3,
            Self::Order => 4,
            Self::Coach => 5,
            Self::Moderation => 6,
        }
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With an answer of the asked form.
    Answered,
    /// With something else.
    Unbelievable,
    /// The model declined.
    Refused,
    /// It does not take such requests.
    Rejected,
    /// It was out of reach, overloaded or too slow.
    Unavailable,
}

/// A call of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// When it was answered or given up.
    pub at: Timestamp,
    /// About whom; a tombstone once they are erased.
    pub member: MemberId,
    /// What for.
    pub errand: Errand,
    /// Which model.
    pub model: String,
    /// Tokens of the question, as the model says; the estimate that was set aside where it says nothing.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// Until when the row is kept.
    pub keep_until: Timestamp,
}
