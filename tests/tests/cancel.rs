//! Callers that stop waiting: a client hangs up, a timeout runs out, a task is aborted in the middle of a call.
//!
//! Dropping a call is no error of anybody. Whatever it was doing is done whole or not at all, and the connection it used
//! is as good as new: what others are told is durable must not hang on a transaction that nobody will end.

#![expect(clippy::unwrap_used, reason = "these functions are the bodies of tests")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use gpting_core::SystemRng;
use gpting_core::id::JobId;
use gpting_core::job::{Job, Task};
use gpting_core::store::{Change, Expect, Work};
use gpting_tests::{Town, on_every_store};

on_every_store!(a_call_that_is_dropped_leaves_nothing_open);

/// A job that is never due, so that nothing else happens to it.
fn job() -> Job {
    let run_at = "2099-01-01T00:00:00Z".parse().unwrap();
    Job::new(JobId::draw(&SystemRng), Task::DeleteBlobs { keys: Vec::new() }, run_at)
}

async fn jobs_in(town: &Town, instance: usize) -> Vec<JobId> {
    let due =
        town.stores[instance].due_jobs(&Task::KINDS, "2100-01-01T00:00:00Z".parse().unwrap(), 10_000).await.unwrap();
    due.into_iter().map(|row| row.value.id).collect()
}

async fn a_call_that_is_dropped_leaves_nothing_open(town: Town) {
    const ROUNDS: u64 = 300;
    let mut halves = Vec::new();
    for round in 0..ROUNDS {
        let (first, second) = (job(), job());
        halves.push((first.id, second.id));
        // Two changes, so that it takes a transaction; cut off a little later each time, all along its way.
        let work = Work::new().change(Change::PutJob(first, Expect::New)).change(Change::PutJob(second, Expect::New));
        let store = Arc::clone(&town.stores[0]);
        let call = tokio::spawn(async move { store.commit(work).await });
        // Timers know milliseconds only.
        let until = Instant::now() + Duration::from_micros(round * 7 % 1_500);
        while Instant::now() < until {
            tokio::task::yield_now().await;
        }
        call.abort();
        drop(call.await);
    }

    // One change each, all at once, so that every connection of the pool is used again.
    let mut told = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (job, store) = (job(), Arc::clone(&town.stores[0]));
        told.spawn(async move {
            let id = job.id;
            store.commit(Work::new().change(Change::PutJob(job, Expect::New))).await.unwrap();
            id
        });
    }
    let told = told.join_all().await;
    let seen = jobs_in(&town, 1).await;
    let lost = told.iter().filter(|id| !seen.contains(id)).count();
    assert_eq!(lost, 0, "of {} acknowledged commits so many cannot be seen by others", told.len());
    for (first, second) in halves {
        assert_eq!(seen.contains(&first), seen.contains(&second), "half a work was done");
    }
    let open = "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'";
    if town.data_directory().await.is_some() {
        assert_eq!(town.ask(open.to_owned()).await, Some(Vec::new()), "transactions that nobody will end");
    }
}
