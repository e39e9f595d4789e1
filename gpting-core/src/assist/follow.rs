//! What a change of a member means for what was derived of them: purged in the same commit, or asked for in it.
//!
//! Called by everything that puts a member whom somebody has edited; pure but for ids that are drawn. Invariant: after it, a
//! member's row holds nothing that their consents do not cover.

use super::consent::{agrees_to_conversations, agrees_to_profile, may_read_conversations, may_read_profile};
use super::{flag, moderation};
use crate::gpting::Core;
use crate::id::JobId;
use crate::job::{Job, Task};
use crate::profile::Member;
use crate::store::{Change, Expect};

impl Core {
    /// Brings what is derived in line with the consents, and answers what belongs into the same work.
    pub(crate) fn follow(&self, before: &Member, after: &mut Member) -> Vec<Change> {
        let (config, now, id) = (&self.config.assist, self.now(), after.id);
        let mut changes = Vec::new();
        let mut put = |id, task, run_at| changes.push(Change::PutJob(Job::new(id, task, run_at), Expect::New));
        let draw = || JobId::draw(&*self.rng);
        if !agrees_to_conversations(after, config) {
            let rooms: Vec<_> = std::mem::take(&mut after.derived.rooms).into_keys().collect();
            after.derived.learner = None;
            if !rooms.is_empty() {
                // What others' rows hold of the same conversations.
                put(draw(), Task::ForgetConversations { member: id, rooms }, now);
            }
        }
        let has_model = self.text_model.is_some();
        if has_model && after.derived.learner.is_none() && may_read_conversations(after, config) {
            let learner = draw();
            after.derived.learner = Some(learner);
            put(learner, Task::LearnFromConversations { member: id }, now);
        }
        let is_unread = after.derived.profile.is_none() || before.profile.bio != after.profile.bio;
        if has_model && is_unread && may_read_profile(after, config) {
            // Not at once: people write in several goes, and a row that moves under their hands refuses their next one.
            put(draw(), Task::ReadProfile { member: id }, now + config.settles_in);
        }
        if !agrees_to_profile(after, config) {
            let had = after.derived.profile.take().is_some();
            if had || agrees_to_profile(before, config) {
                changes.push(Change::DropMade { member: id });
            }
        }
        if before.profile.bio != after.profile.bio {
            changes.extend(moderation::keep(after, &flag::found_in(&after.profile.bio), now, config));
        }
        changes
    }
}
