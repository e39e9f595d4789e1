//! Tries a server out: what of the common subset it does, and how fast.
//!
//! Called by the host at will (`gpting llm check`), never by itself. One request for each thing, beside retries and breaker, a
//! fixed text that is nobody's. Invariant: a report holds nothing secret.

use std::time::Duration;

use gpting_core::assist::model::{Pace, Prompt};
use gpting_core::assist::moderator::Sight;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::format::{self, Format};
use crate::line::OnceLost;
use crate::llm::{Llm, Server};
use crate::transport::{Answer, Lost, Path};
use crate::wire;

/// What a server does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Its base URL.
    pub server: String,
    /// What it is taken for.
    pub profile: &'static str,
    /// Whether every model that was named can be used: the text model answers, in JSON too, and the vectors have the expected
    /// dimensions. Never when no model was named.
    pub ok: bool,
    /// `GET /models`; a server need not have it.
    pub models: ModelsProbe,
    /// Text, if a model was named.
    pub chat: Option<Probe>,
    /// JSON by a schema.
    pub json_schema: Option<Probe>,
    /// JSON without one; not tried where the profile says that it is not there.
    pub json_object: Option<Probe>,
    /// Vectors, if a model was named.
    pub embeddings: Option<EmbeddingProbe>,
    /// An opinion, if a moderation model was named.
    pub moderation: Option<Probe>,
}

/// How one thing went.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Probe {
    /// Whether it works.
    pub works: bool,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// Why it does not work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How listing models went.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ModelsProbe {
    /// How it went.
    #[serde(flatten)]
    pub probe: Probe,
    /// How many there are.
    pub count: usize,
    /// Whether the text model is among them.
    pub has_model: bool,
    /// Whether the embedding model is among them.
    pub has_embedding_model: bool,
}

/// How embedding went.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EmbeddingProbe {
    /// How it went.
    #[serde(flatten)]
    pub probe: Probe,
    /// How many numbers a vector has.
    pub dims: usize,
    /// How many were expected.
    pub expected: usize,
}

impl Llm {
    /// Tries everything once. Takes 20 s for each thing at the most; costs a few dozen tokens.
    pub async fn check(&self) -> Report {
        let server = &*self.server;
        let models = models(server).await;
        let (mut chat, mut json_schema, mut json_object) = (None, None, None);
        if let Some(model) = &server.model {
            chat = Some(text(server, model, None).await);
            json_schema = Some(text(server, model, Some(Format::JsonSchema)).await);
            if server.profile.formats().contains(&Format::JsonObject) {
                json_object = Some(text(server, model, Some(Format::JsonObject)).await);
            }
        }
        let embeddings = embeddings(server).await;
        let moderation = moderation(server).await;
        let works = |probe: &Option<Probe>| probe.as_ref().is_none_or(|probe| probe.works);
        let is_used = chat.is_some() || embeddings.is_some() || moderation.is_some();
        let ok = is_used
            && works(&chat)
            && works(&moderation)
            && embeddings.as_ref().is_none_or(|embeddings| embeddings.probe.works);
        let profile = server.profile.name();
        Report {
            server: server.base.clone(),
            profile,
            ok,
            models,
            chat,
            json_schema,
            json_object,
            embeddings,
            moderation,
        }
    }
}

/// One exchange, timed and read.
async fn probe<T>(
    server: &Server,
    path: Path,
    body: Option<Vec<u8>>,
    read: impl FnOnce(&Answer) -> Result<T, String>,
) -> (Probe, Option<T>) {
    let begun = Instant::now();
    let answer = server.line.once(path, body, begun + server.patience(Pace::Background)).await;
    let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let read = match answer {
        Ok(answer) if (200..300).contains(&answer.status) => read(&answer),
        Ok(answer) => Err(of_status(answer.status)),
        Err(OnceLost::Late) => Err(format!("no answer within {} s", server.patience(Pace::Background).as_secs())),
        Err(OnceLost::Lost(Lost::Unreachable)) if server.base.starts_with("https:") => {
            Err("out of reach, or its certificate is not trusted here".to_owned())
        }
        Err(OnceLost::Lost(Lost::Unreachable)) => Err("out of reach".to_owned()),
        Err(OnceLost::Lost(Lost::Cut)) => Err("the connection was cut".to_owned()),
        Err(OnceLost::Lost(Lost::TooLarge)) => Err("the answer is larger than 1 MiB".to_owned()),
    };
    match read {
        Ok(value) => (Probe { works: true, ms, reason: None }, Some(value)),
        Err(reason) => (Probe { works: false, ms, reason: Some(reason) }, None),
    }
}

