//! What is taken from which allowance, and the arithmetic of it: pure.
//!
//! The generic cell rate algorithm (ITU-T I.371, annex A): an allowance is one instant, the time at which it will be full
//! again. Taking moves that instant later by the cost; a claim is met when it stays within the capacity from now. A row that
//! is not there is full, and one whose instant has passed can be forgotten.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Which allowance. A hash: neither whom nor what can be read from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitKey([u8; 16]);

impl LimitKey {
    /// The key with these bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes, for storage.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// How much there is: so many at once, and so long until all of them are there again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    burst: u32,
    interval_micros: i64,
}

impl Quota {
    /// `burst` at once (1 or more); each comes back after `per / burst` (a microsecond or more, a century or less).
    pub fn new(burst: u32, per: SignedDuration) -> Self {
        let burst = burst.max(1);
        let interval = per.as_micros() / i128::from(burst);
        let century = SignedDuration::from_hours(24 * 36_525).as_micros() / i128::from(burst);
        let interval = interval.clamp(1, century);
        Self { burst, interval_micros: i64::try_from(interval).unwrap_or(i64::MAX) }
    }

    /// How many at once.
    pub const fn burst(&self) -> u32 {
        self.burst
    }

    fn micros(self, amount: u32) -> i64 {
        self.interval_micros.saturating_mul(i64::from(amount))
    }
}

/// So many of one allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    key: LimitKey,
    quota: Quota,
    amount: u32,
}

impl Claim {
    /// One of an allowance.
    pub const fn one(key: LimitKey, quota: Quota) -> Self {
        Self { key, quota, amount: 1 }
    }

    /// So many of the same allowance, at the most all of it.
    #[must_use]
    pub fn times(self, amount: u32) -> Self {
        Self { amount: amount.min(self.quota.burst), ..self }
    }

    /// All of the same allowance: given back, it is full.
    #[must_use]
    pub const fn all(self) -> Self {
        Self { amount: self.quota.burst, ..self }
    }

    /// How many there are at once.
    pub const fn burst(&self) -> u32 {
        self.quota.burst
    }

    /// Which allowance.
    pub const fn key(&self) -> LimitKey {
        self.key
    }

    /// How much later the allowance is full when this has been taken, in microseconds.
    pub fn cost_micros(&self) -> i64 {
        self.quota.micros(self.amount)
    }

    /// How late at the most an allowance may be full, from now, in microseconds.
    pub fn capacity_micros(&self) -> i64 {
        self.quota.micros(self.quota.burst)
    }

    /// Takes from an allowance that will be full at `full_at` (microseconds since 1970): when it is full afterwards.
    ///
    /// # Errors
    /// How long to wait until it can be taken.
    pub fn take(&self, full_at: Option<i64>, now: Timestamp) -> Result<i64, Duration> {
        let now = now.as_microsecond();
        let next = full_at.unwrap_or(i64::MIN).max(now).saturating_add(self.cost_micros());
        let most = now.saturating_add(self.capacity_micros());
        if next <= most { Ok(next) } else { Err(micros(next - most)) }
    }

    /// How many of these can be taken at once where all of them could be after so long.
    pub fn without(&self, wait: Duration) -> u32 {
        let interval = u128::from(self.quota.interval_micros.unsigned_abs()).max(1);
        let missing = wait.as_micros().div_ceil(interval);
        self.amount.saturating_sub(u32::try_from(missing).unwrap_or(u32::MAX))
    }

    /// How long until this can be taken from an allowance that will be full at `full_at`; none when it can be at once.
    pub fn wait(&self, full_at: i64, now: Timestamp) -> Duration {
        self.take(Some(full_at), now).err().unwrap_or_default()
    }

    /// How many can be taken at once from an allowance that will be full at `full_at`.
    pub fn left(&self, full_at: i64, now: Timestamp) -> u64 {
        let most = now.as_microsecond().saturating_add(self.capacity_micros());
        let free = most.saturating_sub(full_at.max(now.as_microsecond())).max(0);
        u64::try_from(free / self.quota.interval_micros).unwrap_or_default()
    }
}

fn micros(value: i64) -> Duration {
    Duration::from_micros(u64::try_from(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn an_allowance_empties_and_fills_evenly() {
        let claim = Claim::one(LimitKey::new([1; 16]), Quota::new(3, SignedDuration::from_secs(30)));
        let mut full_at = None;
        for left in [2, 1, 0] {
            full_at = Some(claim.take(full_at, at(100)).unwrap());
            assert_eq!(claim.left(full_at.unwrap(), at(100)), left);
        }
        assert_eq!(claim.take(full_at, at(100)), Err(Duration::from_secs(10)));
        assert_eq!(claim.take(full_at, at(109)), Err(Duration::from_secs(1)));
        let full_at = claim.take(full_at, at(110)).unwrap();
        assert_eq!(claim.wait(full_at, at(110)), Duration::from_secs(10));
        assert_eq!(claim.left(full_at, at(1_000)), 3, "never beyond the burst");
    }

    #[test]
    fn many_at_once_are_all_or_nothing() {
        let claim = Claim::one(LimitKey::new([1; 16]), Quota::new(10, SignedDuration::from_secs(10)));
        let full_at = claim.times(7).take(None, at(0)).unwrap();
        assert_eq!(claim.times(4).take(Some(full_at), at(0)), Err(Duration::from_secs(1)));
        assert!(claim.times(3).take(Some(full_at), at(0)).is_ok());
        for (wanted, fit) in [(10, 3), (4, 3)] {
            let wait = claim.times(wanted).wait(full_at, at(0));
            assert_eq!(claim.times(wanted).without(wait), fit);
        }
        let empty = claim.all().take(None, at(0)).unwrap();
        assert_eq!(claim.without(claim.wait(empty, at(0))), 0);
        assert_eq!(claim.times(99), claim.all());
    }

    #[test]
    fn odd_quotas_are_still_quotas() {
        for (burst, per) in [(0, SignedDuration::ZERO), (u32::MAX, SignedDuration::MAX), (1, SignedDuration::MIN)] {
            let claim = Claim::one(LimitKey::new([0; 16]), Quota::new(burst, per)).all();
            let full_at = claim.take(None, at(1)).unwrap();
            assert!(claim.take(Some(full_at), at(1)).is_err(), "{burst} per {per:?}");
        }
    }
}
