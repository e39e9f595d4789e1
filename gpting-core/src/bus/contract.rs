//! The contract suite of the bus port: every promise as a test that any implementation runs against itself.
//!
//! An adapter's test file implements [`Rig`] (two handles of one bus, a way to cut what lies between them) and hands
//! [`bus_contract!`](crate::bus_contract) an async function that makes a fresh one; the macro expands to one
//! `#[tokio::test]` per promise. The test crate needs `tokio` with `macros`, `rt-multi-thread` and `time`, and
//! `gpting-core` with the feature `contract`. [`faulty`] is a bus that loses, repeats and reorders, for tests of whatever
//! stands on one.
//!
//! A function panics when its promise is broken. Nothing here waits for a time and hopes: it waits for a hint, with a
//! deadline far beyond what a slow machine needs.

#![expect(clippy::missing_panics_doc, reason = "every function of a test suite panics when its promise is broken")]

pub mod faulty;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::chat::{ChatEvent, Draft};
use crate::id::{HostId, MAX_ID, MemberId, RoomId};
use crate::interaction::{Pair, PairKey};
use crate::port::{Bus, Hint};
use crate::store::{Change, Expect, MemoryStore, Work};
use crate::{Gpting, SystemRng};

/// How long anything may take at the most.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long a hint may take on a line that stands.
const SOON: Duration = Duration::from_secs(5);

/// Two handles of one bus, as two processes have them, and what lies between them.
#[async_trait]
pub trait Rig: Send + Sync {
    /// One handle.
    fn here(&self) -> Arc<dyn Bus>;

    /// Another; the same one for a bus within a process.
    fn there(&self) -> Arc<dyn Bus>;

    /// Takes down what carries the hints. Nothing for a bus that cannot be down.
    async fn cut(&self) {}

    /// Brings it up again, and returns when it is.
    async fn mend(&self) {}
}

/// Tests a bus against every promise of [`Bus`](crate::port::Bus).
///
/// `$make` is an async function without arguments that gives a fresh [`Rig`](crate::bus::contract::Rig).
///
/// ```
/// # #[cfg(test)] mod tests {
/// use std::sync::Arc;
/// use gpting_core::bus::contract::Rig;
/// use gpting_core::port::{Bus, LocalBus};
///
/// struct One(Arc<LocalBus>);
///
/// impl Rig for One {
///     fn here(&self) -> Arc<dyn Bus> {
///         self.0.clone()
///     }
///     fn there(&self) -> Arc<dyn Bus> {
///         self.0.clone()
///     }
/// }
///
/// async fn fresh() -> One {
///     One(Arc::new(LocalBus::default()))
/// }
///
/// gpting_core::bus_contract!(fresh);
/// # }
/// ```
#[macro_export]
macro_rules! bus_contract {
    ($make:expr) => {
        $crate::bus_contract! { @each $make;
            every_kind_of_hint_reaches_every_subscriber, nothing_but_hints_is_heard, a_burst_loses_no_room,
            publishing_neither_waits_nor_fails, the_own_process_hears_while_it_is_down, it_comes_back_by_itself,
            a_message_needs_no_bus
        }
    };
    (@each $make:expr; $($promise:ident),*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $promise() {
            let make = $make;
            let rig = make().await;
            $crate::bus::contract::$promise(&rig).await;
        }
    )* };
}

/// Both handles while they are being carried; ends with it.
struct Carried {
    here: Arc<dyn Bus>,
    there: Arc<dyn Bus>,
    _carrying: JoinSet<()>,
}

impl Carried {
    /// Begins to carry, and waits until each hears the other.
    async fn of(rig: &dyn Rig) -> Self {
        let (here, there) = (rig.here(), rig.there());
        let mut carrying = JoinSet::new();
        for bus in [Arc::clone(&here), Arc::clone(&there)] {
            carrying.spawn(async move { bus.carry().await });
        }
        until_heard(&*here, &*there).await;
        until_heard(&*there, &*here).await;
        Self { here, there, _carrying: carrying }
    }
}

/// A hint that no test uses otherwise: a fresh one each time.
fn probe() -> Hint {
    Hint::Member(MemberId::draw(&SystemRng))
}

fn room(id: i64) -> RoomId {
    RoomId::new(id).expect("small ids are ids")
}

fn member(id: i64) -> MemberId {
    MemberId::new(id).expect("small ids are ids")
}

