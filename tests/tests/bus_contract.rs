//! Every promise of the bus port on PostgreSQL and on Redis, with outages of the real server, and what is each one's own.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use gpting_bus_redis::RedisBus;
use gpting_core::bus::contract::Rig;
use gpting_core::id::{MAX_ID, MemberId, RoomId};
use gpting_core::port::{Bus, Hint};
use gpting_store_pg::{PgBus, PgStore};
use gpting_tests::postgres::{Database, Options};
use gpting_tests::{Postgres, Redis};
use sqlx::postgres::PgListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// A cluster of its own, because it is killed.
struct OnPostgres {
    cluster: Postgres,
    here: PgBus,
    there: PgBus,
    _database: Database,
}

#[async_trait]
impl Rig for OnPostgres {
    fn here(&self) -> Arc<dyn Bus> {
        Arc::new(self.here.clone())
    }

    fn there(&self) -> Arc<dyn Bus> {
        Arc::new(self.there.clone())
    }

    async fn cut(&self) {
        self.cluster.kill9();
    }

    async fn mend(&self) {
        self.cluster.restart();
    }
}

struct OnRedis {
    server: Redis,
    here: RedisBus,
    there: RedisBus,
}

#[async_trait]
impl Rig for OnRedis {
    fn here(&self) -> Arc<dyn Bus> {
        Arc::new(self.here.clone())
    }

    fn there(&self) -> Arc<dyn Bus> {
        Arc::new(self.there.clone())
    }

    async fn cut(&self) {
        self.server.kill9();
    }

    async fn mend(&self) {
        self.server.restart();
    }
}

mod postgres {
    use super::*;

    /// One handle beside a store, the other by the address alone.
    async fn fresh() -> OnPostgres {
        let cluster = Postgres::start(Options::default());
        let database = cluster.database("bus").await;
        let here = PgStore::connect(&database.url).await.unwrap().bus();
        let there = PgBus::connect(&database.url).unwrap();
        OnPostgres { cluster, here, there, _database: database }
    }

    gpting_core::bus_contract!(fresh);
}

mod redis {
    use super::*;

    async fn fresh() -> OnRedis {
        let server = Redis::start();
        let [here, there] = [0, 1].map(|_| RedisBus::connect(&server.url()).unwrap());
        OnRedis { server, here, there }
    }

    gpting_core::bus_contract!(fresh);
}

/// Hints of all kinds, as long as they get.
fn long_hints() -> Vec<Hint> {
    (0..5_000)
        .flat_map(|n| {
            let (room, member) = (RoomId::new(MAX_ID - n).unwrap(), MemberId::new(MAX_ID - n).unwrap());
            [Hint::Room(room), Hint::Member(member), Hint::Typing { room, member }]
        })
        .collect()
}

fn carried(bus: &(impl Bus + Clone)) -> JoinHandle<()> {
    let bus = bus.clone();
    tokio::spawn(async move { bus.carry().await })
}

/// What may travel: the format, who says it, and ids.
fn assert_nothing_but_ids(payload: &str) {
    assert!(payload.len() < 8_000, "{} bytes", payload.len());
    let mut words = payload.split(' ');
    assert_eq!(words.next(), Some("1"));
    let origin = words.next().unwrap();
    assert!(origin.len() == 16 && origin.bytes().all(|byte| byte.is_ascii_hexdigit()), "{origin}");
    for word in words {
        let (kind, ids) = word.split_at(1);
        assert!(["r", "m", "t"].contains(&kind), "{word}");
        assert!(ids.split('.').all(|id| id.parse::<u64>().is_ok_and(|id| id < 1 << 53)), "{word}");
    }
}

#[tokio::test]
async fn what_postgres_is_notified_of_is_short_and_rare() {
    let database = Postgres::shared().database("payload").await;
    let mut listener = PgListener::connect(&database.url).await.unwrap();
    listener.listen("gpting_wake").await.unwrap();
    let bus = PgBus::connect(&database.url).unwrap();
    let hints = long_hints();
    let room = hints[0];
    for _ in 0..100_000 {
        bus.publish(&[room]);
    }
    bus.publish(&hints);
    let carrying = carried(&bus);
    let (mut told, mut said) = (0, 0);
    // The last of them closes the burst.
    let last = hints[hints.len() - 1];
    let Hint::Typing { room, member } = last else { panic!("the last is a typing hint") };
    let end = format!(" t{room}.{member}");
    loop {
        let notified = timeout(Duration::from_secs(20), listener.recv()).await.unwrap().unwrap();
        assert_nothing_but_ids(notified.payload());
        said += notified.payload().split(' ').count() - 2;
        told += 1;
        if notified.payload().contains(&end) {
            break;
        }
    }
    assert_eq!(said, 4_096, "the newest of what waited; the rest is found by polling");
    assert_eq!(told, 4_096 / 64, "each as full as it gets");
    carrying.abort();
}

