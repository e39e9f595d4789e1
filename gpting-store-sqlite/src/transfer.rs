//! Moving a file's rows out and in: [`Source`] and [`Target`] of a copy.
//!
//! A source holds one read transaction on a connection of its own: it sees the file as it was at one instant, writers
//! go on, and the write-ahead log grows until it is dropped. A target has the only connection that writes. Statements
//! are made from [`TABLES`], whose names are this crate's too but for two columns.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use async_trait::async_trait;
use gpting_core::store::transfer::{Cell, Column, Keyed, Kind, Progress, Row, Source, Standing, TABLES, Table, Target};
use gpting_core::store::{StoreError, StoreResult};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection, query, query_as, query_scalar};

use crate::error::{from_sqlx, unavailable};
use crate::options::Options;
use crate::row::{Place, limit, to_document};
use crate::schema;

const SNAPSHOT: &str = "BEGIN";
const LAST_EVENT: &str = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'";
const NEXT_POSITIONS: &str = "UPDATE state SET feed_position = feed_position + ?1 RETURNING feed_position - ?1 + 1";
const NOTED: &str = "SELECT name, source, document FROM copying";
const NOTE: &str = "INSERT INTO copying (name, source, document) VALUES (?1, ?2, ?3)";
const NOTE_AGAIN: &str = "UPDATE copying SET document = ?2 WHERE name = ?1 AND (?3 IS NULL OR document = ?3)";
const END: &str = "DELETE FROM copying";
const FORGET_LAST_EVENT: &str = "DELETE FROM sqlite_sequence WHERE name = 'outbox'";
const PUT_LAST_EVENT: &str = "INSERT INTO sqlite_sequence (name, seq) VALUES ('outbox', ?1)";

/// A file that a copy reads or writes.
#[derive(Debug)]
pub struct SqliteTransfer {
    connection: SqliteConnection,
    identity: String,
}

impl SqliteTransfer {
    /// The file as it is now, to be copied from; it must be there and on the schema of this build. Nothing is written.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it is not there, on another schema, or holds half of a copy itself.
    pub async fn source(path: impl AsRef<Path>) -> StoreResult<Self> {
        let path = path.as_ref();
        let options = Options::new(path).reader().create_if_missing(false);
        let mut connection = connect(&options, path).await?;
        schema::check_on(&mut connection).await?;
        query(SNAPSHOT).execute(&mut connection).await.map_err(from_sqlx)?;
        // A transaction sees the file as it is at its first read.
        let _: i64 = query_scalar(LAST_EVENT).fetch_one(&mut connection).await.map_err(from_sqlx)?;
        Ok(Self { connection, identity: identity(path)? })
    }

    /// The file to be copied into: made when it is not there, for its owner alone, and brought to the schema of this
    /// build.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it cannot be opened or made.
    pub async fn target(path: impl AsRef<Path>) -> StoreResult<Self> {
        let path = path.as_ref();
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(StoreError::Unavailable(Box::new(error)));
            }
            _ => {}
        }
        let mut connection = connect(&Options::new(path).writer(), path).await?;
        schema::migrate(&mut connection).await?;
        Ok(Self { connection, identity: identity(path)? })
    }

    /// Lets the file go.
    ///
    /// # Errors
    /// When it cannot be closed.
    pub async fn close(self) -> StoreResult<()> {
        self.connection.close().await.map_err(from_sqlx)
    }

    async fn note(connection: &mut SqliteConnection, table: &Table, progress: &Progress) -> StoreResult<()> {
        let noted = query(NOTE_AGAIN).bind(table.name).bind(to_document(progress)?).bind(None::<String>);
        crate::statement::one_row(noted, connection).await
    }
}

async fn connect(options: &SqliteConnectOptions, path: &Path) -> StoreResult<SqliteConnection> {
    schema::connect(options).await.map_err(
        |error| {
            if path.exists() { error } else { unavailable("there is no such file") }
        },
    )
}

