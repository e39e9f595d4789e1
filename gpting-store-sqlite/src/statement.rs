//! What the nouns' writes have in common: a statement that must touch one row, and the answer to an unknown change.
//!
//! Called by every noun's file and by [`commit`](crate::commit); calls the driver.

use gpting_core::store::{StoreError, StoreResult};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteArguments;

use crate::error::from_sqlx;

/// A statement with its arguments.
pub(crate) type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

/// The answer to a change that this version of the store does not know.
pub(crate) fn unknown_change() -> StoreError {
    StoreError::Internal("a change that this version of the store does not know".into())
}

/// Runs a put that must touch exactly one row; otherwise the row is not as expected.
pub(crate) async fn one_row(put: Query<'_>, connection: &mut SqliteConnection) -> StoreResult<()> {
    let done = put.execute(connection).await.map_err(from_sqlx)?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale) }
}
