//! [`Relay`]: everything of a bus between processes but the transport.
//!
//! Held by an adapter, which forwards the three methods of [`Bus`](crate::port::Bus) to it. Time is tokio's, so a test
//! can pause it. Logs once when a connection is lost and once when it is back.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, broadcast};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::line::{Line, Speaker};
use super::payload::{self, MOST};
use crate::port::{BusHealth, Hint, PortError};
use crate::rng::Rng;

/// How many hints a subscriber may be behind before it loses some.
const BACKLOG: usize = 4096;
/// How many hints wait to be said at the most; beyond, the oldest is lost.
const WAITING: usize = 4096;
/// How long hints are gathered after a line before the next is said: a busy instance makes two hundred lines a second.
const GATHER: Duration = Duration::from_millis(5);
/// How long connecting, or saying one line, may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// After so much silence a line without hints is said, so that whoever listens knows that the transport lives.
const BEAT_EVERY: Duration = Duration::from_secs(10);
/// A connection on which nothing has been heard for so long, not even one's own beat, is made anew.
const SILENCE: Duration = Duration::from_secs(30);
/// The first wait after a failure; the next ones are twice as long each.
const FIRST_RETRY: Duration = Duration::from_millis(100);
/// The longest wait after a failure.
const SLOWEST_RETRY: Duration = Duration::from_secs(5);

/// Delivers hints within this process and carries them to others over a [`Line`].
#[derive(Debug)]
pub struct Relay {
    /// Tells this process from others on the line.
    origin: u64,
    here: broadcast::Sender<Hint>,
    waiting: Mutex<Waiting>,
    due: Notify,
    saying: Direction,
    listening: Direction,
}

/// What a direction has come to.
#[derive(Debug, Default)]
struct Direction {
    up: AtomicBool,
    hints: AtomicU64,
    failures: AtomicU64,
}

/// What is still to be said, the oldest first, each hint once; of messages in a room the last alone.
#[derive(Debug, Default)]
struct Waiting {
    order: VecDeque<Hint>,
    /// What is in the order, with the newest place of a message.
    present: HashMap<Hint, u64>,
    lost: u64,
}

impl Waiting {
    fn add(&mut self, hint: Hint) {
        let (hint, place) = match hint {
            Hint::Message { room, seq } => (Hint::Message { room, seq: 0 }, seq),
            Hint::Room(_) | Hint::Member(_) | Hint::Typing { .. } | Hint::Presence { .. } | Hint::Opened { .. } => {
                (hint, 0)
            }
        };
        match self.present.entry(hint) {
            Entry::Occupied(mut known) => {
                let newest = place.max(*known.get());
                known.insert(newest);
                return;
            }
            Entry::Vacant(free) => {
                free.insert(place);
            }
        }
        self.order.push_back(hint);
        if self.order.len() > WAITING
            && let Some(oldest) = self.order.pop_front()
        {
            self.present.remove(&oldest);
            self.lost += 1;
        }
    }

    fn take(&mut self, most: usize) -> Vec<Hint> {
        let mut taken: Vec<Hint> = self.order.drain(..most.min(self.order.len())).collect();
        for hint in &mut taken {
            let place = self.present.remove(hint);
            if let (Hint::Message { seq, .. }, Some(place)) = (hint, place) {
                *seq = place;
            }
        }
        taken
    }
}

impl Relay {
    /// A relay that nobody has subscribed to yet. `rng` draws the number that tells its words from others'.
    pub fn new(rng: &dyn Rng) -> Self {
        let mut origin = [0; 8];
        rng.fill(&mut origin);
        Self {
            origin: u64::from_le_bytes(origin),
            here: broadcast::channel(BACKLOG).0,
            waiting: Mutex::default(),
            due: Notify::new(),
            saying: Direction::default(),
            listening: Direction::default(),
        }
    }

    /// See [`Bus::publish`](crate::port::Bus::publish). `O(hints)`, and a lock held for as long.
    pub fn publish(&self, hints: &[Hint]) {
        if hints.is_empty() {
            return;
        }
        let mut waiting = self.waiting();
        for hint in hints {
            waiting.add(*hint);
        }
        drop(waiting);
        self.tell(hints.iter().copied());
        self.due.notify_one();
    }

    /// See [`Bus::subscribe`](crate::port::Bus::subscribe).
    pub fn subscribe(&self) -> broadcast::Receiver<Hint> {
        self.here.subscribe()
    }

    /// See [`Bus::carry`](crate::port::Bus::carry): says what is published here and tells what is heard, for as long as
    /// it is polled. Dropping it loses at most the hints that were being said.
    pub async fn carry(&self, line: &dyn Line) {
        tokio::join!(self.speak(line), self.listen(line));
    }

