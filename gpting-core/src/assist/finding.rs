//! What was found of a member's text, picture or first message: flags with numbers, never what was looked at.
//!
//! One row by whose, what, and who judged. It goes with what it is about, with its member, with the consent it was made
//! under, and when its time is over. Made by `moderation`, `follow` and the analyst; read by whoever moderates.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::flag::Flag;
use crate::id::{FindingId, MemberId, PhotoId, RoomId};

/// What something was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A member's text about themselves.
    Bio,
    /// One of their pictures.
    Photo(PhotoId),
    /// The first thing that they said in a room.
    FirstMessage(RoomId),
}

impl Subject {
    /// What kind of thing it is.
    pub const fn aspect(self) -> Aspect {
        match self {
            Self::Bio => Aspect::Bio,
            Self::Photo(_) => Aspect::Photo,
            Self::FirstMessage(_) => Aspect::FirstMessage,
        }
    }

    /// Which one of that kind: the id of the picture or room, 0 for the text.
    pub const fn about(self) -> i64 {
        match self {
            Self::Bio => 0,
            Self::Photo(id) => id.value(),
            Self::FirstMessage(id) => id.value(),
        }
    }
}

/// A kind of thing that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// Texts about oneself.
    Bio,
    /// Pictures.
    Photo,
    /// First messages.
    FirstMessage,
}

impl Aspect {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bio => "bio",
            Self::Photo => "photo",
            Self::FirstMessage => "first_message",
        }
    }

    /// Its stable number, by which stores keep it.
    pub const fn number(self) -> i64 {
        match self {
            Self::Bio => 1,
            Self::Photo => 2,
            Self::FirstMessage => 3,
        }
    }
}

/// Who has found something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judge {
    /// The local rules.
    Rules,
    /// The text model that reads profiles.
    Model,
    /// A [`Moderator`](super::Moderator).
    Moderator,
}

impl Judge {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Model => "model",
            Self::Moderator => "moderator",
        }
    }

    /// Its stable number, by which stores keep it.
    pub const fn number(self) -> i64 {
        match self {
            Self::Rules => 1,
            Self::Model => 2,
            Self::Moderator => 3,
        }
    }
}

/// What somebody has found. Without flags it says that they have looked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Its id: another one each time that it is made.
    pub id: FindingId,
    /// Whose text, picture or message.
    pub member: MemberId,
    /// Which.
    pub subject: Subject,
    /// Who judged.
    pub by: Judge,
    /// Which one of those: the version of the rules, the name of the model or moderator.
    pub name: String,
    /// What was looked at: a hash of the text or of the picture's bytes; of a message its place.
    pub content: String,
    /// What it is flagged for, each from 1 to 100.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub flags: BTreeMap<Flag, u8>,
    /// Whether it stands by a consent, and goes with it.
    #[serde(default)]
    pub by_consent: bool,
    /// When it was found.
    pub at: Timestamp,
    /// Until when it is kept.
    pub keep_until: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_back_as_it_was_written() {
        let id = |n| PhotoId::new(n).unwrap();
        for subject in [Subject::Bio, Subject::Photo(id(5)), Subject::FirstMessage(RoomId::new(6).unwrap())] {
            let finding = Finding {
                id: FindingId::new(1).unwrap(),
                member: MemberId::new(2).unwrap(),
                subject,
                by: Judge::Moderator,
                name: "m".to_owned(),
                content: "7".to_owned(),
                flags: [(Flag::Scam, 80)].into(),
                by_consent: true,
                at: Timestamp::UNIX_EPOCH,
                keep_until: Timestamp::UNIX_EPOCH,
            };
            let json = serde_json::to_value(&finding).unwrap();
            assert_eq!(serde_json::from_value::<Finding>(json).unwrap(), finding);
        }
    }
}
