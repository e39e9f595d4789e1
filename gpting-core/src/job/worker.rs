//! Kinds of jobs that a host brings along: a nightly run per region, a digest, an export.
//!
//! Asked for through [`Jobs::ask`](crate::gpting::Jobs::ask), performed by the runner under the same leases, backoff and
//! dead letters as the library's own.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::turn::Turn;
use crate::port::PortError;

/// Performs one kind of job.
///
/// Contract: performing is idempotent, since a runner may die between the effect and the crossing off. A long one saves
/// its progress by [`Turn::save`] and goes on from [`Turn::progress`] when it is taken up again.
#[async_trait]
pub trait Worker: Debug + Send + Sync + 'static {
    /// The name of the kind: a word of the host's, none of [`Task::KINDS`](super::Task::KINDS). It is a label of metrics.
    fn kind(&self) -> &'static str;

    /// Performs a job. The future is dropped when the lease is lost or the time limit of the policy has passed.
    ///
    /// # Errors
    /// Any error; the job is tried again later, and the phrase of the error is kept with it.
    async fn work(&self, turn: &Turn<'_>) -> Result<Next, PortError>;
}

/// What comes after a job that went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is crossed off.
    Done,
    /// It comes again after this time, as if it had never failed; its progress is forgotten.
    Again(Duration),
}

/// A job of a host's kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnJob {
    /// Which worker performs it.
    pub kind: String,
    /// Its name within the kind (`seoul/2026-11-27`). While a job of this kind and name waits, asking for it again changes
    /// nothing, from whichever instance.
    pub name: String,
    /// What the worker is given. Ids, not what people wrote: it waits in a table.
    pub payload: Value,
    /// Not before this time.
    pub run_at: Timestamp,
}
