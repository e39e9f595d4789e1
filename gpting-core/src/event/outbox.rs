//! Delivery of the outbox to the host's sink: at least once, oldest first.
//!
//! An event is deleted only after the sink has taken it. When several instances run, a batch may be delivered by more
//! than one of them; the order per pair stays, because every instance delivers from the oldest on.

use std::time::Duration;

use crate::gpting::Core;
use crate::store::{Change, Work};

/// How many events one delivery holds at the most.
const BATCH: usize = 100;
/// How often the outbox is looked at when nobody wakes it, and the wait after a failed delivery.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Core {
    /// Delivers for ever. Waits for ever when nobody listens.
    pub(crate) async fn run_outbox(&self) {
        let Some(sink) = &self.events else {
            return std::future::pending().await;
        };
        loop {
            let stored = match self.store.events(BATCH).await {
                Ok(stored) => stored,
                Err(error) => {
                    tracing::warn!(error = %crate::error::Chain(&error), "the outbox could not be read");
                    tokio::time::sleep(LOOK_EVERY).await;
                    continue;
                }
            };
            if stored.is_empty() {
                let _ = tokio::time::timeout(LOOK_EVERY, self.outbox.notified()).await;
                continue;
            }
            let (numbers, events): (Vec<u64>, Vec<_>) =
                stored.into_iter().map(|stored| (stored.number, stored.event)).unzip();
            if let Err(error) = sink.deliver(&events).await {
                tracing::warn!(error = %crate::error::Chain(&error), count = events.len(), "events were not taken");
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            }
            if let Err(error) = self.store.commit(Work::new().change(Change::DropEvents(numbers))).await {
                tracing::warn!(error = %crate::error::Chain(&error), "delivered events stay: they come again");
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}
