//! What the host application learns: facts, written in the same transaction as what they tell of.
//!
//! The outbox is part of the [`Work`](crate::store::Work) of a use-case, so an event exists exactly when its change
//! does. Delivery to the [`EventSink`](crate::port::EventSink) is at least once, in commit order per pair; a pair whose
//! events the sink refuses waits alone.

mod holds;
mod outbox;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{MemberId, MessageId, ReportId, RoomId};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What happened. Carries ids only, never what people wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fact {
    /// Somebody liked somebody; the other does not know yet.
    Liked {
        /// Who likes.
        member: MemberId,
        /// Whom.
        other: MemberId,
    },
    /// Two people like each other.
    Matched {
        /// Who liked last.
        member: MemberId,
        /// The other.
        other: MemberId,
        /// Their room.
        room: RoomId,
    },
    /// A match was ended.
    Unmatched {
        /// Who ended it.
        member: MemberId,
        /// The other.
        other: MemberId,
    },
    /// Two people became friends.
    Befriended {
        /// Who accepted.
        member: MemberId,
        /// Who had asked.
        other: MemberId,
        /// Their room.
        room: RoomId,
    },
    /// A message was committed.
    MessageSent {
        /// Who wrote it.
        member: MemberId,
        /// To whom.
        other: MemberId,
        /// Where.
        room: RoomId,
        /// Which.
        message: MessageId,
        /// Whether they want no notifications of that room.
        #[serde(default)]
        muted: bool,
    },
    /// Somebody blocked somebody.
    Blocked {
        /// Who blocks.
        member: MemberId,
        /// Whom.
        other: MemberId,
    },
    /// Somebody was reported.
    Reported {
        /// Who reported.
        member: MemberId,
        /// Whom.
        other: MemberId,
        /// The case.
        report: ReportId,
    },
    /// Somebody joined.
    Joined {
        /// Who.
        member: MemberId,
    },
    /// Everything about somebody has been erased.
    Erased {
        /// Who it was.
        member: MemberId,
    },
}

/// What must be told in order: two people, or one alone.
pub(crate) type Topic = (MemberId, Option<MemberId>);

impl Fact {
    /// What it must be told in order with: the pair, the lower id first; or the one whom it is about.
    pub(crate) fn topic(self) -> Topic {
        match self {
            Self::Liked { member, other }
            | Self::Matched { member, other, .. }
            | Self::Unmatched { member, other }
            | Self::Befriended { member, other, .. }
            | Self::MessageSent { member, other, .. }
            | Self::Blocked { member, other }
            | Self::Reported { member, other, .. } => (member.min(other), Some(member.max(other))),
            Self::Joined { member } | Self::Erased { member } => (member, None),
        }
    }
}

/// An event with its place in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place: later commits of one pair have larger numbers.
    pub number: u64,
    /// What happened.
    pub event: Event,
}
