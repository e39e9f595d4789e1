//! Whether the chat loses anything, by what its clients see: three server processes on one PostgreSQL, rooms in which
//! everybody talks at once, a bus that loses nothing, a third, or everything, lines that break at any byte; and in the
//! middle of it one server is killed, one drained, and the database killed and started again.
//!
//! In a hurry by default. For the whole of it:
//! `GPTING_HISTORY_PEOPLE=11 GPTING_HISTORY_MESSAGES=34000 GPTING_HISTORY_CUTS=1000 GPTING_HISTORY_JOINS=500 cargo test -p gpting-tests --test history -- --nocapture --test-threads 1`
//! (per bus: 55 rooms, 34,000 messages, at least a thousand lines cut; then five hundred who join a room in full flow).

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]
#![expect(clippy::print_stderr, reason = "what was counted is told")]

mod client;
mod cutter;
mod history;
mod join;
mod log;
mod lossy;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gpting_core::Gpting;
use gpting_core::id::MemberId;
use gpting_core::interaction::{Pair, PairKey};
use gpting_core::store::{Change, Expect, Store as _, Work};
use gpting_store_pg::PgStore;
use gpting_tests::postgres::{Database, Options};
use gpting_tests::{Person, Postgres, Redis, Server, Settings, Socket};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{Client, Closing, Heads, Run};
use crate::cutter::Cutter;
use crate::history::{History, Verdict, check};
use crate::log::{acknowledged, log_of};
use crate::lossy::Lossy;

/// How much a run does.
struct Size {
    people: usize,
    messages: u64,
    /// Messages a second, of all together.
    rate: u64,
    /// So many lines break, at least.
    cuts: usize,
    /// At most so many bytes on a line before it breaks.
    line: u32,
}

impl Size {
    fn told() -> Self {
        let number = |name: &str, default: u64| -> u64 {
            std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
        };
        let people = usize::try_from(number("GPTING_HISTORY_PEOPLE", 5)).unwrap();
        let messages = number("GPTING_HISTORY_MESSAGES", 1_200);
        let cuts = number("GPTING_HISTORY_CUTS", 100);
        // Each message is told to two people in some 350 bytes; lines carry half of this on average.
        let line = (messages * 1_000 / cuts).max(4_000);
        Self {
            people,
            messages,
            rate: number("GPTING_HISTORY_RATE", 200),
            cuts: usize::try_from(cuts).unwrap(),
            line: u32::try_from(line).unwrap(),
        }
    }
}

/// Everybody a friend of everybody, each pair with its room.
async fn befriend(store: &PgStore, people: &[Person]) -> HashMap<u64, [usize; 2]> {
    let g = Gpting::builder(PgStore::new(store.pool().clone())).build().await.unwrap();
    let id = |person: &Person| MemberId::new(i64::try_from(person.id).unwrap()).unwrap();
    let mut rooms = HashMap::new();
    for (high, one) in people.iter().enumerate() {
        for (low, other) in people[..high].iter().enumerate() {
            let mut pair = Pair::strangers(PairKey::of(id(one), id(other)).unwrap());
            pair.friends_since = Some("2026-11-23T03:00:00Z".parse().unwrap());
            store.commit(Work::new().change(Change::PutPair(Box::new(pair), Expect::New))).await.unwrap();
            let room = g.chat().room_with(id(one), id(other)).await.unwrap().0.overview.room.id;
            rooms.insert(u64::try_from(room.value()).unwrap(), [low, high]);
        }
    }
    rooms
}

/// Somebody without a room, who listens all the time and must hear nothing.
async fn outsider(server: String, person: Person, stop: Heads) -> usize {
    let mut heard = 0;
    while stop.borrow().is_none() {
        let bearer = format!("Bearer {}", person.access);
        let Ok(mut socket) = Socket::open(&format!("{server}/ws/"), &[("authorization", &bearer)]).await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        while stop.borrow().is_none() && !socket.is_closed() {
            if let Some(frame) = socket.next(Duration::from_millis(200)).await {
                heard += usize::from(!["ready", "closing"].contains(&frame["type"].as_str().unwrap()));
            }
        }
    }
    heard
}

/// Three servers on a database of their own, people, and the lines that lead to them.
struct Stage {
    postgres: Postgres,
    database: Database,
    servers: Vec<Server>,
    cutters: Vec<Cutter>,
    people: Vec<Person>,
    stranger: Person,
    members: HashMap<u64, [usize; 2]>,
    _folder: TempDir,
}

