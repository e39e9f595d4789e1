//! The pair: everything that stands between two people, in one versioned row.
//!
//! All interaction goes through it, so that two people liking each other at the same instant on three machines make
//! one match. The transitions are in [`super::transition`]; this file holds the data and what follows from it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{FriendRequestId, MemberId, RoomId};

/// Names a pair: its two members, the lower id first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PairKey {
    /// The lower id.
    pub low: MemberId,
    /// The higher id.
    pub high: MemberId,
}

impl PairKey {
    /// The pair of two different members, in either order; nobody makes a pair with themselves.
    pub fn of(a: MemberId, b: MemberId) -> Option<Self> {
        match a.cmp(&b) {
            std::cmp::Ordering::Less => Some(Self { low: a, high: b }),
            std::cmp::Ordering::Greater => Some(Self { low: b, high: a }),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// Which side of the pair a member is.
    pub fn side(self, member: MemberId) -> Option<Side> {
        if member == self.low {
            Some(Side::Low)
        } else if member == self.high {
            Some(Side::High)
        } else {
            None
        }
    }

    /// The member on a side.
    pub fn member(self, side: Side) -> MemberId {
        match side {
            Side::Low => self.low,
            Side::High => self.high,
        }
    }

    /// The other member.
    pub fn other(self, member: MemberId) -> MemberId {
        if member == self.low { self.high } else { self.low }
    }
}

/// One of the two sides of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The member with the lower id.
    Low,
    /// The member with the higher id.
    High,
}

impl Side {
    /// The side across.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}

/// What one person decided about the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Like or pass.
    pub kind: DecisionKind,
    /// When.
    pub at: Timestamp,
    /// A line sent along with a like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Like or pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// Would like to meet.
    Like,
    /// Would not.
    Pass,
}

/// What one side of a pair has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stance {
    /// Their decision about the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Since when they block the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_at: Option<Timestamp>,
}

/// A friend request that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FriendRequest {
    /// Its id, by which it is answered.
    pub id: FriendRequestId,
    /// Who asked.
    pub from: Side,
    /// When.
    pub at: Timestamp,
}

/// The match of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MatchState {
    /// They have not liked each other.
    None,
    /// They like each other.
    Matched {
        /// Since when.
        at: Timestamp,
    },
    /// One of them ended it, for good.
    Unmatched {
        /// When.
        at: Timestamp,
    },
}

/// How far two people have come in talking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nobody has written, for two weeks.
    Silent,
    /// One of them has written.
    Opened,
    /// The other has answered.
    Replied,
    /// Ten messages, at least three of each.
    Conversed,
}

/// What came of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How far they have come.
    pub stage: Stage,
    /// Who wrote first; none as long as nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opener: Option<Side>,
    /// When they had come so far.
    pub at: Timestamp,
}

/// Everything that stands between two people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// Who they are.
    pub key: PairKey,
    /// What the lower id has done.
    pub low: Stance,
    /// What the higher id has done.
    pub high: Stance,
    /// Whether they are matched.
    pub match_state: MatchState,
    /// A friend request on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub friend_request: Option<FriendRequest>,
    /// Since when they are friends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub friends_since: Option<Timestamp>,
    /// Their one room, once a match or a friendship has opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// What has come of their match. Stays when the match ends: it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

impl Pair {
    /// Two people who have nothing to do with each other yet.
    pub fn strangers(key: PairKey) -> Self {
        Self {
            key,
            low: Stance::default(),
            high: Stance::default(),
            match_state: MatchState::None,
            friend_request: None,
            friends_since: None,
            room: None,
            outcome: None,
        }
    }

    /// What a side has done.
    pub fn stance(&self, side: Side) -> &Stance {
        match side {
            Side::Low => &self.low,
            Side::High => &self.high,
        }
    }

    /// What a side has done, to be changed.
    pub(super) fn stance_mut(&mut self, side: Side) -> &mut Stance {
        match side {
            Side::Low => &mut self.low,
            Side::High => &mut self.high,
        }
    }

    /// Whether a side has decided so.
    pub fn has_decided(&self, side: Side, kind: DecisionKind) -> bool {
        self.stance(side).decision.as_ref().is_some_and(|decision| decision.kind == kind)
    }

    /// Whether either blocks the other.
    pub fn is_blocked(&self) -> bool {
        self.low.blocked_at.is_some() || self.high.blocked_at.is_some()
    }

