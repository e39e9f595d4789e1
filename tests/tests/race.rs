//! Many people at once, on three instances: whatever is interleaved, each rule of the domain holds.
//!
//! Every test runs on every store. Where a database can be asked, its rows are counted past the store too. Nothing here
//! depends on who wins: a test that fails once has found an interleaving that is possible.

#![expect(clippy::unwrap_used, reason = "these functions are the bodies of tests")]

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use gpting_core::Code;
use gpting_core::account::Device;
use gpting_core::chat::Draft;
use gpting_core::event::Fact;
use gpting_core::id::{HostId, MemberId, MessageId, RoomId};
use gpting_core::interaction::{Pair, PairKey};
use gpting_core::lang::Lang;
use gpting_core::store::{Change, Expect, MessageRange, Page, Work};
use gpting_tests::{Town, on_every_store};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uuid::Uuid;

on_every_store!(
    a_thousand_pairs_make_a_thousand_matches,
    twenty_ask_for_one_room,
    fifty_writers_leave_no_hole,
    a_refresh_token_presented_fifty_times_has_one_successor,
    ten_right_codes_make_one_account,
    nothing_said_after_a_block_is_ever_seen,
    read_marks_only_rise,
    crossing_friend_requests_make_friends,
    one_host_user_is_one_member,
);

/// Runs every act in a task of its own, all at once, and answers what they came to.
fn at_once<T: Send + 'static>(
    acts: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> impl Future<Output = Vec<T>> + Send {
    let mut tasks = JoinSet::new();
    for act in acts {
        tasks.spawn(act);
    }
    tasks.join_all()
}

async fn a_thousand_pairs_make_a_thousand_matches(town: Town) {
    const PAIRS: usize = 1_000;
    let couples = town.couples(PAIRS).await;
    // So many pairs at a time: enough to collide, few enough for the pools.
    let gate = Arc::new(Semaphore::new(24));
    let mut pairs = JoinSet::new();
    for (number, &(a, b)) in couples.iter().enumerate() {
        let (gate, instances) = (Arc::clone(&gate), town.instances.clone());
        pairs.spawn(async move {
            let _turn = gate.acquire().await.unwrap();
            let likes = [(a, b, 0), (b, a, 1), (a, b, 1), (b, a, 2)].map(|(me, other, on)| {
                let g = instances[(number + on) % instances.len()].clone();
                async move { g.matching().like(me, other, None).await.unwrap() }
            });
            let rooms: BTreeSet<RoomId> = at_once(likes).await.into_iter().filter_map(|liked| liked.matched).collect();
            assert_eq!(rooms.len(), 1, "pair {number} was told of {rooms:?}");
            rooms.into_iter().next().unwrap()
        });
    }
    let told: HashSet<RoomId> = pairs.join_all().await.into_iter().collect();
    assert_eq!(told.len(), PAIRS);

    let found = at_once(couples.chunks(PAIRS / 8).map(|couples| {
        let (couples, g, store) = (couples.to_vec(), town.g(2).clone(), Arc::clone(&town.stores[2]));
        async move {
            let mut rooms = Vec::new();
            for (me, other) in couples.into_iter().flat_map(|(a, b)| [(a, b), (b, a)]) {
                let matches = g.matching().matches(me, Page::first(10)).await.unwrap();
                assert_eq!(matches.iter().map(|one| one.card.id).collect::<Vec<_>>(), [other]);
                let open = store.list_rooms(me, Page::first(10)).await.unwrap();
                assert_eq!(open.iter().map(|one| one.room.id).collect::<Vec<_>>(), [matches[0].room.unwrap()]);
                rooms.push(open[0].room.id);
            }
            rooms
        }
    }))
    .await;
    assert_eq!(found.into_iter().flatten().collect::<HashSet<_>>(), told);
    let events = town.store().events(0, 10 * PAIRS).await.unwrap();
    let matched = events.iter().filter(|stored| matches!(stored.event.fact, Fact::Matched { .. })).count();
    let liked = events.iter().filter(|stored| matches!(stored.event.fact, Fact::Liked { .. })).count();
    assert_eq!((matched, liked, events.len()), (PAIRS, PAIRS, 2 * PAIRS));
    for table in ["room", "pair"] {
        assert!(town.rows(table).await.is_none_or(|rows| rows == 1_000), "{table}");
    }
}

