//! A client as the documentation has it: it resends what is not acknowledged, resumes where it stood, drops what comes
//! before `resumed`, and loads the history when it is told to.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gpting_core::{Rng, SystemRng};
use gpting_tests::Socket;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::history::{History, Id, Read, Send};

/// How many messages may wait for their acknowledgement.
const WINDOW: usize = 16;

/// The newest message of each room, once all is said.
pub(crate) type Heads = tokio::sync::watch::Receiver<Option<HashMap<u64, u64>>>;

/// What all clients of a run share.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) began: Instant,
    pub(crate) history: Mutex<History>,
    /// The addresses of sockets, through lines that break.
    pub(crate) sockets: Vec<String>,
    /// The addresses for requests, straight.
    pub(crate) http: Vec<String>,
    /// Whether enough is said, however much somebody still had to say.
    pub(crate) enough: AtomicBool,
    /// Sockets that servers have closed.
    pub(crate) closings: Mutex<Vec<Closing>>,
}

/// A socket that its server has closed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closing {
    /// The instance.
    pub(crate) at: usize,
    pub(crate) code: u16,
    /// When it was closed, and when its client was back, at whichever instance.
    pub(crate) closed: Duration,
    pub(crate) back: Option<Duration>,
}

impl Run {
    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }
}

/// One of them, by chance.
pub(crate) fn any(of: &[String]) -> &str {
    &of[SystemRng.below(u32::try_from(of.len()).unwrap()) as usize]
}

/// One of so many, by chance, and another than the last.
fn another(count: usize, last: Option<usize>) -> usize {
    let others = u32::try_from(count - usize::from(last.is_some())).unwrap();
    let drawn = SystemRng.below(others) as usize;
    drawn + usize::from(last.is_some_and(|last| drawn >= last))
}

/// Somebody who talks in all of their rooms.
pub(crate) struct Client {
    pub(crate) run: Arc<Run>,
    pub(crate) number: usize,
    /// Their access token.
    pub(crate) access: String,
    pub(crate) rooms: Vec<u64>,
    /// How many messages are still to be said, and how long to wait between two.
    pub(crate) to_say: u64,
    pub(crate) pause: Duration,
    pub(crate) said: u64,
    pub(crate) waiting: VecDeque<(Id, u64, Uuid)>,
    pub(crate) last: HashMap<u64, u64>,
    pub(crate) epoch: Option<u64>,
    /// The instance of the last connection: the next is at another.
    pub(crate) at: Option<usize>,
    /// After how many milliseconds to come back, when the server has said so.
    pub(crate) return_after: Option<u64>,
    pub(crate) http: reqwest::Client,
}

/// The text by which everybody knows a message.
fn text(id: Id) -> String {
    format!("{}:{} {}", id.0, id.1, "가나다".repeat(usize::try_from(id.1 % 13).unwrap_or(0)))
}

pub(crate) fn id_of(text: &str) -> Id {
    let (number, rest) = text.split_once(':').expect("a message of this run");
    (number.parse().unwrap(), rest.split(' ').next().unwrap().parse().unwrap())
}

