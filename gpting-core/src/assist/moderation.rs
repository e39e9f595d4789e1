//! Whether a text about oneself breaks the rules: local rules always, a model's opinion where it is read anyway. Flags only.
//!
//! What is flagged waits for a person; nobody is hidden or refused by it. Called with every edit (local rules, pure) and by the
//! analyst (with what the model says); read by whoever moderates.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::audit::Errand;
use super::facts::fingerprint;
use super::made::Made;
use super::scrub::{scrubbed, visible};
use crate::config::AssistConfig;
use crate::error::Result;
use crate::gpting::{Core, Safety};
use crate::id::MemberId;
use crate::profile::Member;
use crate::store::Change;

/// What a text can be flagged for.
pub const FLAGS: [&str; 5] = ["contact", "insult", "sexual", "scam", "minor"];

/// Words that insult, folded. Few and plain on purpose: the rest is for people and models to find.
const INSULTS: [&str; 14] = [
    "씨발",
    "시발놈",
    "병신",
    "개새끼",
    "좆",
    "김치녀",
    "한남충",
    "맘충",
    "fuck",
    "bitch",
    "nigger",
    "faggot",
    "retard",
    "whore",
];

/// What local rules find in a text.
pub(crate) fn found_in(text: &str) -> BTreeSet<&'static str> {
    let mut flags = BTreeSet::new();
    if scrubbed(text, text.len(), &[]).1.is_contact() {
        flags.insert("contact");
    }
    let folded: String =
        visible(text).to_lowercase().chars().filter(|c| c.is_alphanumeric() || c.is_whitespace()).collect();
    let holds =
        |word: &str| if word.is_ascii() { folded.split(' ').any(|one| one == word) } else { folded.contains(word) };
    if INSULTS.into_iter().any(holds) {
        flags.insert("insult");
    }
    flags
}

/// Those flags of an answer that there are.
pub(crate) fn read(answer: &Value) -> BTreeSet<&'static str> {
    let list = answer["flags"].as_array().into_iter().flatten().filter_map(Value::as_str).take(20);
    list.filter_map(|said| FLAGS.into_iter().find(|flag| *flag == said)).collect()
}

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
    /// What a member's present text is flagged for, as far as it is: some of [`FLAGS`].
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_and_insults_are_flagged_and_plain_words_are_not() {
        for (text, flags) in [
            ("등산을 좋아해요. 주말에 같이 가요!", &[][..]),
            ("카톡 아이디 minjilove 로 연락 주세요", &["contact"]),
            ("010 1234 5678", &["contact"]),
            ("이 병신들아", &["insult"]),
            ("What a BITCH, call 010-1234-5678", &["contact", "insult"]),
            ("Scunthorpe is a nice town", &[]),
        ] {
            assert_eq!(found_in(text).into_iter().collect::<Vec<_>>(), flags, "{text}");
        }
        assert_eq!(read(&json!({ "flags": ["scam", "other", 7, "scam"] })).into_iter().collect::<Vec<_>>(), ["scam"]);
    }
}
