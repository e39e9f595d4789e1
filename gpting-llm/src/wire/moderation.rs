//! The request to `POST /moderations` and as much of its answer as is used: which of `OpenAI`'s categories mean which flag.
//!
//! Pure. A request has `model` and `input` and no other key: a text, or one picture as a `data:` address. Categories that are not in
//! the table are passed over, numbers are bounded by [`Opinion`].

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gpting_core::assist::Flag;
use gpting_core::assist::moderator::{Opinion, Sight};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The body of `POST /moderations`.
#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: Input<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Input<'a> {
    Text(&'a str),
    Parts([Picture; 1]),
}

#[derive(Serialize)]
struct Picture {
    r#type: &'static str,
    image_url: Address,
}

#[derive(Serialize)]
struct Address {
    url: String,
}

/// The request for an opinion.
pub(crate) fn moderation(model: &str, sight: Sight<'_>) -> Vec<u8> {
    let input = match sight {
        Sight::Bio(text) | Sight::Message(text) => Input::Text(text),
        Sight::Photo(bytes) => {
            let url = format!("data:image/jpeg;base64,{}", STANDARD.encode(bytes));
            Input::Parts([Picture { r#type: "image_url", image_url: Address { url } }])
        }
    };
    super::body(&Request { model, input })
}

/// The flags of a category.
fn flags(category: &str) -> &'static [Flag] {
    match category {
        "harassment" => &[Flag::Insult],
        "harassment/threatening" => &[Flag::Threat],
        "hate" => &[Flag::Hate],
        "hate/threatening" => &[Flag::Hate, Flag::Threat],
        "illicit" | "illicit/violent" => &[Flag::Illicit],
        "self-harm" | "self-harm/intent" | "self-harm/instructions" => &[Flag::SelfHarm],
        "sexual" => &[Flag::Sexual],
        "sexual/minors" => &[Flag::Sexual, Flag::Minor],
        "violence" | "violence/graphic" => &[Flag::Violence],
        _ => &[],
    }
}

#[derive(Deserialize)]
struct Answer {
    results: Vec<Judged>,
}

#[derive(Deserialize)]
struct Judged {
    categories: BTreeMap<String, Option<bool>>,
    #[serde(default)]
    category_scores: BTreeMap<String, Option<f64>>,
}

/// Reads an answer. What the model itself flags is at least half sure, and what it does not is less, whatever its scores say: they
/// have no common threshold.
///
/// # Errors
/// `Unreadable` when it is no opinion on one thing.
pub(crate) fn read_moderation(bytes: &[u8]) -> Result<Opinion, Failure> {
    let answer: Answer = serde_json::from_slice(bytes).map_err(|_| Failure::Unreadable)?;
    let [judged] = <[Judged; 1]>::try_from(answer.results).map_err(|_| Failure::Unreadable)?;
    let known = |name: &&String| !flags(name).is_empty();
    if judged.categories.keys().find(known).is_none() {
        return Err(Failure::Unreadable);
    }
    let mut opinion = Opinion::default();
    for (name, is_flagged) in &judged.categories {
        let score = judged.category_scores.get(name).copied().flatten().unwrap_or_default();
        let sure = if is_flagged.unwrap_or_default() { score.max(0.5) } else { score.min(0.49) };
        opinion = flags(name).iter().fold(opinion, |opinion, flag| opinion.with(*flag, sure));
    }
    Ok(opinion)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_request_has_two_keys_and_a_picture_stands_in_it_whole() {
        let read = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).unwrap();
        assert_eq!(read(moderation("m", Sight::Message("안녕"))), json!({ "model": "m", "input": "안녕" }));
        let url = "data:image/jpeg;base64,/9j/";
        let expected = json!({ "model": "m", "input": [{ "type": "image_url", "image_url": { "url": url } }] });
        assert_eq!(read(moderation("m", Sight::Photo(&[0xff, 0xd8, 0xff]))), expected);
    }

    #[test]
    fn categories_become_flags_as_the_model_judges() {
        let read = |answer: &Value| read_moderation(answer.to_string().as_bytes());
        let of = |categories: &Value, scores: &Value| {
            read(&json!({ "results": [{ "categories": categories, "category_scores": scores }] }))
        };
        let opinion = of(
            &json!({ "sexual/minors": true, "hate": false, "harassment": true, "of tomorrow": true, "illicit": null }),
            &json!({ "sexual/minors": 0.2, "hate": 0.9, "harassment": 7e99, "illicit": 0.3 }),
        );
        let scores = opinion.unwrap().scores().clone();
        let expected =
            [(Flag::Insult, 100), (Flag::Sexual, 50), (Flag::Minor, 50), (Flag::Hate, 49), (Flag::Illicit, 30)];
        assert_eq!(scores.into_iter().collect::<Vec<_>>(), expected);
        for nonsense in [
            json!({ "results": [] }),
            json!({ "results": [{ "categories": {} }] }),
            json!({ "results": [{ "categories": { "unheard of": true } }] }),
            json!({ "results": [{ "categories": { "hate": "very" } }] }),
            json!({ "results": [{ "categories": { "hate": true } }, { "categories": { "hate": true } }] }),
            json!([]),
        ] {
            assert!(matches!(read(&nonsense), Err(Failure::Unreadable)), "{nonsense}");
        }
    }
}
