//! `pgbench` with the statements of the store: what PostgreSQL does when nothing but a client in C stands before it.
//!
//! The statements are not written down here. The store is let do each operation once, and the server is asked what has been
//! prepared for it; the parameters are then replaced by numbers that `pgbench` draws.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gpting_core::SeededRng;
use gpting_core::event::Event;
use gpting_core::interaction::Pair;
use gpting_rig::Postgres;
use gpting_store_pg::PgStore;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool};
use tempfile::TempDir;

use crate::operation::{Operation, PAGE, ROOMS, TEXT, like, member_id};

/// What the store has had prepared on a connection.
const PREPARED: &str = "SELECT statement FROM pg_prepared_statements WHERE statement !~ 'pg_prepared_statements'";
/// Ids are drawn from here on, far from those of the population.
const IDS: &str = "random(1000000, 4503599627370496)";

/// `pgbench` on one database.
pub(crate) struct Pgbench<'c> {
    cluster: &'c Postgres,
    options: PgConnectOptions,
    folder: TempDir,
    clients: usize,
}

impl<'c> Pgbench<'c> {
    pub(crate) fn on(cluster: &'c Postgres, url: &str, clients: usize) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        Self { cluster, options: url.parse().expect("a URL of a cluster"), folder, clients }
    }

    /// A script that does what the store does.
    pub(crate) async fn script(&self, operation: Operation) -> PathBuf {
        let (draws, parameters) = drawn(operation);
        let statement = self.statement(operation).await;
        self.written(operation.name(), &format!("{draws}{};\n", with(&statement, &parameters)))
    }

    /// A script that inserts a bare row into a table like that of messages.
    pub(crate) async fn inserts(&self) -> PathBuf {
        let table = "CREATE TABLE IF NOT EXISTS gpting.bare (LIKE gpting.message INCLUDING ALL)";
        let pool = self.pool().await;
        sqlx::query(AssertSqlSafe(table)).execute(&pool).await.expect("a table can be made");
        pool.close().await;
        let script = format!(
            "\\set room random(1, {ROOMS})\n\\set seq {IDS}\n\\set id {IDS}\n\\set sender :room * 2\n\
             INSERT INTO gpting.bare (room, seq, id, sender, text, at, client_msg_id)
             VALUES (:room, :seq, :id, :sender, '{TEXT}', 1800000000000000, gen_random_uuid());\n"
        );
        self.written("bare inserts", &script)
    }

    /// How many transactions a second.
    pub(crate) fn per_second(&self, script: &Path, time: Duration) -> f64 {
        let script = script.to_str().expect("a plain path");
        let socket = self.options.get_socket().expect("clusters listen on a socket").to_str().expect("a plain path");
        let (clients, seconds) = (self.clients.to_string(), time.as_secs().max(1).to_string());
        let database = self.options.get_database().expect("a database");
        let threads = self.clients.min(2).to_string();
        let said = self.cluster.run(
            "pgbench",
            &[
                "--no-vacuum",
                "--protocol=prepared",
                "--username=postgres",
                "--host",
                socket,
                "--client",
                &clients,
                "--jobs",
                &threads,
                "--time",
                &seconds,
                "--file",
                script,
                database,
            ],
        );
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.unwrap_or_else(|| panic!("pgbench says how quick it was: {said}"))
    }

    fn written(&self, name: &str, script: &str) -> PathBuf {
        let path = self.folder.path().join(format!("{}.sql", name.replace(' ', "-")));
        std::fs::write(&path, script).expect("the temporary directory is writable");
        path
    }

    async fn pool(&self) -> PgPool {
        let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false);
        pool.connect_with(self.options.clone()).await.expect("the cluster runs")
    }

    /// The statement that an operation is, as the store sends it.
    async fn statement(&self, operation: Operation) -> String {
        let pool = self.pool().await;
        let store = PgStore::new(pool.clone());
        operation.perform(&store, &SeededRng::new(2)).await.expect("a store takes what is sound");
        let prepared: Vec<String> = sqlx::query_scalar(PREPARED).fetch_all(&pool).await.expect("the cluster runs");
        pool.close().await;
        let [statement] = &prepared[..] else { panic!("{} is one statement: {prepared:#?}", operation.name()) };
        statement.clone()
    }
}

