//! What a store promises to those who listen: what moved, what is new, what was opened; and about messages that are taken
//! back or hidden, marks that are private, and tickets.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::samples::{
    all_at_once, append, assert_stale, at, commit, key, member_id, message, open_room, put_members, resend_id, room_id,
    winners, work,
};
use crate::chat::ticket::TICKET_TTL;
use crate::chat::{Message, NewMessage, ReadMark, Room, RoomOverview, RoomState, Since, Ticket};
use crate::id::SessionId;
use crate::store::{Change, Expect, MessageRange, Store};

async fn said(store: &dyn Store, room: i64, viewer: Option<i64>) -> Vec<Message> {
    store.messages(room_id(room), MessageRange::After(0), 100, viewer.map(member_id)).await.expect("messages")
}

async fn overview(store: &dyn Store, viewer: i64, room: i64) -> RoomOverview {
    let overview = store.room_overview(member_id(viewer), room_id(room)).await.expect("overview");
    overview.expect("the viewer takes part in the open room")
}

async fn moved(store: &dyn Store, known: &[(i64, u64)]) -> Vec<RoomState> {
    let known: Vec<_> = known.iter().map(|(room, moves)| (room_id(*room), *moves)).collect();
    let mut states = store.rooms_moved(&known).await.expect("rooms");
    states.sort_by_key(|state| state.room.id);
    states
}

fn unsend(room: i64, sender: i64, seq: u64) -> Change {
    Change::Unsend { room: room_id(room), sender: member_id(sender), seq }
}

fn mark(room: i64, member: i64, seq: u64, shown: bool) -> Change {
    Change::MarkRead { room: room_id(room), member: member_id(member), seq, shown }
}

/// A message that is taken back keeps its place and loses its text; only its sender can, and once is enough.
pub async fn what_is_taken_back_keeps_its_place(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    let named = NewMessage { client_msg_id: Some(resend_id(7)), ..message(1, 1, 1, "a secret") };
    append(store, named.clone()).await;
    append(store, message(1, 2, 2, "an answer")).await;
    for change in [unsend(1, 2, 1), unsend(1, 1, 2), unsend(1, 1, 3), unsend(2, 1, 1)] {
        assert_stale(&store.commit(work([change])).await);
    }
    assert_eq!(overview(store, 2, 1).await.room.revision, 0, "what fails changes nothing");
    commit(store, [unsend(1, 1, 1)]).await;
    let read = said(store, 1, None).await;
    assert_eq!((read[0].seq, read[0].text.as_str(), read[0].unsent), (1, "", Some(1)));
    assert_eq!((read[1].text.as_str(), read[1].unsent), ("an answer", None));
    let row = store.room(room_id(1)).await.expect("room").expect("open");
    assert_eq!((row.version, row.value.revision, row.value.last_seq), (4, 1, 2), "the room has changed");
    commit(store, [unsend(1, 1, 1)]).await;
    assert_eq!(store.room(room_id(1)).await.expect("room").expect("open"), row, "again, it changes nothing");
    let again = append(store, named).await;
    assert!(again.replayed);
    assert_eq!(again.message, read[0], "a resend finds the place, and no text");
    assert_eq!(overview(store, 2, 1).await.unread, 0, "what is not there is not unread");
    let closed = Room { closed_at: Some(at(9)), revision: 70, ..row.value };
    commit(store, [Change::PutRoom(closed, Expect::Version(4))]).await;
    let kept = store.room(room_id(1)).await.expect("room").expect("closed");
    assert_eq!(kept.value.revision, 1, "the revision belongs to the store");
    commit(store, [unsend(1, 2, 2)]).await;
    assert_eq!(said(store, 1, None).await[1].unsent, Some(2), "also in a closed room");
}