impl Stage {
    async fn set(bus: Option<&str>, size: &Size) -> Self {
        let postgres = Postgres::start(Options { durable: true });
        let database = postgres.database("history").await;
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::postgres(&database.url);
        settings.data_dir = Some(folder.path().join("data"));
        if let Some(bus) = bus {
            settings = settings.with("GPTING_BUS_URL", bus);
        }
        let (mut servers, mut cutters) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            let server = Server::start(settings.clone()).await;
            cutters.push(Cutter::before(server.port(), size.line).await);
            servers.push(server);
        }
        let mut people = Vec::new();
        for number in 0..=size.people {
            let name = format!("person{number}");
            people.push(Person::sign_up_complete(&servers[0], &name, "F", &["M"]).await);
        }
        let stranger = people.pop().unwrap();
        let store = PgStore::connect(&database.url).await.unwrap();
        let members = befriend(&store, &people).await;
        store.close().await;
        Self { postgres, database, servers, cutters, people, stranger, members, _folder: folder }
    }

    fn clients(&self, run: &Arc<Run>, each: u64, rate: u64, heads: &Heads) -> JoinSet<Client> {
        let pause = Duration::from_secs(1) * u32::try_from(self.people.len()).unwrap() / u32::try_from(rate).unwrap();
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build().unwrap();
        let mut clients = JoinSet::new();
        for (number, person) in self.people.iter().enumerate() {
            let mine = self.members.iter().filter(|(_, who)| who.contains(&number));
            let rooms: Vec<u64> = mine.map(|(room, _)| *room).collect();
            let client = Client {
                run: Arc::clone(run),
                number,
                access: person.access.clone(),
                last: rooms.iter().map(|room| (*room, 0)).collect(),
                rooms,
                to_say: each,
                pause,
                said: 0,
                waiting: VecDeque::new(),
                epoch: None,
                at: None,
                return_after: None,
                http: http.clone(),
            };
            clients.spawn(client.live(heads.clone()));
        }
        clients
    }

    /// Kills one server, drains another, kills the database: at a fifth, two and three fifths of the way.
    async fn break_things(&mut self, run: &Run, total: u64) {
        said(run, total / 5).await;
        self.servers[0].restart().await;
        said(run, total * 2 / 5).await;
        assert!(self.servers[1].stop().await.success(), "drained");
        self.servers[1].restart().await;
        said(run, total * 3 / 5).await;
        self.postgres.kill9();
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.postgres.restart();
        said(run, total).await;
    }

    async fn log(&self, history: &mut History) {
        let store = PgStore::connect(&self.database.url).await.unwrap();
        log_of(&store, history).await;
        store.close().await;
    }
}

/// Waits until so many messages were sent.
async fn said(run: &Run, count: u64) {
    while (run.history.lock().unwrap().sends.len() as u64) < count {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn run(bus: Option<String>, name: &str) {
    let size = Size::told();
    let mut stage = Stage::set(bus.as_deref(), &size).await;
    let members = stage.members.clone();
    let run = Arc::new(Run {
        began: Instant::now(),
        history: Mutex::new(History { members: members.clone(), ..History::default() }),
        sockets: stage.cutters.iter().map(Cutter::socket_url).collect(),
        http: stage.servers.iter().map(Server::url).collect(),
        enough: AtomicBool::new(false),
        closings: Mutex::default(),
    });
    let (heads_known, heads) = watch::channel(None);
    let stranger = stage.stranger.at(&stage.servers[1]);
    let watcher = tokio::spawn(outsider(stage.servers[1].socket_url(), stranger, heads.clone()));
    let each = size.messages / size.people as u64;
    let total = each * size.people as u64;
    let clients = stage.clients(&run, each, size.rate, &heads);
    stage.break_things(&run, total).await;
    acknowledged(&run).await;
    let spent = run.began.elapsed();
    let mut log = History { members, ..History::default() };
    stage.log(&mut log).await;
    heads_known.send(Some(log.log.iter().map(|(room, log)| (*room, log.len() as u64)).collect())).unwrap();
    tokio::time::timeout(Duration::from_mins(2), clients.join_all()).await.expect("everybody hears everything");
    let leaked = watcher.await.unwrap();
    let mut history = run.history.lock().unwrap().clone();
    stage.log(&mut history).await;
    let verdict = check(&history);
    let stored: usize = history.log.values().map(Vec::len).sum();
    // Whoever was told to come back by the server that was drained is back.
    let told = run.closings.lock().unwrap().clone();
    let is_due = |one: &Closing| one.code == 1013 || (one.code == 1012 && one.at == 1);
    assert!(told.iter().all(|one| is_due(one) && one.back >= Some(one.closed)), "{told:?}");
    let cuts: usize = stage.cutters.iter().map(Cutter::cuts).sum();
    let (rooms, reads) = (history.log.len(), history.reads.len());
    eprintln!(
        "{name}: {stored} messages in {rooms} rooms in {spent:.1?}, {reads} reads, {cuts} lines cut: {verdict:?}, {leaked} leaked"
    );
    assert_eq!(verdict, Verdict::default());
    assert_eq!(leaked, 0);
    assert_eq!(stored as u64, total);
    assert!(cuts >= size.cuts, "{cuts} lines have broken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_over_a_bus_that_works() {
    run(None, "a bus that works").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_over_a_bus_that_loses_a_third() {
    let redis = Redis::start();
    let lossy = Lossy::before(&redis.url(), 30).await;
    run(Some(lossy.url()), "a bus that loses a third").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_without_a_bus() {
    run(Some("local".to_owned()), "no bus").await;
}
