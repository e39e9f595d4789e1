//! The port to a moderation model: a text or a picture goes out, the flags of its categories come back.
//!
//! Called by the core through [`Moderator`]; calls `wire` and `line`. Each look is one request with the time of a job.

use std::sync::Arc;

use async_trait::async_trait;
use gpting_core::assist::model::{ModelError, Pace, Usage};
use gpting_core::assist::moderator::{Looked, Moderator, Reach, Sight};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::llm::Server;
use crate::transport::Path;
use crate::wire;

/// The largest picture that is sent. What it becomes in a request is a third larger.
pub(crate) const MOST_PICTURE_BYTES: usize = 4 << 20;
/// What a picture is reckoned at, in tokens: the server says nothing of it, and takes nothing for it.
const PICTURE_TOKENS: u64 = 100;

/// A moderation model of a server. Made by [`Llm::moderator`](crate::Llm::moderator); clones are the same.
#[derive(Clone, Debug)]
pub struct LlmModerator {
    server: Arc<Server>,
    model: Arc<str>,
    reach: Reach,
}

impl LlmModerator {
    pub(crate) fn new(server: Arc<Server>, model: &str, reach: Reach) -> Self {
        Self { server, model: model.into(), reach }
    }

    /// The same, known to stand within the country: then the consent to a transfer is not asked for. Only its host can know.
    #[must_use]
    pub fn in_the_country(self) -> Self {
        Self { reach: Reach::Country, ..self }
    }

    async fn ask(&self, sight: Sight<'_>) -> Result<Looked, Failure> {
        let line = &self.server.line;
        let deadline = Instant::now() + self.server.patience(Pace::Background);
        let body = wire::moderation(&self.model, sight);
        let opinion = line.ask(Path::Moderations, &body, deadline, wire::read_moderation).await?;
        let usage = match sight {
            Sight::Photo(_) => Usage { input: PICTURE_TOKENS, output: 0 },
            Sight::Bio(_) | Sight::Message(_) => wire::believed(None, body.len(), 0, 0),
        };
        line.counters.spent(usage);
        Ok(Looked { opinion, usage })
    }
}

#[async_trait]
impl Moderator for LlmModerator {
    fn name(&self) -> &str {
        &self.model
    }

    fn reach(&self) -> Reach {
        self.reach
    }

    /// In one request. A picture of more than 4 MiB is [`ModelError::Rejected`] before anything is sent.
    async fn look(&self, sight: Sight<'_>) -> Result<Looked, ModelError> {
        if matches!(sight, Sight::Photo(bytes) if bytes.len() > MOST_PICTURE_BYTES) {
            return Err(ModelError::Rejected { status: 0 });
        }
        let ended = self.ask(sight).await;
        self.server.line.counters.call(Path::Moderations, &ended);
        Ok(ended?)
    }
}
