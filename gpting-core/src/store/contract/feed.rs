//! What a store promises about the feed of changed members: it starts with everybody and loses nobody.
//!
//! A store may show a change up to a second late, so the tests read on until they have what they wait for, and fail
//! when it has not come after two.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::samples::{all_at_once, commit, member, member_id, put_member, put_members};
use crate::id::MemberId;
use crate::store::{Change, Expect, FeedCursor, FeedEntry, Store, Version, Work};

/// What the feed has told of each member: their version, or none when they are gone.
type Told = BTreeMap<MemberId, Option<Version>>;

/// A reader of the feed.
#[derive(Default)]
pub(super) struct Reader {
    cursor: FeedCursor,
    pub(super) told: Told,
    order: Vec<MemberId>,
}

impl Reader {
    /// Reads one page; whether there was anything.
    async fn page(&mut self, store: &dyn Store, limit: usize) -> bool {
        let (entries, cursor) = store.members_changed(self.cursor, limit).await.expect("feed");
        assert!(entries.len() <= limit, "at most as many as asked for");
        self.cursor = cursor;
        for entry in &entries {
            let (id, version) = match entry {
                FeedEntry::Put(row) => (row.value.id, Some(row.version)),
                FeedEntry::Gone(id) => (*id, None),
            };
            self.told.insert(id, version);
            self.order.push(id);
        }
        !entries.is_empty()
    }

