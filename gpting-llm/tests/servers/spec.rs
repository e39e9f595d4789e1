//! What is sent, held against what was agreed on and against the published specification.

use std::sync::OnceLock;

use gpting_core::assist::model::{Embedder as _, TextModel as _};
use gpting_core::assist::moderator::{Moderator as _, Sight};
use gpting_llm::stand_in::unknown_keys;
use jsonschema::{Draft, Validator};

use super::*;

/// The schemas of the published specification, and the keys that each names. It allows unknown keys in requests for text,
/// so those are looked for beside it.
struct Spec {
    chat: (Validator, Vec<String>),
    embeddings: (Validator, Vec<String>),
    moderations: (Validator, Vec<String>),
}

impl Spec {
    /// Reads the `openapi.json` that `GPTING_OPENAI_SPEC` names; none without one.
    fn at_hand() -> Option<&'static Self> {
        static SPEC: OnceLock<Option<Spec>> = OnceLock::new();
        SPEC.get_or_init(|| std::env::var_os("GPTING_OPENAI_SPEC").map(|path| Self::read(path.as_ref()))).as_ref()
    }

    fn read(path: &std::path::Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("GPTING_OPENAI_SPEC: {error}"));
        let document: Value = serde_json::from_str(&text).expect("GPTING_OPENAI_SPEC names an openapi.json");
        let schemas = &document["components"]["schemas"];
        let of = |name: &str| {
            let root = json!({ "$ref": format!("#/components/schemas/{name}"), "components": { "schemas": schemas } });
            let validator =
                jsonschema::options().with_draft(Draft::Draft202012).build(&root).expect("its schemas hold");
            let mut keys = Vec::new();
            collect(schemas, &schemas[name], &mut keys);
            assert!(keys.len() >= 2, "{name} has keys: {keys:?}");
            (validator, keys)
        };
        Self {
            chat: of("CreateChatCompletionRequest"),
            embeddings: of("CreateEmbeddingRequest"),
            moderations: of("CreateModerationRequest"),
        }
    }

    fn of(&self, path: &str) -> &(Validator, Vec<String>) {
        match path {
            path if path.ends_with("/embeddings") => &self.embeddings,
            path if path.ends_with("/moderations") => &self.moderations,
            _ => &self.chat,
        }
    }

    /// Everything that is wrong with a body.
    fn faults(&self, path: &str, body: &Value) -> Vec<String> {
        let (validator, keys) = self.of(path);
        let mut faults: Vec<String> = validator.iter_errors(body).map(|error| error.to_string()).collect();
        let unknown = body.as_object().into_iter().flat_map(|body| body.keys()).filter(|key| !keys.contains(key));
        faults.extend(unknown.map(|key| format!("`{key}` is no key")));
        faults
    }
}

/// The keys of a schema, through references and `allOf`.
fn collect(schemas: &Value, schema: &Value, keys: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        collect(schemas, &schemas[name], keys);
    }
    keys.extend(schema["properties"].as_object().into_iter().flat_map(|properties| properties.keys().cloned()));
    for part in schema["allOf"].as_array().into_iter().flatten() {
        collect(schemas, part, keys);
    }
}

/// Looks at one request of any test.
pub(super) fn look(profile: Profile, asked: &Asked) {
    let unknown = unknown_keys(profile, &asked.path, &asked.body);
    assert!(unknown.is_empty(), "{profile}: {unknown:?} in {:#}", asked.body);
    if let Some(spec) = Spec::at_hand() {
        let faults = spec.faults(&asked.path, &asked.body);
        assert!(faults.is_empty(), "{profile}: {faults:?} in {:#}", asked.body);
    }
}

