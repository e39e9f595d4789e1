//! GPTing on PostgreSQL, 13 or newer.
//!
//! [`PgStore`] implements [`Store`] and, with the feature `accounts` (on by default),
//! [`AccountStore`](gpting_core::account::AccountStore). It lives beside the host's own tables: everything is in one
//! schema of its own (`gpting`, or a name the host chooses), on a pool that the host may share.
//!
//! ```no_run
//! use gpting_store_pg::PgStore;
//!
//! # async fn run(pool: sqlx::PgPool) -> Result<(), Box<dyn std::error::Error>> {
//! // On the pool that the host has already:
//! let store = PgStore::new(pool).schema("dating")?;
//! store.migrate().await?;
//!
//! // Or on one of its own:
//! let store = PgStore::connect("postgres://gpting@localhost/gpting").await?;
//! store.migrate().await?;
//! # Ok(())
//! # }
//! ```
//!
//! - **The host's pool stays as it is.** Statements name their schema; no search path and no other setting of a pooled
//!   connection is changed. Its transactions must default to READ COMMITTED, as PostgreSQL's do; under a stricter
//!   default works are done over more often.
//! - **Durable** means what the server's `synchronous_commit` says; the store does not touch it. Leave it `on`.
//! - **Messages that come at the same time** are committed together, up to 128 by one statement.
//! - **Wake-ups** between processes go over `LISTEN` and `NOTIFY` when the host asks for it: [`PgStore::bus`].
//! - **The feed of changed members** ends at the oldest transaction that is still writing members. Write to the tables
//!   only through a store: a transaction that has an id before it locks `member` may be passed over by the feed.
//! - **An erased member's id** stays for a day in the table `erased`, for readers of the feed, and nowhere else. What
//!   PostgreSQL keeps of deleted rows goes with its next vacuum, and from the write-ahead log and backups by their term.

mod again;
mod allowance;
mod assist;
mod bus;
mod commit;
mod erase;
mod error;
mod event;
mod feed;
mod finding;
mod group;
mod impression;
mod job;
mod live;
mod lock;
mod member;
mod message;
mod on_its_way;
mod options;
mod pair;
mod pick;
mod report;
mod room;
mod row;
mod schema;
mod ticket;
mod transfer;

#[cfg(feature = "accounts")]
mod account;

use std::sync::Arc;

use async_trait::async_trait;
use gpting_core::assist::{Call, Errand, Finding, Made, Subject};
use gpting_core::chat::{Message, Room, RoomOverview, RoomState, Since, Ticket};
use gpting_core::event::StoredEvent;
use gpting_core::id::{FriendRequestId, HostId, JobId, MemberId, RoomId};
use gpting_core::interaction::{Pair, PairKey, PairList};
use gpting_core::job::Job;
use gpting_core::matching::exposure::Impression;
use gpting_core::profile::Member;
use gpting_core::safety::Report;
use gpting_core::store::{
    Committed, FeedCursor, FeedEntry, MessageRange, Page, PairCursor, Store, StoreError, StoreResult, Versioned, Work,
};
use jiff::Timestamp;
use sqlx::migrate::Migrator;
use sqlx::{Connection as _, PgConnection, PgPool};

pub use crate::bus::PgBus;
pub use crate::options::Options;
pub use crate::schema::InvalidSchema;
pub use crate::transfer::PgTransfer;

use crate::error::{migrate_error, store_error};
use crate::group::Group;
use crate::row::Statement;
use crate::schema::Schema;

static MIGRATOR: Migrator = sqlx::migrate!();

const SCHEMA_EXISTS: &str = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)";
/// After a restore from a dump into another server the transactions of the old one lie in its future.
const RESUME_FEED: &str = "
    WITH put AS (
        UPDATE gpting.member SET change = pg_current_xact_id() WHERE change > pg_current_xact_id()
    ), paired AS (
        UPDATE gpting.pair SET change = pg_current_xact_id() WHERE change > pg_current_xact_id()
    )
    UPDATE gpting.erased SET change = pg_current_xact_id() WHERE change > pg_current_xact_id()";
