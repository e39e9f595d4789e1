//! What an instance has taken from allowances ahead of time, so that what is done often does not cost a write each time.
//!
//! An eighth of what is left is taken at once, so the steps become smaller as the allowance empties, and one at the end: in
//! all no more is spent than there is. What lies unused in a purse fills again with time. After a refusal the purse says no
//! by itself, for a second at the most. Called by `meter`; the clock comes in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::claim::LimitKey;

/// At most so many are taken at once.
const MOST: u64 = 8;
/// Beyond so many purses those that have run out are let go.
const PURSES: usize = 10_000;
/// How long what was taken ahead may be spent.
const SPENDABLE: SignedDuration = SignedDuration::from_secs(10);
/// How long a refusal is believed.
const BELIEVED: SignedDuration = SignedDuration::from_secs(1);

#[derive(Clone, Copy, Debug)]
struct Purse {
    coins: u64,
    /// How many are taken when it is empty.
    step: u64,
    refused_until: Option<Timestamp>,
    until: Timestamp,
}

/// The purses of an instance.
#[derive(Debug, Default)]
pub(crate) struct Purses(Mutex<HashMap<LimitKey, Purse>>);

/// What a purse says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pay {
    /// Paid.
    Paid,
    /// Take so many from the allowance first.
    Take(u32),
    /// Not yet.
    Wait(Duration),
}

impl Purses {
    pub(super) fn pay(&self, key: LimitKey, now: Timestamp) -> Pay {
        let mut purses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if purses.len() > PURSES {
            purses.retain(|_, purse| purse.until > now);
        }
        let Some(purse) = purses.get_mut(&key).filter(|purse| purse.until > now) else { return Pay::Take(1) };
        if purse.coins > 0 {
            purse.coins -= 1;
            return Pay::Paid;
        }
        if let Some(until) = purse.refused_until.filter(|until| *until > now) {
            return Pay::Wait(until.duration_since(now).unsigned_abs());
        }
        Pay::Take(u32::try_from(purse.step).unwrap_or(1).max(1))
    }

    /// So many were taken, one of which is spent already; `left` are left in the allowance.
    pub(super) fn took(&self, key: LimitKey, amount: u32, left: u64, now: Timestamp) {
        let mut purses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = now.checked_add(SPENDABLE).unwrap_or(now);
        let purse = purses.entry(key).or_insert(Purse { coins: 0, step: 1, refused_until: None, until });
        if purse.until <= now {
            purse.coins = 0;
        }
        purse.coins += u64::from(amount.saturating_sub(1));
        purse.step = (left / 8).clamp(1, MOST);
        purse.refused_until = None;
        purse.until = until;
    }

    /// Not even one could be taken.
    pub(super) fn was_refused(&self, key: LimitKey, wait: Duration, now: Timestamp) {
        let wait = SignedDuration::try_from(wait).unwrap_or(BELIEVED).min(BELIEVED);
        let until = now.checked_add(wait).unwrap_or(now);
        let mut purses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let purse = purses.entry(key).or_insert(Purse { coins: 0, step: 1, refused_until: None, until });
        if purse.until <= now {
            purse.coins = 0;
        }
        // Coins that somebody else has taken in the meantime stay good.
        (purse.step, purse.refused_until, purse.until) = (1, Some(until), purse.until.max(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_shrink_with_the_allowance_and_a_refusal_is_remembered_for_a_second() {
        let (purses, key) = (Purses::default(), LimitKey::new([3; 16]));
        let now = Timestamp::from_second(1_000).unwrap();
        assert_eq!(purses.pay(key, now), Pay::Take(1));
        purses.took(key, 1, 99, now);
        assert_eq!(purses.pay(key, now), Pay::Take(8));
        purses.took(key, 8, 20, now);
        for _ in 0..7 {
            assert_eq!(purses.pay(key, now), Pay::Paid);
        }
        assert_eq!(purses.pay(key, now), Pay::Take(2));
        purses.was_refused(key, Duration::from_secs(90), now);
        assert_eq!(purses.pay(key, now), Pay::Wait(Duration::from_secs(1)));
        purses.took(key, 3, 0, now);
        purses.was_refused(key, Duration::from_secs(90), now);
        assert_eq!([purses.pay(key, now), purses.pay(key, now)], [Pay::Paid; 2], "what was taken stays good");
        assert_eq!(purses.pay(key, now), Pay::Wait(Duration::from_secs(1)));
        assert_eq!(purses.pay(key, now + SignedDuration::from_secs(1)), Pay::Take(1));
    }

    #[test]
    fn coins_are_not_good_for_ever() {
        let (purses, key) = (Purses::default(), LimitKey::new([3; 16]));
        let now = Timestamp::from_second(1_000).unwrap();
        purses.took(key, 8, 90, now);
        assert_eq!(purses.pay(key, now + SignedDuration::from_secs(9)), Pay::Paid);
        assert_eq!(purses.pay(key, now + SignedDuration::from_secs(10)), Pay::Take(1));
    }
}