    /// Whether they are matched now.
    pub fn is_matched(&self) -> bool {
        matches!(self.match_state, MatchState::Matched { .. })
    }

    /// Whether one of them has ended their match.
    pub fn is_unmatched(&self) -> bool {
        matches!(self.match_state, MatchState::Unmatched { .. })
    }

    /// Whether they may talk: matched or friends, and no block.
    pub fn is_connected(&self) -> bool {
        !self.is_blocked() && (self.is_matched() || self.friends_since.is_some())
    }

    /// The place of this pair in a member's list, if it stands there.
    pub fn listed(&self, member: MemberId, list: PairList) -> Option<Listing> {
        self.listings().into_iter().find(|listing| listing.member == member && listing.list == list)
    }

    /// The lists of both members that this pair stands in, with the time it is sorted by.
    ///
    /// The one definition that every store indexes: a pair with a block stands in nobody's list but the blocker's
    /// [`PairList::Blocked`] and both members' [`PairList::Excluded`].
    pub fn listings(&self) -> Vec<Listing> {
        let mut listings = Vec::new();
        for side in [Side::Low, Side::High] {
            let (member, other) = (self.key.member(side), self.key.member(side.other()));
            let mut add = |list, at| listings.push(Listing { member, list, at, other });
            let (mine, theirs) = (self.stance(side), self.stance(side.other()));
            if let Some(at) = mine.blocked_at {
                add(PairList::Blocked, at);
            }
            if self.is_blocked() {
                add(PairList::Excluded, mine.blocked_at.or(theirs.blocked_at).unwrap_or_default());
                continue;
            }
            if let Some(decision) = &mine.decision {
                add(PairList::Decided, decision.at);
            }
            let their_like = theirs.decision.as_ref().filter(|decision| decision.kind == DecisionKind::Like);
            if let (Some(like), None, MatchState::None) = (their_like, &mine.decision, self.match_state) {
                add(PairList::LikedMe, like.at);
            }
            if let MatchState::Matched { at } = self.match_state {
                add(PairList::Matches, at);
            }
            if let Some(at) = self.friends_since {
                add(PairList::Friends, at);
            }
            if let Some(request) = &self.friend_request {
                let list = if request.from == side { PairList::RequestsSent } else { PairList::RequestsReceived };
                add(list, request.at);
            }
            let their_pass = theirs.decision.as_ref().filter(|decision| decision.kind == DecisionKind::Pass);
            let ended = match self.match_state {
                MatchState::Unmatched { at } => Some(at),
                MatchState::None | MatchState::Matched { .. } => None,
            };
            let excluded = mine.decision.as_ref().or(their_pass).map(|decision| decision.at);
            if let Some(at) = excluded.or(ended).or(self.friends_since) {
                add(PairList::Excluded, at);
            }
        }
        listings
    }
}

/// A list of people that a member has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairList {
    /// Those I liked or passed.
    Decided,
    /// Those who like me and wait for my decision.
    LikedMe,
    /// Those I am matched with.
    Matches,
    /// My friends.
    Friends,
    /// Those whose friend request waits for my answer.
    RequestsReceived,
    /// Those who have not answered my friend request.
    RequestsSent,
    /// Those I block.
    Blocked,
    /// Those never to be proposed to me: decided by me, passed by them, blocked either way, unmatched, friends.
    Excluded,
}

impl PairList {
    /// Every list, in the order of [`PairList::number`].
    pub const ALL: [Self; 8] = [
        Self::Decided,
        Self::LikedMe,
        Self::Matches,
        Self::Friends,
        Self::RequestsReceived,
        Self::RequestsSent,
        Self::Blocked,
        Self::Excluded,
    ];

    /// The stable small number that stores keep it by.
    pub const fn number(self) -> i16 {
        match self {
            Self::Decided => 1,
            Self::LikedMe => 2,
            Self::Matches => 3,
            Self::Friends => 4,
            Self::RequestsReceived => 5,
            Self::RequestsSent => 6,
            Self::Blocked => 7,
            Self::Excluded => 8,
        }
    }
}

/// One pair's place in one member's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Whose list.
    pub member: MemberId,
    /// Which list.
    pub list: PairList,
    /// What the list is sorted by, newest first; ties by the other's id, descending.
    pub at: Timestamp,
    /// Who stands in it.
    pub other: MemberId,
}
