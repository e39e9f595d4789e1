//! Words that help, labelled by who wrote them.

use gpting_core::assist::{Author, Hints, Openers};
use serde::Serialize;
use utoipa::ToSchema;

/// First lines for two people who have met.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Openers)]
pub(crate) struct OpenersBody {
    /// Two or three first lines.
    pub(crate) openers: Vec<String>,
    /// Why these two: at most two sentences about what both have said of themselves.
    pub(crate) why: Vec<String>,
    /// Whether a language model wrote them: to be shown with that label.
    pub(crate) ai: bool,
}

/// Hints on the own profile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hints)]
pub(crate) struct HintsBody {
    /// At most four, the most useful first.
    pub(crate) hints: Vec<String>,
    /// Whether a language model wrote them: to be shown with that label.
    pub(crate) ai: bool,
    /// Whether a language model is about to write better ones: ask again in a minute.
    pub(crate) more_to_come: bool,
}

impl From<Openers> for OpenersBody {
    fn from(openers: Openers) -> Self {
        Self { openers: openers.lines, why: openers.why, ai: openers.by == Author::Model }
    }
}

impl From<Hints> for HintsBody {
    fn from(hints: Hints) -> Self {
        Self { hints: hints.hints, ai: hints.by == Author::Model, more_to_come: hints.more_to_come }
    }
}