/// The place of the file: what it is called does not tell two apart when one is a link.
fn identity(path: &Path) -> StoreResult<String> {
    let path = path.canonicalize().map_err(|error| StoreError::Unavailable(Box::new(error)))?;
    Ok(format!("sqlite {}", path.display()))
}

/// What a column is called here.
fn named(table: &Table, column: &Column) -> &'static str {
    match (table.name, column.name) {
        ("pair", "friend_request") => "request",
        ("outbox", "document") => "event",
        (_, name) => name,
    }
}

/// The columns that the rows of a table are read in the order of.
fn key(table: &Table) -> &'static [&'static str] {
    match table.name {
        "erased" | "account" => &["member"],
        "pair" => &["low", "high"],
        "pair_list" => &["member", "list", "at", "other"],
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
    let columns: Vec<_> = table.columns.iter().map(|column| named(table, column)).chain(key.iter().copied()).collect();
    let mut sql = format!("SELECT {} FROM {}", columns.join(", "), table.name);
    if !is_first {
        let places: Vec<_> = (2..2 + key.len()).map(|place| format!("?{place}")).collect();
        let _ = write!(sql, " WHERE ({}) > ({})", key.join(", "), places.join(", "));
    }
    let _ = write!(sql, " ORDER BY {} LIMIT ?1", key.join(", "));
    sql
}

fn insert(table: &Table) -> String {
    let mut names: Vec<_> = table.columns.iter().map(|column| named(table, column)).collect();
    let mut values: Vec<_> = (0..)
        .zip(table.columns)
        .map(|(place, column)| match column.kind {
            Kind::Bytes => format!("unhex(value ->> {place})"),
            Kind::Integer | Kind::Text | Kind::Document => format!("value ->> {place}"),
        })
        .collect();
    let mut more = |name, value: &str| {
        names.push(name);
        values.push(value.to_owned());
    };
    match table.name {
        // The place in the feed, which begins anew here.
        "member" | "erased" => more("change", "?2 + key"),
        "pair_list" => {
            more("low", "min(value ->> 0, value ->> 1)");
            more("high", "max(value ->> 0, value ->> 1)");
        }
        _ => {}
    }
    format!("INSERT INTO {} ({}) SELECT {} FROM json_each(?1)", table.name, names.join(", "), values.join(", "))
}

fn read(table: &'static Table, row: &SqliteRow) -> StoreResult<Keyed> {
    let first = table.columns.len();
    let key: Vec<i64> = (first..first + key(table).len())
        .map(|place| row.try_get(place))
        .collect::<Result<_, _>>()
        .map_err(from_sqlx)?;
    let at = Place::new(table.name, key.first().copied().unwrap_or_default());
    let cells = table.columns.iter().enumerate().map(|(place, column)| {
        let corrupt = |_| at.corrupt(column.name);
        Ok(match column.kind {
            Kind::Integer => row.try_get::<Option<i64>, _>(place).map_err(corrupt)?.map(Cell::Integer),
            Kind::Text => row.try_get::<Option<String>, _>(place).map_err(corrupt)?.map(Cell::Text),
            Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(place).map_err(corrupt)?.map(Cell::Bytes),
            Kind::Document => {
                let text: &str = row.try_get(place).map_err(corrupt)?;
                Some(Cell::Document(at.document(text)?))
            }
        }
        .unwrap_or(Cell::Null))
    });
    Ok(Keyed { row: cells.collect::<StoreResult<_>>()?, key })
}

/// Rows as one JSON text, bytes in hexadecimal, documents as texts.
fn to_json(rows: &[Row]) -> StoreResult<String> {
    let cell = |cell: &Cell| {
        Ok(match cell {
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
            Cell::Document(document) => to_document(document)?.into(),
        })
    };
    let rows: Vec<Vec<_>> = rows.iter().map(|row| row.iter().map(cell).collect()).collect::<StoreResult<_>>()?;
    to_document(&rows)
}

#[async_trait]
impl Source for SqliteTransfer {
    fn identity(&self) -> &str {
        &self.identity
    }

    async fn count(&mut self, table: &'static Table) -> StoreResult<u64> {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {}", table.name));
        let rows: i64 = query_scalar(sql).fetch_one(&mut self.connection).await.map_err(from_sqlx)?;
        Ok(rows.unsigned_abs())
    }

    async fn rows(&mut self, table: &'static Table, after: Option<&[i64]>, most: usize) -> StoreResult<Vec<Keyed>> {
        let mut statement = query(AssertSqlSafe(select(table, after.is_none()))).bind(limit(most));
        for number in after.unwrap_or_default() {
            statement = statement.bind(*number);
        }
        let rows = statement.fetch_all(&mut self.connection).await.map_err(from_sqlx)?;
        rows.iter().map(|row| read(table, row)).collect()
    }

    async fn last_event(&mut self) -> StoreResult<i64> {
        query_scalar(LAST_EVENT).fetch_one(&mut self.connection).await.map_err(from_sqlx)
    }
}

#[async_trait]
impl Target for SqliteTransfer {
    async fn standing(&mut self) -> StoreResult<Standing> {
        let noted: Vec<(String, String, String)> =
            query_as(NOTED).fetch_all(&mut self.connection).await.map_err(from_sqlx)?;
        if let Some((_, source, _)) = noted.first() {
            let source = source.clone();
            let document = |table: &Table| {
                let found = noted.iter().find(|(name, ..)| name == table.name);
                found.map(|(_, _, document)| Place::new("copying", table.name).document(document)).transpose()
            };
            let progress: Option<Vec<_>> = TABLES.iter().map(document).collect::<StoreResult<_>>()?;
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
        let mut transaction = self.connection.begin_with("BEGIN IMMEDIATE").await.map_err(from_sqlx)?;
        for table in &TABLES {
            let note = query(NOTE).bind(table.name).bind(source).bind(to_document(&Progress::default())?);
            note.execute(&mut *transaction).await.map_err(from_sqlx)?;
        }
        transaction.commit().await.map_err(from_sqlx)
    }

    async fn put(
        &mut self,
        table: &'static Table,
        rows: &[Row],
        before: &Progress,
        progress: &Progress,
    ) -> StoreResult<()> {
        let mut transaction = self.connection.begin_with("BEGIN IMMEDIATE").await.map_err(from_sqlx)?;
        let noted = query(NOTE_AGAIN).bind(table.name).bind(to_document(progress)?).bind(to_document(before)?);
        crate::statement::one_row(noted, &mut transaction).await?;
        if !rows.is_empty() {
            let first: i64 = if matches!(table.name, "member" | "erased") {
                let count = limit(rows.len());
                query_scalar(NEXT_POSITIONS).bind(count).fetch_one(&mut *transaction).await.map_err(from_sqlx)?
            } else {
                0
            };
            let put = query(AssertSqlSafe(insert(table))).bind(to_json(rows)?);
            let put = if first > 0 { put.bind(first) } else { put };
            put.execute(&mut *transaction).await.map_err(from_sqlx)?;
        }
        transaction.commit().await.map_err(from_sqlx)
    }

    async fn clear(&mut self, tables: &'static [Table]) -> StoreResult<()> {
        let mut transaction = self.connection.begin_with("BEGIN IMMEDIATE").await.map_err(from_sqlx)?;
        for table in tables.iter().rev() {
            let sql = AssertSqlSafe(format!("DELETE FROM {}", table.name));
            query(sql).execute(&mut *transaction).await.map_err(from_sqlx)?;
            Self::note(&mut transaction, table, &Progress::default()).await?;
        }
        transaction.commit().await.map_err(from_sqlx)
    }

    async fn end(&mut self, last_event: i64) -> StoreResult<()> {
        let mut transaction = self.connection.begin_with("BEGIN IMMEDIATE").await.map_err(from_sqlx)?;
        query(FORGET_LAST_EVENT).execute(&mut *transaction).await.map_err(from_sqlx)?;
        query(PUT_LAST_EVENT).bind(last_event).execute(&mut *transaction).await.map_err(from_sqlx)?;
        query(END).execute(&mut *transaction).await.map_err(from_sqlx)?;
        transaction.commit().await.map_err(from_sqlx)
    }
}
