//! Two instances on one store, and a bus between them that loses, repeats, reorders, or is down: nothing is lost, nothing
//! comes twice, and nothing takes longer than polling does. Time is paused, so an outage of a minute takes none.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

use std::sync::Arc;
use std::time::Duration;

use gpting_core::Gpting;
use gpting_core::bus::contract::faulty::{Fault, FaultyBus};
use gpting_core::chat::{ChatEvent, Draft, Subscription};
use gpting_core::id::{HostId, MemberId, RoomId};
use gpting_core::interaction::{Pair, PairKey};
use gpting_core::matching::slate::SlateRequest;
use gpting_core::port::LocalBus;
use gpting_core::profile::{PreferencesEdit, ProfileEdit};
use gpting_core::store::{Change, Expect, MemoryStore, Store as _, Work};
use tokio::time::{Instant, timeout};

/// What is promised without any bus.
const PROMISED: Duration = Duration::from_secs(3);

/// Two friends, each on an instance of their own, and the bus between.
struct Line {
    bus: FaultyBus,
    one: Gpting,
    other: Gpting,
    me: MemberId,
    friend: MemberId,
    room: RoomId,
}

async fn line() -> Line {
    let bus = FaultyBus::new(Arc::new(LocalBus::default()));
    let store = Arc::new(MemoryStore::default());
    let on = || Gpting::builder_on(Arc::clone(&store) as _).bus(bus.clone()).build();
    let (one, other) = (on().await.unwrap(), on().await.unwrap());
    let me = one.members().ensure(HostId::from("me")).await.unwrap();
    let friend = one.members().ensure(HostId::from("friend")).await.unwrap();
    let mut pair = Pair::strangers(PairKey::of(me, friend).unwrap());
    pair.friends_since = Some("2026-11-23T03:00:00Z".parse().unwrap());
    store.commit(Work::new().change(Change::PutPair(Box::new(pair), Expect::New))).await.unwrap();
    let room = one.chat().room_with(me, friend).await.unwrap().0.overview.room.id;
    Line { bus, one, other, me, friend, room }
}

impl Line {
    async fn say(&self, text: u64) {
        self.one.chat().send(self.me, self.room, Draft::text(text.to_string())).await.unwrap();
    }

    async fn listen(&self) -> Subscription {
        self.other.chat().join(self.friend, self.room, None).await.unwrap()
    }
}

/// The next message, which must come within what is promised; how long it took.
async fn message(feed: &mut Subscription, seq: u64) -> Duration {
    let began = Instant::now();
    loop {
        let event = timeout(PROMISED, feed.next()).await.unwrap_or_else(|_| panic!("message {seq} is late"));
        match event.unwrap() {
            ChatEvent::Message(view) => {
                assert_eq!(view.message.seq, seq, "each once and in its place");
                return began.elapsed();
            }
            ChatEvent::Read { .. } | ChatEvent::Typing { .. } | ChatEvent::Me => {}
            event @ (ChatEvent::ResyncRequired { .. } | ChatEvent::Closed { .. } | _) => panic!("{event:?}"),
        }
    }
}

/// Says three hundred messages, now one at a time, now several at once, and hears each.
async fn hears_everything(fault: Fault) {
    let line = line().await;
    line.bus.fail(fault);
    let mut feed = line.listen().await;
    let mut said = 0;
    for burst in [1, 7, 1, 40, 3].into_iter().cycle().take(25) {
        for seq in said + 1..=said + burst {
            line.say(seq).await;
        }
        for seq in said + 1..=said + burst {
            message(&mut feed, seq).await;
        }
        said += burst;
    }
    // How far the writer has read still comes; a message does not.
    while let Ok(event) = timeout(Duration::from_mins(1), feed.next()).await {
        assert!(matches!(event, Ok(ChatEvent::Read { .. })), "after the last comes {event:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_bus_loses_no_message() {
    hears_everything(Fault::Silent).await;
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_loses_most_loses_no_message() {
    hears_everything(Fault::OneOf(3)).await;
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_repeats_repeats_no_message() {
    hears_everything(Fault::Repeating(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_reorders_reorders_no_message() {
    hears_everything(Fault::Reversing(7)).await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_a_minute_slows_and_then_is_over() {
    let line = line().await;
    let mut feed = line.listen().await;
    line.say(1).await;
    assert!(message(&mut feed, 1).await < Duration::from_millis(100), "woken");
    line.bus.down_for(Duration::from_mins(1));
    for seq in 2..=20 {
        line.say(seq).await;
        message(&mut feed, seq).await;
    }
    tokio::time::sleep(Duration::from_mins(1)).await;
    for seq in 21..=40 {
        line.say(seq).await;
        assert!(message(&mut feed, seq).await < Duration::from_millis(100), "woken again");
    }
}

#[tokio::test(start_paused = true)]
async fn read_marks_and_closed_rooms_need_no_bus_either() {
    let line = line().await;
    line.bus.fail(Fault::Silent);
    let mut feed = line.listen().await;
    line.say(1).await;
    message(&mut feed, 1).await;
    for (g, member) in [(&line.one, line.me), (&line.other, line.friend)] {
        g.chat().read(member, line.room, 1).await.unwrap();
        let read = timeout(PROMISED, feed.next()).await.expect("in time").unwrap();
        assert_eq!(read, ChatEvent::Read { room: line.room, member, seq: 1 });
    }
    line.one.safety().block(line.me, line.friend).await.unwrap();
    assert_eq!(timeout(PROMISED, feed.next()).await.expect("in time").unwrap(), ChatEvent::Closed { room: line.room });
}

#[tokio::test(start_paused = true)]
async fn changed_wishes_reach_the_other_instance_without_a_bus() {
    let line = line().await;
    line.bus.fail(Fault::Silent);
    let working = line.other.run(std::future::pending());
    let mut people = Vec::new();
    for (name, gender, wish) in [("a", "F", "M"), ("b", "M", "F")] {
        let id = line.one.members().ensure(HostId::from(name)).await.unwrap();
        let edit = ProfileEdit {
            nickname: Some(name.to_owned()),
            gender: Some(gender.to_owned()),
            birth_date: Some("1996-05-05".to_owned()),
            ..ProfileEdit::default()
        };
        line.one.profiles().edit(id, edit, None).await.unwrap();
        wish_for(&line.one, id, wish).await;
        people.push(id);
    }
    for (wish, shown) in [("F", true), ("M", false), ("F", true)] {
        wish_for(&line.one, people[1], wish).await;
        tokio::time::sleep(PROMISED).await;
        let slate = line.other.matching().slate(people[0], SlateRequest::first(10)).await.unwrap();
        assert_eq!(slate.cards.iter().any(|card| card.card.id == people[1]), shown, "who wishes for {wish}");
    }
    working.abort();
}

async fn wish_for(g: &Gpting, member: MemberId, gender: &str) {
    let wishes = PreferencesEdit { genders: Some(vec![gender.to_owned()]), ..PreferencesEdit::default() };
    g.profiles().set_preferences(member, wishes).await.unwrap();
}
