//! Slates, likes, matches, friends.

use std::collections::HashSet;
use std::sync::Arc;

use gpting_core::Code;
use gpting_core::matching::slate::SlateRequest;
use gpting_core::profile::{PreferencesEdit, Standing};
use gpting_core::store::{Page, Store as _};
use jiff::SignedDuration;

use crate::people::town;

fn code<T: std::fmt::Debug>(answer: gpting_core::Result<T>) -> Code {
    answer.expect_err("a refusal").code()
}

#[tokio::test]
async fn two_people_see_each_other_match_and_never_again_in_a_slate() {
    let town = town().await;
    let (a, b) = (town.person("민지", "F", &["M"]).await, town.person("준호", "M", &["F"]).await);
    let slate = town.g.matching().slate(a, SlateRequest::first(10)).await.unwrap();
    assert_eq!(slate.cards.iter().map(|card| card.card.id).collect::<Vec<_>>(), [b]);
    let card = &slate.cards[0];
    assert_eq!((card.card.age, card.card.distance_km, card.score), (Some(30), Some(2), 1.0));
    assert!(card.reasons.iter().any(|reason| reason.code == "shared_interest" && reason.text.ko.contains("등산")));
    let weights: f64 = card.reasons.iter().map(|reason| reason.weight).sum();
    assert!((weights - 1.0).abs() < 1e-9);
    town.g.matching().like(a, b, Some("안녕하세요".to_owned())).await.unwrap();
    let received = town.g.matching().likes_received(b, Page::first(10)).await.unwrap();
    assert_eq!((received[0].card.id, received[0].message.as_deref()), (a, Some("안녕하세요")));
    let liked = town.g.matching().like(b, a, None).await.unwrap();
    assert!(liked.matched.is_some() && !liked.already);
    assert_eq!(town.g.matching().like(b, a, None).await.unwrap().matched, liked.matched);
    for me in [a, b] {
        assert!(town.g.matching().slate(me, SlateRequest::first(10)).await.unwrap().cards.is_empty());
        assert_eq!(town.g.matching().matches(me, Page::first(10)).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn strangers_do_not_exist() {
    let town = town().await;
    let a = town.person("민지", "F", &["M"]).await;
    let other = town.person("수아", "F", &["F"]).await;
    assert_eq!(code(town.g.profiles().card(a, other).await), Code::MemberNotFound);
    assert_eq!(code(town.g.matching().like(a, other, None).await), Code::MemberNotFound);
    assert_eq!(code(town.g.matching().pass(a, other).await), Code::MemberNotFound);
    assert_eq!(code(town.g.matching().request_friend(a, other).await), Code::MemberNotFound);
    assert_eq!(code(town.g.safety().block(a, other).await), Code::MemberNotFound);
    assert_eq!(code(town.g.matching().unmatch(a, other).await), Code::MemberNotFound);
    assert_eq!(code(town.g.matching().like(a, a, None).await), Code::SelfAction);
}

#[tokio::test]
async fn whoever_was_served_may_still_be_seen_after_filters_change() {
    let town = town().await;
    let (a, b) = (town.person("민지", "F", &["M"]).await, town.person("준호", "M", &["F"]).await);
    town.g.matching().slate(a, SlateRequest::first(10)).await.unwrap();
    let nobody = PreferencesEdit { genders: Some(vec!["O".to_owned()]), ..PreferencesEdit::default() };
    town.g.profiles().set_preferences(b, nobody).await.unwrap();
    assert_eq!(town.g.profiles().card(a, b).await.unwrap().id, b);
    assert_eq!(code(town.g.profiles().card(b, a).await), Code::MemberNotFound);
    assert_eq!(code(town.g.matching().like(a, b, None).await), Code::MemberNotFound);
}

#[tokio::test]
async fn a_paging_shows_everybody_once_whatever_happens_meanwhile() {
    let town = town().await;
    let me = town.person("민지", "F", &["M"]).await;
    let mut people = HashSet::new();
    for n in 0..25 {
        people.insert(town.person(&format!("남{n}"), "M", &["F"]).await);
    }
    let (mut seen, mut request) = (Vec::new(), SlateRequest::first(4));
    loop {
        let slate = town.g.matching().slate(me, request).await.unwrap();
        seen.extend(slate.cards.iter().map(|card| card.card.id));
        let latecomer = town.person(&format!("늦은 {}", seen.len()), "M", &["F"]).await;
        assert!(!people.contains(&latecomer));
        match slate.next {
            Some(next) => request.after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen.len(), 25, "the view of the first page is pinned");
    assert_eq!(seen.iter().copied().collect::<HashSet<_>>(), people);
}

#[tokio::test]
async fn whoever_changed_since_the_engine_looked_is_replaced_so_that_the_page_stays_full() {
    let town = town().await;
    let me = town.person("민지", "F", &["M"]).await;
    let mut people = Vec::new();
    for n in 0..6 {
        people.push(town.person(&format!("남{n}"), "M", &["F"]).await);
    }
    // Another process hides one of them: the replica of this one has not heard of it.
    let row = town.store.members(&[people[0]]).await.unwrap().pop().unwrap();
    let mut hidden = row.value.clone();
    hidden.standing = Standing::Deactivated;
    let put = gpting_core::store::Change::PutMember(Box::new(hidden), row.expect());
    town.store.commit(gpting_core::store::Work::new().change(put)).await.unwrap();
    let slate = town.g.matching().slate(me, SlateRequest::first(5)).await.unwrap();
    assert_eq!(slate.cards.len(), 5);
    assert!(slate.cards.iter().all(|card| card.card.id != people[0]));
}

#[tokio::test]
async fn undo_takes_back_the_newest_decision_only_in_time_and_never_a_match() {
    let town = town().await;
    let (a, b) = (town.person("민지", "F", &["M"]).await, town.person("준호", "M", &["F"]).await);
    assert_eq!(code(town.g.matching().undo(a).await), Code::NothingToUndo);
    town.g.matching().pass(a, b).await.unwrap();
    assert!(town.g.matching().pass(a, b).await.unwrap().already);
    assert_eq!(town.g.matching().undo(a).await.unwrap().0, b);
    assert_eq!(town.g.matching().slate(a, SlateRequest::first(5)).await.unwrap().cards.len(), 1);
    town.g.matching().pass(a, b).await.unwrap();
    town.clock.advance(SignedDuration::from_mins(11));
    assert_eq!(code(town.g.matching().undo(a).await), Code::NothingToUndo);
    town.g.matching().like(a, b, None).await.unwrap();
    town.g.matching().like(b, a, None).await.unwrap();
    assert_eq!(code(town.g.matching().undo(b).await), Code::NothingToUndo);
    assert_eq!(code(town.g.matching().pass(a, b).await), Code::AlreadyMatched);
}

#[tokio::test]
async fn unmatch_is_final_and_closes_the_room_for_both() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    town.g.matching().unmatch(a, b).await.unwrap();
    town.g.matching().unmatch(b, a).await.unwrap();
    for (me, other) in [(a, b), (b, a)] {
        assert_eq!(code(town.g.matching().like(me, other, None).await), Code::Unmatched);
        assert_eq!(code(town.g.chat().read(me, room, 1).await), Code::RoomNotFound);
        assert_eq!(code(town.g.profiles().card(me, other).await), Code::MemberNotFound);
        assert!(town.g.chat().rooms(me, Page::first(10)).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn friends_without_a_match_have_a_room_until_the_friendship_ends() {
    let town = town().await;
    let (a, b) = (town.person("민지", "F", &["M"]).await, town.person("준호", "M", &["F"]).await);
    let asked = town.g.matching().request_friend(a, b).await.unwrap();
    let again = town.g.matching().request_friend(a, b).await.unwrap();
    assert_eq!((again.already, again.request), (true, asked.request));
    let request = asked.request.unwrap();
    assert_eq!(town.g.matching().friend_requests(b, false, Page::first(5)).await.unwrap()[0].id, request);
    assert_eq!(town.g.matching().friend_requests(a, true, Page::first(5)).await.unwrap()[0].card.id, b);
    assert_eq!(code(town.g.matching().respond_friend(a, request, true).await), Code::FriendRequestNotFound);
    let room = town.g.matching().respond_friend(b, request, true).await.unwrap().unwrap();
    assert_eq!(town.g.chat().room_with(a, b).await.unwrap().0.overview.room.id, room);
    town.g.matching().unfriend(b, a).await.unwrap();
    assert_eq!(code(town.g.chat().room_with(a, b).await), Code::NotConnected);
    // A match opens the same room again.
    town.g.matching().like(a, b, None).await.unwrap();
    assert_eq!(town.g.matching().like(b, a, None).await.unwrap().matched, Some(room));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pairs_liking_each_other_at_once_make_one_match_each() {
    let town = Arc::new(town().await);
    let mut tasks = Vec::new();
    let mut couples = Vec::new();
    for n in 0..50 {
        let a = town.person(&format!("여{n}"), "F", &["M"]).await;
        let b = town.person(&format!("남{n}"), "M", &["F"]).await;
        couples.push((a, b));
    }
    for &(a, b) in &couples {
        for (me, other) in [(a, b), (b, a), (a, b), (b, a)] {
            let town = Arc::clone(&town);
            tasks.push(tokio::spawn(async move { town.g.matching().like(me, other, None).await.unwrap() }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    let mut rooms = HashSet::new();
    for (a, b) in couples {
        let (mine, theirs) = (
            town.g.matching().matches(a, Page::first(10)).await.unwrap(),
            town.g.matching().matches(b, Page::first(10)).await.unwrap(),
        );
        assert_eq!((mine.len(), theirs.len()), (1, 1));
        assert_eq!(mine[0].room, theirs[0].room);
        rooms.insert(mine[0].room.unwrap());
    }
    assert_eq!(rooms.len(), 50);
}

/// The order in which a member is shown these people.
async fn order(g: &gpting_core::Gpting, me: gpting_core::id::MemberId) -> Vec<gpting_core::id::MemberId> {
    let slate = g.matching().slate(me, SlateRequest::first(10)).await.unwrap();
    slate.cards.into_iter().map(|card| card.card.id).collect()
}

#[tokio::test]
async fn likes_and_passes_move_people_for_everybody_on_every_instance_and_after_a_restart() {
    let town = town().await;
    // The two stand in the order of their ids while nothing is known of them.
    let mut men = [town.person("준호", "M", &["F"]).await, town.person("민수", "M", &["F"]).await];
    let newcomer = town.person("지우", "F", &["M"]).await;
    men.sort_unstable();
    assert_eq!(order(&town.g, newcomer).await, men);
    for n in 0..8 {
        let woman = town.person(&format!("여{n}"), "F", &["M"]).await;
        town.g.matching().pass(woman, men[0]).await.unwrap();
        town.g.matching().like(woman, men[1], None).await.unwrap();
    }
    let liked_first = [men[1], men[0]];
    assert_eq!(order(&town.g, newcomer).await, liked_first, "on the next request");
    // Nobody may be told by whom or how often.
    let slate = town.g.matching().slate(newcomer, SlateRequest::first(10)).await.unwrap();
    assert!(slate.cards.iter().flat_map(|card| &card.reasons).all(|reason| reason.code != "appeal"));

    let restarted = town.again().await;
    assert_eq!(order(&restarted, newcomer).await, liked_first, "learned again from what is stored");

    // What is taken back is unlearned, and somebody who was away comes back as they were.
    let woman = town.person("하나", "F", &["M"]).await;
    town.g.matching().pass(woman, men[1]).await.unwrap();
    town.g.matching().undo(woman).await.unwrap();
    assert_eq!(order(&town.g, newcomer).await, liked_first);
    town.stand(men[1], Standing::Deactivated).await;
    assert_eq!(order(&town.g, newcomer).await, [men[0]]);
    let beside = town.again().await;
    assert_eq!(order(&beside, newcomer).await, [men[0]]);
    town.stand(men[1], Standing::Active).await;
    // He looks in, and with that he is there again.
    order(&town.g, men[1]).await;
    assert_eq!(order(&town.g, newcomer).await, liked_first);
    order(&beside, men[1]).await;
    assert_eq!(order(&beside, newcomer).await, liked_first, "they had never been seen here");
}

/// Everybody that a paging of this size shows a member, page by page, with whether they are a pick.
async fn paged(
    g: &gpting_core::Gpting,
    me: gpting_core::id::MemberId,
    limit: usize,
) -> Vec<(gpting_core::id::MemberId, bool)> {
    let (mut seen, mut request) = (Vec::new(), SlateRequest::first(limit));
    loop {
        let slate = g.matching().slate(me, request).await.unwrap();
        assert!(slate.cards.len() == limit || slate.next.is_none(), "a full page while there are more");
        seen.extend(slate.cards.iter().map(|card| (card.card.id, card.picked)));
        match slate.next {
            Some(next) => request.after = Some(next),
            None => return seen,
        }
    }
}

#[tokio::test]
async fn picks_of_the_day_are_mutual_come_first_and_end_with_the_day() {
    let town = town().await;
    let (mut women, mut men) = (Vec::new(), Vec::new());
    for n in 0..8 {
        women.push(town.person(&format!("여{n}"), "F", &["M"]).await);
        men.push(town.person(&format!("남{n}"), "M", &["F"]).await);
    }
    assert!(paged(&town.g, women[0], 3).await.iter().all(|(_, picked)| !picked), "no round yet");
    let round = town.g.matching().daily_round(std::num::NonZero::<usize>::MIN).await.unwrap();
    assert_eq!((round.day.to_string(), round.pairs, round.report.people), ("2026-11-23".to_owned(), 8, 16));
    assert!(
        round.report.expected_matches >= round.by_product && round.report.expected_matches <= round.report.upper_bound
    );

    let pick_of = async |g: &gpting_core::Gpting, me| {
        let first = g.matching().slate(me, SlateRequest::first(1)).await.unwrap().cards.remove(0);
        first.picked.then_some(first.card.id)
    };
    for &me in women.iter().chain(&men) {
        let pick = pick_of(&town.g, me).await.expect("everybody has one");
        assert_eq!(pick_of(&town.g, pick).await, Some(me), "both see each other");
        for limit in [1, 3, 20] {
            let seen = paged(&town.g, me, limit).await;
            assert_eq!((seen[0], seen.iter().filter(|(_, picked)| *picked).count()), ((pick, true), 1));
            let ids: HashSet<_> = seen.iter().map(|(id, _)| *id).collect();
            assert_eq!((ids.len(), seen.len()), (8, 8), "nobody twice, nobody missed");
        }
    }
    // Whoever has been decided about is nobody's pick any more, on both sides where it was a pass.
    let pick = pick_of(&town.g, women[0]).await.unwrap();
    town.g.matching().pass(women[0], pick).await.unwrap();
    assert_eq!((pick_of(&town.g, women[0]).await, pick_of(&town.g, pick).await), (None, None));
    // Nor whoever does not want to meet people like them any more.
    let other = pick_of(&town.g, women[1]).await.unwrap();
    let nobody = PreferencesEdit { genders: Some(vec!["O".to_owned()]), ..PreferencesEdit::default() };
    town.g.profiles().set_preferences(other, nobody).await.unwrap();
    assert_eq!(pick_of(&town.g, women[1]).await, None);

    town.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(pick_of(&town.g, women[2]).await, None, "a pick is of one day");
    town.g.matching().daily_round(std::num::NonZero::<usize>::MIN).await.unwrap();
    let again = town.g.matching().daily_round(std::num::NonZero::<usize>::MIN).await.unwrap();
    assert_eq!(again.pairs, 7, "one man wants nobody here");
    let mut picked = 0;
    for &me in &women {
        picked += usize::from(pick_of(&town.g, me).await.is_some());
    }
    assert_eq!(picked, 7, "a second round of a day replaces the first");
}