#[tokio::test]
async fn schemas_of_one_database_do_not_hear_each_other() {
    let database = Postgres::shared().database("schemas").await;
    let store = PgStore::connect(&database.url).await.unwrap();
    let mine = store.bus();
    let other = PgStore::new(store.pool().clone()).schema("dating").unwrap().bus();
    let third = PgStore::new(store.pool().clone()).schema("dating").unwrap().bus();
    let mut receivers = [mine.subscribe(), third.subscribe()];
    let carrying = [carried(&mine), carried(&other), carried(&third)];
    let hint = Hint::Room(RoomId::new(7).unwrap());
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        other.publish(&[hint]);
        if timeout(Duration::from_millis(50), receivers[1].recv()).await.is_ok() {
            break;
        }
        assert!(Instant::now() < deadline, "the two in one schema hear each other");
    }
    assert!(receivers[0].try_recv().is_err());
    carrying.iter().for_each(JoinHandle::abort);
}

#[tokio::test]
async fn a_store_closes_while_its_bus_is_carried() {
    let database = Postgres::shared().database("close").await;
    let store = PgStore::connect(&database.url).await.unwrap();
    let carrying = carried(&store.bus());
    let listening = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    while sqlx::query_scalar::<_, i64>(listening).fetch_one(store.pool()).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    timeout(Duration::from_secs(5), store.close()).await.expect("the bus holds no connection of the pool");
    carrying.abort();
}

#[tokio::test]
async fn what_redis_is_told_is_short_and_rare_and_on_a_channel_of_its_database() {
    let server = Redis::start();
    let client = ::redis::Client::open(server.url()).unwrap();
    let mut pubsub = client.get_async_pubsub().await.unwrap();
    pubsub.psubscribe("*").await.unwrap();
    let mut messages = pubsub.into_on_message();
    let bus = RedisBus::connect(&format!("{}?db=3", server.url())).unwrap();
    let hints = long_hints();
    for _ in 0..100_000 {
        bus.publish(&hints[..1]);
    }
    bus.publish(&hints);
    let carrying = carried(&bus);
    let (mut told, mut said) = (0, 0);
    while said < 4_096 {
        let message = timeout(Duration::from_secs(20), messages.next()).await.unwrap().unwrap();
        assert_eq!(message.get_channel_name(), "gpting:3");
        let payload: String = message.get_payload().unwrap();
        assert_nothing_but_ids(&payload);
        said += payload.split(' ').count() - 2;
        told += 1;
    }
    assert_eq!((said, told), (4_096, 4_096 / 64));
    carrying.abort();
}

/// A server that stands still is worse than one that is gone: connections stay and nothing is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_redis_holds_nobody_up() {
    let server = Redis::start();
    let [here, there] = [0, 1].map(|_| RedisBus::connect(&server.url()).unwrap());
    let carrying = [carried(&here), carried(&there)];
    let hint = |id| Hint::Room(RoomId::new(id).unwrap());
    let mut receiver = there.subscribe();
    let mut id = 0;
    let mut until_heard = async || {
        let deadline = Instant::now() + Duration::from_secs(40);
        loop {
            id += 1;
            here.publish(&[hint(id)]);
            if timeout(Duration::from_millis(100), receiver.recv()).await.is_ok() {
                return;
            }
            assert!(Instant::now() < deadline, "never heard");
        }
    };
    until_heard().await;
    server.freeze();
    let mut own = here.subscribe();
    here.publish(&[hint(MAX_ID)]);
    assert_eq!(own.try_recv().unwrap(), hint(MAX_ID), "within the process as ever");
    tokio::time::sleep(Duration::from_secs(6)).await;
    server.thaw();
    until_heard().await;
    carrying.iter().for_each(JoinHandle::abort);
}
