//! What every commit promises: all or nothing, versions, order, and being seen once acknowledged.

use std::sync::Arc;

use super::samples::{
    KINDS, all_at_once, append, assert_conflict, assert_stale, at, commit, job, joined, key, matched, member,
    member_id, message, open_room, put_member, put_members, put_pair, put_report, report, room_id, winners, work,
};
use crate::chat::Room;
use crate::id::HostId;
use crate::interaction::{Pair, PairList};
use crate::job::Job;
use crate::safety::Report;
use crate::store::{
    Change, Committed, Expect, FeedCursor, MessageRange, Page, Store, StoreError, StoreResult, Unique, Versioned, Work,
};

/// A fresh store says that it can be used.
pub async fn healthy(store: &dyn Store) {
    store.health().await.expect("a fresh store is healthy");
}

/// Work without changes and events is committed.
pub async fn empty_work_commits(store: &dyn Store) {
    assert_eq!(store.commit(Work::new()).await.expect("committed"), Committed::default());
}

/// One change of every kind, with an event: the prefix of a work that fails later.
async fn everything(store: &dyn Store) -> Work {
    open_room(store, 1, 1, 2).await;
    let erasable = member(3);
    commit(
        store,
        [
            put_member(erasable, Expect::New),
            Change::PutJob(job(2, 5), Expect::New),
            put_report(report(2, 2, 1), Expect::New),
        ],
    )
    .await;
    store.commit(Work::new().event(joined(1))).await.expect("an event can be committed");
    append(store, message(1, 1, 1, "first")).await;
    let number = store.events(0, 1).await.expect("events")[0].number;
    let mut renamed = member(1);
    "renamed".clone_into(&mut renamed.profile.nickname);
    work([
        put_member(renamed, Expect::Version(1)),
        put_member(member(4), Expect::New),
        put_pair(matched(key(1, 2), 3), Expect::New),
        Change::Append(message(1, 2, 2, "second")),
        Change::Append(message(1, 1, 3, "third")),
        Change::MarkRead { room: room_id(1), member: member_id(2), seq: 3, shown: true },
        Change::Serve { viewer: member_id(1), candidates: vec![member_id(2).into()], at: at(1) },
        put_report(report(1, 1, 2), Expect::New),
        Change::PutJob(job(1, 1), Expect::New),
        Change::DeleteJob(job(2, 5).id, 1),
        Change::DropEvents(vec![number]),
        Change::DropReports { before: at(10_000) },
        Change::Erase { member: member_id(3), tombstone: member_id(33) },
    ])
    .event(joined(2))
}

/// Everything that [`everything`] could have changed.
async fn seen(store: &dyn Store) -> String {
    let ids = [1, 2, 3, 4].map(member_id);
    let mut members = store.members(&ids).await.expect("members");
    members.sort_by_key(|row| row.value.id);
    let feed = store.members_changed(FeedCursor::default(), 100).await.expect("feed").0.len();
    let overview = store.room_overview(ids[1], room_id(1)).await.expect("overview");
    let messages = store.messages(room_id(1), MessageRange::After(0), 100, None).await.expect("messages");
    format!(
        "{members:?} {feed} {:?} {:?} {overview:?} {:?} {messages:?} {:?} {:?} {:?} {:?} {:?}",
        store.pair(key(1, 2)).await.expect("pair"),
        store.list_pairs(ids[0], PairList::Matches, Page::first(10)).await.expect("list"),
        store.room(room_id(1)).await.expect("room"),
        store.was_served(ids[0], ids[1]).await.expect("served"),
        store.open_report(ids[0], ids[1]).await.expect("report"),
        store.open_report(ids[1], ids[0]).await.expect("report"),
        store.due_jobs(&KINDS, at(100), 10).await.expect("jobs"),
        store.events(0, 10).await.expect("events"),
    )
}

/// When the last change is stale, nothing of the work is there: no row, no message, no event.
pub async fn a_stale_change_leaves_nothing(store: &dyn Store) {
    let changes = everything(store).await;
    let before = seen(store).await;
    let result = store.commit(changes.clone().change(put_member(member(2), Expect::Version(9)))).await;
    assert_stale(&result);
    assert_eq!(seen(store).await, before);
    store.commit(changes).await.expect("the same work without the stale change");
    assert_ne!(seen(store).await, before, "the work would have changed something");
}

