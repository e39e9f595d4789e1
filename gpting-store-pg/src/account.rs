//! Accounts, sessions and pending sign-ups.

use gpting_core::account::{Account, PendingSignUp, Session};
use gpting_core::id::{MemberId, PendingId, SessionId};
use gpting_core::store::{Expect, StoreResult, Versioned};
use jiff::Timestamp;
use sqlx::types::Json;

use crate::PgStore;
use crate::error::store_error;
use crate::on_its_way::Commit;
use crate::row::{Row, all_versioned, any_versioned, bind_expected, put, require};

const ACCOUNT: &str = "account";
const SESSION: &str = "session";
const PENDING: &str = "pending";

const ACCOUNT_BY_MEMBER: &str = "SELECT member, version, document FROM gpting.account WHERE member = $1";
/// A name that looks like somebody else's address does not shadow the address: names cannot hold an `@`.
const ACCOUNT_BY_LOGIN: &str = "
    SELECT member, version, document FROM gpting.account WHERE username = $1 OR email = $1
    ORDER BY username = $1 DESC LIMIT 1";
const SESSION_BY_ID: &str = "SELECT id, version, document FROM gpting.session WHERE id = $1";
const SESSIONS: &str = "
    SELECT id, document FROM gpting.session WHERE member = $1 ORDER BY created_at DESC, id DESC";
const PENDING_BY_ID: &str = "SELECT id, version, document FROM gpting.pending WHERE id = $1";
const PENDINGS: &str = "
    SELECT id, version, document FROM gpting.pending WHERE email = $1 ORDER BY created_at DESC, id DESC";

const CREATE_ACCOUNT: &str = "
    INSERT INTO gpting.account (member, version, username, email, document) VALUES ($1, 1, $2, $3, $4)
    ON CONFLICT (member) DO NOTHING";
const REPLACE_ACCOUNT: &str = "
    UPDATE gpting.account SET version = version + 1, username = $2, email = $3, document = $4
    WHERE member = $1 AND version = $5";
const CREATE_SESSION: &str = "
    INSERT INTO gpting.session (id, version, member, created_at, document, ends_at) VALUES ($1, 1, $2, $3, $4, $5)
    ON CONFLICT (id) DO NOTHING";
const REPLACE_SESSION: &str = "
    UPDATE gpting.session SET version = version + 1, member = $2, created_at = $3, document = $4, ends_at = $5
    WHERE id = $1 AND version = $6";
const ENDED_SESSIONS: &str = "
    SELECT id FROM unnest($1::bigint[]) AS known (id)
    WHERE NOT EXISTS (SELECT FROM gpting.session WHERE session.id = known.id AND coalesce(session.ends_at, session.created_at + 2592000000000) > $2)";
const DELETE_SESSION: &str = "DELETE FROM gpting.session WHERE id = $1";
const CREATE_PENDING: &str = "
    INSERT INTO gpting.pending (id, version, email, created_at, document) VALUES ($1, 1, $2, $3, $4)
    ON CONFLICT (id) DO NOTHING";
const REPLACE_PENDING: &str = "
    UPDATE gpting.pending SET version = version + 1, email = $2, created_at = $3, document = $4
    WHERE id = $1 AND version = $5";
const TAKE_PENDING: &str = "DELETE FROM gpting.pending WHERE id = $1";
const DROP_PENDINGS: &str = "
    DELETE FROM gpting.pending WHERE id IN (
        SELECT id FROM gpting.pending WHERE email = $1 ORDER BY id FOR UPDATE
    )";
const DROP_OLD_PENDINGS: &str = "
    DELETE FROM gpting.pending WHERE id IN (
        SELECT id FROM gpting.pending WHERE created_at < $1 ORDER BY id FOR UPDATE
    )";
/// The expression is the index's, which also knows rows of builds that did not write the column.
const DROP_ENDED_SESSIONS: &str = "
    DELETE FROM gpting.session WHERE id IN (
        SELECT id FROM gpting.session WHERE coalesce(ends_at, created_at + 2592000000000) < $1 ORDER BY id FOR UPDATE
    )";
const ERASE_ACCOUNT: &str = "
    WITH account AS (
        DELETE FROM gpting.account WHERE member = $1 RETURNING email
    ), session AS (
        DELETE FROM gpting.session WHERE id IN (
            SELECT id FROM gpting.session WHERE member = $1 ORDER BY id FOR UPDATE
        )
    )
    DELETE FROM gpting.pending WHERE id IN (
        SELECT id FROM gpting.pending WHERE email IN (SELECT email FROM account) ORDER BY id FOR UPDATE
    )";

pub(crate) async fn account(store: &PgStore, member: MemberId) -> StoreResult<Option<Versioned<Account>>> {
    let statement = store.query(ACCOUNT_BY_MEMBER).bind(member.value());
    let row = statement.fetch_optional(&store.pool).await.map_err(store_error)?;
    any_versioned(ACCOUNT, row.as_ref())
}

