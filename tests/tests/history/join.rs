//! Joining a room while everybody in it talks: between what was said before and what is heard from then on nothing is
//! missing, whichever of the three documented ways somebody goes, and whichever instances they reach.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gpting_tests::{Person, Server, Socket};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{Run, any, id_of, listed};
use crate::history::{History, Id, Read, Verdict, check};
use crate::log::acknowledged;
use crate::{Size, Stage, said};

/// So many join at the same time: with those who talk fewer than a member may have sockets.
const AT_ONCE: usize = 4;
/// So many messages are heard live before a join counts.
const LIVE: usize = 30;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How somebody joins.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Listens, loads the latest page, and merges both by place.
    ListenThenLoad,
    /// Loads the latest page, listens, and resumes behind it.
    LoadThenResume,
    /// Listens, resumes from the very beginning, and loads the latest page when that is too far back.
    ResumeFromNothing,
}

const WAYS: [Way; 3] = [Way::ListenThenLoad, Way::LoadThenResume, Way::ResumeFromNothing];

/// What somebody knows of the room.
struct Joiner {
    run: Arc<Run>,
    person: Person,
    room: u64,
    http: reqwest::Client,
    known: BTreeMap<u64, Id>,
}

impl Joiner {
    /// Joins; answers everything that was shown.
    async fn join(mut self, way: Way) -> Read {
        let began = self.run.now();
        if matches!(way, Way::LoadThenResume) {
            self.load().await;
        }
        let bearer = format!("Bearer {}", self.person.access);
        let url = format!("{}/ws/chat/{}/", any(&self.run.sockets), self.room);
        let mut socket = Socket::open(&url, &[("authorization", &bearer)]).await.expect("a participant");
        let ready = socket.next_of_type("ready", PATIENCE).await;
        match way {
            Way::ListenThenLoad => self.load().await,
            Way::LoadThenResume | Way::ResumeFromNothing => {
                let last = self.known.keys().next_back().copied().unwrap_or_default();
                let places = json!({"type": "resume", "epoch": ready["epoch"], "rooms": {self.room.to_string(): last}});
                socket.send(&places).await;
                let answer = |frame: &Value| frame["type"] == "resumed" || frame["type"] == "resync_required";
                // What came before the answer comes again behind it, or is in what is loaded.
                let answer = loop {
                    let frame = socket.next(PATIENCE).await.expect("an answer to `resume`");
                    if answer(&frame) {
                        break frame;
                    }
                };
                if answer["type"] == "resync_required" {
                    self.load().await;
                }
            }
        }
        let mut live = 0;
        while live < LIVE {
            let frame = socket.next(PATIENCE).await.expect("the talk goes on");
            if frame["type"] == "message" {
                let seq = frame["seq"].as_u64().unwrap();
                live += usize::from(self.known.keys().next_back().is_none_or(|last| seq > *last));
                self.know(seq, id_of(frame["message"].as_str().unwrap()));
            }
        }
        Read { room: self.room, began, messages: self.known.into_iter().collect() }
    }

    /// Loads the latest page at whichever instance.
    async fn load(&mut self) {
        let url = format!("{}/api/chat/rooms/{}/messages/", any(&self.run.http), self.room);
        let answer = self.http.get(url).bearer_auth(&self.person.access).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        for (seq, id) in listed(&answer.json().await.unwrap()) {
            self.know(seq, id);
        }
    }

    fn know(&mut self, seq: u64, id: Id) {
        let before = self.known.insert(seq, id);
        assert!(before.is_none_or(|before| before == id), "two messages in one place");
    }
}

/// The reads of so many joins, `AT_ONCE` at a time.
async fn joins(stage: &Stage, run: &Arc<Run>, room: u64, count: usize) -> Vec<Read> {
    let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
    let (mut joining, mut reads) = (JoinSet::new(), Vec::new());
    for number in 0..count {
        if joining.len() == AT_ONCE {
            reads.push(joining.join_next().await.unwrap().unwrap());
        }
        let joiner = Joiner {
            run: Arc::clone(run),
            person: stage.people[number % 2].clone(),
            room,
            http: http.clone(),
            known: BTreeMap::new(),
        };
        joining.spawn(joiner.join(WAYS[number % WAYS.len()]));
    }
    while let Some(read) = joining.join_next().await {
        reads.push(read.unwrap());
    }
    reads
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_in_full_flow_misses_nothing() {
    let count = std::env::var("GPTING_HISTORY_JOINS").map_or(50, |text| text.parse().expect("a number"));
    let size = Size { people: 2, ..Size::told() };
    let stage = Stage::set(None, &size).await;
    let members = stage.members.clone();
    let room = *members.keys().next().expect("two people have one room");
    let run = Arc::new(Run {
        began: Instant::now(),
        history: Mutex::new(History { members: members.clone(), ..History::default() }),
        sockets: stage.servers.iter().map(Server::socket_url).collect(),
        http: stage.servers.iter().map(Server::url).collect(),
        enough: AtomicBool::new(false),
        closings: Mutex::default(),
    });
    let (heads_known, heads) = watch::channel(None);
    let talking = stage.clients(&run, u64::MAX, size.rate, &heads);
    said(&run, 400).await;
    let (since, before) = (Instant::now(), run.history.lock().unwrap().sends.len());
    let reads = joins(&stage, &run, room, count).await;
    let (spent, flowed) = (since.elapsed(), run.history.lock().unwrap().sends.len() - before);
    run.enough.store(true, Ordering::Relaxed);
    // Who has just begun to say something says it.
    tokio::time::sleep(Duration::from_secs(1)).await;
    acknowledged(&run).await;
    let mut log = History { members, ..History::default() };
    stage.log(&mut log).await;
    heads_known.send(Some(log.log.iter().map(|(room, log)| (*room, log.len() as u64)).collect())).unwrap();
    tokio::time::timeout(Duration::from_mins(2), talking.join_all()).await.expect("everybody hears everything");
    let mut history = run.history.lock().unwrap().clone();
    history.log = log.log;
    history.reads.extend(reads.iter().cloned());
    let verdict = check(&history);
    let shown: usize = reads.iter().map(|read| read.messages.len()).sum();
    let rate = flowed as f64 / spent.as_secs_f64();
    eprintln!("{count} joins while {rate:.0} messages/s flowed, {shown} messages shown: {verdict:?}");
    assert_eq!(verdict, Verdict::default());
    assert_eq!(reads.len(), count);
    assert!(reads.iter().all(|read| read.messages.len() > LIVE), "the past and the present");
}
