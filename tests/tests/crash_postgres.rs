//! `kill -9` of PostgreSQL itself, the postmaster and all of its processes, with its default durability, again and again
//! while people write.
//!
//! What was acknowledged is found afterwards at its place, and nothing twice. While the database is gone everything is
//! refused by name with a time to come back, readiness says no, and nothing of it sticks: as soon as the database is there,
//! so is the server, with all of its connections. `GPTING_CRASH_ROUNDS` sets the number of rounds.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]
#![expect(clippy::print_stderr, reason = "what was measured is told")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gpting_tests::postgres::{Options, Postgres};
use gpting_tests::{Answer, Person, Server, Settings};
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

const WRITERS: usize = 4;
/// How soon the server is ready when the database is.
const READY: Duration = Duration::from_secs(15);

/// A message with its own id, which is sent until it is acknowledged.
#[derive(Debug)]
struct Sent {
    content: String,
    seq: u64,
    /// How often it was sent.
    tries: u32,
}

/// How often what was answered.
#[derive(Debug, Default)]
struct Answers {
    sent: Vec<Sent>,
    read: u32,
    refused: u32,
}

/// Whether an answer is a refusal because the database is gone; any other refusal is a fault.
fn is_gone(answer: &Answer) -> bool {
    if answer.status != 503 {
        return false;
    }
    answer.refused(503, "unavailable");
    let wait: u64 = answer.header("retry-after").expect("a time to come back").parse().unwrap();
    assert!((1..=60).contains(&wait), "{answer}");
    true
}

/// Writes messages one after the other, each until it is acknowledged, and reads in between.
async fn write(me: Person, room: u64, name: String, over: Arc<AtomicBool>) -> Answers {
    let mut answers = Answers::default();
    let path = format!("/api/chat/rooms/{room}/messages/");
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let content = format!("{name}/{number}");
        let body = json!({"content": content, "client_msg_id": Uuid::new_v4()});
        let mut tries = 0;
        let seq = loop {
            tries += 1;
            let answer = me.post(&path, &body).await;
            if answer.status == 201 {
                break answer.json()["seq"].as_u64().unwrap();
            }
            assert!(is_gone(&answer), "{answer}");
            answers.refused += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        answers.sent.push(Sent { content, seq, tries });
        let answer = me.send(me.request(Method::GET, &format!("{path}?limit=5"))).await;
        if is_gone(&answer) {
            answers.refused += 1;
        } else {
            answer.expect(200);
            answers.read += 1;
        }
    }
    answers
}

async fn readiness(server: &Server) -> u16 {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let asked = http.get(format!("{}/readyz", server.url())).timeout(Duration::from_secs(20)).send();
    asked.await.unwrap().status().as_u16()
}

/// Asks until readiness is as wished; answers how long that took.
async fn until_ready_is(server: &Server, wished: u16) -> Duration {
    let began = Instant::now();
    while readiness(server).await != wished {
        assert!(began.elapsed() < READY, "readiness is not {wished} after {:?}", began.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}

/// Everything in the room: what was said at which place.
async fn room_of(reader: &Person, room: u64) -> BTreeMap<u64, String> {
    let mut found = BTreeMap::new();
    loop {
        let after = found.last_key_value().map_or(0, |(seq, _)| *seq);
        let page =
            reader.get(&format!("/api/chat/rooms/{room}/messages/?after_seq={after}&limit=100")).await.expect(200);
        let page = page.as_array().unwrap().clone();
        if page.is_empty() {
            return found;
        }
        for (message, seq) in page.iter().zip(after + 1..) {
            assert_eq!(message["seq"], seq, "a hole");
            found.insert(seq, message["content"].as_str().unwrap().to_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_writes_survive_the_death_of_postgres() {
    let rounds = std::env::var("GPTING_CRASH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(4_u32);
    let postgres = Arc::new(Postgres::start(Options { durable: true }));
    let database = postgres.database("crash").await;
    let server = Server::start(Settings::postgres(&database.url)).await;
    let mut people = [
        Person::sign_up_complete(&server, "sora", "F", &["M"]).await,
        Person::sign_up_complete(&server, "jun", "M", &["F"]).await,
    ];
    let room = people[0].match_with(&people[1]).await;
    let (mut acknowledged, mut refused, mut again, mut slowest) = (BTreeMap::new(), 0, 0, Duration::ZERO);
    for round in 0..rounds {
        for person in &mut people {
            person.log_in().await;
        }
        let over = Arc::new(AtomicBool::new(false));
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let me = people[writer % 2].clone();
            writers.spawn(write(me, room, format!("{round}/{writer}"), Arc::clone(&over)));
        }
        let random = u64::try_from(Uuid::new_v4().as_u128() % 400).unwrap();
        tokio::time::sleep(Duration::from_millis(100 + random)).await;
        let cluster = Arc::clone(&postgres);
        tokio::task::spawn_blocking(move || cluster.kill9()).await.unwrap();
        until_ready_is(&server, 503).await;
        tokio::time::sleep(Duration::from_millis(random)).await;
        let cluster = Arc::clone(&postgres);
        tokio::task::spawn_blocking(move || cluster.restart()).await.unwrap();
        slowest = slowest.max(until_ready_is(&server, 200).await);
        // More at once than the pool has connections: none of them is stuck in the past.
        let mut all = JoinSet::new();
        for _ in 0..48 {
            let me = people[0].clone();
            all.spawn(async move { me.get("/api/chat/rooms/").await.expect(200) });
        }
        all.join_all().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        over.store(true, Ordering::Relaxed);
        for answers in writers.join_all().await {
            assert!(answers.read > 0 && !answers.sent.is_empty());
            refused += answers.refused;
            for sent in answers.sent {
                again += u32::from(sent.tries > 1);
                let before = acknowledged.insert(sent.seq, sent.content);
                assert_eq!(before, None, "one place for two");
            }
        }
    }
    let stored = room_of(&people[1], room).await;
    assert_eq!(
        stored, acknowledged,
        "everything was sent until it was acknowledged: there is that, once, and nothing else"
    );
    assert!(refused > rounds, "nobody was refused: nothing was tested");
    let log = server.log();
    assert!(!log.contains("panicked"), "{}", log.lines().filter(|line| line.contains("panicked")).collect::<String>());
    assert!(!log.contains(" status=500 "), "only the database failed");
    eprintln!(
        "{rounds} rounds: {} messages, {again} sent again, {refused} refusals; ready at most {slowest:?} after the database",
        stored.len()
    );
}