/// Publishes probes on one handle until one is heard on the other.
async fn until_heard(from: &dyn Bus, on: &dyn Bus) {
    let mut receiver = on.subscribe();
    let deadline = Instant::now() + DEADLINE;
    let mut sent = BTreeSet::new();
    while Instant::now() < deadline {
        let Hint::Member(id) = probe() else { continue };
        sent.insert(id);
        from.publish(&[Hint::Member(id)]);
        if hears(
            &mut receiver,
            Duration::from_millis(100),
            |hint| matches!(hint, Hint::Member(id) if sent.contains(&id)),
        )
        .await
        {
            return;
        }
    }
    panic!("of {} hints published over {DEADLINE:?} none was heard", sent.len());
}

/// Whether a hint comes in time that is looked for; others are passed over.
async fn hears(receiver: &mut Receiver<Hint>, within: Duration, wanted: impl Fn(Hint) -> bool + Send + Sync) -> bool {
    let heard = timeout(within, async {
        loop {
            match receiver.recv().await {
                Ok(hint) if wanted(hint) => return true,
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return false,
            }
        }
    });
    heard.await.unwrap_or(false)
}

/// A hint of each kind reaches every subscriber on both handles, in either direction, the largest ids included.
pub async fn every_kind_of_hint_reaches_every_subscriber(rig: &dyn Rig) {
    let both = Carried::of(rig).await;
    let kinds =
        [Hint::Room(room(MAX_ID)), Hint::Member(member(1)), Hint::Typing { room: room(2), member: member(MAX_ID) }];
    for (from, to) in [(&both.here, &both.there), (&both.there, &both.here)] {
        for hint in kinds {
            let mut receivers = [to.subscribe(), to.subscribe(), from.subscribe()];
            from.publish(&[hint]);
            for receiver in &mut receivers {
                assert!(hears(receiver, SOON, |heard| heard == hint).await, "{hint:?} was not heard");
            }
        }
        let mut receiver = to.subscribe();
        from.publish(&kinds);
        let mut missing: Vec<Hint> = kinds.to_vec();
        while !missing.is_empty() {
            let next = timeout(SOON, receiver.recv()).await.expect("a hint in time").expect("a hint");
            missing.retain(|hint| *hint != next);
        }
    }
}

/// Whatever is heard was published: no hint is made up, changed, or about somebody else.
pub async fn nothing_but_hints_is_heard(rig: &dyn Rig) {
    let both = Carried::of(rig).await;
    let mut receiver = both.there.subscribe();
    let published: Vec<Hint> = (1..=100)
        .flat_map(|n| {
            [Hint::Room(room(n)), Hint::Member(member(n)), Hint::Typing { room: room(n), member: member(n + 1) }]
        })
        .collect();
    for hints in published.chunks(7) {
        both.here.publish(hints);
    }
    let mut missing = published.clone();
    let deadline = Instant::now() + DEADLINE;
    while !missing.is_empty() {
        let heard = tokio::time::timeout_at(deadline, receiver.recv()).await;
        let heard = heard.unwrap_or_else(|_| panic!("not heard: {missing:?}")).expect("so few hints make nobody lag");
        // The probes that found out whether the line stands may come late, or twice.
        let is_probe = matches!(heard, Hint::Member(id) if id.value() > 1_000);
        assert!(is_probe || published.contains(&heard), "{heard:?} was never published");
        missing.retain(|hint| *hint != heard);
    }
}

/// A burst may be folded together, but whoever listens hears of each room in it, or is told of having fallen behind.
pub async fn a_burst_loses_no_room(rig: &dyn Rig) {
    let both = Carried::of(rig).await;
    let mut receiver = both.there.subscribe();
    let mut missing: BTreeSet<i64> = (1..=50).collect();
    for turn in 0..20_000 {
        both.here.publish(&[Hint::Room(room(1 + turn % 50))]);
    }
    let deadline = Instant::now() + DEADLINE;
    while !missing.is_empty() {
        match tokio::time::timeout_at(deadline, receiver.recv()).await {
            Ok(Ok(Hint::Room(id))) => {
                missing.remove(&id.value());
            }
            Ok(Ok(
                Hint::Member(_)
                | Hint::Message { .. }
                | Hint::Typing { .. }
                | Hint::Presence { .. }
                | Hint::Opened { .. },
            )) => {}
            // Who falls behind looks at the log of all they wait for.
            Ok(Err(RecvError::Lagged(_))) => break,
            Ok(Err(RecvError::Closed)) => panic!("a bus does not end"),
            Err(late) => panic!("{late}: nothing was heard of {missing:?}"),
        }
    }
}

