//! What a store promises about rooms: who sees them, what they show, and how they are listed.

use super::samples::{
    append, assert_stale, at, commit, key, member_id, message, open_room, put_members, room_id, work,
};
use crate::chat::{Room, RoomOverview};
use crate::store::{Before, Change, Expect, Page, Store, Versioned};

async fn read(store: &dyn Store, n: i64) -> Versioned<Room> {
    store.room(room_id(n)).await.expect("room").expect("it was put")
}

async fn overview(store: &dyn Store, viewer: i64, room: i64) -> RoomOverview {
    let overview = store.room_overview(member_id(viewer), room_id(room)).await.expect("overview");
    overview.expect("the viewer takes part in the open room")
}

fn mark(room: i64, member: i64, seq: u64) -> Change {
    Change::MarkRead { room: room_id(room), member: member_id(member), seq, shown: true }
}

/// Puts the room as it stands, changed.
async fn change_room(store: &dyn Store, room: i64, change: impl FnOnce(&mut Room)) {
    let mut row = read(store, room).await;
    let expect = row.expect();
    change(&mut row.value);
    commit(store, [Change::PutRoom(row.value, expect)]).await;
}

/// `PutRoom` takes everything over but `last_seq`, which stays as the store counted it.
pub async fn last_seq_belongs_to_the_store(store: &dyn Store) {
    put_members(store, 1..=2).await;
    assert!(store.room(room_id(1)).await.expect("room").is_none());
    let claimed = Room { last_seq: 7, ..Room::open(room_id(1), key(1, 2), at(3)) };
    commit(store, [Change::PutRoom(claimed.clone(), Expect::New)]).await;
    let stored = Room { last_seq: 0, ..claimed };
    assert_eq!(read(store, 1).await.value, stored);
    append(store, message(1, 1, 1, "one")).await;
    append(store, message(1, 2, 2, "two")).await;
    let closed = Room { last_seq: 0, closed_at: Some(at(9)), hidden_through: 1, created_at: at(4), ..stored };
    commit(store, [Change::PutRoom(closed.clone(), Expect::Version(3))]).await;
    let row = read(store, 1).await;
    assert_eq!(row.value, Room { last_seq: 2, ..closed });
    assert_eq!(row.version, 4);
}

/// An append is a change of the room: whoever read the room before it has a stale version.
pub async fn appending_grows_the_version(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    let before = read(store, 1).await;
    assert_eq!((before.version, before.value.last_seq), (1, 0));
    append(store, message(1, 1, 1, "one")).await;
    let after = read(store, 1).await;
    assert_eq!((after.version, after.value.last_seq), (2, 1));
    let put = Change::PutRoom(before.value.clone(), before.expect());
    assert_stale(&store.commit(work([put])).await);
    commit(store, [mark(1, 2, 1)]).await;
    commit(store, [Change::PutRoom(before.value, after.expect())]).await;
}

/// Participants see an open room; strangers do not, and nobody sees one that is closed or not there.
pub async fn only_participants_see_open_rooms(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    put_members(store, [3]).await;
    let sees = |viewer, room| store.room_overview(member_id(viewer), room_id(room));
    assert!(sees(1, 1).await.expect("overview").is_some());
    assert!(sees(2, 1).await.expect("overview").is_some());
    assert!(sees(3, 1).await.expect("overview").is_none());
    assert!(sees(1, 2).await.expect("overview").is_none());
    let all = Page::first(10);
    assert_eq!(store.list_rooms(member_id(1), all).await.expect("rooms").len(), 1);
    assert!(store.list_rooms(member_id(3), all).await.expect("rooms").is_empty());
    change_room(store, 1, |room| room.closed_at = Some(at(5))).await;
    assert!(sees(1, 1).await.expect("overview").is_none());
    assert!(store.list_rooms(member_id(1), all).await.expect("rooms").is_empty());
    assert_eq!(read(store, 1).await.value.closed_at, Some(at(5)), "closed, and still there");
    change_room(store, 1, |room| room.closed_at = None).await;
    assert!(sees(2, 1).await.expect("overview").is_some());
    assert_eq!(store.list_rooms(member_id(2), all).await.expect("rooms").len(), 1);
}

/// Unread are the partner's messages beyond my mark; my own never count, and saying something reads what was before.
pub async fn overviews_count_unread(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    let empty = overview(store, 1, 1).await;
    assert_eq!(empty.last_message, None);
    assert_eq!((empty.my_read, empty.their_read, empty.unread), (0, 0, 0));
    assert_eq!(empty.activity(), at(0));
    for (sender, seconds) in [(1, 1), (2, 2), (2, 3), (2, 4)] {
        append(store, message(1, sender, seconds, "word")).await;
    }
    let mine = overview(store, 1, 1).await;
    assert_eq!((mine.my_read, mine.their_read, mine.unread), (1, 4, 3));
    assert_eq!(mine.last_message.as_ref().map(|message| message.seq), Some(4));
    assert_eq!(mine.activity(), at(4));
    let theirs = overview(store, 2, 1).await;
    assert_eq!((theirs.my_read, theirs.their_read, theirs.unread), (4, 1, 0));
    commit(store, [mark(1, 1, 3)]).await;
    assert_eq!(overview(store, 1, 1).await.unread, 1);
    append(store, message(1, 1, 5, "answer")).await;
    let mine = overview(store, 1, 1).await;
    assert_eq!((mine.my_read, mine.unread), (5, 0));
    assert_eq!(overview(store, 2, 1).await.unread, 1);
    let listed = store.list_rooms(member_id(1), Page::first(10)).await.expect("rooms");
    assert_eq!(listed, [mine], "the list shows the same as the single room");
}

