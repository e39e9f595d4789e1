//! Text models and embeddings for GPTing, over any OpenAI-compatible server.
//!
//! An [`Llm`] is one server; it hands out the ports of [`gpting_core::assist`]: [`LlmText`] writes, [`LlmEmbedder`]
//! embeds, [`LlmModerator`] looks at texts and pictures. What is asked, of whom and whether at all is the core's business: this crate sends what it is given, waits as
//! long as the [`Pace`](gpting_core::assist::model::Pace) allows, and hands back what may be handed back.
//!
//! ```
//! use gpting_llm::{Llm, Profile};
//!
//! let llm = Llm::builder("http://localhost:11434") // nothing is connected yet
//!     .profile(Profile::Ollama)
//!     .model("qwen3:8b")
//!     .embedding_model("bge-m3")
//!     .build()?;
//! let (text, embedder) = (llm.text(), llm.embedder());
//! # use gpting_core::assist::model::Embedder as _;
//! assert_eq!(embedder.expect("one was named").dims(), 1_024);
//! # let _ = text;
//! # Ok::<(), gpting_llm::BuildError>(())
//! ```
//!
//! # How a call goes
//! ```text
//! LlmText ──┐          ┌─ permits ─ breaker ─ transport ─► POST /chat/completions
//!           ├─► line ──┤      (one attempt)                     /embeddings
//! Embedder ─┤          └─ retry: at most twice, within the pace      /moderations
//! Moderator ┘
//! ```
//! - `address` `profile` `builder` say which server, and what it understands; `wire` what goes over the line; `format` which kind
//!   of JSON a server can be held to, found out once;
//! - `line` is one server with its `breaker`s (one each for text, vectors and opinions), its permits and its counters ([`Stats`]); `retry` when to try again; `client` the
//!   only file that knows a client;
//! - `check` tries a server out; `stand_in` (feature `stand-in`) is a scripted one for tests.
//!
//! # What holds always
//! - 2 s to connect, 8 s for a person who waits, 20 s for a job, retries included; redirects are not followed; answers end at
//!   1 MiB; `https` but to this machine, unless it is allowed ([`Builder::plain_http`]).
//! - At most two retries, never of what a server refused (400, 401, 403, 404, 422), after the time that it asks for.
//! - After 5 failures in a row, or 10 of the last 20, nothing is sent for 30 s, and then one request.
//! - The key is in no `Debug`, no error and no log line; neither are prompts and answers. No `user` field is ever sent.

mod address;
mod breaker;
mod builder;
mod chat;
mod check;
mod client;
mod embedding;
mod failure;
mod format;
mod known;
mod line;
mod llm;
mod moderation;
mod profile;
mod retry;
mod stats;
mod transport;
mod wire;

#[cfg(feature = "stand-in")]
pub mod stand_in;

pub use self::builder::{BuildError, Builder};
pub use self::chat::LlmText;
pub use self::check::{EmbeddingProbe, ModelsProbe, Probe, Report};
pub use self::embedding::LlmEmbedder;
pub use self::llm::Llm;
pub use self::moderation::LlmModerator;
pub use self::profile::{Profile, UnknownProfile};
pub use self::stats::{CallStats, Stats};
