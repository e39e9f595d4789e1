//! The line to one server: permits, breakers and retries around every exchange, all within one deadline.
//!
//! Called by `chat`, `embedding` and `check`; calls the transport. Clock (tokio's) and random source are given, so a test can
//! stop the one and seed the other. Invariants: never more than [`RETRIES`] retries, none of what is refused; nothing is sent
//! while the breaker is open, nor after the deadline; at most so many requests at once as there are permits.

use std::sync::Arc;
use std::time::Duration;

use gpting_core::Rng;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};

use crate::breaker::{Breaker, Turn};
use crate::failure::Failure;
use crate::retry::{RETRIES, Verdict, asked_for, jitter};
use crate::stats::{Counters, Stats};
use crate::transport::{Answer, Lost, Path, Transport};

/// One server.
#[derive(Debug)]
pub(crate) struct Line {
    transport: Arc<dyn Transport>,
    rng: Arc<dyn Rng>,
    permits: Semaphore,
    first_wait: Duration,
    /// Of text, of vectors and of opinions: a model that is not there must not silence the others.
    text: Breaker,
    embeddings: Breaker,
    moderations: Breaker,
    pub(crate) counters: Counters,
}

/// How one attempt ended without an answer that can be used.
#[derive(Debug)]
enum Attempt {
    /// Worth another one.
    Again {
        asked_for: Option<Duration>,
        /// Whether it may have been worked on.
        begun: bool,
    },
    /// Not worth another one.
    Over(Failure),
}

impl Line {
    /// A line over this transport, for so many requests at once; a first retry waits up to `first_wait`.
    pub(crate) fn new(
        transport: Arc<dyn Transport>,
        rng: Arc<dyn Rng>,
        concurrency: usize,
        first_wait: Duration,
    ) -> Self {
        Self {
            transport,
            rng,
            permits: Semaphore::new(concurrency),
            first_wait,
            text: Breaker::default(),
            embeddings: Breaker::default(),
            moderations: Breaker::default(),
            counters: Counters::default(),
        }
    }

    /// Asks until there is an answer that `read` takes, a refusal, or no time left.
    pub(crate) async fn ask<T>(
        &self,
        path: Path,
        body: &[u8],
        deadline: Instant,
        read: impl Fn(&[u8]) -> Result<T, Failure> + Send + Sync,
    ) -> Result<T, Failure> {
        let (mut retry, mut was_begun) = (0, false);
        loop {
            let asked_for = match self.attempt(path, body, deadline, &read).await {
                Ok(answer) => return Ok(answer),
                Err(Attempt::Over(Failure::Unavailable { retry_after, begun })) => {
                    return Err(Failure::Unavailable { retry_after, begun: begun || was_begun });
                }
                Err(Attempt::Over(failure)) => return Err(failure),
                Err(Attempt::Again { asked_for, begun }) => {
                    was_begun |= begun;
                    asked_for
                }
            };
            retry += 1;
            let open_for = self.breaker(path).open_for();
            let unavailable = Failure::Unavailable { retry_after: open_for.max(asked_for), begun: was_begun };
            if retry > RETRIES || open_for.is_some() {
                return Err(unavailable);
            }
            let wait = asked_for.unwrap_or_else(|| jitter(&*self.rng, self.first_wait, retry));
            if Instant::now() + wait >= deadline {
                return Err(unavailable);
            }
            sleep(wait).await;
            self.counters.retry();
        }
    }

