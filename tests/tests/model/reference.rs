//! The model: the rules of the service over a few lists in memory, written down a second time and plainly.
//!
//! It knows no ids, no versions and no store. [`Model::perform`] takes an act and says what the service must answer.

use std::collections::{BTreeMap, BTreeSet};

use gpting_core::Code;
use gpting_core::interaction::PairList;

use crate::act::{Act, PEOPLE, Who};
use crate::answer::{Answer, Told};
use crate::flaw::Flaw;
use crate::pair::Pair;
use crate::people::{Person, Standing, today};
use crate::room::key;

/// A case: its number, and of each entry the messages that were kept.
pub(crate) type Case = (usize, Vec<Vec<u64>>);

/// Everybody and everything, and what the last act must have answered.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) flaw: Flaw,
    pub(crate) now: i64,
    pub(crate) people: Vec<Person>,
    pub(crate) pairs: BTreeMap<(Who, Who), Pair>,
    pub(crate) served: BTreeSet<(Who, Who)>,
    /// By reporter and subject.
    pub(crate) cases: BTreeMap<(Who, Who), Case>,
    /// How many cases there have been.
    pub(crate) reported: usize,
    pub(crate) told: Vec<Told>,
    pub(crate) answer: Answer,
}

/// An answer, or a refusal.
pub(crate) type Outcome = Result<Answer, Code>;

impl Model {
    /// Nobody is there.
    pub(crate) fn new(flaw: Flaw) -> Self {
        Self {
            flaw,
            now: 0,
            people: vec![Person::default(); PEOPLE],
            pairs: BTreeMap::new(),
            served: BTreeSet::new(),
            cases: BTreeMap::new(),
            reported: 0,
            told: Vec::new(),
            answer: Answer::Done,
        }
    }

    /// Whether any two people may talk.
    pub(crate) fn anybody_connected(&self) -> bool {
        self.pairs.values().any(Pair::is_connected)
    }

    /// Does an act, a second after the last one.
    pub(crate) fn perform(&mut self, act: &Act) {
        self.now += 1;
        self.answer = self.outcome(act).unwrap_or_else(Answer::Refused);
    }

    fn outcome(&mut self, act: &Act) -> Outcome {
        let now = self.now;
        match *act {
            Act::Join(me) => {
                if self.people[me].standing == Standing::Absent {
                    self.people[me].standing = Standing::Active;
                    // Whoever joins again is somebody else.
                    self.cases.retain(|(_, subject), _| *subject != me);
                }
                Ok(Answer::Done)
            }
            Act::Describe { me, gender, born } => {
                self.people[me].describe(format!("name{me}"), gender, born, today(now)).map(|()| Answer::Done)
            }
            Act::Wish { me, ref genders, ages } => self.people[me].wish(genders, ages).map(|()| Answer::Done),
            Act::Like { me, other, line } => self.like(me, other, line),
            Act::Pass { me, other } => self.act_on(me, other)?.pass(side(me, other), now),
            Act::Undo(me) => self.undo(me),
            Act::Unmatch { me, other } => self.unmatch(me, other),
            Act::Ask { me, other } => {
                let asked = self.act_on(me, other)?.ask(side(me, other), now)?;
                if matches!(asked, Answer::Asked { already: false, friends: true, .. }) {
                    self.told.push(Told::Befriended(me, other, now));
                }
                Ok(asked)
            }
            Act::Respond { me, other, accept } => self.respond(me, other, accept),
            Act::Unfriend { me, other } => self.met(me, other)?.unfriend().map(|()| Answer::Done),
            Act::Block { me, other } => self.block(me, other),
            Act::Unblock { me, other } => {
                let flaw = self.flaw;
                self.met(me, other)?.unblock(side(me, other), flaw).map(|()| Answer::Done)
            }
            Act::Report { me, other, seq } => self.report(me, other, seq),
            Act::Open { me, other } => self.open(me, other),
            Act::Send { me, room, text, client } => self.send(me, room, text, client),
            Act::Read { me, room, seq } => {
                let side = self.seat(me, room)?;
                let room = self.pairs.get_mut(&room).and_then(|pair| pair.room.as_mut()).expect("a room was found");
                Ok(Answer::Marked(room.mark(side, seq)))
            }
            Act::History { me, room, range, limit } => self.history(me, room, range, limit),
            Act::Rooms(me) => self.rooms(me),
            Act::Matches(me) => self.list(me, PairList::Matches, |pair, _| pair.matched),
            Act::Likes(me) => {
                self.list(me, PairList::LikedMe, |pair, me| pair.decision[1 - me].as_ref().map(|like| like.at))
            }
            Act::Friends(me) => self.list(me, PairList::Friends, |pair, _| pair.friends),
            Act::Requests { me, sent } => {
                let list = if sent { PairList::RequestsSent } else { PairList::RequestsReceived };
                self.list(me, list, |pair, _| pair.asked.map(|(_, at)| at))
            }
            Act::Blocks(me) => self.blocks(me),
            Act::Card { me, other } => self.card(me, other),
            Act::Slate(me) => self.slate(me),
            Act::Erase(me) => self.people[me].erase(now).map(|()| Answer::Done),
            Act::Wait { minutes } => {
                self.now += minutes * 60;
                self.finish_erasures();
                Ok(Answer::Done)
            }
        }
    }

