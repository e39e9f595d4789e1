//! Moving a schema's rows out and in: [`Source`] and [`Target`] of a copy.
//!
//! A source holds one `REPEATABLE READ` transaction on a connection of its own: it sees the database as it was at one
//! instant, and vacuum keeps what it may still read until it is dropped. A target writes on one connection. Statements
//! are made from [`TABLES`], whose names are this crate's too.

use std::fmt::Write as _;

use async_trait::async_trait;
use gpting_core::store::transfer::{Cell, Keyed, Kind, Progress, Row, Source, Standing, TABLES, Table, Target};
use gpting_core::store::{StoreError, StoreResult};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{Connection as _, PgConnection, Row as _};
use uuid::Uuid;

use crate::PgStore;
use crate::error::store_error;
use crate::row::{Statement, limit, require};
use crate::schema::Schema;

const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// A copy is longer than what a host may have set for requests.
const UNHURRIED: &str = "
    SELECT pg_catalog.set_config(name, '0', false)
    FROM unnest(ARRAY['statement_timeout', 'idle_in_transaction_session_timeout']) AS name";
const IDENTITY: &str = "
    SELECT concat_ws(' ', system_identifier, oid)
    FROM pg_catalog.pg_control_system(), pg_catalog.pg_database WHERE datname = current_database()";
const LAST_EVENT: &str = "
    SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('gpting.outbox', 'number')::regclass), 0)";
const NOTED: &str = "SELECT name, source, document FROM gpting.copying";
const NOTE: &str = "INSERT INTO gpting.copying (name, source, document) VALUES ($1, $2, $3)";
const NOTE_AGAIN: &str = "
    UPDATE gpting.copying SET document = $2 WHERE name = $1 AND ($3::jsonb IS NULL OR document = $3)";
const NEXT_EVENT: &str = "
    SELECT setval(pg_get_serial_sequence('gpting.outbox', 'number'), greatest($1, 1), $1 > 0)";
const END: &str = "DELETE FROM gpting.copying";

/// A schema that a copy reads or writes.
#[derive(Debug)]
pub struct PgTransfer {
    connection: PgConnection,
    schema: Schema,
    identity: String,
}

impl PgTransfer {
    /// The store as it is now, to be copied from; it must be on the schema of this build. Nothing is written.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it is out of reach, [`StoreError::Internal`] when it is on an older schema or
    /// holds half of a copy itself.
    pub async fn source(store: &PgStore) -> StoreResult<Self> {
        gpting_core::store::Store::health(store).await?;
        let mut transfer = Self::on(store).await?;
        sqlx::query(SNAPSHOT).execute(&mut transfer.connection).await.map_err(store_error)?;
        // A transaction sees the database as it is at its first statement.
        transfer.last_event().await?;
        Ok(transfer)
    }

    /// The store to be copied into, brought to the schema of this build.
    ///
    /// # Errors
    /// As [`PgStore::migrate`].
    pub async fn target(store: &PgStore) -> StoreResult<Self> {
        store.migrate().await?;
        Self::on(store).await
    }

    /// Lets the connection go.
    ///
    /// # Errors
    /// When it cannot be closed.
    pub async fn close(self) -> StoreResult<()> {
        self.connection.close().await.map_err(store_error)
    }

    async fn on(store: &PgStore) -> StoreResult<Self> {
        let mut connection = store.pool.acquire().await.map_err(store_error)?.detach();
        sqlx::query(UNHURRIED).execute(&mut connection).await.map_err(store_error)?;
        let place: String = sqlx::query_scalar(IDENTITY).fetch_one(&mut connection).await.map_err(store_error)?;
        let identity = format!("postgres {place} {}", store.schema.name());
        Ok(Self { connection, schema: store.schema.clone(), identity })
    }

