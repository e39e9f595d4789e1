//! Who listens to what on this instance, and what they are to be told.
//!
//! ```text
//! bus hints ─┐                         ┌─► inbox ─► subscription (a socket)
//! poll ──────┼─► pump ─► store ─► Hub ─┼─► inbox ─► subscription
//! feed ──────┘  (two reads for all)    └─► …
//! ```
//!
//! One [`pump`] reads for everybody: however many listen to a room, what is new in it is read once; and however many
//! rooms have moved, that is two statements. The hub itself decides and waits for nothing: given the state of a room and
//! its new messages, it tells each listener what they may know.
//!
//! Invariants: of each room a listener is told messages in the order of `seq`, none left out from the place where it
//! joined; nothing of a room that is closed for them; nobody waits for anybody ([`inbox`]).

pub(crate) mod inbox;
pub(crate) mod pump;
mod watched;

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

pub(crate) use self::inbox::{Inbox, Told};
pub(crate) use self::watched::{Face, Speaker, Watched};
use super::room::{Message, RoomState, Since};
use crate::id::{MemberId, RoomId};
use crate::port::Hint;
use crate::profile::Member;

/// Who listens on this instance.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    state: Mutex<Listening>,
    /// There is something for the pump to do.
    work: Notify,
}

#[derive(Debug, Default)]
struct Listening {
    rooms: HashMap<RoomId, Watched>,
    inboxes: HashMap<MemberId, Vec<Arc<Inbox>>>,
    /// Rooms that have moved, or may have.
    dirty: HashSet<RoomId>,
    /// Rooms in which something was said, and nothing else happened as far as is known.
    unread: HashSet<RoomId>,
    /// Hints without anything stored behind them that were told when they were published here, and will come by the bus too.
    echoes: HashMap<Hint, usize>,
    /// Those from before the last poll, which may still be on their way.
    old_echoes: HashMap<Hint, usize>,
    /// Members that have changed, or may have.
    stirred: BTreeSet<MemberId>,
    pumping: bool,
}

impl Hub {
    /// Takes a listener in; from now on it is told about its member. Says whether the pump has to be started.
    pub(crate) fn enter(&self, inbox: &Arc<Inbox>) -> bool {
        let mut state = self.lock();
        state.inboxes.entry(inbox.member).or_default().push(Arc::clone(inbox));
        !std::mem::replace(&mut state.pumping, true)
    }

    /// From now on a listener hears a room, which was in this state after it [entered](Self::enter).
    pub(crate) fn watch(&self, room: &RoomState, faces: [Face; 2]) {
        let mut state = self.lock();
        let id = room.room.id;
        let watched = state.rooms.entry(id).or_insert_with(|| Watched::new(room, faces));
        watched.listeners += 1;
        if watched.listeners == 1 {
            // What was committed since it was read may have been hinted at before anybody watched.
            state.dirty.insert(id);
            drop(state);
            self.work.notify_one();
        }
    }

    /// A listener does not hear these rooms any more.
    pub(crate) fn unwatch(&self, rooms: impl Iterator<Item = RoomId>) {
        let mut state = self.lock();
        for room in rooms {
            if let Some(watched) = state.rooms.get_mut(&room) {
                watched.listeners -= 1;
                if watched.listeners == 0 {
                    state.rooms.remove(&room);
                    state.dirty.remove(&room);
                    state.unread.remove(&room);
                }
            }
        }
    }

    /// Lets a listener go.
    pub(crate) fn leave(&self, inbox: &Arc<Inbox>, rooms: impl Iterator<Item = RoomId>) {
        self.unwatch(rooms);
        let mut state = self.lock();
        if let Some(inboxes) = state.inboxes.get_mut(&inbox.member) {
            inboxes.retain(|other| !Arc::ptr_eq(other, inbox));
            if inboxes.is_empty() {
                state.inboxes.remove(&inbox.member);
            }
        }
    }

    /// Members have changed, on whichever instance.
    pub(crate) fn stir(&self, members: impl Iterator<Item = MemberId>) {
        let mut state = self.lock();
        if !state.pumping {
            return;
        }
        state.stirred.extend(members);
        if !state.stirred.is_empty() {
            drop(state);
            self.work.notify_one();
        }
    }

