//! [`Gpting`]: the handle an embedder holds, its builder, and its facets.
//!
//! Adapters call a facet, the facet's methods live in the room of their noun (`interaction/decide.rs`,
//! `chat/send.rs`, …), and every one of them is load → decide → one [`Work`] → commit → wake. `Core` is what they
//! share: the ports, the settings, and the one way to commit.

mod aftermath;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

pub(crate) use self::aftermath::Aftermath;
use crate::assist::model::{Embedder, TextModel};
use crate::assist::order::AskedFor;
use crate::assist::{Moderator, Topics};
use crate::chat::first::Spoken;
use crate::chat::hub::Hub;
use crate::clock::{Clock, SystemClock, to_micros};
use crate::config::Config;
use crate::error::{Code, Result};
use crate::interaction::Pair;
use crate::interaction::follow::Talks;
use crate::job::tally::Tally;
use crate::job::{Task, Worker};
use crate::limit::{Entitlements, LimitSecret, Limits, Purses, SameForAll, StoreLimits};
use crate::matching::replica::Replica;
use crate::matching::snapshot::Saved;
use crate::matching::warm_up::Warmth;
use crate::port::{BlobStore, Bus, BusHealth, EventSink, Hint, LocalBus, Mailer, Pictures, SnapshotStore};
use crate::profile::catalogue::Catalogue;
use crate::rng::{Rng, SystemRng};
use crate::store::{Change, Committed, Expect, Store, StoreError, Versioned, Work};

/// The whole service on the host's ports. Cheap to clone; clones share everything.
///
/// # Examples
/// ```
/// use gpting_core::{Gpting, id::HostId, store::MemoryStore};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> gpting_core::Result<()> {
/// let g = Gpting::builder(MemoryStore::default()).build().await?;
/// let me = g.members().ensure(HostId::from("user-42")).await?;
/// assert_eq!(me, g.members().ensure(HostId::from("user-42")).await?);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Gpting {
    pub(crate) core: Arc<Core>,
}

/// What the facets share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) events: Option<Arc<dyn EventSink>>,
    #[cfg_attr(not(feature = "accounts"), expect(dead_code, reason = "only accounts send mail"))]
    pub(crate) mailer: Option<Arc<dyn Mailer>>,
    pub(crate) blobs: Option<Arc<dyn BlobStore>>,
    pub(crate) pictures: Option<Arc<dyn Pictures>>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) config: Config,
    pub(crate) replica: Replica,
    pub(crate) snapshots: Option<Arc<dyn SnapshotStore>>,
    pub(crate) text_model: Option<Arc<dyn TextModel>>,
    pub(crate) embedder: Option<Arc<dyn Embedder>>,
    pub(crate) moderator: Option<Arc<dyn Moderator>>,
    /// Who has spoken where, as far as this instance has heard.
    pub(crate) spoken: Spoken,
    /// What its vectors of all texts have in common.
    pub(crate) middle: OnceLock<Vec<f32>>,
    pub(crate) topics: Arc<Topics>,
    pub(crate) asked_for: AskedFor,
    pub(crate) saved: tokio::sync::Mutex<Saved>,
    pub(crate) index_loaded: AtomicBool,
    /// When the feed was last read to its end, in microseconds since 1970.
    pub(crate) feed_read: AtomicI64,
    pub(crate) limits: Arc<dyn Limits>,
    pub(crate) limit_secret: LimitSecret,
    pub(crate) purses: Purses,
    pub(crate) workers: Vec<Arc<dyn Worker>>,
    pub(crate) tally: Tally,
    pub(crate) entitlements: Arc<dyn Entitlements>,
    pub(crate) warmth: Warmth,
    /// Rooms whose talk may have come further.
    pub(crate) talks: Talks,
    pub(crate) jobs: Notify,
    pub(crate) outbox: Notify,
    /// Tells the store's log from others: a chat client that comes back with another epoch starts afresh.
    pub(crate) epoch: u64,
    /// Who listens on this instance.
    pub(crate) hub: Arc<Hub>,
    #[cfg(feature = "accounts")]
    pub(crate) accounts: Option<crate::account::AccountsPart>,
}

