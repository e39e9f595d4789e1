//! What the runner and the delivery of events have done, counted for whoever watches over them.
//!
//! Written with relaxed atomics and one small map; read by [`Jobs::health`](crate::gpting::Jobs::health). Invariant: only
//! numbers and names of kinds, nothing of a job.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;

/// How jobs of one kind fared at this instance since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCount {
    /// Performed.
    pub done: u64,
    /// Attempts that failed, and were put back or given up.
    pub failed: u64,
    /// Leases lost while performing: somebody else has taken the job over.
    pub lost: u64,
}

/// How jobs and the delivery of events fare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobHealth {
    /// By kind, those that were begun here.
    pub kinds: BTreeMap<String, JobCount>,
    /// Dead letters in the store when it was last looked at, 1,000 at the most.
    pub dead: u64,
    /// How long the longest due job had been waiting when it was last looked at.
    pub late: Duration,
    /// Events that the sink has taken from this instance.
    pub delivered: u64,
    /// Deliveries that the sink has refused.
    pub refused: u64,
    /// Pairs and members whose events are held back until their next try, at this instance.
    pub held: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    kinds: Mutex<BTreeMap<String, JobCount>>,
    dead: AtomicU64,
    late_micros: AtomicI64,
    pub(crate) delivered: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) held: AtomicU64,
}

impl Tally {
    /// Counts something of a kind.
    pub(crate) fn count(&self, kind: &str, add: impl FnOnce(&mut JobCount)) {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = kinds.get_mut(kind) {
            add(count);
        } else {
            add(kinds.entry(kind.to_owned()).or_default());
        }
    }

    pub(crate) fn found_dead(&self, dead: usize) {
        self.dead.store(dead as u64, Ordering::Relaxed);
    }

    pub(crate) fn found_late(&self, late: SignedDuration) {
        let micros = i64::try_from(late.as_micros()).unwrap_or(i64::MAX);
        self.late_micros.store(micros.max(0), Ordering::Relaxed);
    }

    pub(crate) fn health(&self) -> JobHealth {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        JobHealth {
            kinds: self.kinds.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            dead: read(&self.dead),
            late: Duration::from_micros(u64::try_from(self.late_micros.load(Ordering::Relaxed)).unwrap_or_default()),
            delivered: read(&self.delivered),
            refused: read(&self.refused),
            held: read(&self.held),
        }
    }
}
