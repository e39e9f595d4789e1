//! The stores against what the databases can do, and chat with its wake-ups against chat without.
//!
//! Measures, in one run on one throw-away PostgreSQL with its own defaults of durability:
//! - calls of the store a second, of so many tasks at once (append a message, put a like with its event, read a page of a
//!   room, load twenty members), beside `pgbench` with as many clients sending the very statement that the store has prepared;
//!   and SQLite with full durability beside it;
//! - acked messages a second through [`Chat::send`](gpting_core::gpting::Chat::send) of people who hold a socket open, beside `pgbench` inserting bare rows into
//!   a table like that of messages, one a commit;
//! - the same with wake-ups over PostgreSQL and over Redis to one subscriber in another instance, beside none at all.
//!
//! What is compared takes turns in short rounds, and ratios are medians of rounds, so that a machine with other work on it
//! slows both. Population: 1,000 rooms of two with 50 messages each, drawn evenly; seed 1.
//! Run: `cargo bench -p gpting-benches --bench store`; `-- --json` for one object, `--only-chat`, `--tasks 16 --rounds 5 --seconds 2` for
//! others. Needs PostgreSQL (with pgbench) and Redis, as the tests do.
//! Bars: acked messages at least 0.35 of the inserts, and with wake-ups at least 0.85 of without; the exit code is 1 otherwise.

#![expect(clippy::print_stdout, reason = "a bench prints")]

mod ceiling;
mod fan_out;
mod operation;
mod report;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use gpting_core::store::Store;
use gpting_rig::Postgres;
use gpting_store_pg::PgStore;
use gpting_store_sqlite::SqliteStore;

use ceiling::Pgbench;
use operation::{Operation, fill, per_second};
use report::{Bar, Report, Row, median};

/// How much of it is done.
#[derive(Clone, Copy, Debug)]
struct Effort {
    /// Calls at once.
    tasks: usize,
    /// How often each is measured.
    rounds: usize,
    /// For how long each time.
    time: Duration,
}

fn main() -> ExitCode {
    let number = |name: &str, default: u32| {
        let text = std::env::args().skip_while(|one| one != name).nth(1);
        text.and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let effort = Effort {
        tasks: number("--tasks", 16) as usize,
        rounds: number("--rounds", 5) as usize,
        time: Duration::from_secs(number("--seconds", 2).into()),
    };
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let report = runtime.block_on(measure(effort));
    if std::env::args().any(|one| one == "--json") {
        println!("{}", report.json());
    } else {
        println!("{report}");
    }
    if report.bars.iter().all(Bar::is_met) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn measure(effort: Effort) -> Report {
    let cluster = Postgres::start(gpting_rig::postgres::Options { durable: true });
    let database = cluster.database("bench").await;
    let options = gpting_store_pg::Options::new().max_connections(u32::try_from(effort.tasks).expect("few tasks"));
    let pg = options.acquire_timeout(Duration::from_mins(1)).connect(&database.url).await.expect("the cluster runs");
    pg.migrate().await.expect("the schema can be made");
    let pg: Arc<PgStore> = Arc::new(pg);
    fill(&*pg).await;
    let folder = tempfile::tempdir().expect("a temporary directory");
    let sqlite: Arc<dyn Store> =
        Arc::new(SqliteStore::open(folder.path().join("gpting.db")).await.expect("a file can be made"));
    fill(&*sqlite).await;
    let pgbench = Pgbench::on(&cluster, &database.url, effort.tasks);

    let mut rows = Vec::new();
    let only_chat = std::env::args().any(|one| one == "--only-chat");
    for operation in Operation::ALL.into_iter().filter(|_| !only_chat) {
        let script = pgbench.script(operation).await;
        let (mut ours, mut ceiling, mut ratios, mut beside) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for round in 0..effort.rounds {
            let store = Arc::clone(&pg) as Arc<dyn Store>;
            // Each comes first as often as last.
            let (here, there) = if round % 2 == 0 {
                let there = pgbench.per_second(&script, effort.time);
                (per_second(store, operation, effort).await, there)
            } else {
                let here = per_second(store, operation, effort).await;
                (here, pgbench.per_second(&script, effort.time))
            };
            ours.push(here);
            ceiling.push(there);
            ratios.push(here / there);
            beside.push(per_second(Arc::clone(&sqlite), operation, effort).await);
        }
        rows.push(Row {
            operation: operation.name(),
            pg: median(&ours),
            ceiling: median(&ceiling),
            ratio: median(&ratios),
            sqlite: median(&beside),
        });
    }
    let chat = fan_out::measure(&pg, &database.url, &pgbench, effort).await;
    Report::new(effort.tasks, rows, chat)
}
