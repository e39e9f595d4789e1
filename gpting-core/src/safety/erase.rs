//! Erasure: hidden at once, everything gone when the term ends.
//!
//! Asking starts the term and puts the job; the job erases in the store, then the pictures. A member whose erasure has
//! begun exists for nobody, and cannot be brought back by the member's own devices.

use crate::error::{Code, Result};
use crate::event::{Event, Fact};
use crate::gpting::{Core, Safety, until_fresh};
use crate::id::{JobId, MemberId};
use crate::job::{Job, Task, Turn};
use crate::profile::Standing;
use crate::store::{Change, Expect, Work};

impl Safety<'_> {
    /// Begins a member's erasure: hidden from everybody at once, erased when the term has passed. Asking again changes
    /// nothing.
    ///
    /// # Errors
    /// [`Code::MemberNotFound`] when there is no such member.
    pub async fn erase(&self, me: MemberId) -> Result<()> {
        let core = self.0;
        until_fresh(|| async {
            let work = core.begin_erasure(me).await?;
            core.commit(work).await?;
            Ok(())
        })
        .await
    }
}

impl Core {
    /// The work that begins an erasure; empty when it has begun before.
    pub(crate) async fn begin_erasure(&self, me: MemberId) -> Result<Work> {
        let loaded = self.member(me).await?.ok_or(Code::MemberNotFound)?;
        if matches!(loaded.value.standing, Standing::Erasing { .. }) {
            return Ok(Work::new());
        }
        let now = self.now();
        let expect = loaded.expect();
        let mut member = loaded.value;
        member.standing = Standing::Erasing { since: now };
        let run_at = now + self.config.safety.erase_after;
        let job = Job::new(JobId::draw(&*self.rng), Task::Erase { member: me }, run_at);
        Ok(Work::new().change(Change::PutMember(Box::new(member), expect)).change(Change::PutJob(job, Expect::New)))
    }

    /// Erases a member whose term has ended, and crosses off the job in the same work: the host hears of it once. Doing it
    /// again changes nothing.
    pub(crate) async fn erase_now(&self, member: MemberId, turn: &Turn<'_>) -> Result<()> {
        if let Some(loaded) = self.member(member).await? {
            // Pictures first: their names are only known as long as the member is.
            if let Some(blobs) = &self.blobs {
                for photo in &loaded.value.profile.photos {
                    blobs.delete(&photo.key).await.map_err(|error| crate::Error::Internal {
                        what: "a picture could not be deleted",
                        source: Box::new(error),
                    })?;
                }
            }
        }
        if let Some(loaded) = self.member(member).await? {
            let rooms: Vec<_> = loaded.value.derived.rooms.into_keys().collect();
            self.forget_conversations(member, &rooms).await?;
        }
        let tombstone = MemberId::draw(&*self.rng);
        let work = Work::new()
            .change(Change::Erase { member, tombstone })
            .change(turn.crossing_off().await)
            .event(Event { at: self.now(), fact: Fact::Erased { member } });
        #[cfg(feature = "accounts")]
        if let Some(accounts) = &self.accounts {
            use crate::account::{AccountChange, AccountWork};
            let work = AccountWork::new().change(AccountChange::EraseAccount(member)).with(work);
            self.commit_account(accounts, work).await?;
            self.replica.forget(member);
            return Ok(());
        }
        self.commit(work).await?;
        self.replica.forget(member);
        Ok(())
    }
}
