//! The bodies that a stand-in sends.

use serde_json::{Value, json};

use super::asked::Asked;
use super::behaviour::Behaviour;
use super::schema::least;

/// The text of a right answer.
fn right_text(asked: &Asked) -> String {
    let is_json = asked.body["response_format"]["type"] == "json_object";
    match asked.schema() {
        Some(schema) => least(&schema).to_string(),
        None if is_json => "{}".to_owned(),
        None => "ok".to_owned(),
    }
}

/// A completion as servers have it.
fn completion(asked: &Asked, content: &Value, refusal: &Value, reason: &str) -> Value {
    let words = |text: &str| text.split_whitespace().count();
    let prompt = words(&asked.said_by("system")) + words(&asked.said_by("user"));
    let answer = content.as_str().map_or(0, words);
    json!({
        "id": "chatcmpl-stand-in",
        "object": "chat.completion",
        "created": 0,
        "model": asked.body["model"],
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": content, "refusal": refusal },
            "logprobs": null,
            "finish_reason": reason,
        }],
        "usage": { "prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer },
    })
}

/// The body of a 200 to a request for text.
#[expect(clippy::wildcard_enum_match_arm, reason = "most ways to behave are none of this kind of answer")]
pub(super) fn text(asked: &Asked, behaviour: &Behaviour) -> String {
    let right = || json!(right_text(asked));
    let body = match behaviour {
        Behaviour::Garbage => return "<html><body>It works!</body></html>".to_owned(),
        Behaviour::Answers(answerer) => completion(asked, &json!(answerer.answer(asked)), &Value::Null, "stop"),
        Behaviour::WrongSchema => {
            completion(asked, &json!(r#"{"unasked":["for",{"at":"all"}],"score":"x"}"#), &Value::Null, "stop")
        }
        Behaviour::Refusal => completion(asked, &Value::Null, &json!("I cannot help with that."), "stop"),
        Behaviour::Filtered => completion(asked, &Value::Null, &Value::Null, "content_filter"),
        Behaviour::Length => {
            let text = right_text(asked);
            let cut = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
            completion(asked, &json!(&text[..cut]), &Value::Null, "length")
        }
        _ => completion(asked, &right(), &Value::Null, "stop"),
    };
    body.to_string()
}

/// The body of a 200 to a request for vectors.
#[expect(clippy::wildcard_enum_match_arm, reason = "most ways to behave are none of this kind of answer")]
pub(super) fn vectors(asked: &Asked, behaviour: &Behaviour, dims: usize) -> String {
    let dims = match behaviour {
        Behaviour::WrongSchema => dims + 1,
        // Shortened, as was asked.
        _ => asked.body["dimensions"].as_u64().and_then(|dims| usize::try_from(dims).ok()).unwrap_or(dims),
    };
    let texts = asked.input();
    let one = |(index, text): (usize, &&str)| json!({ "object": "embedding", "index": index, "embedding": vector(text, dims) });
    let mut data: Vec<Value> = texts.iter().enumerate().map(one).collect();
    match behaviour {
        Behaviour::Garbage => return "<html><body>It works!</body></html>".to_owned(),
        Behaviour::Unordered => data.reverse(),
        Behaviour::Missing => drop(data.pop()),
        _ => {}
    }
    let words: usize = texts.iter().map(|text| text.split_whitespace().count()).sum();
    let usage = json!({ "prompt_tokens": words, "total_tokens": words });
    let body = json!({ "object": "list", "data": data, "model": asked.body["model"], "usage": usage }).to_string();
    // What no JSON library writes.
    let spoil = |with: &str| {
        let (before, after) = body.split_once("\"embedding\":[").unwrap_or((&body, ""));
        let (_, rest) = after.split_once([',', ']']).unwrap_or_default();
        format!("{before}\"embedding\":[{with},{rest}")
    };
    match behaviour {
        Behaviour::NotFinite => spoil("1e300"),
        Behaviour::NotANumber => spoil("NaN"),
        _ => body,
    }
}

/// The categories that opinions have.
const CATEGORIES: [&str; 13] = [
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];

/// The body of a 200 to a request for an opinion: nothing is flagged, unless the script says so.
#[expect(clippy::wildcard_enum_match_arm, reason = "most ways to behave are none of this kind of answer")]
pub(super) fn opinion(asked: &Asked, behaviour: &Behaviour) -> String {
    let said: Value = match behaviour {
        Behaviour::Garbage => return "<html><body>It works!</body></html>".to_owned(),
        Behaviour::WrongSchema => return r#"{"results":[{"categories":{"hate":"very"}}]}"#.to_owned(),
        Behaviour::Missing => return r#"{"results":[]}"#.to_owned(),
        Behaviour::Answers(answerer) => serde_json::from_str(&answerer.answer(asked)).unwrap_or_default(),
        _ => Value::Null,
    };
    let score = |name: &str| said[name].as_f64().unwrap_or(0.001);
    let of = |value: &dyn Fn(f64) -> Value| -> Value {
        CATEGORIES.iter().map(|name| ((*name).to_owned(), value(score(name)))).collect::<serde_json::Map<_, _>>().into()
    };
    let kind = if asked.text_to_judge().is_some() { "text" } else { "image" };
    json!({
        "id": "modr-stand-in",
        "model": asked.body["model"],
        "results": [{
            "flagged": CATEGORIES.iter().any(|name| score(name) >= 0.5),
            "categories": of(&|score| json!(score >= 0.5)),
            "category_scores": of(&|score| json!(score)),
            "category_applied_input_types": of(&|_| json!([kind])),
        }],
    })
    .to_string()
}

/// The list of models.
pub(super) fn models(names: &[String]) -> String {
    let one = |name: &String| json!({ "id": name, "object": "model", "created": 0, "owned_by": "stand-in" });
    json!({ "object": "list", "data": names.iter().map(one).collect::<Vec<_>>() }).to_string()
}

/// A vector of length one: each word and each pair of neighbouring letters pushes it one way, so texts that share many are near.
fn vector(text: &str, dims: usize) -> Vec<f32> {
    let mut vector = vec![0.0f32; dims.max(1)];
    let lower = text.to_lowercase();
    let letters: Vec<char> = lower.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let pairs = letters.windows(2).map(|pair| pair.iter().collect::<String>());
    for piece in lower.split_whitespace().map(str::to_owned).chain(pairs) {
        let hash = hash(&piece);
        let place = usize::try_from(hash % vector.len() as u64).unwrap_or_default();
        vector[place] += if hash >> 63 == 0 { 1.0 } else { -1.0 };
    }
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    if length > 0.0 {
        for number in &mut vector {
            *number /= length;
        }
    } else {
        vector[0] = 1.0;
    }
    vector
}

/// FNV-1a, 64 bits.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_share_words_are_near() {
        let cosine = |one: &str, other: &str| {
            let pairs = vector(one, 256).into_iter().zip(vector(other, 256));
            pairs.map(|(a, b)| a * b).sum::<f32>()
        };
        assert!(cosine("주말에 등산을 가요", "등산을 좋아해요") > cosine("주말에 등산을 가요", "재즈를 들어요") + 0.1);
        assert!((cosine("a b", "a b") - 1.0).abs() < 1e-5);
        assert!((vector("", 4).iter().sum::<f32>() - 1.0).abs() < f32::EPSILON);
    }
}
