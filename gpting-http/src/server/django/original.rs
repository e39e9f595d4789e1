//! The database of the original installation, as tables of rows whose columns have names.
//!
//! Called by the readers of people and of what stands between them; calls SQLite or PostgreSQL, in one transaction that
//! reads and nothing else. A row is a JSON object, so that columns nobody asks for cost nothing and those that are
//! missing are simply absent.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Map, Value};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, SqliteConnection};

const SQLITE_TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
const SQLITE_COLUMNS: &str = "SELECT name FROM pragma_table_info(?1) ORDER BY cid";
const SQLITE_REFERENCES: &str = r#"SELECT "from", "table" FROM pragma_foreign_key_list(?1)"#;
const PG_TABLES: &str = "
    SELECT table_name::text FROM information_schema.tables
    WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name";
const PG_COLUMNS: &str = "
    SELECT column_name::text FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position";
const PG_REFERENCES: &str = "
    SELECT a.attname::text, c.relname::text
    FROM pg_catalog.pg_constraint AS k
    JOIN pg_catalog.pg_class AS t ON t.oid = k.conrelid AND t.relnamespace = current_schema()::regnamespace
    JOIN pg_catalog.pg_class AS c ON c.oid = k.confrelid
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'f' AND cardinality(k.conkey) = 1 AND t.relname = $1";

/// Rows per read.
const BATCH: i64 = 2_000;

enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// The database, as it was at one instant.
pub(super) struct Original {
    connection: Connection,
    tables: Vec<Table>,
}

/// A table with what is known of its columns.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    /// Which table a column points to, where the database says so.
    pub(super) references: HashMap<String, String>,
}

impl Table {
    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
    }
}

impl Original {
    /// Opens an SQLite file that must be there.
    pub(super) async fn sqlite(path: &Path) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(false).read_only(true);
        let mut connection = options.connect().await?;
        sqlx::query("BEGIN").execute(&mut connection).await?;
        Self::with_tables(Connection::Sqlite(connection)).await
    }

    /// Connects to a PostgreSQL.
    pub(super) async fn postgres(url: &str) -> Result<Self, sqlx::Error> {
        let mut connection = url.parse::<PgConnectOptions>()?.connect().await?;
        sqlx::query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut connection).await?;
        sqlx::query("SET LOCAL timezone TO 'UTC'").execute(&mut connection).await?;
        Self::with_tables(Connection::Postgres(connection)).await
    }

    async fn with_tables(mut connection: Connection) -> Result<Self, sqlx::Error> {
        let names: Vec<String> = match &mut connection {
            Connection::Sqlite(on) => sqlx::query_scalar(SQLITE_TABLES).fetch_all(on).await?,
            Connection::Postgres(on) => sqlx::query_scalar(PG_TABLES).fetch_all(on).await?,
        };
        let mut tables = Vec::new();
        for name in names {
            let (columns, references): (Vec<String>, Vec<(String, String)>) = match &mut connection {
                Connection::Sqlite(on) => (
                    sqlx::query_scalar(SQLITE_COLUMNS).bind(&name).fetch_all(&mut *on).await?,
                    sqlx::query_as(SQLITE_REFERENCES).bind(&name).fetch_all(on).await?,
                ),
                Connection::Postgres(on) => (
                    sqlx::query_scalar(PG_COLUMNS).bind(&name).fetch_all(&mut *on).await?,
                    sqlx::query_as(PG_REFERENCES).bind(&name).fetch_all(on).await?,
                ),
            };
            tables.push(Table { name, columns, references: references.into_iter().collect() });
        }
        Ok(Self { connection, tables })
    }

    pub(super) fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// How many rows a table has.
    pub(super) async fn count(&mut self, table: &Table) -> Result<i64, sqlx::Error> {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {}", quoted(&table.name)));
        match &mut self.connection {
            Connection::Sqlite(on) => sqlx::query_scalar(sql).fetch_one(on).await,
            Connection::Postgres(on) => sqlx::query_scalar(sql).fetch_one(on).await,
        }
    }

    /// Rows with a higher `id`, in its order; none at the end.
    pub(super) async fn rows(&mut self, table: &Table, after: i64) -> Result<Vec<Row>, sqlx::Error> {
        self.select(table, "id >", after, &format!("LIMIT {BATCH}")).await
    }

    /// Rows whose column has this value; Django has an index on every column that points somewhere.
    pub(super) async fn of(&mut self, table: &Table, column: &str, value: i64) -> Result<Vec<Row>, sqlx::Error> {
        self.select(table, &format!("{} =", quoted(column)), value, "").await
    }

    async fn select(&mut self, table: &Table, which: &str, value: i64, limit: &str) -> Result<Vec<Row>, sqlx::Error> {
        let name = quoted(&table.name);
        let texts: Vec<String> = match &mut self.connection {
            Connection::Sqlite(on) => {
                let columns: Vec<String> = table
                    .columns
                    .iter()
                    .map(|column| {
                        let value = quoted(column);
                        // JSON has no bytes; nothing that is brought over is kept as such.
                        format!("'{}', iif(typeof({value}) = 'blob', NULL, {value})", column.replace('\'', "''"))
                    })
                    .collect();
                let sql = format!(
                    "SELECT json_object({}) FROM {name} WHERE {which} ?1 ORDER BY id {limit}",
                    columns.join(", ")
                );
                sqlx::query_scalar(AssertSqlSafe(sql)).bind(value).fetch_all(on).await?
            }
            Connection::Postgres(on) => {
                let sql = format!("SELECT to_jsonb(t)::text FROM {name} AS t WHERE {which} $1 ORDER BY id {limit}");
                sqlx::query_scalar(AssertSqlSafe(sql)).bind(value).fetch_all(on).await?
            }
        };
        let read = |text: &String| serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(Box::new(error)));
        texts.iter().map(|text| Ok(Row(read(text)?))).collect()
    }

    /// All rows, for tables that are small or wanted in another order.
    pub(super) async fn all(&mut self, table: &Table) -> Result<Vec<Row>, sqlx::Error> {
        let mut all = Vec::new();
        loop {
            let after = all.last().map_or(i64::MIN, Row::id);
            let rows = self.rows(table, after).await?;
            if rows.is_empty() {
                return Ok(all);
            }
            all.extend(rows);
        }
    }
}

