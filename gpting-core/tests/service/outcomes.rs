//! What comes of a match is learned: by this instance, by others, after a restart, and taken back with the match.

use gpting_core::chat::Draft;
use gpting_core::id::{MemberId, RoomId};
use gpting_core::interaction::{
    AdoptedMessage, AdoptedPair, AdoptedRoom, Decision, DecisionKind, MatchState, Pair, PairKey, Side, Stage,
};
use gpting_core::matching::slate::SlateRequest;
use gpting_core::store::Store as _;
use gpting_core::{Clock as _, Gpting, Relax};
use jiff::SignedDuration;
use uuid::Uuid;

use crate::people::{Town, town};

async fn say(town: &Town, who: MemberId, room: RoomId, text: &str) {
    town.g.chat().send(who, room, Draft::text(text)).await.unwrap();
}

async fn stage(town: &Town, a: MemberId, b: MemberId) -> Option<Stage> {
    let pair = town.store.pair(PairKey::of(a, b).unwrap()).await.unwrap().unwrap();
    pair.value.outcome.map(|outcome| outcome.stage)
}

/// In which order a newcomer is shown these men. Of any age: so without the picks of the day, which come first.
async fn order(g: &Gpting, me: MemberId, men: &[MemberId]) -> Vec<MemberId> {
    let request = SlateRequest { relax: Relax { age: true, ..Relax::NONE }, ..SlateRequest::first(100) };
    let slate = g.matching().slate(me, request).await.unwrap();
    slate.cards.iter().map(|card| card.card.id).filter(|id| men.contains(id)).collect()
}

#[tokio::test]
async fn an_outcome_follows_the_talk_without_a_write_by_the_sender() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    assert_eq!(stage(&town, a, b).await, None);
    let version = async || town.store.pair(PairKey::of(a, b).unwrap()).await.unwrap().unwrap().version;
    let before = version().await;
    say(&town, a, room, "안녕하세요").await;
    assert_eq!(version().await, before, "sending is one commit, and not of the pair");
    town.g.run_due_jobs().await.unwrap();
    assert_eq!(stage(&town, a, b).await, Some(Stage::Opened));
    say(&town, b, room, "반가워요").await;
    town.g.run_due_jobs().await.unwrap();
    assert_eq!(stage(&town, a, b).await, Some(Stage::Replied));
    for n in 0..8 {
        say(&town, if n % 2 == 0 { a } else { b }, room, "그래서요?").await;
        town.g.run_due_jobs().await.unwrap();
        let wanted = if n == 7 { Stage::Conversed } else { Stage::Replied };
        assert_eq!(stage(&town, a, b).await, Some(wanted), "after {} messages", n + 3);
    }
    let conversed = version().await;
    for _ in 0..30 {
        say(&town, a, room, "…").await;
        town.g.run_due_jobs().await.unwrap();
    }
    assert_eq!((version().await, conversed), (before + 3, before + 3), "three moves in the life of a room");
}

#[tokio::test]
async fn what_was_said_before_a_crash_is_found_by_the_job_of_the_match() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    say(&town, a, room, "안녕하세요").await;
    // This instance dies before it looks; another one has never heard of the message.
    let other = town.again().await;
    other.run_due_jobs().await.unwrap();
    assert_eq!(stage(&town, a, b).await, None, "not due yet");
    town.clock.advance(SignedDuration::from_mins(11));
    other.run_due_jobs().await.unwrap();
    assert_eq!(stage(&town, a, b).await, Some(Stage::Opened));
}

#[tokio::test]
async fn a_match_that_never_talks_is_silent_after_two_weeks_and_its_job_is_gone() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    for hours in [1, 6, 24, 3 * 24, 7 * 24] {
        town.clock.advance(SignedDuration::from_hours(hours));
        town.g.run_due_jobs().await.unwrap();
        assert_eq!(stage(&town, a, b).await, None);
    }
    town.clock.advance(SignedDuration::from_hours(14 * 24));
    town.g.run_due_jobs().await.unwrap();
    assert_eq!(stage(&town, a, b).await, Some(Stage::Silent));
    let jobs = town.store.due_jobs(&["follow_talk"], jiff::Timestamp::MAX, 10).await.unwrap();
    assert!(jobs.is_empty(), "{jobs:?}");
    // Better late than never.
    say(&town, b, room, "잘 지내세요?").await;
    town.g.run_due_jobs().await.unwrap();
    assert_eq!(stage(&town, a, b).await, Some(Stage::Opened));
}

