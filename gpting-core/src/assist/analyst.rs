//! The analyst: profile texts and conversations become codes and bounded numbers in the rows of those who wrote them.
//!
//! Jobs alone, so nobody waits. What is read has the consent of everybody who wrote it, checked again in the commit that
//! keeps the result: the rows are put at the versions that were checked. Each effect happens exactly once; a model is asked
//! once about the same text, unless the one who asked died with the answer.

use std::collections::{BTreeMap, BTreeSet};

use super::answer;
use super::audit::Errand;
use super::call::NoAnswer;
use super::consent::{may_read_conversations, may_read_profile};
use super::derived::{Learned, Traits};
use super::finding::{Judge, Subject};
use super::moderation::content_of_bio;
use super::moderator::FLAGGED;
use super::topic::{Strengths, strongest};
use super::{facts, flag, prompt};
use crate::chat::Room;
use crate::error::Result;
use crate::gpting::Core;
use crate::id::{MemberId, RoomId};
use crate::job::{Next, Turn};
use crate::profile::Member;
use crate::store::{Change, MessageRange, Page, StoreError, Versioned, Work};

/// Topics that are kept of one text or conversation.
const TOPICS: usize = 12;
/// How often a commit is tried again when somebody else was faster.
const TRIES: usize = 20;

impl Core {
    /// Reads a member's text about themselves, unless it was read already or may not be: where it stands among others, then
    /// what it shows.
    pub(crate) async fn read_profile(&self, id: MemberId, turn: &Turn<'_>) -> Result<Next> {
        let waits = self.embed_profile(id, turn).await?;
        let next = self.read_traits(id, turn, waits.is_none()).await?;
        Ok(waits.filter(|_| matches!(next, Next::Done)).unwrap_or(next))
    }

    /// Reads what a text shows. The commit that keeps it ends the job when nothing else is left to do.
    async fn read_traits(&self, id: MemberId, turn: &Turn<'_>, is_last: bool) -> Result<Next> {
        let Some(model) = &self.text_model else { return Ok(Next::Done) };
        let config = &self.config.assist;
        let due = |member: &Member| {
            let text = facts::text(member, config);
            let content = facts::fingerprint(model.name(), prompt::VERSION, &serde_json::json!(["profile", text]));
            let known = member.derived.profile.as_ref().is_some_and(|traits| traits.content == content);
            (may_read_profile(member, config) && !known).then_some((text, content))
        };
        let Some((text, content)) = self.member(id).await?.and_then(|row| due(&row.value)) else {
            return Ok(Next::Done);
        };
        let (mut topics, mut flags) = (Strengths::new(), BTreeSet::new());
        if !text.is_empty() {
            let asked = prompt::traits(&text, &self.topics, &*self.rng);
            match self.ask_model(id, Errand::Profile, &asked).await? {
                Ok(answer) => {
                    topics = answer::strengths(answer.get("topics"), &self.topics, 1, TOPICS).unwrap_or_default();
                    flags = flag::read(&answer);
                }
                Err(NoAnswer::Later(wait)) => return Ok(Next::Again(wait)),
                // Kept as read with nothing in it: asked again when the text is another one.
                Err(NoAnswer::Never) => {}
            }
        }
        let traits = Traits { content, at: self.now(), topics };
        for _ in 0..TRIES {
            let Some(row) = self.member(id).await? else { return Ok(Next::Done) };
            match due(&row.value) {
                None => return Ok(Next::Done),
                // Another text by now: it has no job of its own, since this one was there.
                Some((_, content)) if content != traits.content => {
                    return Ok(Next::Again(config.settles_in.unsigned_abs()));
                }
                Some(_) => {}
            }
            let mut member = row.value.clone();
            member.derived.profile = Some(traits.clone());
            let mut work = Work::new().change(Change::PutMember(Box::new(member.clone()), row.expect()));
            // As sure as a list without numbers can be.
            let flags: BTreeMap<_, _> = flags.iter().map(|flag| (*flag, FLAGGED)).collect();
            let name = format!("{} {}", model.name(), prompt::VERSION);
            let found = self.finding((id, Subject::Bio), (Judge::Model, &name), content_of_bio(&member), flags);
            if !found.flags.is_empty() && !self.is_found(&found).await? {
                work = work.change(Change::PutFinding(Box::new(found)));
            }
            let committed = if is_last {
                self.commit(work.change(turn.crossing_off().await)).await
            } else {
                turn.effect(|renewal| self.commit(work.change(renewal))).await
            };
            match committed {
                Err(StoreError::Stale) => {}
                done => {
                    done?;
                    self.absorb(&Versioned { version: row.version + 1, value: member });
                    return Ok(Next::Done);
                }
            }
        }
        Err(StoreError::Stale.into())
    }

    /// Learns from those of a member's conversations in which they are the lower of the pair, so that each is read by one job;
    /// then again after a while, for as long as they agree.
    pub(crate) async fn learn_from_conversations(&self, id: MemberId, turn: &Turn<'_>) -> Result<Next> {
        let config = &self.config.assist;
        let goes_on =
            |member: &Member| may_read_conversations(member, config) && member.derived.learner == Some(turn.id());
        if !self.member(id).await?.is_some_and(|row| goes_on(&row.value)) {
            return Ok(Next::Done);
        }
        // An instance without a model leaves it to the others, or to better times.
        if self.text_model.is_none() {
            return Ok(Next::Again(config.learns_every.unsigned_abs()));
        }
        for overview in self.store.list_rooms(id, Page::first(config.rooms)).await? {
            if overview.room.pair.low == id
                && let Some(NoAnswer::Later(wait)) = self.learn_from_room(&overview.room, turn).await?
            {
                return Ok(Next::Again(wait));
            }
        }
        Ok(Next::Again(config.learns_every.unsigned_abs()))
    }