/// When the last change conflicts, nothing of the work is there.
pub async fn a_conflict_leaves_nothing(store: &dyn Store) {
    let changes = everything(store).await;
    let hosted = |n| {
        let mut hosted = member(n);
        hosted.host = Some(HostId::new("taken"));
        put_member(hosted, Expect::New)
    };
    commit(store, [hosted(8)]).await;
    let before = seen(store).await;
    let result = store.commit(changes.change(hosted(9))).await;
    assert_conflict(&result, Unique::Host);
    assert_eq!(seen(store).await, before);
}

async fn member_version(store: &dyn Store) -> Option<u64> {
    let rows = store.members(&[member_id(1)]).await.expect("members");
    rows.first().map(|row| row.version)
}

async fn report_version(store: &dyn Store) -> Option<u64> {
    let row: Option<Versioned<Report>> = store.open_report(member_id(1), member_id(2)).await.expect("report");
    row.map(|row| row.version)
}

async fn job_version(store: &dyn Store) -> Option<u64> {
    let rows: Vec<Versioned<Job>> = store.due_jobs(&KINDS, at(100), 10).await.expect("jobs");
    rows.first().map(|row| row.version)
}

/// A row is created at version 1, grows by one with each put, and every other expectation of it is stale.
pub async fn versions_start_at_one_and_grow_by_one(store: &dyn Store) {
    put_members(store, [2]).await;
    let puts: [fn(Expect) -> Change; 5] = [
        |expect| put_member(member(1), expect),
        |expect| put_pair(Pair::strangers(key(1, 2)), expect),
        |expect| Change::PutRoom(Room::open(room_id(1), key(1, 2), at(0)), expect),
        |expect| put_report(report(1, 1, 2), expect),
        |expect| Change::PutJob(job(1, 1), expect),
    ];
    for (which, put) in puts.into_iter().enumerate() {
        let missing = store.commit(work([put(Expect::Version(1))])).await;
        assert_stale(&missing);
        for version in 1..=3 {
            let expect = if version == 1 { Expect::New } else { Expect::Version(version - 1) };
            commit(store, [put(expect)]).await;
            let read = match which {
                0 => member_version(store).await,
                1 => store.pair(key(1, 2)).await.expect("pair").map(|row| row.version),
                2 => store.room(room_id(1)).await.expect("room").map(|row| row.version),
                3 => report_version(store).await,
                _ => job_version(store).await,
            };
            assert_eq!(read, Some(version), "put number {which}");
            assert_stale(&store.commit(work([put(Expect::New)])).await);
            assert_stale(&store.commit(work([put(Expect::Version(version - 1))])).await);
            assert_stale(&store.commit(work([put(Expect::Version(version + 1))])).await);
        }
    }
}

/// Changes are applied in their order, and each sees the ones before it.
pub async fn changes_apply_in_order(store: &dyn Store) {
    let hosted = |n, host: Option<&str>, expect| {
        let mut hosted = member(n);
        hosted.host = host.map(HostId::new);
        put_member(hosted, expect)
    };
    let committed = commit(
        store,
        [
            hosted(1, Some("seat"), Expect::New),
            hosted(1, None, Expect::Version(1)),
            hosted(2, Some("seat"), Expect::New),
            put_pair(Pair::strangers(key(1, 2)), Expect::New),
            put_pair(matched(key(1, 2), 3), Expect::Version(1)),
            Change::PutRoom(Room::open(room_id(1), key(1, 2), at(0)), Expect::New),
            Change::Append(message(1, 1, 1, "one")),
            Change::Append(message(1, 2, 2, "two")),
            Change::MarkRead { room: room_id(1), member: member_id(1), seq: 2, shown: true },
            Change::PutJob(job(1, 1), Expect::New),
            Change::DeleteJob(job(1, 1).id, 1),
        ],
    )
    .await;
    let appended: Vec<_> =
        committed.appended.iter().map(|appended| (appended.message.seq, appended.message.text.as_str())).collect();
    assert_eq!(appended, [(1, "one"), (2, "two")]);
    let hosted = store.member_by_host(&HostId::new("seat")).await.expect("member");
    assert_eq!(hosted.map(|row| row.value.id), Some(member_id(2)));
    let pair = store.pair(key(1, 2)).await.expect("pair").expect("it was put");
    assert_eq!((pair.version, pair.value.is_matched()), (2, true));
    let overview = store.room_overview(member_id(1), room_id(1)).await.expect("overview");
    assert_eq!(overview.expect("open").my_read, 2);
    assert!(store.due_jobs(&KINDS, at(9), 9).await.expect("jobs").is_empty());
}

