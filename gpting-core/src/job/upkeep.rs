//! Upkeep: one job for the whole deployment that lets go, again and again, of what is kept for a term only.
//!
//! Reports beyond their term, sign-ups that nobody finished, sessions that have ended, allowances that are full again, and
//! what the feed tells of erased members after its day. A run that fails leaves the rest to the next.

use jiff::Timestamp;

use super::{Job, Task};
use crate::error::Result;
use crate::gpting::Core;
use crate::id::{JobId, MAX_ID, MemberId};
use crate::store::{Change, Expect, StoreError, Work};

/// Parts of all viewers: one a run, so all of them in a week of hourly runs.
const PARTS: i64 = 168;
/// The id of the one job of upkeep, in every deployment.
const PURGE: i64 = 1;
/// The id of the one job of the daily round.
const ROUND: i64 = 3;
/// The id of the one right to deliver events.
const DELIVER: i64 = 2;

impl Core {
    /// Sees to it that the jobs of the whole deployment are there: upkeep, and the daily round.
    pub(super) async fn plan_upkeep(&self) -> Result<()> {
        self.plan(PURGE, Task::Purge).await?;
        self.plan(ROUND, Task::DailyRound).await
    }

    /// Sees to it that the right to deliver is there, and answers its id.
    pub(crate) async fn plan_delivery(&self) -> Result<JobId> {
        self.plan(DELIVER, Task::DeliverEvents).await?;
        Ok(fixed(DELIVER))
    }

    async fn plan(&self, id: i64, task: Task) -> Result<()> {
        if self.store.job(fixed(id)).await?.is_some() {
            return Ok(());
        }
        let job = Job::new(fixed(id), task, self.now());
        match self.store.commit(Work::new().change(Change::PutJob(job, Expect::New))).await {
            // Another instance has put it in the meantime.
            Ok(_) | Err(StoreError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets go of whatever's term has ended.
    pub(super) async fn purge(&self) -> Result<()> {
        let now = self.now();
        // One work each: what one of them waits for does not hold up the locks of another.
        self.store.commit(Work::new().change(Change::DropReports { before: now })).await?;
        self.store.commit(Work::new().change(Change::Sweep { now })).await?;
        self.forget_impressions(now).await?;
        self.purge_accounts(now).await
    }

    /// Forgets who was shown to whom long ago. Each hour's run walks over the viewers of one part of all ids, which are spread
    /// evenly: everybody once a week, and no table whole.
    async fn forget_impressions(&self, now: Timestamp) -> Result<()> {
        let hour = now.as_second().div_euclid(self.config.jobs.purge_every.as_secs().max(1));
        let part = hour.rem_euclid(PARTS);
        let (from, to) = (MAX_ID / PARTS * part, MAX_ID / PARTS * (part + 1));
        let to = if part == PARTS - 1 { MAX_ID } else { to };
        let (Some(from), Some(to)) = (MemberId::new(from.max(1)), MemberId::new(to)) else { return Ok(()) };
        let before = now.checked_sub(self.config.matching.keep_impressions).unwrap_or(Timestamp::MIN);
        self.store.commit(Work::new().change(Change::DropImpressions { from, to, before })).await?;
        Ok(())
    }

    #[cfg(feature = "accounts")]
    async fn purge_accounts(&self, now: Timestamp) -> Result<()> {
        use crate::account::{AccountChange, AccountWork};

        let Some(accounts) = &self.accounts else { return Ok(()) };
        let before = now - self.config.accounts.pending_ttl;
        for change in [AccountChange::DropOldPendings { before }, AccountChange::DropEndedSessions { before: now }] {
            accounts.store.commit_account(AccountWork::new().change(change)).await?;
        }
        Ok(())
    }

    #[cfg(not(feature = "accounts"))]
    #[expect(clippy::unused_async, reason = "the other half of this pair waits for the store")]
    async fn purge_accounts(&self, _: Timestamp) -> Result<()> {
        Ok(())
    }
}

fn fixed(id: i64) -> JobId {
    JobId::new(id).expect("a small positive number is an id")
}