    /// Takes a message that was committed on this instance: who listens here is told without anything being read, unless
    /// something was said before it that is not known here yet.
    pub(crate) fn said(&self, message: &Message) {
        let mut state = self.lock();
        let Listening { rooms, inboxes, .. } = &mut *state;
        if let Some(watched) = rooms.get_mut(&message.room) {
            watched.said(message, inboxes);
        }
    }

    /// Takes a hint that is about to be published on this instance and behind which nothing is stored: told at once, it
    /// does not come after the message that was being written.
    pub(crate) fn pass_on(&self, hint: Hint) {
        let mut state = self.lock();
        if state.pumping {
            *state.echoes.entry(hint).or_default() += 1;
            state.tell_ephemeral(hint);
        }
    }

    /// Takes a hint of the bus. Says whether there is now something to read.
    pub(crate) fn hint(&self, hint: Hint) -> bool {
        let mut state = self.lock();
        if state.is_echo(hint) {
            return false;
        }
        match hint {
            Hint::Message { room, seq } => {
                let is_news = state.rooms.get(&room).is_some_and(|watched| seq > watched.head());
                if is_news {
                    state.unread.insert(room);
                }
                is_news
            }
            Hint::Room(room) => {
                let is_watched = state.rooms.contains_key(&room);
                if is_watched {
                    state.dirty.insert(room);
                }
                is_watched
            }
            Hint::Member(member) => {
                state.tell_member(member, &Told::Me);
                state.stirred.insert(member);
                true
            }
            Hint::Typing { .. } | Hint::Presence { .. } => {
                state.tell_ephemeral(hint);
                false
            }
            Hint::Opened { room, member } => {
                state.tell_opened(room, member);
                false
            }
        }
    }

    /// What is known of a sender in an open room that is listened to here: their nickname, who sits across, and up to where
    /// that one has let it be seen that they have read.
    pub(crate) fn speaker(&self, room: RoomId, member: MemberId) -> Option<Speaker> {
        self.lock().rooms.get(&room)?.speaker(member)
    }

    /// Every room that is listened to has moved, as far as anybody knows.
    pub(crate) fn all_dirty(&self) {
        let mut state = self.lock();
        let rooms: Vec<RoomId> = state.rooms.keys().copied().collect();
        state.dirty.extend(rooms);
    }

    /// Rooms have been opened for these members.
    pub(crate) fn opened(&self, room: RoomId, members: [MemberId; 2]) {
        let state = self.lock();
        for member in members {
            state.tell_opened(room, member);
        }
    }

    /// The rooms to ask about, with how far they are known to have moved: those that are dirty, or all.
    pub(crate) fn to_ask(&self, all: bool) -> Vec<(RoomId, u64)> {
        let mut state = self.lock();
        let dirty = std::mem::take(&mut state.dirty);
        if all {
            state.unread.clear();
            // An echo that did not come between two polls was lost on its way.
            state.old_echoes = std::mem::take(&mut state.echoes);
            return state.rooms.iter().map(|(id, watched)| (*id, watched.moves)).collect();
        }
        state.unread.retain(|id| !dirty.contains(id));
        dirty.into_iter().filter_map(|id| Some((id, state.rooms.get(&id)?.moves))).collect()
    }

    /// What has to be read of rooms in which something was said, and which are not asked about.
    pub(crate) fn to_read(&self) -> Vec<Since> {
        let mut state = self.lock();
        let unread = std::mem::take(&mut state.unread);
        unread.into_iter().filter_map(|id| Some(state.rooms.get(&id)?.since_head(id))).collect()
    }

    /// What was asked about is still to be asked: the answer did not come.
    pub(crate) fn ask_again(&self, rooms: impl Iterator<Item = RoomId>) {
        self.lock().dirty.extend(rooms);
    }

    /// What has to be read of rooms in these states.
    pub(crate) fn since(&self, states: &[RoomState]) -> Vec<Since> {
        let known = self.lock();
        states.iter().filter_map(|state| known.rooms.get(&state.room.id)?.since(&state.room)).collect()
    }

