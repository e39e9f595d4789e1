//! Who is who: the ids that the service has drawn, by the numbers that the model knows people by.

use std::collections::{BTreeMap, HashMap};

use gpting_core::id::{FriendRequestId, MemberId, MessageId, ReportId, RoomId};
use jiff::Timestamp;

use crate::act::{PEOPLE, Who};
use crate::room::key;

/// What has been drawn so far. Every store must draw the same: what is noted a second time is compared.
#[derive(Debug)]
pub(crate) struct Ids {
    began: Timestamp,
    present: [Option<MemberId>; PEOPLE],
    /// Everybody who was ever there.
    pub(crate) everybody: BTreeMap<MemberId, Who>,
    rooms: BTreeMap<(Who, Who), RoomId>,
    /// Every room that there ever was.
    pub(crate) all_rooms: Vec<RoomId>,
    requests: BTreeMap<(Who, Who), FriendRequestId>,
    cases: HashMap<ReportId, usize>,
    messages: HashMap<MessageId, u64>,
}

impl Ids {
    pub(crate) fn new(began: Timestamp) -> Self {
        Self {
            began,
            present: [None; PEOPLE],
            everybody: BTreeMap::new(),
            rooms: BTreeMap::new(),
            all_rooms: Vec::new(),
            requests: BTreeMap::new(),
            cases: HashMap::new(),
            messages: HashMap::new(),
        }
    }

    /// Somebody has joined, perhaps after having been erased.
    pub(crate) fn joined(&mut self, who: Who, id: MemberId) {
        if self.present[who] != Some(id) {
            assert!(self.everybody.insert(id, who).is_none(), "an id is drawn once");
            self.present[who] = Some(id);
            self.rooms.retain(|(a, b), _| *a != who && *b != who);
            self.requests.retain(|(a, b), _| *a != who && *b != who);
        }
    }

    /// Somebody's id; one that nobody has for whoever has never joined.
    pub(crate) fn member(&self, who: Who) -> MemberId {
        let nobody = || MemberId::new(1 + i64::try_from(who).ok()?);
        self.present[who].or_else(nobody).expect("a small positive number")
    }

    pub(crate) fn present(&self) -> impl Iterator<Item = (Who, MemberId)> {
        self.present.iter().enumerate().filter_map(|(who, id)| Some((who, (*id)?)))
    }

    pub(crate) fn who(&self, id: MemberId) -> Who {
        self.everybody[&id]
    }

    /// Two people have a room: for ever the same.
    pub(crate) fn has_room(&mut self, a: Who, b: Who, id: RoomId) {
        let known = *self.rooms.entry(key(a, b)).or_insert(id);
        assert_eq!(known, id, "a pair has one room");
        if !self.all_rooms.contains(&id) {
            self.all_rooms.push(id);
        }
    }

    /// The room of two people; one that is not there for whoever has none.
    pub(crate) fn room(&self, pair: (Who, Who)) -> RoomId {
        self.rooms.get(&pair).copied().unwrap_or_else(|| RoomId::new(1).expect("a small positive number"))
    }

    pub(crate) fn asked(&mut self, a: Who, b: Who, id: FriendRequestId) {
        self.requests.insert(key(a, b), id);
    }

    /// The newest friend request between two people; one that is not there for whoever has had none.
    pub(crate) fn request(&self, a: Who, b: Who) -> FriendRequestId {
        let newest = self.requests.get(&key(a, b)).copied();
        newest.unwrap_or_else(|| FriendRequestId::new(1).expect("a small positive number"))
    }

    /// The number of a case, in the order of opening.
    pub(crate) fn case(&mut self, id: ReportId) -> usize {
        let next = self.cases.len();
        *self.cases.entry(id).or_insert(next)
    }

    pub(crate) fn said(&mut self, id: MessageId, seq: u64) {
        let known = *self.messages.entry(id).or_insert(seq);
        assert_eq!(known, seq, "a message keeps its place");
    }

    pub(crate) fn seq(&self, id: MessageId) -> u64 {
        self.messages[&id]
    }

    /// Seconds since the history began.
    pub(crate) fn seconds(&self, at: Timestamp) -> i64 {
        at.as_second() - self.began.as_second()
    }
}
