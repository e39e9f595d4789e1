//! Two people in the model: the table of states, one line after the other, and what follows from it.

use std::collections::BTreeSet;

use gpting_core::Code;
use gpting_core::interaction::PairList;

use crate::answer::Answer;
use crate::flaw::Flaw;
use crate::room::Room;

/// How long a decision can be taken back, in seconds.
const UNDO_WITHIN: i64 = 600;

/// A like or a pass.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) like: bool,
    pub(crate) at: i64,
    pub(crate) line: Option<String>,
}

/// What stands between two people. Side 0 is the one with the lower number; times are when it began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pair {
    pub(crate) decision: [Option<Decision>; 2],
    pub(crate) blocked: [Option<i64>; 2],
    pub(crate) matched: Option<i64>,
    pub(crate) unmatched: bool,
    /// Whose friend request waits.
    pub(crate) asked: Option<(usize, i64)>,
    pub(crate) friends: Option<i64>,
    pub(crate) room: Option<Room>,
    /// Whether a block has ended a match, for a flaw.
    was_matched: Option<i64>,
}

impl Pair {
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked.iter().any(Option::is_some)
    }

    pub(crate) fn is_connected(&self) -> bool {
        !self.is_blocked() && (self.matched.is_some() || self.friends.is_some())
    }

    pub(crate) fn likes(&self, side: usize) -> bool {
        self.decision[side].as_ref().is_some_and(|decision| decision.like)
    }

    fn decide(&mut self, side: usize, like: bool, at: i64, line: Option<String>) {
        self.decision[side] = Some(Decision { like, at, line });
    }

    fn open_room(&mut self, now: i64) {
        self.room.get_or_insert_with(|| Room::new(now)).open = true;
    }

    fn close_room(&mut self) {
        if let Some(room) = &mut self.room {
            room.close();
        }
    }

    /// Who may act on whom is asked before. After an unmatch nothing begins anew; else a match whenever the other likes.
    pub(crate) fn like(&mut self, me: usize, now: i64, line: Option<String>) -> Result<Answer, Code> {
        if self.unmatched {
            return Err(Code::Unmatched);
        }
        if self.matched.is_some() {
            return Ok(Answer::Liked { already: true, matched: true });
        }
        let already = self.likes(me);
        if !already {
            self.decide(me, true, now, line);
        }
        if self.likes(1 - me) {
            self.matched = Some(now);
            self.open_room(now);
            return Ok(Answer::Liked { already: false, matched: true });
        }
        Ok(Answer::Liked { already, matched: false })
    }

    pub(crate) fn pass(&mut self, me: usize, now: i64) -> Result<Answer, Code> {
        if self.matched.is_some() {
            return Err(Code::AlreadyMatched);
        }
        let already = self.unmatched || self.decision[me].as_ref().is_some_and(|decision| !decision.like);
        if !already {
            self.decide(me, false, now, None);
        }
        Ok(Answer::Already(already))
    }

    /// Takes back the last act; whether it was a like.
    pub(crate) fn undo(&mut self, me: usize, now: i64, flaw: Flaw) -> Result<bool, Code> {
        let settled = self.matched.is_some() || self.unmatched;
        match &self.decision[me] {
            Some(last) if !settled && (now - last.at <= UNDO_WITHIN || flaw == Flaw::UndoesForEver) => {
                let like = last.like;
                self.decision[me] = None;
                Ok(like)
            }
            _ => Err(Code::NothingToUndo),
        }
    }

    /// Final, for the friendship too. Whether there was anything to end.
    pub(crate) fn unmatch(&mut self, flaw: Flaw) -> Result<bool, Code> {
        if self.unmatched {
            return Ok(false);
        }
        if self.matched.take().is_none() {
            return Err(Code::NotMatched);
        }
        self.unmatched = true;
        if flaw != Flaw::UnmatchKeepsFriends {
            self.friends = None;
        }
        self.asked = None;
        self.close_room();
        Ok(true)
    }

    pub(crate) fn ask(&mut self, me: usize, now: i64) -> Result<Answer, Code> {
        if self.unmatched {
            return Err(Code::Unmatched);
        }
        if self.friends.is_some() {
            return Ok(Answer::Asked { already: true, waits: false, friends: true });
        }
        match self.asked {
            None => {
                self.asked = Some((me, now));
                Ok(Answer::Asked { already: false, waits: true, friends: false })
            }
            Some((side, _)) if side == me => Ok(Answer::Asked { already: true, waits: true, friends: false }),
            Some(_) => {
                self.befriend(now);
                Ok(Answer::Asked { already: false, waits: false, friends: true })
            }
        }
    }

    /// Answers a request of the other.
    pub(crate) fn respond(&mut self, me: usize, accept: bool, now: i64) -> Result<Answer, Code> {
        if self.asked.is_none_or(|(side, _)| side == me) {
            return Err(Code::FriendRequestNotFound);
        }
        self.asked = None;
        if accept {
            self.befriend(now);
        }
        Ok(Answer::Responded { opened: accept })
    }

    fn befriend(&mut self, now: i64) {
        self.asked = None;
        self.friends = Some(now);
        self.open_room(now);
    }

    pub(crate) fn unfriend(&mut self) -> Result<(), Code> {
        if self.is_blocked() {
            return Err(Code::MemberNotFound);
        }
        self.friends.take().ok_or(Code::NotMatched)?;
        if self.matched.is_none() {
            self.close_room();
        }
        Ok(())
    }

    /// Ends what there is but for decisions.
    pub(crate) fn block(&mut self, me: usize, now: i64) {
        self.blocked[me] = Some(now);
        self.was_matched = self.matched;
        (self.matched, self.friends, self.asked) = (None, None, None);
        self.close_room();
    }

    /// The state before, but not matched, and the room stays closed.
    pub(crate) fn unblock(&mut self, me: usize, flaw: Flaw) -> Result<(), Code> {
        self.blocked[me].take().ok_or(Code::MemberNotFound)?;
        if flaw == Flaw::UnblockMatches && !self.unmatched {
            self.matched = self.was_matched;
        }
        Ok(())
    }

    /// The lists of one side that the other stands in.
    pub(crate) fn lists(&self, me: usize) -> BTreeSet<PairList> {
        let mut lists = BTreeSet::new();
        let mut add = |list, stands: bool| {
            if stands {
                lists.insert(list);
            }
        };
        let shown = !self.is_blocked();
        let they_pass = self.decision[1 - me].as_ref().is_some_and(|decision| !decision.like);
        let decided = self.decision[me].is_some();
        add(PairList::Blocked, self.blocked[me].is_some());
        add(PairList::Decided, shown && decided);
        add(PairList::LikedMe, shown && self.likes(1 - me) && !decided);
        add(PairList::Matches, shown && self.matched.is_some());
        add(PairList::Friends, shown && self.friends.is_some());
        add(PairList::RequestsSent, shown && self.asked.is_some_and(|(side, _)| side == me));
        add(PairList::RequestsReceived, shown && self.asked.is_some_and(|(side, _)| side != me));
        add(PairList::Excluded, !shown || decided || they_pass || self.unmatched || self.friends.is_some());
        lists
    }
}