    /// Tells everybody what they may know of rooms in these states with these new messages, by room and `seq`; of other
    /// rooms, what was said there. Rooms of which `limit` came have more.
    pub(crate) fn moved(&self, states: &[RoomState], news: Vec<Message>, limit: usize) {
        let mut by_room: HashMap<RoomId, Vec<Message>> = HashMap::new();
        for message in news {
            by_room.entry(message.room).or_default().push(message);
        }
        let mut known = self.lock();
        let Listening { rooms, inboxes, dirty, .. } = &mut *known;
        for state in states {
            let id = state.room.id;
            let Some(watched) = rooms.get_mut(&id) else { continue };
            let news = by_room.remove(&id).unwrap_or_default();
            if !watched.take(state, news, limit, inboxes) {
                dirty.insert(id);
            }
        }
        for (id, news) in by_room {
            // A room in another state than is known here, or with more in it, is asked about as a whole.
            if rooms.get_mut(&id).is_some_and(|watched| !watched.read(news, limit, inboxes)) {
                dirty.insert(id);
            }
        }
        if !dirty.is_empty() {
            self.work.notify_one();
        }
    }

    /// The changed members who take part in a room that is listened to.
    pub(crate) fn to_look_at(&self) -> Vec<MemberId> {
        let mut state = self.lock();
        let stirred = std::mem::take(&mut state.stirred);
        if stirred.is_empty() {
            return Vec::new();
        }
        let mut here = BTreeSet::new();
        for watched in state.rooms.values() {
            here.extend([watched.pair.low, watched.pair.high].into_iter().filter(|member| stirred.contains(member)));
        }
        here.into_iter().collect()
    }

    /// These members are now so; those who were asked about and are not among them are gone.
    pub(crate) fn look_at(&self, asked: &[MemberId], members: &[Member]) {
        let mut state = self.lock();
        let Listening { rooms, inboxes, .. } = &mut *state;
        for (room, watched) in rooms {
            for id in asked.iter().filter(|id| watched.pair.side(**id).is_some()).copied().collect::<Vec<_>>() {
                let member = members.iter().find(|member| member.id == id);
                watched.look_at(*room, id, member, inboxes);
            }
        }
    }

    /// Whether nobody listens any more; then the pump is over, and the next listener starts another.
    pub(crate) fn is_over(&self) -> bool {
        let mut state = self.lock();
        if state.inboxes.is_empty() {
            state.pumping = false;
            state.dirty.clear();
            state.unread.clear();
            state.echoes.clear();
            state.old_echoes.clear();
            state.stirred.clear();
        }
        !state.pumping
    }

    /// Resolves when there is work.
    pub(crate) async fn has_work(&self) {
        self.work.notified().await;
    }

    /// How many listen, and to how many rooms.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.lock();
        (state.inboxes.values().map(Vec::len).sum(), state.rooms.len())
    }

    fn lock(&self) -> MutexGuard<'_, Listening> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listening {
    fn tell_member(&self, member: MemberId, told: &Told) {
        for inbox in self.inboxes.get(&member).into_iter().flatten() {
            inbox.put(told.clone());
        }
    }

    /// Whether a hint is one that was told here before it was published.
    fn is_echo(&mut self, hint: Hint) -> bool {
        [&mut self.old_echoes, &mut self.echoes].into_iter().any(|echoes| {
            let Entry::Occupied(mut waiting) = echoes.entry(hint) else { return false };
            *waiting.get_mut() -= 1;
            if *waiting.get() == 0 {
                waiting.remove();
            }
            true
        })
    }

    /// Tells what nothing is stored of.
    fn tell_ephemeral(&self, hint: Hint) {
        match hint {
            Hint::Typing { room, member } => self.tell_partner(room, member, &Told::Typing { room, member }),
            Hint::Presence { room, member, online } => {
                self.tell_partner(room, member, &Told::Presence { room, member, online });
            }
            Hint::Room(_) | Hint::Message { .. } | Hint::Member(_) | Hint::Opened { .. } => {}
        }
    }

    /// Tells the other one in a room, while it is open.
    fn tell_partner(&self, room: RoomId, member: MemberId, told: &Told) {
        let Some(watched) = self.rooms.get(&room) else { return };
        if watched.is_open() && watched.pair.side(member).is_some() {
            watched::tell(&self.inboxes, room, watched.pair.other(member), told);
        }
    }

    fn tell_opened(&self, room: RoomId, member: MemberId) {
        for inbox in self.inboxes.get(&member).into_iter().flatten() {
            if inbox.rooms == inbox::Rooms::All {
                inbox.put(Told::Opened { room });
            }
        }
    }
}

#[cfg(test)]
mod tests;
