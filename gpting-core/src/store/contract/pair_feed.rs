//! What a store promises about the feed of changed pairs: the same as of that of members.
//!
//! A store may show a change up to a second late; see `feed`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::samples::{all_at_once, commit, decision, key, member_id, put_members, put_pair};
use crate::interaction::{DecisionKind, Pair, PairKey};
use crate::store::{Change, Expect, PairCursor, Store, Version};

/// A reader of the feed: at which version it was told of which pair.
#[derive(Default)]
struct Reader {
    cursor: PairCursor,
    told: BTreeMap<PairKey, Version>,
    order: Vec<PairKey>,
}

impl Reader {
    /// Reads one page; whether there was anything.
    async fn page(&mut self, store: &dyn Store, limit: usize) -> bool {
        let (pairs, cursor) = store.pairs_changed(self.cursor, limit).await.expect("feed");
        assert!(pairs.len() <= limit, "at most as many as asked for");
        self.cursor = cursor;
        for pair in &pairs {
            self.told.insert(pair.value.key, pair.version);
            self.order.push(pair.value.key);
        }
        !pairs.is_empty()
    }

    /// Reads on until the feed has told this of these pairs.
    async fn until(&mut self, store: &dyn Store, limit: usize, wanted: &[(PairKey, Version)]) {
        for _ in 0..200 {
            while self.page(store, limit).await {}
            if wanted.iter().all(|(key, version)| self.told.get(key) == Some(version)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the feed told {:?} and never {wanted:?}", self.told);
    }
}

/// Two people of whom the lower has decided.
fn decided(a: i64, b: i64, kind: DecisionKind) -> Pair {
    let mut pair = Pair::strangers(key(a, b));
    pair.low = decision(kind, 1);
    pair
}

/// From the default cursor the feed tells of every pair as it is, the oldest change first, each page where the last ended.
pub async fn the_pair_feed_tells_every_change(store: &dyn Store) {
    put_members(store, 1..=9).await;
    assert!(store.pairs_changed(PairCursor::default(), 9).await.expect("feed").0.is_empty(), "nothing happened yet");
    // Some in one commit, some each in their own.
    commit(store, (2..=6).map(|n| put_pair(decided(1, n, DecisionKind::Pass), Expect::New))).await;
    commit(store, [put_pair(decided(1, 7, DecisionKind::Like), Expect::New)]).await;
    commit(store, [put_pair(decided(1, 3, DecisionKind::Like), Expect::Version(1))]).await;
    let wanted: Vec<_> = (2..=7).map(|n| (key(1, n), if n == 3 { 2 } else { 1 })).collect();
    for limit in [1, 2, 100] {
        let mut reader = Reader::default();
        reader.until(store, limit, &wanted).await;
        assert_eq!(reader.told.len(), wanted.len());
        assert_eq!(reader.order[reader.order.len() - 2..], [key(1, 7), key(1, 3)], "the oldest change first");
        assert!(!reader.page(store, limit).await, "everything has been told");
    }
    let (pairs, _) = store.pairs_changed(PairCursor::default(), 100).await.expect("feed");
    let told = pairs.into_iter().find(|pair| pair.value.key == key(1, 3)).map(|pair| pair.value);
    assert_eq!(told, Some(decided(1, 3, DecisionKind::Like)), "the pair as it is");
}

/// Of the pairs of the erased nothing is told any more, and the others are.
pub async fn the_pair_feed_forgets_the_erased(store: &dyn Store) {
    put_members(store, 1..=3).await;
    commit(store, [(1, 2), (2, 3), (1, 3)].map(|(a, b)| put_pair(decided(a, b, DecisionKind::Like), Expect::New)))
        .await;
    let mut reader = Reader::default();
    reader.until(store, 10, &[(key(1, 2), 1), (key(2, 3), 1), (key(1, 3), 1)]).await;
    commit(store, [Change::Erase { member: member_id(2), tombstone: member_id(99) }]).await;
    commit(store, [put_pair(decided(1, 3, DecisionKind::Pass), Expect::Version(1))]).await;
    reader.until(store, 10, &[(key(1, 3), 2)]).await;
    let mut fresh = Reader::default();
    fresh.until(store, 10, &[(key(1, 3), 2)]).await;
    assert_eq!(fresh.told.len(), 1, "{:?}", fresh.told);
}

/// A reader that follows while eight tasks write ends with every pair's last version.
pub async fn concurrent_pair_changes_are_not_lost(store: Arc<dyn Store>) {
    put_members(&*store, 1..=9).await;
    let writers = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            all_at_once((2..=9).map(|other| {
                let store = Arc::clone(&store);
                async move {
                    for version in 0..10 {
                        let expect = if version == 0 { Expect::New } else { Expect::Version(version) };
                        let kind = if version % 2 == 0 { DecisionKind::Like } else { DecisionKind::Pass };
                        commit(&*store, [put_pair(decided(1, other, kind), expect)]).await;
                    }
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
    reader.until(&*store, 3, &(2..=9).map(|other| (key(1, other), 10)).collect::<Vec<_>>()).await;
}
