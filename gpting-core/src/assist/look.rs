//! One look at one thing: what is there now, who may see it, what is found, and one commit that keeps it.
//!
//! Called by `moderation`, under a job's lease. A commit requires the members to be as they were read, so that a consent that is
//! taken back, an edit or an erasure meanwhile leaves nothing behind; a message that is taken back meanwhile takes with it what was
//! found. Nothing of a text is kept.

use std::time::Duration;

use jiff::SignedDuration;

use super::audit::Errand;
use super::call::NoAnswer;
use super::consent::may_be_looked_at;
use super::finding::{Aspect, Finding, Judge, Subject};
use super::model::ModelError;
use super::moderation::{content_of_bio, content_of_photo};
use super::moderator::{Moderator, Opinion, Reach, Sight};
use super::{facts, scrub};
use crate::chat::{Message, Room};
use crate::error::{Error, Result};
use crate::gpting::Core;
use crate::id::{MemberId, RoomId};
use crate::job::{Next, Turn};
use crate::profile::Member;
use crate::store::{Change, MessageRange, StoreError, Versioned, Work};

/// How often a commit is tried again when somebody else was faster.
const TRIES: usize = 20;
/// What a picture is reckoned at in tokens.
const PICTURE_TOKENS: u32 = 100;
/// Larger pictures are shown to nobody outside.
const PICTURE_BYTES: usize = 4 << 20;
/// How long a first message is worth looking at from outside: one that could not be shown within this time is not shown.
const FRESH: SignedDuration = SignedDuration::from_hours(24);
/// So many messages at once, and so many in all, are read to find somebody's first.
const PIECE: usize = 100;
const PIECES: usize = 10;
/// The longest that a moderator in this process may take.
const LONGEST: Duration = Duration::from_secs(30);

/// Something that is there to be seen.
struct Seen {
    content: String,
    shown: Shown,
}

/// As it would be shown.
enum Shown {
    Text(String),
    Picture(Vec<u8>),
}

impl Core {
    /// Lets the moderator look at a member's text or at one of their pictures.
    pub(super) async fn look_at_profile(&self, id: MemberId, subject: Subject, turn: &Turn<'_>) -> Result<Next> {
        let Some(moderator) = self.moderator.clone() else { return Ok(Next::Done) };
        let name = kept_name(&*moderator);
        let due =
            |member: &Member| may_be_looked_at(member, subject.aspect(), moderator.reach()) && has(member, subject);
        let Some(row) = self.member(id).await?.filter(|row| due(&row.value)) else { return Ok(Next::Done) };
        let known = self.store.findings(id, subject).await?;
        let known = known.into_iter().find(|found| found.by == Judge::Moderator && found.name == name);
        // A picture never changes under its id.
        let is_known = |content: &str| known.as_ref().is_some_and(|found| found.content == content);
        if known.is_some() && matches!(subject, Subject::Photo(_)) {
            return Ok(Next::Done);
        }
        let Some(seen) = self.see(&row.value, subject, moderator.reach()).await? else { return Ok(Next::Done) };
        if is_known(&seen.content) {
            return Ok(Next::Done);
        }
        let flags = match self.seen_before(&row.value, subject, &seen.content, &name).await? {
            Some(found) => found.flags,
            None => match self.ask_moderator(id, &*moderator, &seen.shown, subject.aspect()).await? {
                Ok(opinion) => opinion.flagged(),
                Err(NoAnswer::Later(wait)) => return Ok(Next::Again(wait)),
                // Kept as looked at, with nothing found.
                Err(NoAnswer::Never) => Opinion::default().flagged(),
            },
        };
        let found = self.finding((id, subject), (Judge::Moderator, &name), seen.content.clone(), flags);
        for _ in 0..TRIES {
            let Some(row) = self.member(id).await?.filter(|row| due(&row.value)) else { return Ok(Next::Done) };
            if subject == Subject::Bio && content_of_bio(&row.value) != seen.content {
                // Another text by now, which has a job of its own.
                return Ok(Next::Done);
            }
            let work = Work::new()
                .change(Change::Require { member: id, version: row.version })
                .change(Change::PutFinding(Box::new(found.clone())))
                .change(turn.crossing_off().await);
            match self.commit(work).await {
                Err(StoreError::Stale) if self.is_found(&found).await? => return Ok(Next::Done),
                Err(StoreError::Stale) => {}
                done => return done.map(|_| Next::Done).map_err(Into::into),
            }
        }
        Err(StoreError::Stale.into())
    }

