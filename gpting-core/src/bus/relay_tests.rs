//! The relay over a transport in memory that can be cut, hang, or go silent; time is paused.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use async_trait::async_trait;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::time::Instant;

use super::super::line::Listener;
use super::*;
use crate::id::{MemberId, RoomId};
use crate::rng::SeededRng;

/// A transport in memory: whoever is connected hears what is said, until it is cut.
#[derive(Clone, Debug)]
struct Ether(Arc<State>);

#[derive(Debug)]
struct State {
    lines: broadcast::Sender<String>,
    /// Connections fail, new ones cannot be made.
    cut: AtomicBool,
    /// Connections stay and nothing gets through, as when a cable is pulled.
    mute: AtomicBool,
    /// Saying never ends.
    hangs: AtomicBool,
    said: Mutex<Vec<String>>,
    opened: AtomicUsize,
}

impl Ether {
    fn new() -> Self {
        Self(Arc::new(State {
            lines: broadcast::channel(1024).0,
            cut: AtomicBool::default(),
            mute: AtomicBool::default(),
            hangs: AtomicBool::default(),
            said: Mutex::default(),
            opened: AtomicUsize::default(),
        }))
    }

    fn open(&self) -> Result<(), PortError> {
        self.0.opened.fetch_add(1, Ordering::SeqCst);
        self.check()
    }

    fn check(&self) -> Result<(), PortError> {
        if self.0.cut.load(Ordering::SeqCst) { Err(PortError::new("connect", "cut")) } else { Ok(()) }
    }

    fn said(&self) -> Vec<String> {
        self.0.said.lock().unwrap().clone()
    }
}

#[async_trait]
impl Line for Ether {
    async fn speaker(&self) -> Result<Box<dyn Speaker>, PortError> {
        self.open()?;
        Ok(Box::new(self.clone()))
    }

    async fn listener(&self) -> Result<Box<dyn Listener>, PortError> {
        self.open()?;
        Ok(Box::new(Ear(self.clone(), self.0.lines.subscribe())))
    }
}

#[async_trait]
impl Speaker for Ether {
    async fn say(&mut self, text: &str) -> Result<(), PortError> {
        self.check()?;
        if self.0.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        self.0.said.lock().unwrap().push(text.to_owned());
        if !self.0.mute.load(Ordering::SeqCst) {
            let _ = self.0.lines.send(text.to_owned());
        }
        Ok(())
    }
}

struct Ear(Ether, broadcast::Receiver<String>);

#[async_trait]
impl Listener for Ear {
    async fn next(&mut self) -> Result<String, PortError> {
        loop {
            self.0.check()?;
            if let Ok(text) = timeout(Duration::from_millis(50), self.1.recv()).await {
                return text.map_err(|error| PortError::new("hear", error));
            }
        }
    }
}

fn room(id: i64) -> Hint {
    Hint::Room(RoomId::new(id).unwrap())
}

/// A relay that is being carried over an ether.
fn carried(ether: &Ether, seed: u64) -> Arc<Relay> {
    let relay = Arc::new(Relay::new(&SeededRng::new(seed)));
    let (carrying, line) = (Arc::clone(&relay), ether.clone());
    tokio::spawn(async move { carrying.carry(&line).await });
    relay
}

async fn settle() {
    sleep(Duration::from_millis(20)).await;
}

