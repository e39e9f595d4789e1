//! The one writer: takes works from a bounded queue and commits many of them with one write to the disk.
//!
//! Called by [`SqliteStore`](crate::SqliteStore) through [`Writer`]; calls [`commit`](crate::commit). Works that wait
//! together share one transaction, each in a savepoint of its own, so that a stale one leaves the others alone. Nobody
//! is answered before `COMMIT` has returned; if it fails, everybody in it is told that nothing was done. The task owns
//! its connection, hangs on a handle, and ends when the store is closed or dropped, after what was queued.
//!
//! Another process may write to the same file: the transaction starts `IMMEDIATE` and waits for its turn.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gpting_core::Clock;
use gpting_core::store::{Committed, StoreError, StoreResult};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, query};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::commit::{Applied, Whole, apply};
use crate::erase;
use crate::error::{GroupFailed, from_sqlx, is_busy, unavailable};
use crate::group;
use crate::settings::{self, ConnectionSettings};

/// How many works may wait; whoever comes then waits to get into the queue.
const QUEUE: usize = 1024;

/// At most this many works share a transaction, so that the first does not wait long for the last.
const GROUP: usize = 64;

/// How often waiting for another process's lock (5 s each) is begun.
const BEGIN_TRIES: u32 = 2;

/// How often erased ids are forgotten, a due rewrite of a large file is done, and the log is emptied.
const UPKEEP_EVERY: Duration = Duration::from_hours(1);

/// When upkeep is first done after opening and after an erasure, and when what had to be put off is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(10);

const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";
const SAVEPOINT: &str = "SAVEPOINT work";
const RELEASE: &str = "RELEASE work";
const UNDO: &str = "ROLLBACK TO work; RELEASE work";

type Reply = oneshot::Sender<StoreResult<Committed>>;

/// What the task is asked for.
#[derive(Debug)]
enum Order {
    Commit(Whole, Reply),
    Settings(oneshot::Sender<StoreResult<ConnectionSettings>>),
    Close,
}

/// The handle of the task.
#[derive(Debug)]
pub(crate) struct Writer {
    orders: mpsc::Sender<Order>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the task with its connection.
    pub(crate) fn start(connection: SqliteConnection, options: SqliteConnectOptions, clock: Arc<dyn Clock>) -> Self {
        let (orders, queue) = mpsc::channel(QUEUE);
        let task = Task { connection: Some(connection), options, clock, upkeep_at: Instant::now() + RETRY_AFTER };
        Self { orders, task: Mutex::new(Some(tokio::spawn(task.run(queue)))) }
    }

    /// Commits all of it or nothing. Goes on when the caller stops waiting.
    pub(crate) async fn commit(&self, whole: Whole) -> StoreResult<Committed> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Commit(whole, reply)).await?;
        answer.await.unwrap_or_else(|_| Err(unavailable("the writer has stopped")))
    }

    /// The settings of its connection.
    pub(crate) async fn settings(&self) -> StoreResult<ConnectionSettings> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Settings(reply)).await?;
        answer.await.unwrap_or_else(|_| Err(unavailable("the writer has stopped")))
    }

    /// Whether works are still taken.
    pub(crate) fn is_open(&self) -> bool {
        !self.orders.is_closed()
    }

    /// Takes no more works, commits those that wait, and closes the connection.
    pub(crate) async fn close(&self) {
        // An error means that it is closed already; waiting for the task is right in both cases.
        let _ = self.orders.send(Order::Close).await;
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "store.sqlite.writer_died");
        }
    }

    async fn order(&self, order: Order) -> StoreResult<()> {
        let sent = self.orders.send(order).await;
        sent.map_err(|_| unavailable("the store is closed"))
    }
}

/// Why a group could not go on: the transaction is gone, and with it everybody's work.
struct Lost(StoreError);

#[derive(Debug)]
struct Task {
    /// None after a failure, until the next work opens another.
    connection: Option<SqliteConnection>,
    options: SqliteConnectOptions,
    clock: Arc<dyn Clock>,
    upkeep_at: Instant,
}

