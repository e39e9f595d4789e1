//! The one reader for everybody who listens on this instance.
//!
//! Started by the first listener and over with the last. Woken by hints of the bus and by the feed of changed members,
//! and once per [`poll_every`](crate::config::ChatConfig::poll_every) by itself, because hints may be lost: then it asks
//! about all rooms that are listened to by one statement. While the store is out of reach it tries again; the log loses
//! nothing.

use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, sleep, sleep_until};

use super::Hub;
use crate::chat::room::Since;
use crate::gpting::Core;
use crate::id::RoomId;
use crate::port::Hint;
use crate::store::StoreResult;

/// How many messages of one room are read at once.
const BATCH: usize = 200;
/// How long after a reading the next one begins at the earliest: it costs the store about the same for one message and for
/// fifty.
const REST: Duration = Duration::from_millis(4);
/// How long after a failure the store is asked again.
const AGAIN: Duration = Duration::from_millis(250);

/// Starts the pump. `hints` are those since before the first listener was taken in.
pub(crate) fn start(core: &Arc<Core>, hints: Receiver<Hint>) {
    let every = core.config.chat.poll_every.max(SignedDuration::from_millis(10)).unsigned_abs();
    let (hub, now) = (Arc::clone(&core.hub), Instant::now());
    let pump = Pump { core: Arc::downgrade(core), hub, hints, every, opened: 0, next: now, rested: now };
    tokio::spawn(pump.run());
}

struct Pump {
    core: Weak<Core>,
    hub: Arc<Hub>,
    hints: Receiver<Hint>,
    every: Duration,
    /// Where [`rooms_opened`](crate::store::Store::rooms_opened) goes on.
    opened: u64,
    /// When everything is asked about next.
    next: Instant,
    /// Before then nothing is read, so that what comes meanwhile is read together.
    rested: Instant,
}

impl Pump {
    async fn run(mut self) {
        while !self.hub.is_over() {
            let polls = Instant::now() >= self.next;
            // Held only while there is something to do: a listener holds it too, so it is there as long as one is.
            let Some(core) = self.core.upgrade() else { return };
            if let Err(error) = self.work(&core, polls).await {
                tracing::warn!(%error, "rooms could not be read");
                sleep(AGAIN).await;
                continue;
            }
            drop(core);
            if polls {
                self.next = Instant::now() + self.every;
            }
            self.wait().await;
        }
    }

    /// Waits for a hint that matters, for other work, or for the next poll; then takes in all hints that are there.
    async fn wait(&mut self) {
        loop {
            let due = tokio::select! {
                hint = self.hints.recv() => match hint {
                    Ok(hint) => self.hub.hint(hint),
                    Err(RecvError::Lagged(_)) => {
                        self.hub.all_dirty();
                        true
                    }
                    // There is no bus any more; polling remains.
                    Err(RecvError::Closed) => {
                        sleep_until(self.next).await;
                        true
                    }
                },
                () = self.hub.has_work() => true,
                () = sleep_until(self.next) => true,
            };
            if due {
                break;
            }
        }
        sleep_until(self.rested).await;
        loop {
            match self.hints.try_recv() {
                Ok(hint) => {
                    self.hub.hint(hint);
                }
                Err(TryRecvError::Lagged(_)) => self.hub.all_dirty(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    async fn work(&mut self, core: &Core, polls: bool) -> StoreResult<()> {
        let stirred = self.hub.to_look_at();
        if !stirred.is_empty() {
            let members = match core.store.members(&stirred).await {
                Ok(members) => members,
                Err(error) => {
                    self.hub.stir(stirred.into_iter());
                    return Err(error);
                }
            };
            let members: Vec<_> = members.into_iter().map(|row| row.value).collect();
            self.hub.look_at(&stirred, &members);
        }
        if polls {
            let (opened, next) = core.store.rooms_opened(self.opened).await?;
            self.opened = next;
            for (room, pair) in opened {
                self.hub.opened(room, [pair.low, pair.high]);
            }
        }
        let (asked, unread) = (self.hub.to_ask(polls), self.hub.to_read());
        if asked.is_empty() && unread.is_empty() {
            return Ok(());
        }
        let rooms: Vec<RoomId> =
            asked.iter().map(|(room, _)| *room).chain(unread.iter().map(|since| since.room)).collect();
        let done = self.read(core, &asked, unread).await;
        if done.is_err() {
            self.hub.ask_again(rooms.into_iter());
        }
        self.rested = Instant::now() + REST;
        done
    }

    async fn read(&self, core: &Core, asked: &[(RoomId, u64)], unread: Vec<Since>) -> StoreResult<()> {
        let states = if asked.is_empty() { Vec::new() } else { core.store.rooms_moved(asked).await? };
        let mut since = self.hub.since(&states);
        since.extend(unread);
        let news = if since.is_empty() { Vec::new() } else { core.store.news(&since, BATCH).await? };
        self.hub.moved(&states, news, BATCH);
        Ok(())
    }
}
