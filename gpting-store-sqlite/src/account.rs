//! Accounts, sessions and pending sign-ups.
//!
//! User name and canonical address are unique columns: of two sign-ups that finish at once, one is told which is taken.

use gpting_core::account::{Account, AccountChange, PendingSignUp, Session};
use gpting_core::id::{MemberId, PendingId, SessionId};
use gpting_core::store::{Expect, StoreResult, Versioned};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::query::QueryAs;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection, SqlitePool, query, query_as, query_scalar};

use crate::error::from_sqlx;
use crate::row::{Place, micros, number, to_document};
use crate::statement::{Query, one_row};

const INSERT_ACCOUNT: &str = "
    INSERT INTO account (member, version, username, email, document) VALUES (?1, 1, ?2, ?3, ?4)
    ON CONFLICT (member) DO NOTHING";

const UPDATE_ACCOUNT: &str = "
    UPDATE account SET version = version + 1, username = ?2, email = ?3, document = ?4
    WHERE member = ?1 AND version = ?5";

const INSERT_SESSION: &str = "
    INSERT INTO session (id, version, member, created_at, document, ends_at) VALUES (?1, 1, ?2, ?3, ?4, ?5)
    ON CONFLICT (id) DO NOTHING";

const UPDATE_SESSION: &str = "
    UPDATE session SET version = version + 1, member = ?2, created_at = ?3, document = ?4, ends_at = ?5
    WHERE id = ?1 AND version = ?6";

const ENDED_SESSIONS: &str = "
    SELECT known.value FROM json_each(?1) AS known
    WHERE NOT EXISTS (SELECT 1 FROM session WHERE session.id = known.value AND coalesce(session.ends_at, session.created_at + 2592000000000) > ?2)";

const DELETE_SESSION: &str = "DELETE FROM session WHERE id = ?1";

const INSERT_PENDING: &str = "
    INSERT INTO pending (id, version, email, created_at, document) VALUES (?1, 1, ?2, ?3, ?4)
    ON CONFLICT (id) DO NOTHING";

const UPDATE_PENDING: &str = "
    UPDATE pending SET version = version + 1, email = ?2, created_at = ?3, document = ?4
    WHERE id = ?1 AND version = ?5";

const TAKE_PENDING: &str = "DELETE FROM pending WHERE id = ?1";

const DROP_PENDINGS: &str = "DELETE FROM pending WHERE email = ?1";

const DROP_OLD_PENDINGS: &str = "DELETE FROM pending WHERE created_at < ?1";

const DROP_ENDED_SESSIONS: &str = "DELETE FROM session WHERE ends_at < ?1";

const ERASE: &str = "
    DELETE FROM pending WHERE email = (SELECT email FROM account WHERE member = ?1);
    DELETE FROM session WHERE member = ?1;
    DELETE FROM account WHERE member = ?1";

const ACCOUNT: &str = "SELECT member, version, document FROM account WHERE member = ?1";

const ACCOUNT_BY_LOGIN: &str = "
    SELECT member, version, document FROM account WHERE username = ?1 OR email = ?1
    ORDER BY username = ?1 DESC LIMIT 1";

const SESSION: &str = "SELECT id, version, document FROM session WHERE id = ?1";

const SESSIONS: &str = "
    SELECT id, version, document FROM session WHERE member = ?1 ORDER BY created_at DESC, id DESC";

const PENDING: &str = "SELECT id, version, document FROM pending WHERE id = ?1";

const PENDINGS_BY_EMAIL: &str = "
    SELECT id, version, document FROM pending WHERE email = ?1 ORDER BY created_at DESC, id DESC";

type Row = (i64, i64, String);

/// Applies one change; answers whether it erased something that must not survive in any file.
pub(crate) async fn apply(connection: &mut SqliteConnection, change: &AccountChange) -> StoreResult<bool> {
    match change {
        AccountChange::PutAccount(account, expect) => {
            let put = query(either(*expect, INSERT_ACCOUNT, UPDATE_ACCOUNT))
                .bind(account.member.value())
                .bind(account.username.as_str())
                .bind(account.email_canonical.as_str())
                .bind(to_document(account)?);
            put_expecting(put, *expect, connection).await?;
        }
        AccountChange::PutSession(session, expect) => {
            let put = query(either(*expect, INSERT_SESSION, UPDATE_SESSION))
                .bind(session.id.value())
                .bind(session.member.value())
                .bind(micros(session.created_at))
                .bind(to_document(session)?)
                .bind(micros(session.ends_at()));
            put_expecting(put, *expect, connection).await?;
        }
        AccountChange::DeleteSession(id) => {
            any_rows(query(DELETE_SESSION).bind(id.value()), connection).await?;
        }
        AccountChange::PutPending(pending, expect) => {
            let put = query(either(*expect, INSERT_PENDING, UPDATE_PENDING))
                .bind(pending.id.value())
                .bind(pending.email_canonical.as_str())
                .bind(micros(pending.created_at))
                .bind(to_document(pending)?);
            put_expecting(put, *expect, connection).await?;
        }
        AccountChange::TakePending(id) => one_row(query(TAKE_PENDING).bind(id.value()), connection).await?,
        AccountChange::DropPendings { email } => {
            any_rows(query(DROP_PENDINGS).bind(email.as_str()), connection).await?;
        }
        AccountChange::DropOldPendings { before } => {
            any_rows(query(DROP_OLD_PENDINGS).bind(micros(*before)), connection).await?;
        }
        AccountChange::DropEndedSessions { before } => {
            any_rows(query(DROP_ENDED_SESSIONS).bind(micros(*before)), connection).await?;
        }
        AccountChange::EraseAccount(member) => {
            return any_rows(query(ERASE).bind(member.value()), connection).await;
        }
        // The enum grows in minor versions of the core; a store that does not know a change must not pass over it.
        unknown => {
            tracing::error!(change = ?std::mem::discriminant(unknown), "store.sqlite.unknown_change");
            return Err(crate::statement::unknown_change());
        }
    }
    Ok(false)
}

