//! A room that somebody listens to: what is known of it, and what a newer state of it means for its listeners.

use std::collections::HashMap;
use std::sync::Arc;

use super::inbox::{Inbox, Told};
use crate::chat::room::{Message, ReadMark, Room, RoomState, Since};
use crate::id::{MemberId, RoomId};
use crate::interaction::PairKey;
use crate::profile::Member;

/// What a room's listeners need of a participant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Face {
    pub(crate) nickname: Arc<str>,
    /// Whether they take part themselves.
    acts: bool,
    /// Whether they may be seen by the other.
    seen: bool,
}

impl Face {
    /// A participant; none who is gone.
    pub(crate) fn of(member: Option<&Member>) -> Self {
        match member {
            Some(member) => Self {
                nickname: Arc::from(member.profile.nickname.as_str()),
                acts: member.may_be_shown(false),
                seen: member.may_be_shown(true),
            },
            None => Self { nickname: Arc::from(""), acts: false, seen: false },
        }
    }
}

/// Somebody who speaks in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Speaker {
    pub(crate) nickname: Arc<str>,
    pub(crate) their_read: u64,
}

/// A room that somebody listens to.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) pair: PairKey,
    pub(crate) listeners: usize,
    /// [`RoomState::moves`] of the state that was told last; 0 when not all of it was.
    pub(crate) moves: u64,
    faces: [Face; 2],
    /// The newest message told.
    head: u64,
    revision: u64,
    reads: [ReadMark; 2],
    is_open: bool,
}

