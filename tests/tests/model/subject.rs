//! What is tested: the service over each store, all with the same clock and the same source of ids.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use gpting_core::event::Fact;
use gpting_core::id::MemberId;
use gpting_core::interaction::{PairKey, PairList};
use gpting_core::store::{MemoryStore, MessageRange, Store};
use gpting_core::{Gpting, ManualClock, SeededRng};
use gpting_store_pg::PgStore;
use gpting_store_sqlite::{Durability, SqliteStore};
use gpting_tests::Postgres;
use gpting_tests::double::{Host, TownClock};
use gpting_tests::postgres::Database;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use crate::act::{Act, Who};
use crate::answer::Told;
use crate::call::call;
use crate::ids::Ids;
use crate::reference::{Model, side};

/// After how many acts everything that is stored is compared.
const COMPARED_EVERY: usize = 10;

/// How often a call came to an answer, over all histories.
static OUTCOMES: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

/// What the histories of this process have come to.
pub(crate) fn outcomes() -> BTreeMap<String, usize> {
    OUTCOMES.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The runtime of all histories: the strategies are not asynchronous.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().expect("threads can be started")
    })
}

/// The service on one store.
#[derive(Debug)]
struct Instance {
    name: &'static str,
    g: Gpting,
    store: Arc<dyn Store>,
}

/// The same service several times.
#[derive(Debug)]
pub(crate) struct Subject {
    instances: Vec<Instance>,
    clock: Arc<ManualClock>,
    ids: Ids,
    acts: usize,
    counted: bool,
    _kept: (TempDir, Option<Database>),
}

