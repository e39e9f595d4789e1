//! Work as data: everything one use-case changes, as a value that a store commits whole or not at all.
//!
//! A use-case loads, decides, and hands over one [`Work`]. It can be printed and compared in a test, batched with
//! others into one transaction, and nothing slow can happen inside it. Message texts never appear in its `Debug`.

use jiff::Timestamp;

use crate::assist::{Aspect, Call, Finding, Made, Subject};
use crate::chat::{Message, NewMessage, Room, Ticket};
use crate::event::Event;
use crate::id::{JobId, MemberId, RoomId};
use crate::interaction::{Pair, PairKey};
use crate::job::Job;
use crate::limit::claim::Claim;
use crate::matching::exposure::Shown;
use crate::profile::Member;
use crate::safety::Report;

/// The version of a row: 1 when it is created, one more with every change.
pub type Version = u64;

/// A value with the version it was read at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The version.
    pub version: Version,
    /// The value.
    pub value: T,
}

impl<T> Versioned<T> {
    /// What a change of this row must expect.
    pub fn expect(&self) -> Expect {
        Expect::Version(self.version)
    }
}

/// What a change expects of its row; otherwise the whole work is [`Stale`](super::StoreError::Stale).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// There is no such row.
    New,
    /// The row has this version.
    Version(Version),
}