impl Task {
    async fn run(mut self, mut queue: mpsc::Receiver<Order>) {
        let mut orders = Vec::with_capacity(GROUP);
        loop {
            tokio::select! {
                // Upkeep comes first, or a queue that is never empty would put it off for ever.
                biased;
                () = sleep_until(self.upkeep_at) => self.keep_up().await,
                taken = queue.recv_many(&mut orders, GROUP) => {
                    if taken == 0 {
                        break;
                    }
                    self.perform(&mut orders, &mut queue).await;
                }
            }
        }
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "store.sqlite.close_failed");
        }
    }

    /// Does what was taken from the queue.
    async fn perform(&mut self, orders: &mut Vec<Order>, queue: &mut mpsc::Receiver<Order>) {
        let mut group = Vec::with_capacity(orders.len());
        for order in orders.drain(..) {
            match order {
                Order::Commit(whole, reply) => group.push((whole, reply)),
                Order::Settings(reply) => {
                    let settings = match self.connection().await {
                        Ok(connection) => settings::read(connection).await,
                        Err(error) => Err(error),
                    };
                    // Whoever asked may have gone; there is nobody else to tell.
                    let _ = reply.send(settings);
                }
                // What is in the queue is still taken out of it.
                Order::Close => queue.close(),
            }
        }
        if !group.is_empty() {
            self.commit(group).await;
        }
    }

    /// Commits a group and answers everybody in it.
    async fn commit(&mut self, group: Vec<(Whole, Reply)>) {
        let (works, replies): (Vec<_>, Vec<_>) = group.into_iter().unzip();
        match self.transact(works).await {
            Ok(results) => {
                let mut waiting = Vec::new();
                for (result, reply) in results.into_iter().zip(replies) {
                    match result {
                        Ok(Applied { committed, erased: true }) => waiting.push((committed, reply)),
                        Ok(Applied { committed, .. }) => answer(reply, Ok(committed)),
                        Err(error) => answer(reply, Err(error)),
                    }
                }
                if !waiting.is_empty() {
                    self.scrub_if_quick().await;
                }
                for (committed, reply) in waiting {
                    answer(reply, Ok(committed));
                }
            }
            Err(Lost(cause)) => {
                tracing::warn!(%cause, works = replies.len(), "store.sqlite.commit_failed");
                // Closing the connection is the one rollback that cannot fail.
                self.connection = None;
                let failed = GroupFailed::new(cause);
                for reply in replies {
                    answer(reply, Err(failed.answer()));
                }
            }
        }
    }

    /// One transaction for all works: what each did, or that nothing was done.
    async fn transact(&mut self, works: Vec<Whole>) -> Result<Vec<StoreResult<Applied>>, Lost> {
        let now = self.clock.now();
        self.begin().await.map_err(Lost)?;
        let connection = self.connection().await.map_err(Lost)?;
        let alone = works.len() == 1;
        let mut results = Vec::with_capacity(works.len());
        let mut works = works;
        // What fails together is done one by one, so that nobody pays for another's work.
        let mut singly = 0;
        while !works.is_empty() {
            let together = if singly > 0 { 0 } else { group::length(&works) };
            if together > 0 {
                run(connection, SAVEPOINT).await?;
                let done = group::apply(connection, &works[..together]).await;
                run(connection, if done.is_ok() { RELEASE } else { UNDO }).await?;
                if let Ok(done) = done {
                    results.extend(done);
                    works.drain(..together);
                    continue;
                }
                singly = together;
            }
            singly = usize::saturating_sub(singly, 1);
            let whole = works.remove(0);
            if !alone {
                run(connection, SAVEPOINT).await?;
            }
            let result = apply(connection, whole, now).await;
            let end = match (&result, alone) {
                (Ok(_), true) => None,
                (Ok(_), false) => Some(RELEASE),
                (Err(_), true) => Some(ROLLBACK),
                (Err(_), false) => Some(UNDO),
            };
            if let Some(end) = end {
                // SQLite itself gives up the whole transaction on a full disk and the like; then this fails too.
                run(connection, end).await?;
            }
            results.push(result);
        }
        if !(alone && results.iter().all(Result::is_err)) {
            run(connection, COMMIT).await?;
        }
        Ok(results)
    }

    /// Opens the transaction, waiting for other processes.
    async fn begin(&mut self) -> StoreResult<()> {
        let mut tries = 1;
        loop {
            let connection = self.connection().await?;
            match query(BEGIN).execute(connection).await {
                Ok(_) => return Ok(()),
                Err(error) if is_busy(&error) && tries < BEGIN_TRIES => tries += 1,
                Err(error) => return Err(from_sqlx(error)),
            }
        }
    }

    /// The connection, opened again when it was given up.
    async fn connection(&mut self) -> StoreResult<&mut SqliteConnection> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(from_sqlx)?,
        };
        Ok(self.connection.insert(connection))
    }

    /// After an erasure: rewrites a small file now; a large one only loses its log now and is rewritten by upkeep.
    async fn scrub_if_quick(&mut self) {
        let scrubbed = match self.connection().await {
            Ok(connection) => match erase::is_quick(connection).await {
                Ok(true) => erase::scrub(connection).await,
                Ok(false) => erase::empty_log(connection).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        if let Err(error) = scrubbed {
            tracing::warn!(%error, "store.sqlite.scrub_put_off");
        }
        // Also when it went well: the job that erases and the event that tells of it name the member in their text, and
        // are deleted only after this.
        self.upkeep_at = Instant::now() + RETRY_AFTER;
    }

    /// What is done now and then: forgets erased ids after their day, does a rewrite that is due, and empties the log, so
    /// that what was deleted since is overwritten in the file.
    async fn keep_up(&mut self) {
        let now = self.clock.now();
        let done = match self.connection().await {
            Ok(connection) => match erase::forget(connection, now).await {
                Ok(true) => erase::scrub(connection).await,
                Ok(false) => erase::empty_log(connection).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        let again = match done {
            Ok(()) => UPKEEP_EVERY,
            Err(error) => {
                tracing::warn!(%error, "store.sqlite.upkeep_put_off");
                RETRY_AFTER
            }
        };
        self.upkeep_at = Instant::now() + again;
    }
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), Lost> {
    let done = query(sql).execute(connection).await;
    done.map(drop).map_err(|error| Lost(from_sqlx(error)))
}

/// Tells the caller. One that has stopped waiting is passed over: its work is done all the same.
fn answer(reply: Reply, result: StoreResult<Committed>) {
    let _ = reply.send(result);
}