/// Of a hundred who create the same pair at once exactly one succeeds; to the others their work is stale.
pub async fn one_of_many_creators_wins(store: Arc<dyn Store>) {
    put_members(&*store, [1, 2]).await;
    let results = all_at_once((0..100).map(|n| {
        let store = Arc::clone(&store);
        let work = work([put_pair(matched(key(1, 2), n), Expect::New)]).event(joined(n + 1));
        async move { store.commit(work).await }
    }))
    .await;
    assert_eq!(winners(&results), 1);
    assert_eq!(store.events(0, 1000).await.expect("events").len(), 1);
    let row = store.pair(key(1, 2)).await.expect("pair").expect("one was created");
    assert_eq!(row.version, 1);
}

/// Of many who replace the same row at the same version exactly one succeeds.
pub async fn one_of_many_replacers_wins(store: Arc<dyn Store>) {
    put_members(&*store, [1]).await;
    let results = all_at_once((0..50).map(|n| {
        let store = Arc::clone(&store);
        let mut changed = member(1);
        changed.profile.nickname = format!("name {n}");
        let work = work([put_member(changed, Expect::Version(1))]);
        async move { store.commit(work).await.map(|_| n) }
    }))
    .await;
    assert_eq!(winners(&results), 1);
    let winner = results.into_iter().find_map(Result::ok).expect("one won");
    let rows = store.members(&[member_id(1)]).await.expect("members");
    assert_eq!(rows[0].value.profile.nickname, format!("name {winner}"));
    assert_eq!(rows[0].version, 2);
}

/// Load, decide, commit, and again when stale: no increment is lost, however many count at once.
pub async fn no_update_is_lost(store: Arc<dyn Store>) {
    commit(&*store, [Change::PutJob(job(1, 1), Expect::New)]).await;
    all_at_once((0..8).map(|_| {
        let store = Arc::clone(&store);
        async move {
            for _ in 0..5 {
                while increment(&*store).await.is_err() {}
            }
        }
    }))
    .await;
    let row = store.due_jobs(&KINDS, at(9), 1).await.expect("jobs").remove(0);
    assert_eq!((row.value.attempts, row.version), (40, 41));
}

async fn increment(store: &dyn Store) -> StoreResult<()> {
    let mut row = store.due_jobs(&KINDS, at(9), 1).await.expect("jobs").remove(0);
    let expect = row.expect();
    row.value.attempts += 1;
    let result = store.commit(work([Change::PutJob(row.value, expect)])).await;
    match result {
        Ok(_) => Ok(()),
        Err(StoreError::Stale) => Err(StoreError::Stale),
        Err(other) => panic!("a put answers Stale or nothing, not {other:?}"),
    }
}

/// A read that begins after a commit was acknowledged sees it.
pub async fn acknowledged_commits_are_seen(store: Arc<dyn Store>) {
    all_at_once((1..=8).map(|n| {
        let store = Arc::clone(&store);
        async move {
            put_members(&*store, [n]).await;
            for version in 2..=10 {
                let mut changed = member(n);
                changed.source = Some(format!("source {n} {version}"));
                let source = changed.source.clone().into_iter().collect::<Vec<_>>();
                commit(&*store, [put_member(changed, Expect::Version(version - 1))]).await;
                let by_id = store.members(&[member_id(n)]).await.expect("members");
                assert_eq!(by_id.first().map(|row| row.version), Some(version));
                let by_source = store.members_by_source(&source).await.expect("members");
                assert_eq!(by_source.first().map(|row| row.version), Some(version));
            }
        }
    }))
    .await;
}