#[tokio::test]
async fn every_request_of_every_profile_is_as_published() {
    let mut looked_at = 0;
    for profile in Profile::ALL {
        let server = Server::start(profile).await;
        for formats in [&["json_schema", "json_object"][..], &["json_object"], &[]] {
            server.formats(formats);
            let text = server.text();
            for pace in [Pace::Interactive, Pace::Background] {
                for schema in [None, Some(schema())] {
                    text.complete(&Prompt { pace, ..prompt(schema) }).await.unwrap();
                }
            }
        }
        server.embedder().embed(&texts(70)).await.unwrap();
        if matches!(profile, Profile::OpenAi | Profile::Compatible) {
            let moderator = server.moderator();
            for sight in
                [Sight::Bio("산책을 좋아해요"), Sight::Message("hello"), Sight::Photo(&[0xff, 0xd8, 0xff, 0xe0])]
            {
                moderator.look(sight).await.unwrap();
            }
            server.client().moderation_model("omni-moderation-latest").build().unwrap().check().await;
        }
        server.client().build().unwrap().check().await;
        for asked in server.asked() {
            look(profile, &asked);
            let body = asked.body.as_object().unwrap();
            assert!(!body.contains_key("user") && body.values().all(|value| !value.is_null()), "{body:?}");
            let is_kept_nowhere = ["/embeddings", "/moderations"].iter().any(|end| asked.path.ends_with(end));
            let keeps_nothing = is_kept_nowhere || body.get("store") == Some(&json!(false));
            assert!(keeps_nothing || profile != Profile::OpenAi, "{body:?}");
            looked_at += 1;
        }
    }
    assert!(looked_at > 6 * 15, "{looked_at}");
    match Spec::at_hand() {
        Some(_) => eprintln!("{looked_at} requests are valid against the published specification"),
        None => eprintln!(
            "{looked_at} requests have the agreed keys; GPTING_OPENAI_SPEC names no openapi.json, so they were not held \
             against the published specification"
        ),
    }
}

#[test]
fn the_specification_finds_what_is_wrong() {
    let Some(spec) = Spec::at_hand() else {
        eprintln!("skipped: set GPTING_OPENAI_SPEC to the path of the published openapi.json");
        return;
    };
    let chat = "/v1/chat/completions";
    let good = json!({ "model": "m", "messages": [{ "role": "user", "content": "a" }] });
    assert_eq!(spec.faults(chat, &good), Vec::<String>::new());
    for (key, value) in [
        ("temperature", json!(5)),
        ("messages", json!([])),
        ("messages", json!([{ "role": "nobody", "content": "a" }])),
        ("response_format", json!({ "type": "json_schema", "json_schema": {} })),
        ("max_completion_tokens", json!("many")),
        ("unheard_of", json!(1)),
    ] {
        let mut bad = good.clone();
        bad[key] = value.clone();
        assert!(!spec.faults(chat, &bad).is_empty(), "{key}: {value}");
    }
    let embeddings = json!({ "model": "m", "input": ["a"] });
    assert!(spec.faults("/v1/embeddings", &embeddings).is_empty());
    for (key, value) in [("dimensions", json!(0)), ("input", json!([])), ("unheard_of", json!(1))] {
        let mut bad = embeddings.clone();
        bad[key] = value.clone();
        assert!(!spec.faults("/v1/embeddings", &bad).is_empty(), "{key}: {value}");
    }
    let picture = |url: Value| json!([{ "type": "image_url", "image_url": { "url": url } }]);
    let moderations =
        json!({ "model": "omni-moderation-latest", "input": picture(json!("data:image/jpeg;base64,AA==")) });
    assert_eq!(spec.faults("/v1/moderations", &moderations), Vec::<String>::new());
    for (key, value) in [
        ("input", picture(json!(7))),
        ("input", json!([{ "type": "image_url" }])),
        ("input", json!(7)),
        ("unheard_of", json!(1)),
    ] {
        let mut bad = moderations.clone();
        bad[key] = value.clone();
        assert!(!spec.faults("/v1/moderations", &bad).is_empty(), "{key}: {value}");
    }
}
