//! GPTing on SQLite: everything in one file beside the process, durable when acknowledged.
//!
//! [`SqliteStore`] implements [`Store`] and, with the feature `accounts` (on by default), `AccountStore`. Called by
//! the use-cases of the core through these traits; calls SQLite, which is compiled in.
//!
//! ```text
//! reads ──► up to 4 readers (query_only), each read one statement
//! commit ─► queue ─► writer task ─► BEGIN IMMEDIATE · works, each in a savepoint · COMMIT ─► answers
//! ```
//!
//! - Works that wait together are committed together: one write to the disk for up to 64 of them.
//! - Readers never hold a snapshot, so whoever was answered by `commit` finds their change in the next read.
//! - Other processes may use the file at the same time (a command beside the server); writers take turns.
//! - What is erased is overwritten, and the file and its log are rewritten so that no copy stays: at once up to
//!   64 MB, within the hour beyond.
//! - The feed of changed members tells for one day who is gone; a reader must come by more often than that.
//!
//! ```
//! use gpting_core::store::{FeedCursor, Store, Work};
//! use gpting_store_sqlite::SqliteStore;
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let folder = tempfile::tempdir()?;
//! let store = SqliteStore::open(folder.path().join("gpting.db")).await?;
//! store.commit(Work::new()).await?;
//! let (everybody, _) = store.members_changed(FeedCursor::default(), 100).await?;
//! assert!(everybody.is_empty());
//! store.close().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "accounts")]
mod account;
mod allowance;
mod assist;
mod backup;
mod commit;
mod erase;
mod error;
mod event;
mod finding;
mod group;
mod impression;
mod job;
mod live;
mod member;
mod message;
mod options;
mod pair;
mod pick;
mod report;
mod room;
mod row;
mod schema;
mod settings;
mod statement;
mod ticket;
mod transfer;
mod writer;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
#[cfg(feature = "accounts")]
use gpting_core::account::{Account, AccountStore, AccountWork, PendingSignUp, Session};
use gpting_core::assist::{Call, Errand, Finding, Made, Subject};
use gpting_core::chat::{Message, Room, RoomOverview, RoomState, Since, Ticket};
use gpting_core::event::StoredEvent;
use gpting_core::id::{FriendRequestId, HostId, JobId, MemberId, RoomId};
#[cfg(feature = "accounts")]
use gpting_core::id::{PendingId, SessionId};
use gpting_core::interaction::{Pair, PairKey, PairList};
use gpting_core::job::Job;
use gpting_core::matching::exposure::Impression;
use gpting_core::profile::Member;
use gpting_core::safety::Report;
use gpting_core::store::{
    Committed, FeedCursor, FeedEntry, MessageRange, Page, PairCursor, Store, StoreResult, Versioned, Work,
};
use jiff::Timestamp;
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;

pub use self::backup::backup;
pub use self::options::{Durability, Options};
pub use self::settings::ConnectionSettings;
pub use self::transfer::SqliteTransfer;
use crate::commit::Whole;
use crate::error::{from_sqlx, unavailable};
use crate::writer::Writer;

/// How long a read waits for a reader.
const READER_TIMEOUT: Duration = Duration::from_secs(5);

/// Everything remembered, in one SQLite file.
///
/// Share it by reference or in an `Arc`; two stores on one file are for two processes. Dropping it ends the writer
/// after the works that wait; [`close`](Self::close) also waits for that.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Writer,
    readers: SqlitePool,
    options: Options,
}

impl SqliteStore {
    /// Opens the database in this file with the defaults of [`Options::new`]: creates it when it is not there, and
    /// brings its schema up to date. Must be called in a tokio runtime, on which the writer then runs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`](gpting_core::store::StoreError::Unavailable) when the file cannot be opened;
    /// `Internal` when it is not a database of this kind.
    pub async fn open(path: impl AsRef<Path>) -> StoreResult<Self> {
        Self::open_with(Options::new(path)).await
    }

    /// Opens a database as these options say. Must be called in a tokio runtime, on which the writer then runs.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_with(options: Options) -> StoreResult<Self> {
        let mut connection = schema::connect(&options.writer()).await?;
        if options.migrate {
            schema::migrate(&mut connection).await?;
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(options.readers)
            .acquire_timeout(READER_TIMEOUT)
            // Asking a local file whether it is still there costs more than most reads.
            .test_before_acquire(false)
            .connect_lazy_with(options.reader());
        let writer = Writer::start(connection, options.writer(), std::sync::Arc::clone(&options.clock));
        Ok(Self { writer, readers, options })
    }

