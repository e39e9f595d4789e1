//! One exchange with a server: a request goes out, an answer comes back or is lost.
//!
//! Called by `line`; `client` has the one that goes over the network, tests have a scripted one. No retry, no judgement: statuses
//! are numbers here.

use std::fmt::Debug;

use async_trait::async_trait;

/// The most bytes of an answer.
pub(crate) const MOST_BYTES: usize = 1024 * 1024;
/// The most bytes of an answer that is no success: enough to see what it is about.
pub(crate) const MOST_BYTES_OF_ERROR: usize = 16 * 1024;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// Text.
    Chat,
    /// Vectors.
    Embeddings,
    /// An opinion on a text or a picture.
    Moderations,
    /// Which models there are.
    Models,
}

impl Path {
    /// As it is told to whoever watches.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Chat => "text",
            Self::Embeddings => "embedding",
            Self::Moderations => "moderation",
            Self::Models => "models",
        }
    }

    /// Below the base URL.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "/chat/completions",
            Self::Embeddings => "/embeddings",
            Self::Moderations => "/moderations",
            Self::Models => "/models",
        }
    }
}

/// An answer, whatever it says.
#[derive(Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The headers `retry-after-ms`, `retry-after` and `date`, as they stand.
    pub(crate) retry_after_ms: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Debug for Answer {
    /// Without the text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// Why no answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Nobody was there to take the request.
    Unreachable,
    /// The connection ended before the answer did.
    Cut,
    /// The answer is larger than anything that was asked for.
    TooLarge,
}

/// Carries requests.
#[async_trait]
pub(crate) trait Transport: Debug + Send + Sync + 'static {
    /// Sends `body` (a `GET` without one) and waits for the whole answer, as long as it takes: the caller has the clock.
    async fn exchange(&self, path: Path, body: Option<Vec<u8>>) -> Result<Answer, Lost>;
}
