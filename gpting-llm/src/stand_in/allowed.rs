//! The keys that each kind of server takes of us, written down apart from what sends them: a key that is not here was not agreed
//! to, and a stand-in refuses it.

use serde_json::Value;

use crate::profile::Profile;

/// Keys of `POST /chat/completions` that every server takes.
pub const CHAT: [&str; 3] = ["model", "messages", "response_format"];
/// Keys of `POST /embeddings` that every server takes.
pub const EMBEDDINGS: [&str; 2] = ["model", "input"];

/// Keys of `POST /moderations`, and there are no others.
pub const MODERATIONS: [&str; 2] = ["model", "input"];

/// The keys beside them.
fn own(profile: Profile, is_for_vectors: bool) -> &'static [&'static str] {
    match (profile, is_for_vectors) {
        (Profile::OpenAi, false) => &["max_completion_tokens", "store"],
        (Profile::OpenAi, true) => &["dimensions"],
        (Profile::Vllm, false) => &["max_completion_tokens", "temperature"],
        (Profile::Ollama | Profile::LlamaCpp | Profile::LmStudio | Profile::Compatible, false) => {
            &["max_tokens", "temperature"]
        }
        (_, true) => &[],
    }
}

/// The keys of a body, at any depth that is ours, that this kind of server was not agreed to be sent. Schemas are the caller's.
pub fn unknown_keys(profile: Profile, path: &str, body: &Value) -> Vec<String> {
    let is_for_vectors = path.ends_with("/embeddings");
    let common: &[&str] = if is_for_vectors { &EMBEDDINGS } else { &CHAT };
    let is_for_opinions = path.ends_with("/moderations");
    let mut unknown = Vec::new();
    let mut look = |at: &str, value: &Value, allowed: &[&str]| {
        let keys = value.as_object().into_iter().flat_map(|object| object.keys());
        unknown.extend(keys.filter(|key| !allowed.contains(&key.as_str())).map(|key| format!("{at}{key}")));
    };
    if is_for_opinions {
        look("", body, &MODERATIONS);
        for part in body["input"].as_array().into_iter().flatten() {
            look("input[].", part, &["type", "image_url"]);
            look("image_url.", &part["image_url"], &["url"]);
        }
        return unknown;
    }
    look("", body, &[common, own(profile, is_for_vectors)].concat());
    for message in body["messages"].as_array().into_iter().flatten() {
        look("messages[].", message, &["role", "content"]);
    }
    look("response_format.", &body["response_format"], &["type", "json_schema"]);
    look("json_schema.", &body["response_format"]["json_schema"], &["name", "strict", "schema"]);
    unknown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_not_agreed_to_is_found_at_any_depth() {
        let body = json!({
            "model": "m", "user": "u", "max_tokens": 1, "tools": [],
            "messages": [{ "role": "user", "content": "", "name": "n" }],
            "response_format": { "type": "json_schema", "json_schema": { "name": "n", "description": "d" } },
        });
        let mut found = unknown_keys(Profile::OpenAi, "/v1/chat/completions", &body);
        found.sort();
        assert_eq!(found, ["json_schema.description", "max_tokens", "messages[].name", "tools", "user"]);
        assert!(!unknown_keys(Profile::Ollama, "/v1/chat/completions", &body).contains(&"max_tokens".to_owned()));
        let vectors = json!({ "model": "m", "input": [], "dimensions": 3 });
        assert!(unknown_keys(Profile::OpenAi, "/v1/embeddings", &vectors).is_empty());
        assert_eq!(unknown_keys(Profile::Vllm, "/v1/embeddings", &vectors), ["dimensions"]);
        let picture = json!({ "type": "image_url", "image_url": { "url": "data:", "detail": "low" }, "id": 7 });
        let mut found = unknown_keys(Profile::OpenAi, "/v1/moderations", &json!({ "input": [picture], "user": "u" }));
        found.sort();
        assert_eq!(found, ["image_url.detail", "input[].id", "user"]);
    }
}
