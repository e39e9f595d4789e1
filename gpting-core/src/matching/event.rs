//! What people do to each other, as the engine hears it.
//!
//! [`Event`] is what a host records; [`Act`] is what a person keeps about each other person they acted on. Decisions and
//! blocks carry the time of the newest event that set them, so events may arrive twice or out of order: whatever the
//! order, the newest decides (with equal times, the one recorded last). An unmatch is final. What came of a match only goes
//! forward; it gives a like more or less weight while the like stands and its actor has neither blocked nor ended the match.

use super::talk::{Talk, WHOLE};

/// Something one person did to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Event<Id> {
    pub(super) actor: Id,
    pub(super) other: Id,
    pub(super) at: i64,
    pub(super) kind: EventKind,
}

/// The kinds of [`Event`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum EventKind {
    Like,
    Pass,
    Undo,
    Block,
    Unblock,
    Unmatch,
    Talk(Talk),
}

impl<Id> Event<Id> {
    /// `actor` likes `other`; `at` in unix seconds, as in every event.
    pub fn like(actor: Id, other: Id, at: i64) -> Self {
        Self { actor, other, at, kind: EventKind::Like }
    }

    /// `actor` passes on `other`, who will not be shown `actor` either.
    pub fn pass(actor: Id, other: Id, at: i64) -> Self {
        Self { actor, other, at, kind: EventKind::Pass }
    }

    /// `actor` takes the like or the pass back; what was learned from it is unlearned.
    pub fn undo(actor: Id, other: Id, at: i64) -> Self {
        Self { actor, other, at, kind: EventKind::Undo }
    }

    /// `actor` blocks `other`: neither is shown the other.
    pub fn block(actor: Id, other: Id, at: i64) -> Self {
        Self { actor, other, at, kind: EventKind::Block }
    }

    /// `actor` lifts the own block; the other's block stays.
    pub fn unblock(actor: Id, other: Id, at: i64) -> Self {
        Self { actor, other, at, kind: EventKind::Unblock }
    }

    /// `actor` ends the match with `other`, for good: neither is shown the other again.
    pub fn unmatch(actor: Id, other: Id, at: i64) -> Self {
        Self { actor, other, at, kind: EventKind::Unmatch }
    }

    /// The talk of `actor` with `other` has come so far: the like of `actor` weighs as much. The furthest stage counts, in
    /// whatever order stages are heard of; nothing is learned while there is no like, and after a block or an unmatch
    /// of `actor` the like is one like again.
    ///
    /// ```
    /// use gpting_core::{Config, Day, Engine, Event, Gender, Person, Talk};
    ///
    /// let mut engine = Engine::<u32>::new(Config::dims(0))?;
    /// engine.set_today(Day::from_ymd(2026, 11, 23)?);
    /// for id in 0..5 {
    ///     engine.upsert(id, Person::new(Gender::O, 30))?;
    /// }
    /// engine.record(Event::like(1, 2, 10))?;
    /// engine.record(Event::like(1, 3, 11))?;
    /// engine.record(Event::talk(1, 3, Talk::Replied, 12))?;
    /// // Both were liked once; with one of them it became a talk.
    /// let view = engine.view();
    /// assert!(view.score(4, 3)?.there > view.score(4, 2)?.there);
    /// # Ok::<(), gpting_core::EngineError>(())
    /// ```
    pub fn talk(actor: Id, other: Id, talk: Talk, at: i64) -> Self {
        Self { actor, other, at, kind: EventKind::Talk(talk) }
    }
}

#[cfg(feature = "service")]
impl<Id: Copy> Event<Id> {
    /// Who did it.
    pub(crate) fn actor(&self) -> Id {
        self.actor
    }

    /// To whom.
    pub(crate) fn other(&self) -> Id {
        self.other
    }

    /// Whether it says that something was not, or is not any more.
    pub(crate) fn takes_back(&self) -> bool {
        matches!(self.kind, EventKind::Undo | EventKind::Unblock)
    }
}

/// A like or a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Decision {
    #[default]
    None,
    Like,
    Pass,
}

/// What one person did to one other, whom `other` names by serial number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Act {
    pub(super) other: u32,
    decided_at: u32,
    blocked_at: u32,
    pub(super) decision: Decision,
    /// [`BLOCKED`], [`UNMATCHED`].
    ends: u8,
    talk: Option<Talk>,
    /// Which text of the other a like was learned from, by its [name](super::earlier::Earlier); 0 where none was.
    pub(super) learned_from: u8,
}

const BLOCKED: u8 = 1;
const UNMATCHED: u8 = 2;

/// How much a decision says, in quarters of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Vote {
    likes: u32,
    total: u32,
}

impl Vote {
    /// How many likes it counts for.
    pub(super) fn likes(self) -> f64 {
        f64::from(self.likes) / f64::from(WHOLE)
    }