/// A member's account.
pub(crate) async fn one(readers: &SqlitePool, member: MemberId) -> StoreResult<Option<Versioned<Account>>> {
    optional("account", query_as(ACCOUNT).bind(member.value()), readers).await
}

/// The account with this user name or address, both canonical.
pub(crate) async fn by_login(readers: &SqlitePool, login: &str) -> StoreResult<Option<Versioned<Account>>> {
    optional("account", query_as(ACCOUNT_BY_LOGIN).bind(login.to_owned()), readers).await
}

/// A session.
pub(crate) async fn session(readers: &SqlitePool, id: SessionId) -> StoreResult<Option<Versioned<Session>>> {
    optional("session", query_as(SESSION).bind(id.value()), readers).await
}

/// Those of some sessions that have ended.
pub(crate) async fn ended_sessions(
    readers: &SqlitePool,
    sessions: &[SessionId],
    now: Timestamp,
) -> StoreResult<Vec<SessionId>> {
    let ids: Vec<i64> = sessions.iter().map(|session| session.value()).collect();
    let ended = query_scalar(ENDED_SESSIONS).bind(to_document(&ids)?).bind(micros(now));
    let ended: Vec<i64> = ended.fetch_all(readers).await.map_err(from_sqlx)?;
    Ok(ended.into_iter().filter_map(SessionId::new).collect())
}

/// A member's sessions, newest first.
pub(crate) async fn sessions(readers: &SqlitePool, member: MemberId) -> StoreResult<Vec<Session>> {
    let sessions = all("session", query_as(SESSIONS).bind(member.value()), readers).await?;
    Ok(sessions.into_iter().map(|session| session.value).collect())
}

/// A pending sign-up.
pub(crate) async fn pending(readers: &SqlitePool, id: PendingId) -> StoreResult<Option<Versioned<PendingSignUp>>> {
    optional("pending", query_as(PENDING).bind(id.value()), readers).await
}

/// Pending sign-ups with this address, newest first.
pub(crate) async fn pendings_by_email(readers: &SqlitePool, email: &str) -> StoreResult<Vec<Versioned<PendingSignUp>>> {
    all("pending", query_as(PENDINGS_BY_EMAIL).bind(email.to_owned()), readers).await
}

type Read = QueryAs<'static, Sqlite, Row, SqliteArguments>;

async fn optional<T: DeserializeOwned>(
    table: &'static str,
    read: Read,
    readers: &SqlitePool,
) -> StoreResult<Option<Versioned<T>>> {
    let row = read.fetch_optional(readers).await.map_err(from_sqlx)?;
    row.map(|(id, version, document)| Place::new(table, id).versioned(version, &document)).transpose()
}

async fn all<T: DeserializeOwned>(
    table: &'static str,
    read: Read,
    readers: &SqlitePool,
) -> StoreResult<Vec<Versioned<T>>> {
    let rows = read.fetch_all(readers).await.map_err(from_sqlx)?;
    rows.into_iter().map(|(id, version, document)| Place::new(table, id).versioned(version, &document)).collect()
}

fn either(expect: Expect, insert: &'static str, update: &'static str) -> &'static str {
    match expect {
        Expect::New => insert,
        Expect::Version(_) => update,
    }
}

/// Runs a put whose last argument is the expected version, if one is expected.
async fn put_expecting(put: Query<'_>, expect: Expect, connection: &mut SqliteConnection) -> StoreResult<()> {
    let put = match expect {
        Expect::New => put,
        Expect::Version(version) => put.bind(number(version)),
    };
    one_row(put, connection).await
}

/// Runs a statement and answers whether it touched anything.
async fn any_rows(statement: Query<'_>, connection: &mut SqliteConnection) -> StoreResult<bool> {
    let done = statement.execute(connection).await.map_err(from_sqlx)?;
    Ok(done.rows_affected() > 0)
}
