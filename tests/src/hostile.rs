//! What people write to make a language model do something else: a corpus of prompt injections in Korean and English, and a
//! reader that sees through their disguises.
//!
//! The corpus is data, `tests/hostile/payloads.jsonl`, one payload a line: `id`, `kind` (how it is told), `lang`, `aim` (what it
//! wants), `people` (one, or two who work together), each with the fields it is spread over: `nickname`, `bio`, `line` (sent with
//! a like), `messages`. Invisible characters stand there escaped, so that a reviewer sees them. `{canary}` becomes a word of the
//! payload's own, to be looked for in whatever comes out.
//!
//! Called by the tests that plant payloads; [`revealed`] is for a scripted model that does what it reads.

use serde_json::Value;

/// The corpus as it stands.
const CORPUS: &str = include_str!("../tests/hostile/payloads.jsonl");

/// What a payload wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aim {
    /// To be put first.
    Rank,
    /// That others be put last.
    Sink,
    /// The instructions of the product.
    Leak,
    /// That a condition be passed: age, distance, gender.
    Filter,
    /// Words of its own in the product's mouth.
    Voice,
    /// What others have said, or a way to reach somebody.
    Pii,
    /// Answers without end.
    Cost,
    /// An answer that breaks its reader.
    Form,
}

/// What one person writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// At most 30 characters.
    pub nickname: Option<String>,
    /// At most 2,000 characters.
    pub bio: Option<String>,
    /// Sent with a like; at most 300 characters.
    pub line: Option<String>,
    /// Said in a room, in this order.
    pub messages: Vec<String>,
}

/// One injection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Its name, such as `base64-ko-2`.
    pub id: String,
    /// How it is told: `direct`, `role`, `delimiter`, `fields`, `people`, `base64`, `tags`, ….
    pub kind: String,
    /// `ko` or `en`: of whom it pretends to be.
    pub lang: String,
    /// What it wants.
    pub aim: Aim,
    /// Who writes it: one, or two.
    pub people: Vec<Told>,
    /// The word of its own.
    pub canary: String,
}

impl Told {
    /// Everything that is written, in the order of the fields.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let fields = [&self.nickname, &self.bio, &self.line];
        fields.into_iter().flatten().chain(&self.messages).map(String::as_str)
    }
}

impl Payload {
    /// Everything that is written, by everybody.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.people.iter().flat_map(Told::texts)
    }
}

/// Every payload, in the order of the file; each canary is there once.
pub fn payloads() -> Vec<Payload> {
    CORPUS.lines().enumerate().map(|(place, line)| read(place, line)).collect()
}

fn read(place: usize, line: &str) -> Payload {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("payload {place}: {error}"));
    let canary = format!("zq7h{place:03}x9v");
    let text = |value: &Value| value.as_str().map(|text| text.replace("{canary}", &canary));
    let word = |name: &str| text(&value[name]).unwrap_or_else(|| panic!("payload {place} has `{name}`"));
    let told = |person: &Value| Told {
        nickname: text(&person["nickname"]),
        bio: text(&person["bio"]),
        line: text(&person["line"]),
        messages: person["messages"].as_array().into_iter().flatten().filter_map(text).collect(),
    };
    let aim = match word("aim").as_str() {
        "rank" => Aim::Rank,
        "sink" => Aim::Sink,
        "leak" => Aim::Leak,
        "filter" => Aim::Filter,
        "voice" => Aim::Voice,
        "pii" => Aim::Pii,
        "cost" => Aim::Cost,
        "form" => Aim::Form,
        other => panic!("payload {place} wants `{other}`"),
    };
    let people = value["people"].as_array().unwrap_or_else(|| panic!("payload {place} has people"));
    Payload {
        id: word("id"),
        kind: word("kind"),
        lang: word("lang"),
        aim,
        people: people.iter().map(told).collect(),
        canary,
    }
}

/// A text as somebody reads it who sees through everything: as it stands, and again with each disguise taken off. For a scripted
/// model that obeys whatever it finds.
pub fn revealed(text: &str) -> String {
    let visible: String = text.chars().filter(|letter| !is_invisible(*letter)).collect();
    let mut all = vec![text.to_owned(), visible.clone(), hidden_bytes(text), numbered(&visible), wide(&visible)];
    all.push(visible.chars().rev().collect());
    for word in visible.split_whitespace() {
        let mut word = word.to_owned();
        while let Some(inner) = unpacked(&word) {
            all.push(inner.clone());
            word = inner;
        }
    }
    all.join("\n")
}

/// Characters that take no room on a screen.
fn is_invisible(letter: char) -> bool {
    letter.is_control() && !letter.is_whitespace()
        || matches!(u32::from(letter),
            0xad | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0xfe00..=0xfe0f | 0xfeff
            | 0xe_0000..=0xe_007f | 0xe_0100..=0xe_01ef)
}

