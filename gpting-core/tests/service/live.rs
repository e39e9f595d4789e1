//! Listening: replay, live, rooms that open and close, and who is too slow.

use std::time::Duration;

use gpting_core::Code;
use gpting_core::chat::{ChatEvent, Cursor, Draft, Rooms, Subscription};
use gpting_core::id::{MemberId, RoomId};
use gpting_core::profile::PreferencesEdit;
use gpting_core::store::{MessageRange, Page};

use crate::people::{Town, town};

/// The next event that is not about oneself; in simulated time as long as it takes.
async fn next(subscription: &mut Subscription) -> ChatEvent {
    loop {
        let next = tokio::time::timeout(Duration::from_secs(30), subscription.next());
        match next.await.expect("something happens").unwrap() {
            ChatEvent::Me => {}
            event => return event,
        }
    }
}

async fn nothing(subscription: &mut Subscription) {
    let next = tokio::time::timeout(Duration::from_millis(900), subscription.next()).await;
    assert!(next.is_err(), "{next:?}");
}

async fn text(subscription: &mut Subscription) -> (u64, String) {
    match next(subscription).await {
        ChatEvent::Message(view) => (view.message.seq, view.message.text),
        other => panic!("{other:?} instead of a message"),
    }
}

async fn say(town: &Town, from: MemberId, room: RoomId, text: &str) -> u64 {
    town.g.chat().send(from, room, Draft::text(text)).await.unwrap().view.message.seq
}

fn cursor(room: RoomId, seq: u64) -> Cursor {
    Cursor { room, seq, revision: None }
}

#[tokio::test(start_paused = true)]
async fn a_listener_replays_then_lives_and_ends_with_the_match() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    let chat = town.g.chat();
    say(&town, a, room, "하나").await;
    let mut feed = chat.join(b, room, Some(0)).await.unwrap();
    assert_eq!(next(&mut feed).await, ChatEvent::Resumed { room, after: 0, head: 1, revision: 0 });
    assert_eq!(text(&mut feed).await, (1, "하나".to_owned()));
    say(&town, a, room, "둘").await;
    assert_eq!(text(&mut feed).await, (2, "둘".to_owned()));
    assert_eq!(next(&mut feed).await, ChatEvent::Read { room, member: a, seq: 2 }, "whoever writes has read");
    chat.typing(a, room).await.unwrap();
    assert_eq!(next(&mut feed).await, ChatEvent::Typing { room, member: a });
    chat.present(a, room, true).await.unwrap();
    assert_eq!(next(&mut feed).await, ChatEvent::Presence { room, member: a, online: true });
    let older = || PreferencesEdit { age_min: Some(30), ..PreferencesEdit::default() };
    town.g.profiles().set_preferences(b, older()).await.unwrap();
    assert_eq!(feed.next().await.unwrap(), ChatEvent::Me);
    town.g.profiles().set_preferences(a, older()).await.unwrap();
    town.g.matching().unmatch(a, b).await.unwrap();
    assert_eq!(next(&mut feed).await, ChatEvent::Closed { room }, "of the partner's changes nothing is told");
    nothing(&mut feed).await;
}