    /// The same in quarters.
    pub(super) fn quarters(self) -> u32 {
        self.likes
    }
}

impl Act {
    pub(super) fn new(other: u32) -> Self {
        Self { other, ..Self::default() }
    }

    /// This act after an event.
    #[must_use]
    pub(super) fn after(mut self, kind: EventKind, at: u32) -> Self {
        match kind {
            EventKind::Like => self.decide(Decision::Like, at),
            EventKind::Pass => self.decide(Decision::Pass, at),
            EventKind::Undo => self.decide(Decision::None, at),
            EventKind::Block => self.block(true, at),
            EventKind::Unblock => self.block(false, at),
            EventKind::Unmatch => self.ends |= UNMATCHED,
            EventKind::Talk(talk) => self.talk = self.talk.max(Some(talk)),
        }
        self
    }

    fn decide(&mut self, decision: Decision, at: u32) {
        if at >= self.decided_at {
            (self.decision, self.decided_at) = (decision, at);
        }
    }

    fn block(&mut self, blocked: bool, at: u32) {
        if at >= self.blocked_at {
            self.ends = if blocked { self.ends | BLOCKED } else { self.ends & !BLOCKED };
            self.blocked_at = at;
        }
    }

    /// What is learned from it.
    pub(super) fn vote(self) -> Vote {
        match (self.decision, self.talk) {
            (Decision::None, _) => Vote::default(),
            (Decision::Pass, _) => Vote { likes: 0, total: WHOLE },
            (Decision::Like, Some(talk)) if self.ends == 0 => Vote { likes: talk.quarters(), total: talk.quarters() },
            (Decision::Like, _) => Vote { likes: WHOLE, total: WHOLE },
        }
    }

    /// The act in four words, as it is saved.
    pub(super) fn words(self) -> [u32; 4] {
        let decision = match self.decision {
            Decision::None => 0,
            Decision::Like => 1,
            Decision::Pass => 2,
        };
        let state = decision | u32::from(self.ends) << 2 | Talk::number(self.talk) << 4;
        let state = state | u32::from(self.learned_from) << 8;
        [self.other, self.decided_at, self.blocked_at, state]
    }

    /// The act of [`Self::words`]; `None` for other words.
    pub(super) fn from_words([other, decided_at, blocked_at, state]: [u32; 4]) -> Option<Self> {
        let decision = match state & 3 {
            0 => Decision::None,
            1 => Decision::Like,
            2 => Decision::Pass,
            _ => return None,
        };
        let ends = (state >> 2 & 3) as u8;
        let talk = Talk::of_number(state >> 4 & 15)?;
        let learned_from = u8::try_from(state >> 8).ok()?;
        Some(Self { other, decided_at, blocked_at, decision, ends, talk, learned_from })
    }

    /// Whether the actor is no longer shown the other: any decision, a block, an unmatch.
    pub(super) fn hides_other(self) -> bool {
        self.decision != Decision::None || self.ends != 0
    }

    /// Whether the other is no longer shown the actor: a like keeps them in sight, everything else does not.
    pub(super) fn hides_actor(self) -> bool {
        self.decision == Decision::Pass || self.ends != 0
    }
}

/// How often a person was decided on, and how many of these were likes; in quarters, since what came of a like gives it
/// more or less weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    likes: u32,
    total: u32,
}

impl Tally {
    /// Replaces one vote by another. Bytes that were read may have counts that no engine has.
    pub(super) fn replace(&mut self, old: Vote, new: Vote) {
        let replaced = |count: u32, old: u32, new: u32| count.saturating_add(new).saturating_sub(old);
        self.likes = replaced(self.likes, old.likes, new.likes);
        self.total = replaced(self.total, old.total, new.total);
    }

    /// How many likes there are; what came of one gives it more or less weight.
    pub(super) fn likes(self) -> f64 {
        f64::from(self.likes) / f64::from(WHOLE)
    }

    /// Likes and decisions, in quarters.
    pub(super) fn counts(self) -> [u32; 2] {
        [self.likes, self.total]
    }

    /// The tally of [`Self::counts`]; `None` when there are more likes than decisions.
    pub(super) fn from_counts([likes, total]: [u32; 2]) -> Option<Self> {
        (likes <= total).then_some(Self { likes, total })
    }

    /// The share of likes, shrunk towards `mean` as if `weight` decisions of that mean had been seen before:
    /// `(likes + weight · mean) / (total + weight)`, the mean of a beta posterior.
    pub(super) fn shrunk(self, mean: f64, weight: f64) -> f64 {
        let whole = |quarters: u32| f64::from(quarters) / f64::from(WHOLE);
        (whole(self.likes) + weight * mean) / (whole(self.total) + weight)
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
