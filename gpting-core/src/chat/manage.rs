//! What participants do with messages that are there: mark as read, take back, hide, mute, take along.

use jiff::Timestamp;

use super::room::MessageView;
use crate::assist::Subject;
use crate::error::{Code, Result};
use crate::gpting::Chat;
use crate::id::{MemberId, RoomId};
use crate::port::Hint;
use crate::profile::card::Card;
use crate::store::{Change, MessageRange, StoreError, Work};

/// How many messages of an export are read at once.
const EXPORT_BATCH: usize = 1_000;
/// The most messages of one export: what a pair writes in years, and what fits into an answer.
const EXPORT_MOST: usize = 100_000;

/// A conversation as a participant takes it along.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The room.
    pub room: RoomId,
    /// When it was first opened.
    pub created_at: Timestamp,
    /// The other participant.
    pub partner: Card,
    /// The messages, oldest first; without those the participant has hidden.
    pub messages: Vec<MessageView>,
    /// Whether there are more than are taken along at once: the oldest are left out then.
    pub is_cut: bool,
}

impl Chat<'_> {
    /// Marks everything up to `seq` as read and answers where the mark stands now. It never goes back, nor beyond the
    /// newest message.
    ///
    /// # Errors
    /// [`Code::RoomNotFound`].
    pub async fn read(&self, me: MemberId, room: RoomId, seq: u64) -> Result<u64> {
        self.mark(me, room, seq, false).await
    }

    /// The same without showing it to the partner.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn read_privately(&self, me: MemberId, room: RoomId, seq: u64) -> Result<u64> {
        self.mark(me, room, seq, true).await
    }

    async fn mark(&self, me: MemberId, room: RoomId, seq: u64, private: bool) -> Result<u64> {
        let core = self.0;
        let before = core.participant(me, room).await?.overview;
        let seq = seq.min(before.room.last_seq);
        let known = if private { before.my_read } else { before.my_shown };
        if seq <= known {
            return Ok(before.my_read);
        }
        core.commit(Work::new().change(Change::MarkRead { room, member: me, seq, shown: !private })).await?;
        let now = core.store.room_overview(me, room).await?;
        Ok(now.map_or(seq, |overview| overview.my_read))
    }

    /// Takes back a message of one's own, for everybody: a tombstone keeps its place. Again, it changes nothing.
    ///
    /// # Errors
    /// [`Code::RoomNotFound`]; [`Code::NotFound`] when the member has no such message there.
    pub async fn unsend(&self, me: MemberId, room: RoomId, seq: u64) -> Result<()> {
        let core = self.0;
        self.visible(me, room, seq).await?;
        let mut work = Work::new().change(Change::Unsend { room, sender: me, seq });
        // What is being found at this very moment the job takes away; what comes next may be the first one now.
        work = work.change(core.look_at_first(room, me));
        let subject = Subject::FirstMessage(room);
        let place = seq.to_string();
        if core.store.findings(me, subject).await?.iter().any(|found| found.content == place) {
            work = work.change(Change::DropFindings { member: me, subject });
        }
        match core.commit(work).await {
            Ok(_) => Ok(()),
            Err(StoreError::Stale) => Err(Code::NotFound.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Hides a message for oneself, whoever wrote it. The other keeps it.
    ///
    /// # Errors
    /// [`Code::RoomNotFound`]; [`Code::NotFound`] when there is no such message.
    pub async fn hide(&self, me: MemberId, room: RoomId, seq: u64) -> Result<()> {
        self.visible(me, room, seq).await?;
        self.0.commit(Work::new().change(Change::Hide { room, member: me, seq })).await?;
        Ok(())
    }

    /// Says whether the member wants notifications of a room. Messages come all the same; the events that the host is
    /// told carry it.
    ///
    /// # Errors
    /// [`Code::RoomNotFound`].
    pub async fn mute(&self, me: MemberId, room: RoomId, muted: bool) -> Result<()> {
        self.0.participant(me, room).await?;
        self.0.commit(Work::new().change(Change::Mute { room, member: me, muted })).await?;
        Ok(())
    }

    /// The whole conversation, as far as the member may still see it.
    ///
    /// # Errors
    /// [`Code::RoomNotFound`].
    pub async fn export(&self, me: MemberId, room: RoomId) -> Result<Exported> {
        let core = self.0;
        let participant = core.participant(me, room).await?;
        let mut messages: Vec<MessageView> = Vec::new();
        let mut before = participant.overview.room.last_seq + 1;
        // From the newest backwards, a bounded piece at a time.
        let is_cut = loop {
            let mut piece = core.visible_messages(&participant, MessageRange::Before(before), EXPORT_BATCH).await?;
            let last = piece.len() < EXPORT_BATCH;
            before = piece.first().map_or(before, |view| view.message.seq);
            piece.reverse();
            messages.extend(piece);
            if last || messages.len() >= EXPORT_MOST {
                break !last;
            }
        };
        messages.reverse();
        let here = participant.me.profile.location.as_ref();
        Ok(Exported {
            room,
            created_at: participant.overview.room.created_at,
            partner: Card::of(&participant.partner, here, true, &core.catalogue, core.now()),
            messages,
            is_cut,
        })
    }

    /// Tells the partner that the member is writing. Nothing is stored.
    ///
    /// # Errors
    /// [`Code::RoomNotFound`].
    pub async fn typing(&self, me: MemberId, room: RoomId) -> Result<()> {
        self.0.participant(me, room).await?;
        self.0.pass_on(Hint::Typing { room, member: me });
        Ok(())
    }

    /// Tells the partner that the member has the room before them, or has left it. Nothing is stored.
    ///
    /// # Errors
    /// [`Code::RoomNotFound`].
    pub async fn present(&self, me: MemberId, room: RoomId, online: bool) -> Result<()> {
        self.0.participant(me, room).await?;
        self.0.pass_on(Hint::Presence { room, member: me, online });
        Ok(())
    }

    /// Makes sure that there is a message at a place that the member may see.
    async fn visible(&self, me: MemberId, room: RoomId, seq: u64) -> Result<()> {
        let state = self.0.participant(me, room).await?.overview.room;
        if seq > state.hidden_through && seq <= state.last_seq { Ok(()) } else { Err(Code::NotFound.into()) }
    }
}