pub(crate) async fn account_by_login(store: &PgStore, login: &str) -> StoreResult<Option<Versioned<Account>>> {
    let statement = store.query(ACCOUNT_BY_LOGIN).bind(login);
    let row = statement.fetch_optional(&store.pool).await.map_err(store_error)?;
    any_versioned(ACCOUNT, row.as_ref())
}

pub(crate) async fn session(store: &PgStore, id: SessionId) -> StoreResult<Option<Versioned<Session>>> {
    let statement = store.query(SESSION_BY_ID).bind(id.value());
    let row = statement.fetch_optional(&store.pool).await.map_err(store_error)?;
    any_versioned(SESSION, row.as_ref())
}

pub(crate) async fn ended_sessions(
    store: &PgStore,
    sessions: &[SessionId],
    now: Timestamp,
) -> StoreResult<Vec<SessionId>> {
    let ids: Vec<i64> = sessions.iter().map(|session| session.value()).collect();
    let statement = store.query(ENDED_SESSIONS).bind(ids).bind(now.as_microsecond());
    let rows = statement.fetch_all(&store.pool).await.map_err(store_error)?;
    rows.iter().map(|row| Row::of(SESSION, row).id("id", SessionId::new)).collect()
}

pub(crate) async fn list_sessions(store: &PgStore, member: MemberId) -> StoreResult<Vec<Session>> {
    let statement = store.query(SESSIONS).bind(member.value());
    let rows = statement.fetch_all(&store.pool).await.map_err(store_error)?;
    rows.iter().map(|row| Row::of(SESSION, row).document()).collect()
}

pub(crate) async fn pending(store: &PgStore, id: PendingId) -> StoreResult<Option<Versioned<PendingSignUp>>> {
    let statement = store.query(PENDING_BY_ID).bind(id.value());
    let row = statement.fetch_optional(&store.pool).await.map_err(store_error)?;
    any_versioned(PENDING, row.as_ref())
}

pub(crate) async fn pendings_by_email(store: &PgStore, email: &str) -> StoreResult<Vec<Versioned<PendingSignUp>>> {
    let statement = store.query(PENDINGS).bind(email);
    let rows = statement.fetch_all(&store.pool).await.map_err(store_error)?;
    all_versioned(PENDING, &rows)
}

impl Commit<'_> {
    pub(crate) async fn put_account(&mut self, account: &Account, expect: Expect) -> StoreResult<()> {
        let statement = self
            .query(put(expect, CREATE_ACCOUNT, REPLACE_ACCOUNT))
            .bind(account.member.value())
            .bind(&account.username)
            .bind(&account.email_canonical)
            .bind(Json(account));
        require(self.run(bind_expected(statement, expect)).await?, 1)
    }

    pub(crate) async fn put_session(&mut self, session: &Session, expect: Expect) -> StoreResult<()> {
        let statement = self
            .query(put(expect, CREATE_SESSION, REPLACE_SESSION))
            .bind(session.id.value())
            .bind(session.member.value())
            .bind(session.created_at.as_microsecond())
            .bind(Json(session))
            .bind(session.ends_at().as_microsecond());
        require(self.run(bind_expected(statement, expect)).await?, 1)
    }

    pub(crate) async fn delete_session(&mut self, id: SessionId) -> StoreResult<()> {
        let statement = self.query(DELETE_SESSION).bind(id.value());
        self.run(statement).await.map(drop)
    }

    pub(crate) async fn put_pending(&mut self, pending: &PendingSignUp, expect: Expect) -> StoreResult<()> {
        let statement = self
            .query(put(expect, CREATE_PENDING, REPLACE_PENDING))
            .bind(pending.id.value())
            .bind(&pending.email_canonical)
            .bind(pending.created_at.as_microsecond())
            .bind(Json(pending));
        require(self.run(bind_expected(statement, expect)).await?, 1)
    }

    pub(crate) async fn take_pending(&mut self, id: PendingId) -> StoreResult<()> {
        let statement = self.query(TAKE_PENDING).bind(id.value());
        require(self.run(statement).await?, 1)
    }

    pub(crate) async fn drop_pendings(&mut self, email: &str) -> StoreResult<()> {
        let statement = self.query(DROP_PENDINGS).bind(email);
        self.run(statement).await.map(drop)
    }

    pub(crate) async fn drop_old_pendings(&mut self, before: Timestamp) -> StoreResult<()> {
        let statement = self.query(DROP_OLD_PENDINGS).bind(before.as_microsecond());
        self.run(statement).await.map(drop)
    }

    pub(crate) async fn drop_ended_sessions(&mut self, before: Timestamp) -> StoreResult<()> {
        let statement = self.query(DROP_ENDED_SESSIONS).bind(before.as_microsecond());
        self.run(statement).await.map(drop)
    }

    pub(crate) async fn erase_account(&mut self, member: MemberId) -> StoreResult<()> {
        let statement = self.query(ERASE_ACCOUNT).bind(member.value());
        self.run(statement).await.map(drop)
    }
}
