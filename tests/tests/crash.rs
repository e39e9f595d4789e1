//! `kill -9` of the server, again and again, while people write: what was acknowledged is found afterwards.
//!
//! Each round signs somebody up, then lets sockets, posts and likes run at once until the server is killed at
//! a random moment. After the restart every acknowledged write must be there, at the place its acknowledgement
//! named; a write whose answer never came may be there or not, but at most once, and sending it again settles
//! it. `GPTING_CRASH_ROUNDS` sets the number of rounds per store.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use gpting_tests::postgres::{Options, Postgres};
use gpting_tests::{Person, Registration, Server, Settings, Socket};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

const WRITERS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_writes_survive_on_sqlite() {
    survive(Settings::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_writes_survive_on_postgres() {
    let postgres = Postgres::start(Options { durable: true });
    let database = postgres.database("crash").await;
    survive(Settings::postgres(&database.url)).await;
}

/// A message on its way: unknown until its `seq` is.
#[derive(Debug)]
struct Sending {
    id: String,
    content: String,
    seq: Option<u64>,
}

/// The last decision that was answered, and the one that was not.
#[derive(Debug, Clone, Copy, Default)]
struct Decision {
    answered: Option<&'static str>,
    open: Option<&'static str>,
}

/// What a newcomer reached before the crash.
#[derive(Debug, Clone, Copy, Default)]
struct Courtship {
    liked: bool,
    matched: Option<u64>,
}

enum Written {
    Messages(Vec<Sending>),
    Decision(Decision),
    Courtship(Courtship),
}

async fn survive(settings: Settings) {
    let rounds = std::env::var("GPTING_CRASH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(20_usize);
    let mut server = Server::start(settings).await;
    let mut woman = Person::sign_up_complete(&server, "sora", "F", &["M"]).await;
    let mut man = Person::sign_up_complete(&server, "jun", "M", &["F"]).await;
    let mut bystander = Person::sign_up_complete(&server, "hana", "F", &["M"]).await;
    let room = woman.match_with(&man).await;
    bystander.wait_until_recommended(&man).await;

    let mut log = Log::default();
    let mut decision = Decision::default();
    let mut acknowledged = 0;
    for round in 0..rounds {
        // Access tokens live for minutes, many rounds for hours.
        for person in [&mut woman, &mut man, &mut bystander] {
            person.log_in().await;
        }
        let newcomer = Person::sign_up_complete(&server, "mina", "F", &["M"]).await;
        newcomer.wait_until_recommended(&man).await;

        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let author = if writer % 2 == 0 { woman.clone() } else { man.clone() };
            let name = format!("{round}/{writer}");
            let (socket, _) = Socket::enter(&server, &author, room).await;
            writers.spawn(async move { Written::Messages(by_socket(socket, name).await) });
        }
        let author = man.clone();
        writers.spawn(async move { Written::Messages(by_post(author, room, format!("{round}/post")).await) });
        let (viewer, other) = (bystander.clone(), man.id);
        writers.spawn(async move { Written::Decision(change_of_mind(viewer, other, decision).await) });
        let (her, him) = (newcomer.clone(), man.clone());
        writers.spawn(async move { Written::Courtship(court(her, him).await) });

        tokio::time::sleep(random_moment()).await;
        server.kill9();
        let (mut sendings, mut courtship) = (Vec::new(), Courtship::default());
        while let Some(written) = writers.join_next().await {
            match written.expect("a writer does not panic") {
                Written::Messages(sent) => sendings.extend(sent),
                Written::Decision(last) => decision = last,
                Written::Courtship(reached) => courtship = reached,
            }
        }
        server.restart().await;

        acknowledged += sendings.iter().filter(|sending| sending.seq.is_some()).count();
        log.check(&woman, room, &sendings).await;
        log.send_again(&man, &woman, room, &sendings).await;
        decision = check_decision(&bystander, man.id, decision).await;
        check_courtship(&newcomer, &man, courtship).await;
    }
    log.check_from_the_start(&woman, room).await;
    assert!(acknowledged > rounds, "only {acknowledged} messages were acknowledged: nothing was tested");
}

/// Between 30 and 500 ms after the writers began.
fn random_moment() -> Duration {
    let random = Uuid::new_v4().as_u128() % 470;
    Duration::from_millis(30 + u64::try_from(random).expect("less than 470"))
}

/// Sends over a socket, each message after the acknowledgement of the one before, until the server is gone.
async fn by_socket(mut socket: Socket, name: String) -> Vec<Sending> {
    let mut sent = Vec::new();
    for number in 0.. {
        let sending = Sending { id: Uuid::new_v4().to_string(), content: format!("{name}/{number}"), seq: None };
        let frame = json!({"type": "message", "message": sending.content, "client_msg_id": sending.id});
        let delivered = socket.try_send(&frame).await.is_ok();
        let is_ack = |frame: &Value| frame["type"] == "ack" && frame["client_msg_id"] == sending.id.as_str();
        let ack = if delivered { socket.find(Duration::from_secs(20), is_ack).await } else { None };
        let seq = ack.and_then(|ack| ack["seq"].as_u64());
        sent.push(Sending { seq, ..sending });
        if seq.is_none() {
            break;
        }
    }
    sent
}

/// The same by `POST`.
async fn by_post(author: Person, room: u64, name: String) -> Vec<Sending> {
    let mut sent = Vec::new();
    for number in 0.. {
        let sending = Sending { id: Uuid::new_v4().to_string(), content: format!("{name}/{number}"), seq: None };
        let seq = post(&author, room, &sending).await;
        sent.push(Sending { seq, ..sending });
        if seq.is_none() {
            break;
        }
    }
    sent
}

async fn post(author: &Person, room: u64, sending: &Sending) -> Option<u64> {
    let body = json!({"content": sending.content, "client_msg_id": sending.id});
    let path = format!("/api/chat/rooms/{room}/messages/");
    let answer = author.try_send(author.request(reqwest::Method::POST, &path).json(&body)).await.ok()?;
    assert!(matches!(answer.status, 200 | 201), "{answer}");
    answer.json()["seq"].as_u64()
}

/// Likes and passes the same person in turn until the server is gone.
async fn change_of_mind(viewer: Person, other: u64, before: Decision) -> Decision {
    let mut decision = Decision { answered: before.answered, open: None };
    loop {
        let next = if decision.answered == Some("like") { "pass" } else { "like" };
        decision.open = Some(next);
        let Some(status) = decide(&viewer, next, other).await else {
            return decision;
        };
        assert_eq!(status, 201, "a change of mind is new");
        decision = Decision { answered: Some(next), open: None };
    }
}

/// The status of `like/` or `pass/`; `None` when there was no answer.
async fn decide(viewer: &Person, action: &str, other: u64) -> Option<u16> {
    let body = json!({"user_profile": other});
    let path = format!("/api/matches/{action}/");
    let answer = viewer.try_send(viewer.request(reqwest::Method::POST, &path).json(&body)).await.ok()?;
    assert!(matches!(answer.status, 200 | 201), "{answer}");
    Some(answer.status)
}

/// She likes him, he likes her back.
async fn court(her: Person, him: Person) -> Courtship {
    let mut reached = Courtship::default();
    let like = |from: &Person, to: &Person| {
        let path = format!("/api/matches/like/{}/", to.id);
        from.request(reqwest::Method::POST, &path).json(&json!({}))
    };
    let Ok(answer) = her.try_send(like(&her, &him)).await else {
        return reached;
    };
    answer.expect(201);
    reached.liked = true;
    let Ok(answer) = him.try_send(like(&him, &her)).await else {
        return reached;
    };
    let answer = answer.expect(201);
    assert_eq!(answer["matched"], true, "she liked him already");
    reached.matched = answer["room_id"].as_u64();
    assert!(reached.matched.is_some(), "a match has a room: {answer}");
    reached
}

/// An answered decision is already taken; an open one is settled by taking it again.
async fn check_decision(viewer: &Person, other: u64, decision: Decision) -> Decision {
    let Decision { answered, open } = decision;
    let again = match (answered, open) {
        (Some(answered), None) => {
            assert_eq!(decide(viewer, answered, other).await, Some(200), "an answered `{answered}` is lost");
            answered
        }
        // Before or after it: both are right, so it says nothing which one is found.
        (_, Some(open)) => {
            decide(viewer, open, other).await.expect("the server is back");
            assert_eq!(decide(viewer, open, other).await, Some(200), "the same decision again is no news");
            open
        }
        (None, None) => return decision,
    };
    Decision { answered: Some(again), open: None }
}

/// The account works, the like and the match are known.
async fn check_courtship(newcomer: &Person, man: &Person, reached: Courtship) {
    let mut newcomer = newcomer.clone();
    newcomer.log_in().await;
    let path = format!("/api/matches/like/{}/", man.id);
    let again = newcomer.post(&path, &json!({})).await;
    if !reached.liked {
        assert!(matches!(again.status, 200 | 201), "{again}");
        return;
    }
    let again = again.expect(200);
    let Some(room) = reached.matched else { return };
    assert_eq!(again["matched"], true, "an acknowledged match is lost");
    for person in [&newcomer, man] {
        let rooms = person.get("/api/chat/rooms/?limit=100").await.expect(200);
        let rooms = rooms.as_array().expect("an array");
        assert!(rooms.iter().any(|listed| listed["room_id"] == room), "the room of a match is lost");
    }
}

/// The room's messages as they were read so far, which must only ever grow.
#[derive(Debug, Default)]
struct Log {
    messages: BTreeMap<u64, (String, String)>,
}

impl Log {
    /// Reads on, and finds every acknowledged message at its `seq`, every other at most once.
    async fn check(&mut self, reader: &Person, room: u64, sendings: &[Sending]) {
        self.read_on(reader, room).await;
        for sending in sendings {
            if let Some(seq) = sending.seq {
                let found = self.messages.get(&seq);
                assert_eq!(found.map(|(_, content)| content), Some(&sending.content), "acknowledged as {seq}, lost");
            }
        }
        self.no_content_twice();
    }

    /// A client that heard nothing sends again with the same id: afterwards the message is there once.
    async fn send_again(&mut self, man: &Person, woman: &Person, room: u64, sendings: &[Sending]) {
        for open in sendings.iter().filter(|sending| sending.seq.is_none()) {
            let writer = open.content.split('/').nth(1);
            let author = if matches!(writer, Some("post" | "1")) { man } else { woman };
            let before = self.messages.iter().find(|(_, (_, content))| *content == open.content);
            let before = before.map(|(seq, _)| *seq);
            let seq = post(author, room, open).await.expect("the server is back");
            assert!(before.is_none_or(|before| before == seq), "stored twice: {before:?} and {seq}");
        }
        self.read_on(woman, room).await;
        self.no_content_twice();
    }

    /// Reads the whole room again: nothing of what was ever read has changed.
    async fn check_from_the_start(&self, reader: &Person, room: u64) {
        let mut again = Self::default();
        again.read_on(reader, room).await;
        assert!(again.messages == self.messages, "the past has changed");
    }

    async fn read_on(&mut self, reader: &Person, room: u64) {
        loop {
            let last = self.messages.last_key_value().map_or(0, |(seq, _)| *seq);
            let path = format!("/api/chat/rooms/{room}/messages/?after_seq={last}&limit=100");
            let page = reader.get(&path).await.expect(200);
            let page = page.as_array().expect("an array");
            if page.is_empty() {
                return;
            }
            for (message, expected) in page.iter().zip(last + 1..) {
                assert_eq!(message["seq"], expected, "a hole in the room: {message}");
                let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
                self.messages.insert(expected, (text("client_msg_id"), text("content")));
            }
        }
    }

    fn no_content_twice(&self) {
        let mut seen = HashMap::new();
        for (seq, (_, content)) in &self.messages {
            let before = seen.insert(content, seq);
            assert!(before.is_none(), "`{content}` is stored as {before:?} and {seq}");
        }
    }
}

/// Registers once more so that a name used twice would be noticed here, not in a round.
#[test]
fn registrations_are_unique() {
    let (first, second) = (Registration::new("same", "F"), Registration::new("same", "F"));
    assert_ne!(first.username, second.username);
    assert_ne!(first.nickname, second.nickname);
}
