//! The engine inside the service: filled from the store, kept fresh from its feed, read through views.
//!
//! Called by every use-case that asks who may meet whom. The store disposes: rows that a use-case has loaded anyway are
//! absorbed first when they are newer, so an answer is never older than what the caller has already seen.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rustc_hash::FxHashMap;

use super::{Config as EngineConfig, Engine, EngineError, View, intake};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::id::MemberId;
use crate::profile::Member;
use crate::profile::catalogue::Catalogue;
use crate::safety::age::{day, seoul_date};
use crate::store::{FeedCursor, Version, Versioned};

/// The engine, who is in it at which version, and the views that pagings hold on to.
#[derive(Debug)]
pub(crate) struct Replica {
    inner: Mutex<Inner>,
    /// One reader of the feed at a time; the cursor is where it stands.
    pub(super) cursor: tokio::sync::Mutex<FeedCursor>,
}

#[derive(Debug)]
struct Inner {
    engine: Engine<MemberId>,
    versions: FxHashMap<MemberId, Version>,
    pinned: VecDeque<Pinned>,
    /// How many members were forgotten since the start.
    forgotten: u64,
}

/// What a replica knows at one moment. Shares its rows with the replica.
#[derive(Debug)]
pub(crate) struct Known {
    pub(super) engine: Engine<MemberId>,
    pub(super) versions: FxHashMap<MemberId, Version>,
    /// How many members had been forgotten by then.
    pub(super) forgotten: u64,
}

#[derive(Debug)]
struct Pinned {
    key: u64,
    at: Timestamp,
    view: View<MemberId>,
}

impl Replica {
    /// An empty replica that knows what day it is.
    pub(crate) fn new(config: &Config, now: Timestamp) -> Result<Self> {
        let settings = EngineConfig::dims(0).age_gate(config.safety.age_gate);
        let mut engine = Engine::new(settings).map_err(engine_failed)?;
        engine.set_today(day(seoul_date(now)));
        let inner = Inner { engine, versions: FxHashMap::default(), pinned: VecDeque::new(), forgotten: 0 };
        Ok(Self { inner: Mutex::new(inner), cursor: tokio::sync::Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic inside the engine leaves it as it was before the call: an error changes nothing.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The people as they are now, on the day it is now.
    pub(crate) fn view(&self, now: Timestamp) -> View<MemberId> {
        let mut inner = self.lock();
        inner.engine.set_today(day(seoul_date(now)));
        inner.engine.view()
    }

    /// Takes in a row, unless it is known at this version or a newer one. Says whether it was news.
    pub(crate) fn absorb(&self, member: &Versioned<Member>, catalogue: &Catalogue) -> bool {
        let id = member.value.id;
        let mut inner = self.lock();
        if inner.versions.get(&id).is_some_and(|known| *known >= member.version) {
            return false;
        }
        inner.versions.insert(id, member.version);
        match intake::person(&member.value, catalogue) {
            Some(person) => {
                if let Err(error) = inner.engine.upsert(id, person) {
                    // A stored row that the engine refuses is hidden rather than shown wrongly.
                    tracing::warn!(member = %id, %error, "member left out of matching");
                    inner.engine.remove(id);
                }
            }
            None => {
                inner.engine.remove(id);
            }
        }
        true
    }

    /// Forgets an erased member.
    pub(crate) fn forget(&self, id: MemberId) {
        let mut inner = self.lock();
        inner.engine.remove(id);
        inner.versions.remove(&id);
        inner.forgotten += 1;
        // A pinned view still holds the erased row: no paging may go on over it.
        inner.pinned.clear();
    }

    /// Everything it knows.
    pub(super) fn known(&self) -> Known {
        let inner = self.lock();
        Known { engine: inner.engine.share(), versions: inner.versions.clone(), forgotten: inner.forgotten }
    }

    /// How many members were forgotten since the start.
    pub(super) fn forgotten(&self) -> u64 {
        self.lock().forgotten
    }

    /// Begins with what was known once, instead of with nothing.
    pub(super) fn begin_with(&self, known: Known) {
        let mut inner = self.lock();
        inner.engine = known.engine;
        inner.versions = known.versions;
    }

    /// Keeps a view for later pages and answers the key to find it by.
    pub(crate) fn pin(&self, view: View<MemberId>, key: u64, now: Timestamp, config: &Config) {
        let mut inner = self.lock();
        let (ttl, most) = (config.matching.view_ttl, config.matching.pinned_views);
        inner.pinned.retain(|pinned| now.duration_since(pinned.at) < ttl);
        while inner.pinned.len() >= most.max(1) {
            inner.pinned.pop_front();
        }
        inner.pinned.push_back(Pinned { key, at: now, view });
    }

    /// A pinned view that has not run out.
    pub(crate) fn pinned(&self, key: u64, now: Timestamp, config: &Config) -> Option<View<MemberId>> {
        let inner = self.lock();
        let pinned = inner.pinned.iter().find(|pinned| pinned.key == key)?;
        (now.duration_since(pinned.at) < config.matching.view_ttl).then(|| pinned.view.clone())
    }
}

/// An engine error that no caller has caused.
pub(crate) fn engine_failed(error: EngineError) -> Error {
    Error::Internal { what: "the matching engine refused a call", source: Box::new(error) }
}