impl Expect {
    /// What to expect of a row that was read, or was not there.
    pub fn of<T>(read: Option<&Versioned<T>>) -> Self {
        read.map_or(Self::New, Versioned::expect)
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// Creates or replaces a member.
    PutMember(Box<Member>, Expect),
    /// Creates or replaces a pair, and with it the members' lists ([`Pair::listings`]).
    PutPair(Box<Pair>, Expect),
    /// Creates or replaces a room. `last_seq` and `revision` are kept as the store has them; everything else is taken
    /// over.
    PutRoom(Room, Expect),
    /// Appends a message: gives it the next `seq` under the room's lock, advances `last_seq` and the version of the
    /// room, and the sender's read mark. In a closed or missing room, or one that
    /// the sender does not take part in, the work is stale. When the room already has a
    /// message with the same sender and `client_msg_id`, nothing is appended and the old one is answered.
    Append(NewMessage),
    /// Moves a member's read mark in a room forward, never back, and never beyond `last_seq`.
    MarkRead {
        /// Which room.
        room: RoomId,
        /// Whose mark.
        member: MemberId,
        /// Up to where they have read.
        seq: u64,
        /// Whether the partner may know.
        shown: bool,
    },
    /// Takes a message back: it keeps its place, its text is gone, and the revision and version of the room grow. Doing
    /// it again changes nothing. When there is no such message of that sender, the work is stale.
    Unsend {
        /// Which room.
        room: RoomId,
        /// Whose message.
        sender: MemberId,
        /// Its place.
        seq: u64,
    },
    /// Hides a message for one participant; nothing, for anybody else and beyond `last_seq`.
    Hide {
        /// Which room.
        room: RoomId,
        /// For whom.
        member: MemberId,
        /// Its place.
        seq: u64,
    },
    /// Says whether a participant wants notifications of a room; nothing, for anybody else.
    Mute {
        /// Which room.
        room: RoomId,
        /// Who.
        member: MemberId,
        /// Whether they want none.
        muted: bool,
    },
    /// Keeps a ticket, and forgets those that ran out before this one was made.
    PutTicket(Ticket),
    /// Uses up the ticket with this hash: the work is stale when it is not there any more.
    TakeTicket(String),
    /// Remembers that people were shown to a member. Of where and why the last showing stays.
    Serve {
        /// To whom.
        viewer: MemberId,
        /// Who was shown, and where.
        candidates: Vec<Shown>,
        /// When.
        at: Timestamp,
    },
    /// Forgets what was shown to some of the viewers, as far as that is long ago: the table is walked over in parts.
    DropImpressions {
        /// Viewers from this id
        from: MemberId,
        /// to this one, both included.
        to: MemberId,
        /// Those last shown before this time.
        before: Timestamp,
    },
    /// Makes pairs each other's picks of a day; those that are so already stay.
    PutPicks {
        /// Days since 1970, in Seoul.
        day: i32,
        /// Who.
        pairs: Vec<PairKey>,
    },
    /// Forgets the picks of a day, and those of all days before the one before it.
    ClearPicks {
        /// Days since 1970, in Seoul.
        day: i32,
    },
    /// Creates or replaces a report. A second open one of the same reporter and subject is stale.
    PutReport(Box<Report>, Expect),
    /// Creates or replaces a job.
    PutJob(Job, Expect),
    /// Deletes a job that has this version.
    DeleteJob(JobId, Version),
    /// Takes from allowances, each claim as [`Claim::take`] has it; when one cannot be met the work is
    /// [`Spent`](super::StoreError::Spent). An allowance that was never taken from is full.
    Take {
        /// What is claimed.
        claims: Vec<Claim>,
        /// When.
        now: Timestamp,
    },
    /// Gives back to allowances; none becomes more than full.
    GiveBack(Vec<Claim>),
    /// Lets go of what nobody can tell from what is not there, and of what was to be kept until `now` at the latest:
    /// allowances that are full, what models made, findings, records of calls. Stores may let go of their own leftovers at the same
    /// time.
    Sweep {
        /// The time.
        now: Timestamp,
    },
    /// Deletes these events from the outbox; numbers that are not there are passed over.
    DropEvents(Vec<u64>),
    /// Erases a member: the member, their pairs and lists, their picks, read marks, who was shown to them and to whom they were
    /// shown, what models made for and about them, what was found of what is theirs, reports that they made; records of calls keep `tombstone` in their place; in their rooms their messages lose sender, text and `client_msg_id`, and the
    /// room keeps `tombstone` in their place. Rooms whose both participants are erased go whole. Reports about them
    /// stay until their term ends. Erasing who is not there changes nothing.
    Erase {
        /// Whom.
        member: MemberId,
        /// What stands in their place; a fresh random id.
        tombstone: MemberId,
    },
    /// Erases reports whose term has ended.
    DropReports {
        /// Those with `keep_until` before this time.
        before: Timestamp,
    },
    /// Changes nothing; the work is stale unless the member has this version. For what may only be kept as long as they
    /// are as they were read.
    Require {
        /// Who.
        member: MemberId,
        /// At which version.
        version: Version,
    },
    /// Keeps what a model made, in place of what was there for the same member, errand and other.
    KeepMade(Box<Made>),
    /// Forgets what models made for a member, and what they made for others about them.
    DropMade {
        /// Whom.
        member: MemberId,
    },
    /// Keeps what was found, in place of what the same judge had found of the same thing. Stale when that was the same content
    /// looked at by the same name: nobody finds anything twice.
    PutFinding(Box<Finding>),
    /// Forgets what anybody has found of something of a member's.
    DropFindings {
        /// Whose.
        member: MemberId,
        /// Of what.
        subject: Subject,
    },
    /// Forgets what stands by a consent of a member's: of their texts, of their pictures, or of all first messages in rooms of
    /// theirs, whoever wrote them.
    ForgetFindings {
        /// Whose consent it was.
        member: MemberId,
        /// Of which kind of thing.
        aspect: Aspect,
    },
    /// Adds the record of a call.
    NoteCall(Call),
    /// Leaves a mark in the history of the feed, behind everything that was committed before; see
    /// [`Store::has_mark`](super::Store::has_mark). Each mark is another one.
    LeaveMark(u128),
}

/// Everything one use-case changes, and the events it causes.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "work does nothing until it is committed"]
pub struct Work {
    /// The changes, applied in this order.
    pub changes: Vec<Change>,
    /// What the host is to learn, in this order.
    pub events: Vec<Event>,
}

impl Work {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a change.
    pub fn change(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// Adds an event.
    pub fn event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.events.is_empty()
    }
}

/// What a commit did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// One per [`Change::Append`], in order.
    pub appended: Vec<Appended>,
    /// How many more could be taken at once from the emptiest allowance of a [`Change::Take`]; none without one.
    pub left: Option<u64>,
}

/// A message that was appended, or the one that was already there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The stored message.
    pub message: Message,
    /// Whether it was there before under the same `client_msg_id`.
    pub replayed: bool,
}
