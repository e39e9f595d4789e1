//! What a server holds and carries: idle sockets, acknowledged messages beside the ceiling of the database in the same run,
//! and how long a message takes from one instance to another.
//!
//! Figures of a machine, so nothing is measured unless it is asked for, with a server built for release:
//! `GPTING_CAPACITY=1 GPTING_BIN=$PWD/target/release/gpting cargo test -p gpting-tests --test capacity -- --nocapture --test-threads 1`
//! (`GPTING_CAPACITY_SOCKETS` and `GPTING_CAPACITY_SECONDS` change the size.)

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]
#![expect(clippy::print_stderr, reason = "what was measured is told")]

#[path = "../../benches/chat/load.rs"]
mod load;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gpting_core::account::AccountStore;
use gpting_store_pg::PgStore;
use gpting_store_sqlite::SqliteStore;
use gpting_tests::postgres::Options;
use gpting_tests::{Crowd, Postgres, Server, Settings};
use load::{Couple, Outcome};
use sqlx::{Connection as _, PgPool, SqliteConnection};
use tokio::task::JoinSet;

fn asked() -> bool {
    let asked = std::env::var_os("GPTING_CAPACITY").is_some();
    if !asked {
        eprintln!("not measured: GPTING_CAPACITY is not set");
    }
    asked
}

fn number(name: &str, default: u32) -> u32 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn seconds() -> Duration {
    Duration::from_secs(number("GPTING_CAPACITY_SECONDS", 8).into())
}

/// Friends in pairs, signed in: room and access tokens.
async fn couples<S: AccountStore>(server: &Server, store: Arc<S>, count: usize) -> Vec<(u64, [String; 2])> {
    let mut crowd = Crowd::on(server, store).await;
    let mut couples = Vec::new();
    for _ in 0..count {
        let (a, b) = (crowd.face().await, crowd.face().await);
        couples.push((crowd.befriend(&a, &b).await, [a.access, b.access]));
    }
    couples
}

fn between(couples: &[(u64, [String; 2])], here: &Server, there: &Server) -> Vec<Couple> {
    let servers = [here.socket_url(), there.socket_url()];
    couples
        .iter()
        .map(|(room, access)| Couple { room: *room, access: access.clone(), servers: servers.clone() })
        .collect()
}

fn told(name: &str, ceiling: f64, most: &Outcome, half: &Outcome) {
    let (rate, ratio) = (most.rate(), most.rate() / ceiling);
    eprintln!(
        "{name}: {rate:.0} acknowledged messages/s, {ratio:.2} x the {ceiling:.0} rows/s of one row per commit; at half of \
         it ({:.0}/s) delivered p50 {:.1?}, p99 {:.1?}",
        half.rate(),
        half.percentile(50),
        half.percentile(99)
    );
    for load in [most, half] {
        assert!(load.delivered.len() >= load.acked, "{} of {} came out", load.delivered.len(), load.acked);
    }
    assert!(ratio >= 1.0, "{ratio}");
}

async fn measured(name: &str, ceiling: f64, couples: &[Couple]) {
    let most = load::run(couples, None, seconds()).await.unwrap();
    let half_of_it = most.acked as u128 * 500 / most.spent.as_millis().max(1);
    let half = load::run(couples, Some(u32::try_from(half_of_it).unwrap()), seconds()).await.unwrap();
    told(name, ceiling, &most, &half);
}

/// Rows a second that 32 connections put in, each in a commit of its own.
async fn postgres_ceiling(url: &str) -> f64 {
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(32).connect(url).await.unwrap();
    sqlx::raw_sql("CREATE TABLE ceiling (id bigserial PRIMARY KEY, text text NOT NULL)").execute(&pool).await.unwrap();
    let until = Instant::now() + seconds();
    let mut writers = JoinSet::new();
    for _ in 0..32 {
        let pool: PgPool = pool.clone();
        writers.spawn(async move {
            let mut rows = 0_u32;
            while Instant::now() < until {
                let put =
                    sqlx::query("INSERT INTO ceiling (text) VALUES ($1)").bind("안녕하세요, 오늘 저녁에 시간 있어요?");
                put.execute(&pool).await.unwrap();
                rows += 1;
            }
            rows
        });
    }
    let rows: u32 = writers.join_all().await.into_iter().sum();
    pool.close().await;
    f64::from(rows) / seconds().as_secs_f64()
}