    /// Like, pass and friend request: between people who fit each other now, or who have to do with each other already.
    pub(crate) fn act_on(&mut self, me: Who, other: Who) -> Result<&mut Pair, Code> {
        let (actor, target) = (&self.people[me], &self.people[other]);
        actor.acting()?;
        if me == other {
            return Err(Code::SelfAction);
        }
        if actor.said.is_none() {
            return Err(Code::ProfileIncomplete);
        }
        let side = side(me, other);
        let pair = self.pairs.get(&key(me, other)).cloned().unwrap_or_default();
        let acquainted = pair.is_connected()
            || pair.unmatched
            || pair.decision[side].is_some()
            || pair.likes(1 - side)
            || pair.asked.is_some()
            || (self.flaw == Flaw::ServedMayBeLiked && self.served.contains(&(me, other)));
        let may = target.is_visible() && !pair.is_blocked() && (acquainted || actor.fits(target, today(self.now)));
        if may { Ok(self.pairs.entry(key(me, other)).or_default()) } else { Err(Code::MemberNotFound) }
    }

    /// The pair of two people who have had to do with each other, for what one of them ends.
    pub(crate) fn met(&mut self, me: Who, other: Who) -> Result<&mut Pair, Code> {
        self.people[me].acting()?;
        if me == other {
            return Err(Code::SelfAction);
        }
        self.pairs.get_mut(&key(me, other)).ok_or(Code::MemberNotFound)
    }

    /// Who may read whose card: those who may act on each other, and whom a slate has shown.
    pub(crate) fn sees(&self, me: Who, other: Who) -> bool {
        let target = &self.people[other];
        let pair = self.pairs.get(&key(me, other)).cloned().unwrap_or_default();
        if me == other || !target.is_active() || pair.is_blocked() || pair.unmatched {
            return false;
        }
        let theirs = 1 - side(me, other);
        let comes_from_them = pair.likes(theirs) || pair.asked.is_some_and(|(from, _)| from == theirs);
        let shown = self.served.contains(&(me, other)) || self.people[me].fits(target, today(self.now));
        pair.is_connected() || comes_from_them || (target.is_visible() && shown)
    }

    /// Everything about them goes, in the order in which they asked.
    fn finish_erasures(&mut self) {
        let since = |who: &Who| match self.people[*who].standing {
            Standing::Erasing(since) => since,
            Standing::Absent | Standing::Active => 0,
        };
        let mut due: Vec<Who> = (0..PEOPLE).filter(|who| self.people[*who].is_due(self.now)).collect();
        due.sort_by_key(since);
        for gone in due {
            self.people[gone] = Person::default();
            self.pairs.retain(|(a, b), _| *a != gone && *b != gone);
            self.served.retain(|(a, b)| *a != gone && *b != gone);
            // What is said against them stays until its own term.
            self.cases.retain(|(reporter, _), _| *reporter != gone);
            self.told.push(Told::Erased(gone, self.now));
        }
    }

    /// Those whom somebody has had to do with.
    pub(crate) fn others(&self, me: Who) -> impl Iterator<Item = (Who, &Pair)> {
        self.pairs.iter().filter_map(move |((a, b), pair)| match me {
            _ if me == *a => Some((*b, pair)),
            _ if me == *b => Some((*a, pair)),
            _ => None,
        })
    }
}

/// Which side of the pair with `other` somebody is.
pub(crate) fn side(me: Who, other: Who) -> usize {
    usize::from(me > other)
}
