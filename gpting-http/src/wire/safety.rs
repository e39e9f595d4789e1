//! Blocks, reports, leaving.

use gpting_core::Fault;
use gpting_core::id::MemberId;
use gpting_core::safety::{BlockView, ReportReason};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::time;
use crate::extract::{Fields, Input};

/// Somebody blocked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Block)]
pub(crate) struct BlockBody {
    /// Their id.
    #[schema(minimum = 1)]
    pub(crate) id: i64,
    /// The name one knew.
    pub(crate) nickname: String,
    /// Since when.
    #[schema(format = DateTime)]
    pub(crate) since: String,
}

impl From<&BlockView> for BlockBody {
    fn from(view: &BlockView) -> Self {
        Self { id: view.id.value(), nickname: view.nickname.clone(), since: time(view.since) }
    }
}

/// A report.
#[derive(Debug, ToSchema)]
#[schema(as = ReportDraft)]
pub(crate) struct ReportDraft {
    /// Whom it is about.
    #[schema(value_type = i64, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) user_profile: Option<MemberId>,
    /// `spam`, `scam`, `harassment`, `sexual`, `fake_profile`, `under_age` or `other`.
    #[schema(value_type = String, example = "spam")]
    pub(crate) reason: Option<ReportReason>,
    /// In one's own words.
    #[schema(max_length = 8000)]
    pub(crate) detail: Option<String>,
    /// The place of a message it is about, in the room of the two.
    #[schema(minimum = 0)]
    pub(crate) seq: Option<u64>,
}

impl Input for ReportDraft {
    fn read(fields: &mut Fields) -> Self {
        let user_profile = fields.required_id("user_profile", MemberId::new);
        let word = fields.required_text("reason");
        let reason = serde_json::from_value(Value::String(word.clone())).ok();
        if reason.is_none() && !word.is_empty() {
            fields.refuse("reason", Fault::Unknown);
        }
        let seq = fields.id("seq", |seq| u64::try_from(seq).ok());
        Self { user_profile, reason, detail: fields.text("detail"), seq }
    }
}

/// A report that was taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reported)]
pub(crate) struct ReportedBody {
    /// The sentence.
    pub(crate) message: &'static str,
    /// The case.
    pub(crate) id: i64,
}

/// Leaving: the password, where there is one, so that an unlocked phone is not enough.
#[derive(Debug, ToSchema)]
#[schema(as = Leaving)]
pub(crate) struct Leaving {
    /// The password.
    #[schema(max_length = 1024)]
    #[cfg_attr(not(feature = "accounts"), expect(dead_code, reason = "a host's own users have no password here"))]
    pub(crate) password: Option<String>,
}

impl Input for Leaving {
    const REQUIRED: bool = false;

    fn read(fields: &mut Fields) -> Self {
        Self { password: fields.text("password") }
    }
}
