//! What a text about oneself can be flagged for, and what local rules find. Pure.
//!
//! Called with every edit, by the coach, and by prompts and readers of a model's opinion.

use std::collections::BTreeSet;

use serde_json::Value;

use super::scrub::{scrubbed, visible};

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

#[cfg(test)]
mod tests {
    use serde_json::json;

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