const IS_HALF: &str = "SELECT EXISTS (SELECT FROM gpting.copying) AS half";
/// How many of these migrations there are, and the first of a newer build that older ones cannot work with: its file is
/// called `0009_breaking_….sql`. All others only add.
const APPLIED: &str = "
    SELECT count(*) FILTER (WHERE success AND version = ANY($1)) AS count,
           min(version) FILTER (WHERE version <> ALL($1) AND description LIKE 'breaking %') AS breaking
    FROM gpting._sqlx_migrations";

/// Everything that is remembered, in one schema of a PostgreSQL database. Cheap to clone.
#[derive(Clone)]
pub struct PgStore {
    pool: PgPool,
    schema: Schema,
    group: Arc<Group>,
}

impl std::fmt::Debug for PgStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PgStore").field("schema", &self.schema.name()).finish_non_exhaustive()
    }
}

impl PgStore {
    /// A store in the schema `gpting`, on a pool that may serve others too. Nothing is asked of the database yet.
    pub fn new(pool: PgPool) -> Self {
        Self::on(pool, Schema::default())
    }

    fn on(pool: PgPool, schema: Schema) -> Self {
        Self { pool, schema, group: Arc::default() }
    }

    /// The same in a schema of another name.
    ///
    /// # Errors
    /// When the name is not one that [`InvalidSchema`] describes.
    pub fn schema(mut self, name: &str) -> Result<Self, InvalidSchema> {
        self.schema = Schema::new(name)?;
        Ok(self)
    }

    /// A store in the schema `gpting`, on a pool of its own; see [`Options`].
    ///
    /// # Errors
    /// As [`Options::connect`].
    pub async fn connect(url: &str) -> StoreResult<Self> {
        Options::new().connect(url).await
    }

    /// The pool that the store uses.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Creates the schema and its tables, or brings them up to this build. Several processes may do so at once.
    ///
    /// The role needs the right to create in the schema, and in the database if the schema is not there yet.
    /// Migrations of a newer build are left alone, so that builds can be replaced one by one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database is out of reach, [`StoreError::Internal`] when a migration fails, or a
    /// newer build has changed the schema in a way that this one cannot work with.
    pub async fn migrate(&self) -> StoreResult<()> {
        // A connection with all that the host's pool does to one, but out of the pool: its search path is changed.
        let mut connection = self.pool.acquire().await.map_err(store_error)?.detach();
        let done = self.migrate_on(&mut connection).await;
        // Closing also ends the migrator's lock, should it have failed.
        let closed = connection.close().await.map_err(store_error);
        done.and(closed)
    }

    async fn migrate_on(&self, connection: &mut PgConnection) -> StoreResult<()> {
        let name = format!("\"{}\"", self.schema.name());
        sqlx::query("SELECT pg_catalog.set_config('search_path', $1, false)")
            .bind(&name)
            .execute(&mut *connection)
            .await
            .map_err(store_error)?;
        let mut migrator = Migrator::with_migrations(MIGRATOR.iter().cloned().collect());
        migrator.set_ignore_missing(true);
        // Creating asks for a right on the database even if there is nothing to create.
        let exists: bool = sqlx::query_scalar(SCHEMA_EXISTS)
            .bind(self.schema.name())
            .fetch_one(&mut *connection)
            .await
            .map_err(store_error)?;
        if !exists {
            migrator.create_schema(name);
        }
        migrator.run_direct(None, connection, false).await.map_err(migrate_error)?;
        self.fits(connection).await?;
        self.query(RESUME_FEED).execute(connection).await.map(drop).map_err(store_error)
    }

    /// Whether the schema is the one that this build expects, or one that newer builds have added to.
    async fn fits(&self, connection: &mut PgConnection) -> StoreResult<()> {
        let versions: Vec<i64> = MIGRATOR.iter().map(|migration| migration.version).collect();
        let expected = versions.len();
        let row = self.query(APPLIED).bind(versions).fetch_one(connection).await.map_err(store_error)?;
        let row = row::Row::of("_sqlx_migrations", &row);
        if let Some(version) = row.get::<Option<i64>>("breaking")? {
            let reason = format!("schema {version} of a newer build is one that this build cannot work with");
            return Err(StoreError::Internal(reason.into()));
        }
        if row.count("count")? == expected as u64 {
            Ok(())
        } else {
            Err(StoreError::Internal("the schema is older than this build: migrate".into()))
        }
    }