/// Publishing returns at once, whether the bus is up, down, or was never carried, and whoever listens or does not.
pub async fn publishing_neither_waits_nor_fails(rig: &dyn Rig) {
    let publish_many = |bus: &dyn Bus| {
        let took = measured(|| {
            for turn in 0..50_000 {
                bus.publish(&[Hint::Room(room(1 + turn % 20_000)), Hint::Member(member(1 + turn))]);
            }
            bus.publish(&[]);
        });
        assert!(took < Duration::from_secs(5), "50,000 hints took {took:?}");
    };
    publish_many(&*rig.here());
    let both = Carried::of(rig).await;
    publish_many(&*both.here);
    rig.cut().await;
    publish_many(&*both.here);
    rig.mend().await;
    drop(both.there.subscribe());
    publish_many(&*both.there);
}

fn measured(work: impl FnOnce()) -> Duration {
    let began = std::time::Instant::now();
    work();
    began.elapsed()
}

/// Subscribers on the publisher's own handle hear at once while the bus is down.
pub async fn the_own_process_hears_while_it_is_down(rig: &dyn Rig) {
    let both = Carried::of(rig).await;
    rig.cut().await;
    for bus in [&both.here, &both.there] {
        let mut receiver = bus.subscribe();
        let hint = probe();
        bus.publish(&[hint]);
        assert!(hears(&mut receiver, Duration::from_secs(1), |heard| heard == hint).await);
    }
    rig.mend().await;
}

/// After it was down, for both directions and twice in a row, hints are heard again without anybody's doing.
pub async fn it_comes_back_by_itself(rig: &dyn Rig) {
    let both = Carried::of(rig).await;
    for _ in 0..2 {
        rig.cut().await;
        both.here.publish(&[probe()]);
        tokio::time::sleep(Duration::from_millis(300)).await;
        rig.mend().await;
        until_heard(&*both.here, &*both.there).await;
        until_heard(&*both.there, &*both.here).await;
    }
}

/// Two instances of the service on one store: a message arrives, once and in its place, while the bus carries and while
/// it is down.
pub async fn a_message_needs_no_bus(rig: &dyn Rig) {
    let both = Carried::of(rig).await;
    let store = Arc::new(MemoryStore::default());
    let on = |bus: &Arc<dyn Bus>| Gpting::builder_on(Arc::clone(&store) as _).bus(Arc::clone(bus)).build();
    let (one, other) = (on(&both.here).await.expect("a service"), on(&both.there).await.expect("a service"));
    let me = one.members().ensure(HostId::from("one")).await.expect("a member");
    let partner = one.members().ensure(HostId::from("other")).await.expect("a member");
    let mut pair = Pair::strangers(PairKey::of(me, partner).expect("two people"));
    pair.friends_since = Some(jiff::Timestamp::UNIX_EPOCH);
    let befriend = Work::new().change(Change::PutPair(Box::new(pair), Expect::New));
    crate::store::Store::commit(&*store, befriend).await.expect("a pair");
    let room = one.chat().room_with(me, partner).await.expect("friends may talk").0.overview.room.id;
    let mut feed = other.chat().join(partner, room, None).await.expect("it is their room");
    for seq in 1..=4 {
        if seq == 3 {
            rig.cut().await;
        }
        one.chat().send(me, room, Draft::text(format!("{seq}"))).await.expect("a message is stored, bus or no bus");
        loop {
            let event = timeout(SOON, feed.next()).await.expect("it is found in time").expect("the store is there");
            if let ChatEvent::Message(view) = event {
                assert_eq!(view.message.seq, seq, "each once and in its place");
                break;
            }
        }
    }
    rig.mend().await;
}

/// Everything that has been heard so far.
///
/// # Panics
/// When the receiver has fallen behind.
pub fn heard(receiver: &mut Receiver<Hint>) -> Vec<Hint> {
    let mut heard = Vec::new();
    loop {
        match receiver.try_recv() {
            Ok(hint) => heard.push(hint),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return heard,
            Err(TryRecvError::Lagged(missed)) => panic!("{missed} hints were lost"),
        }
    }
}
