//! The state table of a pair as pure functions: what each act does in each state.
//!
//! Called by the use-cases of [`matching`](crate::Gpting::matching) and [`safety`](crate::Gpting::safety) after loading;
//! calls nothing. An act changes the pair in place and says what came of it, or refuses and changes nothing. A pair with
//! a block answers every act but block and unblock as if the other person did not exist.

use jiff::{SignedDuration, Timestamp};

use super::pair::{Decision, DecisionKind, FriendRequest, MatchState, Pair, Side};
use crate::error::Code;
use crate::id::FriendRequestId;

/// What a like came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LikeOutcome {
    /// The like stands and waits.
    Waiting,
    /// It stood already.
    Already,
    /// Both like each other now.
    Matched,
    /// They were matched before.
    AlreadyMatched,
}

/// What a pass came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassOutcome {
    /// The pass stands.
    Passed,
    /// It stood already.
    Already,
}

/// What a friend request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FriendRequestOutcome {
    /// It waits for an answer.
    Pending(FriendRequestId),
    /// It waited already.
    Already(FriendRequestId),
    /// The other had asked too: they are friends now.
    Friends,
    /// They were friends before.
    AlreadyFriends,
}

impl Pair {
    fn refuse_if_blocked(&self) -> Result<(), Code> {
        if self.is_blocked() { Err(Code::MemberNotFound) } else { Ok(()) }
    }

    /// `actor` likes the other. A match whenever the other has liked the actor.
    ///
    /// # Errors
    /// [`Code::Unmatched`] after an unmatch, [`Code::MemberNotFound`] when either blocks the other.
    pub fn like(&mut self, actor: Side, at: Timestamp, message: Option<String>) -> Result<LikeOutcome, Code> {
        self.refuse_if_blocked()?;
        match self.match_state {
            MatchState::Unmatched { .. } => return Err(Code::Unmatched),
            MatchState::Matched { .. } => return Ok(LikeOutcome::AlreadyMatched),
            MatchState::None => {}
        }
        let already = self.has_decided(actor, DecisionKind::Like);
        if !already {
            self.stance_mut(actor).decision = Some(Decision { kind: DecisionKind::Like, at, message });
        }
        if self.has_decided(actor.other(), DecisionKind::Like) {
            self.match_state = MatchState::Matched { at };
            return Ok(LikeOutcome::Matched);
        }
        Ok(if already { LikeOutcome::Already } else { LikeOutcome::Waiting })
    }

    /// `actor` passes on the other; a like of theirs is taken back by it.
    ///
    /// # Errors
    /// [`Code::AlreadyMatched`] for a match, [`Code::MemberNotFound`] when either blocks the other.
    pub fn pass(&mut self, actor: Side, at: Timestamp) -> Result<PassOutcome, Code> {
        self.refuse_if_blocked()?;
        match self.match_state {
            MatchState::Matched { .. } => return Err(Code::AlreadyMatched),
            // Unmatching is final and already keeps them apart: a pass adds nothing to it.
            MatchState::Unmatched { .. } => return Ok(PassOutcome::Already),
            MatchState::None => {}
        }
        if self.has_decided(actor, DecisionKind::Pass) {
            return Ok(PassOutcome::Already);
        }
        self.stance_mut(actor).decision = Some(Decision { kind: DecisionKind::Pass, at, message: None });
        Ok(PassOutcome::Passed)
    }

    /// `actor` takes back their decision, if it is not older than `within`.
    ///
    /// # Errors
    /// [`Code::NothingToUndo`] when there is none, it is too old, or it has led to a match;
    /// [`Code::MemberNotFound`] when either blocks the other.
    pub fn undo(&mut self, actor: Side, at: Timestamp, within: SignedDuration) -> Result<DecisionKind, Code> {
        self.refuse_if_blocked()?;
        if self.match_state != MatchState::None {
            return Err(Code::NothingToUndo);
        }
        let stance = self.stance_mut(actor);
        match &stance.decision {
            Some(decision) if at.duration_since(decision.at) <= within => {
                let kind = decision.kind;
                stance.decision = None;
                Ok(kind)
            }
            Some(_) | None => Err(Code::NothingToUndo),
        }
    }

