//! A rolling restart as two hundred sockets see it: three instances are drained and started again one after the other while
//! everybody talks. Nothing that was acknowledged is lost, everybody hears everything, once and in order; the sockets of
//! a stopping instance are told to come back, and do not all come at once.
//!
//! The clients are those of the test of histories, and so is the check. `GPTING_ROLLING_SOCKETS` sets how many there are
//! (200), `GPTING_ROLLING_RATE` the messages a second (100), `GPTING_ROLLING_TURNS` how often all are restarted (1). For
//! the whole of it: `GPTING_ROLLING_RATE=500 GPTING_ROLLING_TURNS=5 cargo test -p gpting-tests --test rolling_sockets -- --nocapture`

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]
#![expect(clippy::print_stderr, reason = "what was counted is told")]

#[path = "history/client.rs"]
mod client;
#[path = "history/history.rs"]
mod history;
#[path = "history/log.rs"]
mod log;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gpting_store_pg::PgStore;
use gpting_tests::{Crowd, Face, Postgres, Server, Settings};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{Client, Closing, Heads, Run};
use crate::history::{History, Verdict, check};
use crate::log::{acknowledged, log_of};

/// A stopping server is gone after this time, whatever its sockets do.
const EXIT: Duration = Duration::from_secs(10);
/// Over at least this time the clients of an instance come back.
const SPREAD: Duration = Duration::from_secs(2);
/// Over at most this time its sockets are closed.
const DRAIN: Duration = Duration::from_secs(5);

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// Everybody with one socket; each two have a room.
fn clients(run: &Arc<Run>, people: &[(Face, u64)], rate: usize, heads: &Heads) -> JoinSet<Client> {
    let pause = Duration::from_secs(1) * u32::try_from(people.len()).unwrap() / u32::try_from(rate).unwrap();
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build().unwrap();
    let mut clients = JoinSet::new();
    for (number, (face, room)) in people.iter().enumerate() {
        let client = Client {
            run: Arc::clone(run),
            number,
            access: face.access.clone(),
            rooms: vec![*room],
            to_say: u64::MAX,
            pause,
            said: 0,
            waiting: VecDeque::new(),
            last: HashMap::from([(*room, 0)]),
            epoch: None,
            at: None,
            return_after: None,
            http: http.clone(),
        };
        clients.spawn(client.live(heads.clone()));
    }
    clients
}

/// From the first of some times to the last.
fn spread(times: impl Iterator<Item = Duration> + Clone) -> Duration {
    times.clone().max().unwrap_or_default().saturating_sub(times.min().unwrap_or_default())
}

/// Stops an instance and starts it again; checks how it let its sockets go.
async fn restart(servers: &mut [Server], at: usize, run: &Run) {
    let (before, asked) = (run.closings.lock().unwrap().len(), run.now());
    let since = Instant::now();
    assert!(servers[at].stop().await.success(), "drained");
    let exit = since.elapsed();
    servers[at].restart().await;
    // Until whoever was sent away is back: they wait three seconds at the most.
    let closed = loop {
        let closings: Vec<Closing> = run.closings.lock().unwrap()[before..].to_vec();
        if closings.iter().all(|closing| closing.back.is_some()) && since.elapsed() > Duration::from_secs(6) {
            break closings;
        }
        assert!(since.elapsed() < Duration::from_mins(1), "some do not come back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let (over, back) = (spread(closed.iter().map(|c| c.closed)), spread(closed.iter().filter_map(|c| c.back)));
    let last = closed.iter().map(|c| c.closed).max().unwrap_or_default().saturating_sub(asked);
    eprintln!(
        "instance {at}: {} sockets closed over {over:.2?}, the last after {last:.2?}; back over {back:.2?}; gone after {exit:.2?}",
        closed.len()
    );
    assert!(closed.len() >= 20, "{} sockets: nothing was tested", closed.len());
    assert!(closed.iter().all(|closing| closing.code == 1012 && closing.at == at), "{closed:?}");
    assert!(last <= DRAIN, "{last:?}");
    assert!(back >= SPREAD, "they come back at once: {back:?}");
    assert!(exit <= EXIT, "{exit:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_while_every_instance_is_restarted() {
    let (sockets, rate) = (number("GPTING_ROLLING_SOCKETS", 200), number("GPTING_ROLLING_RATE", 100));
    let database = Postgres::shared().database("rolling_sockets").await;
    let folder = tempfile::tempdir().unwrap();
    // As delivered.
    let mut settings = Settings::postgres(&database.url).with("GPTING_DRAIN_SECONDS", "5");
    settings.data_dir = Some(folder.path().join("data"));
    let mut servers = Vec::new();
    for _ in 0..3 {
        servers.push(Server::start(settings.clone()).await);
    }
    let store = Arc::new(PgStore::connect(&database.url).await.unwrap());
    let mut crowd = Crowd::on(&servers[0], Arc::clone(&store)).await;
    let (mut people, mut members) = (Vec::new(), HashMap::new());
    for couple in 0..sockets / 2 {
        let (a, b) = (crowd.face().await, crowd.face().await);
        let room = crowd.befriend(&a, &b).await;
        members.insert(room, [2 * couple, 2 * couple + 1]);
        people.extend([(a, room), (b, room)]);
    }
    let run = Arc::new(Run {
        began: Instant::now(),
        history: Mutex::new(History { members, ..History::default() }),
        sockets: servers.iter().map(Server::socket_url).collect(),
        http: servers.iter().map(Server::url).collect(),
        enough: AtomicBool::new(false),
        closings: Mutex::default(),
    });
    let (heads_known, heads) = watch::channel(None);
    let talking = clients(&run, &people, rate, &heads);
    tokio::time::sleep(Duration::from_secs(3)).await;
    for _ in 0..number("GPTING_ROLLING_TURNS", 1) {
        for at in 0..servers.len() {
            restart(&mut servers, at, &run).await;
        }
    }
    run.enough.store(true, Ordering::Relaxed);
    // Who has just begun to say something says it.
    tokio::time::sleep(Duration::from_secs(1)).await;
    acknowledged(&run).await;
    let mut history = run.history.lock().unwrap().clone();
    log_of(&store, &mut history).await;
    heads_known.send(Some(history.log.iter().map(|(room, log)| (*room, log.len() as u64)).collect())).unwrap();
    tokio::time::timeout(Duration::from_mins(2), talking.join_all()).await.expect("everybody hears everything");
    let log = history.log;
    history = run.history.lock().unwrap().clone();
    history.log = log;
    let (stored, spent) = (history.log.values().map(Vec::len).sum::<usize>(), run.began.elapsed());
    let verdict = check(&history);
    eprintln!("{stored} messages in {} rooms over {spent:.1?}: {verdict:?}", history.log.len());
    assert_eq!(verdict, Verdict::default());
    assert_eq!(stored, history.sends.len(), "each is there once");
    store.close().await;
}
