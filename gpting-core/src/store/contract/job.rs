//! What a store promises about jobs: the longest due first, and a lease is held by one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::samples::{KINDS, TEXTS, all_at_once, assert_stale, at, commit, job, joined, winners, work};
use crate::id::{JobId, MemberId, PendingId};
use crate::job::{Failure, Job, Task};
use crate::store::{Change, Expect, Store, Versioned, Work};

async fn due(store: &dyn Store, seconds: i64, limit: usize) -> Vec<Versioned<Job>> {
    store.due_jobs(&KINDS, at(seconds), limit).await.expect("jobs")
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

/// Only jobs of the kinds that are asked for come, however many others are due before them.
pub async fn jobs_come_by_kind(store: &dyn Store) {
    let own = |n: i64, kind: &str| Job { task: Task::Own { kind: kind.to_owned(), payload: json!(n) }, ..job(n, n) };
    let mut jobs: Vec<Job> = (1..=9).map(|n| own(n, "nightly")).collect();
    jobs.extend([own(10, "digest"), job(11, 11), Job { task: Task::Purge, ..job(12, 12) }]);
    commit(store, jobs.iter().map(|job| Change::PutJob(job.clone(), Expect::New))).await;
    let ask = async |kinds: &[&str], limit| -> Vec<i64> {
        let rows = store.due_jobs(kinds, at(99), limit).await.expect("jobs");
        rows.into_iter().map(|row| row.value.id.value()).collect()
    };
    assert_eq!(ask(&["digest", "purge"], 5).await, [10, 12]);
    assert_eq!(ask(&["nightly"], 3).await, [1, 2, 3]);
    assert_eq!(ask(&["delete_blobs", "nightly"], 99).await, [1, 2, 3, 4, 5, 6, 7, 8, 9, 11]);
    assert!(ask(&[], 9).await.is_empty() && ask(&["own", "nightl", "it's"], 9).await.is_empty());
}

/// A job is read by its id as it was put, with everything that its runners have noted.
pub async fn jobs_are_read_back_as_put(store: &dyn Store) {
    let payload = json!({"region": TEXTS[0], "day": "2026-11-27", "list": [1, null, 2.5]});
    let noted = Job {
        task: Task::Own { kind: "nightly".to_owned(), payload },
        attempts: 7,
        failure: Some(Failure { at: at(3), code: "internal".to_owned(), what: TEXTS[3].to_owned() }),
        progress: Some(json!({"done": [1, 2, 3]})),
        ..job(5, 1)
    };
    commit(store, [Change::PutJob(noted.clone(), Expect::New)]).await;
    let row = store.job(noted.id).await.expect("job").expect("it is there");
    assert_eq!((row.version, &row.value), (1, &noted));
    let dead = Job { dead_at: Some(at(4)), ..noted };
    commit(store, [Change::PutJob(dead.clone(), row.expect())]).await;
    assert_eq!(store.job(dead.id).await.expect("job").map(|row| (row.version, row.value)), Some((2, dead)));
    assert!(store.job(JobId::new(6).expect("positive")).await.expect("job").is_none());
}

/// A dead letter is never due; put back among the living it is again.
pub async fn dead_letters_are_not_due(store: &dyn Store) {
    let dead = Job { dead_at: Some(at(1)), ..job(1, 1) };
    commit(store, [Change::PutJob(dead.clone(), Expect::New), Change::PutJob(job(2, 2), Expect::New)]).await;
    assert_eq!(due(store, 1_000_000, 10).await.len(), 1);
    assert_eq!(dead_ids(store, None, 10).await, [1]);
    commit(store, [Change::PutJob(job(1, 1), Expect::Version(1))]).await;
    assert_eq!(due(store, 5, 10).await.iter().map(|row| row.value.id.value()).collect::<Vec<_>>(), [1, 2]);
    assert!(dead_ids(store, None, 10).await.is_empty());
    commit(store, [Change::PutJob(dead, Expect::Version(2))]).await;
    commit(store, [Change::DeleteJob(JobId::new(1).expect("positive"), 3)]).await;
    assert!(dead_ids(store, None, 10).await.is_empty(), "a discarded one is gone");
}

async fn dead_ids(store: &dyn Store, after: Option<i64>, limit: usize) -> Vec<i64> {
    let rows = store.dead_jobs(after.and_then(JobId::new), limit).await.expect("dead letters");
    rows.into_iter().map(|row| row.value.id.value()).collect()
}

/// Dead letters are listed by their ids, page by page.
pub async fn dead_letters_are_paged(store: &dyn Store) {
    let dead = [9, 2, 30, 4].map(|n| Job { dead_at: Some(at(50 - n)), ..job(n, n) });
    commit(store, dead.map(|job| Change::PutJob(job, Expect::New))).await;
    commit(store, [Change::PutJob(job(5, 5), Expect::New)]).await;
    assert_eq!(dead_ids(store, None, 3).await, [2, 4, 9]);
    assert_eq!(dead_ids(store, Some(9), 3).await, [30]);
    assert_eq!(dead_ids(store, Some(3), 99).await, [4, 9, 30]);
    assert!(dead_ids(store, Some(30), 9).await.is_empty());
}

/// An effect that is committed with a renewal of its lease is not there when the lease was lost.
pub async fn an_effect_under_a_lost_lease_is_undone(store: &dyn Store) {
    commit(store, [Change::PutJob(job(1, 1), Expect::New)]).await;
    let under = |version, n| {
        let renewal = Change::PutJob(job(1, 60), Expect::Version(version));
        Work::new().change(Change::PutJob(job(n, 1), Expect::New)).change(renewal).event(joined(n))
    };
    store.commit(under(1, 10)).await.expect("the lease is held");
    assert_stale(&store.commit(under(1, 11)).await);
    let finish = Work::new().change(Change::DeleteJob(JobId::new(1).expect("positive"), 1)).event(joined(12));
    assert_stale(&store.commit(finish).await);
    assert!(store.job(JobId::new(11).expect("positive")).await.expect("job").is_none());
    let events = store.events(0, 10).await.expect("events");
    assert_eq!(events.into_iter().map(|stored| stored.event).collect::<Vec<_>>(), [joined(10)]);
}

/// Runners that lease, renew and cross off the same jobs at once: each job is held by one at a time, and crossed off once.
pub async fn each_job_is_held_by_one_at_a_time(store: Arc<dyn Store>) {
    const JOBS: i64 = 12;
    commit(&*store, (1..=JOBS).map(|n| Change::PutJob(job(n, 0), Expect::New))).await;
    let holders = Arc::new(Mutex::new(BTreeMap::new()));
    let runners = (0..6).map(|runner| {
        let (store, holders) = (Arc::clone(&store), Arc::clone(&holders));
        async move {
            let mut done = 0;
            loop {
                let found = store.due_jobs(&KINDS, at(0), 3).await.expect("jobs");
                if found.is_empty() {
                    return done;
                }
                for row in found {
                    let mut version = row.version;
                    let mut renew = async |store: &dyn Store| {
                        let leased = Change::PutJob(job(row.value.id.value(), 60), Expect::Version(version));
                        version += 1;
                        store.commit(work([leased])).await
                    };
                    if renew(&*store).await.is_err() {
                        continue;
                    }
                    let before = holders.lock().expect("nobody panicked").insert(row.value.id, runner);
                    assert_eq!(before, None, "two hold {:?}", row.value.id);
                    renew(&*store).await.expect("it is held");
                    holders.lock().expect("nobody panicked").remove(&row.value.id);
                    store.commit(work([Change::DeleteJob(row.value.id, version)])).await.expect("it is held");
                    done += 1;
                }
            }
        }
    });
    assert_eq!(all_at_once(runners).await.into_iter().sum::<i64>(), JOBS);
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