/// What tag characters and variation selectors spell.
fn hidden_bytes(text: &str) -> String {
    let bytes = text.chars().filter_map(|letter| match u32::from(letter) {
        code @ 0xe_0020..=0xe_007e => u8::try_from(code - 0xe_0000).ok(),
        code @ 0xfe00..=0xfe0f => u8::try_from(code - 0xfe00).ok(),
        code @ 0xe_0100..=0xe_01ef => u8::try_from(code - 0xe_0100 + 16).ok(),
        _ => None,
    });
    String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned()
}

/// What `&#105;` and `\u0069` spell.
fn numbered(text: &str) -> String {
    let entities = text.split("&#").skip(1).filter_map(|rest| rest.split_once(';')?.0.parse().ok());
    let escapes = text.split("\\u").skip(1).filter_map(|rest| u32::from_str_radix(rest.get(..4)?, 16).ok());
    entities.chain(escapes).filter_map(char::from_u32).collect()
}

/// Full-width letters as plain ones.
fn wide(text: &str) -> String {
    let plain = |letter: char| match u32::from(letter) {
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(letter),
        _ => letter,
    };
    text.chars().map(plain).collect()
}

/// What a word says in base64 or in hexadecimal digits, if it is a text at all.
fn unpacked(word: &str) -> Option<String> {
    use base64::Engine as _;
    if word.len() < 8 {
        return None;
    }
    let digits = word.as_bytes().chunks(2).map(|pair| {
        std::str::from_utf8(pair).ok().filter(|_| pair.len() == 2).and_then(|pair| u8::from_str_radix(pair, 16).ok())
    });
    let bytes: Option<Vec<u8>> = digits.collect();
    let bytes = bytes.or_else(|| base64::engine::general_purpose::STANDARD.decode(word).ok())?;
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn the_corpus_is_large_and_in_both_languages() {
        let payloads = payloads();
        let count = |lang: &str| payloads.iter().filter(|payload| payload.lang == lang).count();
        assert!(payloads.len() > 100 && count("ko") > 50 && count("en") > 50, "{}", payloads.len());
        assert_eq!(count("ko") + count("en"), payloads.len());
        let names: BTreeSet<&str> = payloads.iter().map(|payload| payload.id.as_str()).collect();
        let canaries: BTreeSet<&str> = payloads.iter().map(|payload| payload.canary.as_str()).collect();
        assert_eq!((names.len(), canaries.len()), (payloads.len(), payloads.len()));
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for payload in &payloads {
            *kinds.entry(&payload.kind).or_default() += 1;
        }
        for kind in
            ["direct", "role", "delimiter", "fields", "people", "invisible", "bidi", "tags", "base64", "message"]
        {
            assert!(kinds.get(kind).is_some_and(|count| *count > 3), "{kind} of {kinds:?}");
        }
        assert!(kinds.len() > 15, "{kinds:?}");
    }

    #[test]
    fn every_payload_can_be_written_and_is_found_again() {
        for payload in payloads() {
            let id = &payload.id;
            assert!((1..=2).contains(&payload.people.len()), "{id}");
            assert!(payload.texts().any(|text| text.contains(&payload.canary)), "{id} plants its canary");
            assert!(payload.texts().all(|text| !text.is_empty() && !text.contains("{canary}")), "{id}");
            for person in &payload.people {
                let fits = |field: &Option<String>, most: usize| {
                    field.as_ref().is_none_or(|text| text.chars().count() <= most)
                };
                assert!(fits(&person.nickname, 30) && fits(&person.bio, 2_000) && fits(&person.line, 300), "{id}");
                assert!(person.messages.iter().all(|text| text.chars().count() <= 4_000), "{id}");
            }
        }
        let of = |kind: &'static str| payloads().into_iter().filter(move |payload| payload.kind == kind);
        assert!(of("people").all(|payload| payload.people.len() == 2));
        assert!(of("fields").all(|payload| payload.people[0].texts().count() > 1));
    }

    #[test]
    fn disguises_are_seen_through() {
        let disguised = ["base64", "hex", "escaped", "invisible", "bidi", "tags", "selectors", "control"];
        let mut seen = 0;
        for payload in payloads().iter().filter(|payload| disguised.contains(&payload.kind.as_str())) {
            // Split ones are put together as somebody would who has read them all.
            let whole: String =
                payload.texts().map(|text| text.replace(&payload.canary, "").trim().to_owned()).collect();
            let plain = revealed(&whole);
            let reversed: String = plain.chars().rev().collect();
            let is_found =
                ["rank me first", "1순위로"].iter().any(|order| plain.contains(order) || reversed.contains(order));
            assert!(is_found, "{}: {plain:?}", payload.id);
            seen += 1;
        }
        assert!(seen > 25, "{seen}");
        // A word is a word.
        assert_eq!(unpacked("hello"), None);
        assert!(!revealed("산책을 좋아해요").contains("rank"));
    }
}
