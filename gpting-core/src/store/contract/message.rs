//! What a store promises about messages: their `seq` has no holes, and a resend is recognised.

use std::sync::Arc;

use super::samples::{
    TEXTS, all_at_once, append, assert_stale, at, commit, key, member, member_id, message, open_room, put_member,
    put_members, resend_id, room_id, work,
};
use crate::chat::{Message, NewMessage, Room};
use crate::store::{Change, Expect, MessageRange, Store};

async fn all(store: &dyn Store, room: i64) -> Vec<Message> {
    store.messages(room_id(room), MessageRange::After(0), 10_000, None).await.expect("messages")
}

fn resent(room: i64, sender: i64, seconds: i64, id: u128) -> NewMessage {
    NewMessage { client_msg_id: Some(resend_id(id)), ..message(room, sender, seconds, &format!("said at {seconds}")) }
}

/// Whoever does not take part in a room appends nothing to it.
pub async fn strangers_append_nothing(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    put_members(store, 3..=3).await;
    assert_stale(&store.commit(work([Change::Append(message(1, 3, 1, "let me in"))])).await);
    assert!(all(store, 1).await.is_empty());
}

/// What is appended is answered, and read back, as it was said.
pub async fn messages_are_read_back_as_appended(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    let mut said = Vec::new();
    for (n, text) in (0..).zip(TEXTS.iter().copied().chain([""])) {
        let mut new = message(1, 1 + n % 2, n, text);
        new.client_msg_id = (n % 3 == 0).then(|| resend_id(u128::MAX));
        if n > 2 {
            new.client_msg_id = None;
        }
        let appended = append(store, new.clone()).await;
        assert!(!appended.replayed);
        assert_eq!(appended.message, new.at_seq(u64::try_from(n).expect("small") + 1));
        said.push(appended.message);
    }
    let long = append(store, message(1, 1, 100, &TEXTS.concat().repeat(500))).await;
    said.push(long.message);
    assert_eq!(all(store, 1).await, said);
    assert!(all(store, 2).await.is_empty());
}

/// `After` answers the first of those with a larger `seq`, `Before` the last of those with a smaller one, both the
/// oldest first, and hidden ones too.
pub async fn ranges_answer_oldest_first(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    put_members(store, [3]).await;
    let other = Room::open(room_id(2), key(1, 3), at(0));
    commit(store, [Change::PutRoom(other, Expect::New)]).await;
    append(store, message(2, 1, 0, "elsewhere")).await;
    commit(store, (0..10).map(|n| Change::Append(message(1, 1 + n % 2, n, "word")))).await;
    let hidden = Room { hidden_through: 4, ..Room::open(room_id(1), key(1, 2), at(0)) };
    commit(store, [Change::PutRoom(hidden, Expect::Version(11))]).await;
    let cases: [(MessageRange, usize, &[u64]); 12] = [
        (MessageRange::After(0), 3, &[1, 2, 3]),
        (MessageRange::After(3), 2, &[4, 5]),
        (MessageRange::After(8), 100, &[9, 10]),
        (MessageRange::After(10), 100, &[]),
        (MessageRange::After(u64::MAX), 100, &[]),
        (MessageRange::After(7), usize::MAX, &[8, 9, 10]),
        (MessageRange::Before(11), 3, &[8, 9, 10]),
        (MessageRange::Before(4), 2, &[2, 3]),
        (MessageRange::Before(3), 100, &[1, 2]),
        (MessageRange::Before(1), 100, &[]),
        (MessageRange::Before(0), 100, &[]),
        (MessageRange::Before(u64::MAX), 2, &[9, 10]),
    ];
    for (range, limit, wanted) in cases {
        let read = store.messages(room_id(1), range, limit, None).await.expect("messages");
        let seqs: Vec<_> = read.iter().map(|message| message.seq).collect();
        assert_eq!(seqs, wanted, "{range:?}, at most {limit}");
        assert!(read.iter().all(|message| message.room == room_id(1)));
    }
}

/// A message with the same sender and `client_msg_id` appends nothing: the old one is answered, the room stays as it
/// was. Another sender, another room or another id is another message.
pub async fn a_resend_appends_nothing(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    put_members(store, [3]).await;
    let other = Room::open(room_id(2), key(1, 3), at(0));
    commit(store, [Change::PutRoom(other, Expect::New)]).await;
    let first = append(store, resent(1, 1, 1, 7)).await;
    assert!(!first.replayed);
    append(store, resent(1, 2, 2, 8)).await;
    let before = store.room(room_id(1)).await.expect("room");
    let again = append(store, resent(1, 1, 3, 7)).await;
    assert!(again.replayed);
    assert_eq!(again.message, first.message, "the old message, not the new one");
    assert_eq!(store.room(room_id(1)).await.expect("room"), before);
    let overview = store.room_overview(member_id(1), room_id(1)).await.expect("overview");
    assert_eq!(overview.expect("open").my_read, 1, "a resend reads nothing");
    for new in [resent(1, 2, 4, 7), resent(2, 1, 5, 7), resent(1, 1, 6, 9)] {
        assert!(!append(store, new).await.replayed);
    }
    assert_eq!(all(store, 1).await.len(), 4);
    let unnamed = message(1, 1, 7, "no id");
    assert!(!append(store, unnamed.clone()).await.replayed);
    let second = NewMessage { id: message(1, 1, 8, "").id, ..unnamed };
    assert!(!append(store, second).await.replayed, "without an id nothing is a resend");
    assert_eq!(all(store, 1).await.len(), 6);
}