    /// Reads on until the feed has told this of these members.
    pub(super) async fn until(&mut self, store: &dyn Store, limit: usize, wanted: &Told) {
        for _ in 0..200 {
            while self.page(store, limit).await {}
            if wanted.iter().all(|(id, version)| self.told.get(id) == Some(version)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the feed told {:?} and never {wanted:?}", self.told);
    }
}

pub(super) fn told(entries: impl IntoIterator<Item = (i64, Option<Version>)>) -> Told {
    entries.into_iter().map(|(n, version)| (member_id(n), version)).collect()
}

/// At the end of the feed the end of its position is the same place, and what comes later comes after it.
pub async fn the_end_of_a_position_is_a_place(store: &dyn Store) {
    put_members(store, [1, 2, 3]).await;
    commit(store, [Change::Erase { member: member_id(2), tombstone: member_id(90) }]).await;
    let mut reader = Reader::default();
    reader.until(store, 10, &told([(1, Some(1)), (2, None), (3, Some(1))])).await;
    let end = FeedCursor { id: i64::MAX, ..reader.cursor };
    let (entries, _) = store.members_changed(end, 10).await.expect("feed");
    assert!(entries.is_empty(), "nothing has happened since");
    put_members(store, [4]).await;
    let mut later = Reader { cursor: end, ..Reader::default() };
    later.until(store, 10, &told([(4, Some(1))])).await;
    assert_eq!(later.told.len(), 1, "nothing comes twice");
}

/// A mark that was left is found again, another one is not. A store that keeps none refuses to leave one.
pub async fn marks_are_found_again(store: &dyn Store) {
    assert!(!store.has_mark(7).await.expect("asked"), "nobody has left it yet");
    let left = store.commit(Work::new().change(Change::LeaveMark(7))).await.is_ok();
    assert_eq!(store.has_mark(7).await.expect("asked"), left);
    assert!(!store.has_mark(8).await.expect("asked"));
    let again = store.commit(Work::new().change(Change::LeaveMark(u128::MAX))).await.is_ok();
    assert_eq!(
        (store.has_mark(7).await.expect("asked"), store.has_mark(u128::MAX).await.expect("asked")),
        (left, again)
    );
}

/// From the default cursor the feed tells of every member as they are; at its end it is empty and stays there.
pub async fn the_feed_starts_with_everybody(store: &dyn Store) {
    let (entries, cursor) = store.members_changed(FeedCursor::default(), 10).await.expect("feed");
    assert!(entries.is_empty(), "nobody is there yet");
    put_members(store, 1..=5).await;
    commit(store, [put_member(member(3), Expect::Version(1))]).await;
    let wanted = told([1, 2, 3, 4, 5].map(|n| (n, Some(if n == 3 { 2 } else { 1 }))));
    let mut fresh = Reader::default();
    fresh.until(store, 100, &wanted).await;
    assert_eq!(fresh.told, wanted);
    let mut waiting = Reader { cursor, ..Reader::default() };
    waiting.until(store, 100, &wanted).await;
    assert!(!fresh.page(store, 10).await, "everything has been told");
    let (entries, _) = store.members_changed(FeedCursor::default(), 100).await.expect("feed");
    let told = entries.iter().find_map(|entry| match entry {
        FeedEntry::Put(row) if row.value.id == member_id(3) => Some(row.value.clone()),
        FeedEntry::Put(_) | FeedEntry::Gone(_) => None,
    });
    assert_eq!(told, Some(member(3)), "the member as they are");
}

/// Every later put appears after the cursor, the oldest first, and nothing else does.
pub async fn every_change_appears(store: &dyn Store) {
    put_members(store, 1..=3).await;
    let mut reader = Reader::default();
    reader.until(store, 100, &told([1, 2, 3].map(|n| (n, Some(1))))).await;
    for (n, version) in [(2, 2), (1, 2), (2, 3)] {
        reader.told.clear();
        commit(store, [put_member(member(n), Expect::Version(version - 1))]).await;
        reader.until(store, 100, &told([(n, Some(version))])).await;
        assert_eq!(reader.told.len(), 1, "only {n} has changed");
    }
    reader.told.clear();
    reader.order.clear();
    for n in [3, 1, 2] {
        let version = reader_version(store, n).await;
        commit(store, [put_member(member(n), Expect::Version(version))]).await;
    }
    put_members(store, [9]).await;
    reader.until(store, 2, &told([(9, Some(1)), (2, Some(4)), (3, Some(2))])).await;
    assert_eq!(reader.order, [3, 1, 2, 9].map(member_id), "the oldest change first");
}

async fn reader_version(store: &dyn Store, n: i64) -> Version {
    store.members(&[member_id(n)]).await.expect("members")[0].version
}

/// Read one entry at a time, the feed reaches everybody, also when many changed in one commit.
pub async fn pages_of_one_reach_everybody(store: &dyn Store) {
    put_members(store, 1..=20).await;
    put_members(store, 21..=25).await;
    commit(
        store,
        (5..=15)
            .map(|n| put_member(member(n), Expect::Version(1)))
            .chain([Change::Erase { member: member_id(20), tombstone: member_id(99) }]),
    )
    .await;
    let versions = (1..=25).filter(|n| *n != 20).map(|n| (n, Some(1 + u64::from((5..=15).contains(&n)))));
    let wanted = told(versions);
    let mut reader = Reader::default();
    reader.until(store, 1, &wanted).await;
    assert_ne!(reader.told.get(&member_id(20)), Some(&Some(1)), "the erased are not there");
}

/// A reader that follows while eight tasks write ends with everybody's last version.
pub async fn concurrent_changes_are_not_lost(store: Arc<dyn Store>) {
    put_members(&*store, 1..=16).await;
    let writers = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            all_at_once((0..8).map(|task| {
                let store = Arc::clone(&store);
                async move {
                    for version in 1..=10 {
                        let both = [1 + task, 9 + task].map(|n| put_member(member(n), Expect::Version(version)));
                        commit(&*store, both).await;
                    }
                    put_members(&*store, [101 + task]).await;
                }
            }))
            .await;
        }
    });
    let mut reader = Reader::default();
    while !writers.is_finished() {
        reader.page(&*store, 3).await;
        tokio::task::yield_now().await;
    }
    writers.await.expect("no writer panics");
    let old = (1..=16).map(|n| (n, Some(11)));
    let new = (101..=108).map(|n| (n, Some(1)));
    reader.until(&*store, 3, &told(old.chain(new))).await;
}
