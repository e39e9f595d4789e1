//! What SQLite says of a connection, so that a test or an operator can see that none is without its safeguards.

use gpting_core::store::StoreResult;
use sqlx::{SqliteConnection, query_as};

use crate::error::from_sqlx;

const READ: &str = "
    SELECT journal_mode, synchronous, foreign_keys, secure_delete, timeout, query_only
    FROM pragma_journal_mode, pragma_synchronous, pragma_foreign_keys, pragma_secure_delete, pragma_busy_timeout,
        pragma_query_only";

/// The settings of one connection, as SQLite reports them.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
#[non_exhaustive]
pub struct ConnectionSettings {
    /// `wal`.
    pub journal_mode: String,
    /// 2 = `FULL`: a commit is on the disk when it returns; 1 = `NORMAL`.
    pub synchronous: i64,
    /// Whether references between rows are enforced.
    pub foreign_keys: bool,
    /// Whether deleted content is overwritten with zeros.
    pub secure_delete: bool,
    /// How long the connection waits for a lock, in milliseconds.
    #[sqlx(rename = "timeout")]
    pub busy_timeout_ms: i64,
    /// Whether the connection can only read.
    pub query_only: bool,
}

/// Asks a connection.
pub(crate) async fn read(connection: &mut SqliteConnection) -> StoreResult<ConnectionSettings> {
    query_as(READ).fetch_one(connection).await.map_err(from_sqlx)
}