    /// Brings the schema up to date. Safe when several processes do it at once, and when there is nothing to do.
    ///
    /// # Errors
    /// `Internal` when the file has other migrations than this build by the same number, `Unavailable` when a newer build
    /// has changed it in a way that this one cannot work with.
    pub async fn migrate(&self) -> StoreResult<()> {
        let mut connection = schema::connect(&self.options.writer()).await?;
        schema::migrate(&mut connection).await?;
        sqlx::Connection::close(connection).await.map_err(from_sqlx)
    }

    /// Commits what waits and closes every connection. Afterwards everything is `Unavailable`.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }

    /// The settings of every connection: the writer's first, then of as many readers as there can be.
    ///
    /// # Errors
    /// `Unavailable` when the store is closed, or so busy that the readers cannot be had all at once.
    pub async fn settings(&self) -> StoreResult<Vec<ConnectionSettings>> {
        let mut settings = vec![self.writer.settings().await?];
        let mut readers = Vec::new();
        for _ in 0..self.options.readers {
            // Held until the end, so that each is another one.
            readers.push(self.readers.acquire().await.map_err(from_sqlx)?);
        }
        for reader in &mut readers {
            settings.push(settings::read(reader).await?);
        }
        Ok(settings)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, work: Work) -> StoreResult<Committed> {
        let whole = Whole {
            #[cfg(feature = "accounts")]
            account: Vec::new(),
            work,
        };
        self.writer.commit(whole).await
    }

    async fn members(&self, ids: &[MemberId]) -> StoreResult<Vec<Versioned<Member>>> {
        member::by_ids(&self.readers, ids).await
    }

    async fn member_by_host(&self, host: &HostId) -> StoreResult<Option<Versioned<Member>>> {
        member::by_host(&self.readers, host).await
    }

    async fn members_by_source(&self, sources: &[String]) -> StoreResult<Vec<Versioned<Member>>> {
        member::by_sources(&self.readers, sources).await
    }

    async fn members_changed(&self, cursor: FeedCursor, limit: usize) -> StoreResult<(Vec<FeedEntry>, FeedCursor)> {
        member::changed(&self.readers, cursor, limit).await
    }

    async fn pairs_changed(&self, cursor: PairCursor, limit: usize) -> StoreResult<(Vec<Versioned<Pair>>, PairCursor)> {
        pair::changed(&self.readers, cursor, limit).await
    }

    async fn pair(&self, key: PairKey) -> StoreResult<Option<Versioned<Pair>>> {
        pair::one(&self.readers, key).await
    }

    async fn pair_by_request(&self, request: FriendRequestId) -> StoreResult<Option<Versioned<Pair>>> {
        pair::by_request(&self.readers, request).await
    }

    async fn list_pairs(&self, member: MemberId, list: PairList, page: Page) -> StoreResult<Vec<Pair>> {
        pair::list(&self.readers, member, list, page).await
    }

    async fn listed(&self, member: MemberId, list: PairList) -> StoreResult<Vec<MemberId>> {
        pair::listed(&self.readers, member, list).await
    }

    async fn was_served(&self, viewer: MemberId, candidate: MemberId) -> StoreResult<bool> {
        impression::was_served(&self.readers, viewer, candidate).await
    }

    async fn impressions(&self, after: Option<(MemberId, MemberId)>, limit: usize) -> StoreResult<Vec<Impression>> {
        impression::all(&self.readers, after, limit).await
    }

    async fn served_since(&self, viewer: MemberId, since: Timestamp) -> StoreResult<Vec<MemberId>> {
        impression::served_since(&self.readers, viewer, since).await
    }

    async fn shown_to(&self, candidates: &[MemberId], most: usize) -> StoreResult<Vec<(MemberId, u64)>> {
        impression::shown_to(&self.readers, candidates, most).await
    }

    async fn picks(&self, member: MemberId, day: i32) -> StoreResult<Vec<MemberId>> {
        pick::of(&self.readers, member, day).await
    }

    async fn picked(&self, members: &[MemberId], day: i32) -> StoreResult<Vec<MemberId>> {
        pick::picked(&self.readers, members, day).await
    }

    async fn made(&self, member: MemberId, errand: Errand, other: Option<MemberId>) -> StoreResult<Vec<Made>> {
        assist::made(&self.readers, member, errand, other).await
    }

    async fn findings(&self, member: MemberId, subject: Subject) -> StoreResult<Vec<Finding>> {
        finding::findings(&self.readers, member, subject).await
    }

