//! A client that stops reading while thousands of messages go to it: it is let go, finds everything when it comes back, the
//! server holds no more for it than it says, and nobody else notices.
//!
//! In turns of one run the same load goes to somebody who reads and to somebody who does not; what other couples say
//! meanwhile is timed in both. One turn of each by default, and the times are only told. With the bar on them, built
//! for release:
//! `GPTING_SLOW_TURNS=5 GPTING_SLOW_RATE=500 GPTING_SLOW_BAR=10 GPTING_BIN=$PWD/target/release/gpting cargo test --release -p gpting-tests --test slow_consumer -- --nocapture --test-threads 1`
//! (`GPTING_SLOW_MESSAGES` go to the one in question in each turn, ten thousand.)

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]
#![expect(clippy::print_stderr, reason = "what was measured is told")]

#[path = "../../benches/chat/load.rs"]
mod load;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use gpting_store_pg::PgStore;
use gpting_tests::postgres::Database;
use gpting_tests::{Crowd, Face, Postgres, Server, Settings};
use load::Couple;
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// So many friends write to the one in question.
const FRIENDS: usize = 8;
/// So many couples talk beside it, and how much all together a second.
const COUPLES: usize = 4;
const TALK: u32 = 80;
/// What the machine keeps for a client that does not read, in bytes, before the server notices.
const WINDOW: u32 = 8 * 1024;
/// What a server may hold for one that does not read, in KiB.
const HELD_KIB: u64 = 4 * 1024;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(2);

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// What is there of each room, by place.
type Known = HashMap<u64, BTreeMap<u64, String>>;

/// A server, the one in question, their friends, and couples that talk among themselves.
struct Stage {
    server: Server,
    store: Arc<PgStore>,
    _database: Database,
    one: Face,
    friends: Vec<(Face, u64)>,
    couples: Vec<Couple>,
    http: reqwest::Client,
    /// How much was acknowledged so far.
    acked: Arc<AtomicU64>,
}

impl Stage {
    async fn set(friends: usize, couples: usize) -> Self {
        // On PostgreSQL: what a database keeps in memory is not the server's.
        let database = Postgres::shared().database("slow_consumer").await;
        let server = Server::start(Settings::postgres(&database.url)).await;
        let store = Arc::new(PgStore::connect(&database.url).await.unwrap());
        let mut crowd = Crowd::on(&server, Arc::clone(&store)).await;
        let one = crowd.face().await;
        let (mut writing, mut talking) = (Vec::new(), Vec::new());
        for _ in 0..friends {
            let friend = crowd.face().await;
            let room = crowd.befriend(&one, &friend).await;
            writing.push((friend, room));
        }
        for _ in 0..couples {
            let (a, b) = (crowd.face().await, crowd.face().await);
            let room = crowd.befriend(&a, &b).await;
            let servers = [server.socket_url(), server.socket_url()];
            talking.push(Couple { room, access: [a.access, b.access], servers });
        }
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Self {
            server,
            store,
            _database: database,
            one,
            friends: writing,
            couples: talking,
            http,
            acked: Arc::default(),
        }
    }

    /// A socket of the one in question, who resumes where they are; `little` is kept for them by the machine if they will
    /// not read.
    async fn open(&self, known: &Known, little: bool) -> Reader {
        let tcp = TcpSocket::new_v4().unwrap();
        if little {
            tcp.set_recv_buffer_size(WINDOW).unwrap();
        }
        let tcp = tcp.connect(([127, 0, 0, 1], self.server.port()).into()).await.unwrap();
        let mut request = format!("{}/ws/", self.server.socket_url()).into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {}", self.one.access).parse().unwrap());
        let (mut socket, _) = tokio_tungstenite::client_async(request, tcp).await.unwrap();
        let ready = frame(&socket.next().await.unwrap().unwrap()).expect("a frame");
        assert_eq!(ready["type"], "ready");
        let resuming: HashSet<u64> = self.friends.iter().map(|(_, room)| *room).collect();
        let place = |room: &u64| (room.to_string(), known.get(room).map_or(0, last));
        let places: HashMap<String, u64> = resuming.iter().map(place).collect();
        let resume = json!({"type": "resume", "epoch": ready["epoch"], "rooms": places});
        socket.send(Message::text(resume.to_string())).await.unwrap();
        Reader { socket, resuming }
    }