    /// A bus between the processes that share this store's schema, on two connections of its own beside the pool's. See
    /// [`PgBus`].
    pub fn bus(&self) -> PgBus {
        PgBus::beside(self)
    }

    /// Closes the pool, the host's too if it is one; waits for calls on their way.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// One of this crate's statements, in the store's schema.
    fn query(&self, statement: &'static str) -> Statement<'static> {
        sqlx::query(self.schema.sql(statement))
    }
}

#[async_trait]
impl Store for PgStore {
    async fn commit(&self, work: Work) -> StoreResult<Committed> {
        commit::commit(self, work).await
    }

    async fn members(&self, ids: &[MemberId]) -> StoreResult<Vec<Versioned<Member>>> {
        member::members(self, ids).await
    }

    async fn member_by_host(&self, host: &HostId) -> StoreResult<Option<Versioned<Member>>> {
        member::member_by_host(self, host).await
    }

    async fn members_by_source(&self, sources: &[String]) -> StoreResult<Vec<Versioned<Member>>> {
        member::members_by_source(self, sources).await
    }

    async fn members_changed(&self, cursor: FeedCursor, limit: usize) -> StoreResult<(Vec<FeedEntry>, FeedCursor)> {
        member::members_changed(self, cursor, limit).await
    }

    async fn pairs_changed(&self, cursor: PairCursor, limit: usize) -> StoreResult<(Vec<Versioned<Pair>>, PairCursor)> {
        pair::pairs_changed(self, cursor, limit).await
    }

    async fn pair(&self, key: PairKey) -> StoreResult<Option<Versioned<Pair>>> {
        pair::pair(self, key).await
    }

    async fn pair_by_request(&self, request: FriendRequestId) -> StoreResult<Option<Versioned<Pair>>> {
        pair::pair_by_request(self, request).await
    }

    async fn list_pairs(&self, member: MemberId, list: PairList, page: Page) -> StoreResult<Vec<Pair>> {
        pair::list_pairs(self, member, list, page).await
    }

    async fn listed(&self, member: MemberId, list: PairList) -> StoreResult<Vec<MemberId>> {
        pair::listed(self, member, list).await
    }

    async fn was_served(&self, viewer: MemberId, candidate: MemberId) -> StoreResult<bool> {
        impression::was_served(self, viewer, candidate).await
    }

    async fn impressions(&self, after: Option<(MemberId, MemberId)>, limit: usize) -> StoreResult<Vec<Impression>> {
        impression::all(self, after, limit).await
    }

    async fn served_since(&self, viewer: MemberId, since: Timestamp) -> StoreResult<Vec<MemberId>> {
        impression::served_since(self, viewer, since).await
    }

    async fn shown_to(&self, candidates: &[MemberId], most: usize) -> StoreResult<Vec<(MemberId, u64)>> {
        impression::shown_to(self, candidates, most).await
    }

    async fn picks(&self, member: MemberId, day: i32) -> StoreResult<Vec<MemberId>> {
        pick::picks(self, member, day).await
    }

    async fn picked(&self, members: &[MemberId], day: i32) -> StoreResult<Vec<MemberId>> {
        pick::picked(self, members, day).await
    }

    async fn made(&self, member: MemberId, errand: Errand, other: Option<MemberId>) -> StoreResult<Vec<Made>> {
        assist::made(self, member, errand, other).await
    }

    async fn findings(&self, member: MemberId, subject: Subject) -> StoreResult<Vec<Finding>> {
        finding::findings(self, member, subject).await
    }

    async fn flagged(&self, page: Page) -> StoreResult<Vec<Finding>> {
        finding::flagged(self, page).await
    }

    async fn calls(&self, member: MemberId, limit: usize) -> StoreResult<Vec<Call>> {
        assist::calls(self, member, limit).await
    }

    async fn room(&self, id: RoomId) -> StoreResult<Option<Versioned<Room>>> {
        room::room(self, id).await
    }

    async fn room_overview(&self, viewer: MemberId, id: RoomId) -> StoreResult<Option<RoomOverview>> {
        room::room_overview(self, viewer, id).await
    }