    fn query(&self, statement: &'static str) -> Statement<'static> {
        sqlx::query(self.schema.sql(statement))
    }

    /// Changes the note of a table; without `before` whatever it is.
    async fn note(&mut self, table: &Table, before: Option<&Progress>, progress: &Progress) -> StoreResult<()> {
        let note = self.query(NOTE_AGAIN).bind(table.name).bind(Json(progress)).bind(before.map(Json));
        require(note.execute(&mut self.connection).await.map_err(store_error)?.rows_affected(), 1)
    }

    async fn run(&mut self, statement: Statement<'_>) -> StoreResult<()> {
        statement.execute(&mut self.connection).await.map(drop).map_err(store_error)
    }

    /// Ends the transaction that is open, well or not.
    async fn finish(&mut self, done: StoreResult<()>) -> StoreResult<()> {
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = sqlx::query(end).execute(&mut self.connection).await.map(drop).map_err(store_error);
        done.and(ended)
    }

    async fn insert(&mut self, table: &'static Table, rows: &[Row]) -> StoreResult<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let put = sqlx::query(self.schema.made(&insert(table))).bind(Json(to_json(rows)));
        require(put.execute(&mut self.connection).await.map_err(store_error)?.rows_affected(), rows.len() as u64)
    }
}

/// The columns that the rows of a table are read in the order of.
fn key(table: &Table) -> &'static [&'static str] {
    match table.name {
        "erased" | "account" => &["member"],
        "pair" => &["low", "high"],
        "pair_list" => &["member", "other", "list"],
        "impression" => &["viewer", "candidate"],
        "daily_pick" => &["member", "day", "other"],
        "made" => &["member", "errand", "other"],
        "finding" => &["member", "aspect", "about", "judge"],
        "message" => &["room", "seq"],
        "message_hidden" => &["room", "member", "seq"],
        "read_mark" => &["room", "member"],
        "outbox" => &["number"],
        _ => &["id"],
    }
}

fn select(table: &Table, is_first: bool) -> String {
    let key = key(table);
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| match column.kind {
            Kind::Integer => format!("{}::bigint", column.name),
            Kind::Text | Kind::Bytes | Kind::Document => column.name.to_owned(),
        })
        .chain(key.iter().map(|name| format!("{name}::bigint")))
        .collect();
    let mut sql = format!("SELECT {} FROM gpting.{}", columns.join(", "), table.name);
    if !is_first {
        let places: Vec<_> = (2..2 + key.len()).map(|place| format!("${place}")).collect();
        let _ = write!(sql, " WHERE ({}) > ({})", key.join(", "), places.join(", "));
    }
    let of_table: Vec<_> = key.iter().map(|name| format!("{}.{name}", table.name)).collect();
    let _ = write!(sql, " ORDER BY {} LIMIT $1", of_table.join(", "));
    sql
}

fn insert(table: &Table) -> String {
    let names: Vec<_> = table.columns.iter().map(|column| column.name).collect();
    let values: Vec<_> = (0..)
        .zip(table.columns)
        .map(|(place, column)| match column.kind {
            Kind::Integer => format!("(row ->> {place})::bigint"),
            Kind::Text => format!("row ->> {place}"),
            Kind::Bytes => format!("(row ->> {place})::uuid"),
            Kind::Document => format!("row -> {place}"),
        })
        .collect();
    format!(
        "INSERT INTO gpting.{} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM jsonb_array_elements($1) AS put (row)",
        table.name,
        names.join(", "),
        values.join(", ")
    )
}

fn read(table: &'static Table, row: &PgRow) -> StoreResult<Keyed> {
    let first = table.columns.len();
    let key: Vec<i64> = (first..first + key(table).len())
        .map(|place| row.try_get(place))
        .collect::<Result<_, _>>()
        .map_err(store_error)?;
    let id = key.first().copied().unwrap_or_default();
    let cells = table.columns.iter().enumerate().map(|(place, column)| {
        let corrupt = |_| StoreError::Corrupt { table: table.name, column: column.name, id: id.to_string() };
        Ok(match column.kind {
            Kind::Integer => row.try_get::<Option<i64>, _>(place).map_err(corrupt)?.map(Cell::Integer),
            Kind::Text => row.try_get::<Option<String>, _>(place).map_err(corrupt)?.map(Cell::Text),
            Kind::Bytes => {
                let bytes: Option<Uuid> = row.try_get(place).map_err(corrupt)?;
                bytes.map(|bytes| Cell::Bytes(bytes.as_bytes().to_vec()))
            }
            Kind::Document => {
                let document: Json<serde_json::Value> = row.try_get(place).map_err(corrupt)?;
                Some(Cell::Document(document.0))
            }
        }
        .unwrap_or(Cell::Null))
    });
    Ok(Keyed { row: cells.collect::<StoreResult<_>>()?, key })
}