async fn twenty_ask_for_one_room(town: Town) {
    let (a, b) = town.couples(1).await[0];
    // Friends whose room was never opened, as a host may bring them along.
    let mut pair = Pair::strangers(PairKey::of(a, b).unwrap());
    pair.friends_since = Some("2026-11-23T03:00:00Z".parse().unwrap());
    town.store().commit(Work::new().change(Change::PutPair(Box::new(pair), Expect::New))).await.unwrap();
    let asked = at_once((0..20).map(|number| {
        let g = town.g(number).clone();
        let (me, other) = if number % 2 == 0 { (a, b) } else { (b, a) };
        async move { g.chat().room_with(me, other).await.unwrap() }
    }))
    .await;
    let rooms: BTreeSet<RoomId> = asked.iter().map(|(view, _)| view.overview.room.id).collect();
    assert_eq!(rooms.len(), 1);
    assert_eq!(asked.iter().filter(|(_, created)| *created).count(), 1, "one of them has opened it");
    assert!(town.rows("room").await.is_none_or(|rows| rows == 1));
}

async fn fifty_writers_leave_no_hole(town: Town) {
    const WRITERS: usize = 50;
    const EACH: usize = 4;
    let (a, b) = town.couples(1).await[0];
    let room = town.matched(a, b).await;
    let mut said = HashMap::new();
    let sent = at_once((0..WRITERS).flat_map(|writer| {
        let me = if writer % 2 == 0 { a } else { b };
        let ids: Vec<Uuid> = (0..EACH).map(|_| Uuid::new_v4()).collect();
        said.extend(ids.iter().map(|id| (*id, me)));
        // Everything twice at the same time, over two instances: a client that did not wait for its answer.
        [0, 1].map(|on| {
            let (g, ids) = (town.g(writer + on).clone(), ids.clone());
            async move {
                let mut answers = Vec::new();
                for id in ids {
                    let draft = Draft::text(format!("{writer}: {id}")).id(id);
                    answers.push(g.chat().send(me, room, draft).await.unwrap());
                }
                answers
            }
        })
    }))
    .await;
    let total = WRITERS * EACH;
    let history = town.g(0).chat().history(a, room, MessageRange::After(0), 300).await.unwrap();
    let seqs: Vec<u64> = history.iter().map(|view| view.message.seq).collect();
    assert_eq!(seqs, (1..=total as u64).collect::<Vec<_>>());
    let stored: HashMap<Uuid, _> = history.iter().map(|view| (view.message.client_msg_id.unwrap(), view)).collect();
    assert_eq!(stored.len(), total, "each client_msg_id once");
    assert!(stored.iter().all(|(id, view)| said[id] == view.message.sender));
    // Whoever sends twice is told of the one stored message both times, and only once that it is new.
    let answers: Vec<_> = sent.into_iter().flatten().collect();
    assert_eq!(answers.iter().filter(|sent| sent.replayed).count(), total);
    for sent in &answers {
        assert_eq!(sent.view.message, stored[&sent.view.message.client_msg_id.unwrap()].message);
    }
    assert!(town.rows("message").await.is_none_or(|rows| rows == 200));
    assert_eq!(town.store().room(room).await.unwrap().unwrap().value.last_seq, total as u64);

    // The host is told of these messages and no others, first of all in their order.
    let mut told: Vec<MessageId> = Vec::new();
    for stored in town.store().events(0, 10 * total).await.unwrap() {
        if let Fact::MessageSent { message, .. } = stored.event.fact
            && !told.contains(&message)
        {
            told.push(message);
        }
    }
    assert_eq!(told, history.iter().map(|view| view.message.id).collect::<Vec<_>>());
}

