//! What a store promises about allowances: nobody gets more than there is, and nobody less; through [`StoreLimits`].

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::samples::{KINDS, all_at_once, at, commit, job};
use crate::limit::{Claim, LimitKey, Limits as _, Quota, StoreLimits, Verdict};
use crate::store::{Change, Expect, Store, StoreError, StoreResult, Work};

fn claim(key: u8, burst: u32, per_seconds: i64) -> Claim {
    // Bytes that are no text, no small number, and differ in the last only.
    let mut bytes = [0xff; 16];
    (bytes[0], bytes[15]) = (0, key);
    Claim::one(LimitKey::new(bytes), Quota::new(burst, SignedDuration::from_secs(per_seconds)))
}

async fn take(store: &dyn Store, claims: Vec<Claim>, seconds: i64) -> StoreResult<Option<u64>> {
    let committed = store.commit(Work::new().change(Change::Take { claims, now: at(seconds) })).await?;
    Ok(committed.left)
}

fn wait(result: StoreResult<Option<u64>>) -> Duration {
    match result {
        Err(StoreError::Spent { wait }) => wait,
        other => panic!("the allowance is used up, but: {other:?}"),
    }
}

/// An allowance that was never taken from is full; each taking says how many are left, and when none are, how long to wait.
/// Allowances of other keys are not touched.
pub async fn an_allowance_is_taken_to_its_end(store: &dyn Store) {
    let one = claim(1, 4, 40);
    for left in [3, 2, 1, 0] {
        assert_eq!(take(store, vec![one], 100).await.expect("there are some"), Some(left));
    }
    assert_eq!(wait(take(store, vec![one], 100).await), Duration::from_secs(10));
    assert_eq!(wait(take(store, vec![one.times(3)], 105).await), Duration::from_secs(25));
    assert_eq!(take(store, vec![claim(2, 4, 40).times(4)], 100).await.expect("another"), Some(0));
    assert!(store.commit(Work::new()).await.expect("no work").left.is_none(), "nothing was taken");
}

/// An allowance fills by one in each part of its time, and never beyond its burst; a clock that goes back takes nothing away.
pub async fn allowances_fill_with_time(store: &dyn Store) {
    let one = claim(1, 2, 20);
    take(store, vec![one.times(2)], 100).await.expect("it is full");
    assert_eq!(wait(take(store, vec![one], 109).await), Duration::from_secs(1));
    assert_eq!(take(store, vec![one], 110).await.expect("one has come back"), Some(0));
    assert_eq!(wait(take(store, vec![one], 105).await), Duration::from_secs(15), "a clock that is behind");
    assert_eq!(take(store, vec![one.times(2)], 10_000).await.expect("both have come back"), Some(0));
    assert_eq!(wait(take(store, vec![one], 10_000).await), Duration::from_secs(10));
}

/// Several claims are met together or not at all; `left` is that of the emptiest.
pub async fn all_claims_or_none(store: &dyn Store) {
    let (wide, narrow) = (claim(1, 10, 100), claim(2, 2, 100));
    assert_eq!(take(store, vec![wide, narrow], 0).await.expect("both"), Some(1));
    assert_eq!(take(store, vec![wide, narrow], 0).await.expect("both"), Some(0));
    for _ in 0..5 {
        assert_eq!(wait(take(store, vec![wide, narrow], 0).await), Duration::from_secs(50));
    }
    assert_eq!(take(store, vec![wide], 0).await.expect("untouched by what was refused"), Some(7));
}

/// What is given back can be taken again, and no allowance becomes more than full; giving back to one that was never taken
/// from changes nothing.
pub async fn what_is_given_back_can_be_taken(store: &dyn Store) {
    let one = claim(1, 3, 30);
    take(store, vec![one.times(3)], 0).await.expect("it is full");
    commit(store, [Change::GiveBack(vec![one])]).await;
    assert_eq!(take(store, vec![one], 0).await.expect("given back"), Some(0));
    commit(store, [Change::GiveBack(vec![one.all(), claim(9, 3, 30)])]).await;
    commit(store, [Change::GiveBack(vec![one.all()])]).await;
    assert_eq!(take(store, vec![one.times(3)], 0).await.expect("full again"), Some(0));
    assert_eq!(wait(take(store, vec![one], 0).await), Duration::from_secs(10));
    assert_eq!(take(store, vec![claim(9, 3, 30)], 0).await.expect("never taken from"), Some(2));
}

/// A work whose claim cannot be met is not there afterwards; nor is a claim whose work is stale.
pub async fn a_refusal_undoes_the_rest(store: &dyn Store) {
    let one = claim(1, 1, 10);
    let both = |n| {
        let taken = Change::Take { claims: vec![one], now: at(0) };
        Work::new().change(Change::PutJob(job(n, 0), Expect::New)).change(taken)
    };
    store.commit(both(1)).await.expect("there is one");
    assert!(matches!(store.commit(both(2)).await, Err(StoreError::Spent { .. })));
    assert_eq!(store.due_jobs(&KINDS, at(9), 9).await.expect("jobs").len(), 1);
    let stale = Work::new()
        .change(Change::Take { claims: vec![one], now: at(10) })
        .change(Change::PutJob(job(1, 0), Expect::New));
    assert!(matches!(store.commit(stale).await, Err(StoreError::Stale)));
    assert_eq!(take(store, vec![one], 10).await.expect("not taken by the stale work"), Some(0));
}

/// Allowances that are full may be forgotten: no answer changes by it.
pub async fn sweeping_changes_no_answer(store: &dyn Store) {
    let (full, empty) = (claim(1, 2, 10), claim(2, 2, 100));
    for one in [full, empty] {
        take(store, vec![one.times(2)], 0).await.expect("it is full");
    }
    commit(store, [Change::Sweep { now: at(10) }]).await;
    assert_eq!(take(store, vec![full.times(2)], 10).await.expect("full again"), Some(0));
    assert_eq!(wait(take(store, vec![empty], 10).await), Duration::from_secs(40));
}

/// However many take at once, together they get what there is, exactly.
pub async fn many_takers_get_what_there_is(store: Arc<dyn Store>) {
    let (wide, narrow) = (claim(1, 100, 1_000_000), claim(2, 37, 1_000_000));
    let takers = (0..8).map(|taker| {
        let limits = StoreLimits::new(Arc::clone(&store));
        async move {
            let mut taken = 0;
            for _ in 0..12 {
                // In both orders: nobody waits for anybody for ever.
                let claims = if taker % 2 == 0 { vec![wide, narrow] } else { vec![narrow, wide] };
                match limits.take(claims, at(0)).await {
                    Ok(Verdict::Taken { .. }) => taken += 1,
                    Ok(Verdict::Refused { .. }) | Err(StoreError::Stale) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            taken
        }
    });
    assert_eq!(all_at_once(takers).await.into_iter().sum::<u32>(), 37);
    assert_eq!(take(&*store, vec![wide], 0).await.expect("the rest"), Some(62));
}
