//! What is erased is in no file: not in the database, not in its log, also after rows have wandered between pages.

mod people;

use std::path::Path;

use gpting_core::id::MemberId;
use gpting_core::interaction::{Decision, DecisionKind, Pair, PairKey};
use gpting_core::store::{Change, Expect, FeedCursor, FeedEntry, MessageRange, Store, StoreError};
use gpting_store_sqlite::SqliteStore;
use people::{at, id, member, message, put, room, work};

const CANARY: &str = "canary-7f3a";
const ERASED: i64 = 7_777_777_777_777;
const TOMBSTONE: i64 = 4_444_444_444_444;

/// How often a text stands in the files of the database.
fn copies(folder: &Path, text: &[u8]) -> std::io::Result<usize> {
    let mut count = 0;
    for file in std::fs::read_dir(folder)? {
        let bytes = std::fs::read(file?.path())?;
        count += bytes.windows(text.len()).filter(|window| *window == text).count();
    }
    Ok(count)
}

fn filler(letter: &str, length: i64) -> String {
    letter.repeat(usize::try_from(length).expect("a length"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_keeps_what_was_erased() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("a.db")).await.unwrap();
    // People and rooms come in an order that splits pages, and texts grow, so that SQLite moves rows about.
    let scattered = |number: i64| 1 + (number * 7_919_777) % 99_999_989;
    for number in 0..400 {
        let (other, place) = (scattered(number), scattered(number + 1000));
        let key = PairKey::of(id(ERASED), id(other)).unwrap();
        let mut pair = Pair::strangers(key);
        let liked = Decision {
            kind: DecisionKind::Like,
            at: at(number),
            message: Some(format!("{CANARY} {}", filler("x", number))),
        };
        pair.high.decision = Some(liked);
        let mut changes = vec![
            put(member(other, &filler("y", number * 3))),
            Change::PutPair(Box::new(pair), Expect::New),
            Change::PutRoom(room(place, other, ERASED), Expect::New),
            Change::Serve { viewer: id(other), candidates: vec![id(ERASED).into()], at: at(number) },
        ];
        for step in 0..4 {
            let text = format!("{CANARY} {}", filler("z", number * 13 % 300));
            changes.push(Change::Append(message(step + 1, place, ERASED, &text)));
            changes.push(Change::Append(message(step + 1, place, other, "stays")));
        }
        if number == 200 {
            changes.push(put(member(ERASED, CANARY)));
        }
        store.commit(work(changes)).await.unwrap();
        if number > 200 {
            let grown = member(ERASED, &format!("{CANARY} {}", filler("w", number * 9)));
            let version = (number - 200).unsigned_abs();
            let change = Change::PutMember(Box::new(grown), Expect::Version(version));
            store.commit(work([change])).await.unwrap();
        }
    }
    assert!(copies(folder.path(), CANARY.as_bytes()).unwrap() > 1000);

    let erase = Change::Erase { member: id(ERASED), tombstone: id(TOMBSTONE) };
    store.commit(work([erase.clone()])).await.unwrap();
    assert_eq!(copies(folder.path(), CANARY.as_bytes()).unwrap(), 0);

    // The id is told by the feed alone.
    let (entries, _) = store.members_changed(FeedCursor::default(), 5000).await.unwrap();
    let gone = entries.iter().filter(|entry| **entry == FeedEntry::Gone(id(ERASED))).count();
    assert_eq!((gone, entries.len()), (1, 401));
    let place = room(scattered(1000), scattered(0), ERASED).id;
    let left = store.messages(place, MessageRange::After(0), 10, None).await.unwrap();
    let seen: Vec<(MemberId, &str)> = left.iter().map(|message| (message.sender, message.text.as_str())).collect();
    assert_eq!(seen[..2], [(id(TOMBSTONE), ""), (id(scattered(0)), "stays")]);
    let pair = store.room(place).await.unwrap().unwrap().value.pair;
    assert_eq!(Some(pair), PairKey::of(id(TOMBSTONE), id(scattered(0))));
    assert_eq!(store.pair(PairKey::of(id(ERASED), id(scattered(0))).unwrap()).await.unwrap(), None);
    assert!(!store.was_served(id(scattered(0)), id(ERASED)).await.unwrap());

    // A use-case that read the room before cannot bring the id back.
    let change = Change::PutRoom(room(scattered(1000), scattered(0), ERASED), Expect::Version(9));
    assert!(matches!(store.commit(work([change])).await, Err(StoreError::Stale)));
    let late = Change::Append(message(99, scattered(1000), ERASED, CANARY));
    assert!(matches!(store.commit(work([late])).await, Err(StoreError::Stale)));

    // Twice is as once; and when the other has gone too, so has the room.
    store.commit(work([erase])).await.unwrap();
    let other = Change::Erase { member: id(scattered(0)), tombstone: id(TOMBSTONE + 1) };
    store.commit(work([other])).await.unwrap();
    assert_eq!(store.room(place).await.unwrap(), None);
    assert!(store.messages(place, MessageRange::After(0), 10, None).await.unwrap().is_empty());
}
