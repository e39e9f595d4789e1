//! What a store promises about reports: the open case is found, and evidence goes when its term ends.

use std::sync::Arc;

use super::samples::{
    all_at_once, assert_stale, at, commit, member_id, put_members, put_report, report, winners, work,
};
use crate::safety::Report;
use crate::store::{Change, Expect, Store, Versioned};

async fn open(store: &dyn Store, reporter: i64, subject: i64) -> Option<Versioned<Report>> {
    store.open_report(member_id(reporter), member_id(subject)).await.expect("report")
}

/// The open case of a reporter against a subject is found as it was put, in that direction; a closed one is not.
pub async fn open_cases_are_found(store: &dyn Store) {
    put_members(store, 1..=3).await;
    let first = report(1, 1, 2);
    commit(store, [put_report(first.clone(), Expect::New)]).await;
    commit(store, [put_report(report(2, 3, 2), Expect::New)]).await;
    let read = open(store, 1, 2).await.expect("it is open");
    assert_eq!((read.version, &read.value), (1, &first));
    assert!(open(store, 2, 1).await.is_none());
    assert!(open(store, 1, 3).await.is_none());
    let mut longer = first;
    longer.entries.extend(report(5, 1, 2).entries);
    commit(store, [put_report(longer.clone(), Expect::Version(1))]).await;
    assert_eq!(open(store, 1, 2).await.expect("it is open").value, longer);
    longer.closed_at = Some(at(9));
    commit(store, [put_report(longer, Expect::Version(2))]).await;
    assert!(open(store, 1, 2).await.is_none());
    assert!(open(store, 3, 2).await.is_some());
    let second = report(4, 1, 2);
    commit(store, [put_report(second.clone(), Expect::New)]).await;
    assert_eq!(open(store, 1, 2).await.expect("a new case").value, second);
}

/// A second open case of the same reporter and subject is stale; the other direction is another case.
pub async fn one_case_is_open_per_pair(store: &dyn Store) {
    put_members(store, 1..=2).await;
    commit(store, [put_report(report(1, 1, 2), Expect::New)]).await;
    assert_stale(&store.commit(work([put_report(report(2, 1, 2), Expect::New)])).await);
    commit(store, [put_report(report(3, 2, 1), Expect::New)]).await;
    assert_eq!(open(store, 1, 2).await.expect("the first").value.id, report(1, 1, 2).id);
}

/// Of many first reports of the same reporter and subject at once exactly one opens the case.
pub async fn one_of_many_first_reports_wins(store: Arc<dyn Store>) {
    put_members(&*store, 1..=2).await;
    let results = all_at_once((1..=20).map(|n| {
        let store = Arc::clone(&store);
        async move { store.commit(work([put_report(report(n, 1, 2), Expect::New)])).await }
    }))
    .await;
    assert_eq!(winners(&results), 1);
}

/// Reports with `keep_until` before the given time go, open and closed; one that ends just then stays.
pub async fn reports_are_dropped_after_their_term(store: &dyn Store) {
    put_members(store, 1..=4).await;
    let mut closed = report(1, 1, 4);
    closed.closed_at = Some(at(2));
    commit(store, [put_report(closed.clone(), Expect::New)]).await;
    commit(store, [put_report(report(2, 2, 4), Expect::New)]).await;
    commit(store, [put_report(report(3, 3, 4), Expect::New)]).await;
    let limit = report(3, 3, 4).keep_until;
    commit(store, [Change::DropReports { before: limit }]).await;
    assert!(open(store, 2, 4).await.is_none());
    assert_eq!(open(store, 3, 4).await.map(|row| row.value), Some(report(3, 3, 4)));
    // Those dropped are not there any more: their ids are free.
    commit(store, [put_report(closed, Expect::New)]).await;
    commit(store, [Change::DropReports { before: at(100_000) }]).await;
    assert!(open(store, 3, 4).await.is_none());
}