/// What is drawn for an operation, and its parameters in their order.
fn drawn(operation: Operation) -> (String, Vec<String>) {
    let room = format!("\\set room random(1, {ROOMS})\n");
    match operation {
        Operation::Append => (
            format!("{room}\\set sender :room * 2\n\\set id {IDS}\n\\set client {IDS}\n"),
            vec![
                ":room::bigint".into(),
                ":sender::bigint".into(),
                ":id::bigint".into(),
                format!("'{TEXT}'::text"),
                "1800000000000000::bigint".into(),
                // Not `gen_random_uuid()`, which would be another at every mention, and found by no index.
                "lpad(to_hex(:client::bigint), 32, '0')::uuid".into(),
                "ARRAY[]::jsonb[]".into(),
            ],
        ),
        Operation::Like => {
            let (pair, event) = like(member_id(1_000_001), member_id(1_000_002));
            let listings = pair.listings();
            let one = |id| if id == pair.key.low { ":low" } else { ":high" };
            let listed: Vec<&str> = listings.iter().map(|listing| one(listing.member)).collect();
            let others: Vec<&str> = listings.iter().map(|listing| one(listing.other)).collect();
            let lists: Vec<String> = listings.iter().map(|listing| listing.list.number().to_string()).collect();
            let times = vec!["1800000000000000"; listings.len()];
            (
                format!("\\set low {IDS}\n\\set high :low + 1\n"),
                vec![
                    ":low::bigint".into(),
                    ":high::bigint".into(),
                    "NULL::bigint".into(),
                    literal_of_pair(&pair),
                    format!("ARRAY[{}]::bigint[]", listed.join(", ")),
                    format!("ARRAY[{}]::bigint[]", others.join(", ")),
                    format!("ARRAY[{}]::smallint[]", lists.join(", ")),
                    format!("ARRAY[{}]::bigint[]", times.join(", ")),
                    format!("ARRAY[{}]", literal_of_event(&event)),
                ],
            )
        }
        Operation::Page => (room, vec![":room::bigint".into(), "0::bigint".into(), "50::bigint".into()]),
        Operation::Members => {
            let draws: Vec<String> = (0..PAGE).map(|n| format!("\\set m{n} random(1, {})\n", 2 * ROOMS)).collect();
            let ids: Vec<String> = (0..PAGE).map(|n| format!(":m{n}")).collect();
            (draws.concat(), vec![format!("ARRAY[{}]::bigint[]", ids.join(", "))])
        }
    }
}

/// A statement with these in the place of its parameters; one that is not known here is null.
fn with(statement: &str, parameters: &[String]) -> String {
    let mut text = statement.to_owned();
    // From the last: `$1` is the beginning of `$10`.
    for number in (1..=20_usize).rev() {
        let parameter = parameters.get(number - 1).map_or("NULL", String::as_str);
        text = text.replace(&format!("${number}"), parameter);
    }
    text
}

fn literal_of_pair(pair: &Pair) -> String {
    literal(&serde_json::to_string_pretty(pair).expect("a pair is a document"))
}

fn literal_of_event(event: &Event) -> String {
    literal(&serde_json::to_string_pretty(event).expect("an event is a document"))
}

/// A document as SQL. `pgbench` takes a colon before a digit for a variable of its own: those of times are escaped.
fn literal(document: &str) -> String {
    let mut text = String::new();
    for c in document.chars() {
        let after_digit = text.ends_with(|c: char| c.is_ascii_digit());
        match c {
            ':' if after_digit => text.push_str("\\u003a"),
            '\n' => text.push(' '),
            '\'' => text.push_str("''"),
            c => text.push(c),
        }
    }
    format!("'{text}'::jsonb")
}
