//! A turn: one attempt at a job, under its lease.
//!
//! The lease is the job's `run_at`, moved into the future at the version that was read; every renewal and every effect
//! that goes through the turn expects the version this runner wrote last. So whoever has lost the lease (it slept, it was
//! cut off) finds its next write stale, and changes nothing. Made by the runner; handed to whatever performs.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::Mutex;

use super::Job;
use crate::clock::{Clock, to_micros};
use crate::id::JobId;
use crate::port::PortError;
use crate::store::{Change, Committed, Expect, Store, StoreError, StoreResult, Versioned, Work};

/// One attempt at a job, under its lease.
#[derive(Debug)]
pub struct Turn<'a> {
    store: &'a dyn Store,
    clock: &'a dyn Clock,
    lease: SignedDuration,
    /// As it was when the attempt began.
    job: Job,
    /// As it is in the store. Held while it is written, so that a renewal and an effect do not overtake each other.
    row: Mutex<Versioned<Job>>,
}

impl<'a> Turn<'a> {
    /// Takes a job for a while; none when another runner was faster.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn take(
        store: &'a dyn Store,
        clock: &'a dyn Clock,
        lease: SignedDuration,
        found: Versioned<Job>,
    ) -> StoreResult<Option<Self>> {
        let expect = found.expect();
        let mut value = found.value;
        value.attempts = value.attempts.saturating_add(1);
        value.run_at = until(clock, lease);
        let row = Versioned { version: found.version + 1, value: value.clone() };
        match store.commit(Work::new().change(Change::PutJob(value.clone(), expect))).await {
            Ok(_) => Ok(Some(Self { store, clock, lease, job: value, row: Mutex::new(row) })),
            Err(StoreError::Stale) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The job's id.
    pub const fn id(&self) -> JobId {
        self.job.id
    }

    /// Which attempt this is, from 1.
    pub const fn attempt(&self) -> u32 {
        self.job.attempts
    }

    /// What a job of the host was given; null for the library's own.
    pub fn payload(&self) -> &Value {
        if let super::Task::Own { payload, .. } = &self.job.task { payload } else { &Value::Null }
    }

    /// What an earlier attempt has saved last.
    pub const fn progress(&self) -> Option<&Value> {
        self.job.progress.as_ref()
    }

    /// Saves how far the job has come, durably, and renews the lease with it.
    ///
    /// # Errors
    /// When the lease is lost, or the store fails: stop then, somebody goes on from what was saved before.
    pub async fn save(&self, progress: Value) -> Result<(), PortError> {
        let saved = self.put(|job| job.progress = Some(progress)).await;
        saved.map_err(|error| PortError::new("the progress of a job could not be saved", error))
    }

    /// The job as the attempt found it.
    pub(crate) const fn job(&self) -> &Job {
        &self.job
    }

    /// The job as this turn has written it last.
    pub(crate) async fn row(&self) -> Versioned<Job> {
        self.row.lock().await.clone()
    }

    /// Holds the job for another while.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the lease is lost.
    pub(crate) async fn renew(&self) -> StoreResult<()> {
        self.put(|_| {}).await
    }

    /// Commits an effect together with a renewal: it happens only while the lease is held.
    ///
    /// # Errors
    /// As the commit; [`StoreError::Stale`] also when the lease is lost.
    pub(crate) async fn effect<F>(&self, commit: impl FnOnce(Change) -> F) -> StoreResult<Committed>
    where
        F: Future<Output = StoreResult<Committed>> + Send,
    {
        let mut row = self.row.lock().await;
        let mut job = row.value.clone();
        job.run_at = until(self.clock, self.lease);
        let committed = commit(Change::PutJob(job.clone(), row.expect())).await?;
        *row = Versioned { version: row.version + 1, value: job };
        Ok(committed)
    }

    /// Commits an effect that crosses the job off, with no renewal in between: it happens once, and only while the lease is
    /// held. The turn is over.
    ///
    /// # Errors
    /// As the commit; [`StoreError::Stale`] also when the lease is lost.
    pub(crate) async fn cross_off_with(&self, work: Work) -> StoreResult<()> {
        let row = self.row.lock().await;
        self.store.commit(work.change(Change::DeleteJob(row.value.id, row.version))).await.map(drop)
    }

    /// The change that crosses the job off, for an effect that must happen exactly once.
    pub(crate) async fn crossing_off(&self) -> Change {
        let row = self.row.lock().await;
        Change::DeleteJob(row.value.id, row.version)
    }

    /// Puts the job back as `change` makes it; the turn is over.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the lease is lost.
    pub(crate) async fn put_back(&self, change: impl FnOnce(&mut Job)) -> StoreResult<()> {
        let row = self.row.lock().await;
        let mut job = row.value.clone();
        change(&mut job);
        self.store.commit(Work::new().change(Change::PutJob(job, row.expect()))).await.map(drop)
    }

    /// Crosses the job off; the turn is over.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the lease is lost, or the effect has crossed it off already.
    pub(crate) async fn cross_off(&self) -> StoreResult<()> {
        let change = self.crossing_off().await;
        self.store.commit(Work::new().change(change)).await.map(drop)
    }

    async fn put(&self, change: impl FnOnce(&mut Job) + Send) -> StoreResult<()> {
        let mut row = self.row.lock().await;
        let mut job = row.value.clone();
        change(&mut job);
        job.run_at = until(self.clock, self.lease);
        // Straight to the store: putting a job through the core's commit would wake the runner that is doing it.
        self.store.commit(Work::new().change(Change::PutJob(job.clone(), Expect::Version(row.version)))).await?;
        *row = Versioned { version: row.version + 1, value: job };
        Ok(())
    }
}

fn until(clock: &dyn Clock, lease: SignedDuration) -> Timestamp {
    to_micros(clock.now()).checked_add(lease).unwrap_or(Timestamp::MAX)
}