    /// See [`Bus::health`](crate::port::Bus::health).
    pub fn health(&self) -> BusHealth {
        let (saying, listening) = (&self.saying, &self.listening);
        BusHealth {
            reached: saying.up.load(Ordering::Relaxed) && listening.up.load(Ordering::Relaxed),
            said: saying.hints.load(Ordering::Relaxed),
            heard: listening.hints.load(Ordering::Relaxed),
            lost: self.waiting().lost,
            failures: saying.failures.load(Ordering::Relaxed) + listening.failures.load(Ordering::Relaxed),
        }
    }

    async fn speak(&self, line: &dyn Line) {
        let mut state = Reach::new("saying", self.origin, &self.saying);
        let mut unsaid = Vec::new();
        loop {
            let error = match patiently(line.speaker()).await {
                Ok(mut speaker) => {
                    self.saying.up.store(true, Ordering::Relaxed);
                    self.say(&mut *speaker, &mut unsaid, &mut state).await
                }
                Err(error) => error,
            };
            state.lost(&error).await;
        }
    }

    /// Says what waits until that fails; what could not be said stays in `unsaid`.
    async fn say(&self, speaker: &mut dyn Speaker, unsaid: &mut Vec<Hint>, state: &mut Reach<'_>) -> PortError {
        // Who has been silent speaks at once; who has just spoken gathers first.
        let mut next = Instant::now();
        loop {
            if unsaid.is_empty() {
                *unsaid = timeout(BEAT_EVERY, self.gathered(next)).await.unwrap_or_default();
            }
            next = Instant::now() + GATHER;
            if let Err(error) = patiently(speaker.say(&payload::encode(self.origin, unsaid))).await {
                return error;
            }
            self.saying.hints.fetch_add(unsaid.len() as u64, Ordering::Relaxed);
            unsaid.clear();
            state.reached();
        }
    }

    /// The next hints to be said together: what came until `next`, or as many as one line holds.
    async fn gathered(&self, next: Instant) -> Vec<Hint> {
        loop {
            let count = self.waiting().order.len();
            if count > 0 {
                if count < MOST {
                    sleep_until(next).await;
                }
                return self.waiting().take(MOST);
            }
            self.due.notified().await;
        }
    }

    async fn listen(&self, line: &dyn Line) {
        let mut state = Reach::new("listening", self.origin, &self.listening);
        loop {
            let error = match patiently(line.listener()).await {
                Ok(mut listener) => {
                    self.listening.up.store(true, Ordering::Relaxed);
                    loop {
                        match within(SILENCE, listener.next()).await {
                            Ok(text) => {
                                state.reached();
                                self.heard(&text);
                            }
                            Err(error) => break error,
                        }
                    }
                }
                Err(error) => error,
            };
            state.lost(&error).await;
        }
    }

    fn heard(&self, text: &str) {
        if let Some((origin, hints)) = payload::decode(text)
            && origin != self.origin
        {
            self.tell(hints.inspect(|_| {
                self.listening.hints.fetch_add(1, Ordering::Relaxed);
            }));
        }
    }

    fn tell(&self, hints: impl Iterator<Item = Hint>) {
        for hint in hints {
            // No receiver is no error: nobody is waiting.
            let _ = self.here.send(hint);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn patiently<T>(doing: impl Future<Output = Result<T, PortError>>) -> Result<T, PortError> {
    within(PATIENCE, doing).await
}

async fn within<T>(limit: Duration, doing: impl Future<Output = Result<T, PortError>>) -> Result<T, PortError> {
    timeout(limit, doing).await.unwrap_or_else(|late| Err(PortError::new("nothing came in time", late)))
}

/// Whether one direction works, and how long to wait when it does not.
struct Reach<'a> {
    what: &'static str,
    direction: &'a Direction,
    failures: u32,
    /// 0 to 255, different on every process: so that all do not come back in the same instant.
    jitter: u32,
}

impl<'a> Reach<'a> {
    fn new(what: &'static str, origin: u64, direction: &'a Direction) -> Self {
        Self { what, direction, failures: 0, jitter: u32::from(origin.to_le_bytes()[0]) }
    }

    fn reached(&mut self) {
        if self.failures > 0 {
            tracing::info!(direction = self.what, "the bus is back");
        }
        self.failures = 0;
    }

    /// Waits before the next attempt: 100 ms, twice as long each time, 5 s at the most, half of it by chance.
    async fn lost(&mut self, error: &PortError) {
        self.direction.up.store(false, Ordering::Relaxed);
        self.direction.failures.fetch_add(1, Ordering::Relaxed);
        if self.failures == 0 {
            tracing::warn!(
                direction = self.what,
                error = %crate::error::Chain(error),
                "the bus is out of reach; changes of other instances are found by polling"
            );
        }
        let longest = (FIRST_RETRY * (1 << self.failures.min(16))).min(SLOWEST_RETRY);
        self.failures = self.failures.saturating_add(1);
        sleep(longest / 2 + longest / 512 * self.jitter).await;
    }
}

#[cfg(test)]
#[path = "relay_tests.rs"]
mod tests;