/// A read mark moves forward, never back, and never beyond the last message.
pub async fn read_marks_only_advance(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    commit(store, [mark(1, 2, 9)]).await;
    assert_eq!(overview(store, 2, 1).await.my_read, 0, "there is nothing to read yet");
    for seconds in 1..=5 {
        append(store, message(1, 1, seconds, "word")).await;
    }
    for (seq, wanted) in [(2, 2), (1, 2), (0, 2), (4, 4), (u64::MAX, 5), (3, 5)] {
        commit(store, [mark(1, 2, seq)]).await;
        let theirs = overview(store, 2, 1).await;
        assert_eq!((theirs.my_read, theirs.unread), (wanted, 5 - wanted), "after marking {seq}");
        assert_eq!(overview(store, 1, 1).await.their_read, wanted);
    }
    append(store, message(1, 1, 6, "word")).await;
    assert_eq!(overview(store, 2, 1).await.my_read, 5, "a mark too far does not wait for messages");
}

/// Messages up to `hidden_through` are neither the last message nor unread, also after a reopening.
pub async fn hidden_messages_stay_hidden(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    for seconds in 1..=3 {
        append(store, message(1, 1, seconds, "before")).await;
    }
    assert_eq!(overview(store, 2, 1).await.unread, 3);
    change_room(store, 1, |room| room.hidden_through = 3).await;
    let hidden = overview(store, 2, 1).await;
    assert_eq!((hidden.last_message.clone(), hidden.unread, hidden.my_read), (None, 0, 0));
    assert_eq!(hidden.activity(), at(0), "an empty room is as old as its opening");
    assert_eq!(hidden.room.last_seq, 3);
    let after = append(store, message(1, 1, 4, "after")).await.message;
    assert_eq!(after.seq, 4, "seq goes on where it stood");
    let reopened = overview(store, 2, 1).await;
    assert_eq!((reopened.last_message, reopened.unread), (Some(after), 1));
}

/// Rooms come by their last visible message, else by their opening: newest first, ties by room id descending.
pub async fn rooms_are_listed_by_activity(store: &dyn Store) {
    put_members(store, 1..=6).await;
    for (room, partner, opened) in [(11, 2, 50), (12, 3, 40), (13, 4, 40), (14, 5, 10), (15, 6, 20)] {
        let opened = Room::open(room_id(room), key(1, partner), at(opened));
        commit(store, [Change::PutRoom(opened, Expect::New)]).await;
    }
    let order = async || -> Vec<i64> {
        let rooms = store.list_rooms(member_id(1), Page::first(10)).await.expect("rooms");
        rooms.iter().map(|overview| overview.room.id.value()).collect()
    };
    assert_eq!(order().await, [11, 13, 12, 15, 14]);
    append(store, message(14, 5, 60, "new")).await;
    append(store, message(11, 1, 30, "older than the opening")).await;
    assert_eq!(order().await, [14, 13, 12, 11, 15]);
    change_room(store, 14, |room| room.hidden_through = 1).await;
    assert_eq!(order().await, [13, 12, 11, 15, 14]);
    change_room(store, 12, |room| room.closed_at = Some(at(99))).await;
    assert_eq!(order().await, [13, 11, 15, 14]);
}

/// Pages of any size put together are the whole list.
pub async fn rooms_are_paged_without_gaps(store: &dyn Store) {
    put_members(store, 1..=30).await;
    for n in (1..=30).filter(|n| *n != 15) {
        let opened = Room::open(room_id(100 + n), key(15, n), at(n % 3));
        commit(store, [Change::PutRoom(opened, Expect::New)]).await;
        if n % 2 == 0 {
            append(store, message(100 + n, n, n % 5, "word")).await;
        }
    }
    let whole = store.list_rooms(member_id(15), Page::first(usize::MAX)).await.expect("rooms");
    assert_eq!(whole.len(), 29);
    let places: Vec<_> = whole.iter().map(|room| (room.activity(), room.room.id)).collect();
    assert!(places.is_sorted_by(|a, b| a > b), "newest first, ties by id descending");
    for limit in [1, 4, 28, 29] {
        let mut read = Vec::new();
        let mut page = Page::first(limit);
        loop {
            let part = store.list_rooms(member_id(15), page).await.expect("rooms");
            assert!(part.len() <= limit, "at most as many as asked for");
            let Some(last) = part.last() else { break };
            let end = Before { at: last.activity(), id: last.room.id.value() };
            page = Page::after(end, limit);
            read.extend(part);
        }
        assert_eq!(read, whole, "pages of {limit}");
    }
}