#[tokio::test(start_paused = true)]
async fn all_rooms_are_heard_also_those_that_open_later() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    let mut mine = town.g.chat().subscribe(b, Rooms::All).await.unwrap();
    assert_eq!(mine.rooms().collect::<Vec<_>>(), [(room, 0, 0)]);
    say(&town, a, room, "안녕").await;
    assert_eq!(text(&mut mine).await.0, 1);
    assert_eq!(next(&mut mine).await, ChatEvent::Read { room, member: a, seq: 1 });
    let c = town.person("수아", "F", &["M"]).await;
    town.g.matching().like(c, b, None).await.unwrap();
    let other = town.g.matching().like(b, c, None).await.unwrap().matched.expect("both like each other");
    assert_eq!(next(&mut mine).await, ChatEvent::Opened { room: other, head: 0 });
    say(&town, c, other, "반가워요").await;
    assert_eq!(text(&mut mine).await, (1, "반가워요".to_owned()));
    assert_eq!(next(&mut mine).await, ChatEvent::Read { room: other, member: c, seq: 1 });
    town.g.safety().block(b, c).await.unwrap();
    assert_eq!(next(&mut mine).await, ChatEvent::Closed { room: other });
    say(&town, a, room, "아직 여기").await;
    assert_eq!(text(&mut mine).await.0, 2);
    assert_eq!(town.g.listeners(), (1, 1));
    drop(mine);
    assert_eq!(town.g.listeners(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn too_much_missed_is_said_and_never_half_replayed() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    for n in 0..301 {
        say(&town, a, room, &n.to_string()).await;
    }
    let mut feed = town.g.chat().join(b, room, Some(0)).await.unwrap();
    let resync = ChatEvent::ResyncRequired { room, head: 301, revision: 0 };
    assert_eq!(next(&mut feed).await, resync);
    feed.resume(None, &[cursor(room, 1)]);
    assert_eq!(next(&mut feed).await, ChatEvent::Resumed { room, after: 1, head: 301, revision: 0 });
    for seq in 2..=301 {
        assert_eq!(text(&mut feed).await.0, seq);
    }
    // A place beyond the head is of another log, whatever it says; so is another epoch.
    feed.resume(Some(feed.epoch()), &[cursor(room, 302)]);
    assert_eq!(next(&mut feed).await, resync);
    feed.resume(Some(feed.epoch() + 1), &[cursor(room, 300)]);
    assert_eq!(next(&mut feed).await, resync);
    feed.resume(Some(feed.epoch()), &[cursor(room, 301)]);
    assert_eq!(next(&mut feed).await, ChatEvent::Resumed { room, after: 301, head: 301, revision: 0 });
    nothing(&mut feed).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_told_before_a_resume_comes_again_and_then_in_order() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    for n in 1..=5 {
        say(&town, a, room, &n.to_string()).await;
    }
    let mut feed = town.g.chat().join(b, room, None).await.unwrap();
    say(&town, a, room, "6").await;
    assert_eq!(text(&mut feed).await.0, 6, "live, before the client has said where it stands");
    feed.resume(None, &[cursor(room, 3)]);
    say(&town, a, room, "7").await;
    let mut seqs = Vec::new();
    while seqs.last() != Some(&7) {
        match next(&mut feed).await {
            ChatEvent::Message(view) => seqs.push(view.message.seq),
            ChatEvent::Resumed { after: 3, .. } => seqs.clear(),
            ChatEvent::Read { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seqs, [4, 5, 6, 7]);
    nothing_but_reads(&mut feed).await;
}

async fn nothing_but_reads(feed: &mut Subscription) {
    while let Ok(event) = tokio::time::timeout(Duration::from_millis(900), feed.next()).await {
        assert!(matches!(event.unwrap(), ChatEvent::Read { .. }), "7 comes once");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_back_is_told_live_and_on_coming_back() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    let chat = town.g.chat();
    for n in 1..=3 {
        say(&town, a, room, &n.to_string()).await;
    }
    let mut feed = chat.join(b, room, None).await.unwrap();
    chat.unsend(a, room, 2).await.unwrap();
    assert_eq!(next(&mut feed).await, ChatEvent::Unsent { room, seq: 2, revision: 1 });
    chat.unsend(a, room, 2).await.unwrap();
    chat.unsend(a, room, 3).await.unwrap();
    assert_eq!(next(&mut feed).await, ChatEvent::Unsent { room, seq: 3, revision: 2 }, "once is enough");
    for (me, seq) in [(b, 1), (a, 4), (a, 0)] {
        assert_eq!(chat.unsend(me, room, seq).await.unwrap_err().code(), Code::NotFound, "{seq}");
    }
    feed.resume(None, &[Cursor { room, seq: 3, revision: Some(1) }]);
    assert_eq!(next(&mut feed).await, ChatEvent::Resumed { room, after: 3, head: 3, revision: 2 });
    assert_eq!(next(&mut feed).await, ChatEvent::Unsent { room, seq: 3, revision: 2 });
    nothing(&mut feed).await;
    let told = chat.history(b, room, MessageRange::After(0), 9).await.unwrap();
    let told: Vec<_> = told.iter().map(|m| (m.message.text.as_str(), m.message.unsent)).collect();
    assert_eq!(told, [("1", None), ("", Some(1)), ("", Some(2))]);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_listen_loses_the_line_and_nothing_else() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    let mut slow = town.g.chat().join(b, room, None).await.unwrap();
    let mut quick = town.g.chat().join(b, room, None).await.unwrap();
    for n in 1..=300 {
        assert_eq!(say(&town, a, room, "word").await, n);
        while text_or_read(&mut quick).await != Some(n) {}
    }
    assert_eq!(next(&mut slow).await, ChatEvent::TooSlow);
    nothing(&mut slow).await;
    slow = town.g.chat().join(b, room, Some(0)).await.unwrap();
    assert!(matches!(next(&mut slow).await, ChatEvent::Resumed { .. }));
    for seq in 1..=300 {
        assert_eq!(text(&mut slow).await.0, seq);
    }
}

async fn text_or_read(feed: &mut Subscription) -> Option<u64> {
    if let ChatEvent::Message(view) = next(feed).await { Some(view.message.seq) } else { None }
}

#[tokio::test(start_paused = true)]
async fn hidden_messages_and_private_marks_are_ones_own_business() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    let chat = town.g.chat();
    for n in 1..=3 {
        say(&town, a, room, &n.to_string()).await;
    }
    let mut hers = chat.join(a, room, None).await.unwrap();
    chat.hide(b, room, 3).await.unwrap();
    assert_eq!(chat.hide(b, room, 4).await.unwrap_err().code(), Code::NotFound);
    let seen = async |me| chat.history(me, room, MessageRange::After(0), 9).await.unwrap().len();
    assert_eq!((seen(a).await, seen(b).await), (3, 2));
    let listed = chat.rooms(b, Page::first(1)).await.unwrap();
    assert!(listed[0].overview.last_hidden);
    assert_eq!(chat.read_privately(b, room, 2).await.unwrap(), 2);
    nothing(&mut hers).await;
    assert_eq!(chat.read(b, room, 1).await.unwrap(), 2);
    assert_eq!(next(&mut hers).await, ChatEvent::Read { room, member: b, seq: 1 });
    let told = chat.history(a, room, MessageRange::After(0), 9).await.unwrap();
    assert_eq!(told.iter().map(|m| m.is_read).collect::<Vec<_>>(), [true, false, false]);
    let taken = chat.export(b, room).await.unwrap();
    assert_eq!((taken.messages.len(), taken.is_cut), (2, false));
    chat.mute(b, room, true).await.unwrap();
    assert!(chat.rooms(b, Page::first(1)).await.unwrap()[0].overview.muted);
}

#[tokio::test(start_paused = true)]
async fn a_ticket_opens_once_and_not_for_long() {
    let town = town().await;
    let a = town.person("민지", "F", &["M"]).await;
    let chat = town.g.chat();
    let ticket = chat.issue_ticket(a, None).await.unwrap();
    assert_eq!(chat.redeem_ticket(&ticket).await.unwrap(), (a, None));
    for wrong in [ticket.as_str(), "", "x", &"0".repeat(64)] {
        assert_eq!(chat.redeem_ticket(wrong).await.unwrap_err().code(), Code::TokenInvalid);
    }
    let late = chat.issue_ticket(a, None).await.unwrap();
    town.clock.advance(jiff::SignedDuration::from_secs(30));
    assert_eq!(chat.redeem_ticket(&late).await.unwrap_err().code(), Code::TokenInvalid);
}