    /// Looks at the first thing that a member has said in a room: the rules always, the moderator where both agree.
    pub(super) async fn look_at_message(&self, id: MemberId, room: RoomId, turn: &Turn<'_>) -> Result<Next> {
        let subject = Subject::FirstMessage(room);
        let first = self.first_message(id, room).await?;
        let known = self.store.findings(id, subject).await?;
        let content = first.as_ref().map(|(_, message)| message.seq.to_string());
        if known.iter().any(|found| Some(&found.content) != content.as_ref()) {
            // Taken back since: what was found of it goes, and the next one is the first now.
            let drop = Work::new().change(Change::DropFindings { member: id, subject });
            turn.effect(|renewal| self.commit(drop.change(renewal))).await?;
            return Ok(Next::Again(Duration::ZERO));
        }
        let (Some((room_now, message)), Some(content)) = (first, content) else { return Ok(Next::Done) };
        let is_known = |by| known.iter().any(|found: &Finding| found.by == by);
        if !is_known(Judge::Rules)
            && let Some(found) = self.by_rules((id, subject), content.clone(), &message.text)
        {
            self.keep_of_message(found, |rows| rows.iter().any(|row| row.value.id == id), &room_now, turn).await?;
        }
        let mut next = Next::Done;
        if !is_known(Judge::Moderator) {
            next = self.show_message(id, &room_now, &message, turn).await?;
        }
        // What was taken back between reading and keeping has taken nothing with it.
        let still = self.first_message(id, room).await?.is_some_and(|(_, now)| now.seq == message.seq);
        if still { Ok(next) } else { Ok(Next::Again(Duration::ZERO)) }
    }

    /// Shows a first message to the moderator, if it is fresh, the room is open, and both agree.
    async fn show_message(&self, id: MemberId, room: &Room, message: &Message, turn: &Turn<'_>) -> Result<Next> {
        let Some(moderator) = self.moderator.clone() else { return Ok(Next::Done) };
        let is_open = room.closed_at.is_none() && message.seq > room.hidden_through;
        if !is_open || self.now().duration_since(message.at) > FRESH {
            return Ok(Next::Done);
        }
        let both = self.store.members(&[room.pair.low, room.pair.high]).await?;
        if !self.both_may_be_shown(&both) {
            return Ok(Next::Done);
        }
        let text = match moderator.reach() {
            Reach::Process => message.text.clone(),
            Reach::Country | Reach::Abroad => {
                let names: Vec<&str> = both.iter().map(|row| row.value.profile.nickname.as_str()).collect();
                scrub::scrub(&message.text, self.config.assist.message_chars, &names)
            }
        };
        let flags = match self.ask_moderator(id, &*moderator, &Shown::Text(text), Aspect::FirstMessage).await? {
            Ok(opinion) => opinion.flagged(),
            Err(NoAnswer::Later(wait)) => return Ok(Next::Again(wait)),
            Err(NoAnswer::Never) => Opinion::default().flagged(),
        };
        let (subject, name) = (Subject::FirstMessage(room.id), kept_name(&*moderator));
        let found = self.finding((id, subject), (Judge::Moderator, &name), message.seq.to_string(), flags);
        self.keep_of_message(found, |rows| self.both_may_be_shown(rows), room, turn).await?;
        Ok(Next::Done)
    }

    /// Keeps what was found of a message, as long as its two are as it demands.
    async fn keep_of_message(
        &self,
        found: Finding,
        holds: impl Fn(&[Versioned<Member>]) -> bool + Send + Sync,
        room: &Room,
        turn: &Turn<'_>,
    ) -> Result<()> {
        for _ in 0..TRIES {
            let mut both = self.store.members(&[room.pair.low, room.pair.high]).await?;
            both.sort_by_key(|row| row.value.id);
            if !holds(&both) {
                return Ok(());
            }
            let required = both.iter().map(|row| Change::Require { member: row.value.id, version: row.version });
            let mut work = required.fold(Work::new(), Work::change);
            work = work.change(Change::PutFinding(Box::new(found.clone())));
            match turn.effect(|renewal| self.commit(work.change(renewal))).await {
                Err(StoreError::Stale) if self.is_found(&found).await? => return Ok(()),
                Err(StoreError::Stale) => {}
                done => return done.map(drop).map_err(Into::into),
            }
        }
        Err(StoreError::Stale.into())
    }

    /// Whether the same judge of the same name has found something of the same content already.
    pub(super) async fn is_found(&self, found: &Finding) -> Result<bool> {
        let there = self.store.findings(found.member, found.subject).await?;
        let same = |one: &Finding| (one.by, &one.name, &one.content) == (found.by, &found.name, &found.content);
        Ok(there.iter().any(same))
    }

