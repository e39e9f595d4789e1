//! What a store promises about jobs: the longest due first, and a lease is held by one.

use std::sync::Arc;

use super::samples::{all_at_once, assert_stale, at, commit, job, winners, work};
use crate::id::{JobId, MemberId, PendingId};
use crate::job::{Job, Task};
use crate::store::{Change, Expect, Store, Versioned};

async fn due(store: &dyn Store, seconds: i64, limit: usize) -> Vec<Versioned<Job>> {
    store.due_jobs(at(seconds), limit).await.expect("jobs")
}

/// Jobs with `run_at` not after now come, the longest due first, at most as many as asked for, as they were put.
pub async fn due_jobs_come_oldest_first(store: &dyn Store) {
    let tasks = [
        Task::SendSignUpCode { pending: PendingId::new(1).expect("positive") },
        Task::SendAddressInUse { member: MemberId::new(2).expect("positive") },
        Task::Erase { member: MemberId::new(3).expect("positive") },
        job(1, 1).task,
    ];
    let jobs: Vec<Job> =
        (1..).zip([30, 10, 40, 20]).zip(tasks).map(|((n, run_at), task)| Job { task, ..job(n, run_at) }).collect();
    commit(store, jobs.iter().map(|job| Change::PutJob(job.clone(), Expect::New))).await;
    let order = [1, 3, 0, 2].map(|n| jobs[n].clone());
    for (now, limit, wanted) in [(9, 10, 0), (10, 10, 1), (30, 10, 3), (30, 2, 2), (99, usize::MAX, 4)] {
        let read: Vec<_> = due(store, now, limit).await.into_iter().map(|row| row.value).collect();
        assert_eq!(read, order[..wanted], "at {now}, at most {limit}");
    }
}

/// A lease moves the job forward at the version it was read at; nobody else can take it at that version.
pub async fn a_lease_is_taken_once(store: &dyn Store) {
    commit(store, [Change::PutJob(job(1, 1), Expect::New)]).await;
    let row = due(store, 5, 10).await.remove(0);
    let lease = || {
        let leased = Job { run_at: at(60), attempts: 1, ..row.value.clone() };
        work([Change::PutJob(leased, row.expect())])
    };
    store.commit(lease()).await.expect("the first takes it");
    assert_stale(&store.commit(lease()).await);
    assert!(due(store, 59, 10).await.is_empty(), "not due while the lease runs");
    let again = due(store, 60, 10).await;
    assert_eq!((again[0].version, again[0].value.attempts), (2, 1));
}

/// A job is deleted at its version, once; at another, or when it is not there, deleting is stale.
pub async fn jobs_are_deleted_at_their_version(store: &dyn Store) {
    commit(store, [Change::PutJob(job(1, 1), Expect::New)]).await;
    commit(store, [Change::PutJob(job(1, 2), Expect::Version(1))]).await;
    let delete = |n, version| work([Change::DeleteJob(JobId::new(n).expect("positive"), version)]);
    assert_stale(&store.commit(delete(1, 1)).await);
    assert_stale(&store.commit(delete(1, 3)).await);
    assert_stale(&store.commit(delete(2, 1)).await);
    assert_eq!(due(store, 5, 10).await.len(), 1);
    store.commit(delete(1, 2)).await.expect("its version");
    assert!(due(store, 5, 10).await.is_empty());
    assert_stale(&store.commit(delete(1, 2)).await);
}

/// Of many runners that take the same due job exactly one gets it.
pub async fn one_of_many_leases_wins(store: Arc<dyn Store>) {
    commit(&*store, [Change::PutJob(job(1, 1), Expect::New)]).await;
    let results = all_at_once((0..20).map(|_| {
        let store = Arc::clone(&store);
        async move { store.commit(work([Change::PutJob(job(1, 60), Expect::Version(1))])).await }
    }))
    .await;
    assert_eq!(winners(&results), 1);
}