async fn a_refresh_token_presented_fifty_times_has_one_successor(town: Town) {
    let first = town.signed_in(Town::form("minji"), Device::default()).await;
    let answers = at_once((0..50).map(|number| {
        let (g, token) = (town.g(number).clone(), first.tokens.refresh.clone());
        async move { g.accounts().refresh(&token).await }
    }))
    .await;
    // Nobody is thrown out for a lost answer: within the grace each is given the one successor.
    let successors: BTreeSet<String> = answers.into_iter().map(|tokens| tokens.unwrap().refresh).collect();
    assert_eq!(successors.len(), 1);
    assert!(town.rows("session").await.is_none_or(|rows| rows == 1));
    let accounts = town.g(1).accounts();
    let next = accounts.refresh(successors.first().unwrap()).await.unwrap();
    assert_eq!(accounts.authenticate(&next.access).await.unwrap().member, first.member);
    let newest = accounts.refresh(&next.refresh).await.unwrap();
    // The successor has been used, so the first token is dead, and showing it again ends the branch.
    assert_eq!(accounts.refresh(&first.tokens.refresh).await.unwrap_err().code(), Code::TokenInvalid);
    assert_eq!(town.g(2).accounts().authenticate(&newest.access).await.unwrap_err().code(), Code::TokenInvalid);
    assert!(town.rows("session").await.is_none_or(|rows| rows == 0));
}

async fn ten_right_codes_make_one_account(town: Town) {
    let form = Town::form("minji");
    town.g(0).accounts().sign_up(form.clone(), Lang::Ko).await.unwrap();
    town.work_off().await;
    let code = town.letters.code(&form.email);
    let answers = at_once((0..10).map(|number| {
        let (g, email, code) = (town.g(number).clone(), form.email.clone(), code.clone());
        async move { g.accounts().verify_email(&email, &code).await }
    }))
    .await;
    let made: Vec<MemberId> = answers.iter().filter_map(|answer| answer.as_ref().ok().copied()).collect();
    assert_eq!(made.len(), 1, "{answers:?}");
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(refused.code(), Code::WrongCode, "{refused:?}");
    }
    let account = town.store().account_by_login("minji").await.unwrap().unwrap().value;
    assert_eq!(account.member, made[0]);
    for (table, rows) in [("account", 1), ("member", 1), ("pending", 0)] {
        assert!(town.rows(table).await.is_none_or(|found| found == rows), "{table}");
    }
}

