//! Whose events wait because the sink has refused them, and until when. In memory: whoever takes over tries afresh.
//!
//! Called by the delivery of the outbox. Invariant: a pair that waits waits as a whole, so its order stays.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Topic;

/// The wait after the first refusal; it doubles with each further one.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait of a pair.
const SLOWEST: Duration = Duration::from_mins(5);
/// The longest wait when everything is refused: a sink that is back should be found soon.
const SLOWEST_SINK: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug)]
struct Hold {
    refusals: u32,
    until: Instant,
}

impl Hold {
    /// After one more refusal.
    fn after(before: Option<Self>, slowest: Duration) -> Self {
        let refusals = before.map_or(0, |hold| hold.refusals);
        let wait = FIRST.saturating_mul(1 << refusals.min(16)).min(slowest);
        Self { refusals: refusals.saturating_add(1), until: Instant::now() + wait }
    }
}

#[derive(Debug, Default)]
pub(super) struct Holds {
    topics: BTreeMap<Topic, Hold>,
    sink: Option<Hold>,
}

impl Holds {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.topics.len()
    }

    /// Until when a pair waits, if it does.
    pub(super) fn until(&self, topic: Topic) -> Option<Instant> {
        self.topics.get(&topic).map(|hold| hold.until)
    }

    /// How long until the next pair, or the sink, is tried again.
    pub(super) fn next_try(&self) -> Option<Duration> {
        let next = self.sink.map(|hold| hold.until).or_else(|| self.topics.values().map(|hold| hold.until).min());
        next.map(|until| until.saturating_duration_since(Instant::now()))
    }

    /// Whether the sink may be tried now.
    pub(super) fn sink_is_tried(&self) -> bool {
        self.sink.is_none_or(|hold| hold.until <= Instant::now())
    }

    pub(super) fn refused(&mut self, topic: Topic) {
        let hold = Hold::after(self.topics.get(&topic).copied(), SLOWEST);
        self.topics.insert(topic, hold);
    }

    pub(super) fn taken(&mut self, topic: Topic) {
        self.topics.remove(&topic);
        self.sink = None;
    }

    pub(super) fn refused_by_sink(&mut self) {
        self.sink = Some(Hold::after(self.sink, SLOWEST_SINK));
    }

    pub(super) fn taken_by_sink(&mut self) {
        self.sink = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MemberId;

    fn topic(a: i64) -> Topic {
        (MemberId::new(a).unwrap(), None)
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_pair_waits_longer_each_time_and_alone() {
        let mut holds = Holds::default();
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            holds.refused(topic(1));
            let wait = holds.until(topic(1)).unwrap() - Instant::now();
            assert_eq!(wait, Duration::from_secs(seconds));
            assert_eq!(holds.next_try(), Some(wait));
            tokio::time::advance(wait).await;
        }
        assert!(holds.until(topic(2)).is_none() && holds.sink_is_tried());
        holds.taken(topic(1));
        assert_eq!((holds.len(), holds.next_try()), (0, None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_sink_that_is_down_is_tried_twice_a_minute() {
        let mut holds = Holds::default();
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            holds.refused_by_sink();
            assert!(!holds.sink_is_tried());
            assert_eq!(holds.next_try(), Some(Duration::from_secs(seconds)));
            tokio::time::advance(Duration::from_secs(seconds)).await;
            assert!(holds.sink_is_tried());
        }
        holds.taken_by_sink();
        assert_eq!(holds.next_try(), None);
    }
}
