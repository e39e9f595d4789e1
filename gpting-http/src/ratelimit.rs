//! The server's limiter: so many calls of a class per key and time, kept in memory by the generic cell rate algorithm.
//!
//! Called through [`RateLimit`]; calls `governor`. Counts are per process: behind several instances the limits are that
//! many times wider, which is why guessing codes and passwords is also limited in the core, by the store.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::layer::rate::{RateClass, RateKey, RateLimit};

/// After so many calls of a class, keys that have not called for long are forgotten.
const SWEEP_EVERY: u32 = 4_096;

/// Limits in memory.
#[derive(Debug)]
pub struct MemoryRateLimit {
    limits: Vec<(RateClass, Option<Limit>)>,
}

#[derive(Debug)]
struct Limit {
    limiter: DefaultKeyedRateLimiter<RateKey>,
    calls: AtomicU32,
    clock: DefaultClock,
}

impl Default for MemoryRateLimit {
    /// The limits of a server on the open internet.
    fn default() -> Self {
        Self::new(quota)
    }
}

impl MemoryRateLimit {
    /// Limits by class: how many calls at once, and how long it takes until all of them are allowed again. `None` is no
    /// limit.
    pub fn new(quota: impl Fn(RateClass) -> Option<(NonZeroU32, Duration)>) -> Self {
        let limit = |class| {
            let (burst, per) = quota(class)?;
            let limiter = RateLimiter::keyed(Quota::with_period(per / burst.get())?.allow_burst(burst));
            Some(Limit { limiter, calls: AtomicU32::new(0), clock: DefaultClock::default() })
        };
        Self { limits: RateClass::ALL.into_iter().map(|class| (class, limit(class))).collect() }
    }
}

impl RateLimit for MemoryRateLimit {
    fn check(&self, class: RateClass, key: &RateKey) -> Result<(), Duration> {
        let Some(limit) = self.limits.iter().find(|(one, _)| *one == class).and_then(|(_, limit)| limit.as_ref())
        else {
            return Ok(());
        };
        if limit.calls.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            limit.limiter.retain_recent();
        }
        limit.limiter.check_key(key).map_err(|refused| refused.wait_time_from(limit.clock.now()))
    }
}

/// The default limits. Messages: 100 a minute, as OWASP's sheet on sockets has it. Logins: what one household needs.
/// Sign-ups: 20 mails an hour per address (AU-6).
fn quota(class: RateClass) -> Option<(NonZeroU32, Duration)> {
    let (burst, seconds) = match class {
        RateClass::Free => return None,
        RateClass::SignUp => (20, 3_600),
        RateClass::Code | RateClass::Login => (30, 600),
        RateClass::Token | RateClass::Upload | RateClass::Report => (60, 600),
        RateClass::Read => (600, 60),
        RateClass::Write | RateClass::Decide | RateClass::Frame => (240, 60),
        RateClass::Message => (100, 60),
        RateClass::Picture => (1_200, 60),
        RateClass::Socket => (60, 60),
    };
    Some((NonZeroU32::new(burst)?, Duration::from_secs(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(addr: &str) -> RateKey {
        RateKey::of_addr(addr.parse().unwrap())
    }

    #[test]
    fn a_key_is_refused_after_its_burst_and_told_how_long_to_wait() {
        let limit = MemoryRateLimit::new(|class| {
            (class == RateClass::Login).then(|| (NonZeroU32::new(3).unwrap(), Duration::from_mins(5)))
        });
        for _ in 0..3 {
            assert_eq!(limit.check(RateClass::Login, &key("1.1.1.1")), Ok(()));
        }
        let wait = limit.check(RateClass::Login, &key("1.1.1.1")).unwrap_err();
        assert!(wait > Duration::from_secs(90) && wait <= Duration::from_secs(100), "{wait:?}");
        assert_eq!(limit.check(RateClass::Login, &key("2.2.2.2")), Ok(()), "others are not their fault");
        assert_eq!(limit.check(RateClass::Read, &key("1.1.1.1")), Ok(()), "nor other classes");
    }

    #[test]
    fn everything_but_what_is_free_has_a_limit() {
        let limit = MemoryRateLimit::default();
        for class in RateClass::ALL {
            let refused = (0..2_000).any(|_| limit.check(class, &key("1.1.1.1")).is_err());
            assert_eq!(refused, class != RateClass::Free, "{class:?}");
        }
    }
}
