//! Looking at what people show of themselves: their text, their pictures, the first thing they say in a room. Flags only.
//!
//! What is flagged waits for a person; nobody is hidden or refused by it, and nobody waits for it. The local rules see every text
//! (a bio with its edit, a first message in its job); a [`Moderator`](super::Moderator), where there is one, what consent lets it see.
//! Each is a job under its lease, put in the work of what it is about: it ends with one effect, whoever dies on the way, and
//! finds nothing to do when what it was to look at is gone. Read by whoever moderates.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::consent::{may_be_looked_at, takes_back};
use super::facts::fingerprint;
use super::finding::{Aspect, Finding, Judge, Subject};
use super::flag::Flag;
use super::moderator::Reach;
use super::rules;
use crate::error::Result;
use crate::gpting::{Core, Safety, bounded};
use crate::id::{FindingId, JobId, MemberId};
use crate::job::{Job, Next, Task, Turn};
use crate::profile::Member;
use crate::store::{Change, Expect, Page, Versioned};

/// Most findings of one page.
const PAGE: usize = 1_000;
/// Most characters of a name that are kept.
const NAME: usize = 100;

/// What a text about oneself is known by.
pub(super) fn content_of_bio(member: &Member) -> String {
    fingerprint("", "moderation", &json!(member.profile.bio))
}

/// What a picture is known by.
pub(super) fn content_of_photo(bytes: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    format!("{:032x}", u128::from_be_bytes(digest.first_chunk().copied().unwrap_or_default()))
}

impl Core {
    /// What somebody has found, by consent unless it is the rules or stayed within this process.
    pub(super) fn finding(
        &self,
        (member, subject): (MemberId, Subject),
        (by, name): (Judge, &str),
        content: String,
        flags: BTreeMap<Flag, u8>,
    ) -> Finding {
        let at = self.now();
        let at_home = self.moderator.as_ref().is_some_and(|moderator| moderator.reach() == Reach::Process);
        Finding {
            id: FindingId::draw(&*self.rng),
            member,
            subject,
            by,
            name: name.chars().take(NAME).collect(),
            content,
            flags,
            by_consent: match by {
                Judge::Rules => false,
                Judge::Model => true,
                Judge::Moderator => !at_home,
            },
            at,
            keep_until: at.checked_add(self.config.assist.keep_findings).unwrap_or(Timestamp::MAX),
        }
    }

    /// What the local rules find in a text; nothing where they find nothing.
    pub(super) fn by_rules(&self, of: (MemberId, Subject), content: String, text: &str) -> Option<Finding> {
        let flags: BTreeMap<Flag, u8> = rules::found_in(text).into_iter().map(|flag| (flag, 100)).collect();
        (!flags.is_empty()).then(|| self.finding(of, (Judge::Rules, rules::NAME), content, flags))
    }

    /// What a change of a member means for what was found of what is theirs: forgotten with the text or the consent, looked
    /// for again where there is something new to see or a new consent to see it by.
    pub(super) fn follow_findings(&self, before: &Member, after: &Member, analysis_is_purged: bool) -> Vec<Change> {
        let (member, now) = (after.id, self.now());
        let reach = self.moderator.as_ref().map(|moderator| moderator.reach());
        let mut changes = Vec::new();
        for aspect in [Aspect::Bio, Aspect::Photo, Aspect::FirstMessage] {
            let is_purged = aspect == Aspect::Bio && analysis_is_purged;
            if is_purged || takes_back(before, after, aspect, reach) {
                changes.push(Change::ForgetFindings { member, aspect });
            }
        }
        let is_new_text = before.profile.bio != after.profile.bio;
        if is_new_text {
            changes.push(Change::DropFindings { member, subject: Subject::Bio });
            let found = self.by_rules((member, Subject::Bio), content_of_bio(after), &after.profile.bio);
            changes.extend(found.map(|found| Change::PutFinding(Box::new(found))));
        }
        let Some(reach) = reach else { return changes };
        let may_now = |aspect| may_be_looked_at(after, aspect, reach);
        // Not at once: people write in several goes.
        let settled = now.checked_add(self.config.assist.settles_in).unwrap_or(now);
        let gains = |aspect| may_now(aspect) && !may_be_looked_at(before, aspect, reach);
        if (is_new_text && may_now(Aspect::Bio) && !after.profile.bio.is_empty()) || gains(Aspect::Bio) {
            changes.push(self.look_at((member, Subject::Bio), settled));
        }
        if gains(Aspect::Photo) {
            let photos = after.profile.photos.iter().map(|photo| Subject::Photo(photo.id));
            changes.extend(photos.map(|photo| self.look_at((member, photo), settled)));
        }
        changes
    }

    /// The job that looks at a new picture, where there is somebody to look.
    pub(crate) fn look_at_photo(&self, member: &Member, photo: crate::id::PhotoId) -> Option<Change> {
        let reach = self.moderator.as_ref()?.reach();
        let may = may_be_looked_at(member, Aspect::Photo, reach);
        may.then(|| self.look_at((member.id, Subject::Photo(photo)), self.now()))
    }

    fn look_at(&self, (member, subject): (MemberId, Subject), run_at: Timestamp) -> Change {
        Change::PutJob(Job::new(JobId::draw(&*self.rng), Task::Moderate { member, subject }, run_at), Expect::New)
    }

    /// Looks at something of a member's, unless that is done, gone, or nobody may.
    pub(crate) async fn moderate(&self, member: MemberId, subject: Subject, turn: &Turn<'_>) -> Result<Next> {
        match subject {
            Subject::Bio | Subject::Photo(_) => self.look_at_profile(member, subject, turn).await,
            Subject::FirstMessage(room) => self.look_at_message(member, room, turn).await,
        }
    }

    /// Whether a member's first message may be shown to the moderator: both who talk agree, as for the analysis of what they say.
    pub(super) fn both_may_be_shown(&self, both: &[Versioned<Member>]) -> bool {
        let Some(moderator) = &self.moderator else { return false };
        let reach = moderator.reach();
        both.len() == 2 && both.iter().all(|row| may_be_looked_at(&row.value, Aspect::FirstMessage, reach))
    }
}

impl Safety<'_> {
    /// What a member's present text is flagged for, by anybody who has looked at it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn flags(&self, member: MemberId) -> Result<Vec<Flag>> {
        let core: &Core = self.0;
        let Some(row) = core.member(member).await? else { return Ok(Vec::new()) };
        let found = core.store.findings(member, Subject::Bio).await?;
        let content = content_of_bio(&row.value);
        let present = found.into_iter().filter(|found| found.content == content);
        let flags: BTreeSet<Flag> = present.flat_map(|found| found.flags.into_keys()).collect();
        Ok(flags.into_iter().collect())
    }

    /// What is flagged of everybody: texts, pictures and first messages; who, which, what for, by whom and when, never what was
    /// looked at. Newest first, ties by id descending, at most 1,000 a page; a page goes on behind the last one's `at` and
    /// id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn flagged(&self, page: Page) -> Result<Vec<Finding>> {
        let page = Page { limit: bounded(page.limit, PAGE), ..page };
        Ok(self.0.store.flagged(page).await?)
    }
}