    /// Reads as the documentation has it until all is known; answers how often the socket was closed meanwhile.
    async fn follow(&self, mut reader: Reader, known: &mut Known, all: impl Fn(&Known) -> bool + Sync) -> u32 {
        let mut closed = 0;
        loop {
            match reader.read(known, &all).await {
                Ended::Enough => return closed,
                Ended::Resync => self.load(known).await,
                Ended::Closed(code) => {
                    assert!(matches!(code, 1006 | 1013), "{code}");
                    closed += 1;
                    reader = self.open(known, false).await;
                }
            }
        }
    }

    /// Lets all friends say `count` messages of `text` together, at `rate` a second; answers what was said where.
    async fn say(&self, count: u64, rate: u64, text: &str) -> Known {
        let mut saying = JoinSet::new();
        let (each, many) = (count / self.friends.len() as u64, self.friends.len() as u64);
        let began = Instant::now();
        for (at, (friend, room)) in (0..).zip(&self.friends) {
            let line = load::open(&self.server.socket_url(), &friend.access).await.unwrap();
            let pace = move |nth: u64| began + Duration::from_micros((nth * many + at) * 1_000_000 / rate);
            saying.spawn(say(line, *room, each, pace, text.to_owned(), Arc::clone(&self.acked)));
        }
        saying.join_all().await.into_iter().collect()
    }

    /// Loads what is missing of each room, page by page.
    async fn load(&self, known: &mut Known) {
        for (_, room) in &self.friends {
            let messages = known.entry(*room).or_default();
            loop {
                let url = format!("{}/api/chat/rooms/{room}/messages/", self.server.url());
                let after = [("after_seq", last(messages)), ("limit", 100)];
                let answer = self.http.get(url).query(&after).bearer_auth(&self.one.access).send().await.unwrap();
                let page: Vec<Value> = answer.json().await.unwrap();
                let of = |one: &Value| (one["seq"].as_u64().unwrap(), one["content"].as_str().unwrap().to_owned());
                messages.extend(page.iter().map(of));
                if page.len() < 100 {
                    break;
                }
            }
        }
    }
}

fn last(messages: &BTreeMap<u64, String>) -> u64 {
    messages.keys().next_back().copied().unwrap_or_default()
}

fn frame(message: &Message) -> Option<Value> {
    if let Message::Text(text) = message { serde_json::from_str(text).ok() } else { None }
}

/// Says so many messages at their times, and waits until each is acknowledged; answers them by place.
async fn say(
    line: load::Line,
    room: u64,
    count: u64,
    pace: impl Fn(u64) -> Instant + Sync,
    text: String,
    total: Arc<AtomicU64>,
) -> (u64, BTreeMap<u64, String>) {
    let (mut says, mut hears) = line.split();
    let words = |nth: u64| format!("{nth} {text}");
    let hearing = async {
        let mut acked = BTreeMap::new();
        while acked.len() < usize::try_from(count).unwrap() {
            let message = tokio::time::timeout(PATIENCE, hears.next()).await.expect("in time").unwrap().unwrap();
            assert!(!message.is_close(), "a writer was let go: {message:?}");
            let Some(frame) = frame(&message) else { continue };
            assert!(frame["type"] != "error", "{frame}");
            if frame["type"] == "ack" {
                total.fetch_add(1, Ordering::Relaxed);
                let nth = u64::from_str_radix(&frame["client_msg_id"].as_str().unwrap()[24..], 16).unwrap();
                acked.insert(frame["seq"].as_u64().unwrap(), words(nth));
            }
        }
        acked
    };
    let salt = uuid::Uuid::new_v4().as_u128() << 48;
    let saying = async {
        for nth in 0..count {
            tokio::time::sleep_until(pace(nth).into()).await;
            let id = uuid::Uuid::from_u128(salt | u128::from(nth));
            let said = json!({"type": "message", "room_id": room, "message": words(nth), "client_msg_id": id});
            says.send(Message::text(said.to_string())).await.unwrap();
        }
    };
    let ((), acked) = tokio::join!(saying, hearing);
    (room, acked)
}