/// A message that somebody hides is not there for them, and is for everybody else.
pub async fn what_one_hides_the_other_keeps(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    put_members(store, [3]).await;
    for seconds in 1..=4 {
        append(store, message(1, 1, seconds, "word")).await;
    }
    let hide = |member, seq| Change::Hide { room: room_id(1), member: member_id(member), seq };
    commit(store, [hide(2, 2), hide(2, 4), hide(2, 4), hide(3, 1), hide(2, 5)]).await;
    let places = async |viewer: Option<i64>| -> Vec<u64> {
        said(store, 1, viewer).await.iter().map(|message| message.seq).collect()
    };
    assert_eq!(places(Some(2)).await, [1, 3]);
    for viewer in [None, Some(1), Some(3)] {
        assert_eq!(places(viewer).await, [1, 2, 3, 4], "{viewer:?}");
    }
    let last = store.messages(room_id(1), MessageRange::Before(4), 2, Some(member_id(2))).await.expect("messages");
    assert_eq!(last.iter().map(|message| message.seq).collect::<Vec<_>>(), [1, 3], "pages are filled");
    let theirs = overview(store, 2, 1).await;
    assert_eq!((theirs.last_hidden, theirs.unread), (true, 2));
    assert_eq!(theirs.last_message.as_ref().map(|message| message.seq), Some(4), "lists keep their order");
    assert!(!overview(store, 1, 1).await.last_hidden);
    append(store, message(1, 2, 5, "word")).await;
    assert_eq!(places(Some(2)).await, [1, 3, 5], "what comes later is not hidden beforehand");
}

/// The partner learns of a mark as far as it was shown; both marks only grow.
pub async fn private_marks_are_not_shown(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    for seconds in 1..=5 {
        append(store, message(1, 1, seconds, "word")).await;
    }
    for (change, seq, shown) in [
        (mark(1, 2, 2, true), 2, 2),
        (mark(1, 2, 4, false), 4, 2),
        (mark(1, 2, 3, true), 4, 3),
        (mark(1, 2, 1, true), 4, 3),
        (mark(1, 2, 99, false), 5, 3),
    ] {
        commit(store, [change.clone()]).await;
        let mine = overview(store, 2, 1).await;
        assert_eq!((mine.my_read, mine.my_shown, mine.unread), (seq, shown, 5 - seq), "{change:?}");
        assert_eq!(overview(store, 1, 1).await.their_read, shown, "{change:?}");
        let low = ReadMark { seq: 5, shown: 5 };
        assert_eq!(moved(store, &[(1, 0)]).await[0].reads, [low, ReadMark { seq, shown }]);
    }
    append(store, message(1, 2, 6, "whoever writes has read")).await;
    assert_eq!(overview(store, 1, 1).await.their_read, 6);
}

/// Each participant mutes for themselves; it is no read mark, and nobody else can.
pub async fn rooms_are_muted_by_each(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    put_members(store, [3]).await;
    append(store, message(1, 1, 1, "word")).await;
    let mute = |member, muted| Change::Mute { room: room_id(1), member: member_id(member), muted };
    commit(store, [mute(2, true), mute(3, true)]).await;
    let (one, two) = (overview(store, 1, 1).await, overview(store, 2, 1).await);
    assert_eq!((one.muted, one.their_muted, two.muted, two.their_muted), (false, true, true, false));
    assert_eq!((two.my_read, two.unread, one.their_read), (0, 1, 0));
    commit(store, [mark(1, 2, 1, true)]).await;
    assert!(overview(store, 2, 1).await.muted, "reading does not change it");
    commit(store, [mute(2, false), mute(1, false)]).await;
    assert!(!overview(store, 2, 1).await.muted);
    assert_eq!(overview(store, 2, 1).await.my_read, 1);
}