    /// What there is to see of a member's; none when there is nothing, or nothing that may be shown.
    async fn see(&self, member: &Member, subject: Subject, reach: Reach) -> Result<Option<Seen>> {
        match subject {
            Subject::Bio => {
                let text = match reach {
                    Reach::Process => member.profile.bio.clone(),
                    Reach::Country | Reach::Abroad => facts::text(member, &self.config.assist),
                };
                Ok(Some(Seen { content: content_of_bio(member), shown: Shown::Text(text) }))
            }
            Subject::Photo(id) => {
                let Some(photo) = member.profile.photos.iter().find(|photo| photo.id == id) else { return Ok(None) };
                let Some(blobs) = &self.blobs else { return Ok(None) };
                let bytes = blobs.get(&photo.key).await.map_err(|error| Error::Internal {
                    what: "a picture could not be read",
                    source: Box::new(error),
                })?;
                Ok(bytes.map(|bytes| Seen { content: content_of_photo(&bytes), shown: Shown::Picture(bytes) }))
            }
            Subject::FirstMessage(_) => Ok(None),
        }
    }

    /// What the moderator has found of the same picture under another id of the member's.
    async fn seen_before(&self, member: &Member, of: Subject, content: &str, name: &str) -> Result<Option<Finding>> {
        if of.aspect() != Aspect::Photo {
            return Ok(None);
        }
        for photo in &member.profile.photos {
            let found = self.store.findings(member.id, Subject::Photo(photo.id)).await?;
            let same = |one: &Finding| one.by == Judge::Moderator && one.name == name && one.content == content;
            if let Some(found) = found.into_iter().find(same) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// A member's first message in a room that still stands, and the room.
    async fn first_message(&self, id: MemberId, room: RoomId) -> Result<Option<(Room, Message)>> {
        let Some(room) = self.store.room(room).await?.map(|row| row.value).filter(|room| room.has(id)) else {
            return Ok(None);
        };
        let mut after = 0;
        for _ in 0..PIECES {
            let piece = self.store.messages(room.id, MessageRange::After(after), PIECE, None).await?;
            let Some(last) = piece.last().map(|message| message.seq) else { return Ok(None) };
            if let Some(first) = piece.into_iter().find(|one| one.sender == id && one.unsent.is_none()) {
                return Ok(Some((room, first)));
            }
            after = last;
        }
        Ok(None)
    }

    /// Asks the moderator: within the budget and on record when what it is shown leaves this process.
    async fn ask_moderator(
        &self,
        who: MemberId,
        moderator: &dyn Moderator,
        shown: &Shown,
        aspect: Aspect,
    ) -> Result<std::result::Result<Opinion, NoAnswer>> {
        let (sight, tokens) = match shown {
            Shown::Text(text) if text.is_empty() => return Ok(Ok(Opinion::default())),
            Shown::Text(text) => {
                let tokens = u32::try_from(text.len()).unwrap_or(u32::MAX);
                (if aspect == Aspect::Bio { Sight::Bio(text) } else { Sight::Message(text) }, tokens)
            }
            Shown::Picture(bytes) => (Sight::Photo(bytes), PICTURE_TOKENS),
        };
        if moderator.reach() == Reach::Process {
            return Ok(match tokio::time::timeout(LONGEST, moderator.look(sight)).await {
                Ok(Ok(looked)) => Ok(looked.opinion),
                Ok(Err(ModelError::Unavailable { retry_after, .. })) => Err(NoAnswer::later(retry_after)),
                Ok(Err(_)) => Err(NoAnswer::Never),
                Err(_) => Err(NoAnswer::later(None)),
            });
        }
        if matches!(shown, Shown::Picture(bytes) if bytes.len() > PICTURE_BYTES) {
            return Ok(Err(NoAnswer::Never));
        }
        let call = async {
            let looked = moderator.look(sight).await?;
            Ok((Some(looked.opinion), looked.usage))
        };
        self.through_gate(who, Errand::Moderation, moderator.name(), tokens, call).await
    }
}

/// A moderator's name as it is kept.
fn kept_name(moderator: &dyn Moderator) -> String {
    moderator.name().chars().take(100).collect()
}

/// Whether a member has something.
fn has(member: &Member, subject: Subject) -> bool {
    match subject {
        Subject::Bio => !member.profile.bio.is_empty(),
        Subject::Photo(id) => member.profile.photos.iter().any(|photo| photo.id == id),
        Subject::FirstMessage(_) => false,
    }
}
