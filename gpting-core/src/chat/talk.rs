//! Rooms and messages as participants use them: lists, history, sending.
//!
//! Every call asks the one question first: may this member see this room now (`Core::participant`)? A closed room, a
//! stranger's room and a room that never was are the same answer.

use jiff::SignedDuration;
use uuid::Uuid;

use super::room::{Message, MessageView, NewMessage, RoomOverview};
use crate::error::{Code, Error, Fault, Result};
use crate::event::{Event, Fact};
use crate::gpting::{Chat, Core, STRANGER, bounded, until_fresh};
use crate::id::{MAX_ID, MemberId, MessageId, RoomId};
use crate::interaction::PairKey;
use crate::limit::claim::Quota;
use crate::profile::Member;
use crate::profile::card::Card;
use crate::store::{Appended, Change, Committed, MessageRange, Page, StoreError, Work};
use crate::text;

/// A message before it is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    text: String,
    client_msg_id: Option<Uuid>,
}

impl std::fmt::Debug for Draft {
    /// Without the text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft").field("client_msg_id", &self.client_msg_id).finish_non_exhaustive()
    }
}

impl Draft {
    /// A message with this text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), client_msg_id: None }
    }

    /// The sender's own id for it: sent again under the same id, the first message is answered.
    #[must_use]
    pub fn id(mut self, id: impl Into<Option<Uuid>>) -> Self {
        self.client_msg_id = id.into();
        self
    }
}

/// What sending came to. It exists only after the commit: `Ok` means durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The stored message.
    pub view: MessageView,
    /// Whether it was stored before under the same `client_msg_id`.
    pub replayed: bool,
}

/// A room in a participant's list.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomView {
    /// The room and where both have read to.
    pub overview: RoomOverview,
    /// The other participant.
    pub partner: Card,
}

/// A room, who looks at it, and who sits across.
#[derive(Clone, Debug)]
pub(crate) struct Participant {
    pub(crate) overview: RoomOverview,
    pub(crate) me: Member,
    pub(crate) partner: Member,
}

impl Participant {
    /// A message as this participant sees it.
    pub(crate) fn view(&self, message: Message) -> MessageView {
        let is_mine = message.sender == self.me.id;
        let (sender, read_to) =
            if is_mine { (&self.me, self.overview.their_read) } else { (&self.partner, self.overview.my_read) };
        MessageView {
            sender_nickname: sender.profile.nickname.clone(),
            is_mine,
            is_read: message.seq <= read_to,
            message,
        }
    }
}