/// A resend is recognised also in the work that sent it, and takes no `seq`.
pub async fn a_resend_in_one_work_appends_nothing(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    let sends = [resent(1, 1, 1, 7), resent(1, 1, 2, 7), resent(1, 1, 3, 8)];
    let committed = commit(store, sends.map(Change::Append)).await;
    let answers: Vec<_> = committed
        .appended
        .iter()
        .map(|appended| (appended.message.seq, appended.replayed, appended.message.at))
        .collect();
    assert_eq!(answers, [(1, false, at(1)), (1, true, at(1)), (2, false, at(3))]);
    let row = store.room(room_id(1)).await.expect("room").expect("open");
    assert_eq!((row.version, row.value.last_seq), (3, 2));
    assert_eq!(all(store, 1).await.len(), 2);
}

/// To append to a closed or missing room is stale.
pub async fn closed_and_missing_rooms_take_nothing(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    assert_stale(&store.commit(work([Change::Append(message(2, 1, 1, "nowhere"))])).await);
    let closed = Room { closed_at: Some(at(5)), ..Room::open(room_id(1), key(1, 2), at(0)) };
    let close_and_speak =
        [Change::PutRoom(closed.clone(), Expect::Version(1)), Change::Append(message(1, 1, 1, "too late"))];
    assert_stale(&store.commit(work(close_and_speak)).await);
    assert_eq!(append(store, message(1, 1, 2, "still open")).await.message.seq, 1);
    commit(store, [Change::PutRoom(closed, Expect::Version(2))]).await;
    assert_stale(&store.commit(work([Change::Append(message(1, 1, 3, "too late"))])).await);
    assert_eq!(all(store, 1).await.len(), 1);
}

/// An append in a work that fails takes no `seq`.
pub async fn a_failed_append_leaves_no_hole(store: &dyn Store) {
    open_room(store, 1, 1, 2).await;
    append(store, message(1, 1, 1, "one")).await;
    let failing = [
        Change::Append(resent(1, 1, 2, 7)),
        Change::Append(message(1, 2, 3, "lost")),
        put_member(member(1), Expect::New),
    ];
    assert_stale(&store.commit(work(failing)).await);
    let next = append(store, resent(1, 1, 4, 7)).await;
    assert_eq!((next.message.seq, next.replayed), (2, false));
    let seqs: Vec<_> = all(store, 1).await.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, [1, 2]);
}

/// Fifty who speak at once, two messages each and some failing on the way, leave `seq` without holes; everybody is
/// answered the place that is read back.
pub async fn seq_has_no_holes(store: Arc<dyn Store>) {
    open_room(&*store, 1, 1, 2).await;
    let answers = all_at_once((0..50).map(|n| {
        let store = Arc::clone(&store);
        async move {
            let first = append(&*store, message(1, 1 + n % 2, 2 * n, &format!("first of {n}"))).await;
            let failing = [Change::Append(message(1, 1, 5000 + n, "lost")), put_member(member(1), Expect::New)];
            assert_stale(&store.commit(work(failing)).await);
            let second = append(&*store, message(1, 1 + n % 2, 2 * n + 1, &format!("second of {n}"))).await;
            assert!(first.message.seq < second.message.seq, "in commit order");
            [first.message, second.message]
        }
    }))
    .await;
    let mut answered: Vec<Message> = answers.into_iter().flatten().collect();
    answered.sort_by_key(|message| message.seq);
    let seqs: Vec<_> = answered.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, (1..=100).collect::<Vec<_>>());
    assert_eq!(all(&*store, 1).await, answered);
    let row = store.room(room_id(1)).await.expect("room").expect("open");
    assert_eq!((row.value.last_seq, row.version), (100, 101));
}

/// Twenty resends of one message at once append it once, and all are answered the same.
pub async fn concurrent_resends_append_once(store: Arc<dyn Store>) {
    open_room(&*store, 1, 1, 2).await;
    let answers = all_at_once((0..20).map(|n| {
        let store = Arc::clone(&store);
        async move { append(&*store, resent(1, 1, n, 7)).await }
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    assert!(answers.iter().all(|answer| answer.message == answers[0].message));
    assert_eq!(all(&*store, 1).await, [answers[0].message.clone()]);
    let next = append(&*store, message(1, 2, 50, "next")).await;
    assert_eq!(next.message.seq, 2);
}
