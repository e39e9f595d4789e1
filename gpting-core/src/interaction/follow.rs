//! Following a match: who has written to whom moves the pair's outcome forward, from which every instance learns.
//!
//! Called by the job that every match puts (so nothing is lost when a process dies), and sooner by this instance after a
//! message whose place tells that something may have changed. Sending itself reads and writes nothing more for it. Calls the
//! store; [`outcome`](super::outcome) decides. Idempotent: done again it changes nothing.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use super::outcome::LOOKED_AT;
use super::pair::{MatchState, Outcome, Stage};
use crate::chat::{Message, Room};
use crate::error::{Chain, Result};
use crate::gpting::{Core, until_fresh};
use crate::id::{JobId, RoomId};
use crate::job::{Job, Task};
use crate::store::{Change, Expect, MessageRange, Work};

/// How old a match is when it is looked at; the last time a match that nobody has spoken in is silent.
const LOOKS: [SignedDuration; 7] = [
    SignedDuration::from_mins(10),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(6),
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(3 * 24),
    SignedDuration::from_hours(7 * 24),
    SignedDuration::from_hours(14 * 24),
];
/// Rooms that may wait here; the job finds those beyond.
const WAITING: usize = 10_000;
/// How long rooms gather before they are looked at.
const GATHER: Duration = Duration::from_millis(300);

/// Rooms in which something was said that may matter.
#[derive(Debug, Default)]
pub(crate) struct Talks {
    rooms: Mutex<BTreeSet<RoomId>>,
    woken: Notify,
}

impl Talks {
    fn take(&self) -> BTreeSet<RoomId> {
        std::mem::take(&mut *self.rooms.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A message was appended. Costs no more than a look at its place, after the first few of a room.
    pub(crate) fn said(&self, room: RoomId, seq: u64) {
        if !may_matter(seq) {
            return;
        }
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() < WAITING {
            rooms.insert(room);
            drop(rooms);
            self.woken.notify_one();
        }
    }
}

/// Whether a room is looked at after the message at this place: after each of the first dozen, then less and less often.
fn may_matter(seq: u64) -> bool {
    seq <= 12 || matches!(seq, 16 | 24 | 32 | 48 | 64 | 96)
}

impl Core {
    /// Whether a match of that age may still become something that a look finds.
    pub(crate) fn is_followed(matched_at: Timestamp, now: Timestamp) -> bool {
        LOOKS.last().is_some_and(|last| now.duration_since(matched_at) < *last)
    }

    /// The job that follows a new match.
    pub(crate) fn begin_to_follow(&self, room: RoomId, now: Timestamp) -> Change {
        let first = now.checked_add(LOOKS[0]).unwrap_or(Timestamp::MAX);
        Change::PutJob(Job::new(JobId::draw(&*self.rng), Task::FollowTalk { room }, first), Expect::New)
    }

    /// Looks how far the talk in a room has come; after how long it is to be looked at again, if it is.
    pub(crate) async fn follow_talk(&self, id: RoomId) -> Result<Option<Duration>> {
        until_fresh(|| async {
            let Some(room) = self.store.room(id).await? else { return Ok(None) };
            let Some(loaded) = self.store.pair(room.value.pair).await? else { return Ok(None) };
            let (expect, mut pair) = (loaded.expect(), loaded.value);
            let MatchState::Matched { at } = pair.match_state else { return Ok(None) };
            let is_over = |stage: Option<Stage>| stage == Some(Stage::Conversed);
            if is_over(pair.outcome.map(|outcome| outcome.stage)) {
                return Ok(None);
            }
            let now = self.now();
            let said = self.said_since(&room.value, at).await?;
            let said = said.iter().filter_map(|message| Some((pair.key.side(message.sender)?, message.at)));
            let next = LOOKS.iter().find(|look| now.duration_since(at) < **look);
            let silent = next.is_none().then(|| Outcome::silent(now));
            if let Some(outcome) = Outcome::of(said).or(silent)
                && pair.come_to(outcome)
            {
                let is_over = is_over(Some(outcome.stage));
                self.commit(Work::new().change(Change::PutPair(Box::new(pair), expect))).await?;
                if is_over {
                    return Ok(None);
                }
            }
            Ok(next.map(|look| (*look - now.duration_since(at)).unsigned_abs()))
        })
        .await
    }

    /// The first messages of a room since a time: what friends said before they matched is nothing that came of it. Reads
    /// once where nothing was said before, else a few times a single message, since places and times grow together.
    async fn said_since(&self, room: &Room, since: Timestamp) -> Result<Vec<Message>> {
        let read = async |seq, limit| self.store.messages(room.id, MessageRange::After(seq), limit, None).await;
        let mut said = read(0, LOOKED_AT).await?;
        if said.first().is_some_and(|first| first.at < since) {
            let (mut before, mut end) = (1, room.last_seq.max(1));
            while before < end {
                let middle = before + (end - before) / 2;
                match read(middle, 1).await?.first() {
                    Some(message) if message.at < since => before = message.seq,
                    Some(_) | None => end = middle,
                }
            }
            said = read(before, LOOKED_AT).await?;
        }
        // Clocks of instances differ by a little.
        said.retain(|message| message.at >= since);
        Ok(said)
    }

    /// Looks at the rooms in which something was said here. What fails is found by the job of the match.
    pub(crate) async fn follow_talks(&self) {
        for room in self.talks.take() {
            if let Err(error) = self.follow_talk(room).await {
                tracing::debug!(error = %Chain(&error), "a talk is followed later");
            }
        }
    }

    /// Does so again and again.
    pub(crate) async fn run_talks(&self) {
        loop {
            self.talks.woken.notified().await;
            tokio::time::sleep(GATHER).await;
            self.follow_talks().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_looked_at_a_bounded_number_of_times() {
        let looks = (1..=10_000).filter(|seq| may_matter(*seq)).count();
        assert_eq!(looks, 18);
        assert!(LOOKS.is_sorted());
    }
}
