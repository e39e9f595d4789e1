//! Jobs: what must happen after a commit and may take its time (mail, deletion of blobs, erasure).
//!
//! A job is put in the same [`Work`](crate::store::Work) as the change that asks for it, so it exists exactly when the
//! change does. A runner leases due jobs, performs them idempotently and deletes them; a runner that dies lets
//! the lease run out and the job is taken again.

mod runner;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{JobId, MemberId, PendingId};

/// Something to be done after a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What to do.
    pub task: Task,
    /// Not before this time; a lease moves it forward.
    pub run_at: Timestamp,
    /// How often it was begun.
    pub attempts: u32,
}

/// What a job does. Holds ids only: no code, no address, no text waits in the job table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Task {
    /// Draw a code for a pending sign-up, keep its hash, and mail it.
    SendSignUpCode {
        /// The sign-up.
        pending: PendingId,
    },
    /// Tell the owner of an address that somebody tried to sign up with it.
    SendAddressInUse {
        /// The owner.
        member: MemberId,
    },
    /// Delete blobs that nothing refers to any more.
    DeleteBlobs {
        /// Their storage keys.
        keys: Vec<String>,
    },
    /// Erase everything about a member.
    Erase {
        /// Whom.
        member: MemberId,
    },
}
