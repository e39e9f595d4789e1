//! Doing a work over that the database has given up for somebody else's.
//!
//! PostgreSQL ends one of two transactions that wait for each other (`deadlock_detected`), and under a stricter isolation
//! than the store asks for one that has come too late (`serialization_failure`). Nothing of it was done, and done over it
//! goes through, so the caller need not know. What keeps losing is [`StoreError::Stale`] after a bounded time.

use std::time::Duration;

use gpting_core::store::{StoreError, StoreResult};
use gpting_core::{Rng as _, SystemRng};

use crate::error::is_lost_race;

/// How often a work is begun. A deadlock shows itself only after the server's `deadlock_timeout`, a second by default.
const TRIES: u32 = 6;

/// The longest first wait; it doubles with each try.
const FIRST_WAIT: Duration = Duration::from_millis(4);

/// Does it until it is done, or has failed for another reason, or has lost [`TRIES`] times.
pub(crate) async fn until_won<T, F>(mut attempt: impl FnMut() -> F) -> StoreResult<T>
where
    F: Future<Output = StoreResult<T>>,
{
    for lost in 0..TRIES {
        match attempt().await {
            Err(error) if is_lost_race(&error) => {
                if lost + 1 < TRIES {
                    wait(lost).await;
                }
            }
            done => return done,
        }
    }
    Err(StoreError::Stale)
}

/// A random part of the longest wait, so that those who have met do not meet again.
async fn wait(lost: u32) {
    let most = FIRST_WAIT * 2_u32.pow(lost);
    let micros = u32::try_from(most.as_micros()).unwrap_or(u32::MAX);
    tokio::time::sleep(Duration::from_micros(SystemRng.below(micros).into())).await;
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::error::lost_race;

    #[tokio::test(start_paused = true)]
    async fn a_lost_race_is_run_again_and_not_for_ever() {
        let begun = Cell::new(0);
        let attempt = |wins_at: u32| {
            begun.set(begun.get() + 1);
            let won = begun.get() == wins_at;
            async move { if won { Ok(7) } else { Err(lost_race()) } }
        };
        let started = tokio::time::Instant::now();
        assert_eq!(until_won(|| attempt(3)).await.unwrap(), 7);
        assert_eq!(begun.replace(0), 3);
        let never: StoreResult<i32> = until_won(|| attempt(u32::MAX)).await;
        assert!(matches!(never, Err(StoreError::Stale)), "{never:?}");
        assert_eq!(begun.get(), TRIES);
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn what_else_goes_wrong_is_told_at_once() {
        let begun = Cell::new(0);
        let done: StoreResult<()> = until_won(|| {
            begun.set(begun.get() + 1);
            async { Err(StoreError::Stale) }
        })
        .await;
        assert!(matches!(done, Err(StoreError::Stale)));
        assert_eq!(begun.get(), 1);
    }
}
