//! The runner: performs jobs after their commit, delivers events, keeps the replica fresh, lets the bus carry hints. The
//! only thing that spawns.
//!
//! Several jobs are performed at a time, of each kind no more than its policy says, so that a slow kind holds up no other.
//! While one is performed its lease is renewed; when the lease is lost, or the time limit has passed, it is dropped.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::SignedDuration;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::{Failure, Job, Next, Task, Turn, policy};
use crate::error::{Chain, Error, Result};
use crate::gpting::{Core, Gpting};
use crate::store::{StoreError, StoreResult, Versioned};

/// How often due jobs are looked for when nobody wakes the runner.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often dead letters are counted and the job of upkeep is looked after.
const SURVEY_EVERY: Duration = Duration::from_secs(15);
/// Dead letters that are counted; beyond it the number stands for "very many".
const SURVEY: usize = 1_000;

/// How long a stopping instance waits for the delivery in hand.
const LAST_DELIVERY: Duration = Duration::from_millis(700);

/// How often it is looked at whether the index is to be written down: so long may an erased member stay in it.
const LOOK_AT_INDEX_EVERY: Duration = Duration::from_secs(10);

/// How a turn ended.
enum Ended {
    Well(Next),
    Badly(Error),
    /// Somebody else has the job now.
    Lost,
}

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
            let (stop, stopped) = watch::channel(false);
            let (jobs, replica) = (core.run_jobs(), core.run_replica());
            let mut outbox = pin!(core.run_outbox(stopped));
            tokio::select! {
                () = core.run_survey() => {}
                () = jobs => {}
                () = outbox.as_mut() => {}
                () = replica => {}
                () = core.run_snapshots() => {}
                () = core.run_talks() => {}
                () = shutdown => {}
            }
            if core.events.is_some() && stop.send(true).is_ok() {
                // What the sink is just taking is crossed off, and another instance may go on at once.
                let _ = tokio::time::timeout(LAST_DELIVERY, outbox).await;
            }
        })
    }

    /// Performs every job that is due now, once, and what the deployment does again and again if it is due (upkeep, the
    /// daily round); answers how many jobs, those not counted.
    /// For hosts without a background task, and tests.
    ///
    /// # Errors
    /// When the store fails. A job that fails is put back and is no error here.
    pub async fn run_due_jobs(&self) -> Result<usize> {
        let core = &self.core;
        core.plan_upkeep().await?;
        core.follow_talks().await;
        core.ask_for_orders().await;
        let kinds = core.free_kinds(&BTreeMap::new());
        let mut done = 0;
        for job in core.store.due_jobs(&kinds, core.now(), 32).await? {
            let counts = !job.value.task.is_routine();
            done += usize::from(core.work_on(job, core.config.matching.round_threads).await? && counts);
        }
        // A round that was planned just now is due as well.
        for job in core.store.due_jobs(&["region_round"], core.now(), usize::MAX).await? {
            core.work_on(job, core.config.matching.round_threads).await?;
        }
        Ok(done)
    }
}

