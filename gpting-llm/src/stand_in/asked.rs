//! One request as a stand-in saw it.

use std::time::Instant;

use serde_json::Value;

/// A request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Asked {
    /// `GET` or `POST`.
    pub method: String,
    /// Such as `/v1/chat/completions`.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; null without one, or when it is no JSON.
    pub body: Value,
    /// When it had come whole.
    pub at: Instant,
}

impl Asked {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What the messages of a role say, one after the other.
    pub fn said_by(&self, role: &str) -> String {
        let messages = self.body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let texts = messages.iter().filter(|message| message["role"] == role);
        texts.filter_map(|message| message["content"].as_str()).collect::<Vec<_>>().join("\n")
    }

    /// The schema that the answer is to follow: the one of `response_format`, else one that is the last line of the instruction.
    pub fn schema(&self) -> Option<Value> {
        let sent = self.body.pointer("/response_format/json_schema/schema").cloned();
        let in_words = || serde_json::from_str(self.said_by("system").lines().last()?).ok().filter(Value::is_object);
        sent.or_else(in_words)
    }

    /// The name of that schema: which use of the model it is.
    pub fn schema_name(&self) -> Option<&str> {
        self.body.pointer("/response_format/json_schema/name")?.as_str()
    }

    /// The texts that are to be embedded.
    pub fn input(&self) -> Vec<&str> {
        let texts = self.body["input"].as_array().map(Vec::as_slice).unwrap_or_default();
        texts.iter().filter_map(Value::as_str).collect()
    }

    /// The text that an opinion is asked on.
    pub fn text_to_judge(&self) -> Option<&str> {
        self.body["input"].as_str()
    }

    /// The address of the picture that an opinion is asked on.
    pub fn picture_to_judge(&self) -> Option<&str> {
        self.body.pointer("/input/0/image_url/url")?.as_str()
    }

    pub(super) fn is_for_opinions(&self) -> bool {
        self.path.ends_with("/moderations")
    }

    pub(super) fn is_for_vectors(&self) -> bool {
        self.path.ends_with("/embeddings")
    }
}
