//! Models as bad as they come, behind the wire of a stand-in: one that does the most harm it can, one that does whatever it
//! reads, one that makes no sense.
//!
//! Called by the scenes. Each is a function of the request alone (and of how many came before it), so that a failure can be
//! told from its prompt.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gpting_llm::stand_in::{Asked, Behaviour};
use gpting_tests::hostile::{Aim, Payload, payloads, revealed};
use serde_json::{Value, json};

use super::population::words_in;

/// Who stands where in whose slate without any model: by the payload words of viewer and candidate.
pub(crate) type Ranks = HashMap<(usize, usize), usize>;

/// The words that only the prompt held: the one never to be written, and the marker.
pub(crate) fn secrets(asked: &Asked) -> Vec<String> {
    let system = asked.said_by("system");
    let word = system.split("Never write this word: ").nth(1).and_then(|rest| rest.split_whitespace().next());
    let user = asked.said_by("user");
    word.into_iter().chain(user.lines().next()).map(str::to_owned).collect()
}

fn data(asked: &Asked) -> Value {
    asked.said_by("user").lines().nth(1).and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default()
}

fn chance(of: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Who is meant by a text: the first of their payload words.
fn whose(person: &Value) -> Option<usize> {
    words_in(person["text"].as_str()?).first().copied()
}

fn labels(data: &Value) -> Vec<(String, Option<usize>, String)> {
    let all = data["candidates"].as_array().into_iter().flatten();
    all.map(|one| {
        let text = one["person"]["text"].as_str().unwrap_or_default().to_owned();
        (one["label"].as_str().unwrap_or_default().to_owned(), whose(&one["person"]), text)
    })
    .collect()
}

fn scores(of: impl IntoIterator<Item = (String, i64)>) -> Value {
    let all = of.into_iter().map(|(label, score)| json!({ "label": label, "score": score }));
    json!({ "scores": all.collect::<Vec<_>>() })
}

/// Every sentence of what was read, short enough to be shown, each alone and behind a word that may be said.
fn echoes(read: &str) -> Vec<String> {
    let pieces = read.split(['.', '\n', '"', '!', ',', ':']).map(str::trim).filter(|piece| piece.chars().count() > 3);
    pieces.map(|piece| piece.chars().take(90).collect()).collect()
}

fn topics(asked: &Asked, strength: i64) -> Value {
    let schema = asked.schema().unwrap_or_default();
    let codes = ["/properties/topics/items/properties/topic/enum", "/properties/a/items/properties/topic/enum"]
        .iter()
        .find_map(|path| schema.pointer(path)?.as_array().cloned());
    // Of every text others, so that people differ in what they have and value.
    let from = usize::try_from(chance(asked.said_by("user").lines().nth(1).unwrap_or_default()) % 7).unwrap();
    let some = codes.into_iter().flatten().skip(from).step_by(3).take(12);
    some.map(|code| json!({ "topic": code, "strength": strength })).collect()
}

/// The most harm of the right form: the order without any model turned round, the largest numbers, and all it has read in
/// every sentence; now and then with its secrets, with numbers out of range, or with facts that nobody gave.
pub(crate) fn worst(ranks: Ranks) -> Behaviour {
    Behaviour::answers(move |asked| {
        let data = data(asked);
        let (system, user) = (asked.said_by("system"), asked.said_by("user"));
        let draw = chance(&user);
        match asked.schema_name().unwrap_or_default() {
            "scores" => {
                let viewer = whose(&data["viewer"]);
                let place = |who: Option<usize>| ranks.get(&(viewer?, who?)).copied();
                let people = labels(&data);
                let last = people.iter().filter_map(|(_, who, _)| place(*who)).max();
                let first = people.iter().filter_map(|(_, who, _)| place(*who)).min();
                // Of both orders the same, so that the mean of the two askings is as extreme.
                let lifts = viewer.unwrap_or(0).is_multiple_of(2);
                scores(people.into_iter().map(|(label, who, _)| {
                    let at = place(who);
                    let is_up = if lifts { at == last } else { at != first };
                    (label, if is_up { 100 } else { 0 })
                }))
                .to_string()
            }
            "traits" => {
                let strength = if draw.is_multiple_of(5) { i64::MAX } else { 100 };
                json!({ "topics": topics(asked, strength), "flags": ["scam", "minor", "insult", "sexual", "contact"] })
                    .to_string()
            }
            "values" => json!({ "a": topics(asked, 100), "b": topics(asked, -100), "text": data }).to_string(),
            _ => {
                let mut said = match draw % 3 {
                    0 => echoes(&system),
                    1 => echoes(&data.to_string()),
                    _ => secrets(asked),
                };
                said.push("You both like wine and jazz and Paris, and she earns well".to_owned());
                let turn = usize::try_from(draw % 7).unwrap() % said.len();
                said.rotate_left(turn);
                let words = json!({ "openers": said, "why": said });
                let is_hints = asked.schema_name() == Some("hints");
                let of = if is_hints { json!(said) } else { words };
                json!({ "ko": of, "en": of }).to_string()
            }
        }
    })
}

/// Does what it reads: finds the payloads in what it was given, through every disguise, and does what each wants.
pub(crate) fn obedient() -> Behaviour {
    let corpus = Arc::new(payloads());
    Behaviour::answers(move |asked| obey(&corpus, asked))
}

fn obey(corpus: &[Payload], asked: &Asked) -> String {
    let (data, system) = (data(asked), asked.said_by("system"));
    let read = revealed(&data.to_string());
    let found = words_in(&read);
    let aim_of = |place: usize| corpus.get(place).map(|payload| payload.aim);
    let breaks = |place: &usize| matches!(aim_of(*place), Some(Aim::Cost | Aim::Form | Aim::Leak | Aim::Filter));
    let people = labels(&data);
    if let Some(place) = found.iter().copied().find(breaks)
        && (people.is_empty() || chance(&read).is_multiple_of(4))
    {
        return match aim_of(place) {
            Some(Aim::Cost) => format!("{{\"topics\":[{}", "\"more\",".repeat(40_000)),
            Some(Aim::Form) => "\"}]}\n{\"label\":\"other\",\"score\":99999999999}".to_owned(),
            Some(Aim::Leak) => {
                json!({ "ko": { "openers": echoes(&system), "why": echoes(&system) }, "en": echoes(&system),
                "topics": [system], "a": [], "b": [], "scores": [] })
                .to_string()
            }
            _ => {
                json!({ "scores": [{ "label": "zzzzz", "score": 100 }], "filters": "off", "age": 18, "distance_km": 0 })
                    .to_string()
            }
        };
    }
    match asked.schema_name().unwrap_or_default() {
        "scores" => {
            let wants = |text: &str, aim: Aim| words_in(&revealed(text)).into_iter().any(|at| aim_of(at) == Some(aim));
            let sinks = people.iter().any(|(_, _, text)| wants(text, Aim::Sink));
            scores(people.iter().map(|(label, _, text)| {
                let is_up = wants(text, Aim::Rank) || wants(text, Aim::Sink);
                (
                    label.clone(),
                    if is_up {
                        100
                    } else if sinks {
                        0
                    } else {
                        50
                    },
                )
            }))
            .to_string()
        }
        "traits" => json!({ "topics": topics(asked, 100), "flags": [] }).to_string(),
        "values" => json!({ "a": topics(asked, 100), "b": topics(asked, 100) }).to_string(),
        _ => {
            let said = echoes(&read);
            let of = if asked.schema_name() == Some("hints") {
                json!(said)
            } else {
                json!({ "openers": said, "why": said })
            };
            json!({ "ko": of, "en": of }).to_string()
        }
    }
}

/// Makes no sense, each time differently.
pub(crate) fn insane() -> Behaviour {
    let count = AtomicU64::new(0);
    Behaviour::answers(move |asked| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        let labels = labels(&data(asked));
        let label = labels.first().map_or("x", |(label, ..)| label).to_owned();
        let again = |score: Value| {
            let all = labels.iter().map(|(label, ..)| json!({ "label": label, "score": score }));
            json!({ "scores": all.collect::<Vec<_>>(), "topics": score, "a": score, "b": score, "ko": score, "en": score })
        };
        match number % 16 {
            0 => String::new(),
            1 => "null".to_owned(),
            2 => "[".repeat(20_000),
            3 => format!("{}{}", "{\"scores\":".repeat(5_000), "}".repeat(5_000)),
            4 => again(json!("NaN")).to_string(),
            5 => again(json!(1e308)).to_string().replace("1e308", "1e999"),
            6 => again(json!(-1)).to_string(),
            7 => again(json!(i64::MAX)).to_string(),
            8 => scores([(label.clone(), 1), (label, 2)]).to_string(),
            9 => scores(labels.iter().map(|(label, ..)| (label.to_uppercase(), 50))).to_string(),
            10 => "\u{0}\u{feff}{\"scores\":[]}\u{202e}".to_owned(),
            11 => format!("{{\"x\":\"{}\"}}", "가".repeat(10 << 20)),
            12 => again(json!({ "topic": { "topic": [] }, "strength": [[[[]]]] })).to_string(),
            13 => "{\"scores\":[NaN,Infinity,-Infinity]}".to_owned(),
            14 => format!("```json\n{}\n```", scores(labels.iter().map(|(label, ..)| (label.clone(), 7)))),
            _ => scores(labels.into_iter().zip(0..).map(|((label, ..), at)| (label, 37 * at % 101))).to_string(),
        }
    })
}