impl Core {
    /// The present instant, in the microseconds that stores keep.
    pub(crate) fn now(&self) -> Timestamp {
        to_micros(self.clock.now())
    }

    /// Commits work and wakes whoever waits for what it changed.
    pub(crate) async fn commit(&self, mut work: Work) -> Result<Committed, StoreError> {
        if self.events.is_none() {
            // Nobody listens: an outbox that is never emptied would only grow.
            work.events.clear();
        }
        let mut after = Aftermath::of(&work);
        let lessons: Vec<_> = work.changes.iter().filter_map(put_pair).collect();
        let committed = self.store.commit(work).await?;
        for pair in &lessons {
            self.replica.learn(pair);
        }
        for appended in &committed.appended {
            let message = &appended.message;
            self.hub.said(message);
            after.hints.push(Hint::Message { room: message.room, seq: message.seq });
        }
        self.wake(&after);
        Ok(committed)
    }

    /// Passes on what is told to those who are there and stored nowhere.
    pub(crate) fn pass_on(&self, hint: Hint) {
        self.hub.pass_on(hint);
        self.bus.publish(&[hint]);
    }

    /// Wakes whoever waits for what a commit changed.
    pub(crate) fn wake(&self, after: &Aftermath) {
        if after.jobs {
            self.jobs.notify_one();
        }
        if after.events {
            self.outbox.notify_one();
        }
        if !after.hints.is_empty() {
            self.bus.publish(&after.hints);
        }
    }
}

/// A pair as it is once a change has been committed.
fn put_pair(change: &Change) -> Option<Versioned<Pair>> {
    let Change::PutPair(pair, expect) = change else { return None };
    let version = match expect {
        Expect::New => 1,
        Expect::Version(before) => before + 1,
    };
    Some(Versioned { version, value: Pair::clone(pair) })
}

/// Runs a use-case again while the store answers that a row has changed since it was read.
///
/// Every such answer means that somebody else's commit went through, so the whole system moves on; the bound only
/// keeps a broken store from spinning a request for ever.
pub(crate) async fn until_fresh<T, F>(mut attempt: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    for _ in 0..200 {
        match attempt().await {
            Err(crate::Error::Store(StoreError::Stale)) => tokio::task::yield_now().await,
            done => return done,
        }
    }
    Err(StoreError::Stale.into())
}

/// Sets up a [`Gpting`]. Only the store is required.
#[derive(Debug)]
pub struct Builder {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    bus: Arc<dyn Bus>,
    events: Option<Arc<dyn EventSink>>,
    mailer: Option<Arc<dyn Mailer>>,
    blobs: Option<Arc<dyn BlobStore>>,
    pictures: Option<Arc<dyn Pictures>>,
    limits: Option<Arc<dyn Limits>>,
    entitlements: Arc<dyn Entitlements>,
    workers: Vec<Arc<dyn Worker>>,
    snapshots: Option<Arc<dyn SnapshotStore>>,
    text_model: Option<Arc<dyn TextModel>>,
    embedder: Option<Arc<dyn Embedder>>,
    moderator: Option<Arc<dyn Moderator>>,
    catalogue: Catalogue,
    config: Config,
    #[cfg(feature = "accounts")]
    accounts: Option<(Arc<dyn crate::account::AccountStore>, crate::account::AccountKeys)>,
}

macro_rules! knobs {
    ($($(#[$doc:meta])* $name:ident: $port:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, port: impl $port) -> Self {
            let port: Arc<dyn $port> = Arc::new(port);
            self.$name = port.into();
            self
        }
    )+};
}

