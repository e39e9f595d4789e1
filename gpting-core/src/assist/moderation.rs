//! Whether a text about oneself breaks the rules: local rules always, a model's opinion where it is read anyway. Flags only.
//!
//! What is flagged waits for a person; nobody is hidden or refused by it. Called with every edit (local rules, pure) and by the
//! analyst (with what the model says); read by whoever moderates.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::audit::Errand;
use super::facts::fingerprint;
use super::flag::read;
use super::made::Made;
use crate::config::AssistConfig;
use crate::error::Result;
use crate::gpting::{Core, Safety};
use crate::id::MemberId;
use crate::profile::Member;
use crate::store::Change;

/// Keeps flags of a member's present text; nothing when there are none.
pub(crate) fn keep(
    member: &Member,
    flags: &BTreeSet<&'static str>,
    now: Timestamp,
    config: &AssistConfig,
) -> Option<Change> {
    if flags.is_empty() {
        return None;
    }
    let made = Made {
        member: member.id,
        errand: Errand::Moderation,
        other: None,
        content: content_of(member),
        document: json!({ "flags": flags }),
        keep_until: now.checked_add(config.keep_calls).unwrap_or(Timestamp::MAX),
    };
    Some(Change::KeepMade(Box::new(made)))
}

fn content_of(member: &Member) -> String {
    fingerprint("", "moderation", &json!(member.profile.bio))
}

impl Safety<'_> {
    /// What a member's present text is flagged for, as far as it is: some of [`FLAGS`](super::FLAGS).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn flags(&self, member: MemberId) -> Result<Vec<&'static str>> {
        let core: &Core = self.0;
        let Some(row) = core.member(member).await? else { return Ok(Vec::new()) };
        let made = core.store.made(member, Errand::Moderation, None).await?;
        let present = made.iter().find(|made| made.content == content_of(&row.value));
        Ok(present.map(|made| read(&made.document).into_iter().collect()).unwrap_or_default())
    }
}
