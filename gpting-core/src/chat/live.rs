//! A member's live view of their rooms: replay, then everything new, in order and without a hole.
//!
//! The database is the log. A subscription enters the `hub` first and reads second, so that what is
//! committed in between comes by one of the two ways, and tells what came by both only once: by `seq`. Dropping it ends
//! it.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::event::ChatEvent;
use super::hub::inbox::{Inbox, Rooms};
use super::hub::{Face, Told, pump};
use super::room::{MessageView, RoomState};
use crate::error::{Code, Result};
use crate::gpting::{Chat, Core};
use crate::id::{MemberId, RoomId};
use crate::profile::Member;
use crate::store::{MessageRange, Page};

/// The most rooms of a member that one subscription hears.
const MOST_ROOMS: usize = 1_000;

/// Up to where a client that comes back knows a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The room.
    pub room: RoomId,
    /// The newest message it has.
    pub seq: u64,
    /// The newest [`revision`](ChatEvent::Unsent) it knows; none when it does not keep count.
    pub revision: Option<u64>,
}

/// How far a room has been told.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The newest message handed out, or skipped on purpose.
    seen: u64,
    revision: u64,
}

/// A member's live view of one room or of all. Dropping it ends it.
#[derive(Debug)]
pub struct Subscription {
    core: Arc<Core>,
    me: MemberId,
    inbox: Arc<Inbox>,
    rooms: FxHashMap<RoomId, Place>,
    ready: VecDeque<ChatEvent>,
    resuming: VecDeque<Cursor>,
    /// A room that is being looked at because it was opened.
    opening: Option<RoomId>,
    is_over: bool,
}

impl Chat<'_> {
    /// Listens to one room or to all of the member's, from now on; [`Subscription::resume`] goes back.
    ///
    /// # Errors
    /// [`Code::RoomNotFound`] for one room that is none of theirs.
    pub async fn subscribe(&self, me: MemberId, rooms: Rooms) -> Result<Subscription> {
        let core = self.0;
        let mut subscription = Subscription {
            core: Arc::clone(core),
            me,
            inbox: Arc::new(Inbox::new(me, rooms)),
            rooms: FxHashMap::default(),
            ready: VecDeque::new(),
            resuming: VecDeque::new(),
            opening: None,
            is_over: false,
        };
        // Before the first read: what is committed in between is seen by the read, what comes later by the hint.
        let hints = core.bus.subscribe();
        if core.hub.enter(&subscription.inbox) {
            pump::start(core, hints);
        }
        let rooms = match rooms {
            Rooms::One(room) => vec![room],
            Rooms::All => subscription.my_rooms().await?,
        };
        let joined = subscription.join_all(&rooms).await?;
        match subscription.inbox.rooms {
            Rooms::One(_) if joined == 0 => Err(Code::RoomNotFound.into()),
            Rooms::One(_) | Rooms::All => Ok(subscription),
        }
    }

    /// Listens to one room. With `after`, everything behind that place is replayed, up to the replay limit; without, only
    /// what comes from now on.
    ///
    /// # Errors
    /// [`Code::RoomNotFound`].
    pub async fn join(&self, me: MemberId, room: RoomId, after: Option<u64>) -> Result<Subscription> {
        let mut subscription = self.subscribe(me, Rooms::One(room)).await?;
        if let Some(seq) = after {
            subscription.resume(None, &[Cursor { room, seq, revision: None }]);
        }
        Ok(subscription)
    }
}

impl Subscription {
    /// The rooms that are heard, with the newest message and the revision told of each.
    pub fn rooms(&self) -> impl Iterator<Item = (RoomId, u64, u64)> {
        self.rooms.iter().map(|(room, place)| (*room, place.seen, place.revision))
    }

    /// Whether a room is heard.
    pub fn hears(&self, room: RoomId) -> bool {
        self.rooms.contains_key(&room)
    }

    /// Tells this log from others; whoever resumes with another one starts afresh.
    pub fn epoch(&self) -> u64 {
        self.core.epoch
    }

    /// Goes back in some rooms: each is answered by [`ChatEvent::Resumed`] and what lies behind the place, or by
    /// [`ChatEvent::ResyncRequired`] when that is more than is replayed or the epoch is another one, or by
    /// [`ChatEvent::Closed`] when the room is none of the member's (any more).
    pub fn resume(&mut self, epoch: Option<u64>, cursors: &[Cursor]) {
        let same_log = epoch.is_none_or(|epoch| epoch == self.core.epoch);
        for cursor in cursors.iter().take(MOST_ROOMS) {
            if !self.hears(cursor.room) {
                self.ready.push_back(ChatEvent::Closed { room: cursor.room });
            } else if same_log {
                self.resuming.push_back(*cursor);
            } else {
                // A place beyond every head: the answer is that it must be loaded anew.
                self.resuming.push_back(Cursor { seq: u64::MAX, ..*cursor });
            }
        }
    }

