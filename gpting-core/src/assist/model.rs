//! The ports to models: [`TextModel`] writes, [`Embedder`] turns text into vectors.
//!
//! An adapter answers or fails; it never decides. Whoever calls holds consent, budget and cache, strips what may not leave
//! the house, and checks what comes back.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

/// Who waits for an answer, and so how long is worth waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// A job: nobody waits.
    Background,
    /// A person looks at the page that will hold it.
    Interactive,
}

/// What is asked of a text model.
#[derive(Clone, PartialEq)]
pub struct Prompt {
    /// The fixed instruction.
    pub system: String,
    /// What it is about; text of people only as JSON strings.
    pub user: String,
    /// The JSON Schema of the answer, with a name; free text without one.
    pub schema: Option<(&'static str, serde_json::Value)>,
    /// At most so many tokens are answered.
    pub max_tokens: u32,
    /// Who waits.
    pub pace: Pace,
}

impl Debug for Prompt {
    /// Without the texts.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let schema = self.schema.as_ref().map(|(name, _)| name);
        f.debug_struct("Prompt").field("schema", &schema).field("pace", &self.pace).finish_non_exhaustive()
    }
}

/// What a text model answered, not yet believed.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The text; JSON when a schema was given, if the model kept to it.
    pub text: String,
    /// What it cost.
    pub usage: Usage,
    /// Whether the model ended by itself, and was not cut at `max_tokens` or by a filter.
    pub is_whole: bool,
}

impl Debug for Reply {
    /// Without the text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply").field("usage", &self.usage).field("is_whole", &self.is_whole).finish_non_exhaustive()
    }
}

/// Tokens that a call has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the prompt.
    pub input: u64,
    /// Of the answer.
    pub output: u64,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Out of reach, too slow or overloaded; later may be better.
    #[error("the model is not available")]
    Unavailable {
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
        /// Whether it was asked and may have worked on an answer, which may cost what an answer costs.
        begun: bool,
    },
    /// It takes no such request: another one may do.
    #[error("the model does not take the request ({status})")]
    Rejected {
        /// The HTTP status, or 0.
        status: u16,
    },
    /// It declined to answer.
    #[error("the model declined to answer")]
    Refused,
    /// What came back is not an answer.
    #[error("the model's answer cannot be read")]
    Unreadable,
}

/// Writes text.
#[async_trait]
pub trait TextModel: Debug + Send + Sync + 'static {
    /// Which model it is, as it is part of the keys of caches and of audits.
    fn name(&self) -> &str;

    /// Answers a prompt.
    ///
    /// # Errors
    /// See [`ModelError`]. An implementation retries what is worth it by itself, within what the pace allows.
    async fn complete(&self, prompt: &Prompt) -> Result<Reply, ModelError>;
}

/// What texts were turned into.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// One vector a text, in their order, each of the embedder's dimensions and all finite.
    pub vectors: Vec<Vec<f32>>,
    /// What it cost; nothing for one that runs here.
    pub usage: Usage,
}

/// Turns text into vectors: near in meaning, near in angle.
#[async_trait]
pub trait Embedder: Debug + Send + Sync + 'static {
    /// Which model it is; vectors of different models are never compared.
    fn name(&self) -> &str;

    /// How many numbers a vector has.
    fn dims(&self) -> usize;

    /// The vectors of these texts.
    ///
    /// # Errors
    /// See [`ModelError`].
    async fn embed(&self, texts: &[String]) -> Result<Embedded, ModelError>;
}
