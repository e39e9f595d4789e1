//! What goes over the line: the requests as each profile understands them, and as much of the answers as is used.
//!
//! Pure. A request has the fields of these structs and no other: no `user`, no tools, no streaming. Fields that a profile does
//! not know are left out, and never sent as `null`.

mod moderation;

use gpting_core::assist::model::{Prompt, Usage};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use self::moderation::{moderation, read_moderation};
use crate::failure::Failure;
use crate::format::{self, Format};
use crate::profile::Profile;

/// The body of `POST /chat/completions`.
#[derive(Serialize)]
struct ChatRequest<'a> {
    model: &'a str,
    messages: [Message<'a>; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

/// The body of `POST /embeddings`.
#[derive(Serialize)]
struct EmbeddingRequest<'a> {
    model: &'a str,
    input: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

/// The request for text.
pub(crate) fn chat(profile: Profile, model: &str, prompt: &Prompt, format: Format) -> Vec<u8> {
    let in_words = match &prompt.schema {
        Some((_, schema)) if format != Format::JsonSchema => format!("{}{}", prompt.system, format::in_words(schema)),
        _ => prompt.system.clone(),
    };
    let response_format = prompt.schema.as_ref().and_then(|(name, schema)| match format {
        Format::JsonSchema => Some(json!({
            "type": "json_schema",
            "json_schema": { "name": name, "strict": true, "schema": schema },
        })),
        Format::JsonObject => Some(json!({ "type": "json_object" })),
        Format::Free => None,
    });
    let most = Some(prompt.max_tokens);
    let counts_completion = profile.counts_completion_tokens();
    body(&ChatRequest {
        model,
        messages: [Message { role: "system", content: &in_words }, Message { role: "user", content: &prompt.user }],
        max_tokens: most.filter(|_| !counts_completion),
        max_completion_tokens: most.filter(|_| counts_completion),
        // The same question gets the same answer, as far as a server can.
        temperature: profile.takes_temperature().then_some(0.0),
        store: profile.knows_store().then_some(false),
        response_format,
    })
}

/// The request for vectors; `dimensions` only where they are to differ from the model's own.
pub(crate) fn embeddings(model: &str, input: &[String], dimensions: Option<usize>) -> Vec<u8> {
    body(&EmbeddingRequest { model, input, dimensions })
}

fn body(request: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(request).expect("texts and numbers can be written as JSON")
}

#[derive(Deserialize)]
struct ChatAnswer {
    choices: Vec<Choice>,
    usage: Option<Counted>,
}

#[derive(Deserialize)]
struct Choice {
    message: Said,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    content: Option<String>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct Counted {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

/// What a model wrote.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) is_whole: bool,
    /// As the server counts; none when it does not.
    pub(crate) usage: Option<Usage>,
}

/// Reads an answer to a request for text.
///
/// # Errors
/// `Refused` when the model says so or a filter left nothing, `Unreadable` when there is no text.
pub(crate) fn read_chat(bytes: &[u8]) -> Result<Written, Failure> {
    let answer: ChatAnswer = serde_json::from_slice(bytes).map_err(|_| Failure::Unreadable)?;
    let usage = answer.usage.as_ref().map(usage);
    let choice = answer.choices.into_iter().next().ok_or(Failure::Unreadable)?;
    if choice.message.refusal.is_some_and(|refusal| !refusal.is_empty()) {
        return Err(Failure::Refused { usage });
    }
    let text = choice.message.content.filter(|text| !text.is_empty());
    match (choice.finish_reason.as_deref(), text) {
        (Some("content_filter"), None) => Err(Failure::Refused { usage }),
        (Some("stop"), Some(text)) => Ok(Written { text, is_whole: true, usage }),
        // `length`, `content_filter`, and whatever else cuts an answer short.
        (Some("length"), None) => Ok(Written { text: String::new(), is_whole: false, usage }),
        (_, Some(text)) => Ok(Written { text, is_whole: false, usage }),
        (_, None) => Err(Failure::Unreadable),
    }
}

#[derive(Deserialize)]
struct EmbeddingAnswer {
    data: Vec<Embedding>,
    usage: Option<Counted>,
}

#[derive(Deserialize)]
struct Embedding {
    index: Option<usize>,
    embedding: Vec<f32>,
}

/// Reads an answer to a request for `count` vectors of `dims` numbers: put in order, each there once, all finite.
///
/// # Errors
/// `Unreadable` when it is anything else.
pub(crate) fn read_embeddings(
    bytes: &[u8],
    count: usize,
    dims: usize,
) -> Result<(Vec<Vec<f32>>, Option<Usage>), Failure> {
    let (vectors, usage) = read_vectors(bytes, count)?;
    if vectors.iter().any(|vector| vector.len() != dims) {
        return Err(Failure::Unreadable);
    }
    Ok((vectors, usage))
}

/// The same, of whatever dimensions.
pub(crate) fn read_vectors(bytes: &[u8], count: usize) -> Result<(Vec<Vec<f32>>, Option<Usage>), Failure> {
    let answer: EmbeddingAnswer = serde_json::from_slice(bytes).map_err(|_| Failure::Unreadable)?;
    if answer.data.len() != count {
        return Err(Failure::Unreadable);
    }
    let mut vectors = vec![Vec::new(); count];
    for (place, one) in answer.data.into_iter().enumerate() {
        let slot = vectors.get_mut(one.index.unwrap_or(place)).ok_or(Failure::Unreadable)?;
        let is_sound = !one.embedding.is_empty() && one.embedding.iter().all(|number| number.is_finite());
        if !slot.is_empty() || !is_sound {
            return Err(Failure::Unreadable);
        }
        *slot = one.embedding;
    }
    Ok((vectors, answer.usage.as_ref().map(usage)))
}

#[derive(Deserialize)]
struct ModelsAnswer {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

/// Reads the names of the models that a server has.
///
/// # Errors
/// `Unreadable` when it is no list of models.
pub(crate) fn read_models(bytes: &[u8]) -> Result<Vec<String>, Failure> {
    let answer: ModelsAnswer = serde_json::from_slice(bytes).map_err(|_| Failure::Unreadable)?;
    Ok(answer.data.into_iter().map(|model| model.id).collect())
}

fn usage(counted: &Counted) -> Usage {
    Usage { input: counted.prompt_tokens, output: counted.completion_tokens }
}

/// What a call cost, where the server may lie or say nothing. No tokenizer makes more tokens than there are bytes; what a model
/// thought is counted and not seen, so the output may be as much as was allowed. Without a count three bytes are a token, which
/// is too many for English and about right for Korean.
pub(crate) fn believed(told: Option<Usage>, sent: usize, received: usize, allowed: u64) -> Usage {
    let (sent, received) = (sent as u64, received as u64);
    match told {
        Some(told) => Usage { input: told.input.min(sent), output: told.output.min(received.max(allowed)) },
        None => Usage { input: sent.div_ceil(3), output: received.div_ceil(3).min(received.max(allowed)) },
    }
}

#[cfg(test)]
mod tests;