#[tokio::test]
async fn talks_move_people_for_everybody_on_every_instance_and_an_unmatch_takes_that_back() {
    let town = town().await;
    let mut men = [town.person("준호", "M", &["F"]).await, town.person("민수", "M", &["F"]).await];
    men.sort_unstable();
    let (newcomer, woman) = (town.person("지우", "F", &["M"]).await, town.person("하나", "F", &["M"]).await);
    let beside = town.again().await;
    let mut rooms = Vec::new();
    for man in men {
        town.g.matching().like(woman, man, None).await.unwrap();
        rooms.push(town.g.matching().like(man, woman, None).await.unwrap().matched.unwrap());
    }
    assert_eq!(order(&town.g, newcomer, &men).await, men, "liked alike");
    for (man, room) in men.into_iter().zip(&rooms) {
        say(&town, man, *room, "안녕하세요").await;
    }
    town.g.run_due_jobs().await.unwrap();
    assert_eq!(order(&town.g, newcomer, &men).await, men, "both have written");
    say(&town, woman, rooms[1], "반가워요").await;
    town.g.run_due_jobs().await.unwrap();
    let talked_first = [men[1], men[0]];
    assert_eq!(order(&town.g, newcomer, &men).await, talked_first);
    let restarted = town.again().await;
    assert_eq!(order(&restarted, newcomer, &men).await, talked_first, "learned again from what is stored");
    // The other one has read the feed up to before the talk, and reads on.
    let handle = beside.run(std::future::pending());
    let mut seen = Vec::new();
    for _ in 0..200 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        seen = order(&beside, newcomer, &men).await;
        if seen == talked_first {
            break;
        }
    }
    handle.abort();
    assert_eq!(seen, talked_first, "and by the feed");
    town.g.matching().unmatch(woman, men[1]).await.unwrap();
    assert_eq!(order(&town.g, newcomer, &men).await, men, "one like each again");
    assert_eq!(order(&town.again().await, newcomer, &men).await, men);
}

#[tokio::test]
async fn what_friends_said_before_they_matched_is_nothing_that_came_of_it() {
    for before in [1_u32, 7, 130] {
        let town = town().await;
        let (a, b) = (town.person("민지", "F", &["M"]).await, town.person("준호", "M", &["F"]).await);
        town.g.matching().request_friend(a, b).await.unwrap();
        let room = town.g.matching().request_friend(b, a).await.unwrap().friends.unwrap();
        for n in 0..before {
            town.clock.advance(SignedDuration::from_secs(5));
            say(&town, if n % 2 == 0 { a } else { b }, room, "오랜만이야").await;
        }
        town.clock.advance(SignedDuration::from_hours(1));
        town.g.matching().like(a, b, None).await.unwrap();
        assert_eq!(town.g.matching().like(b, a, None).await.unwrap().matched, Some(room));
        // As late as the job of the match looks, which is when a room in which much was said before is looked at.
        let looked = async |hours| {
            town.clock.advance(SignedDuration::from_hours(hours));
            town.g.run_due_jobs().await.unwrap();
            stage(&town, a, b).await
        };
        assert_eq!(looked(25).await, None, "{before} before");
        say(&town, b, room, "우리 만날까?").await;
        assert_eq!(looked(72).await, Some(Stage::Opened), "{before} before");
        say(&town, b, room, "듣고 있어?").await;
        assert_eq!(looked(72).await, Some(Stage::Opened), "{before} before");
        say(&town, a, room, "그래").await;
        assert_eq!(looked(192).await, Some(Stage::Replied), "{before} before");
        let opener = town.store.pair(PairKey::of(a, b).unwrap()).await.unwrap().unwrap().value.outcome.unwrap().opener;
        assert_eq!(opener, PairKey::of(a, b).unwrap().side(b), "whoever wrote first since then");
    }
}

#[tokio::test]
async fn a_match_that_was_brought_over_is_followed_as_long_as_any_other() {
    let town = town().await;
    let man = town.person("준호", "M", &["F"]).await;
    let followed = async |days: i64, said: bool| {
        let woman = town.person(&format!("민지 {days}"), "F", &["M"]).await;
        let at = town.clock.now() - SignedDuration::from_hours(24 * days);
        let like = || Some(Decision { kind: DecisionKind::Like, at, message: None });
        let mut pair = Pair::strangers(PairKey::of(woman, man).unwrap());
        (pair.low.decision, pair.high.decision) = (like(), like());
        pair.match_state = MatchState::Matched { at };
        let first = AdoptedMessage {
            from: Side::Low,
            text: "안녕하세요".to_owned(),
            at,
            key: Uuid::from_u128(days.unsigned_abs().into()),
            is_read: false,
        };
        let messages = if said { vec![first] } else { Vec::new() };
        let adopted = AdoptedPair { pair, room: Some(AdoptedRoom { created_at: at, messages }) };
        // Again after a stop in the middle.
        for is_new in [true, false] {
            assert_eq!(town.g.matching().adopt(adopted.clone()).await.unwrap().is_new, is_new);
        }
        woman
    };
    let (young, talked, old) = (followed(1, false).await, followed(2, true).await, followed(15, false).await);
    let jobs = async || town.store.due_jobs(&["follow_talk"], jiff::Timestamp::MAX, 10).await.unwrap().len();
    assert_eq!(jobs().await, 2, "of the young ones, each one");
    let stages =
        async || [stage(&town, young, man).await, stage(&town, talked, man).await, stage(&town, old, man).await];
    assert_eq!(stages().await, [None, Some(Stage::Opened), Some(Stage::Silent)]);
    for _ in 0..14 {
        town.clock.advance(SignedDuration::from_hours(24));
        town.g.run_due_jobs().await.unwrap();
    }
    assert_eq!(stages().await, [Some(Stage::Silent), Some(Stage::Opened), Some(Stage::Silent)]);
    assert_eq!(jobs().await, 0);
}
