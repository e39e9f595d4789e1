//! Chat through the service: acked messages a second without wake-ups, and with them over PostgreSQL and Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use gpting_bus_redis::RedisBus;
use gpting_core::Gpting;
use gpting_core::chat::{ChatEvent, Draft};
use gpting_core::port::{Bus, Hint};
use gpting_core::store::Store;
use gpting_rig::Redis;
use gpting_store_pg::PgStore;
use tokio::sync::{broadcast, oneshot};
use tokio::task::JoinHandle;

use crate::Effort;
use crate::ceiling::Pgbench;
use crate::operation::{TEXT, commit, member_id, rate, room, room_id};
use crate::report::{Chat, median};

/// Rooms of the three ways lie so far apart.
const FIRST_ROOM: i64 = 100_000;
const APART: i64 = 1_000;

/// In so many pieces a round is cut where the three ways take turns.
const PIECES: u32 = 4;

/// Says nothing to anybody.
#[derive(Debug)]
struct Nobody(broadcast::Sender<Hint>);

#[async_trait]
impl Bus for Nobody {
    fn publish(&self, _: &[Hint]) {}

    fn subscribe(&self) -> broadcast::Receiver<Hint> {
        self.0.subscribe()
    }
}

/// One way to be woken: an instance that people talk through, and one where somebody listens.
struct Way {
    g: Gpting,
    first_room: i64,
    heard: Arc<AtomicU64>,
    running: Vec<JoinHandle<()>>,
    stop: Vec<oneshot::Sender<()>>,
}

impl Way {
    async fn open(pg: &Arc<PgStore>, number: i64, tasks: usize, buses: [Arc<dyn Bus>; 2], listens: bool) -> Self {
        let first_room = FIRST_ROOM + number * APART;
        for place in 0..i64::try_from(tasks).expect("few tasks") {
            commit(&**pg, room(first_room + place).into_iter()).await;
        }
        let [here, there] = buses;
        let store = Arc::clone(pg) as Arc<dyn Store>;
        let g = Gpting::builder_on(Arc::clone(&store)).bus(here).build().await.expect("a store can be served");
        let mut way = Self { g: g.clone(), first_room, heard: Arc::default(), running: Vec::new(), stop: Vec::new() };
        for place in 0..i64::try_from(tasks).expect("few tasks") {
            way.hold(first_room + place).await;
        }
        if listens {
            let other = Gpting::builder_on(store).bus(there).build().await.expect("a store can be served");
            way.run(&g);
            way.run(&other);
            way.listen(other).await;
        }
        way
    }

    fn run(&mut self, g: &Gpting) {
        let (stop, stopped) = oneshot::channel::<()>();
        self.running.push(g.run(async move {
            let _ = stopped.await;
        }));
        self.stop.push(stop);
    }

    /// Whoever writes in a room has a socket open, as in every client, and hears what they said themselves.
    async fn hold(&mut self, room: i64) {
        let mut own =
            self.g.chat().join(member_id(room * 2), room_id(room), None).await.expect("a participant may join");
        self.running.push(tokio::spawn(async move { while own.next().await.is_ok() {} }));
    }

    /// Follows the first room, and makes sure that nothing is missed.
    async fn listen(&mut self, g: Gpting) {
        let (room, me) = (self.first_room, member_id(self.first_room * 2 - 1));
        let heard = Arc::clone(&self.heard);
        let mut feed = g.chat().join(me, room_id(room), None).await.expect("a participant may join");
        self.running.push(tokio::spawn(async move {
            loop {
                if let ChatEvent::Message(view) = feed.next().await.expect("the log can be read") {
                    let before = heard.swap(view.message.seq, Ordering::SeqCst);
                    assert_eq!(view.message.seq, before + 1, "a subscriber hears every message in its place");
                }
            }
        }));
    }

    /// How many messages a second are acked: each task sends in a room of its own.
    async fn per_second(&self, effort: Effort) -> f64 {
        rate(effort.tasks, effort.time, |task| {
            let room = self.first_room + i64::try_from(task).expect("few tasks");
            let g = self.g.clone();
            move || {
                let g = g.clone();
                async move {
                    let sent = g.chat().send(member_id(room * 2), room_id(room), Draft::text(TEXT)).await;
                    sent.expect("a participant may talk");
                }
            }
        })
        .await
    }

    /// Waits until the subscriber has heard all that was sent in its room.
    async fn until_heard(&self, pg: &PgStore) {
        let sent = pg.room(room_id(self.first_room)).await.expect("the cluster runs").expect("a room").value.last_seq;
        for _ in 0..1_000 {
            if self.heard.load(Ordering::SeqCst) == sent {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{sent} messages were sent, {} were heard", self.heard.load(Ordering::SeqCst));
    }

    async fn close(self) {
        for stop in self.stop {
            let _ = stop.send(());
        }
        for running in self.running {
            running.abort();
            let _ = running.await;
        }
    }
}

/// Measures the three ways and the bare inserts by turns.
pub(crate) async fn measure(pg: &Arc<PgStore>, url: &str, pgbench: &Pgbench<'_>, effort: Effort) -> Chat {
    let redis = Redis::start();
    let nobody = || Arc::new(Nobody(broadcast::channel(16).0)) as Arc<dyn Bus>;
    let notify = || Arc::new(gpting_store_pg::PgBus::connect(url).expect("a URL")) as Arc<dyn Bus>;
    let publish = || Arc::new(RedisBus::connect(&redis.url()).expect("a URL")) as Arc<dyn Bus>;
    let off = Way::open(pg, 0, effort.tasks, [nobody(), nobody()], false).await;
    let over_pg = Way::open(pg, 1, effort.tasks, [notify(), notify()], true).await;
    let over_redis = Way::open(pg, 2, effort.tasks, [publish(), publish()], true).await;
    let inserts = pgbench.inserts().await;

    let ways = [&off, &over_pg, &over_redis];
    // Pieces so short that what else the machine does meets all of them.
    let piece = Effort { time: effort.time / PIECES, ..effort };
    let (mut sent, mut ceiling, mut of_ceiling) = (Vec::new(), Vec::new(), Vec::new());
    let mut with = [Vec::new(), Vec::new()];
    for _ in 0..effort.rounds {
        for turn in 0..3 * PIECES as usize {
            let mut rate = [0.0; 3];
            // Each of the three begins as often as the others.
            for place in (0..3).map(|place| (place + turn) % 3) {
                rate[place] = ways[place].per_second(piece).await;
                if place > 0 {
                    ways[place].until_heard(pg).await;
                }
            }
            let [without, over_pg, over_redis] = rate;
            with[0].push(over_pg / without);
            with[1].push(over_redis / without);
            let bare = pgbench.per_second(&inserts, piece.time);
            sent.push(without);
            ceiling.push(bare);
            of_ceiling.push(without / bare);
        }
    }
    let [notified, published] = with;
    for way in [off, over_pg, over_redis] {
        way.close().await;
    }
    Chat {
        sent: median(&sent),
        ceiling: median(&ceiling),
        of_ceiling: median(&of_ceiling),
        over_pg: median(&notified),
        over_redis: median(&published),
    }
}