fn of_status(status: u16) -> String {
    let meaning = match status {
        400 | 422 => ": it does not take the request",
        401 => ": the key is wrong or missing",
        403 => ": the key may not do this",
        404 => ": no such path or model",
        429 => ": too many requests, or nothing left to spend",
        300..=399 => ": a redirect, which is not followed",
        500..=599 => ": it is broken or overloaded",
        _ => "",
    };
    format!("status {status}{meaning}")
}

fn unreadable(failure: &Failure) -> String {
    let what =
        if matches!(failure, Failure::Refused { .. }) { "the model declined" } else { "what came back is no answer" };
    what.to_owned()
}

async fn models(server: &Server) -> ModelsProbe {
    let read = |answer: &Answer| wire::read_models(&answer.body).map_err(|failure| unreadable(&failure));
    let (probe, names) = probe(server, Path::Models, None, read).await;
    let names = names.unwrap_or_default();
    let has = |model: Option<&str>| {
        // Ollama lists `name:latest` for `name`.
        model.is_some_and(|model| names.iter().any(|name| name == model || name.strip_suffix(":latest") == Some(model)))
    };
    let embedding = server.embedding.as_ref().map(|model| model.name.as_str());
    let (has_model, has_embedding_model) = (has(server.model.as_deref()), has(embedding));
    ModelsProbe { probe, count: names.len(), has_model, has_embedding_model }
}

/// Text, or JSON of a kind.
async fn text(server: &Server, model: &str, format: Option<Format>) -> Probe {
    let schema = json!({
        "type": "object",
        "properties": { "ready": { "type": "boolean" } },
        "required": ["ready"],
        "additionalProperties": false,
    });
    let prompt = Prompt {
        system: "You are asked whether you are ready. You are.".to_owned(),
        user: "Are you ready?".to_owned(),
        schema: format.map(|_| ("ready", schema)),
        max_tokens: 64,
        pace: Pace::Background,
    };
    let body = wire::chat(server.profile, model, &prompt, format.unwrap_or(Format::Free));
    let read = |answer: &Answer| {
        let written = wire::read_chat(&answer.body).map_err(|failure| unreadable(&failure))?;
        if written.text.is_empty() {
            return Err("it wrote nothing within 64 tokens".to_owned());
        }
        let is_json = format.is_none_or(|_| {
            let value = serde_json::from_str::<Value>(format::bare(&written.text));
            value.is_ok_and(|value| value.get("ready").is_some_and(Value::is_boolean))
        });
        if is_json { Ok(()) } else { Err("what it wrote is not the JSON that was asked for".to_owned()) }
    };
    probe(server, Path::Chat, Some(body), read).await.0
}

async fn embeddings(server: &Server) -> Option<EmbeddingProbe> {
    let model = server.embedding.as_ref()?;
    let texts = ["ready".to_owned(), "준비".to_owned()];
    let body = wire::embeddings(&model.name, &texts, model.shortened);
    let read = |answer: &Answer| {
        let (vectors, _) = wire::read_vectors(&answer.body, texts.len()).map_err(|failure| unreadable(&failure))?;
        Ok(vectors[0].len())
    };
    let (mut probe, dims) = probe(server, Path::Embeddings, Some(body), read).await;
    let dims = dims.unwrap_or_default();
    if probe.works && dims != model.dims {
        probe.works = false;
        probe.reason = Some(format!("vectors have {dims} numbers, {} were expected", model.dims));
    }
    Some(EmbeddingProbe { probe, dims, expected: model.dims })
}

async fn moderation(server: &Server) -> Option<Probe> {
    let model = server.moderation.as_ref()?;
    let body = wire::moderation(model, Sight::Bio("Are you ready?"));
    let read = |answer: &Answer| wire::read_moderation(&answer.body).map(drop).map_err(|failure| unreadable(&failure));
    Some(probe(server, Path::Moderations, Some(body), read).await.0)
}

impl Probe {
    /// How long it took.
    pub fn took(&self) -> Duration {
        Duration::from_millis(self.ms)
    }
}
