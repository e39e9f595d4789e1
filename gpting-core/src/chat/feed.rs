//! A live view of one room for one participant: replay, then everything new, in order and without a hole.
//!
//! The database is the log and the bus only wakes: a feed subscribes first, reads second, and looks again every few
//! seconds even when nobody wakes it, so a lost hint costs time and never a message.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::Instant;

use super::talk::MessageView;
use crate::error::{Code, Result};
use crate::gpting::{Chat, Core};
use crate::id::{MemberId, RoomId};
use crate::port::Hint;
use crate::store::MessageRange;

/// What happens in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// A message, the viewer's own included.
    Message(MessageView),
    /// Somebody has read up to there.
    Read {
        /// Who.
        member: MemberId,
        /// Up to where.
        seq: u64,
    },
    /// The partner is writing. Ephemeral: may be lost.
    Typing {
        /// Who.
        member: MemberId,
    },
    /// Something about the viewer has changed, perhaps a session of theirs has ended: whoever listens for one looks whether
    /// it still lives. Ephemeral: may be lost.
    Me,
    /// More was missed than is replayed: load the history.
    ResyncRequired,
    /// The room is closed for this member, for whatever reason.
    Closed,
}

/// A participant's live view of a room. Dropping it ends it.
#[derive(Debug)]
pub struct RoomFeed {
    core: Arc<Core>,
    me: MemberId,
    room: RoomId,
    hints: Receiver<Hint>,
    /// The newest message handed out, or skipped on purpose.
    seen: u64,
    head: u64,
    reads: [u64; 2],
    ready: std::collections::VecDeque<RoomEvent>,
    next_poll: Instant,
    /// Something may have happened since the log was read last.
    look: bool,
    closed: bool,
}

impl Chat<'_> {
    /// Joins a room. With `after`, everything behind that place is replayed, up to the replay limit; without, only what
    /// comes from now on.
    ///
    /// # Errors
    /// [`Code::RoomNotFound`].
    pub async fn join(&self, me: MemberId, room: RoomId, after: Option<u64>) -> Result<RoomFeed> {
        let core = self.0;
        // Before the first read: what is committed in between is seen by the read, what comes later by the hint.
        let hints = core.bus.subscribe();
        let overview = core.participant(me, room).await?.overview;
        let head = overview.room.last_seq;
        let mut feed = RoomFeed {
            core: Arc::clone(core),
            me,
            room,
            hints,
            seen: head,
            head,
            reads: [overview.my_read, overview.their_read],
            ready: std::collections::VecDeque::new(),
            next_poll: Instant::now() + poll_every(core),
            look: false,
            closed: false,
        };
        if let Some(after) = after {
            feed.resume(after);
        }
        Ok(feed)
    }

    /// Tells the partner that the member is writing. Nothing is stored.
    ///
    /// # Errors
    /// [`Code::RoomNotFound`].
    pub async fn typing(&self, me: MemberId, room: RoomId) -> Result<()> {
        self.0.participant(me, room).await?;
        self.0.bus.publish(&[Hint::Typing { room, member: me }]);
        Ok(())
    }
}

impl RoomFeed {
    /// The newest `seq` when the feed was joined, or handed out since.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Tells this run of the service from others; a client that resumes with another one starts afresh.
    pub fn epoch(&self) -> u64 {
        self.core.epoch
    }

    /// Goes back to `after`: what lies behind it is handed out next, or [`RoomEvent::ResyncRequired`] when that is more
    /// than is replayed.
    pub fn resume(&mut self, after: u64) {
        let missed = self.head.saturating_sub(after);
        if missed > self.core.config.chat.replay as u64 {
            self.ready.push_back(RoomEvent::ResyncRequired);
            self.seen = self.head;
        } else {
            self.seen = after.min(self.head);
            self.look = true;
        }
    }

    /// The next thing that happens. Cancel-safe: nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// When the store fails; the feed can be asked again.
    pub async fn next(&mut self) -> Result<RoomEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            if self.closed {
                // Said once; whoever asks again waits for ever, as after the end of any log.
                std::future::pending::<()>().await;
            }
            if self.look {
                self.read_log().await?;
                continue;
            }
            tokio::select! {
                hint = self.hints.recv() => match hint {
                    Ok(Hint::Room(room)) if room == self.room => self.look = true,
                    Ok(Hint::Typing { room, member }) if room == self.room && member != self.me => {
                        self.ready.push_back(RoomEvent::Typing { member });
                    }
                    Ok(Hint::Member(member)) if member == self.me => self.ready.push_back(RoomEvent::Me),
                    Ok(Hint::Member(_) | Hint::Room(_) | Hint::Typing { .. }) => {}
                    // Hints were lost, or there is no bus any more: the log still knows.
                    Err(RecvError::Lagged(_)) => self.look = true,
                    Err(RecvError::Closed) => {
                        tokio::time::sleep_until(self.next_poll).await;
                        self.look = true;
                    }
                },
                () = tokio::time::sleep_until(self.next_poll) => self.look = true,
            }
        }
    }

    /// Reads what is new in the log. State moves only after the last await, so that a dropped call loses nothing.
    async fn read_log(&mut self) -> Result<()> {
        let participant = match self.core.participant(self.me, self.room).await {
            Ok(participant) => participant,
            Err(error) if error.code() == Code::RoomNotFound => {
                self.closed = true;
                self.ready.push_back(RoomEvent::Closed);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let batch = self.core.config.chat.replay;
        let messages = self.core.visible_messages(&participant, MessageRange::After(self.seen), batch).await?;
        self.look = messages.len() == batch;
        self.next_poll = Instant::now() + poll_every(&self.core);
        let overview = participant.overview;
        for view in messages {
            self.seen = view.message.seq;
            self.head = self.head.max(self.seen);
            self.ready.push_back(RoomEvent::Message(view));
        }
        let partner = overview.room.pair.other(self.me);
        for (place, (member, seq)) in
            [(self.me, overview.my_read), (partner, overview.their_read)].into_iter().enumerate()
        {
            if seq > self.reads[place] {
                self.reads[place] = seq;
                self.ready.push_back(RoomEvent::Read { member, seq });
            }
        }
        Ok(())
    }
}

fn poll_every(core: &Core) -> Duration {
    core.config.chat.poll_every.max(SignedDuration::from_millis(10)).unsigned_abs()
}