impl Watched {
    pub(crate) fn new(state: &RoomState, faces: [Face; 2]) -> Self {
        Self {
            pair: state.room.pair,
            listeners: 0,
            moves: state.moves,
            faces,
            head: state.room.last_seq,
            revision: state.room.revision,
            reads: state.reads,
            is_open: state.room.closed_at.is_none(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// What is known of a participant who speaks; none when they may not, as far as is known.
    pub(crate) fn speaker(&self, member: MemberId) -> Option<Speaker> {
        self.pair.side(member)?;
        let partner = self.pair.other(member);
        let (mine, theirs) = (self.face(member), self.face(partner));
        let their_read = self.reads[usize::from(self.pair.high == partner)].shown;
        let may = self.is_open && mine.acts && theirs.seen;
        may.then(|| Speaker { nickname: Arc::clone(&mine.nickname), their_read })
    }

    /// The newest message told.
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// What has to be read when something was said, and nothing else happened.
    pub(crate) fn since_head(&self, room: RoomId) -> Since {
        Since { room, seq: self.head, revision: None }
    }

    /// Tells a message that was just committed, if it is the next one. Of others the bus tells that they are there.
    pub(crate) fn said(&mut self, message: &Message, to: &Inboxes) {
        if self.is_open && message.seq == self.head + 1 && message.unsent.is_none() {
            self.head = message.seq;
            self.tell_message(message.clone(), to);
        }
    }

    /// Tells what was said in a room that was not asked about; false when it has to be.
    pub(crate) fn read(&mut self, news: Vec<Message>, limit: usize, to: &Inboxes) -> bool {
        let is_plain = self.is_open && news.len() < limit && news.iter().all(|message| message.unsent.is_none());
        if is_plain {
            for message in news.into_iter().filter(|message| message.seq > self.head).collect::<Vec<_>>() {
                self.head = message.seq;
                self.tell_message(message, to);
            }
        }
        is_plain
    }

    fn tell_message(&self, message: Message, to: &Inboxes) {
        let room = message.room;
        let nickname = Arc::clone(&self.face(message.sender).nickname);
        self.tell_both(room, &Told::Message { message: Arc::new(message), nickname }, to);
    }

    /// What has to be read when the room is in this state; none when nothing was said or taken back.
    pub(crate) fn since(&self, room: &Room) -> Option<Since> {
        let revision = (room.revision > self.revision).then_some(self.revision);
        let has_news = room.last_seq > self.head || revision.is_some();
        has_news.then_some(Since { room: room.id, seq: self.head, revision })
    }

    /// Takes a newer state with its news and tells the listeners; false when there is more to read.
    pub(crate) fn take(&mut self, state: &RoomState, news: Vec<Message>, limit: usize, to: &Inboxes) -> bool {
        let room = &state.room;
        let is_open = room.closed_at.is_none() && room.pair == self.pair;
        if !is_open {
            if self.is_open {
                self.is_open = false;
                self.tell_both(room.id, &Told::Closed { room: room.id }, to);
            }
            self.moves = state.moves;
            return true;
        }
        if !self.is_open {
            self.is_open = true;
            self.head = self.head.max(room.hidden_through);
            for member in self.members() {
                // Those of all rooms join it anew; those of this one alone were shown out.
                for inbox in
                    to.get(&member).into_iter().flatten().filter(|inbox| inbox.rooms == super::inbox::Rooms::All)
                {
                    inbox.put(Told::Opened { room: room.id });
                }
            }
        }
        let whole = self.tell_news(room, news, limit, to);
        self.tell_reads(room.id, state.reads, to);
        if whole {
            self.revision = self.revision.max(room.revision);
            self.moves = state.moves;
        }
        whole
    }

    /// Tells what was said and taken back; false when there is more.
    fn tell_news(&mut self, room: &Room, news: Vec<Message>, limit: usize, to: &Inboxes) -> bool {
        let whole = news.len() < limit;
        // Told meanwhile or not: whoever has read messages gets further by reading on.
        let is_stuck = news.iter().all(|message| message.seq <= self.head && message.unsent.is_some());
        for message in news {
            if message.seq > self.head {
                self.head = message.seq;
                if message.seq > room.hidden_through {
                    self.tell_message(message, to);
                }
            } else if let Some(revision) = message.unsent.filter(|revision| *revision > self.revision) {
                self.tell_both(room.id, &Told::Unsent { room: room.id, seq: message.seq, revision }, to);
            }
        }
        if !whole && is_stuck {
            // So much was taken back that it alone fills the reading: nobody can be told one by one.
            self.revision = room.revision;
            self.tell_both(room.id, &Told::Lost { room: room.id }, to);
        }
        whole
    }

    fn tell_reads(&mut self, room: RoomId, reads: [ReadMark; 2], to: &Inboxes) {
        let members = self.members();
        for (place, member) in members.into_iter().enumerate() {
            let (old, new) = (self.reads[place], reads[place]);
            // Marks only grow; a state that was read before another one tells nothing new.
            let grown = ReadMark { seq: old.seq.max(new.seq), shown: old.shown.max(new.shown) };
            self.reads[place] = grown;
            if grown.seq > old.seq {
                tell(to, room, member, &Told::Read { room, member, seq: grown.seq });
            }
            if grown.shown > old.shown {
                tell(to, room, self.pair.other(member), &Told::Read { room, member, seq: grown.shown });
            }
        }
    }

    /// A participant is now so, or gone.
    pub(crate) fn look_at(&mut self, room: RoomId, id: MemberId, member: Option<&Member>, to: &Inboxes) {
        let partner = self.pair.other(id);
        let face = Face::of(member);
        let place = usize::from(self.pair.high == id);
        let before = std::mem::replace(&mut self.faces[place], face);
        let after = &self.faces[place];
        if before.acts && !after.acts {
            tell(to, room, id, &Told::Closed { room });
        }
        if before.seen && !after.seen {
            tell(to, room, partner, &Told::Closed { room });
        }
    }

    fn members(&self) -> [MemberId; 2] {
        [self.pair.low, self.pair.high]
    }

    fn face(&self, member: MemberId) -> &Face {
        &self.faces[usize::from(self.pair.high == member)]
    }

    /// Tells both, as far as the room is there for them: one who is gone hears nothing, and nothing is heard of them.
    fn tell_both(&self, room: RoomId, told: &Told, to: &Inboxes) {
        for member in self.members() {
            let (mine, theirs) = (self.face(member), self.face(self.pair.other(member)));
            if mine.acts && theirs.seen {
                tell(to, room, member, told);
            }
        }
    }
}

type Inboxes = HashMap<MemberId, Vec<Arc<Inbox>>>;

/// Tells every listener of a member who hears a room.
pub(super) fn tell(to: &Inboxes, room: RoomId, member: MemberId, told: &Told) {
    for inbox in to.get(&member).into_iter().flatten().filter(|inbox| inbox.hears(room)) {
        inbox.put(told.clone());
    }
}