fn drain(receiver: &mut broadcast::Receiver<Hint>) -> Vec<Hint> {
    let mut heard = Vec::new();
    loop {
        match receiver.try_recv() {
            Ok(hint) => heard.push(hint),
            Err(TryRecvError::Empty) => return heard,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn hints_go_to_others_once_and_come_back_to_nobody() {
    let ether = Ether::new();
    let (here, there) = (carried(&ether, 1), carried(&ether, 2));
    let (mut own, mut other) = (here.subscribe(), there.subscribe());
    settle().await;
    let hints = [room(1), Hint::Typing { room: RoomId::new(1).unwrap(), member: MemberId::new(2).unwrap() }];
    here.publish(&hints);
    assert_eq!(drain(&mut own), hints, "within the process at once");
    settle().await;
    assert_eq!(drain(&mut other), hints);
    assert_eq!(drain(&mut own), [], "the echo is left out");
}

#[tokio::test(start_paused = true)]
async fn of_messages_in_a_room_the_last_is_said() {
    let ether = Ether::new();
    let (here, there) = (carried(&ether, 1), carried(&ether, 2));
    let mut other = there.subscribe();
    settle().await;
    let said = |room, seq| Hint::Message { room: RoomId::new(room).unwrap(), seq };
    for seq in [1, 2, 9, 8] {
        here.publish(&[said(1, seq), said(2, 10 * seq)]);
    }
    settle().await;
    assert_eq!(drain(&mut other), [said(1, 9), said(2, 90)]);
}

#[tokio::test(start_paused = true)]
async fn who_was_silent_speaks_at_once_and_who_has_spoken_gathers() {
    let ether = Ether::new();
    let here = carried(&ether, 1);
    settle().await;
    let began = Instant::now();
    let mut lines = Vec::new();
    for number in 1..=40 {
        here.publish(&[room(number)]);
        sleep(Duration::from_millis(1)).await;
        lines.push(ether.said().iter().filter(|line| line.contains(" r")).count());
    }
    assert_eq!(lines[0], 1, "the first did not wait");
    assert!(began.elapsed() >= Duration::from_millis(40));
    assert!((7..=9).contains(&lines[39]), "one line in five milliseconds: {lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_one_line_and_many_rooms_are_few() {
    let ether = Ether::new();
    let (here, there) = (carried(&ether, 1), carried(&ether, 2));
    let mut other = there.subscribe();
    settle().await;
    for _ in 0..1_000 {
        here.publish(&[room(1)]);
    }
    settle().await;
    assert_eq!(ether.said().len(), 1, "{:?}", ether.said());
    assert_eq!(drain(&mut other), [room(1)]);
    let many: Vec<Hint> = (1..=640).map(room).collect();
    here.publish(&many);
    settle().await;
    assert_eq!(ether.said().len(), 11, "64 to a line");
    assert_eq!(drain(&mut other), many, "none is lost, in their order");
}

#[tokio::test(start_paused = true)]
async fn publishing_goes_on_while_nothing_is_carried_and_keeps_the_newest() {
    let relay = Relay::new(&SeededRng::new(1));
    for id in 1..=10_000 {
        relay.publish(&[room(id)]);
    }
    let mut waiting = relay.waiting();
    assert_eq!(waiting.order.len(), WAITING);
    assert_eq!(waiting.present.len(), WAITING);
    assert_eq!(waiting.lost, 10_000 - WAITING as u64);
    let kept = waiting.take(usize::MAX);
    assert_eq!((kept.first(), kept.last()), (Some(&room(10_001 - 4096)), Some(&room(10_000))));
    assert!(waiting.present.is_empty(), "what was taken can be published again");
}

#[tokio::test(start_paused = true)]
async fn what_was_published_while_it_was_down_is_said_afterwards() {
    let ether = Ether::new();
    let (here, there) = (carried(&ether, 1), carried(&ether, 2));
    let mut other = there.subscribe();
    settle().await;
    ether.0.cut.store(true, Ordering::SeqCst);
    here.publish(&[room(1)]);
    sleep(Duration::from_mins(1)).await;
    here.publish(&[room(2)]);
    assert_eq!(drain(&mut other), []);
    let health = here.health();
    assert!(!health.reached && health.failures > 20 && health.said == 0, "{health:?}");
    let opened = ether.0.opened.load(Ordering::SeqCst);
    assert!((40..140).contains(&opened), "60 s of trying again: {opened} attempts on four connections");
    ether.0.cut.store(false, Ordering::SeqCst);
    sleep(SLOWEST_RETRY + Duration::from_secs(1)).await;
    here.publish(&[room(3)]);
    settle().await;
    let heard = drain(&mut other);
    assert_eq!(heard.last(), Some(&room(3)), "{heard:?}");
    assert!(here.health().reached && there.health().reached);
    assert_eq!((here.health().said, there.health().heard), (3, heard.len() as u64));
    assert!(ether.said().iter().any(|line| line.contains(" r1")), "not forgotten");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_hangs_is_made_anew() {
    let ether = Ether::new();
    let here = carried(&ether, 1);
    settle().await;
    ether.0.hangs.store(true, Ordering::SeqCst);
    here.publish(&[room(1)]);
    sleep(Duration::from_secs(4)).await;
    assert_eq!(ether.0.opened.load(Ordering::SeqCst), 2, "not given up too early");
    ether.0.hangs.store(false, Ordering::SeqCst);
    sleep(Duration::from_secs(3)).await;
    assert_eq!(ether.0.opened.load(Ordering::SeqCst), 3);
    assert!(ether.said().iter().any(|line| line.ends_with(" r1")));
}

#[tokio::test(start_paused = true)]
async fn silence_is_noticed_and_an_idle_bus_is_not_taken_for_it() {
    let ether = Ether::new();
    let _here = carried(&ether, 1);
    let began = Instant::now();
    sleep(Duration::from_mins(10)).await;
    assert_eq!(ether.0.opened.load(Ordering::SeqCst), 2, "its own beats are enough");
    assert!((55..=60).contains(&ether.said().len()), "a beat every ten seconds: {}", ether.said().len());
    ether.0.mute.store(true, Ordering::SeqCst);
    sleep(Duration::from_secs(41)).await;
    assert_eq!(ether.0.opened.load(Ordering::SeqCst), 3, "after {:?}", began.elapsed());
}