impl Subject {
    /// On fresh stores: all three, or the one in memory alone.
    pub(crate) async fn new(everywhere: bool) -> Self {
        let began: Timestamp = "2026-11-23T03:00:00Z".parse().expect("an instant");
        let clock = Arc::new(ManualClock::at(began));
        let folder = tempfile::tempdir().expect("the temporary directory is writable");
        let mut stores: Vec<(&'static str, Arc<dyn Store>)> = vec![("memory", Arc::new(MemoryStore::default()))];
        let mut database = None;
        if everywhere {
            stores.push(("SQLite", Arc::new(sqlite(folder.path(), &clock).await)));
            let (pg, kept) = postgres().await;
            stores.push(("PostgreSQL", Arc::new(pg)));
            database = Some(kept);
        }
        let mut instances = Vec::new();
        for (name, store) in stores {
            let builder = Gpting::builder_on(Arc::clone(&store)).clock(TownClock(Arc::clone(&clock)));
            // Somebody who listens, or there would be no outbox.
            let builder = builder.rng(SeededRng::new(7)).events(Host::default());
            let g = builder.build().await.expect("an empty store can be served");
            instances.push(Instance { name, g, store });
        }
        let ids = Ids::new(began);
        Self { instances, clock, ids, acts: 0, counted: everywhere, _kept: (folder, database) }
    }

    /// Does an act on every store and holds each answer against the first's and the model's.
    pub(crate) async fn perform(&mut self, act: &Act, model: &Model) {
        self.clock.advance(SignedDuration::from_secs(1));
        if let Act::Wait { minutes } = act {
            self.clock.advance(SignedDuration::from_mins(*minutes));
        }
        let mut first: Option<String> = None;
        for Instance { name, g, .. } in &self.instances {
            let (said, answer) = call(g, &mut self.ids, act).await;
            assert_eq!(answer, model.answer, "{name} against the model: {act:?} answered {said}");
            match &first {
                Some(first) => assert_eq!(&said, first, "{name} against memory: {act:?}"),
                None => first = Some(said),
            }
        }
        self.acts += 1;
        if self.counted {
            let mut outcomes = OUTCOMES.lock().unwrap_or_else(PoisonError::into_inner);
            *outcomes.entry(format!("{} {}", act.name(), model.answer.word())).or_default() += 1;
        }
    }

    /// Compares everything that is stored, now and then.
    pub(crate) async fn look(&self, model: &Model) {
        if self.acts.is_multiple_of(COMPARED_EVERY) {
            self.compare(model).await;
        }
    }

    /// Compares everything that is stored: the stores with each other row by row, the lists, cases and events with the
    /// model.
    pub(crate) async fn compare(&self, model: &Model) {
        let mut first: Option<String> = None;
        for Instance { name, store, .. } in &self.instances {
            let rows = self.rows(&**store).await;
            match &first {
                Some(first) => {
                    for (row, expected) in rows.lines().zip(first.lines()) {
                        assert_eq!(row, expected, "{name} against memory");
                    }
                    assert_eq!(rows.len(), first.len(), "{name} against memory");
                }
                None => first = Some(rows),
            }
            assert_eq!(self.lists(&**store).await, lists_of(model), "lists of {name} against the model");
            assert_eq!(self.cases(&**store).await, cases_of(model), "cases of {name} against the model");
            assert_eq!(self.told(&**store).await, once(model.told.clone()), "events of {name} against the model");
        }
    }

    /// Every row that the port can read by a known id, a line each.
    async fn rows(&self, store: &dyn Store) -> String {
        let mut rows = String::new();
        let everybody: Vec<MemberId> = self.ids.everybody.keys().copied().collect();
        for (place, one) in everybody.iter().enumerate() {
            let member = store.members(&[*one]).await.expect("members");
            writeln!(rows, "{member:?}").expect("a text can be written to");
            for other in &everybody[place + 1..] {
                let pair = store.pair(PairKey::of(*one, *other).expect("two people")).await.expect("a pair");
                let served = [store.was_served(*one, *other).await, store.was_served(*other, *one).await];
                writeln!(rows, "{pair:?} {served:?}").expect("a text can be written to");
            }
        }
        for room in &self.ids.all_rooms {
            let messages = store.messages(*room, MessageRange::After(0), 1_000, None).await.expect("messages");
            writeln!(rows, "{:?} {messages:?}", store.room(*room).await).expect("a text can be written to");
        }
        for stored in store.events(0, 10_000).await.expect("events") {
            writeln!(rows, "{:?}", stored.event).expect("a text can be written to");
        }
        rows
    }

    async fn lists(&self, store: &dyn Store) -> BTreeSet<(Who, PairList, Who)> {
        let mut lists = BTreeSet::new();
        for (who, id) in self.ids.present() {
            for list in PairList::ALL {
                let listed = store.listed(id, list).await.expect("a list");
                lists.extend(listed.into_iter().map(|other| (who, list, self.ids.who(other))));
            }
        }
        lists
    }

    async fn cases(&self, store: &dyn Store) -> BTreeMap<(Who, Who), Vec<Vec<u64>>> {
        let mut cases = BTreeMap::new();
        for (reporter, id) in self.ids.present() {
            for (subject, other) in self.ids.present() {
                if let Some(case) = store.open_report(id, other).await.expect("a case") {
                    let kept = case.value.entries.iter().map(|entry| entry.evidence.messages.iter());
                    let kept = kept.map(|messages| messages.map(|message| message.seq).collect()).collect();
                    cases.insert((reporter, subject), kept);
                }
            }
        }
        cases
    }

    async fn told(&self, store: &dyn Store) -> Vec<Told> {
        let who = |id| self.ids.who(id);
        let events = store.events(0, 10_000).await.expect("events").into_iter().map(|stored| {
            let at = self.ids.seconds(stored.event.at);
            match stored.event.fact {
                Fact::Liked { member, other } => Told::Liked(who(member), who(other), at),
                Fact::Matched { member, other, .. } => Told::Matched(who(member), who(other), at),
                Fact::Unmatched { member, other } => Told::Unmatched(who(member), who(other), at),
                Fact::Befriended { member, other, .. } => Told::Befriended(who(member), who(other), at),
                Fact::MessageSent { member, other, message, .. } => {
                    Told::Message(who(member), who(other), self.ids.seq(message))
                }
                Fact::Blocked { member, other } => Told::Blocked(who(member), who(other), at),
                Fact::Reported { member, other, .. } => Told::Reported(who(member), who(other), at),
                Fact::Erased { member } => Told::Erased(who(member), at),
                Fact::Joined { .. } | _ => panic!("nothing tells of {:?} here", stored.event.fact),
            }
        });
        once(events.collect())
    }
}

/// Without what has been told before: delivery is at least once.
fn once(told: Vec<Told>) -> Vec<Told> {
    let mut seen = BTreeSet::new();
    told.into_iter().filter(|one| seen.insert(one.clone())).collect()
}

fn lists_of(model: &Model) -> BTreeSet<(Who, PairList, Who)> {
    let mut lists = BTreeSet::new();
    for ((low, high), pair) in &model.pairs {
        for (me, other) in [(*low, *high), (*high, *low)] {
            lists.extend(pair.lists(side(me, other)).into_iter().map(|list| (me, list, other)));
        }
    }
    lists
}

fn cases_of(model: &Model) -> BTreeMap<(Who, Who), Vec<Vec<u64>>> {
    model.cases.iter().map(|(parties, (_, kept))| (*parties, kept.clone())).collect()
}

async fn sqlite(folder: &Path, clock: &Arc<ManualClock>) -> SqliteStore {
    let options = gpting_store_sqlite::Options::new(folder.join("gpting.db"));
    let options = options.clock(Arc::clone(clock) as Arc<dyn gpting_core::Clock>);
    // Power cuts are another test's.
    let options = options.durability(Durability::Process).readers(1);
    SqliteStore::open_with(options).await.expect("a file can be made")
}

async fn postgres() -> (PgStore, Database) {
    static MIGRATED: OnceCell<Database> = OnceCell::const_new();
    let template = MIGRATED.get_or_init(|| async {
        let database = Postgres::shared().database("template").await;
        let store = PgStore::connect(&database.url).await.expect("the database is there");
        store.migrate().await.expect("an empty database takes the migrations");
        // Nobody may be connected to what is copied.
        store.close().await;
        database
    });
    let database = Postgres::shared().copy_of(template.await, "model").await;
    let options = gpting_store_pg::Options::new().max_connections(2).acquire_timeout(Duration::from_mins(1));
    (options.connect(&database.url).await.expect("the copy is there"), database)
}
