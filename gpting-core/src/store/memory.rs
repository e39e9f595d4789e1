//! The store in memory: the twin for tests and the shortest reading of what a store does.
//!
//! A commit works on a copy of what it touches and replaces it only when every change has gone through. Nothing
//! survives the process.

#[cfg(feature = "accounts")]
mod account;
mod apply;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::{StoreError, StoreResult, Version, Versioned};
use crate::assist::{Call, Errand, Finding, Judge, Made, Subject};
use crate::chat::{Message, ReadMark, Room, Ticket};
use crate::event::Event;
use crate::id::{CallId, JobId, MemberId, ReportId, RoomId};
use crate::interaction::{Pair, PairKey};
use crate::job::Job;
use crate::limit::claim::LimitKey;
use crate::matching::exposure::Impression;
use crate::profile::Member;
use crate::safety::Report;

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<State>);

/// Everything that is remembered. Cloned for each commit: a failing one is simply dropped.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    members: BTreeMap<MemberId, Versioned<Member>>,
    /// What changed when: position to member.
    feed: BTreeMap<u64, MemberId>,
    changed: BTreeMap<MemberId, u64>,
    position: u64,
    pairs: BTreeMap<PairKey, Versioned<Pair>>,
    pair_feed: BTreeMap<u64, PairKey>,
    pair_changed: BTreeMap<PairKey, u64>,
    /// Pairs by either member, so that a member's lists do not walk over everybody's.
    neighbours: BTreeSet<(MemberId, MemberId)>,
    rooms: BTreeMap<RoomId, Versioned<Room>>,
    messages: BTreeMap<(RoomId, u64), Message>,
    sent: BTreeMap<(RoomId, MemberId, Uuid), u64>,
    reads: BTreeMap<(RoomId, MemberId), ReadMark>,
    muted: BTreeSet<(RoomId, MemberId)>,
    hidden: BTreeSet<(RoomId, MemberId, u64)>,
    /// Openings of rooms, in their order.
    opened: BTreeMap<RoomId, u64>,
    openings: u64,
    tickets: BTreeMap<String, Ticket>,
    served: BTreeMap<(MemberId, MemberId), Impression>,
    /// Of both members of each pair: whose, of which day, who.
    picks: BTreeSet<(MemberId, i32, MemberId)>,
    reports: BTreeMap<ReportId, Versioned<Report>>,
    jobs: BTreeMap<JobId, Versioned<Job>>,
    /// When each allowance is full again, in microseconds since 1970.
    allowances: BTreeMap<LimitKey, i64>,
    events: BTreeMap<u64, Event>,
    event_number: u64,
    marks: BTreeSet<u128>,
    made: BTreeMap<(MemberId, Errand, Option<MemberId>), Made>,
    calls: BTreeMap<CallId, Call>,
    findings: BTreeMap<(MemberId, Subject, Judge), Finding>,
    #[cfg(feature = "accounts")]
    accounts: account::AccountState,
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panicking commit has only touched its own copy.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `change` work on a copy, which becomes the state when it succeeds.
    fn transact<T>(&self, change: impl FnOnce(&mut State) -> StoreResult<T>) -> StoreResult<T> {
        let mut state = self.lock();
        let mut next = state.clone();
        let done = change(&mut next)?;
        *state = next;
        Ok(done)
    }
}

/// Puts a row at the version that is expected.
fn put<K: Ord, T>(
    table: &mut BTreeMap<K, Versioned<T>>,
    key: K,
    value: T,
    expect: super::Expect,
) -> StoreResult<Version> {
    let present = table.get(&key).map_or(0, |row| row.version);
    let expected = match expect {
        super::Expect::New => 0,
        super::Expect::Version(version) => version,
    };
    if present != expected {
        return Err(StoreError::Stale);
    }
    table.insert(key, Versioned { version: present + 1, value });
    Ok(present + 1)
}