impl Builder {
    knobs! {
        /// The clock; the system's by default.
        clock: Clock,
        /// The random source; the operating system's by default.
        rng: Rng,
        /// Carries wake-ups; within this process by default.
        bus: Bus,
        /// Learns what happens; nobody by default.
        events: EventSink,
        /// Sends mail; needed by accounts.
        mailer: Mailer,
        /// Keeps pictures; without it photos are unavailable.
        blobs: BlobStore,
        /// Makes uploaded pictures safe; without it photos are unavailable.
        pictures: Pictures,
        /// Says what each member is entitled to in a day; the same for all by default.
        entitlements: Entitlements,
        /// Counts what is limited over all instances; the store by default.
        limits: Limits,
        /// Keeps the index between two starts; nowhere by default.
        snapshots: SnapshotStore,
        /// Writes and reads text for members who agree; without it everything works by local means.
        text_model: TextModel,
        /// Turns the text of members who agree into vectors, for the score; the local analyst's stand beside them in any case.
        embedder: Embedder,
        /// Looks at texts, pictures and first messages and flags them for a person, beside the local rules.
        moderator: Moderator,
    }

    /// Performs one kind of jobs of the host's own; may be called for several kinds. A kind whose name is taken is passed
    /// over.
    #[must_use]
    pub fn worker(mut self, worker: impl Worker) -> Self {
        let kind = worker.kind();
        let is_taken = Task::KINDS.contains(&kind) || kind == Task::DeliverEvents.kind();
        if !is_taken && self.workers.iter().all(|other| other.kind() != kind) {
            self.workers.push(Arc::new(worker));
        }
        self
    }

    /// Interests and attributes; the built-in ones by default.
    #[must_use]
    pub fn catalogue(mut self, catalogue: Catalogue) -> Self {
        self.catalogue = catalogue;
        self
    }

    /// Limits and knobs.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Builds the service and fills its engine: from what was written down, where that is good, and from the store's feed,
    /// which without it is everybody. `O(members)`.
    ///
    /// # Errors
    /// When the store fails, or a setting of the accounts is weaker than allowed.
    pub async fn build(self) -> Result<Gpting> {
        let now = to_micros(self.clock.now());
        let topics = Arc::new(Topics::of(&self.catalogue));
        let valued = self.text_model.is_some().then(|| Arc::clone(&topics));
        let embedder = self.embedder.as_ref().map(|embedder| embedder.name().to_owned());
        let replica = Replica::new(&self.config, &self.catalogue, valued, embedder, now)?;
        #[cfg(feature = "accounts")]
        let accounts = match self.accounts {
            Some((store, keys)) => Some(crate::account::AccountsPart::new(store, keys, &self.config.accounts)?),
            None => None,
        };
        // Without accounts only ids are hashed, which stand in other tables anyway.
        #[cfg(feature = "accounts")]
        let limit_secret = accounts.as_ref().map_or([0; 32], |part| part.keys.limit_secret());
        #[cfg(not(feature = "accounts"))]
        let limit_secret = [0; 32];
        let epoch = self.store.epoch().await?;
        let core = Core {
            limits: self.limits.unwrap_or_else(|| Arc::new(StoreLimits::new(Arc::clone(&self.store)))),
            limit_secret: LimitSecret::new(limit_secret),
            purses: Purses::default(),
            workers: self.workers,
            tally: Tally::default(),
            talks: Talks::default(),
            warmth: Warmth::default(),
            entitlements: self.entitlements,
            store: self.store,
            clock: self.clock,
            rng: self.rng,
            bus: self.bus,
            events: self.events,
            mailer: self.mailer,
            blobs: self.blobs,
            pictures: self.pictures,
            catalogue: Arc::new(self.catalogue),
            config: self.config,
            replica,
            snapshots: self.snapshots,
            text_model: self.text_model,
            embedder: self.embedder,
            moderator: self.moderator,
            spoken: Spoken::default(),
            middle: OnceLock::new(),
            topics,
            asked_for: AskedFor::default(),
            saved: tokio::sync::Mutex::default(),
            index_loaded: AtomicBool::new(false),
            feed_read: AtomicI64::new(0),
            jobs: Notify::new(),
            outbox: Notify::new(),
            epoch,
            hub: Arc::default(),
            #[cfg(feature = "accounts")]
            accounts,
        };
        core.load_index().await;
        core.refresh_replica().await?;
        Ok(Gpting { core: Arc::new(core) })
    }
}

impl Gpting {
    /// Starts from a store. Members are the host's ([`Members::ensure`]) or imported; nobody signs up here.
    pub fn builder(store: impl Store) -> Builder {
        Self::builder_on(Arc::new(store))
    }

