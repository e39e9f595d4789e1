//! What people do to each other in the model, and what the host is told of it.

use gpting_core::Code;

use crate::act::Who;
use crate::answer::{Answer, Told};
use crate::reference::{Model, Outcome, side};
use crate::room::key;

/// How many messages before and after a reported one are kept as evidence.
const NEIGHBOURS: u64 = 10;

impl Model {
    pub(crate) fn like(&mut self, me: Who, other: Who, line: bool) -> Outcome {
        let now = self.now;
        let line = line.then(|| format!("line of {me}"));
        let liked = self.act_on(me, other)?.like(side(me, other), now, line)?;
        if let Answer::Liked { already: false, matched } = liked {
            self.told.push(if matched { Told::Matched(me, other, now) } else { Told::Liked(me, other, now) });
        }
        Ok(liked)
    }

    pub(crate) fn undo(&mut self, me: Who) -> Outcome {
        self.people[me].acting()?;
        let mine = self.others(me).filter_map(|(other, pair)| {
            let at = pair.decision[side(me, other)].as_ref().filter(|_| !pair.is_blocked())?.at;
            Some((at, other))
        });
        let (_, other) = mine.max().ok_or(Code::NothingToUndo)?;
        let (now, flaw) = (self.now, self.flaw);
        let like = self.met(me, other)?.undo(side(me, other), now, flaw)?;
        Ok(Answer::Undone { other, like })
    }

    pub(crate) fn unmatch(&mut self, me: Who, other: Who) -> Outcome {
        let flaw = self.flaw;
        let pair = self.met(me, other)?;
        if pair.is_blocked() {
            return Err(Code::MemberNotFound);
        }
        if pair.unmatch(flaw)? {
            self.told.push(Told::Unmatched(me, other, self.now));
        }
        Ok(Answer::Done)
    }

    pub(crate) fn respond(&mut self, me: Who, other: Who, accept: bool) -> Outcome {
        self.people[me].acting()?;
        let now = self.now;
        if !self.people[other].is_active() {
            return Err(Code::FriendRequestNotFound);
        }
        let pair = self.pairs.get_mut(&key(me, other)).ok_or(Code::FriendRequestNotFound)?;
        let done = pair.respond(side(me, other), accept, now)?;
        if accept {
            self.told.push(Told::Befriended(me, other, now));
        }
        Ok(done)
    }

    pub(crate) fn block(&mut self, me: Who, other: Who) -> Outcome {
        self.people[me].acting()?;
        if me == other {
            return Err(Code::SelfAction);
        }
        let (side, now) = (side(me, other), self.now);
        let known = self.pairs.get(&key(me, other));
        if known.is_some_and(|pair| pair.blocked[side].is_some()) {
            return Ok(Answer::Already(true));
        }
        // Whoever has met the other may block them, also after an unmatch; but nobody sees whoever blocks them.
        if !(known.is_some_and(|pair| !pair.is_blocked()) || self.sees(me, other)) {
            return Err(Code::MemberNotFound);
        }
        self.pairs.entry(key(me, other)).or_default().block(side, now);
        self.told.push(Told::Blocked(me, other, now));
        Ok(Answer::Already(false))
    }

    pub(crate) fn report(&mut self, me: Who, other: Who, seq: Option<u64>) -> Outcome {
        self.people[me].acting()?;
        if me == other {
            return Err(Code::SelfAction);
        }
        // Having met is proof enough, whatever has been blocked since.
        let pair = self.pairs.get(&key(me, other));
        if !(pair.is_some() || self.sees(me, other)) {
            return Err(Code::MemberNotFound);
        }
        let kept = match (pair.and_then(|pair| pair.room.as_ref()), seq) {
            (Some(room), Some(seq)) => {
                let near = |at: &u64| at.abs_diff(seq) <= NEIGHBOURS;
                room.all().map(|(at, _)| at).filter(near).collect()
            }
            _ => Vec::new(),
        };
        let number = self.reported;
        let case = self.cases.entry((me, other)).or_insert_with(|| {
            self.reported += 1;
            (number, Vec::new())
        });
        case.1.push(kept);
        self.told.push(Told::Reported(me, other, self.now));
        Ok(Answer::Reported { case: case.0 })
    }
}
