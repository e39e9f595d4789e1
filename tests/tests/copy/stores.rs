//! Copies between stores of both kinds: nothing is missing, nothing is doubled, and a copy that was cut off goes on.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use gpting_core::store::transfer::TABLES;
use gpting_store_pg::PgStore;
use gpting_store_sqlite::SqliteStore;
use gpting_tests::Postgres;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::rows::{LAST_EVENT, assert_same, dump_postgres, dump_sqlite, fill, in_sqlite};
use crate::{command, done, gpting, said};

/// What a store keeps that is its own: how far a copy is, marks in its own feed, its own bookkeeping, which log it is,
/// allowances, which begin full, and tickets, which are good for half a minute.
const OWN: [&str; 8] =
    ["state", "log", "copying", "mark", "allowance", "ticket", "_sqlx_migrations", "sqlite_sequence"];
/// The place in a store's own feed, and what follows from the rest of the row.
const OWN_COLUMNS: [(&str, &str); 8] = [
    ("member", "change"),
    ("erased", "change"),
    ("pair", "change"),
    ("pair_list", "low"),
    ("pair_list", "high"),
    ("job", "kind"),
    ("room", "opened_at"),
    ("room", "opening"),
];

fn sqlite(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

async fn run_sqlite(file: &Path, sql: &str) {
    let mut connection = SqliteConnection::connect(&sqlite(file)).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

fn assert_covered(engine: &str, found: Vec<(String, String)>, name: impl Fn(&str, &'static str) -> &'static str) {
    let copied: BTreeSet<(String, String)> = TABLES
        .iter()
        .flat_map(|table| {
            table.columns.iter().map(|column| (table.name.to_owned(), name(table.name, column.name).to_owned()))
        })
        .collect();
    let found: BTreeSet<_> = found
        .into_iter()
        .filter(|(table, column)| {
            !OWN.contains(&table.as_str()) && !OWN_COLUMNS.contains(&(table.as_str(), column.as_str()))
        })
        .collect();
    let forgotten: Vec<_> = found.difference(&copied).collect();
    let made_up: Vec<_> = copied.difference(&found).collect();
    assert!(forgotten.is_empty() && made_up.is_empty(), "{engine}: not copied {forgotten:?}, not there {made_up:?}");
}

#[tokio::test]
async fn every_column_of_every_table_is_copied() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gpting.db");
    SqliteStore::open(&file).await.unwrap().close().await;
    let mut connection = SqliteConnection::connect(&sqlite(&file)).await.unwrap();
    let columns =
        "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table'";
    assert_covered("SQLite", sqlx::query_as(columns).fetch_all(&mut connection).await.unwrap(), in_sqlite);

    let database = Postgres::shared().database("columns").await;
    let store = PgStore::connect(&database.url).await.unwrap();
    store.migrate().await.unwrap();
    let columns =
        "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'gpting'";
    assert_covered("PostgreSQL", sqlx::query_as(columns).fetch_all(store.pool()).await.unwrap(), |_, column| column);
}

#[tokio::test]
async fn a_store_goes_round_through_both_engines_and_comes_back_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let files = ["one.db", "two.db", "three.db"].map(|name| folder.join(name));
    fill(&files[0], 1_003).await;
    let before = dump_sqlite(&files[0]).await;
    assert!(before.iter().all(|(_, rows)| rows.len() == 1_003));
    let database = Postgres::shared().database("round").await;
    let second = Postgres::shared().database("roundagain").await;

    let last = done(folder, &["copy", "--from", &sqlite(&files[0]), "--to", &database.url]);
    assert!(last.starts_with("copied 19057 rows of 19 tables, verified"), "{last}");
    assert_same(&before, &dump_postgres(&database.url).await);
    // To the other kind, and to its own.
    done(folder, &["copy", "--from", &database.url, "--to", &second.url]);
    assert_same(&before, &dump_postgres(&second.url).await);
    let answer = done(folder, &["copy", "--from", &second.url, "--to", &sqlite(&files[1]), "--json"]);
    assert_same(&before, &dump_sqlite(&files[1]).await);
    let again = done(folder, &["copy", "--from", &sqlite(&files[1]), "--to", &sqlite(&files[2]), "--json"]);
    assert_same(&before, &dump_sqlite(&files[2]).await);
    let [answer, again]: [Value; 2] = [answer, again].map(|line| serde_json::from_str(&line).unwrap());
    assert_eq!(answer["tables"], again["tables"], "the sums do not depend on the engine");
    assert_eq!((&answer["rows"], answer["tables"].as_array().unwrap().len()), (&Value::from(19_057), 19));

    // Numbers of events go on where they were, on both engines.
    let put = "INSERT INTO outbox (event) VALUES ('{}') RETURNING number";
    let mut connection = SqliteConnection::connect(&sqlite(&files[2])).await.unwrap();
    let number: i64 = sqlx::query_scalar(put).fetch_one(&mut connection).await.unwrap();
    assert_eq!(number, LAST_EVENT + 1);
    let mut connection = PgConnection::connect(&second.url).await.unwrap();
    let put = "INSERT INTO gpting.outbox (document) VALUES ('{}') RETURNING number";
    let number: i64 = sqlx::query_scalar(put).fetch_one(&mut connection).await.unwrap();
    assert_eq!(number, LAST_EVENT + 1);
    // What is left alone: the files are nobody else's to read.
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&files[2]).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn what_is_no_target_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (from, to) = (folder.join("from.db"), folder.join("to.db"));
    fill(&from, 3).await;
    fill(&to, 2).await;
    let before = dump_sqlite(&to).await;
    let refused = |from: &str, to: &str, reason: &str| {
        let output = gpting(folder, &["copy", "--from", from, "--to", to]);
        assert!(!output.status.success() && said(&output).contains(reason), "{reason}: {}", said(&output));
    };
    refused(&sqlite(&from), &sqlite(&to), "not empty");
    assert_same(&before, &dump_sqlite(&to).await);
    refused(&sqlite(&from), &sqlite(&from), "the same store");
    refused(&sqlite(&folder.join("nothing.db")), &sqlite(&to), "unavailable");
    assert!(!folder.join("nothing.db").exists(), "looking for a source makes none");
    refused("mysql://a/b", &sqlite(&to), "--from");
    refused("env:GPTING_TEST_UNSET", &sqlite(&to), "GPTING_TEST_UNSET");
    let database = Postgres::shared().database("used").await;
    done(folder, &["copy", "--from", &sqlite(&from), "--to", &database.url]);
    refused(&sqlite(&from), &database.url, "not empty");
    refused(&database.url, &database.url, "the same store");
}

