//! The port to text models: a prompt goes out in the best form that the server takes, its answer comes back.
//!
//! Called by the core through [`TextModel`]; calls `wire` for the words, `format` for the form, `line` for the way. The deadline
//! of the pace holds for everything together: fall-backs, retries, waiting for a place.

use std::sync::Arc;

use async_trait::async_trait;
use gpting_core::assist::model::{ModelError, Prompt, Reply, TextModel};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::format;
use crate::llm::Server;
use crate::transport::Path;
use crate::wire;

/// A text model of a server. Made by [`Llm::text`](crate::Llm::text); clones are the same.
#[derive(Clone, Debug)]
pub struct LlmText {
    server: Arc<Server>,
    model: Arc<str>,
}

impl LlmText {
    pub(crate) fn new(server: Arc<Server>, model: &str) -> Self {
        Self { server, model: model.into() }
    }

    async fn ask(&self, prompt: &Prompt) -> Result<Reply, Failure> {
        let server = &self.server;
        let deadline = Instant::now() + server.patience(prompt.pace);
        let formats = &server.formats;
        let mut place = if prompt.schema.is_some() { formats.begin() } else { 0 };
        loop {
            let format = formats.get(place).unwrap_or(format::Format::Free);
            let body = wire::chat(server.profile, &self.model, prompt, format);
            let asked = server
                .line
                .ask(Path::Chat, &body, deadline, |bytes| wire::read_chat(bytes).map(|written| (written, bytes.len())));
            match asked.await {
                Ok((written, received)) => {
                    if prompt.schema.is_some() {
                        formats.taken(place);
                    }
                    return Ok(self.reply(prompt, &written, body.len(), received));
                }
                Err(Failure::Rejected { status: 400 | 422, body })
                    if prompt.schema.is_some()
                        && formats.get(place + 1).is_some()
                        && format::is_about_format(&body) =>
                {
                    place += 1;
                }
                Err(failure) => {
                    if let Failure::Refused { usage: Some(usage) } = failure {
                        let most = prompt.max_tokens.into();
                        server.line.counters.spent(wire::believed(Some(usage), body.len(), 0, most));
                    }
                    return Err(failure);
                }
            }
        }
    }

    fn reply(&self, prompt: &Prompt, written: &wire::Written, sent: usize, received: usize) -> Reply {
        let usage = wire::believed(written.usage, sent, received, prompt.max_tokens.into());
        self.server.line.counters.spent(usage);
        let text = match prompt.schema {
            Some(_) => format::bare(&written.text),
            None => format::without_thoughts(&written.text),
        };
        Reply { text: text.to_owned(), usage, is_whole: written.is_whole }
    }
}

#[async_trait]
impl TextModel for LlmText {
    fn name(&self) -> &str {
        &self.model
    }

    async fn complete(&self, prompt: &Prompt) -> Result<Reply, ModelError> {
        let ended = self.ask(prompt).await;
        self.server.line.counters.call(Path::Chat, &ended);
        Ok(ended?)
    }
}
