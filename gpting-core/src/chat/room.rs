//! A room: the one conversation of a pair, and what a participant sees of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{MemberId, MessageId, RoomId};
use crate::interaction::PairKey;

/// The one conversation of a pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// Who takes part.
    pub pair: PairKey,
    /// When it was first opened.
    pub created_at: Timestamp,
    /// The `seq` of the newest message, 0 in an empty room. Only the store moves it, when it appends.
    pub last_seq: u64,
    /// Since when it is closed. A closed room takes no message and is shown to nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// Messages up to this `seq` were closed away and stay hidden after a reopening.
    #[serde(default)]
    pub hidden_through: u64,
}

impl Room {
    /// A new, empty room.
    pub fn open(id: RoomId, pair: PairKey, at: Timestamp) -> Self {
        Self { id, pair, created_at: at, last_seq: 0, closed_at: None, hidden_through: 0 }
    }

    /// Whether a member takes part.
    pub fn has(&self, member: MemberId) -> bool {
        self.pair.side(member).is_some()
    }

    /// Closes the room; what was said stays hidden for good.
    pub(crate) fn close(&mut self, at: Timestamp) {
        if self.closed_at.is_none() {
            self.closed_at = Some(at);
            self.hidden_through = self.last_seq;
        }
    }

    /// Opens the room again; `seq` goes on where it stood.
    pub(crate) fn reopen(&mut self) {
        self.closed_at = None;
    }
}

/// A message as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Where it was said.
    pub room: RoomId,
    /// Its place: 1, 2, 3 … per room, without holes, in commit order.
    pub seq: u64,
    /// Who said it.
    pub sender: MemberId,
    /// What was said.
    pub text: String,
    /// When it was committed, by the server's clock.
    pub at: Timestamp,
    /// The sender's own id for it, by which a resend is recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_msg_id: Option<Uuid>,
}

/// A message before the store has given it its place.
#[derive(Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Its id.
    pub id: MessageId,
    /// Where it is said.
    pub room: RoomId,
    /// Who says it.
    pub sender: MemberId,
    /// What is said.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// The sender's own id for it.
    pub client_msg_id: Option<Uuid>,
}

impl std::fmt::Debug for NewMessage {
    /// Without the text: a printed unit of work must not leak what people write.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewMessage")
            .field("id", &self.id)
            .field("room", &self.room)
            .field("sender", &self.sender)
            .field("client_msg_id", &self.client_msg_id)
            .finish_non_exhaustive()
    }
}

impl NewMessage {
    /// The message with its place in the room.
    pub fn at_seq(self, seq: u64) -> Message {
        Message {
            id: self.id,
            room: self.room,
            seq,
            sender: self.sender,
            text: self.text,
            at: self.at,
            client_msg_id: self.client_msg_id,
        }
    }
}

/// A room as one participant's list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomOverview {
    /// The room.
    pub room: Room,
    /// The newest message that is not hidden.
    pub last_message: Option<Message>,
    /// Up to where the viewer has read.
    pub my_read: u64,
    /// Up to where the partner has read.
    pub their_read: u64,
    /// How many visible messages of the partner lie beyond `my_read`.
    pub unread: u64,
}

impl RoomOverview {
    /// What room lists are sorted by, newest first: the last message, else the opening.
    pub fn activity(&self) -> Timestamp {
        self.last_message.as_ref().map_or(self.room.created_at, |message| message.at)
    }
}
