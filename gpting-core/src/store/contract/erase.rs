//! What a store promises about erasure: nothing of a member is left but what
//! [`Change::Erase`] says.

use super::feed::{Reader, told};
use super::samples::{
    Transcript, append, assert_stale, at, commit, full_member, joined, key, matched, member, member_id, message,
    open_room, put_member, put_members, put_pair, put_report, report, request, resend_id, room_id, work,
};
use crate::chat::{Message, NewMessage, Room};
use crate::id::HostId;
use crate::interaction::{Pair, PairKey, PairList, Side, Stance};
use crate::store::{Before, Change, Expect, FeedCursor, FeedEntry, MessageRange, Page, Store};

/// Stands in everything that the member to be erased wrote.
const CANARY: &str = "canary";
/// The member to be erased, and the partner who stays.
const GONE: i64 = 5;
const STAYS: i64 = 9;
const TOMBSTONE: i64 = 777_777;

fn erase(n: i64, tombstone: i64) -> Change {
    Change::Erase { member: member_id(n), tombstone: member_id(tombstone) }
}

/// A member with relations of every kind, who wrote the canary wherever something can be written.
async fn settle_in(store: &dyn Store) {
    let mut canary = full_member(GONE);
    canary.host = Some(HostId::new(format!("{CANARY} host")));
    canary.source = Some(format!("{CANARY} source"));
    canary.profile.nickname = format!("{CANARY} nickname");
    canary.profile.bio = format!("{CANARY} bio");
    commit(store, [put_member(canary, Expect::New)]).await;
    put_members(store, [1, 2, 3, 4, STAYS]).await;
    let mut liked = matched(key(GONE, STAYS), 1);
    if let Some(decision) = &mut liked.low.decision {
        decision.message = Some(format!("{CANARY} line"));
    }
    let asked = Pair { friend_request: Some(request(1, Side::High, 2)), ..Pair::strangers(key(1, GONE)) };
    let befriended = Pair { friends_since: Some(at(3)), ..Pair::strangers(key(2, GONE)) };
    let blocked =
        Pair { low: Stance { blocked_at: Some(at(4)), ..Stance::default() }, ..Pair::strangers(key(3, GONE)) };
    let pairs = [liked, asked, befriended, blocked, matched(key(3, STAYS), 5)];
    commit(store, pairs.map(|pair| put_pair(pair, Expect::New))).await;
    let rooms = [(1, STAYS), (2, 2)].map(|(room, partner)| Room::open(room_id(room), key(GONE, partner), at(0)));
    commit(store, rooms.map(|room| Change::PutRoom(room, Expect::New))).await;
    for room in [1, 2] {
        let secret = NewMessage {
            client_msg_id: Some(resend_id(0xca11)),
            ..message(room, GONE, 1, &format!("{CANARY} message"))
        };
        append(store, secret).await;
    }
    append(store, message(1, STAYS, 2, "an answer")).await;
    append(store, message(1, GONE, 3, &format!("{CANARY} again"))).await;
    let mut accusation = report(1, GONE, STAYS);
    accusation.entries[0].detail = format!("{CANARY} detail");
    let shown = |viewer, candidates: [i64; 2]| Change::Serve {
        viewer: member_id(viewer),
        candidates: candidates.map(|n| member_id(n).into()).to_vec(),
        at: at(1),
    };
    let last = [
        put_report(accusation, Expect::New),
        put_report(report(2, STAYS, GONE), Expect::New),
        shown(GONE, [1, STAYS]),
        shown(STAYS, [3, GONE]),
    ];
    commit(store, last).await;
}

/// Everything that can be read about the people of [`settle_in`], reports and events aside.
async fn everything_read(store: &dyn Store) -> String {
    let mut read = Transcript::default();
    let people = [1, 2, 3, 4, GONE, STAYS, TOMBSTONE];
    read.add(&store.members(&people.map(member_id)).await.expect("members"));
    let (entries, _) = store.members_changed(FeedCursor::default(), 100).await.expect("feed");
    let present: Vec<_> = entries.iter().filter(|entry| matches!(entry, FeedEntry::Put(_))).collect();
    read.add(&present);
    for n in people {
        let viewer = member_id(n);
        read.add_lists(store, n).await;
        read.add(&store.list_rooms(viewer, Page::first(10)).await.expect("rooms"));
        for other in people.into_iter().filter(|other| *other != n) {
            read.add(&store.pair(key(n, other)).await.expect("pair"));
            if store.was_served(viewer, member_id(other)).await.expect("served") {
                read.add(&format!("{n} was shown {other}"));
            }
        }
    }
    for room in [1, 2] {
        read.add(&store.room(room_id(room)).await.expect("room"));
        for range in [MessageRange::After(0), MessageRange::Before(u64::MAX)] {
            read.add(&store.messages(room_id(room), range, 100, None).await.expect("messages"));
        }
    }
    read.add(&store.pair_by_request(request(1, Side::High, 2).id).await.expect("pair"));
    read.0
}

