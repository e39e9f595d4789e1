//! Sets up an [`Llm`]: address, key, models, and how long anything may take.

use std::sync::Arc;
use std::time::Duration;

use gpting_core::{Rng, SystemRng};
use secrecy::SecretString;

use crate::address::Address;
use crate::client::Http;
use crate::format::Formats;
use crate::known;
use crate::line::Line;
use crate::llm::{EmbeddingModel, Llm, Server};
use crate::profile::Profile;

/// The most time to connect.
const CONNECT: Duration = Duration::from_secs(2);
/// The most time of a call that somebody waits for.
const INTERACTIVE: Duration = Duration::from_secs(8);
/// The most time of a call of a job.
const BACKGROUND: Duration = Duration::from_secs(20);
/// The most that the first retry waits.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Requests at once: a small server answers a few at a time, and a large one has limits by the minute.
const CONCURRENCY: usize = 4;
/// No model has more numbers than this.
const MOST_DIMS: usize = 8_192;

/// Why a server cannot be used as it was described. Never repeats what was written: it may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Not a base URL.
    #[error("expected a base URL such as https://api.openai.com/v1 or http://localhost:11434")]
    Url,
    /// A name or password in the URL.
    #[error("a URL is printed in places where a secret must not be: give the key by itself")]
    SecretInUrl,
    /// Plain `http` to another machine, without leave.
    #[error("plain http is for a server on this machine, unless it is allowed")]
    PlainHttp,
    /// A key that is no text of one line.
    #[error("the key cannot be sent: it has characters that no header may have")]
    Key,
    /// No key for a server that wants one.
    #[error("this server does nothing without a key")]
    KeyNeeded,
    /// No name of a model.
    #[error("a model has a name")]
    Model,
    /// Dimensions that are neither given nor known.
    #[error("how many dimensions this embedding model has is not known here: give their number")]
    DimsNeeded,
    /// A number of dimensions that no model has, or that this one does not make.
    #[error("no such number of dimensions can be had of this embedding model")]
    Dims,
    /// A moderation model of a kind of server that has none.
    #[error("this kind of server has no moderation models")]
    Moderation,
    /// No client can be made.
    #[error("no TLS client can be made on this machine: it has no certificates of authorities, most likely")]
    Client,
}

/// Sets up an [`Llm`]. Only the URL is required; a server without models can be checked and no more.
#[derive(Debug)]
pub struct Builder {
    url: String,
    key: Option<SecretString>,
    profile: Option<Profile>,
    model: Option<String>,
    embedding_model: Option<String>,
    embedding_dims: Option<usize>,
    moderation_model: Option<String>,
    plain_http: bool,
    concurrency: usize,
    connect: Duration,
    interactive: Duration,
    background: Duration,
    first_wait: Duration,
    rng: Arc<dyn Rng>,
}

impl Builder {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            key: None,
            profile: None,
            model: None,
            embedding_model: None,
            embedding_dims: None,
            moderation_model: None,
            plain_http: false,
            concurrency: CONCURRENCY,
            connect: CONNECT,
            interactive: INTERACTIVE,
            background: BACKGROUND,
            first_wait: FIRST_WAIT,
            rng: Arc::new(SystemRng),
        }
    }

    /// The key, sent as a bearer token.
    #[must_use]
    pub fn key(mut self, key: impl Into<SecretString>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// What kind of server it is; told by its address where that can be, else [`Profile::Compatible`].
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// The model that reads and writes.
    #[must_use]
    pub fn model(mut self, name: &str) -> Self {
        self.model = Some(name.to_owned());
        self
    }

    /// The model that embeds.
    #[must_use]
    pub fn embedding_model(mut self, name: &str) -> Self {
        self.embedding_model = Some(name.to_owned());
        self
    }

    /// How many numbers its vectors have; needed unless the model is a well-known one. `OpenAI` is asked to shorten the vectors
    /// when this is less than the model has.
    #[must_use]
    pub fn embedding_dims(mut self, dims: usize) -> Self {
        self.embedding_dims = Some(dims);
        self
    }

    /// The model that looks at texts and pictures: `omni-moderation-latest`.
    #[must_use]
    pub fn moderation_model(mut self, name: &str) -> Self {
        self.moderation_model = Some(name.to_owned());
        self
    }

    /// Allows plain `http` to another machine: a network of one's own, where nobody listens.
    #[must_use]
    pub fn plain_http(mut self, is_allowed: bool) -> Self {
        self.plain_http = is_allowed;
        self
    }

    /// How many requests may be on their way at once; 4 by default, 1 at the least.
    #[must_use]
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests.clamp(1, 1_024);
        self
    }

    /// Less time than usual: to connect (2 s), for somebody who waits (8 s), for a job (20 s). More than usual is cut.
    #[must_use]
    pub fn patience(mut self, connect: Duration, interactive: Duration, background: Duration) -> Self {
        self.connect = connect.min(CONNECT);
        self.interactive = interactive.min(INTERACTIVE);
        self.background = background.min(BACKGROUND);
        self
    }

    /// The most that the first retry waits, 500 ms by default; the second one waits up to twice that.
    #[must_use]
    pub fn first_wait(mut self, wait: Duration) -> Self {
        self.first_wait = wait;
        self
    }

    /// Where the waits are drawn from; the system by default.
    #[must_use]
    pub fn rng(mut self, rng: impl Rng) -> Self {
        self.rng = Arc::new(rng);
        self
    }

    /// Puts it together. Nothing is connected yet: a server may come later.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(self) -> Result<Llm, BuildError> {
        let address = Address::parse(&self.url, self.plain_http)?;
        let profile = self.profile.unwrap_or_else(|| Profile::of(&address));
        if profile.needs_key() && self.key.is_none() {
            return Err(BuildError::KeyNeeded);
        }
        let named = |name: Option<String>| match name.map(|name| name.trim().to_owned()) {
            Some(name) if name.is_empty() || name.contains(char::is_control) => Err(BuildError::Model),
            name => Ok(name),
        };
        let model = named(self.model)?;
        let embedding = match named(self.embedding_model)? {
            Some(name) => Some(embedding_model(name, self.embedding_dims, profile)?),
            None => None,
        };
        let moderation = named(self.moderation_model)?;
        if moderation.is_some() && !profile.may_moderate() {
            return Err(BuildError::Moderation);
        }
        let http = Http::new(&address, self.key.as_ref(), self.connect)?;
        let server = Server {
            base: address.base().to_owned(),
            profile,
            line: Line::new(Arc::new(http), self.rng, self.concurrency, self.first_wait),
            formats: Formats::new(profile.formats()),
            interactive: self.interactive,
            background: self.background,
            model,
            embedding,
            moderation,
        };
        Ok(Llm { server: Arc::new(server) })
    }
}

