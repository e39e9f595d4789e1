//! People, rooms and works for the tests of this crate.

use gpting_core::chat::{NewMessage, Room};
use gpting_core::id::{MemberId, MessageId, RoomId};
use gpting_core::interaction::PairKey;
use gpting_core::profile::{Member, Preferences, Profile, Standing};
use gpting_core::store::{Change, Expect, Work};
use jiff::Timestamp;

pub(crate) fn id(value: i64) -> MemberId {
    MemberId::new(value).expect("a value in range")
}

pub(crate) fn at(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).expect("a value in range")
}

pub(crate) fn member(value: i64, bio: &str) -> Member {
    Member {
        id: id(value),
        host: None,
        source: Some(format!("test:{value}")),
        standing: Standing::Active,
        verified: false,
        created_at: at(1),
        last_active: at(1),
        profile: Profile { nickname: format!("n{value}"), bio: bio.to_owned(), ..Profile::default() },
        preferences: Preferences::default(),
        answers: std::collections::BTreeMap::new(),
        consents: Vec::new(),
        derived: gpting_core::assist::Derived::default(),
        visibility: gpting_core::profile::Visibility::default(),
    }
}

pub(crate) fn put(member: Member) -> Change {
    Change::PutMember(Box::new(member), Expect::New)
}

pub(crate) fn room(value: i64, a: i64, b: i64) -> Room {
    Room::open(
        RoomId::new(value).expect("a value in range"),
        PairKey::of(id(a), id(b)).expect("a value in range"),
        at(1),
    )
}

pub(crate) fn message(number: i64, room: i64, sender: i64, text: &str) -> NewMessage {
    NewMessage {
        id: MessageId::new(number).expect("a value in range"),
        room: RoomId::new(room).expect("a value in range"),
        sender: id(sender),
        text: text.to_owned(),
        at: at(number),
        client_msg_id: None,
    }
}

pub(crate) fn work(changes: impl IntoIterator<Item = Change>) -> Work {
    changes.into_iter().fold(Work::new(), Work::change)
}
