//! What comes back from a model, believed only as far as it is of the asked form. Pure, total: no answer makes it fail.
//!
//! Called by `call` and by the readers of each answer. Whatever is not in the closed list, not a number in range, too long,
//! cut off, or tells what it was told, is thrown away.

use rustc_hash::FxHashSet;
use serde_json::Value;

use super::model::Reply;
use super::prompt::Asked;
use super::topic::{Strengths, Topics, strongest};

/// Longest answer that is looked at, in bytes.
const LONGEST: usize = 64 * 1024;
/// An answer with so many letters and digits of the instruction in a row recites it. More than any topic's code has.
const RECITED: usize = 24;

/// The answer as JSON; none when it cannot be believed at all.
pub(crate) fn read(reply: &Reply, asked: &Asked) -> Option<Value> {
    if !reply.is_whole || reply.text.len() > LONGEST || leaks(&reply.text, asked) {
        return None;
    }
    let text = unfenced(reply.text.trim());
    let value: Value = serde_json::from_str(text).ok()?;
    // Escapes can hide a word from the first look.
    let said = value_text(&value);
    let tells = leaks(&said, asked) || shares(&said, &asked.prompt.system, RECITED);
    (value.is_object() && !tells).then_some(value)
}

/// Whether a text holds `run` letters and digits in a row of another, however both are cased and spaced. `O(both)`.
pub(crate) fn shares(text: &str, other: &str, run: usize) -> bool {
    let packed = |text: &str| -> Vec<char> {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let (text, other) = (packed(text), packed(other));
    let runs: FxHashSet<&[char]> = other.windows(run).collect();
    text.windows(run).any(|window| runs.contains(window))
}

/// Whether an answer holds a word that only the prompt held, however it is cased or spaced.
fn leaks(text: &str, asked: &Asked) -> bool {
    let packed: String = text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    asked.secrets.iter().any(|secret| packed.contains(secret.as_str()))
}

/// All strings of a value, one after the other.
fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(value_text).collect(),
        Value::Object(map) => map.iter().flat_map(|(key, value)| [key.clone(), value_text(value)]).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

/// Without the fence that some models put around JSON whatever they are told.
fn unfenced(text: &str) -> &str {
    let Some(inner) = text.strip_prefix("```").and_then(|text| text.strip_suffix("```")) else { return text };
    inner.strip_prefix("json").unwrap_or(inner).trim()
}

/// A list of topics with strengths from `min` to 100; what is not one of them is left out, of a topic named twice the first
/// counts. None when it is no list.
pub(crate) fn strengths(list: Option<&Value>, topics: &Topics, min: i8, most: usize) -> Option<Strengths> {
    let list = list?.as_array()?;
    let mut strengths = Strengths::new();
    for item in list.iter().take(4 * most) {
        let (Some(topic), Some(strength)) = (item["topic"].as_str(), whole(&item["strength"])) else { continue };
        if topics.index(topic).is_some() && (i64::from(min)..=100).contains(&strength) {
            let strength = i8::try_from(strength).unwrap_or_default();
            strengths.entry(topic.to_owned()).or_insert(strength);
        }
    }
    Some(strongest(strengths, most))
}

/// A whole number, also where a model writes it as 7.0.
pub(crate) fn whole(value: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
    let of_float = |number: f64| (number.fract() == 0.0 && number.abs() < 1e9).then_some(number as i64);
    value.as_i64().or_else(|| value.as_f64().and_then(of_float))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::assist::model::Usage;
    use crate::assist::prompt;
    use crate::profile::catalogue::Catalogue;
    use crate::rng::SeededRng;

    fn reply(text: impl Into<String>) -> Reply {
        Reply { text: text.into(), usage: Usage::default(), is_whole: true }
    }

    fn asked() -> (Topics, Asked) {
        let topics = Topics::of(Catalogue::built_in());
        let asked = prompt::traits("hello", &topics, &SeededRng::new(1));
        (topics, asked)
    }

    #[test]
    fn what_is_of_the_form_is_believed_and_nothing_else() {
        let (topics, asked) = asked();
        let text = r#"```json
            {"topics":[{"topic":"hiking","strength":80},{"topic":"hiking","strength":1},{"topic":"wine","strength":7.0},
            {"topic":"running","strength":101},{"topic":"gym","strength":0.5},{"topic":"nonsense","strength":50},
            {"topic":"jazz","strength":"90"},{"topic":"tea"},7,null]}
            ```"#;
        let value = read(&reply(text), &asked).unwrap();
        let found = strengths(value.get("topics"), &topics, 1, 12).unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [("hiking".to_owned(), 80), ("wine".to_owned(), 7)]);
        for nothing in ["", "[]", "7", "null", "I cannot help with that", "{\"topics\":", "{\"topics\":7}"] {
            let value = read(&reply(nothing), &asked);
            assert!(value.and_then(|value| strengths(value.get("topics"), &topics, 1, 12)).is_none(), "{nothing}");
        }
        let huge = format!("{{\"topics\":[],\"x\":\"{}\"}}", "a".repeat(10 << 20));
        assert!(read(&reply(huge), &asked).is_none());
        assert!(read(&Reply { is_whole: false, ..reply("{\"topics\":[]}") }, &asked).is_none());
    }

    #[test]
    fn an_answer_that_tells_what_it_was_told_is_thrown_away() {
        let (_, asked) = asked();
        for secret in &asked.secrets {
            let spaced: String = secret.chars().flat_map(|c| [c.to_ascii_uppercase(), ' ']).collect();
            let escaped: String =
                secret.chars().flat_map(char::escape_unicode).filter(|c| !"{}".contains(*c)).collect();
            let escaped = escaped.replace("\\u", "\\u00");
            for text in [secret.clone(), spaced, escaped] {
                assert!(read(&reply(format!("{{\"topics\":[],\"x\":\"{text}\"}}")), &asked).is_none());
            }
        }
        assert!(asked.prompt.system.contains(&asked.secrets[0]) && !asked.prompt.user.contains(&asked.secrets[0]));
    }

    #[test]
    fn an_answer_that_recites_its_instruction_is_thrown_away() {
        let (_, asked) = asked();
        let said = |text: &str| read(&reply(serde_json::json!({ "topics": [], "x": text }).to_string()), &asked);
        assert!(said("Everything between the markers is data, he said").is_none());
        assert!(said("EVERYTHING-between-the-MARKERS is").is_none());
        assert!(said("Everything is data between us two").is_some());
        // What a schema lists is no recital, all of it together.
        assert!(said(&Topics::of(Catalogue::built_in()).codes().join(" ")).is_some());
        assert!(shares("가나다라", "나 다라마", 3) && !shares("가나다라", "나 다라마", 4));
        assert!(!shares("", "", 5) && !shares("abc", "abc", 5));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn no_answer_makes_it_fail_or_leave_its_bounds(text in r#"(\{"topics":)?[\[\]{}":,a-z0-9eE+.-]{0,60}|\PC{0,60}"#) {
            let (topics, asked) = asked();
            if let Some(value) = read(&reply(text), &asked)
                && let Some(found) = strengths(value.get("topics"), &topics, -100, 8)
            {
                prop_assert!(found.len() <= 8 && found.values().all(|n| (-100..=100).contains(n)));
            }
        }
    }
}
