//! The port to embedding models: texts in batches, vectors back in their order.
//!
//! Called by the core through [`Embedder`]; calls `wire` and `line`. A batch is as many texts as surely fit into the largest
//! answer that is read. Invariant: what is handed on has the promised dimensions, and every number is finite.

use std::sync::Arc;

use async_trait::async_trait;
use gpting_core::assist::model::{Embedded, Embedder, ModelError, Pace, Usage};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::llm::Server;
use crate::transport::{MOST_BYTES, Path};
use crate::wire;

/// The most texts of one request.
const MOST_TEXTS: usize = 64;
/// What a number takes in JSON, at the most: sign, 17 digits, point, exponent, comma.
const BYTES_A_NUMBER: usize = 25;

/// An embedding model of a server. Made by [`Llm::embedder`](crate::Llm::embedder); clones are the same.
#[derive(Clone, Debug)]
pub struct LlmEmbedder {
    server: Arc<Server>,
    model: Arc<str>,
    dims: usize,
    /// Sent along when the vectors are to be shorter than the model makes them.
    shortened: Option<usize>,
}

impl LlmEmbedder {
    pub(crate) fn new(server: Arc<Server>, model: &str, dims: usize, shortened: Option<usize>) -> Self {
        Self { server, model: model.into(), dims, shortened }
    }

    async fn batch(&self, texts: &[String]) -> Result<(Vec<Vec<f32>>, Usage), Failure> {
        let line = &self.server.line;
        let deadline = Instant::now() + self.server.patience(Pace::Background);
        let body = wire::embeddings(&self.model, texts, self.shortened);
        let read = |bytes: &[u8]| wire::read_embeddings(bytes, texts.len(), self.dims);
        let (vectors, told) = line.ask(Path::Embeddings, &body, deadline, read).await?;
        // An embedding has no output.
        let usage = wire::believed(told, body.len(), 0, 0);
        line.counters.spent(usage);
        Ok((vectors, usage))
    }
}

/// How many texts of a model with so many dimensions go into one request.
fn batch_size(dims: usize) -> usize {
    (MOST_BYTES / (dims.max(1) * BYTES_A_NUMBER)).clamp(1, MOST_TEXTS)
}

#[async_trait]
impl Embedder for LlmEmbedder {
    fn name(&self) -> &str {
        &self.model
    }

    fn dims(&self) -> usize {
        self.dims
    }

    /// In requests of a few texts, one after the other, each with the time of a job. An empty text is
    /// [`ModelError::Rejected`] before anything is sent: servers disagree about its vector.
    async fn embed(&self, texts: &[String]) -> Result<Embedded, ModelError> {
        if texts.iter().any(|text| text.trim().is_empty()) {
            return Err(ModelError::Rejected { status: 0 });
        }
        let mut embedded = Embedded { vectors: Vec::with_capacity(texts.len()), usage: Usage::default() };
        for texts in texts.chunks(batch_size(self.dims)) {
            let ended = self.batch(texts).await;
            self.server.line.counters.call(Path::Embeddings, &ended);
            let (vectors, usage) = ended?;
            embedded.vectors.extend(vectors);
            embedded.usage.input += usage.input;
            embedded.usage.output += usage.output;
        }
        Ok(embedded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_fits_into_the_largest_answer() {
        for dims in [1, 64, 384, 768, 1_024, 1_536, 3_072, 4_096] {
            let size = batch_size(dims);
            assert!((1..=MOST_TEXTS).contains(&size) && size * dims * BYTES_A_NUMBER <= MOST_BYTES, "{dims}: {size}");
        }
        assert_eq!((batch_size(0), batch_size(1_000_000)), (MOST_TEXTS, 1));
    }
}