impl Client {
    /// Talks until all is said and acknowledged, and everything up to `heads` has come, once those are known.
    pub(crate) async fn live(mut self, heads: Heads) -> Self {
        let mut closing: Option<usize> = None;
        while !self.is_done(&heads) {
            let at = another(self.run.sockets.len(), self.at);
            self.at = Some(at);
            let url = format!("{}/ws/", self.run.sockets[at]);
            let bearer = format!("Bearer {}", self.access);
            match Socket::open(&url, &[("authorization", &bearer)]).await {
                Ok(mut socket) => {
                    if let Some(closing) = closing.take() {
                        let now = self.run.now();
                        self.run.closings.lock().unwrap()[closing].back = Some(now);
                    }
                    let _ = self.talk(&mut socket, &heads).await;
                    closing = socket.close_code().filter(|code| *code != 1006).map(|code| self.was_closed(at, code));
                }
                Err(status) => assert!(status == 0 || status >= 500 || status == 429, "refused: {status}"),
            }
            let wait = self.return_after.take().unwrap_or_else(|| u64::from(20 + SystemRng.below(80)));
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        self
    }

    /// Notes that a server has closed a socket; answers under which number.
    fn was_closed(&self, at: usize, code: u16) -> usize {
        let mut closings = self.run.closings.lock().unwrap();
        closings.push(Closing { at, code, closed: self.run.now(), back: None });
        closings.len() - 1
    }

    fn is_done(&self, heads: &Heads) -> bool {
        let all_said = self.to_say == 0 && self.waiting.is_empty();
        let heads = heads.borrow();
        let heard = |heads: &HashMap<u64, u64>| self.rooms.iter().all(|room| self.last[room] >= heads[room]);
        all_said && heads.as_ref().is_some_and(heard)
    }

    /// On one connection, until it breaks or all is done; none when it broke.
    async fn talk(&mut self, socket: &mut Socket, heads: &Heads) -> Option<()> {
        let ready = socket.next(Duration::from_secs(10)).await?;
        assert_eq!(ready["type"], "ready");
        let epoch = ready["epoch"].as_u64();
        assert!(self.epoch.is_none() || self.epoch == epoch, "one log, whichever instance");
        self.epoch = epoch;
        let places: HashMap<String, u64> = self.last.iter().map(|(room, seq)| (room.to_string(), *seq)).collect();
        socket.try_send(&json!({"type": "resume", "epoch": epoch, "rooms": places})).await.ok()?;
        let mut resuming: HashSet<u64> = self.rooms.iter().copied().collect();
        for (id, room, client) in self.waiting.clone() {
            self.say(socket, id, room, client).await?;
        }
        let mut next = tokio::time::Instant::now() + self.pause;
        while !self.is_done(heads) {
            if self.run.enough.load(Ordering::Relaxed) {
                self.to_say = 0;
            }
            let ready_to_say = self.to_say > 0 && self.waiting.len() < WINDOW;
            let patience = if ready_to_say { next } else { tokio::time::Instant::now() + Duration::from_millis(200) };
            let frame = socket.next(patience.saturating_duration_since(tokio::time::Instant::now())).await;
            match frame {
                // Unavailable for a moment, and the like: a new line, on which it is said again.
                Some(frame) if frame["type"] == "error" => {
                    assert!(frame["code"] != "room_not_found" && frame["code"] != "idempotency_conflict", "{frame}");
                    return None;
                }
                Some(frame) => self.hear(&frame, &mut resuming).await,
                None if socket.is_closed() => return None,
                None if ready_to_say => {
                    next += self.pause;
                    self.say_something(socket).await?;
                }
                None => {}
            }
        }
        Some(())
    }

    async fn say_something(&mut self, socket: &mut Socket) -> Option<()> {
        if self.run.enough.load(Ordering::Relaxed) {
            self.to_say = 0;
            return Some(());
        }
        self.to_say -= 1;
        self.said += 1;
        let room = self.rooms[SystemRng.below(u32::try_from(self.rooms.len()).unwrap()) as usize];
        let (id, client) = ((self.number, self.said), Uuid::new_v4());
        self.run.history.lock().unwrap().sends.insert(id, Send { room, acks: Vec::new() });
        self.waiting.push_back((id, room, client));
        self.say(socket, id, room, client).await?;
        match SystemRng.below(40) {
            // Again at once, on the same line; or by a request to whichever instance.
            0 => self.say(socket, id, room, client).await?,
            1 => self.say_by_request(id, room, client),
            2 => self.read(room),
            _ => {}
        }
        Some(())
    }

    async fn say(&self, socket: &mut Socket, id: Id, room: u64, client: Uuid) -> Option<()> {
        let frame = json!({"type": "message", "room_id": room, "message": text(id), "client_msg_id": client});
        socket.try_send(&frame).await.ok()
    }

    fn say_by_request(&self, id: Id, room: u64, client: Uuid) {
        let url = format!("{}/api/chat/rooms/{room}/messages/", any(&self.run.http));
        let body = json!({"content": text(id), "client_msg_id": client});
        let (run, request) = (Arc::clone(&self.run), self.http.post(url).bearer_auth(&self.access).json(&body));
        tokio::spawn(async move {
            let Ok(answer) = request.send().await else { return };
            if answer.status() == 201
                && let Ok(body) = answer.json::<Value>().await
            {
                run.history.lock().unwrap().ack(id, body["seq"].as_u64().unwrap(), run.now());
            }
        });
    }

    /// Reads the end of a room's history at whichever instance.
    fn read(&self, room: u64) {
        let url = format!("{}/api/chat/rooms/{room}/messages/?limit=100", any(&self.run.http));
        let (run, request) = (Arc::clone(&self.run), self.http.get(url).bearer_auth(&self.access));
        tokio::spawn(async move {
            let began = run.now();
            let Ok(answer) = request.send().await else { return };
            if answer.status() == 200
                && let Ok(body) = answer.json::<Value>().await
            {
                let messages = listed(&body);
                run.history.lock().unwrap().reads.push(Read { room, began, messages });
            }
        });
    }

    async fn hear(&mut self, frame: &Value, resuming: &mut HashSet<u64>) {
        let room = frame["room_id"].as_u64();
        match frame["type"].as_str().unwrap() {
            "ack" => {
                let client: Uuid = frame["client_msg_id"].as_str().unwrap().parse().unwrap();
                if let Some(at) = self.waiting.iter().position(|(_, _, waiting)| *waiting == client) {
                    let (id, _, _) = self.waiting.remove(at).unwrap();
                    let (seq, now) = (frame["seq"].as_u64().unwrap(), self.run.now());
                    self.run.history.lock().unwrap().ack(id, seq, now);
                }
            }
            "resumed" => drop(resuming.remove(&room.unwrap())),
            "resync_required" => {
                resuming.remove(&room.unwrap());
                self.catch_up(room.unwrap()).await;
            }
            "message" if !resuming.contains(&room.unwrap()) => {
                self.show(room.unwrap(), frame["seq"].as_u64().unwrap(), frame["message"].as_str().unwrap());
            }
            "closing" => self.return_after = frame["retry_after_ms"].as_u64().filter(|_| frame["reconnect"] == true),
            "closed" => panic!("a room of theirs was closed: {frame}"),
            _ => {}
        }
    }

    fn show(&mut self, room: u64, seq: u64, text: &str) {
        let last = self.last.get_mut(&room).expect("a room of theirs");
        if seq > *last {
            *last = seq;
            let mut history = self.run.history.lock().unwrap();
            history.shown.entry((self.number, room)).or_default().push((seq, id_of(text)));
        }
    }

    /// Loads what was missed as pages of history.
    async fn catch_up(&mut self, room: u64) {
        loop {
            let after = self.last[&room];
            let url = any(&self.run.http);
            let url = format!("{url}/api/chat/rooms/{room}/messages/?limit=100&after_seq={after}");
            let answer = self.http.get(url).bearer_auth(&self.access).send().await;
            let Ok(answer) = answer else { continue };
            let Ok(body) = answer.json::<Value>().await else { continue };
            let Some(page) = body.as_array() else { continue };
            for message in page {
                self.show(room, message["seq"].as_u64().unwrap(), message["content"].as_str().unwrap());
            }
            if page.len() < 100 {
                return;
            }
        }
    }
}

/// The messages of an answer of the history.
pub(crate) fn listed(body: &Value) -> Vec<(u64, Id)> {
    let messages = body.as_array().expect("a list").iter();
    messages.map(|one| (one["seq"].as_u64().unwrap(), id_of(one["content"].as_str().unwrap()))).collect()
}

impl History {
    fn ack(&mut self, id: Id, seq: u64, at: Duration) {
        self.sends.get_mut(&id).expect("it was sent").acks.push((seq, at));
    }
}
