//! Which kind of JSON a server can be held to: a schema, an object, or nothing but the words of the prompt.
//!
//! Called by `chat`. The best kind is tried first; a server that does not take it answers 400, the next kind is tried at once,
//! and when that is taken it is remembered for the server. A 400 about something else (a prompt that is too long) changes
//! nothing.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A kind of answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `response_format: json_schema`, strict.
    JsonSchema,
    /// `response_format: json_object`; the schema stands in the prompt.
    JsonObject,
    /// No `response_format`; the schema stands in the prompt.
    Free,
}

/// The kinds that a server may take, and the one that it was last found to take.
#[derive(Debug)]
pub(crate) struct Formats {
    ladder: &'static [Format],
    at: AtomicUsize,
}

impl Formats {
    /// Nothing is known of the server yet.
    pub(crate) fn new(ladder: &'static [Format]) -> Self {
        Self { ladder, at: AtomicUsize::new(0) }
    }

    /// The place to begin at.
    pub(crate) fn begin(&self) -> usize {
        self.at.load(Ordering::Relaxed)
    }

    /// The kind at a place; none beyond the last.
    pub(crate) fn get(&self, place: usize) -> Option<Format> {
        self.ladder.get(place).copied()
    }

    /// A request of this kind was taken: later ones begin here, and never go back up.
    pub(crate) fn taken(&self, place: usize) {
        self.at.fetch_max(place, Ordering::Relaxed);
    }
}

/// Whether a refusal (400 or 422) may be about the kind of answer. One that says nothing may be.
pub(crate) fn is_about_format(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).to_lowercase();
    let words = ["response_format", "json_schema", "json_object", "schema", "grammar", "structured", "guided"];
    text.trim().is_empty() || words.iter().any(|word| text.contains(word))
}

/// What is added to the instruction when a server is not held to the schema by itself.
pub(crate) fn in_words(schema: &serde_json::Value) -> String {
    format!("\n\nAnswer with one JSON object and nothing else. It must satisfy this JSON Schema:\n{schema}")
}

/// The JSON in an answer: without what a model thought aloud before it, without a fence of Markdown around it.
pub(crate) fn bare(text: &str) -> &str {
    let text = without_thoughts(text);
    let Some(inner) = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")) else { return text };
    let inner = inner.strip_prefix("json").or_else(|| inner.strip_prefix("JSON")).unwrap_or(inner);
    inner.trim()
}

/// An answer without what a model thought aloud before it.
pub(crate) fn without_thoughts(text: &str) -> &str {
    let text = text.trim();
    let thoughts = text.strip_prefix("<think>").and_then(|rest| rest.split_once("</think>"));
    thoughts.map_or(text, |(_, rest)| rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_out_is_kept_and_only_goes_down() {
        let formats = Formats::new(&[Format::JsonSchema, Format::JsonObject, Format::Free]);
        assert_eq!((formats.begin(), formats.get(0)), (0, Some(Format::JsonSchema)));
        formats.taken(1);
        formats.taken(0); // a request that was under way
        assert_eq!((formats.begin(), formats.get(3)), (1, None));
    }

    #[test]
    fn refusals_are_told_apart() {
        for about in [
            r#"{"error":{"param":"response_format"}}"#,
            r#"{"error":"'response_format.type' must be 'json_schema' or 'text'"}"#,
            r#"{"error":{"message":"Failed to parse grammar"}}"#,
            r#"{"error":{"message":"Invalid schema for response"}}"#,
            "",
            " \n",
        ] {
            assert!(is_about_format(about.as_bytes()), "{about}");
        }
        for other in [r#"{"error":{"message":"maximum context length is 4096 tokens"}}"#, "no such model", "\u{fffd}"] {
            assert!(!is_about_format(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn json_is_found_in_its_wrapping() {
        for wrapped in [
            "{\"a\":1}",
            " {\"a\":1}\n",
            "```json\n{\"a\":1}\n```",
            "```\n{\"a\":1}```",
            "<think>{\"a\":2}</think>\n\n```json\n{\"a\":1}\n```",
        ] {
            assert_eq!(bare(wrapped), "{\"a\":1}", "{wrapped}");
        }
        for odd in ["", "```", "``````", "<think>", "</think>", "<think>without an end"] {
            let _ = bare(odd);
        }
        assert_eq!(without_thoughts("<think>hm</think> hello"), "hello");
        assert_eq!(without_thoughts("a <think>b</think>"), "a <think>b</think>", "only what stands first is a thought");
    }
}
