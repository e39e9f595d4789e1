//! When a failed job is tried again, and when no more: pure.
//!
//! Exponential backoff with "equal jitter": half of the wait is fixed, half drawn, so that what failed together does not
//! come back together. Source: M. Brooker, "Exponential backoff and jitter", AWS Architecture Blog, 2015.

use jiff::{SignedDuration, Timestamp};

use crate::config::JobPolicy;
use crate::rng::Rng;

/// The wait after `attempts` failed ones (1 or more), before jitter: the first doubled each time, up to the slowest.
pub(crate) fn longest_wait(policy: &JobPolicy, attempts: u32) -> SignedDuration {
    let doublings = attempts.saturating_sub(1).min(30);
    let wait = policy.first_retry.checked_mul(1 << doublings).unwrap_or(policy.slowest_retry);
    wait.min(policy.slowest_retry)
}

/// When to try again after `attempts` failed ones: between half of the wait and the whole of it from now.
pub(crate) fn retry_at(policy: &JobPolicy, attempts: u32, now: Timestamp, rng: &dyn Rng) -> Timestamp {
    let wait = longest_wait(policy, attempts).as_micros();
    let drawn = i128::from(rng.below(1_000_001));
    let wait = wait / 2 + (wait - wait / 2) * drawn / 1_000_000;
    let wait = SignedDuration::from_micros(i64::try_from(wait).unwrap_or(i64::MAX));
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeededRng;

    const POLICY: JobPolicy = JobPolicy {
        attempts: 8,
        first_retry: SignedDuration::from_secs(5),
        slowest_retry: SignedDuration::from_mins(2),
        time_limit: SignedDuration::from_mins(1),
        at_once: 1,
    };

    #[test]
    fn waits_double_up_to_the_slowest() {
        let waits: Vec<i64> = (1..=8).map(|attempts| longest_wait(&POLICY, attempts).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 120, 120, 120]);
        assert_eq!(longest_wait(&POLICY, u32::MAX), POLICY.slowest_retry);
    }

    #[test]
    fn jitter_fills_the_upper_half_and_nothing_else() {
        let (rng, now) = (SeededRng::new(7), Timestamp::UNIX_EPOCH);
        let waits: Vec<i64> = (0..2_000).map(|_| retry_at(&POLICY, 2, now, &rng).as_millisecond()).collect();
        assert!(waits.iter().all(|wait| (5_000..=10_000).contains(wait)));
        let upper = waits.iter().filter(|wait| **wait > 7_500).count();
        assert!((850..1_150).contains(&upper), "{upper} of 2000 in the upper half");
    }
}