/// The same of the one writer that SQLite has, as durable as the store is.
async fn sqlite_ceiling(folder: &Path) -> f64 {
    let url = format!("sqlite://{}?mode=rwc", folder.join("ceiling.db").display());
    let mut writer = SqliteConnection::connect(&url).await.unwrap();
    let set = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE ceiling (id INTEGER PRIMARY KEY, text TEXT)";
    sqlx::raw_sql(set).execute(&mut writer).await.unwrap();
    let (began, mut rows) = (Instant::now(), 0_u32);
    while began.elapsed() < seconds() {
        let put = sqlx::query("INSERT INTO ceiling (text) VALUES (?1)").bind("안녕하세요, 오늘 저녁에 시간 있어요?");
        put.execute(&mut writer).await.unwrap();
        rows += 1;
    }
    f64::from(rows) / began.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_on_postgres_from_one_instance_to_another() {
    if !asked() {
        return;
    }
    let postgres = Postgres::start(Options { durable: true });
    let database = postgres.database("capacity").await;
    let here = Server::start(Settings::postgres(&database.url)).await;
    let there = Server::start(Settings { data_dir: Some(here.data_dir()), ..Settings::postgres(&database.url) }).await;
    let store = Arc::new(PgStore::connect(&database.url).await.unwrap());
    let couples = couples(&here, Arc::clone(&store), 64).await;
    store.close().await;
    let ceiling = postgres_ceiling(&postgres.database("ceiling").await.url).await;
    measured("PostgreSQL, two instances", ceiling, &between(&couples, &here, &there)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_on_sqlite() {
    if !asked() {
        return;
    }
    let server = Server::start(Settings::sqlite()).await;
    let store = Arc::new(SqliteStore::open(server.data_dir().join("gpting.db")).await.unwrap());
    let couples = couples(&server, Arc::clone(&store), 64).await;
    store.close().await;
    let ceiling = sqlite_ceiling(&server.data_dir()).await;
    measured("SQLite", ceiling, &between(&couples, &server, &server)).await;
}

/// Processor time of a process so far.
fn processor_time(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_sockets() {
    if !asked() {
        return;
    }
    let sockets = usize::try_from(number("GPTING_CAPACITY_SOCKETS", 8_000)).unwrap();
    let server = Server::start(Settings::sqlite()).await;
    let store = Arc::new(SqliteStore::open(server.data_dir().join("gpting.db")).await.unwrap());
    let couples = couples(&server, Arc::clone(&store), sockets.div_ceil(16)).await;
    store.close().await;
    let access: Vec<&String> = couples.iter().flat_map(|(_, access)| access).collect();
    // One of each member first: what their rooms take is not the sockets'.
    let pid = server.pid();
    drop(load::open(&server.socket_url(), access[0]).await.unwrap());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = resident_kib(pid);
    let mut open = Vec::new();
    for number in 0..sockets {
        open.push(load::open(&server.socket_url(), access[number % access.len()]).await.unwrap());
    }
    // Pings are answered meanwhile, as clients do.
    let idle = |open: Vec<load::Line>, how_long: Duration| async move {
        let until = tokio::time::Instant::now() + how_long;
        let mut tasks = JoinSet::new();
        for mut line in open {
            tasks.spawn(async move {
                use futures_util::StreamExt as _;
                while let Ok(Some(Ok(_))) = tokio::time::timeout_at(until, line.next()).await {}
                line
            });
        }
        tasks.join_all().await
    };
    let open = idle(open, Duration::from_secs(30)).await;
    let (worked, since) = (processor_time(pid), Instant::now());
    let open = idle(open, Duration::from_secs(30)).await;
    let share = processor_time(pid).saturating_sub(worked).as_secs_f64() / since.elapsed().as_secs_f64() * 100.0;
    let each = (resident_kib(pid) - before) as f64 / sockets as f64;
    eprintln!("{} idle sockets: {each:.1} KiB each, {share:.1} % of a core", open.len());
    assert!(each <= 12.0, "{each}");
}
