//! The breaker: a server that fails is left alone for a while, then tried by one request.
//!
//! ```text
//!            5 failures in a row, or half of the last 20
//!   closed ──────────────────────────────────────────────► open (30 s)
//!      ▲                                                     │
//!      └──────── it succeeds ── one probe ◄──────────────────┘
//!                                  └── it fails ──► open (30 s)
//! ```
//! Called by `line` around every exchange. The clock is tokio's, so a test can stop it. Invariants: while open nothing passes;
//! while probing one passes; a probe that is given up unanswered leaves its place to the next.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So many failures in a row open it.
const IN_A_ROW: u32 = 5;
/// Of so many exchanges, half as failures open it.
const WINDOW: usize = 20;
/// How long it stays open.
const OPEN_FOR: Duration = Duration::from_secs(30);
/// How long to wait for somebody else's probe.
const PROBE_FOR: Duration = Duration::from_secs(1);

/// Lets exchanges through, or not.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Whether each of the last exchanges failed.
    last: VecDeque<bool>,
    in_a_row: u32,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Closed,
    Open {
        until: Instant,
    },
    Probing,
}

/// What has just happened to a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nothing.
    Same,
    /// It opened.
    Opened,
    /// It closed after having been open.
    Closed,
}

/// Leave for one exchange. Say how it went; dropped without a word it counts for nothing.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
    is_told: bool,
}

impl Breaker {
    /// Asks for leave; how long there is none otherwise.
    pub(crate) fn enter(&self) -> Result<Pass<'_>, Duration> {
        let mut state = self.lock();
        let is_probe = match state.phase {
            Phase::Closed => false,
            Phase::Open { until } => {
                let left = until.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    return Err(left);
                }
                state.phase = Phase::Probing;
                true
            }
            Phase::Probing => return Err(PROBE_FOR),
        };
        Ok(Pass { breaker: self, is_probe, is_told: false })
    }

    /// How long nothing passes; none while it is closed.
    pub(crate) fn open_for(&self) -> Option<Duration> {
        match self.lock().phase {
            Phase::Closed => None,
            Phase::Open { until } => Some(until.saturating_duration_since(Instant::now())),
            Phase::Probing => Some(PROBE_FOR),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The exchange went well, or failed.
    pub(crate) fn tell(mut self, has_failed: bool) -> Turn {
        self.is_told = true;
        let mut state = self.breaker.lock();
        match (state.phase, self.is_probe) {
            (Phase::Probing, true) if has_failed => {
                state.open();
                Turn::Opened
            }
            (Phase::Probing, true) => {
                *state = State::default();
                Turn::Closed
            }
            (Phase::Closed, false) => state.count(has_failed),
            // Begun before it opened: what is known by now is newer.
            (Phase::Closed | Phase::Open { .. } | Phase::Probing, _) => Turn::Same,
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.is_probe && !self.is_told {
            self.breaker.lock().phase = Phase::Open { until: Instant::now() };
        }
    }
}

impl State {
    fn count(&mut self, has_failed: bool) -> Turn {
        if self.last.len() == WINDOW {
            self.last.pop_front();
        }
        self.last.push_back(has_failed);
        self.in_a_row = if has_failed { self.in_a_row + 1 } else { 0 };
        let failed = self.last.iter().filter(|failed| **failed).count();
        if self.in_a_row >= IN_A_ROW || self.last.len() == WINDOW && failed * 2 >= WINDOW {
            self.open();
            return Turn::Opened;
        }
        Turn::Same
    }

    fn open(&mut self) {
        *self = Self { phase: Phase::Open { until: Instant::now() + OPEN_FOR }, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn go(breaker: &Breaker, has_failed: bool) -> Turn {
        breaker.enter().expect("it is closed").tell(has_failed)
    }

    #[tokio::test(start_paused = true)]
    async fn five_in_a_row_open_it_for_thirty_seconds_and_one_probe_closes_it() {
        let breaker = Breaker::default();
        for _ in 0..3 {
            for _ in 0..4 {
                assert_eq!(go(&breaker, true), Turn::Same);
            }
            assert_eq!(go(&breaker, false), Turn::Same);
            for _ in 0..5 {
                go(&breaker, false); // so that half of the last twenty is not reached
            }
        }
        for _ in 0..4 {
            assert_eq!(go(&breaker, true), Turn::Same);
        }
        assert_eq!(go(&breaker, true), Turn::Opened);
        assert_eq!(breaker.enter().unwrap_err(), OPEN_FOR);
        advance(Duration::from_millis(29_999)).await;
        assert_eq!(breaker.enter().unwrap_err(), Duration::from_millis(1));
        advance(Duration::from_millis(1)).await;
        let probe = breaker.enter().unwrap();
        assert_eq!(breaker.enter().unwrap_err(), PROBE_FOR, "one probe at a time");
        assert_eq!(probe.tell(false), Turn::Closed);
        assert!(breaker.open_for().is_none());
        assert_eq!(go(&breaker, true), Turn::Same, "what was before is forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn half_of_twenty_open_it_and_not_half_of_nineteen() {
        let breaker = Breaker::default();
        for place in 0..19 {
            assert_eq!(go(&breaker, place % 2 == 0), Turn::Same, "{place}");
        }
        assert_eq!(go(&breaker, false), Turn::Opened, "ten of twenty");
        let breaker = Breaker::default();
        for place in 0..200 {
            assert_eq!(go(&breaker, place % 20 < 18 && place % 2 == 0), Turn::Same, "nine of twenty at {place}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_fails_opens_it_again_and_one_that_is_given_up_leaves_its_place() {
        let breaker = Breaker::default();
        let early = breaker.enter().unwrap();
        for _ in 0..5 {
            go(&breaker, true);
        }
        assert_eq!(early.tell(false), Turn::Same, "an answer to an older question closes nothing");
        assert!(breaker.enter().is_err());
        advance(OPEN_FOR).await;
        drop(breaker.enter().unwrap());
        assert_eq!(breaker.enter().unwrap().tell(true), Turn::Opened);
        assert_eq!(breaker.open_for(), Some(OPEN_FOR));
    }
}