fn embedding_model(name: String, dims: Option<usize>, profile: Profile) -> Result<EmbeddingModel, BuildError> {
    let own = known::dims(&name);
    let dims = dims.or(own).ok_or(BuildError::DimsNeeded)?;
    if dims == 0 || dims > MOST_DIMS {
        return Err(BuildError::Dims);
    }
    let shortened = match own {
        Some(own) if own != dims => {
            if dims > own || !profile.takes_dimensions() {
                return Err(BuildError::Dims);
            }
            Some(dims)
        }
        _ => None,
    };
    Ok(EmbeddingModel { name, dims, shortened })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(builder: Builder) -> BuildError {
        builder.build().unwrap_err()
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        let here = || Llm::builder("http://localhost:8000");
        assert_eq!(failed(Llm::builder("localhost")), BuildError::Url);
        assert_eq!(failed(Llm::builder("https://api.openai.com").model("m")), BuildError::KeyNeeded);
        assert_eq!(failed(here().key("a\nb")), BuildError::Key);
        assert_eq!(failed(here().model("  ")), BuildError::Model);
        assert_eq!(failed(here().embedding_model("of-my-own")), BuildError::DimsNeeded);
        assert_eq!(failed(here().embedding_model("of-my-own").embedding_dims(0)), BuildError::Dims);
        assert_eq!(failed(here().embedding_model("of-my-own").embedding_dims(9_000)), BuildError::Dims);
        assert_eq!(failed(here().embedding_model("bge-m3").embedding_dims(512)), BuildError::Dims);
        let moderated = |profile| here().profile(profile).moderation_model("omni-moderation-latest").build();
        assert_eq!(moderated(Profile::Ollama).unwrap_err(), BuildError::Moderation);
        assert!(moderated(Profile::Compatible).unwrap().moderator().is_some());
        assert!(here().build().unwrap().text().is_none() && here().build().unwrap().moderator().is_none());
    }

    #[test]
    fn only_openai_is_asked_to_shorten_vectors() {
        let openai = |dims| {
            let builder = Llm::builder("https://api.openai.com").key("k").embedding_model("text-embedding-3-small");
            builder.embedding_dims(dims).build().map(|llm| llm.server.embedding.clone().unwrap())
        };
        let short = openai(512).unwrap();
        assert_eq!((short.dims, short.shortened), (512, Some(512)));
        assert_eq!(openai(1_536).unwrap().shortened, None, "what it does by itself is not asked for");
        assert_eq!(openai(2_000).unwrap_err(), BuildError::Dims);
        let own = Llm::builder("http://localhost:1").embedding_model("of-my-own").embedding_dims(99).build().unwrap();
        assert_eq!(own.server.embedding.as_ref().unwrap().shortened, None);
    }

    #[test]
    fn nothing_takes_longer_than_it_may() {
        let hour = Duration::from_hours(1);
        let llm = Llm::builder("http://localhost:1").patience(hour, hour, hour).build().unwrap();
        assert_eq!((llm.server.interactive, llm.server.background), (INTERACTIVE, BACKGROUND));
    }

    #[test]
    fn the_key_is_in_no_debug() {
        let builder = Llm::builder("http://localhost:1").key("sk-c4nary");
        assert!(!format!("{builder:?}").contains("c4nary"));
        assert!(!format!("{:?}", builder.build().unwrap()).contains("c4nary"));
    }
}
