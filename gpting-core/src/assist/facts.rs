//! What a prompt may hold of a person: minimised, typed, scrubbed. The only way from a member into a prompt. Pure.
//!
//! No name, no address, no birth date, no place, no id, no picture, nothing sensitive: what is not named here does not
//! leave. Called by the prompts' makers; what it answers is JSON that is put between delimiters as it stands.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::scrub::scrub;
use crate::chat::Message;
use crate::config::AssistConfig;
use crate::id::MemberId;
use crate::profile::catalogue::{AttributeValue, Catalogue, Visibility};
use crate::profile::{Member, Profile};

/// A member's own text, scrubbed.
pub(crate) fn text(member: &Member, config: &AssistConfig) -> String {
    scrub(&member.profile.bio, config.bio_chars, &[&member.profile.nickname])
}

/// What of a member is public and in closed lists, and their scrubbed text.
pub(crate) fn about(member: &Member, catalogue: &Catalogue, config: &AssistConfig) -> Value {
    let mut about = codes(&member.profile, catalogue);
    about.insert("text".to_owned(), Value::String(text(member, config)));
    Value::Object(about)
}

/// Interests and public attributes of choices, by their codes; numbers such as a height tell too much of one person.
fn codes(profile: &Profile, catalogue: &Catalogue) -> Map<String, Value> {
    let interests: Vec<&String> =
        profile.interests.iter().filter(|code| catalogue.interest(code).is_some()).take(30).collect();
    let mut attributes = Map::new();
    for (code, value) in &profile.attributes {
        let known =
            catalogue.attribute(code).filter(|known| !known.sensitive && known.visibility == Visibility::Public);
        let Some(known) = known else { continue };
        let stated: Vec<&String> = match value {
            AttributeValue::Choice(choice) => vec![choice],
            AttributeValue::Choices(choices) => choices.iter().collect(),
            AttributeValue::Number(_) => continue,
        };
        let stated: Vec<&String> = stated.into_iter().filter(|choice| known.value(choice).is_some()).collect();
        if !stated.is_empty() {
            attributes.insert(known.code.clone(), json!(stated));
        }
    }
    let mut codes = Map::new();
    codes.insert("interests".to_owned(), json!(interests));
    codes.insert("attributes".to_owned(), Value::Object(attributes));
    codes
}

/// Messages of two people as `a` (the lower of the pair) and `b` said them, scrubbed, none without content.
pub(crate) fn conversation(messages: &[Message], a: &Member, b: &Member, config: &AssistConfig) -> Vec<Value> {
    let names = [a.profile.nickname.as_str(), b.profile.nickname.as_str()];
    let said = messages.iter().filter(|message| message.unsent.is_none());
    let said = said.filter_map(|message| {
        let text = scrub(&message.text, config.message_chars, &names);
        let who = speaker(message.sender, a, b)?;
        (!text.is_empty()).then(|| json!({ "who": who, "text": text }))
    });
    said.collect()
}

fn speaker(sender: MemberId, a: &Member, b: &Member) -> Option<&'static str> {
    if sender == a.id {
        Some("a")
    } else if sender == b.id {
        Some("b")
    } else {
        None
    }
}

/// Names what was read: the model, the version of the prompt, and the content.
pub(crate) fn fingerprint(model: &str, prompt: &str, content: &Value) -> String {
    let mut hash = Sha256::new();
    for part in [model, prompt, &content.to_string()] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    format!("{:032x}", u128::from_be_bytes(digest.first_chunk().copied().unwrap_or_default()))
}
