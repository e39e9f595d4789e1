//! The runner: performs jobs after their commit, delivers events, keeps the replica fresh, lets the bus carry hints. The
//! only thing that spawns.
//!
//! A job is leased by moving its `run_at` into the future at the version that was read; whoever loses that race leaves
//! it alone. Performing is idempotent: a runner that dies between doing and deleting does it again.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::task::{JoinHandle, JoinSet};

use super::{Job, Task};
use crate::error::{Error, Result};
use crate::gpting::{Core, Gpting};
use crate::store::{Change, StoreError, Versioned, Work};

/// How long a leased job belongs to its runner.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How often due jobs are looked for when nobody wakes the runner.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often rows are looked for whose term has ended.
const HOUSEKEEPING_EVERY: Duration = Duration::from_hours(1);
/// How often it is looked at whether the index is to be written down: so long may an erased member stay in it.
const LOOK_AT_INDEX_EVERY: Duration = Duration::from_secs(10);
/// The longest wait between two attempts.
const SLOWEST_RETRY: SignedDuration = SignedDuration::from_hours(1);

impl Gpting {
    /// Starts the work in the background: jobs, delivery of events, wake-ups to and from other processes, and what those
    /// have changed. It ends when `shutdown` resolves; await the handle to see it finished.
    pub fn run(&self, shutdown: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let core = Arc::clone(&self.core);
        tokio::spawn(async move {
            // On its own: wake-ups must not wait for a job or for a long read of the feed. Dropping the set ends it.
            let bus = Arc::clone(&core.bus);
            let mut carrying = JoinSet::new();
            carrying.spawn(async move { bus.carry().await });
            let (jobs, outbox, replica) = (core.run_jobs(), core.run_outbox(), core.run_replica());
            tokio::select! {
                () = core.run_housekeeping() => {}
                () = jobs => {}
                () = outbox => {}
                () = replica => {}
                () = core.run_snapshots() => {}
                () = shutdown => {}
            }
        })
    }

    /// Performs every job that is due now, once, and lets go of what is kept for a term only; answers how many jobs. For hosts without a background task, and tests.
    ///
    /// # Errors
    /// When the store fails. A job that fails is put back and is no error here.
    pub async fn run_due_jobs(&self) -> Result<usize> {
        self.core.keep_house().await?;
        self.core.run_due_jobs().await
    }
}

impl Core {
    async fn run_jobs(&self) {
        loop {
            match self.run_due_jobs().await {
                Ok(0) => {
                    // Either somebody puts a job, or a job put earlier (or by another process) becomes due.
                    let _ = tokio::time::timeout(LOOK_EVERY, self.jobs.notified()).await;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(error = %crate::error::Chain(&error), "jobs could not be read");
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            }
        }
    }

    /// Writes the index down for the next start, where there is a place for it.
    async fn run_snapshots(&self) {
        if self.snapshots.is_none() {
            std::future::pending::<()>().await;
        }
        loop {
            tokio::time::sleep(LOOK_AT_INDEX_EVERY).await;
            if let Err(error) = self.save_index(false).await {
                tracing::warn!(error = %crate::error::Chain(&error), "the index could not be written down");
            }
        }
    }

    async fn run_replica(&self) {
        let every = self.config.matching.refresh_every.max(SignedDuration::from_millis(50)).unsigned_abs();
        loop {
            tokio::time::sleep(every).await;
            if let Err(error) = self.refresh_replica().await {
                tracing::warn!(error = %crate::error::Chain(&error), "changes could not be read");
            }
        }
    }

    /// Lets go, once an hour, of what is kept for a term only: old evidence, and sign-ups that nobody finished.
    async fn run_housekeeping(&self) {
        loop {
            if let Err(error) = self.keep_house().await {
                tracing::warn!(error = %crate::error::Chain(&error), "what has run out could not be erased");
            }
            tokio::time::sleep(HOUSEKEEPING_EVERY).await;
        }
    }

    async fn keep_house(&self) -> Result<()> {
        let now = self.now();
        self.store.commit(Work::new().change(Change::DropReports { before: now })).await?;
        #[cfg(feature = "accounts")]
        if let Some(accounts) = &self.accounts {
            use crate::account::{AccountChange, AccountWork};
            let before = now - self.config.accounts.pending_ttl;
            let work = AccountWork::new().change(AccountChange::DropOldPendings { before });
            accounts.store.commit_account(work).await?;
        }
        Ok(())
    }

    async fn run_due_jobs(&self) -> Result<usize> {
        let due = self.store.due_jobs(self.now(), 32).await?;
        let mut done = 0;
        for job in due {
            let Some(leased) = self.lease(job).await? else { continue };
            done += 1;
            match self.perform(&leased.value).await {
                Ok(()) => self.finish(&leased).await?,
                // The job stays leased: it comes back when the lease runs out, later each time.
                Err(error) => tracing::warn!(
                    job = %leased.value.id,
                    attempts = leased.value.attempts,
                    error = %crate::error::Chain(&error),
                    "job failed"
                ),
            }
        }
        Ok(done)
    }

    /// Takes a job for a while; none when another runner was faster.
    async fn lease(&self, job: Versioned<Job>) -> Result<Option<Versioned<Job>>> {
        let expect = job.expect();
        let mut value = job.value;
        let backoff = LEASE * (1 << value.attempts.min(10));
        value.run_at = self.now() + backoff.min(SLOWEST_RETRY);
        value.attempts += 1;
        // Straight to the store: putting a job through `commit` would wake the runner that is doing it.
        match self.store.commit(Work::new().change(Change::PutJob(value.clone(), expect))).await {
            Ok(_) => Ok(Some(Versioned { version: job.version + 1, value })),
            Err(StoreError::Stale) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn finish(&self, job: &Versioned<Job>) -> Result<()> {
        match self.store.commit(Work::new().change(Change::DeleteJob(job.value.id, job.version))).await {
            Ok(_) | Err(StoreError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn perform(&self, job: &Job) -> Result<()> {
        match &job.task {
            Task::DeleteBlobs { keys } => {
                if let Some(blobs) = &self.blobs {
                    for key in keys {
                        blobs.delete(key).await.map_err(|error| Error::Internal {
                            what: "a picture could not be deleted",
                            source: Box::new(error),
                        })?;
                    }
                }
                Ok(())
            }
            Task::Erase { member } => self.erase_now(*member).await,
            #[cfg(feature = "accounts")]
            Task::SendSignUpCode { pending } => self.send_sign_up_code(*pending).await,
            #[cfg(feature = "accounts")]
            Task::SendAddressInUse { member } => self.send_address_in_use(*member).await,
            #[cfg(not(feature = "accounts"))]
            Task::SendSignUpCode { .. } | Task::SendAddressInUse { .. } => Ok(()),
        }
    }
}