impl Chat<'_> {
    /// The member's open rooms, the latest activity first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn rooms(&self, me: MemberId, page: Page) -> Result<Vec<RoomView>> {
        let core = self.0;
        let viewer = core.acting(me).await?.value;
        let page = Page { limit: bounded(page.limit, core.config.limits.page), ..page };
        let overviews = core.store.list_rooms(me, page).await?;
        let ids: Vec<MemberId> = overviews.iter().map(|overview| overview.room.pair.other(me)).collect();
        let partners: rustc_hash::FxHashMap<MemberId, Member> =
            core.store.members(&ids).await?.into_iter().map(|row| (row.value.id, row.value)).collect();
        let now = core.now();
        Ok(overviews
            .into_iter()
            .filter_map(|overview| {
                let partner = partners.get(&overview.room.pair.other(me)).filter(|other| other.may_be_shown(true))?;
                let here = viewer.profile.location.as_ref();
                Some(RoomView { partner: Card::of(partner, here, true, &core.catalogue, now), overview })
            })
            .collect())
    }

    /// The room with somebody the member is connected to, and whether it had to be opened.
    ///
    /// # Errors
    /// [`Code::NotConnected`] for people the member may see but is not matched or friends with,
    /// [`Code::MemberNotFound`] for everybody else.
    pub async fn room_with(&self, me: MemberId, other: MemberId) -> Result<(RoomView, bool)> {
        let core = self.0;
        core.acting(me).await?;
        let (id, created) = until_fresh(|| async {
            let key = PairKey::of(me, other).ok_or(Code::SelfAction)?;
            let loaded = core.store.pair(key).await?;
            let Some(loaded) = loaded.filter(|loaded| loaded.value.is_connected()) else {
                core.seen(me, other).await?;
                return Err(Code::NotConnected.into());
            };
            let (expect, mut pair) = (loaded.expect(), loaded.value);
            let (id, opening) = core.open_room(&mut pair, core.now()).await?;
            let Some(opening) = opening else { return Ok((id, false)) };
            core.commit(Work::new().change(opening).change(Change::PutPair(Box::new(pair), expect))).await?;
            Ok((id, true))
        })
        .await?;
        let Participant { overview, me, partner } = core.participant(me, id).await.map_err(|_| STRANGER)?;
        let partner = Card::of(&partner, me.profile.location.as_ref(), true, &core.catalogue, core.now());
        Ok((RoomView { overview, partner }, created))
    }

    /// Messages of a room, oldest first: the last `limit` before a place, or the first `limit` after one.
    ///
    /// # Errors
    /// [`Code::RoomNotFound`].
    pub async fn history(
        &self,
        me: MemberId,
        room: RoomId,
        range: MessageRange,
        limit: usize,
    ) -> Result<Vec<MessageView>> {
        let core = self.0;
        let participant = core.participant(me, room).await?;
        let limit = bounded(limit, core.config.limits.page.max(core.config.chat.replay));
        core.visible_messages(&participant, range, limit).await
    }

    /// Says something. `Ok` means that it is durable and has its place.
    ///
    /// # Errors
    /// [`Code::RoomNotFound`]; a fault of the field `content`; [`Code::IdempotencyConflict`] when the `client_msg_id` was
    /// used with another text; [`Error::TooMany`] when the minute's messages are used up.
    pub async fn send(&self, me: MemberId, room: RoomId, draft: Draft) -> Result<Sent> {
        let core = self.0;
        let text =
            text::block(&draft.text, core.config.chat.message_chars).map_err(|fault| Error::field("content", fault))?;
        if text.is_empty() {
            return Err(Error::field("content", Fault::Required));
        }
        if let Some(most) = core.config.quotas.messages_per_minute {
            let quota = Quota::new(most, SignedDuration::from_mins(1));
            core.spend_often(core.claim("message", &[&me.value().to_le_bytes()], quota)).await?;
        }
        // Somebody who listens to the room here is known already. Whether it is open and theirs, the commit asks again.
        let speaker = if core.events.is_none() { core.hub.speaker(room, me) } else { None };
        if let Some(speaker) = speaker {
            let message = core.new_message(me, room, text.clone(), draft.client_msg_id);
            let mut work = Work::new().change(Change::Append(message));
            work.changes.extend(core.look_if_first(room, me));
            match core.commit(work).await {
                Ok(committed) => {
                    core.spoken.note(room, me);
                    let appended = only_one(committed, &text)?;
                    core.talks.said(room, appended.message.seq);
                    let is_read = appended.message.seq <= speaker.their_read;
                    let (sender_nickname, replayed) = (speaker.nickname.to_string(), appended.replayed);
                    let view = MessageView { sender_nickname, is_mine: true, is_read, message: appended.message };
                    return Ok(Sent { view, replayed });
                }
                // Closed a moment ago, or another lost race: found out below.
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        until_fresh(|| async {
            let participant = core.participant(me, room).await?;
            let message = core.new_message(me, room, text.clone(), draft.client_msg_id);
            let (other, muted) = (participant.partner.id, participant.overview.their_muted);
            let fact = Fact::MessageSent { member: me, other, room, message: message.id, muted };
            let event = Event { at: message.at, fact };
            let mut work = Work::new().change(Change::Append(message)).event(event);
            work.changes.extend(core.look_if_first(room, me));
            let committed = core.commit(work).await?;
            core.spoken.note(room, me);
            let appended = only_one(committed, &text)?;
            core.talks.said(room, appended.message.seq);
            Ok(Sent { view: participant.view(appended.message), replayed: appended.replayed })
        })
        .await
    }
}

/// The one message of a commit, unless it is another one under the same `client_msg_id`.
fn only_one(committed: Committed, text: &str) -> Result<Appended> {
    let appended = committed.appended.into_iter().next().ok_or_else(|| Error::Internal {
        what: "the store appended nothing and said nothing",
        source: "broken store contract".into(),
    })?;
    // What was taken back since has no text to compare; its place is the answer all the same.
    if appended.replayed && appended.message.unsent.is_none() && appended.message.text != text {
        return Err(Code::IdempotencyConflict.into());
    }
    Ok(appended)
}

/// The id of the message that a sender names so in a room: always the same, and spread as evenly as a random one.
fn message_id(room: RoomId, sender: MemberId, client: Uuid) -> MessageId {
    use sha2::{Digest as _, Sha256};

    (0_u8..)
        .find_map(|round| {
            let mut hash = Sha256::new();
            hash.update([round]);
            hash.update(room.value().to_le_bytes());
            hash.update(sender.value().to_le_bytes());
            hash.update(client.as_bytes());
            let first = *hash.finalize().first_chunk()?;
            MessageId::new(i64::from_le_bytes(first) & MAX_ID)
        })
        .expect("not every hash is zero")
}

impl Core {
    /// A message that is about to be said. Sent again, it has the id that it had: what the host is told then is a
    /// repetition, and no message that there never was.
    fn new_message(&self, sender: MemberId, room: RoomId, text: String, client_msg_id: Option<Uuid>) -> NewMessage {
        let id = match client_msg_id {
            Some(client) => message_id(room, sender, client),
            None => MessageId::draw(&*self.rng),
        };
        NewMessage { id, room, sender, text, at: self.now(), client_msg_id }
    }

    /// A room as one of its two participants sees it. Everybody else, and everybody once it is closed, gets the answer
    /// for a room that does not exist.
    pub(crate) async fn participant(&self, me: MemberId, room: RoomId) -> Result<Participant> {
        let overview = self.store.room_overview(me, room).await?.ok_or(Code::RoomNotFound)?;
        let other = overview.room.pair.other(me);
        let mut rows = self.store.members(&[me, other]).await?;
        let (Some(mine), Some(theirs)) =
            (rows.iter().position(|row| row.value.id == me), rows.iter().position(|row| row.value.id == other))
        else {
            return Err(Code::RoomNotFound.into());
        };
        let partner = rows[theirs].value.clone();
        let me = rows.swap_remove(mine).value;
        if me.may_be_shown(false) && partner.may_be_shown(true) {
            Ok(Participant { overview, me, partner })
        } else {
            Err(Code::RoomNotFound.into())
        }
    }

    /// Messages a participant may see: what was closed away stays hidden.
    pub(crate) async fn visible_messages(
        &self,
        participant: &Participant,
        range: MessageRange,
        limit: usize,
    ) -> Result<Vec<MessageView>> {
        let room = &participant.overview.room;
        let range = match range {
            MessageRange::After(seq) => MessageRange::After(seq.max(room.hidden_through)),
            MessageRange::Before(seq) => MessageRange::Before(seq),
        };
        let messages = self.store.messages(room.id, range, limit, Some(participant.me.id)).await?;
        Ok(messages
            .into_iter()
            .filter(|message| message.seq > room.hidden_through)
            .map(|message| participant.view(message))
            .collect())
    }
}