    async fn flagged(&self, page: Page) -> StoreResult<Vec<Finding>> {
        finding::flagged(&self.readers, page).await
    }

    async fn calls(&self, member: MemberId, limit: usize) -> StoreResult<Vec<Call>> {
        assist::calls(&self.readers, member, limit).await
    }

    async fn room(&self, id: RoomId) -> StoreResult<Option<Versioned<Room>>> {
        room::one(&self.readers, id).await
    }

    async fn room_overview(&self, viewer: MemberId, id: RoomId) -> StoreResult<Option<RoomOverview>> {
        room::overview(&self.readers, viewer, id).await
    }

    async fn list_rooms(&self, viewer: MemberId, page: Page) -> StoreResult<Vec<RoomOverview>> {
        room::list(&self.readers, viewer, page).await
    }

    async fn messages(
        &self,
        room: RoomId,
        range: MessageRange,
        limit: usize,
        viewer: Option<MemberId>,
    ) -> StoreResult<Vec<Message>> {
        message::range(&self.readers, room, range, limit, viewer).await
    }

    async fn rooms_moved(&self, known: &[(RoomId, u64)]) -> StoreResult<Vec<RoomState>> {
        live::rooms_moved(&self.readers, known).await
    }

    async fn news(&self, since: &[Since], limit: usize) -> StoreResult<Vec<Message>> {
        live::news(&self.readers, since, limit).await
    }

    async fn rooms_opened(&self, cursor: u64) -> StoreResult<(Vec<(RoomId, PairKey)>, u64)> {
        live::rooms_opened(&self.readers, cursor).await
    }

    async fn ticket(&self, hash: &str) -> StoreResult<Option<Ticket>> {
        ticket::one(&self.readers, hash).await
    }

    async fn epoch(&self) -> StoreResult<u64> {
        live::epoch(&self.readers).await
    }

    async fn open_report(&self, reporter: MemberId, subject: MemberId) -> StoreResult<Option<Versioned<Report>>> {
        report::open(&self.readers, reporter, subject).await
    }

    async fn job(&self, id: JobId) -> StoreResult<Option<Versioned<Job>>> {
        job::one(&self.readers, id).await
    }

    async fn due_jobs(&self, kinds: &[&str], now: Timestamp, limit: usize) -> StoreResult<Vec<Versioned<Job>>> {
        job::due(&self.readers, kinds, now, limit).await
    }

    async fn dead_jobs(&self, after: Option<JobId>, limit: usize) -> StoreResult<Vec<Versioned<Job>>> {
        job::dead(&self.readers, after, limit).await
    }

    async fn events(&self, after: u64, limit: usize) -> StoreResult<Vec<StoredEvent>> {
        event::oldest(&self.readers, after, limit).await
    }

    async fn has_mark(&self, mark: u128) -> StoreResult<bool> {
        erase::has_mark(&self.readers, mark).await
    }

    async fn health(&self) -> StoreResult<()> {
        if !self.writer.is_open() {
            return Err(unavailable("the store is closed"));
        }
        schema::check(&self.readers).await
    }
}

#[cfg(feature = "accounts")]
#[async_trait]
impl AccountStore for SqliteStore {
    async fn commit_account(&self, work: AccountWork) -> StoreResult<Committed> {
        let AccountWork { changes, work } = work;
        let whole = Whole { account: changes, work };
        self.writer.commit(whole).await
    }

    async fn account(&self, member: MemberId) -> StoreResult<Option<Versioned<Account>>> {
        account::one(&self.readers, member).await
    }

    async fn account_by_login(&self, login: &str) -> StoreResult<Option<Versioned<Account>>> {
        account::by_login(&self.readers, login).await
    }

    async fn session(&self, id: SessionId) -> StoreResult<Option<Versioned<Session>>> {
        account::session(&self.readers, id).await
    }

    async fn ended_sessions(&self, sessions: &[SessionId], now: Timestamp) -> StoreResult<Vec<SessionId>> {
        account::ended_sessions(&self.readers, sessions, now).await
    }

    async fn list_sessions(&self, member: MemberId) -> StoreResult<Vec<Session>> {
        account::sessions(&self.readers, member).await
    }

    async fn pending(&self, id: PendingId) -> StoreResult<Option<Versioned<PendingSignUp>>> {
        account::pending(&self.readers, id).await
    }

    async fn pendings_by_email(&self, email: &str) -> StoreResult<Vec<Versioned<PendingSignUp>>> {
        account::pendings_by_email(&self.readers, email).await
    }
}