    async fn attempt<T>(
        &self,
        path: Path,
        body: &[u8],
        deadline: Instant,
        read: &(impl Fn(&[u8]) -> Result<T, Failure> + Send + Sync),
    ) -> Result<T, Attempt> {
        let late = |begun| Attempt::Over(Failure::Unavailable { retry_after: None, begun });
        let came = Instant::now();
        let permit = timeout_at(deadline, self.permits.acquire()).await.map_err(|_| late(false))?;
        let _permit = permit.expect("the semaphore is never closed");
        // After the permit: whoever waited for one must not go out when it has opened meanwhile.
        let pass = self
            .breaker(path)
            .enter()
            .map_err(|left| Attempt::Over(Failure::Unavailable { retry_after: Some(left), begun: false }))?;
        let sent = Instant::now();
        let in_hand = self.counters.request();
        let exchanged = timeout_at(deadline, self.transport.exchange(path, Some(body.to_vec()))).await;
        drop(in_hand);
        let (ended, trouble) = match exchanged {
            // What had to wait for a place longer than it then had to be answered says nothing of the server.
            Err(_) if sent - came > deadline.saturating_duration_since(sent) => return Err(late(true)),
            Err(_) => (Err(late(true)), Some("no answer in time")),
            Ok(Err(Lost::Unreachable)) => (Err(Attempt::Again { asked_for: None, begun: false }), Some("out of reach")),
            Ok(Err(Lost::Cut)) => {
                (Err(Attempt::Again { asked_for: None, begun: true }), Some("the connection was cut"))
            }
            Ok(Err(Lost::TooLarge)) => (Err(Attempt::Over(Failure::Unreadable)), Some("an answer without end")),
            Ok(Ok(answer)) => judge(path, answer, read),
        };
        match pass.tell(trouble.is_some()) {
            Turn::Same => {}
            Turn::Opened => {
                tracing::warn!(
                    kind = path.kind(),
                    reason = trouble,
                    "the language model fails and is left alone for 30 s"
                );
            }
            Turn::Closed => tracing::info!(kind = path.kind(), "the language model is back"),
        }
        ended
    }

    /// The breaker of a path.
    pub(crate) fn breaker(&self, path: Path) -> &Breaker {
        match path {
            Path::Embeddings => &self.embeddings,
            Path::Moderations => &self.moderations,
            Path::Chat | Path::Models => &self.text,
        }
    }

    /// The counters as they are.
    pub(crate) fn stats(&self) -> Stats {
        let mut stats = self.counters.read();
        stats.text.is_open = self.text.open_for().is_some();
        stats.embeddings.is_open = self.embeddings.open_for().is_some();
        stats.moderations.is_open = self.moderations.open_for().is_some();
        stats
    }

    /// One exchange beside retries and breaker, for trying a server out.
    pub(crate) async fn once(&self, path: Path, body: Option<Vec<u8>>, deadline: Instant) -> Result<Answer, OnceLost> {
        let exchanged = timeout_at(deadline, self.transport.exchange(path, body)).await;
        exchanged.map_err(|_| OnceLost::Late)?.map_err(OnceLost::Lost)
    }
}

/// Why one exchange brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnceLost {
    Late,
    Lost(Lost),
}

/// What an answer is worth, and what is wrong with the server if anything is.
fn judge<T>(
    path: Path,
    answer: Answer,
    read: &impl Fn(&[u8]) -> Result<T, Failure>,
) -> (Result<T, Attempt>, Option<&'static str>) {
    match Verdict::of(answer.status) {
        Verdict::Success => match read(&answer.body) {
            Err(Failure::Unreadable) => (Err(Attempt::Over(Failure::Unreadable)), Some("what it says is no answer")),
            ended => (ended.map_err(Attempt::Over), None),
        },
        Verdict::Again => {
            let begun = may_have_worked(answer.status);
            (Err(Attempt::Again { asked_for: asked_for(&answer), begun }), Some("it is overloaded or broken"))
        }
        verdict @ (Verdict::Refused | Verdict::Closed) => {
            tracing::warn!(kind = path.kind(), status = answer.status, "the language model does not take a request");
            let trouble = (verdict == Verdict::Closed).then_some("it serves nobody here");
            (Err(Attempt::Over(Failure::Rejected { status: answer.status, body: answer.body })), trouble)
        }
    }
}

/// Whether a status of trouble may come after work: of a server that broke over it, or of a gateway before one. An overloaded
/// one has not begun.
fn may_have_worked(status: u16) -> bool {
    matches!(status, 500..=599) && !matches!(status, 503 | 529)
}

#[cfg(test)]
mod tests;
