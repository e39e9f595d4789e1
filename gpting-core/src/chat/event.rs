//! What somebody who listens to their rooms is told.

use super::room::MessageView;
use crate::id::{MemberId, RoomId};

/// What happens in a member's rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChatEvent {
    /// A message, the viewer's own included; in the order of `seq`, without a hole.
    Message(MessageView),
    /// A message was taken back.
    Unsent {
        /// Where.
        room: RoomId,
        /// Its place.
        seq: u64,
        /// How often that has now happened in the room.
        revision: u64,
    },
    /// Somebody has read up to there.
    Read {
        /// Where.
        room: RoomId,
        /// Who.
        member: MemberId,
        /// Up to where.
        seq: u64,
    },
    /// The partner is writing. Ephemeral: may be lost, and is over after [`EPHEMERAL_TTL`](super::EPHEMERAL_TTL).
    Typing {
        /// Where.
        room: RoomId,
        /// Who.
        member: MemberId,
    },
    /// The partner has the room before them, or has left it. Ephemeral as `Typing`.
    Presence {
        /// Where.
        room: RoomId,
        /// Who.
        member: MemberId,
        /// Whether they are there.
        online: bool,
    },
    /// A room has been opened for the viewer, or opened again.
    Opened {
        /// Which.
        room: RoomId,
        /// The place of its newest message.
        head: u64,
    },
    /// A room is closed for the viewer, for whatever reason.
    Closed {
        /// Which.
        room: RoomId,
    },
    /// From here on, everything of the room after that place is told, in order. What was told of it before may come
    /// again.
    Resumed {
        /// Which room.
        room: RoomId,
        /// After which place.
        after: u64,
        /// The place of its newest message.
        head: u64,
        /// How often a message was taken back there.
        revision: u64,
    },
    /// More was missed than is replayed, or the log is another one: load the history. What comes from now on is told.
    ResyncRequired {
        /// Which room.
        room: RoomId,
        /// The place of its newest message.
        head: u64,
        /// How often a message was taken back there.
        revision: u64,
    },
    /// Something about the viewer has changed, perhaps a session of theirs has ended: whoever listens for one looks
    /// whether it still lives. Ephemeral: may be lost.
    Me,
    /// The listener is too slow: what it was to be told has been let go. It is told nothing more; subscribe again and
    /// resume.
    TooSlow,
}
