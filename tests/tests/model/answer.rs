//! What a call came to, in words that the model and the service share: people by number, times in seconds.

use std::collections::BTreeSet;

use gpting_core::Code;

use crate::act::Who;

/// An answer of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Refused, with the code that a caller sees.
    Refused(Code),
    /// Done, and there is nothing to tell.
    Done,
    /// Whether it stood before.
    Already(bool),
    Liked {
        already: bool,
        matched: bool,
    },
    Undone {
        other: Who,
        like: bool,
    },
    Asked {
        already: bool,
        waits: bool,
        friends: bool,
    },
    /// Whether accepting opened a room.
    Responded {
        opened: bool,
    },
    /// Which case it is, counted from 0.
    Reported {
        case: usize,
    },
    Opened {
        created: bool,
        room: RoomEntry,
    },
    Sent {
        message: Said,
        replayed: bool,
    },
    /// Where the read mark stands.
    Marked(u64),
    Talk(Vec<Said>),
    Rooms(Vec<RoomEntry>),
    People(Vec<Entry>),
    Card {
        name: String,
        age: Option<u8>,
    },
    Slate(BTreeSet<Who>),
}

impl Answer {
    /// Whether nothing has come of it.
    pub(crate) fn is_idle(&self) -> bool {
        // Two refusals that need a state which is not reached by itself.
        if matches!(self, Self::Refused(Code::IdempotencyConflict | Code::AlreadyMatched)) {
            return false;
        }
        matches!(self, Self::Refused(_)) || matches!(&*self.word(), "again" | "nobody" | "nothing")
    }

    /// A word for it, to count what the histories have come to.
    pub(crate) fn word(&self) -> String {
        match self {
            Self::Refused(code) => code.as_str().to_owned(),
            Self::Already(true) | Self::Liked { already: true, .. } | Self::Asked { already: true, .. } => {
                "again".into()
            }
            Self::Liked { matched: true, .. } => "matched".into(),
            Self::Asked { friends: true, .. } | Self::Responded { opened: true } => "friends".into(),
            Self::Sent { replayed: true, .. } => "replayed".into(),
            Self::People(list) if list.is_empty() => "nobody".into(),
            Self::Rooms(list) if list.is_empty() => "nobody".into(),
            Self::Talk(list) if list.is_empty() => "nothing".into(),
            Self::Done
            | Self::Already(false)
            | Self::Liked { .. }
            | Self::Undone { .. }
            | Self::Asked { .. }
            | Self::Responded { .. }
            | Self::Reported { .. }
            | Self::Opened { .. }
            | Self::Sent { .. }
            | Self::Marked(_)
            | Self::Talk(_)
            | Self::Rooms(_)
            | Self::People(_)
            | Self::Card { .. }
            | Self::Slate(_) => "ok".into(),
        }
    }
}

/// Somebody in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) who: Who,
    pub(crate) name: String,
    /// Seconds since the history began.
    pub(crate) since: i64,
    /// The line that came with a like.
    pub(crate) line: Option<String>,
    /// Whether the list names a room of the two.
    pub(crate) room: bool,
}

/// A room in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoomEntry {
    pub(crate) partner: Who,
    pub(crate) newest: Option<(u64, String)>,
    pub(crate) my_read: u64,
    pub(crate) their_read: u64,
    pub(crate) unread: u64,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) seq: u64,
    pub(crate) by: Who,
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) at: i64,
    pub(crate) mine: bool,
    pub(crate) read: bool,
}

/// What the host is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    Liked(Who, Who, i64),
    Matched(Who, Who, i64),
    Unmatched(Who, Who, i64),
    Befriended(Who, Who, i64),
    /// Told again when it is sent again, therefore without its time.
    Message(Who, Who, u64),
    Blocked(Who, Who, i64),
    Reported(Who, Who, i64),
    Erased(Who, i64),
}