async fn nothing_said_after_a_block_is_ever_seen(town: Town) {
    let couples = town.couples(12).await;
    for (number, (a, b)) in couples.into_iter().enumerate() {
        let room = town.matched(a, b).await;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let mut writers = JoinSet::new();
        for on in 0..4 {
            let (g, stopped) = (town.g(number + on).clone(), stopped.clone());
            let me = if on % 2 == 0 { a } else { b };
            writers.spawn(async move {
                let mut acknowledged = 0;
                loop {
                    // Read before the attempt: one that begins after the block must be refused.
                    let blocked = *stopped.borrow();
                    // People take a breath. Without it the lock of the store in memory, which is not fair, is never free.
                    tokio::time::sleep(Duration::from_micros(200)).await;
                    match g.chat().send(me, room, Draft::text("아직 거기 있어요?")).await {
                        Ok(_) => {
                            assert!(!blocked, "a message went through after the block was acknowledged");
                            acknowledged += 1;
                        }
                        Err(error) => {
                            assert_eq!(error.code(), Code::RoomNotFound, "{error:?}");
                            if blocked {
                                return acknowledged;
                            }
                        }
                    }
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(5 * (number as u64 % 6))).await;
        assert!(!town.g(number + 2).safety().block(b, a).await.unwrap());
        stop.send(true).unwrap();
        let acknowledged: u64 = writers.join_all().await.into_iter().sum();

        let closed = town.store().room(room).await.unwrap().unwrap().value;
        assert!(closed.closed_at.is_some());
        assert_eq!(closed.hidden_through, closed.last_seq, "everything said is closed away");
        assert_eq!(closed.last_seq, acknowledged, "nothing was stored without an answer, nor answered without a place");
        for me in [a, b] {
            let history = town.g(number).chat().history(me, room, MessageRange::After(0), 10).await;
            assert_eq!(history.unwrap_err().code(), Code::RoomNotFound);
            assert!(town.g(number).chat().rooms(me, Page::first(10)).await.unwrap().is_empty());
        }
        // Reconciled, they start with an empty page; the places go on.
        town.g(number).safety().unblock(b, a).await.unwrap();
        town.g(number).matching().request_friend(a, b).await.unwrap();
        assert_eq!(town.g(number + 1).matching().request_friend(b, a).await.unwrap().friends, Some(room));
        let before = town.g(1).chat().history(a, room, MessageRange::After(0), 300).await.unwrap();
        assert!(before.is_empty());
        town.g(0).chat().send(a, room, Draft::text("다시 안녕")).await.unwrap();
        let after = town.g(2).chat().history(a, room, MessageRange::After(0), 300).await.unwrap();
        let seen: Vec<u64> = after.iter().map(|view| view.message.seq).collect();
        assert_eq!(seen, [acknowledged + 1]);
    }
}

async fn read_marks_only_rise(town: Town) {
    const MESSAGES: u64 = 60;
    let (a, b) = town.couples(1).await[0];
    let room = town.matched(a, b).await;
    for number in 0..MESSAGES {
        town.g(0).chat().send(b, room, Draft::text(number.to_string())).await.unwrap();
    }
    // A fixed shuffle: each place once, in an order in which neighbours are far apart.
    let marked = at_once((0..MESSAGES).map(|number| {
        let (g, seq) = (town.g(usize::try_from(number).unwrap()).clone(), 1 + number * 37 % MESSAGES);
        async move {
            let stands = g.chat().read(a, room, seq).await.unwrap();
            let seen = g.chat().rooms(a, Page::first(1)).await.unwrap()[0].overview.my_read;
            (seq, stands, seen)
        }
    }))
    .await;
    for (seq, stands, seen) in marked {
        assert!(seq <= stands && stands <= seen, "asked for {seq}, told {stands}, then seen {seen}");
    }
    let overview = town.store().room_overview(a, room).await.unwrap().unwrap();
    assert_eq!((overview.my_read, overview.unread), (MESSAGES, 0));
    assert_eq!(town.g(1).chat().read(a, room, 1).await.unwrap(), MESSAGES, "an old mark changes nothing");
    assert_eq!(town.g(2).chat().read(a, room, 9_999).await.unwrap(), MESSAGES, "nor one beyond the end");
}

async fn crossing_friend_requests_make_friends(town: Town) {
    let couples = town.couples(40).await;
    let asked = at_once(couples.iter().enumerate().flat_map(|(number, &(a, b))| {
        [(a, b, 0), (b, a, 1), (a, b, 2), (b, a, 0)].map(|(me, other, on)| {
            let g = town.g(number + on).clone();
            async move { (PairKey::of(me, other).unwrap(), g.matching().request_friend(me, other).await.unwrap()) }
        })
    }))
    .await;
    let mut rooms: HashMap<PairKey, BTreeSet<RoomId>> = HashMap::new();
    for (key, requested) in asked {
        rooms.entry(key).or_default().extend(requested.friends);
    }
    for (a, b) in couples {
        let told = &rooms[&PairKey::of(a, b).unwrap()];
        assert_eq!(told.len(), 1, "the one who came second was told of the one room");
        for me in [a, b] {
            let friends = town.g(2).matching().friends(me, Page::first(10)).await.unwrap();
            assert_eq!(friends.iter().map(|one| one.room).collect::<Vec<_>>(), [told.first().copied()]);
            for sent in [true, false] {
                let waiting = town.g(2).matching().friend_requests(me, sent, Page::first(10)).await.unwrap();
                assert!(waiting.is_empty(), "no request waits any more");
            }
        }
    }
    let events = town.store().events(0, 1_000).await.unwrap();
    let befriended = events.iter().filter(|stored| matches!(stored.event.fact, Fact::Befriended { .. })).count();
    assert_eq!(befriended, 40);
    assert!(town.rows("room").await.is_none_or(|rows| rows == 40));
}

async fn one_host_user_is_one_member(town: Town) {
    for user in 0..4 {
        let ids = at_once((0..50).map(|number| {
            let g = town.g(number).clone();
            async move { g.members().ensure(HostId::from(format!("user-{user}"))).await.unwrap() }
        }))
        .await;
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 1);
        let found = town.store().member_by_host(&HostId::from(format!("user-{user}"))).await.unwrap().unwrap();
        assert_eq!((found.value.id, found.version), (ids[0], 1));
    }
    assert!(town.rows("member").await.is_none_or(|rows| rows == 4));
}
