//! Jobs: what must happen after a commit and may take its time (mail, deletion of blobs, erasure, upkeep, a host's own).
//!
//! A job is put in the same [`Work`](crate::store::Work) as the change that asks for it, so it exists exactly when the
//! change does. A runner leases due jobs one by one, keeps the lease alive while it performs them, and crosses them off at
//! the version it holds: who has lost the lease cannot finish. What fails is tried again, later each time, and after a
//! bounded number of attempts becomes a dead letter that waits for a person ([`Jobs`](crate::gpting::Jobs)).
//!
//! To add a kind: a variant of [`Task`] with its name in [`Task::kind`] and [`Task::KINDS`], its policy in
//! [`JobConfig`](crate::config::JobConfig), its arm in `perform`. A host adds kinds without that: [`Worker`].

mod dead;
mod named;
mod perform;
pub(crate) mod policy;
mod runner;
pub(crate) mod tally;
mod turn;
mod upkeep;
mod worker;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use self::named::named;
pub use self::tally::{JobCount, JobHealth};
pub use self::turn::Turn;
pub use self::worker::{Next, OwnJob, Worker};
use crate::assist::Subject;
use crate::id::{JobId, MemberId, PendingId, RoomId};

/// Something to be done after a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What to do.
    pub task: Task,
    /// Not before this time; a lease moves it forward.
    pub run_at: Timestamp,
    /// How often it was begun since it was put, or last succeeded.
    pub attempts: u32,
    /// What went wrong last, if anything has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Since when it is a dead letter: no runner takes it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_at: Option<Timestamp>,
    /// How far a long job has come, in its own words; who takes it over goes on from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Value>,
}

impl Job {
    /// A job that nobody has begun.
    pub const fn new(id: JobId, task: Task, run_at: Timestamp) -> Self {
        Self { id, task, run_at, attempts: 0, failure: None, dead_at: None, progress: None }
    }
}

/// What went wrong: the kind of the error, never what people wrote, an address or an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// When.
    pub at: Timestamp,
    /// The stable name of the case ([`Code::as_str`](crate::Code::as_str)).
    pub code: String,
    /// What failed, one of the library's own phrases.
    pub what: String,
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
    /// Read a member's text about themselves.
    ReadProfile {
        /// Whose.
        member: MemberId,
    },
    /// Learn from a member's conversations, again and again for as long as they agree.
    LearnFromConversations {
        /// Whose.
        member: MemberId,
    },
    /// Forget what was learned from a member's conversations wherever it stands.
    ForgetConversations {
        /// Whose.
        member: MemberId,
        /// Where something was learned.
        rooms: Vec<RoomId>,
    },
    /// Put the first few of a member's slate in order.
    PutInOrder {
        /// Whose.
        member: MemberId,
    },
    /// Write first lines for two people.
    WriteWords {
        /// For whom.
        member: MemberId,
        /// To whom.
        other: MemberId,
    },
    /// Write hints on a member's profile, for them.
    WriteHints {
        /// For whom.
        member: MemberId,
    },
    /// Look at a member's text, picture or first message, and flag it for a person.
    Moderate {
        /// Whose.
        member: MemberId,
        /// What.
        subject: Subject,
    },
    /// Look what has come of a match: whether its two have talked. A few times in two weeks, then no more.
    FollowTalk {
        /// Their room.
        room: RoomId,
    },
    /// Let go of what is kept for a term only. One for the whole deployment, again and again.
    Purge,
    /// Plan the mutual picks of the day: regions, and a job for each. One for the whole deployment, every night.
    DailyRound,
    /// Make the picks of one region of a day.
    RegionRound {
        /// Days since 1970, in Seoul.
        day: i32,
        /// Which of the day's runs: each that makes everything anew is another.
        run: u32,
        /// The number of the region.
        region: u32,
    },
    /// The round of a day: its regions and what came of them are its progress. Due when nobody needs to know any more; all
    /// there is to do is to go.
    RoundOfDay {
        /// Days since 1970, in Seoul.
        day: i32,
    },
    /// The right to deliver the outbox. One for the whole deployment; held for as long as its holder lives.
    DeliverEvents,
    /// What a [`Worker`] of the host does.
    Own {
        /// Which worker.
        kind: String,
        /// What it was given.
        payload: Value,
    },
}

impl Task {
    /// The kinds that every build of this version can perform, by [`Task::kind`].
    pub const KINDS: [&'static str; 16] = [
        "send_sign_up_code",
        "send_address_in_use",
        "delete_blobs",
        "erase",
        "follow_talk",
        "purge",
        "daily_round",
        "region_round",
        "round_of_day",
        "read_profile",
        "learn_from_conversations",
        "forget_conversations",
        "put_in_order",
        "write_words",
        "write_hints",
        "moderate",
    ];

    /// Whether the whole deployment has one of it, which comes again and again and is never a dead letter.
    pub(crate) fn is_standing(&self) -> bool {
        matches!(self, Self::Purge | Self::DailyRound | Self::DeliverEvents)
    }

    /// Whether it is part of what the deployment does again and again.
    pub(crate) fn is_routine(&self) -> bool {
        self.is_standing() || matches!(self, Self::RegionRound { .. } | Self::RoundOfDay { .. })
    }

    /// Its kind: what settings and metrics call it, and what a runner asks the store for.
    pub fn kind(&self) -> &str {
        match self {
            Self::SendSignUpCode { .. } => "send_sign_up_code",
            Self::SendAddressInUse { .. } => "send_address_in_use",
            Self::DeleteBlobs { .. } => "delete_blobs",
            Self::Erase { .. } => "erase",
            Self::ReadProfile { .. } => "read_profile",
            Self::LearnFromConversations { .. } => "learn_from_conversations",
            Self::ForgetConversations { .. } => "forget_conversations",
            Self::PutInOrder { .. } => "put_in_order",
            Self::WriteWords { .. } => "write_words",
            Self::WriteHints { .. } => "write_hints",
            Self::Moderate { .. } => "moderate",
            Self::FollowTalk { .. } => "follow_talk",
            Self::Purge => "purge",
            Self::DailyRound => "daily_round",
            Self::RegionRound { .. } => "region_round",
            Self::RoundOfDay { .. } => "round_of_day",
            Self::DeliverEvents => "deliver_events",
            Self::Own { kind, .. } => kind,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_of_the_first_release_is_read() {
        let old = r#"{"id":7,"task":{"type":"erase","member":9},"run_at":"2026-11-23T03:00:00Z","attempts":2}"#;
        let job: Job = serde_json::from_str(old).unwrap();
        assert_eq!(job, Job { attempts: 2, ..Job::new(job.id, job.task.clone(), job.run_at) });
        assert_eq!(job.task.kind(), "erase");
        assert_eq!(serde_json::to_value(&job).unwrap(), serde_json::from_str::<Value>(old).unwrap());
    }

    #[test]
    fn kinds_are_the_tags_that_stores_read() {
        let member = MemberId::new(1).unwrap();
        for task in [
            Task::Erase { member },
            Task::FollowTalk { room: RoomId::new(1).unwrap() },
            Task::Purge,
            Task::DailyRound,
            Task::RegionRound { day: 20_000, run: 1, region: 3 },
            Task::RoundOfDay { day: 20_000 },
            Task::DeliverEvents,
            Task::SendAddressInUse { member },
        ] {
            assert_eq!(serde_json::to_value(&task).unwrap()["type"], task.kind());
        }
    }
}
