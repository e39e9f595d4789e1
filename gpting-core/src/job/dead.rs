//! Dead letters: jobs that were given up, for a person to look at, try again or let go. And asking for jobs of one's own.
//!
//! Called by whoever administers (the server's admin port); calls the store. Nothing is given up in silence: a dead letter
//! stays until somebody decides.

use super::{Job, JobHealth, OwnJob, Task, named};
use crate::error::{Code, Error, Fault, Result};
use crate::gpting::{Jobs, bounded, until_fresh};
use crate::id::JobId;
use crate::store::{Change, Expect, StoreError, Versioned, Work};

/// Most dead letters of one page.
const PAGE: usize = 1_000;

impl Jobs<'_> {
    /// How jobs and the delivery of events fare at this instance.
    pub fn health(&self) -> JobHealth {
        self.0.tally.health()
    }

    /// Dead letters in the order of their ids, after one of them, at most `limit` (1 to 1,000).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn dead(&self, after: Option<JobId>, limit: usize) -> Result<Vec<Job>> {
        let rows = self.0.store.dead_jobs(after, bounded(limit, PAGE)).await?;
        Ok(rows.into_iter().map(|row| row.value).collect())
    }

    /// Lets a dead letter be tried again at once, with all its attempts before it. Its progress and its last failure stay.
    ///
    /// # Errors
    /// [`Code::NotFound`] when there is no such dead letter.
    pub async fn retry(&self, id: JobId) -> Result<()> {
        let core = self.0;
        until_fresh(|| async {
            let Versioned { version, mut value } = self.dead_letter(id).await?;
            value.dead_at = None;
            value.attempts = 0;
            value.run_at = core.now();
            core.commit(Work::new().change(Change::PutJob(value, Expect::Version(version)))).await?;
            Ok(())
        })
        .await
    }

    /// Deletes a dead letter: what it was to do will not be done.
    ///
    /// # Errors
    /// [`Code::NotFound`] when there is no such dead letter.
    pub async fn discard(&self, id: JobId) -> Result<()> {
        until_fresh(|| async {
            let row = self.dead_letter(id).await?;
            self.0.commit(Work::new().change(Change::DeleteJob(id, row.version))).await?;
            Ok(())
        })
        .await
    }

    /// Asks for a job of the host's own. Answers whether it is new: one of the same kind and name that waits, is being
    /// performed or is a dead letter stays as it is.
    ///
    /// # Errors
    /// A fault of `kind` when this instance has no worker for it; when the store fails.
    pub async fn ask(&self, job: OwnJob) -> Result<bool> {
        let core = self.0;
        if !core.workers.iter().any(|worker| worker.kind() == job.kind) {
            return Err(Error::field("kind", Fault::Unknown));
        }
        let id = named(&job.kind, &job.name);
        let job = Job::new(id, Task::Own { kind: job.kind, payload: job.payload }, job.run_at);
        match core.commit(Work::new().change(Change::PutJob(job, Expect::New))).await {
            Ok(_) => Ok(true),
            Err(StoreError::Stale) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn dead_letter(&self, id: JobId) -> Result<Versioned<Job>> {
        let row = self.0.store.job(id).await?.filter(|row| row.value.dead_at.is_some());
        Ok(row.ok_or(Code::NotFound)?)
    }
}
