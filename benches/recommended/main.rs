//! `recommended/` of the real server with a million people in its index, beside a bare handler that returns the same bytes.
//!
//! Fills a SQLite file with made-up members ([`people`]), starts the `gpting` binary on it, signs in a sample of them, lets
//! every fourth pass on 2,000 others (a third of them the best of the own pages), and asks for first pages of ten over one
//! kept connection, one request at a time: the time on the client is an upper bound of the server's. In the same run, by
//! turns, another process answers the same bytes ([`bare`]): hyper and sqlx, no login, one statement by primary keys for
//! the rows of the people on the page. CPU time is that of all threads of either process, by the scheduler's own account.
//!
//! Run: `cargo bench -p gpting-benches --bench recommended`; the server is built first. `GPTING_BENCH_PEOPLE=20000` for a
//! smaller population, `GPTING_BENCH_VIEWERS` (256), `GPTING_BENCH_ROUNDS` (5) and `GPTING_BENCH_REQUESTS` (1,000 a round) for
//! more or less of it, `GPTING_BENCH_FOLDER` to keep the data and begin with it the next time (else it is deleted);
//! `-- --json` for one object. A million take some 2.5 GB of disk and 3 GB of memory.
//! Bars: p99 at most 5 ms, CPU time of a request at most 1.5 times that of the bare handler; the exit code is 1 otherwise.

#![expect(clippy::print_stdout, reason = "a bench prints")]
#![expect(clippy::print_stderr, reason = "and tells how far it is")]

mod bare;
mod child;
mod client;
mod people;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use gpting_benches::random::Random;
use gpting_store_sqlite::{Durability, Options, SqliteStore};

use child::Child;
use client::Client;
use people::Viewer;
use report::{Report, Turn};

/// The allocator of the server, so that both sides have the same.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|one| one == "--bare") {
        bare::serve(Path::new(&arguments[at + 1]), Path::new(&arguments[at + 2])).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let report = measure().await?;
    if arguments.iter().any(|one| one == "--json") {
        println!("{}", report.json());
    } else {
        println!("{report}");
    }
    Ok(if report.is_met() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure() -> Result<Report, Failure> {
    let (count, viewers) = (number("GPTING_BENCH_PEOPLE", 1_000_000), number("GPTING_BENCH_VIEWERS", 256));
    let (rounds, requests) = (number("GPTING_BENCH_ROUNDS", 5), number("GPTING_BENCH_REQUESTS", 1_000));
    let throw_away = tempfile::tempdir()?;
    let folder = std::env::var_os("GPTING_BENCH_FOLDER").map_or(throw_away.path().join("data"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("gpting.db");
    let is_new = !file.exists();
    let store: Arc<SqliteStore> =
        Arc::new(SqliteStore::open_with(Options::new(&file).durability(Durability::Process)).await?);
    if is_new {
        people::fill(&store, count).await?;
    }
    let mut viewers = people::viewers(count, viewers);
    if is_new {
        people::give_accounts(&store, &viewers).await?;
    }

    let mut server = Child::server(&folder).await?;
    eprintln!("ready after {:.1} s", server.started.as_secs_f64());
    let mut client = Client::connect(server.port).await?;
    for viewer in &mut viewers {
        viewer.access = client.log_in(&viewer.name()).await?;
    }
    if is_new {
        pass_on(&store, &mut client, &viewers).await?;
    }
    store.close().await;
    server.until_idle().await;
    // A server lets go of a connection on which nothing is asked for long.
    client = Client::connect(server.port).await?;

    // Everybody once: what they are shown now is what the bare handler returns.
    let mut pages = Vec::new();
    for viewer in &viewers {
        pages.push(client.get("/api/matches/recommended/", Some(&viewer.access)).await?.body);
    }
    let listing = folder.join("pages.jsonl");
    bare::write_down(&listing, &pages)?;
    let mut bare = Child::bare(&file, &listing).await?;
    let mut bare_client = Client::connect(bare.port).await?;
    for place in 0..viewers.len() {
        bare_client.get(&format!("/{place}"), None).await?;
    }
    server.until_idle().await;
    (client, bare_client) = (Client::connect(server.port).await?, Client::connect(bare.port).await?);

    let mut report =
        Report { people: count, bytes: pages.iter().map(Vec::len).sum::<usize>() / pages.len(), ..Report::default() };
    let mut random = Random(7);
    for round in 0..rounds {
        let order: Vec<usize> = (0..requests).map(|_| random.below(viewers.len())).collect();
        // Each comes first as often as last.
        for turn in 0..2 {
            if (round + turn) % 2 == 0 {
                report.served.push(ask(&mut client, &server, &viewers, &order).await?);
            } else {
                report.bare.push(ask_bare(&mut bare_client, &bare, &order).await?);
            }
        }
    }
    bare.stop();
    server.stop();
    Ok(report)
}

/// First pages of these viewers, one after the other.
async fn ask(client: &mut Client, server: &Child, viewers: &[Viewer], order: &[usize]) -> Result<Turn, Failure> {
    let (before, mut times) = (server.cpu(), Vec::with_capacity(order.len()));
    for place in order {
        let answer = client.get("/api/matches/recommended/", Some(&viewers[*place].access)).await?;
        times.push((answer.took, viewers[*place].is_heavy()));
    }
    Ok(Turn { cpu: server.cpu().saturating_sub(before), times })
}

/// The same bytes from the bare handler.
async fn ask_bare(client: &mut Client, server: &Child, order: &[usize]) -> Result<Turn, Failure> {
    let (before, mut times) = (server.cpu(), Vec::with_capacity(order.len()));
    for place in order {
        times.push((client.get(&format!("/{place}"), None).await?.took, false));
    }
    Ok(Turn { cpu: server.cpu().saturating_sub(before), times })
}

/// Every fourth has passed on many: the best of their pages, and others.
async fn pass_on(store: &SqliteStore, client: &mut Client, viewers: &[Viewer]) -> Result<(), Failure> {
    let mut all = Vec::new();
    for viewer in viewers.iter().filter(|viewer| viewer.is_heavy()) {
        let (mut best, mut path) = (Vec::new(), "/api/matches/recommended/?limit=100".to_owned());
        while best.len() < people::HEAVY / 3 {
            let answer = client.get(&path, Some(&viewer.access)).await?;
            best.extend(answer.ids()?);
            let Some(cursor) = answer.cursor else { break };
            path = format!("/api/matches/recommended/?limit=100&cursor={cursor}");
        }
        all.push((viewer, best));
    }
    people::pass(store, &all).await
}
