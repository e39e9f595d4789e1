//! A bus with faults: it loses, repeats, reorders, or is down for a while. For tests of whatever stands on a bus.
//!
//! Wraps another bus and spoils what is published through it, for subscribers of its own process too. Time is tokio's, so
//! a test that pauses it has the whole outage in no time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::port::{Bus, BusHealth, Hint};

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Every hint is lost.
    Silent,
    /// Every hint comes so many times.
    Repeating(usize),
    /// So many hints are kept back, then come in reverse order.
    Reversing(usize),
    /// One of so many hints comes, the others are lost.
    OneOf(usize),
}

/// A bus that can be told to fail.
#[derive(Clone, Debug)]
pub struct FaultyBus {
    inner: Arc<dyn Bus>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    fault: Fault,
    down_until: Option<Instant>,
    kept: Vec<Hint>,
    count: usize,
}

impl FaultyBus {
    /// A bus that does as the inner one does until it is told otherwise. Clones share their faults.
    pub fn new(inner: Arc<dyn Bus>) -> Self {
        Self { inner, state: Arc::default() }
    }

    /// Fails in this way from now on. What was kept back comes now.
    pub fn fail(&self, fault: Fault) {
        let kept = {
            let mut state = self.state();
            state.fault = fault;
            std::mem::take(&mut state.kept)
        };
        self.inner.publish(&kept);
    }

    /// Loses everything for a while, then is as before.
    pub fn down_for(&self, outage: Duration) {
        self.state().down_until = Some(Instant::now() + outage);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What becomes of hints.
    fn spoilt(&self, hints: &[Hint]) -> Vec<Hint> {
        let mut state = self.state();
        if state.down_until.is_some_and(|until| Instant::now() < until) {
            return Vec::new();
        }
        match state.fault {
            Fault::None => hints.to_vec(),
            Fault::Silent => Vec::new(),
            Fault::Repeating(times) => hints.repeat(times),
            Fault::Reversing(window) => {
                state.kept.extend_from_slice(hints);
                if state.kept.len() < window {
                    return Vec::new();
                }
                let mut kept = std::mem::take(&mut state.kept);
                kept.reverse();
                kept
            }
            Fault::OneOf(many) => {
                let mut kept = Vec::new();
                for hint in hints {
                    state.count += 1;
                    if state.count.is_multiple_of(many.max(1)) {
                        kept.push(*hint);
                    }
                }
                kept
            }
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Bus for FaultyBus {
    fn publish(&self, hints: &[Hint]) {
        let hints = self.spoilt(hints);
        self.inner.publish(&hints);
    }

    fn subscribe(&self) -> broadcast::Receiver<Hint> {
        self.inner.subscribe()
    }

    async fn carry(&self) {
        self.inner.carry().await;
    }

    fn health(&self) -> Option<BusHealth> {
        self.inner.health()
    }
}

#[cfg(test)]
mod tests {
    use super::super::heard;
    use super::*;
    use crate::id::RoomId;
    use crate::port::LocalBus;

    #[tokio::test(start_paused = true)]
    async fn each_fault_does_what_it_says() {
        let bus = FaultyBus::new(Arc::new(LocalBus::default()));
        let mut receiver = bus.subscribe();
        let hint = |id| Hint::Room(RoomId::new(id).unwrap());
        let mut after = |fault, hints: &[i64]| {
            bus.fail(fault);
            for id in hints {
                bus.publish(&[hint(*id)]);
            }
            heard(&mut receiver).into_iter().map(|heard| hints.iter().find(|id| hint(**id) == heard).copied()).collect()
        };
        let all = |ids: &[i64]| -> Vec<Option<i64>> { ids.iter().copied().map(Some).collect() };
        let none: Vec<Option<i64>> = after(Fault::Silent, &[1, 2]);
        assert!(none.is_empty());
        assert_eq!(after(Fault::Repeating(2), &[1, 2]), all(&[1, 1, 2, 2]));
        assert_eq!(after(Fault::Reversing(3), &[1, 2, 3, 4]), all(&[3, 2, 1]));
        assert_eq!(after(Fault::OneOf(3), &[4, 5, 6, 7]), all(&[4, 6]), "what was kept back came first");
        assert_eq!(after(Fault::None, &[1]), all(&[1]));
        bus.down_for(Duration::from_mins(1));
        bus.publish(&[hint(1)]);
        tokio::time::advance(Duration::from_secs(61)).await;
        bus.publish(&[hint(2)]);
        assert_eq!(heard(&mut receiver), [hint(2)]);
    }
}
