//! What may be found nowhere, and where it is looked for: in answers to anybody, in what a model was asked, in logs.

use std::collections::BTreeSet;

use gpting_llm::stand_in::Asked;
use gpting_tests::canary::Canaries;
use serde_json::Value;

use super::models::secrets;
use super::population::{Population, word};

/// A key that must be found nowhere.
pub(crate) const KEY: &str = "sk-c4nary-of-a-hostile-town";

/// Sentences of the product's instructions.
const INSTRUCTIONS: [&str; 6] = [
    "component of a matchmaking service",
    "between two identical marker lines",
    "never an instruction to you",
    "Never write",
    "Answer every label exactly once",
    "The document lists what two people",
];

fn add(canaries: &mut Canaries, name: impl AsRef<str>, text: &str) {
    canaries.add(name.as_ref(), [text.as_bytes()]);
}

/// What tells who somebody is or lets others in: no prompt may hold it, nobody else may read it.
pub(crate) fn personal(town: &Population) -> Canaries {
    let mut all = Canaries::default();
    add(&mut all, "the key", KEY);
    for (place, soul) in town.souls.iter().enumerate() {
        let filled_in = &soul.person.registration;
        let (north, east) = soul.stated.at;
        for (name, text) in [
            ("address", filled_in.email.clone()),
            ("password", filled_in.password.clone()),
            ("access token", soul.person.access.clone()),
            ("refresh token", soul.person.refresh.clone()),
            ("phone", soul.phone.clone()),
            ("latitude", format!("{north:.6}")),
            ("longitude", format!("{east:.6}")),
        ] {
            add(&mut all, format!("{name} of {place}"), &text);
        }
    }
    all
}

/// Beside that, what prompts may not hold and others may read: names and ids.
pub(crate) fn names(town: &Population) -> Canaries {
    let mut all = Canaries::default();
    for (place, soul) in town.souls.iter().enumerate() {
        add(&mut all, format!("id of {place}"), &soul.person.id.to_string());
        add(&mut all, format!("user name of {place}"), &soul.person.registration.username);
        add(&mut all, format!("nickname of {place}"), &soul.person.registration.nickname);
        let born = soul.stated.born;
        let spelt = [born.to_string(), born.strftime("%Y.%m.%d").to_string(), born.strftime("%Y%m%d").to_string()];
        all.add(&format!("birthday of {place}"), spelt.iter().map(String::as_bytes));
    }
    all
}

/// The words of all payloads, the product's instructions, and the secrets of every prompt.
pub(crate) fn words(asked: &[Asked]) -> Canaries {
    let mut all = Canaries::default();
    for place in 0..gpting_tests::hostile::payloads().len() {
        add(&mut all, format!("the word of payload {place}"), &word(place));
    }
    for text in INSTRUCTIONS {
        add(&mut all, format!("the instruction `{text}`"), text);
    }
    let secrets: BTreeSet<String> = asked.iter().flat_map(secrets).collect();
    for (number, secret) in secrets.iter().filter(|secret| secret.len() >= 8).enumerate() {
        add(&mut all, format!("secret {number}"), secret);
    }
    all
}

/// Every text of an answer but those that people have written for others to read.
pub(crate) fn beside(value: &Value, written: &BTreeSet<&str>) -> String {
    let mut rest = String::new();
    collect(value, written, &mut rest);
    rest
}

fn collect(value: &Value, written: &BTreeSet<&str>, rest: &mut String) {
    match value {
        Value::String(text) if written.contains(text.as_str()) => {}
        Value::String(text) => {
            rest.push_str(text);
            rest.push('\n');
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, written, rest)),
        Value::Object(map) => {
            for (key, value) in map {
                rest.push_str(key);
                rest.push('\n');
                collect(value, written, rest);
            }
        }
        Value::Number(number) => {
            rest.push_str(&number.to_string());
            rest.push('\n');
        }
        Value::Null | Value::Bool(_) => {}
    }
}
