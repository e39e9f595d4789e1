//! A commit on its way: the connection that every noun's writes go through, and what has been appended so far.

use gpting_core::store::{Appended, Committed, StoreResult};
use sqlx::PgConnection;

use crate::error::store_error;
use crate::row::Statement;
use crate::schema::Schema;

/// A commit on its way: a connection, and what has been appended so far.
pub(crate) struct Commit<'c> {
    pub(crate) connection: &'c mut PgConnection,
    pub(crate) appended: Vec<Appended>,
    /// How many are left of the emptiest allowance that was taken from.
    pub(crate) left: Option<u64>,
    schema: &'c Schema,
}

impl<'c> Commit<'c> {
    /// On this connection, in this schema.
    pub(crate) fn on(connection: &'c mut PgConnection, schema: &'c Schema) -> Self {
        Self { connection, schema, appended: Vec::new(), left: None }
    }

    /// One of this crate's statements, in the store's schema.
    pub(crate) fn query(&self, statement: &'static str) -> Statement<'static> {
        sqlx::query(self.schema.sql(statement))
    }

    /// What to answer once it is committed.
    pub(crate) fn committed(self) -> Committed {
        Committed { appended: self.appended, left: self.left }
    }

    /// Runs a statement and counts the rows that it touched or found.
    pub(crate) async fn run(&mut self, statement: Statement<'_>) -> StoreResult<u64> {
        let result = statement.execute(&mut *self.connection).await.map_err(store_error)?;
        Ok(result.rows_affected())
    }
}
