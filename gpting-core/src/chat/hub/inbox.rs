//! What waits for one listener: a queue with bounds.
//!
//! Filled by the [`Hub`](super::Hub), which never waits for anybody; emptied by one
//! [`Subscription`](crate::chat::Subscription). Whoever lets it run over loses all of it, is told so, and comes back:
//! the log has everything.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::chat::Message;
use crate::id::{MemberId, RoomId};

/// How much may wait for one listener: this many events,
pub(crate) const MOST_EVENTS: usize = 256;
/// and this many bytes of them.
pub(crate) const MOST_BYTES: usize = 1 << 20;
/// What an event takes beside its text, in bytes.
const EVENT_BYTES: usize = 96;

/// Which rooms a listener hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rooms {
    /// One.
    One(RoomId),
    /// All of the member's open rooms, also those that are opened later.
    All,
}

/// An event as the hub hands it round: the same for everybody who hears it.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    Message { message: Arc<Message>, nickname: Arc<str> },
    Unsent { room: RoomId, seq: u64, revision: u64 },
    Read { room: RoomId, member: MemberId, seq: u64 },
    Typing { room: RoomId, member: MemberId },
    Presence { room: RoomId, member: MemberId, online: bool },
    Opened { room: RoomId },
    Closed { room: RoomId },
    Lost { room: RoomId },
    Me,
}

impl Told {
    fn bytes(&self) -> usize {
        EVENT_BYTES + if let Self::Message { message, .. } = self { message.text.len() } else { 0 }
    }

    /// Whether nobody misses it when it is let go.
    fn is_ephemeral(&self) -> bool {
        matches!(self, Self::Typing { .. } | Self::Presence { .. } | Self::Me)
    }
}

/// The queue of one listener.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) member: MemberId,
    pub(crate) rooms: Rooms,
    waiting: Mutex<Waiting>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<Told>,
    bytes: usize,
    overrun: bool,
}

impl Inbox {
    pub(crate) fn new(member: MemberId, rooms: Rooms) -> Self {
        Self { member, rooms, waiting: Mutex::default(), filled: Notify::new() }
    }

    /// Whether this listener wants to hear of a room of its member.
    pub(crate) fn hears(&self, room: RoomId) -> bool {
        match self.rooms {
            Rooms::One(one) => one == room,
            Rooms::All => true,
        }
    }

    /// Puts an event at the end. Never waits.
    pub(crate) fn put(&self, told: Told) {
        let mut waiting = self.lock();
        if waiting.overrun || (told.is_ephemeral() && waiting.events.len() >= MOST_EVENTS / 2) {
            return;
        }
        waiting.bytes += told.bytes();
        waiting.events.push_back(told);
        if waiting.events.len() > MOST_EVENTS || waiting.bytes > MOST_BYTES {
            *waiting = Waiting { overrun: true, ..Waiting::default() };
        }
        drop(waiting);
        self.filled.notify_one();
    }

    /// The next event, waiting for one; an error when the queue has run over.
    pub(crate) async fn next(&self) -> Result<Told, Overrun> {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.filled.notified().await;
        }
    }

    /// The next event, if there is one; an error when the queue has run over.
    pub(crate) fn take(&self) -> Option<Result<Told, Overrun>> {
        let mut waiting = self.lock();
        if waiting.overrun {
            return Some(Err(Overrun));
        }
        let told = waiting.events.pop_front()?;
        waiting.bytes -= told.bytes();
        if waiting.events.is_empty() {
            // An idle listener keeps no memory for the busy hour it once had.
            waiting.events = VecDeque::new();
        }
        Some(Ok(told))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queue has run over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overrun;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MessageId;

    fn inbox() -> Inbox {
        Inbox::new(MemberId::new(1).unwrap(), Rooms::All)
    }

    fn message(seq: u64, bytes: usize) -> Told {
        let message = Message {
            id: MessageId::new(1).unwrap(),
            room: RoomId::new(1).unwrap(),
            seq,
            sender: MemberId::new(2).unwrap(),
            text: "x".repeat(bytes),
            at: jiff::Timestamp::UNIX_EPOCH,
            client_msg_id: None,
            unsent: None,
        };
        Told::Message { message: Arc::new(message), nickname: Arc::from("a") }
    }

    #[tokio::test]
    async fn events_come_in_their_order_and_the_bound_is_exact() {
        let inbox = inbox();
        for seq in 1..=MOST_EVENTS as u64 {
            inbox.put(message(seq, 10));
        }
        for wanted in 1..=MOST_EVENTS as u64 {
            let Ok(Told::Message { message, .. }) = inbox.next().await else { panic!("{wanted}") };
            assert_eq!(message.seq, wanted);
        }
        for seq in 1..=MOST_EVENTS as u64 + 1 {
            inbox.put(message(seq, 10));
        }
        assert_eq!(inbox.next().await.err(), Some(Overrun));
        inbox.put(message(1, 10));
        assert_eq!(inbox.next().await.err(), Some(Overrun), "what came before is lost, so nothing may follow");
    }

    #[tokio::test]
    async fn long_texts_count_by_their_bytes() {
        let inbox = inbox();
        for seq in 1..=64 {
            inbox.put(message(seq, 16_000));
        }
        assert!(inbox.next().await.is_ok(), "64 of 16 kB fit");
        for seq in 65..=70 {
            inbox.put(message(seq, 16_000));
        }
        assert_eq!(inbox.next().await.err(), Some(Overrun));
    }

    #[tokio::test]
    async fn what_nobody_misses_makes_room_for_what_counts() {
        let inbox = inbox();
        let (room, member) = (RoomId::new(1).unwrap(), MemberId::new(2).unwrap());
        for _ in 0..10 * MOST_EVENTS {
            inbox.put(Told::Typing { room, member });
        }
        for seq in 1..=MOST_EVENTS as u64 / 2 {
            inbox.put(message(seq, 10));
        }
        assert!(inbox.next().await.is_ok());
    }
}
