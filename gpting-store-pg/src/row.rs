//! Rows to domain values and back: the one place that knows how a column holds an id, a time, a count or a document.
//!
//! A value that the domain refuses (an id out of range, a document that does not parse) is [`StoreError::Corrupt`] with
//! its table, column and key; it is never passed over.

use gpting_core::store::{Expect, StoreError, StoreResult, Versioned};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::types::Json;
use sqlx::{Decode, Postgres, Row as _, Type};

/// A statement with its parameters.
pub(crate) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// A row of a table, whose first selected column is its key.
pub(crate) struct Row<'r> {
    table: &'static str,
    row: &'r PgRow,
}

impl<'r> Row<'r> {
    pub(crate) fn of(table: &'static str, row: &'r PgRow) -> Self {
        Self { table, row }
    }

    /// A column as the driver reads it.
    pub(crate) fn get<T>(&self, column: &'static str) -> StoreResult<T>
    where
        T: Decode<'r, Postgres> + Type<Postgres>,
    {
        self.row.try_get(column).map_err(|_| self.corrupt(column))
    }

    /// An id.
    pub(crate) fn id<T>(&self, column: &'static str, id: fn(i64) -> Option<T>) -> StoreResult<T> {
        id(self.get(column)?).ok_or_else(|| self.corrupt(column))
    }

    /// A number that is never negative: a version, a `seq`, a count.
    pub(crate) fn count(&self, column: &'static str) -> StoreResult<u64> {
        u64::try_from(self.get::<i64>(column)?).map_err(|_| self.corrupt(column))
    }

    /// A time.
    pub(crate) fn time(&self, column: &'static str) -> StoreResult<Timestamp> {
        Timestamp::from_microsecond(self.get(column)?).map_err(|_| self.corrupt(column))
    }

    /// A time that may be missing.
    pub(crate) fn time_if_any(&self, column: &'static str) -> StoreResult<Option<Timestamp>> {
        let micros: Option<i64> = self.get(column)?;
        micros.map(Timestamp::from_microsecond).transpose().map_err(|_| self.corrupt(column))
    }

    /// The value in the column `document`.
    pub(crate) fn document<T: DeserializeOwned>(&self) -> StoreResult<T>
    where
        Json<T>: Decode<'r, Postgres> + Type<Postgres>,
    {
        Ok(self.get::<Json<T>>("document")?.0)
    }

    /// The value in the column `document`, with its version.
    pub(crate) fn versioned<T: DeserializeOwned>(&self) -> StoreResult<Versioned<T>>
    where
        Json<T>: Decode<'r, Postgres> + Type<Postgres>,
    {
        Ok(Versioned { version: self.count("version")?, value: self.document()? })
    }

    /// What to answer about a column that cannot be read.
    pub(crate) fn corrupt(&self, column: &'static str) -> StoreError {
        let id = self.row.try_get::<i64, _>(0).map_or_else(|_| "?".to_owned(), |key| key.to_string());
        StoreError::Corrupt { table: self.table, column, id }
    }
}

/// Documents with versions out of the rows of a table.
pub(crate) fn all_versioned<T>(table: &'static str, rows: &[PgRow]) -> StoreResult<Vec<Versioned<T>>>
where
    T: DeserializeOwned,
    for<'r> Json<T>: Decode<'r, Postgres> + Type<Postgres>,
{
    rows.iter().map(|row| Row::of(table, row).versioned()).collect()
}

/// The document with its version out of the row of a table, if there is one.
pub(crate) fn any_versioned<T>(table: &'static str, row: Option<&PgRow>) -> StoreResult<Option<Versioned<T>>>
where
    T: DeserializeOwned,
    for<'r> Json<T>: Decode<'r, Postgres> + Type<Postgres>,
{
    row.map(|row| Row::of(table, row).versioned()).transpose()
}

/// A number as a column holds it. What does not fit is larger than everything stored, and stays so.
pub(crate) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A limit as `LIMIT` takes it.
pub(crate) fn limit(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Chooses the statement that creates a row or the one that replaces it.
pub(crate) fn put(expect: Expect, create: &'static str, replace: &'static str) -> &'static str {
    match expect {
        Expect::New => create,
        Expect::Version(_) => replace,
    }
}

/// Binds the expected version, the last parameter of every statement that replaces; one that creates has none.
pub(crate) fn bind_expected(statement: Statement<'_>, expect: Expect) -> Statement<'_> {
    match expect {
        Expect::New => statement,
        Expect::Version(version) => statement.bind(number(version)),
    }
}

/// Stale unless `expected` rows were touched.
pub(crate) fn require(touched: u64, expected: u64) -> StoreResult<()> {
    if touched == expected { Ok(()) } else { Err(StoreError::Stale) }
}
