//! What each kind of job does.
//!
//! Called by the runner with a [`Turn`]; calls the use-cases of the rooms. Each is idempotent, and what changes only the
//! store crosses the job off in the same work, so that it happens exactly once.

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use super::{Next, Task, Turn, Worker};
use crate::error::{Error, Result};
use crate::gpting::Core;
use crate::matching::daily::region::RegionOfDay;

impl Core {
    /// `threads` are for what computes for long.
    pub(super) async fn perform(&self, turn: &Turn<'_>, threads: NonZero<usize>) -> Result<Next> {
        match &turn.job().task {
            Task::DeleteBlobs { keys } => self.delete_blobs(keys).await?,
            Task::Erase { member } => self.erase_now(*member, turn).await?,
            #[cfg(feature = "accounts")]
            Task::SendSignUpCode { pending } => self.send_sign_up_code(*pending, turn).await?,
            #[cfg(feature = "accounts")]
            Task::SendAddressInUse { member } => self.send_address_in_use(*member).await?,
            #[cfg(not(feature = "accounts"))]
            Task::SendSignUpCode { .. } | Task::SendAddressInUse { .. } => {}
            Task::ReadProfile { member } => return self.read_profile(*member, turn).await,
            Task::LearnFromConversations { member } => return self.learn_from_conversations(*member, turn).await,
            Task::ForgetConversations { member, rooms } => self.forget_conversations(*member, rooms).await?,
            Task::PutInOrder { member } => return self.put_in_order(*member, turn).await,
            Task::WriteWords { member, other } => return self.write_words(*member, *other, turn).await,
            Task::WriteHints { member } => return self.write_hints(*member, turn).await,
            Task::Moderate { member, subject } => return self.moderate(*member, *subject, turn).await,
            Task::FollowTalk { room } => {
                let next = self.follow_talk(*room).await?;
                return Ok(next.map_or(Next::Done, Next::Again));
            }
            Task::Purge => {
                self.purge().await?;
                return Ok(Next::Again(self.config.jobs.purge_every.unsigned_abs()));
            }
            Task::RegionRound { day, run, region } => {
                let region = RegionOfDay { day: *day, run: *run, number: *region as usize };
                self.round_of_region(turn, region, threads).await?;
            }
            // Its term has ended.
            Task::RoundOfDay { .. } => {}
            Task::DailyRound => return Ok(Next::Again(self.nightly_round().await?)),
            // Held by the delivery itself; the runner never asks for it.
            Task::DeliverEvents => return Ok(Next::Again(Duration::ZERO)),
            Task::Own { kind, .. } => {
                let worker = self
                    .worker(kind)
                    .ok_or(Error::Unavailable { part: "a worker of this kind", retry_after: Duration::from_mins(1) })?;
                let worked = worker.work(turn).await;
                return worked.map_err(|error| Error::Internal { what: error.what, source: Box::new(error) });
            }
        }
        Ok(Next::Done)
    }

    async fn delete_blobs(&self, keys: &[String]) -> Result<()> {
        let Some(blobs) = &self.blobs else { return Ok(()) };
        for key in keys {
            blobs
                .delete(key)
                .await
                .map_err(|error| Error::Internal { what: "a picture could not be deleted", source: Box::new(error) })?;
        }
        Ok(())
    }

    fn worker(&self, kind: &str) -> Option<&Arc<dyn Worker>> {
        self.workers.iter().find(|worker| worker.kind() == kind)
    }
}