/// No text, name, id, list place, impression or report of the erased can be read anywhere; other people's rows are
/// untouched.
pub async fn the_erased_are_nowhere(store: &dyn Store) {
    settle_in(store).await;
    let before = everything_read(store).await;
    assert!(before.contains(CANARY) && before.contains(&format!("{:?}", member_id(GONE))));
    assert!(before.contains("9 was shown 5") && before.contains("5 was shown 1"));
    commit(store, [erase(GONE, TOMBSTONE)]).await;
    let after = everything_read(store).await;
    assert!(!after.contains(CANARY), "{after}");
    assert!(!after.contains(&format!("{:?}", member_id(GONE))), "{after}");
    assert!(!after.contains("was shown 5") && !after.contains("5 was shown"), "{after}");
    for name in ["host", "source"] {
        let name = format!("{CANARY} {name}");
        assert!(store.member_by_host(&HostId::new(name.clone())).await.expect("member").is_none());
        assert!(store.members_by_source(&[name]).await.expect("members").is_empty());
    }
    let made = store.open_report(member_id(GONE), member_id(STAYS)).await.expect("report");
    assert!(made.is_none(), "reports that they made go");
    let kept = store.pair(key(3, STAYS)).await.expect("pair").expect("two others' pair");
    assert_eq!(kept.value, matched(key(3, STAYS), 5));
    assert!(store.was_served(member_id(STAYS), member_id(3)).await.expect("served"));
    assert_eq!(store.listed(member_id(STAYS), PairList::Matches).await.expect("listed"), [member_id(3)]);
}

/// In the rooms the tombstone takes the place of the member: it has their messages, without text and
/// `client_msg_id`, and `seq`, times, the partner's messages and read mark stay.
pub async fn rooms_keep_a_tombstone(store: &dyn Store) {
    settle_in(store).await;
    let before = store.messages(room_id(1), MessageRange::After(0), 10, None).await.expect("messages");
    commit(store, [erase(GONE, TOMBSTONE)]).await;
    let wanted: Vec<Message> = before
        .into_iter()
        .map(|message| {
            if message.sender == member_id(STAYS) {
                return message;
            }
            Message { sender: member_id(TOMBSTONE), text: String::new(), client_msg_id: None, ..message }
        })
        .collect();
    let read = store.messages(room_id(1), MessageRange::After(0), 10, None).await.expect("messages");
    assert_eq!(read, wanted);
    let overview = store.room_overview(member_id(STAYS), room_id(1)).await.expect("overview");
    let overview = overview.expect("still open to who stays");
    assert_eq!(overview.room.pair, PairKey::of(member_id(STAYS), member_id(TOMBSTONE)).expect("two different ids"));
    assert_eq!(overview.room.last_seq, 3);
    assert_eq!(overview.last_message.as_ref(), wanted.last());
    assert_eq!((overview.my_read, overview.their_read, overview.unread), (2, 0, 1));
    assert!(store.room_overview(member_id(GONE), room_id(1)).await.expect("overview").is_none());
    let end = Before { at: at(100), id: 1 };
    let rooms = store.list_rooms(member_id(STAYS), Page::after(end, 10)).await.expect("rooms");
    assert_eq!(rooms, [overview], "listed as it is seen alone");
    let next = append(store, message(1, STAYS, 9, "anybody there?")).await.message;
    assert_eq!(next.seq, 4);
}

/// A room whose both participants are erased goes whole, at once or one after the other.
pub async fn empty_rooms_go_whole(store: &dyn Store) {
    settle_in(store).await;
    commit(store, [erase(GONE, TOMBSTONE)]).await;
    commit(store, [erase(STAYS, TOMBSTONE + 1)]).await;
    assert!(store.room(room_id(1)).await.expect("room").is_none());
    assert!(store.messages(room_id(1), MessageRange::After(0), 10, None).await.expect("messages").is_empty());
    assert!(store.room(room_id(2)).await.expect("room").is_some(), "its other participant is there");
    open_room(store, 3, 31, 32).await;
    append(store, message(3, 31, 1, "word")).await;
    commit(store, [erase(32, TOMBSTONE + 2), erase(31, TOMBSTONE + 3)]).await;
    assert!(store.room(room_id(3)).await.expect("room").is_none());
    assert!(store.messages(room_id(3), MessageRange::After(0), 10, None).await.expect("messages").is_empty());
}

