//! Rows for every table of a store, and what a store holds, read by plain SQL.

use std::path::Path;

use gpting_core::store::transfer::{Cell, Kind, Progress, Row, TABLES, Table, Target as _};
use gpting_store_sqlite::SqliteTransfer;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

/// The highest number that was ever given to an event of the outbox in a filled store: beyond those that are there.
pub(crate) const LAST_EVENT: i64 = 1_000_000;

/// What SQLite calls a column.
pub(crate) fn in_sqlite(table: &str, column: &'static str) -> &'static str {
    match (table, column) {
        ("pair", "friend_request") => "request",
        ("outbox", "document") => "event",
        _ => column,
    }
}

fn document(n: i64) -> Value {
    json!({
        "number": n, "float": n as f64 / 8.0 + 0.1, "whole": 2.0, "large": i64::MAX - n, "negative": -n,
        "text": format!("안녕 {n} \"\\\n\u{1F600} ' ; -- é"), "none": null, "yes": n % 2 == 0,
        "list": [3, "둘", {"b": 1, "a": [n]}], "empty": {}, "나": "둘",
        // What the kind of a job is read from.
        "task": {"type": "erase"},
    })
}

/// The `n`th row of a table, from 0. Rows refer to each other as the stores want it.
pub(crate) fn row(table: &Table, n: i64) -> Row {
    let id = 7_919 * (n + 1);
    let cells = table.columns.iter().map(|column| {
        let sometimes = |cell| if n % 3 == 0 { Cell::Null } else { cell };
        match (table.name, column.name, column.kind) {
            (_, "low" | "viewer" | "reporter", _) | ("pair_list", "member", _) => Cell::Integer(2 * n + 1),
            (_, "high" | "candidate" | "subject", _) | ("pair_list", "other", _) => Cell::Integer(2 * n + 2),
            ("impression", "ranker" | "slot", _) => sometimes(Cell::Integer(n % 4 + 1)),
            ("pair_list", "list", _) => Cell::Integer(n % 5),
            ("message" | "message_hidden" | "read_mark", "room", _) => Cell::Integer(7_919 * (n / 4 + 1)),
            ("message" | "message_hidden", "seq", _) => Cell::Integer(n % 4 + 1),
            ("read_mark" | "message_hidden", "member", _) => Cell::Integer(n),
            ("read_mark", "muted", _) => Cell::Integer(n % 2),
            ("message", "unsent", _) | ("impression", "position" | "score" | "there" | "back", _) => {
                sometimes(Cell::Integer(n))
            }
            (_, "closed_at" | "dead_at" | "shown" | "ends_at" | "friend_request", _) => {
                sometimes(Cell::Integer(id + 5))
            }
            (_, "document", _) => Cell::Document(document(n)),
            (_, "text", _) => Cell::Text(format!("말 {n}\n\t\"quoted\" \\ back\u{0301}slash")),
            (_, name, Kind::Text) => {
                let text = Cell::Text(format!("{name}-{n}-이름"));
                if matches!(name, "host" | "source") { sometimes(text) } else { text }
            }
            (_, _, Kind::Bytes) => sometimes(Cell::Bytes((n * 31).to_le_bytes().repeat(2))),
            (_, "version", _) => Cell::Integer(n % 7 + 1),
            (_, "number", _) => Cell::Integer(n + 1),
            _ => Cell::Integer(id),
        }
    });
    cells.collect()
}

/// Fills a new SQLite file: so many rows of every table.
pub(crate) async fn fill(file: &Path, count: i64) {
    let mut target = SqliteTransfer::target(file).await.unwrap();
    target.begin("nowhere").await.unwrap();
    for table in &TABLES {
        let rows: Vec<Row> = (0..count).map(|n| row(table, n)).collect();
        for rows in rows.chunks(5_000) {
            let progress = Progress::default();
            target.put(table, rows, &progress, &progress).await.unwrap();
        }
    }
    target.end(LAST_EVENT).await.unwrap();
    target.close().await.unwrap();
}

/// Everything that a store holds of the tables that are copied: each row as JSON, sorted.
pub(crate) type Dump = Vec<(&'static str, Vec<Value>)>;

fn sorted(rows: &[String]) -> Vec<Value> {
    let mut rows: Vec<Value> = rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
    rows.sort_by_cached_key(ToString::to_string);
    rows
}

pub(crate) async fn dump_sqlite(file: &Path) -> Dump {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    let mut dump = Vec::new();
    for table in &TABLES {
        let columns = table.columns.iter().map(|column| {
            let name = in_sqlite(table.name, column.name);
            match column.kind {
                Kind::Document => format!("json({name})"),
                Kind::Bytes => format!("lower(hex({name}))"),
                Kind::Integer | Kind::Text => name.to_owned(),
            }
        });
        let sql = format!("SELECT json_array({}) FROM {}", columns.collect::<Vec<_>>().join(", "), table.name);
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
        dump.push((table.name, sorted(&rows)));
    }
    connection.close().await.unwrap();
    dump
}

pub(crate) async fn dump_postgres(url: &str) -> Dump {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let mut dump = Vec::new();
    for table in &TABLES {
        let columns = table.columns.iter().map(|column| match column.kind {
            // SQLite's `hex` of nothing is an empty text.
            Kind::Bytes => format!("coalesce(replace({}::text, '-', ''), '')", column.name),
            Kind::Document | Kind::Integer | Kind::Text => column.name.to_owned(),
        });
        let columns = columns.collect::<Vec<_>>().join(", ");
        let sql = format!("SELECT jsonb_build_array({columns})::text FROM gpting.{}", table.name);
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
        dump.push((table.name, sorted(&rows)));
    }
    connection.close().await.unwrap();
    dump
}

/// Fails with the first row that differs, not with two stores.
pub(crate) fn assert_same(one: &Dump, other: &Dump) {
    for ((table, one), (_, other)) in one.iter().zip(other) {
        assert_eq!(one.len(), other.len(), "rows of {table}");
        for (one, other) in one.iter().zip(other) {
            assert_eq!(one, other, "a row of {table}");
        }
    }
}
