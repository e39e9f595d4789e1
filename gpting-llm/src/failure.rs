//! Why a call failed, as this crate tells it apart, and what of that its caller learns.
//!
//! Made by `line`, turned into [`ModelError`] at the edge of `chat` and `embedding`. Invariant: nothing of a prompt or an answer
//! is kept but the beginning of a refusal, which is looked at for one word and dropped.

use std::time::Duration;

use gpting_core::assist::model::{ModelError, Usage};

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Out of reach, too slow, overloaded, or left alone for now.
    Unavailable {
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
        /// Whether a request was sent and may have been worked on.
        begun: bool,
    },
    /// A status that no retry changes.
    Rejected {
        /// It.
        status: u16,
        /// The beginning of what it came with.
        body: Vec<u8>,
    },
    /// It declined to answer.
    Refused {
        /// What that cost, where the server says.
        usage: Option<Usage>,
    },
    /// What came back is not an answer.
    Unreadable,
}

impl From<Failure> for ModelError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unavailable { retry_after, begun } => Self::Unavailable { retry_after, begun },
            Failure::Rejected { status, .. } => Self::Rejected { status },
            Failure::Refused { .. } => Self::Refused,
            Failure::Unreadable => Self::Unreadable,
        }
    }
}