/// Reports about the erased stay as they were until their term ends.
pub async fn reports_about_them_stay(store: &dyn Store) {
    settle_in(store).await;
    commit(store, [erase(GONE, TOMBSTONE)]).await;
    let about = report(2, STAYS, GONE);
    let kept = store.open_report(member_id(STAYS), member_id(GONE)).await.expect("report");
    assert_eq!(kept.map(|row| (row.version, row.value)), Some((1, about.clone())));
    let mut closed = about;
    closed.closed_at = Some(at(50));
    commit(store, [put_report(closed, Expect::Version(1))]).await;
    commit(store, [Change::DropReports { before: at(100_000) }]).await;
    commit(store, [put_report(report(2, STAYS, 3), Expect::New)]).await;
}

/// The host's id and the source of the erased can be given to somebody else, who inherits nothing.
pub async fn their_names_are_free(store: &dyn Store) {
    settle_in(store).await;
    commit(store, [erase(GONE, TOMBSTONE)]).await;
    let mut heir = member(60);
    heir.host = Some(HostId::new(format!("{CANARY} host")));
    heir.source = Some(format!("{CANARY} source"));
    commit(store, [put_member(heir.clone(), Expect::New)]).await;
    let found = store.member_by_host(&HostId::new(format!("{CANARY} host"))).await.expect("member");
    assert_eq!(found.map(|row| row.value), Some(heir));
    assert!(store.list_rooms(member_id(60), Page::first(10)).await.expect("rooms").is_empty());
}

/// Erasing who was never there, or not any more, changes nothing.
pub async fn erasing_nobody_changes_nothing(store: &dyn Store) {
    settle_in(store).await;
    let before = everything_read(store).await;
    commit(store, [erase(4444, TOMBSTONE)]).await;
    assert_eq!(everything_read(store).await, before);
    commit(store, [erase(GONE, TOMBSTONE)]).await;
    let erased = everything_read(store).await;
    store.commit(work([erase(GONE, TOMBSTONE + 1)]).event(joined(1))).await.expect("nothing stands in the way");
    assert_eq!(everything_read(store).await, erased);
    assert_eq!(store.events(0, 10).await.expect("events").len(), 1, "the rest of the work is done");
}

/// Erasure is a change of the member's rooms: who read one before cannot put the erased back. The member's own row
/// is gone: putting it at its version is stale.
pub async fn erasure_makes_older_reads_of_a_room_stale(store: &dyn Store) {
    settle_in(store).await;
    let before = store.room(room_id(1)).await.expect("room").expect("open");
    commit(store, [erase(GONE, TOMBSTONE)]).await;
    let put_back = Change::PutRoom(before.value.clone(), before.expect());
    assert_stale(&store.commit(work([put_back])).await);
    let after = store.room(room_id(1)).await.expect("room").expect("open");
    assert_eq!(after.version, before.version + 1);
    assert_stale(&store.commit(work([put_member(member(GONE), Expect::Version(1))])).await);
    assert_stale(&store.commit(work([put_pair(matched(key(GONE, STAYS), 1), Expect::Version(1))])).await);
}

/// The feed tells that the member is gone, and from the start on does not show them.
pub async fn the_feed_tells_of_erasure(store: &dyn Store) {
    put_members(store, 1..=4).await;
    let mut follower = Reader::default();
    follower.until(store, 100, &told((1..=4).map(|n| (n, Some(1))))).await;
    commit(store, [erase(2, TOMBSTONE), put_member(member(3), Expect::Version(1))]).await;
    follower.until(store, 1, &told([(1, Some(1)), (2, None), (3, Some(2)), (4, Some(1))])).await;
    assert_eq!(follower.told.len(), 4, "the tombstone is no member");
    let mut fresh = Reader::default();
    fresh.until(store, 100, &told([(1, Some(1)), (3, Some(2)), (4, Some(1))])).await;
    let shown = fresh.told.get(&member_id(2)).copied().flatten();
    assert_eq!(shown, None, "who is erased is not shown as present");
}