    /// One of them ends the match, and with it the friendship, for good. Says whether anything changed.
    ///
    /// # Errors
    /// [`Code::NotMatched`] when there is no match, [`Code::MemberNotFound`] when either blocks the other.
    pub fn unmatch(&mut self, at: Timestamp) -> Result<bool, Code> {
        self.refuse_if_blocked()?;
        match self.match_state {
            MatchState::None => Err(Code::NotMatched),
            MatchState::Unmatched { .. } => Ok(false),
            MatchState::Matched { .. } => {
                self.match_state = MatchState::Unmatched { at };
                self.friends_since = None;
                self.friend_request = None;
                Ok(true)
            }
        }
    }

    /// `actor` asks the other to be friends; two crossing requests make friends at once.
    ///
    /// # Errors
    /// [`Code::Unmatched`] after an unmatch, [`Code::MemberNotFound`] when either blocks the other.
    pub fn request_friend(
        &mut self,
        actor: Side,
        id: FriendRequestId,
        at: Timestamp,
    ) -> Result<FriendRequestOutcome, Code> {
        self.refuse_if_blocked()?;
        if self.is_unmatched() {
            return Err(Code::Unmatched);
        }
        if self.friends_since.is_some() {
            return Ok(FriendRequestOutcome::AlreadyFriends);
        }
        match &self.friend_request {
            Some(request) if request.from == actor => Ok(FriendRequestOutcome::Already(request.id)),
            Some(_) => {
                self.friend_request = None;
                self.friends_since = Some(at);
                Ok(FriendRequestOutcome::Friends)
            }
            None => {
                self.friend_request = Some(FriendRequest { id, from: actor, at });
                Ok(FriendRequestOutcome::Pending(id))
            }
        }
    }

    /// `actor` answers the other's friend request.
    ///
    /// # Errors
    /// [`Code::FriendRequestNotFound`] when no request of the other waits, or either blocks the other.
    pub fn respond_friend(&mut self, actor: Side, accept: bool, at: Timestamp) -> Result<(), Code> {
        let waits = self.friend_request.as_ref().is_some_and(|request| request.from == actor.other());
        if !waits || self.is_blocked() {
            return Err(Code::FriendRequestNotFound);
        }
        self.friend_request = None;
        if accept {
            self.friends_since = Some(at);
        }
        Ok(())
    }

    /// One of them ends the friendship. Whether the room closes depends on whether they are matched.
    ///
    /// # Errors
    /// [`Code::NotMatched`] when they are not friends, [`Code::MemberNotFound`] when either blocks the other.
    pub fn unfriend(&mut self) -> Result<(), Code> {
        self.refuse_if_blocked()?;
        self.friends_since.take().map(|_| ()).ok_or(Code::NotMatched)
    }

    /// `actor` blocks the other: friendship and match end, requests are withdrawn. Says whether anything changed.
    pub fn block(&mut self, actor: Side, at: Timestamp) -> bool {
        if self.stance(actor).blocked_at.is_some() {
            return false;
        }
        self.stance_mut(actor).blocked_at = Some(at);
        self.friend_request = None;
        self.friends_since = None;
        // Lifting the block gives back what was before, but not the match.
        if self.is_matched() {
            self.match_state = MatchState::None;
        }
        true
    }

    /// `actor` lifts their own block; the other's stays. Says whether anything changed.
    pub fn unblock(&mut self, actor: Side) -> bool {
        self.stance_mut(actor).blocked_at.take().is_some()
    }
}

#[cfg(test)]
#[path = "transition_tests.rs"]
mod tests;
