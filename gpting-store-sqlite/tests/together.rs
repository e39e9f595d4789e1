//! Messages that come at the same time are committed together: each as if it were alone.

mod people;

use std::collections::BTreeMap;
use std::sync::Arc;

use gpting_core::chat::NewMessage;
use gpting_core::event::{Event, Fact};
use gpting_core::store::{Change, Expect, MessageRange, Store, StoreError};
use gpting_store_sqlite::SqliteStore;
use people::{id, message, room, work};
use tokio::task::JoinSet;
use uuid::Uuid;

const ROOMS: i64 = 8;

fn event(message: &NewMessage) -> Event {
    let fact = Fact::MessageSent {
        member: message.sender,
        other: id(if message.sender == id(1) { 2 } else { 1 }),
        room: message.room,
        message: message.id,
        muted: false,
    };
    Event { at: message.at, fact }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_has_its_place_its_event_and_its_mark_and_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path().join("a.db")).await.unwrap());
    for number in 1..=ROOMS {
        store.commit(work([Change::PutRoom(room(number, 1, 2), Expect::New)])).await.unwrap();
    }
    let mut tasks = JoinSet::new();
    for number in 0..400_i64 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut new =
                message(1_000 + number, 1 + number % ROOMS, 1 + number / ROOMS % 2, &format!("\"{number}\" 안녕"));
            // Every fourth has a name of its own and is said twice at once, every tenth comes from a stranger.
            let named = number % 4 == 0;
            new.client_msg_id = named.then(|| Uuid::from_u128(u128::from(number.unsigned_abs())));
            if number % 10 == 9 {
                new.sender = id(77);
            }
            let told = event(&new);
            let once = || store.commit(work([Change::Append(new.clone())]).event(told.clone()));
            if named {
                let (one, two) = tokio::join!(once(), once());
                vec![one, two]
            } else {
                vec![once().await]
            }
        });
    }
    let mut appended = Vec::new();
    for done in tasks.join_all().await {
        let places: Vec<_> = done
            .into_iter()
            .map(|committed| match committed {
                Ok(committed) => {
                    let [one] = committed.appended.try_into().expect("one message, one answer");
                    Some(one)
                }
                Err(StoreError::Stale) => None,
                Err(error) => panic!("{error}"),
            })
            .collect();
        if let [Some(one), Some(two)] = &places[..] {
            assert_eq!(one.message, two.message, "the same place for the same message");
            assert_ne!(one.replayed, two.replayed, "one of them was first");
        }
        appended.extend(places.into_iter().flatten().filter(|one| !one.replayed).map(|one| one.message));
    }
    assert_eq!(appended.len(), 360, "all but those of strangers");
    let mut told: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for stored in store.events(0, 10_000).await.unwrap() {
        let Fact::MessageSent { room, message, .. } = stored.event.fact else { panic!("{stored:?}") };
        let of_room = told.entry(room.value()).or_default();
        if !of_room.contains(&message.value()) {
            of_room.push(message.value());
        }
    }
    for number in 1..=ROOMS {
        let room = room(number, 1, 2).id;
        let said = store.messages(room, MessageRange::After(0), 1_000, None).await.unwrap();
        let places: Vec<u64> = said.iter().map(|message| message.seq).collect();
        assert_eq!(places, (1..=said.len() as u64).collect::<Vec<_>>(), "no hole");
        assert!(said.iter().all(|message| appended.contains(message)), "as it was answered");
        let ids: Vec<i64> = said.iter().map(|message| message.id.value()).collect();
        assert_eq!(told[&number], ids, "an event for each, in the order of their places");
        let state = store.rooms_moved(&[(room, 0)]).await.unwrap().remove(0);
        assert_eq!(state.room.last_seq, said.len() as u64);
        for (place, sender) in [1, 2].into_iter().enumerate() {
            let last = said.iter().rev().find(|message| message.sender == id(sender)).map_or(0, |message| message.seq);
            assert_eq!((state.reads[place].seq, state.reads[place].shown), (last, last), "who writes has read");
        }
    }
}
