//! What a store promises about what models made and cost, and about work that is only good while somebody is as they were.

use std::sync::Arc;

use super::samples::{all_at_once, assert_stale, at, call, commit, made, member, member_id, put_member, put_members};
use crate::assist::{Errand, Made};
use crate::id::MemberId;
use crate::store::{Change, Expect, Store, StoreError, Work};

async fn found(store: &dyn Store, n: i64, other: Option<i64>) -> Vec<Made> {
    store.made(member_id(n), Errand::Order, other.map(member_id)).await.expect("made")
}

fn keep(made: Made) -> Change {
    Change::KeepMade(Box::new(made))
}

/// What was made is found by member and errand, by ascending other, and replaced by what is made of the same.
pub async fn what_was_made_is_found_and_replaced(store: &dyn Store) {
    put_members(store, 1..=4).await;
    let newer = Made { content: "newer".to_owned(), ..made(1, Some(3), 9) };
    let hints = Made { errand: Errand::Coach, ..made(1, None, 5) };
    let rows = [made(1, Some(4), 1), made(1, Some(3), 2), newer.clone(), made(2, Some(1), 3), hints.clone()];
    commit(store, rows.map(keep)).await;
    assert_eq!(found(store, 1, None).await, [newer.clone(), made(1, Some(4), 1)]);
    assert_eq!(found(store, 1, Some(3)).await, [newer]);
    assert_eq!(store.made(member_id(1), Errand::Coach, None).await.expect("made"), [hints]);
    assert!(found(store, 1, Some(2)).await.is_empty() && found(store, 3, None).await.is_empty());
}

/// What was made for somebody and what was made about them is forgotten together, and with them.
pub async fn what_was_made_goes_with_either(store: &dyn Store) {
    put_members(store, 1..=5).await;
    let rows = [(1, Some(2)), (1, None), (2, Some(1)), (3, Some(1)), (3, Some(4)), (4, Some(5)), (5, None)];
    commit(store, rows.map(|(n, other)| keep(made(n, other, 1)))).await;
    commit(store, [Change::DropMade { member: member_id(1) }]).await;
    assert!(found(store, 1, None).await.is_empty() && found(store, 2, None).await.is_empty());
    assert_eq!(found(store, 3, None).await, [made(3, Some(4), 1)]);
    commit(store, [Change::Erase { member: member_id(5), tombstone: member_id(99) }]).await;
    assert!(found(store, 4, None).await.is_empty() && found(store, 5, None).await.is_empty());
    assert_eq!(found(store, 3, None).await, [made(3, Some(4), 1)]);
}

/// What was to be kept until now or earlier goes when the store is swept, and records of calls likewise.
pub async fn what_was_made_ends_with_its_time(store: &dyn Store) {
    put_members(store, 1..=2).await;
    commit(store, [keep(made(1, None, 9)), keep(made(1, Some(2), 10)), keep(made(2, None, 11))]).await;
    commit(store, [10, 11].map(|n| Change::NoteCall(call(n, 1, n - 100)))).await;
    commit(store, [Change::Sweep { now: at(10) }]).await;
    assert!(found(store, 1, None).await.is_empty());
    assert_eq!(found(store, 2, None).await, [made(2, None, 11)]);
    assert_eq!(store.calls(member_id(1), 9).await.expect("calls"), [call(11, 1, -89)]);
}

/// Records of calls come newest first, ties by id descending; those of the erased stay without them.
pub async fn calls_are_told_newest_first(store: &dyn Store) {
    put_members(store, 1..=2).await;
    commit(store, [(5, 1, 7), (6, 1, 7), (7, 1, 3), (8, 2, 9)].map(|(id, n, s)| Change::NoteCall(call(id, n, s))))
        .await;
    let calls = store.calls(member_id(1), 2).await.expect("calls");
    assert_eq!(calls, [call(6, 1, 7), call(5, 1, 7)]);
    assert_eq!(store.calls(member_id(1), 9).await.expect("calls").len(), 3);
    commit(store, [Change::Erase { member: member_id(1), tombstone: member_id(99) }]).await;
    assert!(store.calls(member_id(1), 9).await.expect("calls").is_empty());
    let kept = store.calls(member_id(99), 9).await.expect("calls");
    assert_eq!(kept, [call(6, 99, 7), call(5, 99, 7), call(7, 99, 3)]);
}

/// A work that requires a version is done while the member has it, and otherwise leaves nothing; requiring changes nothing.
pub async fn what_is_required_holds_or_nothing_is_done(store: &dyn Store) {
    put_members(store, 1..=2).await;
    let require = |n: i64, version| Change::Require { member: member_id(n), version };
    commit(store, [require(1, 1), require(2, 1), keep(made(1, Some(2), 1))]).await;
    for stale in [require(1, 2), require(3, 1)] {
        let work = Work::new().change(keep(made(2, Some(1), 1))).change(stale);
        assert_stale(&store.commit(work).await);
    }
    assert!(found(store, 2, None).await.is_empty());
    commit(store, [put_member(member(1), Expect::Version(1))]).await;
    assert_stale(&store.commit(Work::new().change(require(1, 1))).await);
    commit(store, [require(1, 2)]).await;
}

/// However many replace a member while others keep something as long as they are as they were read: nothing is kept of what
/// they were after they were replaced.
pub async fn a_row_that_is_required_does_not_move(store: Arc<dyn Store>) {
    put_members(&*store, [1]).await;
    let id: MemberId = member_id(1);
    let acts = (0..16).map(|n: i64| {
        let store = Arc::clone(&store);
        async move {
            for _ in 0..10 {
                let row = store.members(&[id]).await.expect("members").remove(0);
                let work = if n % 4 == 0 {
                    Work::new()
                        .change(put_member(row.value.clone(), row.expect()))
                        .change(Change::DropMade { member: id })
                } else {
                    let kept = Made { content: row.version.to_string(), ..made(1, None, 1) };
                    Work::new().change(Change::Require { member: id, version: row.version }).change(keep(kept))
                };
                match store.commit(work).await {
                    Ok(_) | Err(StoreError::Stale) => {}
                    Err(error) => panic!("{error:?}"),
                }
                let now = store.members(&[id]).await.expect("members").remove(0).version;
                for kept in found(&*store, 1, None).await {
                    let of: u64 = kept.content.parse().expect("a version");
                    // Read after the row: what is there is of the version that was read or of a later one.
                    assert!(of >= now, "kept of version {of} when the member had {now}");
                }
            }
        }
    });
    all_at_once(acts).await;
}
