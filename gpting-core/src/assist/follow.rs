//! What a change of a member means for what was derived of them: purged in the same commit; asked for in it, or after it.
//!
//! Called by everything that puts a member whom somebody has edited; pure but for ids that are drawn. Invariant: after it, a
//! member's row holds nothing that their consents do not cover. Without a text model, where nobody can say where one would be,
//! only what is taken back counts.

use super::consent::{keeps, may_read_conversations, may_read_profile};
use crate::gpting::Core;
use crate::id::JobId;
use crate::job::{Job, Task, named};
use crate::profile::{Member, Standing};
use crate::safety::Purpose;
use crate::store::{Change, Expect, StoreError, Work};

impl Core {
    /// Brings what is derived in line with the consents, and answers what belongs into the same work.
    pub(crate) fn follow(&self, before: &Member, after: &mut Member) -> Vec<Change> {
        let (config, now, id) = (&self.config.assist, self.now(), after.id);
        let mut changes = Vec::new();
        let mut put = |id, task, run_at| changes.push(Change::PutJob(Job::new(id, task, run_at), Expect::New));
        let draw = || JobId::draw(&*self.rng);
        let has_model = self.has_model();
        let keeps = |before: &Member, after: &Member, purpose| keeps(before, after, purpose, has_model, config);
        if !keeps(before, after, Purpose::ConversationAnalysis) {
            let rooms: Vec<_> = std::mem::take(&mut after.derived.rooms).into_keys().collect();
            after.derived.learner = None;
            if !rooms.is_empty() {
                // What others' rows hold of the same conversations.
                put(draw(), Task::ForgetConversations { member: id, rooms }, now);
            }
        }
        if after.standing != Standing::Active {
            // Its job ends when it finds them away: once they are back they need another one.
            after.derived.learner = None;
        }
        if self.text_model.is_some() && after.derived.learner.is_none() && may_read_conversations(after, config) {
            let learner = draw();
            after.derived.learner = Some(learner);
            put(learner, Task::LearnFromConversations { member: id }, now);
        }
        let is_new_text = before.profile.bio != after.profile.bio;
        if is_new_text {
            // What was read is of another text. Whoever comes back to the old one is read again, since the flags that the
            // model had for it may be gone.
            (after.derived.profile, after.derived.embedding) = (None, None);
        }
        let had = before.derived.profile.is_some()
            || before.derived.embedding.is_some()
            || keeps(before, before, Purpose::ProfileAnalysis);
        let is_purged = had && !keeps(before, after, Purpose::ProfileAnalysis);
        if is_purged {
            (after.derived.profile, after.derived.embedding) = (None, None);
            changes.push(Change::DropMade { member: id });
        }
        changes.extend(self.follow_findings(before, after, is_purged));
        changes
    }

    /// Whether anything is asked of a model here.
    fn has_model(&self) -> bool {
        self.text_model.is_some() || self.embedder.is_some()
    }

    /// Asks for the reading of a text that was not read and may be, after the commit of the member: one job waits, however
    /// often somebody edits. What is lost between the two is asked for when they next look in.
    pub(crate) async fn ask_to_read(&self, member: &Member) {
        let config = &self.config.assist;
        let is_read = (self.text_model.is_none() || member.derived.profile.is_some())
            && (self.embedder.is_none() || member.derived.embedding.is_some());
        if is_read || !may_read_profile(member, config) {
            return;
        }
        let id = named("read_profile", &member.id.to_string());
        // Not at once: people write in several goes, and a row that moves under their hands refuses their next one.
        let job = Job::new(id, Task::ReadProfile { member: member.id }, self.now() + config.settles_in);
        match self.commit(Work::new().change(Change::PutJob(job, Expect::New))).await {
            // It waits already; one that is under way looks at the text again before it keeps anything.
            Ok(_) | Err(StoreError::Stale) => {}
            Err(error) => tracing::debug!(error = %crate::error::Chain(&error), "no reading could be asked for"),
        }
    }
}
