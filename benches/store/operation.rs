//! The people and rooms of the bench, and one call of the store at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gpting_core::chat::{NewMessage, Room};
use gpting_core::event::{Event, Fact};
use gpting_core::id::{MemberId, MessageId, RoomId};
use gpting_core::interaction::{Pair, PairKey};
use gpting_core::profile::{Member, Preferences, Profile, Standing, parse_gender};
use gpting_core::store::{Change, Expect, MessageRange, Store, StoreError, Work};
use gpting_core::{Rng as _, SeededRng, SystemRng};
use jiff::Timestamp;

use crate::Effort;

/// Rooms are numbered from 1; in room n talk the members 2n - 1 and 2n.
pub(crate) const ROOMS: u32 = 1_000;
/// How many messages a room has at the beginning, and how many a page shows.
const MESSAGES: i64 = 50;
/// How many members are loaded at once: those of a page.
pub(crate) const PAGE: usize = 20;
/// What everybody says.
pub(crate) const TEXT: &str = "주말에 시간 괜찮으시면 같이 산책하실래요?";

/// What is measured of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Append,
    Like,
    Page,
    Members,
}

impl Operation {
    pub(crate) const ALL: [Self; 4] = [Self::Append, Self::Like, Self::Page, Self::Members];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Append => "append a message",
            Self::Like => "put a like",
            Self::Page => "read a page of a room",
            Self::Members => "load 20 members",
        }
    }

    /// Does it once, with what is drawn.
    pub(crate) async fn perform(self, store: &dyn Store, rng: &SeededRng) -> Result<(), StoreError> {
        match self {
            Self::Append => {
                let number = 1 + i64::from(rng.below(ROOMS));
                let mut client = [0; 16];
                rng.fill(&mut client);
                let message = NewMessage {
                    client_msg_id: Some(uuid::Uuid::from_bytes(client)),
                    ..message(number, number * 2, MessageId::draw(rng))
                };
                store.commit(Work::new().change(Change::Append(message))).await.map(drop)
            }
            Self::Like => {
                let (pair, event) = like(MemberId::draw(rng), MemberId::draw(rng));
                let put = Change::PutPair(Box::new(pair), Expect::New);
                store.commit(Work::new().change(put).event(event)).await.map(drop)
            }
            Self::Page => {
                let room = room_id(1 + i64::from(rng.below(ROOMS)));
                let messages = store.messages(room, MessageRange::After(0), 50, None).await?;
                assert_eq!(messages.len(), 50, "a page is full");
                Ok(())
            }
            Self::Members => {
                let ids: Vec<MemberId> = (0..PAGE).map(|_| member_id(1 + i64::from(rng.below(2 * ROOMS)))).collect();
                store.members(&ids).await.map(|rows| assert!(!rows.is_empty(), "members are there"))
            }
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("an instant")
}

pub(crate) fn member_id(value: i64) -> MemberId {
    MemberId::new(value).expect("a small positive number")
}

pub(crate) fn room_id(value: i64) -> RoomId {
    RoomId::new(value).expect("a small positive number")
}

fn message(room: i64, sender: i64, id: MessageId) -> NewMessage {
    let (room, sender) = (room_id(room), member_id(sender));
    NewMessage { id, room, sender, text: TEXT.to_owned(), at: now(), client_msg_id: None }
}

/// A pair after the first like, and what the host is told of it.
pub(crate) fn like(member: MemberId, other: MemberId) -> (Pair, Event) {
    let key = PairKey::of(member, other).expect("two people");
    let mut pair = Pair::strangers(key);
    let side = key.side(member).expect("a pair has both its members");
    pair.like(side, now(), None).expect("strangers may like each other");
    (pair, Event { at: now(), fact: Fact::Liked { member, other } })
}

/// A room of two new members.
pub(crate) fn room(number: i64) -> [Change; 3] {
    let (low, high) = (number * 2 - 1, number * 2);
    let key = PairKey::of(member_id(low), member_id(high)).expect("two people");
    let person = |value| Change::PutMember(Box::new(member(value)), Expect::New);
    [person(low), person(high), Change::PutRoom(Room::open(room_id(number), key, now()), Expect::New)]
}

fn member(value: i64) -> Member {
    let gender = if value % 2 == 0 { "M" } else { "F" };
    Member {
        id: member_id(value),
        host: None,
        source: None,
        standing: Standing::Active,
        verified: true,
        created_at: now(),
        last_active: now(),
        profile: Profile {
            nickname: format!("이름{value}"),
            gender: parse_gender(gender),
            birth_date: Some(jiff::civil::date(1996, 5, 5)),
            bio: "등산과 커피를 좋아합니다. 주말에는 동네를 오래 걸어요. ".repeat(3),
            ..Profile::default()
        },
        preferences: Preferences::default(),
        answers: std::collections::BTreeMap::new(),
        consents: Vec::new(),
        derived: gpting_core::assist::Derived::default(),
        visibility: gpting_core::profile::Visibility::default(),
    }
}

/// Members, rooms and messages, alike in every store.
pub(crate) async fn fill(store: &dyn Store) {
    let rng = SeededRng::new(1);
    for first in (1..=i64::from(ROOMS)).step_by(100) {
        let rooms = first..first + 100;
        let changes = rooms.clone().flat_map(room);
        // Newcomers who follow each other come in by one statement.
        let (people, rooms_only): (Vec<_>, Vec<_>) =
            changes.partition(|change| matches!(change, Change::PutMember(..)));
        commit(store, people.into_iter().chain(rooms_only)).await;
        for number in rooms {
            let said = (0..MESSAGES).map(|n| message(number, number * 2 - n % 2, MessageId::draw(&rng)));
            commit(store, said.map(Change::Append)).await;
        }
    }
}

/// Commits changes as one work.
pub(crate) async fn commit(store: &dyn Store, changes: impl Iterator<Item = Change>) {
    let work = changes.fold(Work::new(), Work::change);
    store.commit(work).await.expect("a store takes what is sound");
}

/// How many calls a second so many tasks do.
pub(crate) async fn per_second(store: Arc<dyn Store>, operation: Operation, effort: Effort) -> f64 {
    rate(effort.tasks, effort.time, |_| {
        let mut seed = [0; 8];
        SystemRng.fill(&mut seed);
        let (store, rng) = (Arc::clone(&store), Arc::new(SeededRng::new(u64::from_le_bytes(seed))));
        move || {
            let (store, rng) = (Arc::clone(&store), Arc::clone(&rng));
            async move { operation.perform(&*store, &rng).await.expect("a store takes what is sound") }
        }
    })
    .await
}

/// How many calls a second so many tasks do; `caller` makes what each of them calls.
pub(crate) async fn rate<C, F>(tasks: usize, time: Duration, caller: impl Fn(usize) -> C) -> f64
where
    C: FnMut() -> F + Send + 'static,
    F: Future<Output = ()> + Send,
{
    let began = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for task in 0..tasks {
        let mut call = caller(task);
        running.spawn(async move {
            let mut calls = 0_u32;
            while began.elapsed() < time {
                call().await;
                calls += 1;
            }
            calls
        });
    }
    let calls: u32 = running.join_all().await.into_iter().sum();
    f64::from(calls) / began.elapsed().as_secs_f64()
}