/// Copies and kills, at a later line of its progress each time, until a copy comes through; answers how often it was killed.
async fn copy_through_kills(folder: &Path, from: &str, to: &str, mut at_a_kill: impl AsyncFnMut(usize)) -> usize {
    for kills in 0..40 {
        let mut child = command(folder, &["copy", "--from", from, "--to", to]).spawn().unwrap();
        let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
        let lines: Vec<String> = told.by_ref().take(2 + 4 * kills).map(Result::unwrap).collect();
        let last = lines.last().cloned().unwrap_or_default();
        if told.next().is_none() {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{lines:?} {}", said(&output));
            return kills;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(last.contains(" of "), "killed while it went on: {lines:?}");
        at_a_kill(kills).await;
    }
    panic!("no copy came through");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_killed_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (first, last) = (folder.join("first.db"), folder.join("last.db"));
    fill(&first, 1_100).await;
    let before = dump_sqlite(&first).await;
    let database = Postgres::shared().database("killed").await;
    let kills = copy_through_kills(folder, &sqlite(&first), &database.url, async |_| ()).await;
    assert!(kills > 3, "{kills} kills");
    assert_same(&before, &dump_postgres(&database.url).await);
    copy_through_kills(folder, &database.url, &sqlite(&last), async |_| ()).await;
    assert_same(&before, &dump_sqlite(&last).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_of_a_copy_serves_nobody_and_takes_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (from, other, to) = (folder.join("from.db"), folder.join("other.db"), folder.join("to.db"));
    fill(&from, 300).await;
    fill(&other, 300).await;
    // A copy that was cut off in the middle of messages: what is noted and what is there agree.
    done(folder, &["copy", "--from", &sqlite(&from), "--to", &sqlite(&to)]);
    let half = "
        INSERT INTO copying SELECT value, 'sqlite PLACE', '{\"after\":null,\"taken\":{\"rows\":0,\"sum\":\"00000000000000000000000000000000\"},\"whole\":false}'
        FROM json_each('TABLES')";
    let tables: Vec<_> = TABLES.iter().map(|table| table.name).collect();
    let half = half.replace("TABLES", &serde_json::to_string(&tables).unwrap());
    run_sqlite(&to, &half.replace("PLACE", &from.canonicalize().unwrap().display().to_string())).await;
    for table in tables.iter().rev() {
        run_sqlite(&to, &format!("DELETE FROM {table}")).await;
    }
    for arguments in [vec!["migrate"], vec!["serve"]] {
        let output = command(folder, &arguments).env("GPTING_DATABASE_URL", sqlite(&to)).output().unwrap();
        assert!(!output.status.success() && said(&output).contains("half of a copy"), "{}", said(&output));
    }
    let refused = gpting(folder, &["copy", "--from", &sqlite(&other), "--to", &sqlite(&to)]);
    assert!(!refused.status.success() && said(&refused).contains("another store"), "{}", said(&refused));
    let refused = gpting(folder, &["copy", "--from", &sqlite(&to), "--to", &sqlite(&folder.join("new.db"))]);
    assert!(!refused.status.success() && said(&refused).contains("half of a copy"), "{}", said(&refused));
    done(folder, &["copy", "--from", &sqlite(&from), "--to", &sqlite(&to)]);
    assert_same(&dump_sqlite(&from).await, &dump_sqlite(&to).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_changed_since_a_kill_is_copied_as_it_is_now() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (from, to) = (folder.join("from.db"), folder.join("to.db"));
    fill(&from, 1_100).await;
    let changes = [
        "UPDATE member SET document = '{\"changed\": 1}' WHERE id = 7919",
        "DELETE FROM message WHERE room = 7919",
        "UPDATE pair_list SET list = 4 WHERE member = 1",
        "DELETE FROM job; UPDATE pending SET email = 'x' WHERE id = 7919",
    ];
    let kills = copy_through_kills(folder, &sqlite(&from), &sqlite(&to), async |kill| {
        if let Some(change) = changes.get(kill) {
            run_sqlite(&from, change).await;
        }
    })
    .await;
    assert!(kills > changes.len(), "{kills} kills");
    assert_same(&dump_sqlite(&from).await, &dump_sqlite(&to).await);
}