/// Rows as one JSON value, bytes in hexadecimal.
fn to_json(rows: &[Row]) -> serde_json::Value {
    let cell = |cell: &Cell| match cell {
        Cell::Null => serde_json::Value::Null,
        Cell::Integer(number) => (*number).into(),
        Cell::Text(text) => text.as_str().into(),
        Cell::Bytes(bytes) => bytes
            .iter()
            .fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
            .into(),
        Cell::Document(document) => document.clone(),
    };
    rows.iter().map(|row| row.iter().map(cell).collect::<serde_json::Value>()).collect()
}

#[async_trait]
impl Source for PgTransfer {
    fn identity(&self) -> &str {
        &self.identity
    }

    async fn count(&mut self, table: &'static Table) -> StoreResult<u64> {
        let sql = self.schema.made(&format!("SELECT count(*) FROM gpting.{}", table.name));
        let rows: i64 = sqlx::query_scalar(sql).fetch_one(&mut self.connection).await.map_err(store_error)?;
        Ok(rows.unsigned_abs())
    }

    async fn rows(&mut self, table: &'static Table, after: Option<&[i64]>, most: usize) -> StoreResult<Vec<Keyed>> {
        let mut statement = sqlx::query(self.schema.made(&select(table, after.is_none()))).bind(limit(most));
        for number in after.unwrap_or_default() {
            statement = statement.bind(*number);
        }
        let rows = statement.fetch_all(&mut self.connection).await.map_err(store_error)?;
        rows.iter().map(|row| read(table, row)).collect()
    }

    async fn last_event(&mut self) -> StoreResult<i64> {
        let row = self.query(LAST_EVENT).fetch_one(&mut self.connection).await.map_err(store_error)?;
        row.try_get(0).map_err(store_error)
    }
}

#[async_trait]
impl Target for PgTransfer {
    async fn standing(&mut self) -> StoreResult<Standing> {
        let rows = self.query(NOTED).fetch_all(&mut self.connection).await.map_err(store_error)?;
        let mut noted = Vec::new();
        for row in &rows {
            let progress: Json<Progress> = row.try_get("document").map_err(store_error)?;
            noted.push((row.try_get::<&str, _>("name").map_err(store_error)?, progress.0));
        }
        if let Some(row) = rows.first() {
            let of = |table: &Table| noted.iter().find(|(name, _)| *name == table.name).map(|(_, noted)| noted.clone());
            let progress: Option<Vec<Progress>> = TABLES.iter().map(of).collect();
            let source = row.try_get("source").map_err(store_error)?;
            return Ok(Standing::Begun { source, progress: progress.unwrap_or_default() });
        }
        for table in &TABLES {
            if self.count(table).await? > 0 {
                return Ok(Standing::Used);
            }
        }
        Ok(Standing::Empty)
    }

    async fn begin(&mut self, source: &str) -> StoreResult<()> {
        self.run(sqlx::query("BEGIN")).await?;
        let mut done = Ok(());
        for table in &TABLES {
            let note = self.query(NOTE).bind(table.name).bind(source.to_owned()).bind(Json(Progress::default()));
            done = done.and(self.run(note).await);
        }
        self.finish(done).await
    }

    async fn put(
        &mut self,
        table: &'static Table,
        rows: &[Row],
        before: &Progress,
        progress: &Progress,
    ) -> StoreResult<()> {
        self.run(sqlx::query("BEGIN")).await?;
        // Rows before the note: writers of members lock their table before anything else.
        let mut done = self.insert(table, rows).await;
        if done.is_ok() {
            done = self.note(table, Some(before), progress).await;
        }
        self.finish(done).await
    }

    async fn clear(&mut self, tables: &'static [Table]) -> StoreResult<()> {
        self.run(sqlx::query("BEGIN")).await?;
        let mut done = Ok(());
        for table in tables.iter().rev() {
            let delete = sqlx::query(self.schema.made(&format!("DELETE FROM gpting.{}", table.name)));
            done = done.and(self.run(delete).await);
            if done.is_ok() {
                done = self.note(table, None, &Progress::default()).await;
            }
        }
        self.finish(done).await
    }

    async fn end(&mut self, last_event: i64) -> StoreResult<()> {
        let next = self.query(NEXT_EVENT).bind(last_event);
        self.run(next).await?;
        let end = self.query(END);
        self.run(end).await
    }
}
