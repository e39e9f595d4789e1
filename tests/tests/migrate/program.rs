//! The program of today on rows of another day: what it finds, and that it goes on from there.

use gpting_core::account::AccountStore;
use gpting_core::chat::NewMessage;
use gpting_core::event::{Event, Fact};
use gpting_core::id::{FriendRequestId, HostId, JobId, MemberId, MessageId, PendingId, ReportId, RoomId, SessionId};
use gpting_core::interaction::{PairKey, PairList};
use gpting_core::job::Task;
use gpting_core::profile::Standing;
use gpting_core::store::{Change, Expect, FeedCursor, FeedEntry, MessageRange, Page, StoreError, Work};
use jiff::Timestamp;

fn member(value: i64) -> MemberId {
    MemberId::new(value).unwrap()
}

fn room(value: i64) -> RoomId {
    RoomId::new(value).unwrap()
}

fn key(a: i64, b: i64) -> PairKey {
    PairKey::of(member(a), member(b)).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// The rows of the first version, through every read.
pub(crate) async fn reads_everything(store: &dyn AccountStore) {
    let all = [11, 12, 13, 14].map(member);
    let mut people = store.members(&all).await.unwrap();
    people.sort_by_key(|row| row.value.id);
    let names: Vec<&str> = people.iter().map(|row| row.value.profile.nickname.as_str()).collect();
    assert_eq!(names, ["민지", "준호", "지우", "현우"]);
    assert!(people.iter().all(|row| row.version == 2 && row.value.is_complete() && row.value.consents.len() == 1));
    assert_eq!(people[2].value.standing, Standing::Erasing { since: at(50) });
    let by_host = store.member_by_host(&HostId::new("user-12")).await.unwrap().unwrap();
    assert_eq!(by_host.value.id, member(12));
    let by_source = store.members_by_source(&["okcupid:14".to_owned()]).await.unwrap();
    assert_eq!(by_source[0].value.id, member(14));
    let (feed, _) = store.members_changed(FeedCursor::default(), 100).await.unwrap();
    let put = feed.iter().filter(|entry| matches!(entry, FeedEntry::Put(_))).count();
    let gone: Vec<&FeedEntry> = feed.iter().filter(|entry| matches!(entry, FeedEntry::Gone(_))).collect();
    assert_eq!((put, gone), (4, vec![&FeedEntry::Gone(member(99))]));

    let matched = store.pair(key(11, 12)).await.unwrap().unwrap();
    assert!(matched.value.is_matched() && matched.version == 3);
    assert_eq!(matched.value.high.decision.as_ref().unwrap().message.as_deref(), Some("안녕하세요"));
    let asked = store.pair_by_request(FriendRequestId::new(31).unwrap()).await.unwrap().unwrap();
    assert_eq!(asked.value.key, key(11, 13));
    assert!(store.pair(key(12, 13)).await.unwrap().unwrap().value.is_blocked());
    assert!(store.pair(key(11, 14)).await.unwrap().unwrap().value.is_unmatched());
    for (a, b) in [(11, 12), (11, 13), (12, 13), (11, 14)] {
        let pair = store.pair(key(a, b)).await.unwrap().unwrap().value;
        for me in [a, b] {
            for list in PairList::ALL {
                let stands = store.listed(member(me), list).await.unwrap().contains(&pair.key.other(member(me)));
                assert_eq!(stands, pair.listed(member(me), list).is_some(), "{me} of {a} and {b}, {list:?}");
            }
        }
    }
    assert_eq!(store.list_pairs(member(11), PairList::Decided, Page::first(9)).await.unwrap().len(), 2);
    assert!(store.was_served(member(11), member(12)).await.unwrap());
    assert!(!store.was_served(member(12), member(11)).await.unwrap());

    let closed = store.room(room(22)).await.unwrap().unwrap();
    assert_eq!((closed.value.closed_at, closed.value.hidden_through), (Some(at(20)), 1));
    let overview = store.room_overview(member(12), room(21)).await.unwrap().unwrap();
    assert_eq!((overview.my_read, overview.their_read, overview.unread), (2, 3, 1));
    assert_eq!(store.list_rooms(member(11), Page::first(9)).await.unwrap().len(), 1);
    let said = store.messages(room(21), MessageRange::After(0), 9, None).await.unwrap();
    let texts: Vec<(u64, &str)> = said.iter().map(|message| (message.seq, message.text.as_str())).collect();
    assert_eq!(texts, [(1, "안녕"), (2, "반가워요"), (3, "주말에 뭐 해요?")]);
    assert!(said[0].client_msg_id.is_some() && said[1].client_msg_id.is_none());

    let case = store.open_report(member(11), member(14)).await.unwrap().unwrap();
    assert_eq!((case.value.id, case.value.entries.len()), (ReportId::new(41).unwrap(), 1));
    assert!(store.open_report(member(12), member(14)).await.unwrap().is_none(), "that case is closed");
    assert!(store.due_jobs(&["erase"], at(0), 9).await.unwrap().is_empty());
    let due = store.due_jobs(&["erase"], at(14 * 86_400 + 50), 9).await.unwrap();
    assert_eq!(due[0].value.task, Task::Erase { member: member(13) });
    let events = store.events(0, 9).await.unwrap();
    assert!(matches!(events[0].event.fact, Fact::Matched { .. }));
    assert!(matches!(events[1].event.fact, Fact::MessageSent { .. }));

    let account = store.account_by_login("minji@example.com").await.unwrap().unwrap();
    assert_eq!((account.value.member, account.value.username.as_str()), (member(11), "minji"));
    let session = store.session(SessionId::new(61).unwrap()).await.unwrap().unwrap();
    assert_eq!(session.value.device, "phone");
    assert_eq!(store.list_sessions(member(11)).await.unwrap().len(), 1);
    let pending = store.pending(PendingId::new(71).unwrap()).await.unwrap().unwrap();
    assert_eq!(pending.value.nickname, "새싹");
}

/// Goes on from those rows: versions, places, lists, erasure.
pub(crate) async fn writes_everything(store: &dyn AccountStore) {
    let mut person = store.members(&[member(12)]).await.unwrap().remove(0);
    "새로 쓴 글".clone_into(&mut person.value.profile.bio);
    let put = Change::PutMember(Box::new(person.value.clone()), person.expect());
    store.commit(Work::new().change(put.clone())).await.unwrap();
    let again = store.commit(Work::new().change(put)).await;
    assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");

    let overview = store.room_overview(member(11), room(21)).await.unwrap().unwrap();
    let next = overview.room.last_seq + 1;
    let id = MessageId::new(1_000 + i64::try_from(next).unwrap()).unwrap();
    let text = "이어서".to_owned();
    let message = NewMessage { id, room: room(21), sender: member(12), text, at: at(100), client_msg_id: None };
    let fact = Fact::MessageSent { member: member(12), other: member(11), room: room(21), message: id, muted: false };
    let work = Work::new().change(Change::Append(message)).event(Event { at: at(100), fact });
    assert_eq!(store.commit(work).await.unwrap().appended[0].message.seq, next);

    let served =
        Change::Serve { viewer: member(12), candidates: [14, 11].map(|n| member(n).into()).to_vec(), at: at(101) };
    store.commit(Work::new().change(served)).await.unwrap();
    assert!(store.was_served(member(12), member(14)).await.unwrap());
    let mut pair = store.pair(key(11, 13)).await.unwrap().unwrap();
    let friend_request = pair.value.friend_request.take();
    let expect = pair.expect();
    store.commit(Work::new().change(Change::PutPair(Box::new(pair.value.clone()), expect))).await.unwrap();
    assert!(store.listed(member(11), PairList::RequestsReceived).await.unwrap().is_empty());
    // As it was, for whoever looks next.
    pair.value.friend_request = friend_request;
    let expect = Expect::Version(pair.version + 1);
    store.commit(Work::new().change(Change::PutPair(Box::new(pair.value), expect))).await.unwrap();
    let job = store.due_jobs(&["erase"], at(14 * 86_400 + 50), 9).await.unwrap();
    assert_eq!(job[0].value.id, JobId::new(51).unwrap());
    store.health().await.unwrap();
}