impl Core {
    async fn run_jobs(&self) {
        let mut running = FuturesUnordered::new();
        let mut by_kind: BTreeMap<String, usize> = BTreeMap::new();
        loop {
            let free = self.config.jobs.at_once.max(1).saturating_sub(running.len());
            // While it is looked for jobs, those that run go on: one that stands still may have been given the very connection
            // that the look waits for.
            let at_first = by_kind.clone();
            let mut looking = pin!(self.look_for_jobs(free, &at_first));
            let looked = loop {
                tokio::select! {
                    biased;
                    Some(ended) = running.next(), if !running.is_empty() => note_end(&mut by_kind, ended),
                    looked = looking.as_mut() => break looked,
                }
            };
            let (found, failed) = match looked {
                Ok(found) => (found, false),
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "jobs could not be read");
                    (Vec::new(), true)
                }
            };
            for job in found {
                let kind = job.value.task.kind().to_owned();
                *by_kind.entry(kind.clone()).or_default() += 1;
                running.push(async move { (kind, self.work_on(job, self.config.matching.round_threads).await) });
            }
            let woken = async {
                // Either somebody puts a job, or a job put earlier (or by another process) becomes due.
                let wait = tokio::time::sleep(LOOK_EVERY);
                tokio::select! {
                    () = wait => {}
                    () = self.jobs.notified(), if !failed => {}
                }
            };
            tokio::select! {
                Some(ended) = running.next(), if !running.is_empty() => note_end(&mut by_kind, ended),
                () = woken => {}
            }
        }
    }

    /// Due jobs of kinds that have a place, at most `free`, and of no kind more than it has places.
    async fn look_for_jobs(&self, free: usize, running: &BTreeMap<String, usize>) -> Result<Vec<Versioned<Job>>> {
        self.ask_for_orders().await;
        if free == 0 {
            return Ok(Vec::new());
        }
        let kinds = self.free_kinds(running);
        let now = self.now();
        let mut found = self.store.due_jobs(&kinds, now, free).await?;
        self.tally.found_late(found.first().map_or(SignedDuration::ZERO, |job| now.duration_since(job.value.run_at)));
        let mut taken = running.clone();
        found.retain(|job| {
            let count = taken.entry(job.value.task.kind().to_owned()).or_default();
            *count += 1;
            *count <= self.config.jobs.of_kind(job.value.task.kind()).at_once
        });
        Ok(found)
    }

    /// The kinds that this instance can perform and has a place for.
    fn free_kinds<'a>(&'a self, running: &BTreeMap<String, usize>) -> Vec<&'a str> {
        let own = self.workers.iter().map(|worker| worker.kind());
        let kinds = Task::KINDS.iter().copied().chain(own);
        kinds.filter(|kind| running.get(*kind).copied().unwrap_or(0) < self.config.jobs.of_kind(kind).at_once).collect()
    }

    /// Writes the index down for the next start, where there is a place for it.
    async fn run_snapshots(&self) {
        if self.snapshots.is_none() {
            std::future::pending::<()>().await;
        }
        loop {
            tokio::time::sleep(LOOK_AT_INDEX_EVERY).await;
            if let Err(error) = self.save_index(false).await {
                tracing::warn!(error = %Chain(&error), "the index could not be written down");
            }
        }
    }

    async fn run_replica(&self) {
        let every = self.config.matching.refresh_every.max(SignedDuration::from_millis(50)).unsigned_abs();
        loop {
            tokio::time::sleep(every).await;
            if let Err(error) = self.refresh_replica().await {
                tracing::warn!(error = %Chain(&error), "changes could not be read");
            }
        }
    }

    /// Sees to it that there is a job of upkeep, and counts dead letters.
    async fn run_survey(&self) {
        loop {
            let surveyed = async {
                self.plan_upkeep().await?;
                self.tally.found_dead(self.store.dead_jobs(None, SURVEY).await?.len());
                Ok::<_, Error>(())
            };
            if let Err(error) = surveyed.await {
                tracing::warn!(error = %Chain(&error), "dead letters could not be counted");
            }
            tokio::time::sleep(SURVEY_EVERY).await;
        }
    }

    /// Takes a job, performs it, and crosses it off or puts it back; answers whether it was taken.
    pub(crate) async fn work_on(&self, found: Versioned<Job>, threads: NonZero<usize>) -> Result<bool> {
        let lease = self.config.jobs.lease;
        let Some(turn) = Turn::take(&*self.store, &*self.clock, lease, found).await? else { return Ok(false) };
        let kind = turn.job().task.kind();
        let ended = match self.perform_under_lease(&turn, threads).await {
            Ended::Well(Next::Done) => {
                let done = turn.cross_off().await;
                if done.is_ok() {
                    self.tally.count(kind, |count| count.done += 1);
                }
                done
            }
            Ended::Well(Next::Again(after)) => self.put_again(&turn, after).await,
            Ended::Badly(error) => self.put_back(&turn, &error).await,
            Ended::Lost => Err(StoreError::Stale),
        };
        match ended {
            Ok(()) => Ok(true),
            // The effect has crossed it off in its own work: it is gone. Otherwise somebody else has taken it over.
            Err(StoreError::Stale) => {
                if self.store.job(turn.id()).await?.is_none() {
                    self.tally.count(kind, |count| count.done += 1);
                } else {
                    tracing::warn!(job = %turn.id(), kind, "the lease of a job was lost");
                    self.tally.count(kind, |count| count.lost += 1);
                }
                Ok(true)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Performs while the lease is renewed at every third of it.
    async fn perform_under_lease(&self, turn: &Turn<'_>, threads: NonZero<usize>) -> Ended {
        let limit = self.config.jobs.of_kind(turn.job().task.kind()).time_limit.unsigned_abs();
        let renew_every = (self.config.jobs.lease / 3).max(SignedDuration::from_millis(10)).unsigned_abs();
        let mut performing = pin!(AssertUnwindSafe(self.perform(turn, threads)).catch_unwind());
        let mut too_long = pin!(tokio::time::sleep(limit));
        loop {
            tokio::select! {
                biased;
                done = performing.as_mut() => return ended(done),
                () = too_long.as_mut() => return Ended::Badly(failed("a job took longer than its time limit")),
                () = tokio::time::sleep(renew_every) => {}
            }
            // Both at once: what is performed may hold what the renewal waits for. And a renewal that has begun is waited for:
            // nobody would know which version is the last.
            let mut renewing = pin!(turn.renew());
            let mut done = None;
            let renewed = loop {
                tokio::select! {
                    biased;
                    performed = performing.as_mut(), if done.is_none() => done = Some(performed),
                    renewed = renewing.as_mut() => break renewed,
                }
            };
            match (done, renewed) {
                (Some(done), _) => return ended(done),
                (None, Ok(())) => {}
                (None, Err(StoreError::Stale)) => return Ended::Lost,
                // As long as the store is out of reach nobody else can take it either.
                (None, Err(error)) => tracing::warn!(error = %Chain(&error), "a lease could not be renewed"),
            }
        }
    }

    async fn put_again(&self, turn: &Turn<'_>, after: Duration) -> StoreResult<()> {
        self.tally.count(turn.job().task.kind(), |count| count.done += 1);
        let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
        let run_at = self.now().checked_add(after).unwrap_or(jiff::Timestamp::MAX);
        turn.put_back(|job| *job = Job::new(job.id, job.task.clone(), run_at)).await
    }

    /// After a failure: later each time, and after the last attempt no more. What the whole deployment
    /// does again and again never ends; it waits for its next time.
    async fn put_back(&self, turn: &Turn<'_>, error: &Error) -> StoreResult<()> {
        let (now, task) = (self.now(), &turn.job().task);
        let policy = self.config.jobs.of_kind(task.kind());
        let row = turn.row().await;
        let (kind, attempts) = (task.kind(), row.value.attempts);
        let spent = attempts >= policy.attempts.max(1);
        let dead = spent && !task.is_standing();
        // What a mail server answers names the address that it is about: of mails only our own phrase is told.
        let is_mail = matches!(task, Task::SendSignUpCode { .. } | Task::SendAddressInUse { .. });
        let told = if is_mail { error.to_string() } else { Chain(error).to_string() };
        tracing::warn!(job = %turn.id(), kind, attempts, dead, error = told, "job failed");
        self.tally.count(kind, |count| count.failed += 1);
        let retry_at = policy::retry_at(policy, attempts, now, &*self.rng);
        turn.put_back(|job| {
            job.failure = Some(Failure { at: now, code: error.code().as_str().to_owned(), what: error.to_string() });
            job.run_at = retry_at;
            if dead {
                job.dead_at = Some(now);
            } else if spent {
                job.attempts = 0;
                job.run_at = now.checked_add(self.config.jobs.purge_every).unwrap_or(retry_at);
            }
        })
        .await
    }
}

/// How a job came to its end by itself.
fn ended(performed: std::thread::Result<Result<Next>>) -> Ended {
    match performed {
        Ok(Ok(next)) => Ended::Well(next),
        Ok(Err(error)) => Ended::Badly(error),
        // The panic itself has been printed by the hook.
        Err(_) => Ended::Badly(failed("a job panicked")),
    }
}

/// Makes room for another job of the kind.
fn note_end(by_kind: &mut BTreeMap<String, usize>, (kind, done): (String, Result<bool>)) {
    if let Some(count) = by_kind.get_mut(&kind) {
        *count = count.saturating_sub(1);
    }
    if let Err(error) = done {
        tracing::warn!(error = %Chain(&error), "a job could not be taken or put back");
    }
}

fn failed(what: &'static str) -> Error {
    Error::Internal { what, source: what.into() }
}
