//! From whom one is hidden, by one's own wish.

use gpting_core::Fault;
use gpting_core::profile::{Visibility, VisibilityEdit};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::time;
use crate::extract::{Fields, Input};

/// From whom one is hidden.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Visibility)]
pub(crate) struct VisibilityBody {
    /// Until when one is proposed to nobody; null means that one is.
    #[schema(format = DateTime)]
    pub(crate) snoozed_until: Option<String>,
    /// Whether one is seen only by whom one likes.
    pub(crate) incognito: bool,
}

impl From<Visibility> for VisibilityBody {
    fn from(visibility: Visibility) -> Self {
        Self { snoozed_until: visibility.snoozed_until.map(time), incognito: visibility.incognito }
    }
}

/// What changes; what is left out stays.
#[derive(Debug, ToSchema)]
#[schema(as = VisibilityChange)]
pub(crate) struct VisibilityChange {
    /// Until when, a year ahead at the most; null ends the pause.
    #[schema(value_type = Option<String>, format = DateTime)]
    snoozed_until: Pause,
    /// Whether to be seen only by whom one likes.
    incognito: Option<bool>,
}

/// What becomes of the pause: left out, null, or a time.
#[derive(Clone, Copy, Debug)]
enum Pause {
    Keep,
    End,
    Until(Timestamp),
}

impl Input for VisibilityChange {
    fn read(fields: &mut Fields) -> Self {
        let ends = fields.is_null("snoozed_until");
        let snoozed_until = match fields.text("snoozed_until") {
            _ if ends => Pause::End,
            None => Pause::Keep,
            Some(text) => text.trim().parse().map_or_else(
                |_| {
                    fields.refuse("snoozed_until", Fault::Invalid);
                    Pause::Keep
                },
                Pause::Until,
            ),
        };
        Self { snoozed_until, incognito: fields.flag("incognito") }
    }
}

impl From<VisibilityChange> for VisibilityEdit {
    fn from(change: VisibilityChange) -> Self {
        let snoozed_until = match change.snoozed_until {
            Pause::Keep => None,
            Pause::End => Some(None),
            Pause::Until(time) => Some(Some(time)),
        };
        Self { snoozed_until, incognito: change.incognito }
    }
}