/// How reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Enough is known.
    Enough,
    /// The history has to be loaded.
    Resync,
    /// With a close code; 1006 when none came.
    Closed(u16),
}

/// An open socket of the one in question.
struct Reader {
    socket: WebSocketStream<TcpStream>,
    /// Rooms of which everything comes again behind `resumed`.
    resuming: HashSet<u64>,
}

impl Reader {
    /// Reads until it is closed, or `enough`.
    async fn read(&mut self, known: &mut Known, enough: impl Fn(&Known) -> bool + Sync) -> Ended {
        while !enough(known) {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("something comes, or the end");
            let message = match next {
                Some(Ok(Message::Close(reason))) => return Ended::Closed(reason.map_or(1005, |r| r.code.into())),
                Some(Ok(message)) => message,
                Some(Err(_)) | None => return Ended::Closed(1006),
            };
            let Some(frame) = frame(&message) else { continue };
            let room = frame["room_id"].as_u64().unwrap_or_default();
            match frame["type"].as_str().unwrap() {
                "resumed" => drop(self.resuming.remove(&room)),
                "resync_required" => {
                    self.resuming.remove(&room);
                    return Ended::Resync;
                }
                "message" if !self.resuming.contains(&room) => {
                    let (seq, messages) = (frame["seq"].as_u64().unwrap(), known.entry(room).or_default());
                    let due = last(messages) + 1;
                    assert!(seq <= due, "{due} was dropped without a word");
                    messages.entry(seq).or_insert_with(|| frame["message"].as_str().unwrap().to_owned());
                }
                "error" => panic!("{frame}"),
                _ => {}
            }
        }
        Ended::Enough
    }
}

/// The most that the server's memory has come to since it was asked last, in KiB.
#[derive(Clone, Debug, Default)]
struct Memory(Arc<AtomicU64>);

