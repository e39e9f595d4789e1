//! [`Llm`]: one server, and the ports that it hands out.

use std::sync::Arc;
use std::time::Duration;

use gpting_core::assist::model::Pace;
use gpting_core::assist::moderator::Reach;

use crate::address::Address;
use crate::builder::Builder;
use crate::chat::LlmText;
use crate::embedding::LlmEmbedder;
use crate::format::Formats;
use crate::line::Line;
use crate::moderation::LlmModerator;
use crate::profile::Profile;
use crate::stats::Stats;

/// An OpenAI-compatible server with the models that are used of it. Clones are the same server: they share its permits, its
/// breakers and its counters.
#[derive(Clone, Debug)]
pub struct Llm {
    pub(crate) server: Arc<Server>,
}

/// What the ports of a server share.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) base: String,
    pub(crate) profile: Profile,
    pub(crate) line: Line,
    pub(crate) formats: Formats,
    pub(crate) interactive: Duration,
    pub(crate) background: Duration,
    pub(crate) model: Option<String>,
    pub(crate) embedding: Option<EmbeddingModel>,
    pub(crate) moderation: Option<String>,
}

/// The embedding model of a server.
#[derive(Clone, Debug)]
pub(crate) struct EmbeddingModel {
    pub(crate) name: String,
    pub(crate) dims: usize,
    pub(crate) shortened: Option<usize>,
}

impl Server {
    /// How long a call may take in all.
    pub(crate) fn patience(&self, pace: Pace) -> Duration {
        match pace {
            Pace::Background => self.background,
            Pace::Interactive => self.interactive,
        }
    }
}

impl Llm {
    /// Begins with the base URL of a server: `https://api.openai.com/v1`, `http://localhost:11434`. One without a path gets `/v1`.
    pub fn builder(url: &str) -> Builder {
        Builder::new(url)
    }

    /// The text model, if one was named.
    pub fn text(&self) -> Option<LlmText> {
        let model = self.server.model.as_deref()?;
        Some(LlmText::new(Arc::clone(&self.server), model))
    }

    /// The embedding model, if one was named.
    pub fn embedder(&self) -> Option<LlmEmbedder> {
        let model = self.server.embedding.as_ref()?;
        Some(LlmEmbedder::new(Arc::clone(&self.server), &model.name, model.dims, model.shortened))
    }

    /// The moderation model, if one was named. Taken for one out of the country unless it is on this machine; see
    /// [`LlmModerator::in_the_country`].
    pub fn moderator(&self) -> Option<LlmModerator> {
        let model = self.server.moderation.as_deref()?;
        let reach = if self.is_here() { Reach::Country } else { Reach::Abroad };
        Some(LlmModerator::new(Arc::clone(&self.server), model, reach))
    }

    /// The base URL; nothing secret is in it.
    pub fn url(&self) -> &str {
        &self.server.base
    }

    /// Whether the server is on this machine, so that nothing that is sent to it leaves.
    pub fn is_here(&self) -> bool {
        Address::parse(&self.server.base, true).is_ok_and(|address| address.is_here())
    }

    /// What it is taken for.
    pub fn profile(&self) -> Profile {
        self.server.profile
    }

    /// What it was asked so far, and what that cost.
    pub fn stats(&self) -> Stats {
        self.server.line.stats()
    }
}
