//! What a store promises about picks: mutual, of one day, kept until the day after, gone with either of the two.

use super::samples::{commit, key, member_id, put_members};
use crate::id::MemberId;
use crate::interaction::PairKey;
use crate::store::{Change, Store};

async fn picks(store: &dyn Store, n: i64, day: i32) -> Vec<i64> {
    store.picks(member_id(n), day).await.expect("picks").into_iter().map(MemberId::value).collect()
}

fn put(day: i32, pairs: &[PairKey]) -> Change {
    Change::PutPicks { day, pairs: pairs.to_vec() }
}

/// Both members of a pair have each other, on that day only; putting a pair again changes nothing.
pub async fn picks_are_mutual_and_of_one_day(store: &dyn Store) {
    put_members(store, 1..=5).await;
    assert!(picks(store, 1, 20_000).await.is_empty());
    commit(store, [put(20_000, &[key(1, 2), key(3, 4), key(1, 5)]), put(20_001, &[key(1, 3)])]).await;
    commit(store, [put(20_000, &[key(1, 2)]), put(20_002, &[])]).await;
    assert_eq!(picks(store, 1, 20_000).await, [2, 5], "by ascending id");
    assert_eq!(picks(store, 2, 20_000).await, [1]);
    assert_eq!((picks(store, 4, 20_000).await, picks(store, 5, 20_000).await), (vec![3], vec![1]));
    assert_eq!((picks(store, 1, 20_001).await, picks(store, 3, 20_001).await), (vec![3], vec![1]));
    assert!(picks(store, 2, 20_001).await.is_empty() && picks(store, 1, 19_999).await.is_empty());
}

/// Of any members those are told who have a pick of that day, each once.
pub async fn those_who_have_picks_are_told(store: &dyn Store) {
    put_members(store, 1..=6).await;
    commit(store, [put(20_000, &[key(1, 2), key(1, 5)]), put(20_001, &[key(3, 4)])]).await;
    for (asked, day, wanted) in [
        (vec![1, 2, 3, 4, 5, 6], 20_000, vec![1, 2, 5]),
        (vec![6, 4, 3], 20_001, vec![3, 4]),
        (vec![3, 4, 99], 20_000, vec![]),
        (vec![], 20_000, vec![]),
    ] {
        let asked: Vec<MemberId> = asked.into_iter().map(member_id).collect();
        let mut picked: Vec<i64> =
            store.picked(&asked, day).await.expect("members").into_iter().map(MemberId::value).collect();
        picked.sort_unstable();
        assert_eq!(picked, wanted, "day {day}");
    }
}

/// Clearing a day leaves the day before it and the days after it; an erased member is nobody's pick.
pub async fn picks_are_cleared_and_erased(store: &dyn Store) {
    put_members(store, 1..=4).await;
    commit(store, (10..=14).map(|day| put(day, &[key(1, 2), key(3, 4)]))).await;
    commit(store, [Change::ClearPicks { day: 13 }, put(13, &[key(1, 3)])]).await;
    for (day, wanted) in [(10, None), (11, None), (12, Some(2)), (13, Some(3)), (14, Some(2))] {
        assert_eq!(picks(store, 1, day).await, Vec::from_iter(wanted), "day {day}");
    }
    commit(store, [Change::Erase { member: member_id(2), tombstone: member_id(99) }]).await;
    assert!(picks(store, 1, 12).await.is_empty() && picks(store, 2, 12).await.is_empty());
    assert_eq!((picks(store, 1, 13).await, picks(store, 3, 14).await), (vec![3], vec![4]));
}