/// A name as both databases take it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A row by the names of its columns.
#[derive(Clone)]
pub(super) struct Row(Map<String, Value>);

impl Row {
    /// Its key.
    pub(super) fn id(&self) -> i64 {
        self.number(&["id"]).unwrap_or(i64::MAX)
    }

    /// This row, and what another one says where this one is silent.
    pub(super) fn or(mut self, other: &Self) -> Self {
        for (name, value) in &other.0 {
            if self.0.get(name).is_none_or(|value| value.is_null() || value == "") {
                self.0.insert(name.clone(), value.clone());
            }
        }
        self
    }

    /// The first of these columns that says something.
    fn value(&self, names: &[&str]) -> Option<&Value> {
        names.iter().find_map(|name| self.0.get(*name).filter(|value| !value.is_null()))
    }

    pub(super) fn number(&self, names: &[&str]) -> Option<i64> {
        let value = self.value(names)?;
        value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
    }

    pub(super) fn float(&self, names: &[&str]) -> Option<f64> {
        let value = self.value(names)?;
        value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
    }

    pub(super) fn text(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.0.get(*name)?.as_str().filter(|text| !text.trim().is_empty()))
    }

    /// `SQLite` keeps a yes as 1.
    pub(super) fn flag(&self, names: &[&str]) -> Option<bool> {
        match self.value(names)? {
            Value::Bool(yes) => Some(*yes),
            Value::Number(number) => Some(number.as_i64() != Some(0)),
            Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// `SQLite` keeps a time as `2024-03-01 09:30:00.123456`, in UTC.
    pub(super) fn time(&self, names: &[&str]) -> Option<Timestamp> {
        let text = self.text(names)?.trim();
        let parsed = text.parse::<Timestamp>().or_else(|_| format!("{}Z", text.replacen(' ', "T", 1)).parse());
        parsed.ok().and_then(|at| Timestamp::from_microsecond(at.as_microsecond()).ok())
    }
}