    /// The next thing that happens. Cancel-safe: nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// When the store fails; it can be asked again.
    pub async fn next(&mut self) -> Result<ChatEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            if self.is_over {
                // Said once; whoever asks again waits for ever, as after the end of any log.
                std::future::pending::<()>().await;
            }
            if let Some(room) = self.opening {
                self.open(room).await?;
                self.opening = None;
                continue;
            }
            if !self.resuming.is_empty() {
                self.replay().await?;
                continue;
            }
            let Ok(told) = self.inbox.next().await else {
                self.is_over = true;
                return Ok(ChatEvent::TooSlow);
            };
            if let Some(event) = self.event(told) {
                return Ok(event);
            }
        }
    }

    /// The next thing that happens, if it has happened already and nothing has to be read for it.
    pub fn take(&mut self) -> Option<ChatEvent> {
        loop {
            let is_reading = self.opening.is_some() || !self.resuming.is_empty();
            if self.is_over || !self.ready.is_empty() || is_reading {
                return self.ready.pop_front();
            }
            let Ok(told) = self.inbox.take()? else {
                self.is_over = true;
                return Some(ChatEvent::TooSlow);
            };
            if let Some(event) = self.event(told) {
                return Some(event);
            }
        }
    }

    /// What the member is told of what the hub tells all; none when it is known already.
    fn event(&mut self, told: Told) -> Option<ChatEvent> {
        match told {
            Told::Message { message, nickname } => {
                let place = self.rooms.get_mut(&message.room).filter(|place| message.seq > place.seen)?;
                place.seen = message.seq;
                Some(ChatEvent::Message(MessageView {
                    sender_nickname: nickname.to_string(),
                    is_mine: message.sender == self.me,
                    is_read: false,
                    message: Arc::unwrap_or_clone(message),
                }))
            }
            Told::Unsent { room, seq, revision } => {
                let place = self.rooms.get_mut(&room)?;
                place.revision = place.revision.max(revision);
                Some(ChatEvent::Unsent { room, seq, revision })
            }
            Told::Opened { room } => {
                if !self.hears(room) {
                    self.opening = Some(room);
                }
                None
            }
            Told::Closed { room } => self.drop_room(room).then_some(ChatEvent::Closed { room }),
            Told::Lost { room } => {
                self.resuming.push_back(Cursor { room, seq: u64::MAX, revision: None });
                None
            }
            Told::Read { room, member, seq } => self.hears(room).then_some(ChatEvent::Read { room, member, seq }),
            Told::Typing { room, member } => self.hears(room).then_some(ChatEvent::Typing { room, member }),
            Told::Presence { room, member, online } => {
                self.hears(room).then_some(ChatEvent::Presence { room, member, online })
            }
            Told::Me => Some(ChatEvent::Me),
        }
    }

    /// Hears a room no more; false when it was not heard.
    fn drop_room(&mut self, room: RoomId) -> bool {
        if self.rooms.remove(&room).is_none() {
            return false;
        }
        self.core.hub.unwatch(std::iter::once(room));
        self.is_over = self.inbox.rooms == Rooms::One(room);
        true
    }

    /// The member's open rooms, the latest activity first.
    async fn my_rooms(&self) -> Result<Vec<RoomId>> {
        let mut ids = Vec::new();
        let mut page = Page::first(self.core.config.limits.page);
        loop {
            let rows = self.core.store.list_rooms(self.me, page).await?;
            ids.extend(rows.iter().map(|row| row.room.id));
            let Some(last) = rows.last().filter(|_| rows.len() == page.limit && ids.len() < MOST_ROOMS) else {
                return Ok(ids);
            };
            let before = crate::store::Before { at: last.activity(), id: last.room.id.value() };
            page = Page::after(before, page.limit);
        }
    }

    /// Joins those of some rooms that are open for the member; answers how many.
    async fn join_all(&mut self, rooms: &[RoomId]) -> Result<usize> {
        let known: Vec<(RoomId, u64)> = rooms.iter().map(|room| (*room, 0)).collect();
        let states = self.core.store.rooms_moved(&known).await?;
        let mine = |state: &&RoomState| state.room.closed_at.is_none() && state.room.has(self.me);
        let states: Vec<&RoomState> = states.iter().filter(mine).collect();
        let mut ids: Vec<MemberId> = states.iter().flat_map(|s| [s.room.pair.low, s.room.pair.high]).collect();
        ids.sort_unstable();
        ids.dedup();
        let members: FxHashMap<MemberId, Member> =
            self.core.store.members(&ids).await?.into_iter().map(|row| (row.value.id, row.value)).collect();
        let here = |id: MemberId, connected| members.get(&id).is_some_and(|member| member.may_be_shown(connected));
        let mut joined = 0;
        for state in states {
            let room = &state.room;
            if here(self.me, false) && here(room.pair.other(self.me), true) && !self.hears(room.id) {
                let faces = [room.pair.low, room.pair.high].map(|id| Face::of(members.get(&id)));
                self.core.hub.watch(state, faces);
                self.rooms.insert(room.id, Place { seen: room.last_seq, revision: room.revision });
                joined += 1;
            }
        }
        Ok(joined)
    }

    /// Looks at a room that was opened: joined, it is told, with what has been said there meanwhile.
    async fn open(&mut self, room: RoomId) -> Result<()> {
        if self.join_all(&[room]).await? > 0
            && let Some(place) = self.rooms.get_mut(&room)
        {
            let head = place.seen;
            self.ready.push_back(ChatEvent::Opened { room, head });
        }
        Ok(())
    }

    /// Answers the next room that is resumed. State moves only after the last await.
    async fn replay(&mut self) -> Result<()> {
        let Some(cursor) = self.resuming.front().copied() else { return Ok(()) };
        let events = self.replayed(cursor).await?;
        self.resuming.pop_front();
        for event in &events {
            let (seen, revision) = match event {
                ChatEvent::Closed { room } => {
                    self.drop_room(*room);
                    continue;
                }
                ChatEvent::Resumed { head, revision, .. } | ChatEvent::ResyncRequired { head, revision, .. } => {
                    (*head, *revision)
                }
                ChatEvent::Message(view) => (view.message.seq, 0),
                ChatEvent::Unsent { .. }
                | ChatEvent::Read { .. }
                | ChatEvent::Typing { .. }
                | ChatEvent::Presence { .. }
                | ChatEvent::Opened { .. }
                | ChatEvent::Me
                | ChatEvent::TooSlow => continue,
            };
            if let Some(place) = self.rooms.get_mut(&cursor.room) {
                place.seen = place.seen.max(seen);
                place.revision = place.revision.max(revision);
            }
        }
        self.ready.extend(events);
        Ok(())
    }

    /// What somebody is told who comes back at a place.
    async fn replayed(&self, cursor: Cursor) -> Result<Vec<ChatEvent>> {
        let Cursor { room, seq: after, revision } = cursor;
        let core = &self.core;
        let participant = match core.participant(self.me, room).await {
            Ok(participant) => participant,
            Err(error) if error.code() == Code::RoomNotFound => return Ok(vec![ChatEvent::Closed { room }]),
            Err(error) => return Err(error),
        };
        let state = &participant.overview.room;
        let head = state.last_seq;
        let most = core.config.chat.replay;
        let from = after.max(state.hidden_through);
        if after > head || head.saturating_sub(from) > most as u64 {
            return Ok(vec![ChatEvent::ResyncRequired { room, head, revision: state.revision }]);
        }
        let mut events = vec![ChatEvent::Resumed { room, after, head, revision: state.revision }];
        if let Some(revision) = revision.filter(|revision| *revision < state.revision) {
            let since = super::room::Since { room, seq: head, revision: Some(revision) };
            let news = core.store.news(&[since], most + 1).await?;
            if news.len() > most {
                return Ok(vec![ChatEvent::ResyncRequired { room, head, revision: state.revision }]);
            }
            events.extend(
                news.into_iter().filter(|m| m.seq <= after && m.seq > state.hidden_through).filter_map(|message| {
                    Some(ChatEvent::Unsent { room, seq: message.seq, revision: message.unsent? })
                }),
            );
        }
        if from < head {
            let messages = core.visible_messages(&participant, MessageRange::After(after), most + 1).await?;
            events.extend(messages.into_iter().map(ChatEvent::Message));
        }
        Ok(events)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.core.hub.leave(&self.inbox, self.rooms.keys().copied());
    }
}
