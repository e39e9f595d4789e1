//! What a store promises about the outbox: events in their order, gone once dropped.

use super::samples::{at, commit, joined, member_id, put_members, room_id};
use crate::event::{Event, Fact};
use crate::id::{MessageId, ReportId};
use crate::store::{Change, Store, Work};

async fn put(store: &dyn Store, events: impl IntoIterator<Item = Event>) {
    let work = events.into_iter().fold(Work::new(), Work::event);
    store.commit(work).await.expect("events can be committed");
}

async fn read(store: &dyn Store, limit: usize) -> Vec<Event> {
    let stored = store.events(0, limit).await.expect("events");
    assert!(stored.is_sorted_by(|a, b| a.number < b.number), "numbers grow from event to event");
    stored.into_iter().map(|stored| stored.event).collect()
}

/// Events come back as they were put: those of an earlier commit first, those of one work in its order, with numbers
/// that grow.
pub async fn events_come_in_order(store: &dyn Store) {
    put_members(store, 1..=2).await;
    let (member, other, room) = (member_id(1), member_id(2), room_id(3));
    let message = MessageId::new(4).expect("positive");
    let report = ReportId::new(5).expect("positive");
    let facts = [
        Fact::Joined { member },
        Fact::Liked { member, other },
        Fact::Matched { member, other, room },
        Fact::MessageSent { member, other, room, message, muted: true },
        Fact::Befriended { member, other, room },
        Fact::Unmatched { member, other },
        Fact::Blocked { member, other },
        Fact::Reported { member, other, report },
        Fact::Erased { member },
        Fact::Liked { member, other },
    ];
    let events: Vec<Event> = (0..).zip(facts).map(|(n, fact)| Event { at: at(9 - n), fact }).collect();
    assert!(read(store, 10).await.is_empty());
    for part in events.chunks(3) {
        put(store, part.iter().cloned()).await;
    }
    assert_eq!(read(store, 100).await, events);
    assert_eq!(read(store, 4).await, events[..4]);
    assert_eq!(read(store, usize::MAX).await, events);
}

/// Reading goes on after a number, whether or not the event with it is still there.
pub async fn events_are_read_on_after_a_number(store: &dyn Store) {
    put(store, (1..=5).map(joined)).await;
    let numbers: Vec<u64> = store.events(0, 10).await.expect("events").iter().map(|event| event.number).collect();
    let after = async |number: u64, limit: usize| -> Vec<Event> {
        store.events(number, limit).await.expect("events").into_iter().map(|stored| stored.event).collect()
    };
    assert_eq!(after(numbers[1], 2).await, [3, 4].map(joined));
    commit(store, [Change::DropEvents(vec![numbers[1], numbers[2]])]).await;
    assert_eq!(after(numbers[1], 10).await, [4, 5].map(joined));
    assert!(after(numbers[4], 10).await.is_empty());
    assert!(after(u64::MAX, 10).await.is_empty());
}

/// Dropped events are gone, the others stay; numbers that are not there are passed over.
pub async fn dropped_events_are_gone(store: &dyn Store) {
    put(store, (1..=5).map(joined)).await;
    let numbers: Vec<u64> = store.events(0, 10).await.expect("events").iter().map(|event| event.number).collect();
    let unknown = numbers[4] + 1000;
    commit(store, [Change::DropEvents(vec![numbers[3], unknown, numbers[1], numbers[1]])]).await;
    assert_eq!(read(store, 10).await, [1, 3, 5].map(joined));
    commit(store, [Change::DropEvents(vec![numbers[1], numbers[0]])]).await;
    assert_eq!(read(store, 10).await, [3, 5].map(joined));
    commit(store, [Change::DropEvents(Vec::new())]).await;
    assert_eq!(read(store, 1).await, [joined(3)]);
}

/// A later event has a larger number, also when every earlier one has been dropped.
pub async fn numbers_are_not_used_twice(store: &dyn Store) {
    let mut last = None;
    for n in 1..=4 {
        put(store, [joined(n), joined(n)]).await;
        let numbers: Vec<u64> = store.events(0, 10).await.expect("events").iter().map(|event| event.number).collect();
        assert_eq!(numbers.len(), 2);
        assert!(last.is_none_or(|last| last < numbers[0]), "{numbers:?} after {last:?}");
        last = numbers.last().copied();
        commit(store, [Change::DropEvents(numbers)]).await;
    }
}
