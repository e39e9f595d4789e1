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
    /// How often a message was taken back. Only the store moves it, by [`Change::Unsend`](crate::store::Change::Unsend).
    #[serde(default)]
    pub revision: u64,
}

impl Room {
    /// A new, empty room.
    pub fn open(id: RoomId, pair: PairKey, at: Timestamp) -> Self {
        Self { id, pair, created_at: at, last_seq: 0, closed_at: None, hidden_through: 0, revision: 0 }
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
    /// The revision of the room at which its sender took it back. It keeps its place; its text is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsent: Option<u64>,
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
            unsent: None,
        }
    }
}

/// A message as a participant sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageView {
    /// The message.
    pub message: Message,
    /// The sender's nickname.
    pub sender_nickname: String,
    /// Whether the viewer wrote it.
    pub is_mine: bool,
    /// Whether the one it was written to has read it.
    pub is_read: bool,
}

/// A room as one participant's list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomOverview {
    /// The room.
    pub room: Room,
    /// The newest message that was not closed away.
    pub last_message: Option<Message>,
    /// Whether the viewer has hidden that message for themselves.
    pub last_hidden: bool,
    /// Up to where the viewer has read.
    pub my_read: u64,
    /// Up to where the partner may know that the viewer has read.
    pub my_shown: u64,
    /// Up to where the partner has read, as far as they let it be seen.
    pub their_read: u64,
    /// How many messages of the partner lie beyond `my_read` that are still there for the viewer.
    pub unread: u64,
    /// Whether the viewer wants no notifications of this room.
    pub muted: bool,
    /// Whether the partner wants none. For the host's events; the viewer is not told.
    pub their_muted: bool,
}

impl RoomOverview {
    /// What room lists are sorted by, newest first: the last message, else the opening.
    pub fn activity(&self) -> Timestamp {
        self.last_message.as_ref().map_or(self.room.created_at, |message| message.at)
    }
}

/// How far a participant has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadMark {
    /// Up to where.
    pub seq: u64,
    /// Up to where the partner may know of; never beyond `seq`.
    pub shown: u64,
}

/// A room as whoever listens to it needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomState {
    /// The room, open or closed.
    pub room: Room,
    /// Grows whenever anything about the room changes: its version, and all that both have read.
    pub moves: u64,
    /// The marks of the lower and of the higher member.
    pub reads: [ReadMark; 2],
}

impl RoomState {
    /// The state of a room at a version, with its two marks.
    pub fn of(room: Room, version: u64, reads: [ReadMark; 2]) -> Self {
        let read: u64 = reads.iter().map(|mark| mark.seq + mark.shown).sum();
        Self { room, moves: version + read, reads }
    }
}

/// From where on somebody wants to know what is new in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// Which room.
    pub room: RoomId,
    /// Messages beyond this place,
    pub seq: u64,
    /// and those taken back after this revision; none to leave these out.
    pub revision: Option<u64>,
}
