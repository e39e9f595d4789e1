//! Writers beside each other: in one store, and in two stores on the same file as two processes have them.

mod people;

use std::collections::BTreeMap;
use std::sync::Arc;

use gpting_core::chat::NewMessage;
use gpting_core::event::{Event, Fact};
use gpting_core::profile::Member;
use gpting_core::store::{Change, Expect, FeedCursor, FeedEntry, MessageRange, Store, StoreError, Versioned};
use gpting_store_sqlite::{Options, SqliteStore};
use people::{id, member, message, put, room, work};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
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
async fn two_stores_on_one_file_lose_nothing() {
    const EACH: i64 = 150;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    // Opened at the same moment, so both want to create the schema.
    let (one, two) = tokio::join!(SqliteStore::open(&path), SqliteStore::open(&path));
    let stores = [Arc::new(one.unwrap()), Arc::new(two.unwrap())];
    let opened = Change::PutRoom(room(1, 1, 2), Expect::New);
    stores[0].commit(work([opened])).await.unwrap();

    let mut tasks = JoinSet::new();
    for (number, store) in (0_i64..).zip(&stores) {
        for task in 0..5 {
            let store = Arc::clone(store);
            tasks.spawn(async move {
                for step in 0..EACH / 5 {
                    let unique = 1000 + number * EACH + task * (EACH / 5) + step;
                    let changes = [put(member(unique, "")), Change::Append(message(unique, 1, 1 + number, "text"))];
                    let committed = store.commit(work(changes)).await.unwrap();
                    // Whoever was answered finds the change in the next read, through either store.
                    assert_eq!(store.members(&[id(unique)]).await.unwrap().len(), 1);
                    assert!(!committed.appended[0].replayed);
                }
            });
        }
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }

    for store in &stores {
        let said = store.messages(room(1, 1, 2).id, MessageRange::After(0), 1000, None).await.unwrap();
        let places: Vec<u64> = said.iter().map(|message| message.seq).collect();
        assert_eq!(places, (1..=2 * EACH.unsigned_abs()).collect::<Vec<_>>());
        let (entries, _) = store.members_changed(FeedCursor::default(), 1000).await.unwrap();
        assert_eq!(entries.len(), said.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_another_process_keeps_is_unavailable_until_it_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let mut other = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let refused = store.commit(work([put(member(1, ""))])).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(store.members(&[id(1)]).await.unwrap().is_empty(), "reads go on meanwhile");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    store.commit(work([put(member(1, ""))])).await.unwrap();
    assert_eq!(store.settings().await.unwrap()[0].synchronous, 2, "the writer's new connection is durable too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_work_leaves_those_it_was_committed_with_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path().join("a.db")).await.unwrap());
    let mut tasks = JoinSet::new();
    for number in 1..=300 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut changes = vec![put(member(number, "kept")), put(member(1000 + number, "kept"))];
            if number % 3 == 0 {
                // The last change is the stale one, so the others have to be taken back.
                changes.push(Change::PutMember(Box::new(member(number, "changed")), Expect::Version(9)));
            }
            (number, store.commit(work(changes)).await)
        });
    }
    while let Some(done) = tasks.join_next().await {
        let (number, result) = done.unwrap();
        match result {
            Ok(_) => assert_ne!(number % 3, 0),
            Err(StoreError::Stale) => assert_eq!(number % 3, 0),
            Err(other) => panic!("{number}: {other:?}"),
        }
    }
    let everybody: Vec<_> = (1..=2000).map(id).collect();
    let kept = store.members(&everybody).await.unwrap();
    assert_eq!(kept.len(), 400);
    let right = |row: &Versioned<Member>| row.version == 1 && row.value.id.value() % 1000 % 3 != 0;
    assert!(kept.iter().all(right));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_the_feed_misses_nobody_while_members_are_put() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open_with(Options::new(folder.path().join("a.db")).readers(2)).await.unwrap());
    let writers = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut tasks = JoinSet::new();
            for number in 1..=400 {
                let store = Arc::clone(&store);
                tasks.spawn(async move { store.commit(work([put(member(number, ""))])).await });
            }
            while let Some(done) = tasks.join_next().await {
                done.unwrap().unwrap();
            }
        })
    };
    let mut seen = std::collections::BTreeSet::new();
    let mut cursor = FeedCursor::default();
    loop {
        let finished = writers.is_finished();
        let (entries, next) = store.members_changed(cursor, 7).await.unwrap();
        cursor = next;
        if entries.is_empty() && finished {
            break;
        }
        for entry in entries {
            let FeedEntry::Put(member) = entry else { panic!("nobody was erased") };
            assert!(seen.insert(member.value.id), "everybody was put once");
        }
    }
    assert_eq!(seen.len(), 400);
}

#[tokio::test]
async fn a_thousand_new_members_in_one_work_are_as_if_put_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("a.db")).await.unwrap();
    let text = "따옴표 \" \\ \u{0} 👩‍👩‍👧 \u{1112}\u{1161}\u{11ab}\n";
    store.commit(work((1..=1000).map(|number| put(member(number, text))))).await.unwrap();
    let (entries, _) = store.members_changed(FeedCursor::default(), 5000).await.unwrap();
    let people: Vec<_> = entries
        .into_iter()
        .map(|entry| match entry {
            FeedEntry::Put(row) => (row.version, row.value),
            FeedEntry::Gone(who) => panic!("{who} is gone"),
        })
        .collect();
    assert_eq!(people.len(), 1000);
    // The feed has them in the order of the work.
    for (number, (version, value)) in (1..).zip(people) {
        assert_eq!((version, value), (1, member(number, text)));
    }

    // One of them is there already: nobody of the second thousand may be.
    let second = (1000..2000).map(|number| put(Member { source: None, ..member(number, "") }));
    assert!(matches!(store.commit(work(second)).await, Err(StoreError::Stale)));
    let (entries, _) = store.members_changed(FeedCursor::default(), 5000).await.unwrap();
    assert_eq!(entries.len(), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_together_have_each_their_place_their_event_and_their_mark() {
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
