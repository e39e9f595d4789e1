//! Delivery of the outbox to the host's sink: at least once, in order per pair, by one instance at a time.
//!
//! The right to deliver is a job that is leased for as long as its holder lives, so that instances do not tell the host the
//! same things; when the holder dies, another takes over as soon as the lease runs out. An event is deleted only after the
//! sink has taken it. What the sink refuses is tried pair by pair: the pair that is refused waits, later each time, with
//! everything that comes after it in the same pair; all others go on.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::watch;
use tokio::time::Instant;

use super::StoredEvent;
use super::holds::Holds;
use crate::error::{Chain, Result};
use crate::gpting::Core;
use crate::job::Turn;
use crate::port::{EventSink, PortError};
use crate::store::{Change, StoreError, Work};

/// How many events one delivery holds at the most.
const BATCH: usize = 100;
/// How many events are read at a time.
const PAGE: usize = 500;
/// How often the outbox is looked at when nobody wakes it.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// So many pairs refused in a row, none taken: it is the sink, not the pairs.
const SINK_IS_DOWN: usize = 5;

/// Why delivering ended for this instance.
enum Over {
    /// Somebody else holds the right now.
    Lost,
    /// The instance stops.
    Stopped,
}

impl Core {
    /// Delivers until `stop` becomes true. Waits for ever when nobody listens.
    pub(crate) async fn run_outbox(&self, mut stop: watch::Receiver<bool>) {
        let Some(sink) = &self.events else {
            return std::future::pending().await;
        };
        let mut holds = Holds::default();
        while !*stop.borrow() {
            match self.take_delivery().await {
                Ok(Some(turn)) => {
                    if let Over::Stopped = self.deliver(&**sink, &turn, &mut holds, &mut stop).await {
                        self.lay_down(&turn).await;
                        return;
                    }
                    // Whoever delivers now has its own experience with the sink.
                    holds = Holds::default();
                    self.tally.held.store(0, Ordering::Relaxed);
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(error = %Chain(&error), "the right to deliver could not be asked for"),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Takes the right to deliver; none while another instance holds it.
    async fn take_delivery(&self) -> Result<Option<Turn<'_>>> {
        let id = self.plan_delivery().await?;
        let Some(row) = self.store.job(id).await? else { return Ok(None) };
        if row.value.run_at > self.now() {
            return Ok(None);
        }
        Ok(Turn::take(&*self.store, &*self.clock, self.config.jobs.delivery_lease, row).await?)
    }

    /// Lets another instance deliver at once.
    async fn lay_down(&self, turn: &Turn<'_>) {
        let now = self.now();
        let laid = turn.put_back(|job| {
            job.run_at = now;
            job.attempts = 0;
        });
        if let Err(error) = laid.await {
            tracing::debug!(error = %Chain(&error), "the right to deliver runs out by itself");
        }
    }

    /// Delivers for as long as the right is held.
    async fn deliver(
        &self,
        sink: &dyn EventSink,
        turn: &Turn<'_>,
        holds: &mut Holds,
        stop: &mut watch::Receiver<bool>,
    ) -> Over {
        let renew_every = self.renew_every();
        let mut renewed = Instant::now();
        loop {
            if *stop.borrow() {
                return Over::Stopped;
            }
            if renewed.elapsed() >= renew_every {
                match turn.renew().await {
                    Ok(()) => renewed = Instant::now(),
                    Err(StoreError::Stale) => return Over::Lost,
                    Err(error) => tracing::warn!(error = %Chain(&error), "the right to deliver could not be renewed"),
                }
            }
            // Past its term without a renewal: somebody else may deliver already.
            let is_held = renewed.elapsed() < self.config.jobs.delivery_lease.unsigned_abs();
            let any = if is_held && holds.sink_is_tried() {
                match self.deliver_some(sink, turn, holds).await {
                    Ok(any) => any,
                    Err(StoreError::Stale) => return Over::Lost,
                    Err(error) => {
                        tracing::warn!(error = %Chain(&error), "the outbox could not be read or emptied");
                        tokio::time::sleep(LOOK_EVERY).await;
                        false
                    }
                }
            } else {
                false
            };
            self.tally.held.store(holds.len() as u64, Ordering::Relaxed);
            if !any {
                let wait = holds.next_try().unwrap_or(LOOK_EVERY).min(LOOK_EVERY).min(renew_every);
                tokio::select! {
                    () = tokio::time::sleep(wait.max(Duration::from_millis(10))) => {}
                    () = self.outbox.notified() => {}
                    _ = stop.wait_for(|stop| *stop) => {}
                }
            }
        }
    }

    /// Hands the oldest events that are not held back to the sink; answers whether there were any.
    async fn deliver_some(&self, sink: &dyn EventSink, turn: &Turn<'_>, holds: &mut Holds) -> Result<bool, StoreError> {
        let (free, due) = self.read_outbox(holds).await?;
        let any = !free.is_empty() || !due.is_empty();
        for part in due {
            self.hand_over_alone(sink, turn, holds, &part).await?;
        }
        if free.is_empty() || self.hand_over(sink, turn, &free).await? {
            if !free.is_empty() {
                holds.taken_by_sink();
            }
            return Ok(any);
        }
        // Which pair was it? Each alone, in the order of their oldest events.
        let (parts, mut refused) = (by_topic(free), Vec::new());
        let mut any_taken = false;
        for part in &parts {
            if self.hand_over(sink, turn, part).await? {
                any_taken = true;
            } else {
                refused.push(part[0].event.fact.topic());
            }
            if !any_taken && refused.len() >= SINK_IS_DOWN {
                holds.refused_by_sink();
                return Ok(false);
            }
        }
        for topic in refused {
            holds.refused(topic);
        }
        Ok(any)
    }

    /// Events of pairs that are not held back, up to a batch; and of those held back whose time has come, each on its own.
    async fn read_outbox(&self, holds: &Holds) -> Result<(Vec<StoredEvent>, Vec<Vec<StoredEvent>>), StoreError> {
        let (mut free, mut due) = (Vec::new(), Vec::new());
        let mut after = 0;
        loop {
            let page = self.store.events(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.number;
            let is_last = page.len() < PAGE;
            for stored in page {
                match holds.until(stored.event.fact.topic()) {
                    None if free.len() < BATCH => free.push(stored),
                    Some(until) if until <= Instant::now() && due.len() < BATCH => due.push(stored),
                    None | Some(_) => {}
                }
            }
            if is_last || free.len() >= BATCH {
                break;
            }
        }
        Ok((free, by_topic(due)))
    }

    /// Hands over one pair's events whose time has come.
    async fn hand_over_alone(
        &self,
        sink: &dyn EventSink,
        turn: &Turn<'_>,
        holds: &mut Holds,
        part: &[StoredEvent],
    ) -> Result<(), StoreError> {
        let topic = part[0].event.fact.topic();
        if self.hand_over(sink, turn, part).await? {
            holds.taken(topic);
        } else {
            holds.refused(topic);
        }
        Ok(())
    }

    /// Hands events to the sink and deletes what it has taken; answers whether it has.
    async fn hand_over(
        &self,
        sink: &dyn EventSink,
        turn: &Turn<'_>,
        stored: &[StoredEvent],
    ) -> Result<bool, StoreError> {
        let events: Vec<_> = stored.iter().map(|stored| stored.event.clone()).collect();
        let within = self.config.jobs.deliver_within.unsigned_abs();
        let delivering = tokio::time::timeout(within, sink.deliver(&events));
        let mut delivering = std::pin::pin!(delivering);
        let delivered = loop {
            tokio::select! {
                biased;
                delivered = delivering.as_mut() => break delivered,
                () = tokio::time::sleep(self.renew_every()) => {
                    if let Err(StoreError::Stale) = turn.renew().await {
                        return Err(StoreError::Stale);
                    }
                }
            }
        };
        let refused = |error: PortError| {
            self.tally.refused.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(error = %Chain(&error), count = events.len(), "events were not taken");
            Ok(false)
        };
        match delivered {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return refused(error),
            Err(late) => return refused(PortError::new("the sink did not answer in time", late)),
        }
        let numbers = stored.iter().map(|stored| stored.number).collect();
        self.store.commit(Work::new().change(Change::DropEvents(numbers))).await?;
        self.tally.delivered.fetch_add(events.len() as u64, Ordering::Relaxed);
        Ok(true)
    }

    fn renew_every(&self) -> Duration {
        (self.config.jobs.delivery_lease / 3).max(SignedDuration::from_millis(10)).unsigned_abs()
    }
}

/// The same events by what must be told in order, in the order of the oldest of each.
fn by_topic(stored: Vec<StoredEvent>) -> Vec<Vec<StoredEvent>> {
    let mut parts: Vec<Vec<StoredEvent>> = Vec::new();
    for stored in stored {
        let topic = stored.event.fact.topic();
        match parts.iter_mut().find(|part| part[0].event.fact.topic() == topic) {
            Some(part) => part.push(stored),
            None => parts.push(vec![stored]),
        }
    }
    parts
}