    /// Learns from what is new in a room, if both agree and enough is.
    async fn learn_from_room(&self, room: &Room, turn: &Turn<'_>) -> Result<Option<NoAnswer>> {
        let config = &self.config.assist;
        let Some((both, room)) = self.both_who_agree(room).await? else { return Ok(None) };
        let room = &room;
        let through = read_through(&both, room).max(room.hidden_through);
        if room.last_seq < through + u64::from(config.news) {
            return Ok(None);
        }
        let from = through.max(room.last_seq.saturating_sub(config.messages as u64));
        let messages = self.store.messages(room.id, MessageRange::After(from), config.messages, None).await?;
        let through_now = messages.last().map_or(room.last_seq, |message| message.seq);
        let mut said = facts::conversation(&messages, &both[0].value, &both[1].value, config);
        let mut values = [Strengths::new(), Strengths::new()];
        if !said.is_empty() {
            let mut asked = prompt::values(&said, &self.topics, &*self.rng);
            // Of more than a day has tokens for, the newest.
            while said.len() > 1 && !self.affords(asked.most_tokens()) {
                said.drain(..(said.len() / 4).max(1));
                asked = prompt::values(&said, &self.topics, &*self.rng);
            }
            match self.ask_model(both[0].value.id, Errand::Conversation, &asked).await? {
                Ok(answer) => {
                    values = ["a", "b"]
                        .map(|who| answer::strengths(answer.get(who), &self.topics, -100, TOPICS).unwrap_or_default());
                }
                Err(NoAnswer::Later(wait)) => return Ok(Some(NoAnswer::Later(wait))),
                Err(NoAnswer::Never) => {}
            }
        }
        for _ in 0..TRIES {
            let Some((both, present)) = self.both_who_agree(room).await? else { return Ok(None) };
            // Closed and opened again meanwhile: what was read is hidden for good.
            let is_hidden = present.hidden_through != room.hidden_through;
            if is_hidden || read_through(&both, room) >= through_now {
                return Ok(None);
            }
            let mut work = Work::new();
            let mut learned = Vec::new();
            for (row, values) in both.iter().zip(&values) {
                let mut member = row.value.clone();
                let before = member.derived.rooms.get(&room.id).map(|known| known.values.clone()).unwrap_or_default();
                let values = strongest(blend(before, values), TOPICS);
                member.derived.learn(room.id, Learned { through: through_now, at: self.now(), values });
                work = work.change(Change::PutMember(Box::new(member.clone()), row.expect()));
                learned.push(Versioned { version: row.version + 1, value: member });
            }
            match turn.effect(|renewal| self.commit(work.change(renewal))).await {
                Err(StoreError::Stale) => {}
                done => {
                    done?;
                    for row in &learned {
                        self.absorb(row);
                    }
                    return Ok(None);
                }
            }
        }
        Err(StoreError::Stale.into())
    }

    /// The lower and the higher of a room's pair, and the room as it is now, when it is open to both and both agree.
    async fn both_who_agree(&self, room: &Room) -> Result<Option<([Versioned<Member>; 2], Room)>> {
        let present = self.store.room(room.id).await?.map(|row| row.value);
        let Some(present) = present.filter(|room| room.closed_at.is_none()) else { return Ok(None) };
        let mut rows = self.store.members(&[room.pair.low, room.pair.high]).await?;
        rows.sort_by_key(|row| row.value.id);
        let both: Option<[Versioned<Member>; 2]> = rows.try_into().ok();
        let both = both.filter(|both| both.iter().all(|row| may_read_conversations(&row.value, &self.config.assist)));
        Ok(both.map(|both| (both, present)))
    }

    /// Takes what was learned in these rooms out of the rows of whoever else took part in them.
    pub(crate) async fn forget_conversations(&self, id: MemberId, rooms: &[RoomId]) -> Result<()> {
        for room in rooms {
            let Some(row) = self.store.room(*room).await? else { continue };
            let pair = row.value.pair;
            for other in [pair.low, pair.high].into_iter().filter(|other| *other != id) {
                self.forget_room(other, *room).await?;
            }
        }
        Ok(())
    }

    async fn forget_room(&self, id: MemberId, room: RoomId) -> Result<()> {
        for _ in 0..TRIES {
            let Some(row) = self.member(id).await? else { return Ok(()) };
            let mut member = row.value.clone();
            if member.derived.rooms.remove(&room).is_none() {
                return Ok(());
            }
            let put = Change::PutMember(Box::new(member.clone()), row.expect());
            match self.commit(Work::new().change(put)).await {
                Err(StoreError::Stale) => {}
                done => {
                    done?;
                    self.absorb(&Versioned { version: row.version + 1, value: member });
                    return Ok(());
                }
            }
        }
        Err(StoreError::Stale.into())
    }
}

/// Up to where a room was read.
fn read_through(both: &[Versioned<Member>; 2], room: &Room) -> u64 {
    let read = both.iter().filter_map(|row| row.value.derived.rooms.get(&room.id));
    read.map(|learned| learned.through).max().unwrap_or(0)
}

/// What was known and what is new: their mean where both say something.
fn blend(mut known: Strengths, new: &Strengths) -> Strengths {
    for (code, new) in new {
        known.entry(code.clone()).and_modify(|old| *old = old.midpoint(*new)).or_insert(*new);
    }
    known
}