impl Memory {
    fn watch(server: &Server, over: Arc<AtomicBool>) -> Self {
        let memory = Self::default();
        let (most, pid) = (Arc::clone(&memory.0), server.pid());
        tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
                let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or("0 kB");
                most.fetch_max(line.trim().trim_end_matches(" kB").parse().unwrap(), Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        memory
    }

    fn most(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_reading_is_let_go_and_nobody_else_notices() {
    let (turns, count) = (number("GPTING_SLOW_TURNS", 1), number("GPTING_SLOW_MESSAGES", 10_000));
    let rate = number("GPTING_SLOW_RATE", 1_000);
    let stage = Stage::set(FRIENDS, COUPLES).await;
    let over = Arc::new(AtomicBool::new(false));
    let memory = Memory::watch(&stage.server, Arc::clone(&over));
    let (mut known, mut said) = (Known::new(), Known::new());
    let (mut with, mut without, mut held) = (Vec::new(), Vec::new(), Vec::new());
    let how_long = Duration::from_millis(count * 1_000 / rate);
    let text = "오늘저녁에시간있어요?".repeat(30);
    // One more in the beginning, in which the server fills what it keeps anyway.
    for turn in 0..=2 * turns {
        let stops = turn > 0 && turn % 2 == 0;
        let mut reader = stage.open(&known, stops).await;
        let began = Instant::now();
        let others = async { load::run(&stage.couples, Some(TALK), how_long).await.unwrap() };
        let saying = stage.say(count, rate, &text);
        let due = count / FRIENDS as u64 * (turn + 1);
        let all = |known: &Known| known.len() == FRIENDS && known.values().all(|room| last(room) == due);
        let (spoken, outcome) = if stops {
            // Places are not resumed by somebody who does not read: what they are sent they were sent live.
            reader.resuming.clear();
            let both = tokio::join!(saying, others);
            held.push(memory.most());
            let before: usize = known.values().map(BTreeMap::len).sum();
            let ended = reader.read(&mut known, all).await;
            let heard = known.values().map(BTreeMap::len).sum::<usize>() - before;
            eprintln!("turn {turn}: who stopped reading finds {heard} messages, then {ended:?}");
            // Somebody who takes nothing at all cannot be told why: for them the line has broken.
            assert!(matches!(ended, Ended::Closed(1006 | 1013)), "{ended:?}");
            // What was missed comes back: by resuming where it is little, else by the pages of the history.
            let again = stage.open(&known, false).await;
            assert_eq!(stage.follow(again, &mut known, all).await, 0);
            both
        } else {
            let (spoken, outcome, closed) = tokio::join!(saying, others, stage.follow(reader, &mut known, all));
            eprintln!("turn {turn}: who reads was let go {closed} times");
            held.push(memory.most());
            (spoken, outcome)
        };
        let (spent, most) = (began.elapsed(), held.last().unwrap());
        let (talk, middle) = (outcome.rate(), outcome.percentile(50));
        eprintln!("turn {turn}: {spent:.1?}, {most} KiB; the others {talk:.0} messages/s, {middle:.1?} in the middle");
        for (room, messages) in spoken {
            said.entry(room).or_default().extend(messages);
        }
        for (_, room) in &stage.friends {
            assert!(known[room] == said[room], "what was said and what is known of a room differ");
            assert_eq!(said[room].len() as u64, due, "each acknowledged in a place of its own");
        }
        if turn > 0 {
            let times = if stops { &mut with } else { &mut without };
            times.extend(outcome.delivered);
        } else {
            // What reading the history takes, later those who stopped reading do.
            stage.load(&mut Known::new()).await;
            held.clear();
        }
        memory.most();
    }
    over.store(true, Ordering::Relaxed);
    let grown = held.chunks(2).map(|turns| turns[1].saturating_sub(turns[0])).max().unwrap();
    let (counts, with, without) =
        ((with.len(), without.len()), percentile(&mut with, 99), percentile(&mut without, 99));
    let change = (with.as_secs_f64() / without.as_secs_f64() - 1.0) * 100.0;
    eprintln!(
        "{count} messages a turn at {rate}/s; others' p99 {without:.1?} beside one who reads, {with:.1?} beside one who \
         does not ({change:+.0} %, {counts:?} messages); the server held {grown} KiB more (by turns {held:?})"
    );
    assert!(grown <= HELD_KIB, "{grown} KiB");
    if let Some(bar) = std::env::var_os("GPTING_SLOW_BAR") {
        let bar: f64 = bar.to_str().unwrap().parse().expect("percent");
        assert!(change < bar, "{change} %");
    }
    stage.store.close().await;
}

/// Reads, but slower than is said: that can be told, and is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_too_slowly_is_told_to_come_back() {
    let stage = Stage::set(1, 0).await;
    let room = stage.friends[0].1;
    let mut known = Known::new();
    let mut reader = stage.open(&known, true).await;
    // Twelve kilobytes each: more than the machine and the queue keep, in a moment.
    let text = "가".repeat(3_900);
    let saying = stage.say(1_200, 400, &text);
    let reading = async {
        // Until more is there than the machine keeps, four megabytes and some, and the queue.
        for more in 1.. {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if stage.acked.load(Ordering::Relaxed) > 700 {
                break;
            }
            let ended = reader.read(&mut known, |known| known.values().any(|room| room.len() >= more)).await;
            assert_eq!(ended, Ended::Enough);
        }
        reader.read(&mut known, |_| false).await
    };
    let (said, ended) = tokio::join!(saying, reading);
    assert_eq!(ended, Ended::Closed(1013));
    let heard = known[&room].len();
    assert!(heard < 1_200, "nothing was tested");
    eprintln!("who read slowly heard {heard} of 1200 messages, then 1013");
    let again = stage.open(&known, false).await;
    stage.follow(again, &mut known, |known| last(&known[&room]) == 1_200).await;
    assert!(known[&room] == said[&room], "all of it, once");
    stage.store.close().await;
}