/// A room has moved after a message, a mark, what is taken back and a put; and after nothing else.
pub async fn moved_rooms_are_found(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    put_members(store, [3]).await;
    let other = Room::open(room_id(2), key(1, 3), at(0));
    commit(store, [Change::PutRoom(other.clone(), Expect::New)]).await;
    let states = moved(store, &[(1, 0), (2, 0), (3, 0)]).await;
    assert_eq!(states.iter().map(|state| state.room.id).collect::<Vec<_>>(), [room_id(1), room_id(2)]);
    assert_eq!(states[1].room, other);
    let (mut known, still) = (states[0].moves, states[1].moves);
    let moves = [
        Change::Append(message(1, 1, 1, "one")),
        mark(1, 2, 1, false),
        mark(1, 2, 1, true),
        unsend(1, 1, 1),
        Change::PutRoom(
            Room { closed_at: Some(at(3)), ..Room::open(room_id(1), key(1, 2), at(0)) },
            Expect::Version(3),
        ),
        Change::PutRoom(Room::open(room_id(1), key(1, 2), at(0)), Expect::Version(4)),
    ];
    for change in moves {
        assert!(moved(store, &[(1, known), (2, still)]).await.is_empty(), "before {change:?}");
        commit(store, [change.clone()]).await;
        let states = moved(store, &[(1, known), (2, still)]).await;
        assert_eq!(states.len(), 1, "after {change:?}");
        assert!(states[0].moves > known, "after {change:?}");
        known = states[0].moves;
        let row = store.room(room_id(1)).await.expect("room").expect("there");
        assert_eq!(states[0].room, row.value, "after {change:?}");
    }
    let hide = Change::Hide { room: room_id(1), member: member_id(1), seq: 1 };
    let mute = Change::Mute { room: room_id(1), member: member_id(1), muted: true };
    commit(store, [hide, mute, mark(1, 2, 1, true)]).await;
    assert!(moved(store, &[(1, known), (2, still)]).await.is_empty());
}

/// News is what lies beyond a place, and what was taken back after a revision: of each room so many at the most, in
/// order.
pub async fn news_is_found_in_many_rooms(store: &dyn Store) {
    put_members(store, 1..=4).await;
    for (room, partner) in [(1, 2), (2, 3), (3, 4)] {
        commit(store, [Change::PutRoom(Room::open(room_id(room), key(1, partner), at(0)), Expect::New)]).await;
        commit(store, (1..=6).map(|n| Change::Append(message(room, 1, n, "word")))).await;
    }
    commit(store, [unsend(1, 1, 2)]).await;
    commit(store, [unsend(1, 1, 5)]).await;
    commit(store, [unsend(1, 1, 1)]).await;
    // -1 stands for those who do not ask what was taken back.
    let news = async |since: &[(i64, u64, i64)], limit| -> Vec<(i64, u64)> {
        let since: Vec<Since> = since
            .iter()
            .map(|(room, seq, revision)| Since {
                room: room_id(*room),
                seq: *seq,
                revision: u64::try_from(*revision).ok(),
            })
            .collect();
        let news = store.news(&since, limit).await.expect("news");
        news.iter().map(|message| (message.room.value(), message.seq)).collect()
    };
    assert_eq!(news(&[], 9).await, []);
    assert_eq!(news(&[(2, 4, 0), (1, 6, 3), (9, 0, 0)], 9).await, [(2, 5), (2, 6)]);
    assert_eq!(news(&[(1, 4, 0)], 9).await, [(1, 1), (1, 2), (1, 5), (1, 6)]);
    assert_eq!(news(&[(1, 6, 1)], 9).await, [(1, 1), (1, 5)]);
    assert_eq!(news(&[(1, 4, -1), (2, 5, -1)], 9).await, [(1, 5), (1, 6), (2, 6)]);
    assert_eq!(news(&[(1, 4, -1), (2, 0, -1)], 1).await, [(1, 5), (2, 1)]);
    assert_eq!(news(&[(1, 5, 1)], 9).await, [(1, 1), (1, 5), (1, 6)]);
    assert_eq!(news(&[(1, 6, -1), (2, 5, 0)], 9).await, [(2, 6)], "one asks, the other does not");
    assert_eq!(news(&[(3, 0, 0), (1, 3, 2), (2, 5, 0)], 2).await, [(1, 1), (1, 4), (2, 6), (3, 1), (3, 2)]);
    let texts = store.news(&[Since { room: room_id(1), seq: 0, revision: Some(0) }], 9).await.expect("news");
    assert_eq!(texts, said(store, 1, None).await, "each once, and whole");
}