    /// Starts from a store that others hold too.
    pub fn builder_on(store: Arc<dyn Store>) -> Builder {
        Builder {
            store,
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng),
            bus: Arc::new(LocalBus::default()),
            events: None,
            mailer: None,
            blobs: None,
            pictures: None,
            limits: None,
            entitlements: Arc::new(SameForAll),
            workers: Vec::new(),
            snapshots: None,
            text_model: None,
            embedder: None,
            moderator: None,
            catalogue: Catalogue::built_in().clone(),
            config: Config::default(),
            #[cfg(feature = "accounts")]
            accounts: None,
        }
    }

    /// Starts from a store that also keeps accounts, with the keys that sign their tokens.
    #[cfg(feature = "accounts")]
    pub fn builder_with_accounts(
        store: Arc<impl crate::account::AccountStore>,
        keys: crate::account::AccountKeys,
    ) -> Builder {
        let mut builder = Self::builder_on(Arc::<_>::clone(&store) as Arc<dyn Store>);
        builder.accounts = Some((store, keys));
        builder
    }

    /// Who takes part.
    pub fn members(&self) -> Members<'_> {
        Members(&self.core)
    }

    /// What members say of themselves and wish for.
    pub fn profiles(&self) -> Profiles<'_> {
        Profiles(&self.core)
    }

    /// Proposals, likes, matches, friends.
    pub fn matching(&self) -> Matching<'_> {
        Matching(&self.core)
    }

    /// Rooms and messages.
    pub fn chat(&self) -> Chat<'_> {
        Chat(&self.core)
    }

    /// Blocks, reports, erasure.
    pub fn safety(&self) -> Safety<'_> {
        Safety(&self.core)
    }

    /// Work after the commit: how it fares, and what was given up.
    pub fn jobs(&self) -> Jobs<'_> {
        Jobs(&self.core)
    }

    /// Sign-up, login, tokens.
    #[cfg(feature = "accounts")]
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts(&self.core)
    }

    /// The settings it runs with.
    pub fn config(&self) -> &Config {
        &self.core.config
    }

    /// How many members this instance can propose to others.
    pub fn people(&self) -> usize {
        self.core.replica.shown()
    }

    /// How long ago this instance last read to the end of the store's feed of changed members: how stale its proposals may
    /// be at the most. Without [`Gpting::run`] it only grows.
    pub fn feed_age(&self) -> Duration {
        let read = self.core.feed_read.load(Ordering::Relaxed);
        Duration::from_micros(u64::try_from(self.core.now().as_microsecond() - read).unwrap_or_default())
    }

    /// How many listen to chats on this instance, and to how many rooms.
    pub fn listeners(&self) -> (usize, usize) {
        self.core.hub.counts()
    }

    /// How the bus fares; none where it carries nothing beyond this process.
    pub fn bus_health(&self) -> Option<BusHealth> {
        self.core.bus.health()
    }

    /// Whether it can serve: the store is reachable and on the right schema.
    ///
    /// # Errors
    /// When it is not.
    pub async fn health(&self) -> Result<()> {
        Ok(self.core.store.health().await?)
    }
}

macro_rules! facets {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'a>(pub(crate) &'a Arc<Core>);
    )+};
}

facets! {
    /// Who takes part. See [`Gpting::members`].
    Members,
    /// What members say of themselves and wish for. See [`Gpting::profiles`].
    Profiles,
    /// Proposals, likes, matches, friends. See [`Gpting::matching`].
    Matching,
    /// Rooms and messages. See [`Gpting::chat`].
    Chat,
    /// Blocks, reports, erasure. See [`Gpting::safety`].
    Safety,
    /// Work after the commit. See [`Gpting::jobs`].
    Jobs,
}

#[cfg(feature = "accounts")]
facets! {
    /// Sign-up, login, tokens. See [`Gpting::accounts`].
    Accounts,
}

/// Turns a page's limit into one within bounds.
pub(crate) fn bounded(limit: usize, most: usize) -> usize {
    limit.clamp(1, most)
}

/// The refusal that a stranger gets: the person does not exist for them.
pub(crate) const STRANGER: Code = Code::MemberNotFound;