    async fn list_rooms(&self, viewer: MemberId, page: Page) -> StoreResult<Vec<RoomOverview>> {
        room::list_rooms(self, viewer, page).await
    }

    async fn messages(
        &self,
        room: RoomId,
        range: MessageRange,
        limit: usize,
        viewer: Option<MemberId>,
    ) -> StoreResult<Vec<Message>> {
        message::messages(self, room, range, limit, viewer).await
    }

    async fn rooms_moved(&self, known: &[(RoomId, u64)]) -> StoreResult<Vec<RoomState>> {
        live::rooms_moved(self, known).await
    }

    async fn news(&self, since: &[Since], limit: usize) -> StoreResult<Vec<Message>> {
        live::news(self, since, limit).await
    }

    async fn rooms_opened(&self, cursor: u64) -> StoreResult<(Vec<(RoomId, PairKey)>, u64)> {
        live::rooms_opened(self, cursor).await
    }

    async fn ticket(&self, hash: &str) -> StoreResult<Option<Ticket>> {
        ticket::ticket(self, hash).await
    }

    async fn epoch(&self) -> StoreResult<u64> {
        live::epoch(self).await
    }

    async fn open_report(&self, reporter: MemberId, subject: MemberId) -> StoreResult<Option<Versioned<Report>>> {
        report::open_report(self, reporter, subject).await
    }

    async fn job(&self, id: JobId) -> StoreResult<Option<Versioned<Job>>> {
        job::job(self, id).await
    }

    async fn due_jobs(&self, kinds: &[&str], now: Timestamp, limit: usize) -> StoreResult<Vec<Versioned<Job>>> {
        job::due_jobs(self, kinds, now, limit).await
    }

    async fn dead_jobs(&self, after: Option<JobId>, limit: usize) -> StoreResult<Vec<Versioned<Job>>> {
        job::dead_jobs(self, after, limit).await
    }

    async fn events(&self, after: u64, limit: usize) -> StoreResult<Vec<StoredEvent>> {
        event::events(self, after, limit).await
    }

    async fn has_mark(&self, mark: u128) -> StoreResult<bool> {
        member::has_mark(self, mark).await
    }

    async fn health(&self) -> StoreResult<()> {
        let mut connection = self.pool.acquire().await.map_err(store_error)?;
        self.fits(&mut connection).await?;
        let row = self.query(IS_HALF).fetch_one(&mut *connection).await.map_err(store_error)?;
        if row::Row::of("copying", &row).get("half")? {
            return Err(StoreError::Unavailable("the database holds half of a copy: run the copy again".into()));
        }
        Ok(())
    }
}

#[cfg(feature = "accounts")]
mod accounts {
    //! The second trait, for hosts that keep their logins here.

    use async_trait::async_trait;
    use gpting_core::account::{Account, AccountStore, AccountWork, PendingSignUp, Session};
    use gpting_core::id::{MemberId, PendingId, SessionId};
    use gpting_core::store::{Committed, StoreResult, Versioned};

    use crate::{PgStore, account, commit};

    #[async_trait]
    impl AccountStore for PgStore {
        async fn commit_account(&self, work: AccountWork) -> StoreResult<Committed> {
            commit::commit_account(self, work).await
        }

        async fn account(&self, member: MemberId) -> StoreResult<Option<Versioned<Account>>> {
            account::account(self, member).await
        }

        async fn account_by_login(&self, login: &str) -> StoreResult<Option<Versioned<Account>>> {
            account::account_by_login(self, login).await
        }

        async fn session(&self, id: SessionId) -> StoreResult<Option<Versioned<Session>>> {
            account::session(self, id).await
        }

        async fn ended_sessions(&self, sessions: &[SessionId], now: jiff::Timestamp) -> StoreResult<Vec<SessionId>> {
            account::ended_sessions(self, sessions, now).await
        }

        async fn list_sessions(&self, member: MemberId) -> StoreResult<Vec<Session>> {
            account::list_sessions(self, member).await
        }

        async fn pending(&self, id: PendingId) -> StoreResult<Option<Versioned<PendingSignUp>>> {
            account::pending(self, id).await
        }

        async fn pendings_by_email(&self, email: &str) -> StoreResult<Vec<Versioned<PendingSignUp>>> {
            account::pendings_by_email(self, email).await
        }
    }
}