/// Who asks for openings from a cursor on is told of every room opened since, new or again, while it is open.
pub async fn opened_rooms_are_found(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    let (before, cursor) = store.rooms_opened(0).await.expect("rooms");
    assert!(before.is_empty(), "cursor 0 only tells where to go on");
    let put = |room: i64, closed: bool, expect| {
        let open = Room::open(room_id(room), key(1, 1 + room), at(0));
        Change::PutRoom(Room { closed_at: closed.then(|| at(5)), ..open }, expect)
    };
    put_members(store, 3..=6).await;
    commit(store, [put(2, false, Expect::New), put(3, true, Expect::New), put(4, false, Expect::New)]).await;
    commit(store, [put(4, true, Expect::Version(1))]).await;
    let told = async |cursor| -> (BTreeSet<_>, u64) {
        let (rooms, next) = store.rooms_opened(cursor).await.expect("rooms");
        (rooms.into_iter().map(|(room, pair)| (room.value(), pair)).collect(), next)
    };
    let (first, next) = told(cursor).await;
    assert!(first.contains(&(2, key(1, 3))), "{first:?}");
    assert!(!first.iter().any(|(room, _)| [3, 4].contains(room)), "closed ones are not told: {first:?}");
    commit(store, [put(3, false, Expect::Version(1))]).await;
    let (second, last) = told(next).await;
    assert!(second.contains(&(3, key(1, 4))), "opened again: {second:?}");
    assert!(last >= next && next >= cursor);
    append(store, message(2, 1, 1, "word")).await;
    for _ in 0..3 {
        let (_, next) = told(last).await;
        assert!(next >= last, "the cursor never goes back");
    }
}

fn ticket(n: i64, seconds: i64) -> Ticket {
    Ticket {
        hash: format!("hash {n}"),
        member: member_id(1),
        session: (n % 2 == 0).then(|| SessionId::new(n).expect("a small positive number")),
        expires_at: at(seconds) + TICKET_TTL,
    }
}

/// A ticket is read as it was put; those that ran out before another was made are forgotten.
pub async fn tickets_run_out(store: &dyn Store) {
    put_members(store, [1]).await;
    commit(store, [Change::PutTicket(ticket(1, 0)), Change::PutTicket(ticket(2, 1))]).await;
    for n in 1..=2 {
        let found = store.ticket(&format!("hash {n}")).await.expect("ticket");
        assert_eq!(found, Some(ticket(n, n - 1)));
    }
    assert_eq!(store.ticket("hash 3").await.expect("ticket"), None);
    commit(store, [Change::PutTicket(ticket(3, 30))]).await;
    assert_eq!(store.ticket("hash 1").await.expect("ticket"), None, "it ran out");
    assert_eq!(store.ticket("hash 2").await.expect("ticket"), Some(ticket(2, 1)));
    commit(store, [Change::Erase { member: member_id(1), tombstone: member_id(9) }]).await;
    assert_eq!(store.ticket("hash 3").await.expect("ticket"), None, "the erased have none");
}

/// Of twenty who come with one ticket, one may use it.
pub async fn a_ticket_is_taken_once(store: Arc<dyn Store>) {
    put_members(&*store, [1]).await;
    commit(&*store, [Change::PutTicket(ticket(1, 0))]).await;
    let taken = all_at_once((0..20).map(|_| {
        let store = Arc::clone(&store);
        async move { store.commit(work([Change::TakeTicket("hash 1".to_owned())])).await }
    }))
    .await;
    assert_eq!(winners(&taken), 1);
    assert_eq!(store.ticket("hash 1").await.expect("ticket"), None);
}

/// A log has one epoch, which travels through JSON.
pub async fn a_log_has_one_epoch(store: &dyn Store) {
    let epoch = store.epoch().await.expect("epoch");
    assert!(epoch > 0 && epoch < 1 << 53, "{epoch}");
    assert_eq!(store.epoch().await.expect("epoch"), epoch);
}
