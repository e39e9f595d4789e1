//! Snooze and incognito: hidden from strangers, never from those who know one.

use gpting_core::id::MemberId;
use gpting_core::matching::slate::SlateRequest;
use gpting_core::profile::{PreferencesEdit, VisibilityEdit};
use gpting_core::safety::{ReportInput, ReportReason};
use gpting_core::store::Page;
use gpting_core::{Clock as _, Code, Gpting};
use jiff::SignedDuration;

use crate::people::town;

async fn shown(g: &Gpting, me: MemberId) -> Vec<MemberId> {
    let slate = g.matching().slate(me, SlateRequest::first(10)).await.unwrap();
    slate.cards.iter().map(|card| card.card.id).collect()
}

fn incognito(on: bool) -> VisibilityEdit {
    VisibilityEdit { incognito: Some(on), ..VisibilityEdit::default() }
}

#[tokio::test]
async fn whoever_snoozes_is_proposed_to_nobody_until_it_is_over() {
    let town = town().await;
    let (a, b, c) = (
        town.person("민지", "F", &["M"]).await,
        town.person("준호", "M", &["F"]).await,
        town.person("민수", "M", &["F"]).await,
    );
    let until = town.clock.now() + SignedDuration::from_hours(48);
    let snooze = VisibilityEdit { snoozed_until: Some(Some(until)), ..VisibilityEdit::default() };
    assert_eq!(town.g.profiles().set_visibility(b, snooze).await.unwrap().snoozed_until, Some(until));
    let beside = town.again().await;
    for g in [&town.g, &beside] {
        assert_eq!(shown(g, a).await, [c]);
        assert_eq!(g.profiles().card(a, b).await.unwrap_err().code(), Code::MemberNotFound);
        assert_eq!(g.matching().like(a, b, None).await.unwrap_err().code(), Code::MemberNotFound);
    }
    // They may look around themselves, and whom they like knows them.
    assert_eq!(shown(&town.g, b).await, [a]);
    town.g.matching().like(b, a, None).await.unwrap();
    assert_eq!(town.g.matching().likes_received(a, Page::first(5)).await.unwrap()[0].card.id, b);
    assert_eq!(shown(&town.g, a).await, [c], "and still proposes nobody");
    assert!(town.g.matching().like(a, b, None).await.unwrap().matched.is_some());

    let d = town.person("하나", "F", &["M"]).await;
    assert_eq!(shown(&town.g, d).await, [c]);
    town.clock.advance(SignedDuration::from_hours(48));
    let mut seen = shown(&beside, d).await;
    seen.sort_unstable();
    let mut both = [b, c];
    both.sort_unstable();
    assert_eq!(seen, both, "over by itself, on every instance");
    assert_eq!(town.g.profiles().visibility(b).await.unwrap().snoozed_until, None);
}

#[tokio::test]
async fn whoever_is_incognito_is_seen_only_by_whom_they_like() {
    let town = town().await;
    let (a, b) = (town.person("민지", "F", &["M"]).await, town.person("준호", "M", &["F"]).await);
    assert!(town.g.profiles().set_visibility(a, incognito(true)).await.unwrap().incognito);
    assert!(shown(&town.g, b).await.is_empty());
    assert_eq!(town.g.matching().like(b, a, None).await.unwrap_err().code(), Code::MemberNotFound);
    assert_eq!(town.g.profiles().card(b, a).await.unwrap_err().code(), Code::MemberNotFound);
    assert_eq!(shown(&town.g, a).await, [b], "they see others");
    town.g.matching().like(a, b, None).await.unwrap();
    assert_eq!(shown(&town.g, b).await, [a]);
    assert!(town.g.profiles().card(b, a).await.is_ok());
    let other = town.person("민수", "M", &["F"]).await;
    assert!(shown(&town.g, other).await.is_empty());
    town.g.profiles().set_visibility(a, incognito(false)).await.unwrap();
    assert_eq!(shown(&town.g, other).await, [a]);
}

#[tokio::test]
async fn pages_are_full_whoever_hides() {
    let town = town().await;
    let me = town.person("민지", "F", &["M"]).await;
    let mut open = Vec::new();
    for n in 0..20 {
        let man = town.person(&format!("남{n}"), "M", &["F"]).await;
        if n % 2 == 0 {
            town.g.profiles().set_visibility(man, incognito(true)).await.unwrap();
        } else {
            open.push(man);
        }
    }
    let (mut seen, mut request) = (Vec::new(), SlateRequest::first(4));
    loop {
        let slate = town.g.matching().slate(me, request).await.unwrap();
        assert!(slate.cards.len() == 4 || slate.next.is_none());
        seen.extend(slate.cards.iter().map(|card| card.card.id));
        let Some(next) = slate.next else { break };
        request.after = Some(next);
    }
    seen.sort_unstable();
    open.sort_unstable();
    assert_eq!(seen, open);
}

#[tokio::test]
async fn whoever_was_served_sees_nobody_who_hides_since_and_may_still_turn_against_them() {
    let town = town().await;
    let me = town.person("민지", "F", &["M"]).await;
    let until = town.clock.now() + SignedDuration::from_hours(48);
    let snooze = VisibilityEdit { snoozed_until: Some(Some(until)), ..VisibilityEdit::default() };
    let (never, ways) = (town.person("민수", "M", &["F"]).await, [incognito(true), snooze]);
    town.g.profiles().set_visibility(never, incognito(true)).await.unwrap();
    for (n, way) in (0..).zip(ways) {
        let man = town.person(&format!("남{n}"), "M", &["F"]).await;
        assert!(shown(&town.g, me).await.contains(&man));
        assert_eq!(town.g.profiles().card(me, man).await.unwrap().id, man);
        town.g.profiles().set_visibility(man, way).await.unwrap();
        for g in [&town.g, &town.again().await] {
            for hidden in [man, never] {
                let not_found = Code::MemberNotFound;
                assert_eq!(g.profiles().card(me, hidden).await.unwrap_err().code(), not_found);
                assert_eq!(g.matching().compatibility(me, hidden).await.unwrap_err().code(), not_found);
                assert_eq!(g.matching().like(me, hidden, None).await.unwrap_err().code(), not_found);
                assert_eq!(g.matching().pass(me, hidden).await.unwrap_err().code(), not_found);
            }
        }
        let report = |subject| ReportInput { subject, reason: ReportReason::Spam, detail: String::new(), seq: None };
        town.g.safety().report(me, report(man)).await.unwrap();
        assert!(!town.g.safety().block(me, man).await.unwrap());
        // Whom nobody was shown, and who was blocked, is a stranger all the same.
        assert_eq!(town.g.safety().report(me, report(never)).await.unwrap_err().code(), Code::MemberNotFound);
        assert_eq!(town.g.safety().block(me, never).await.unwrap_err().code(), Code::MemberNotFound);
        assert_eq!(town.g.safety().block(man, me).await.unwrap_err().code(), Code::MemberNotFound);
    }
    // Whom they like sees them, hidden or not.
    town.g.matching().like(never, me, None).await.unwrap();
    assert!(town.g.profiles().card(me, never).await.is_ok());
}

#[tokio::test]
async fn narrower_filters_find_nobody_who_hides() {
    let town = town().await;
    let me = town.person("민지", "F", &["M"]).await;
    let open = town.person("준호", "M", &["F"]).await;
    let narrow = async |age_min, age_max, max_distance_km| {
        let limits = PreferencesEdit {
            age_min: Some(age_min),
            age_max: Some(age_max),
            max_distance_km: Some(max_distance_km),
            ..PreferencesEdit::default()
        };
        town.g.profiles().set_preferences(me, limits).await.unwrap();
    };
    let told = async || {
        let mut told = Vec::new();
        for (age_min, age_max, km) in [(18, 99, None), (18, 99, Some(1)), (31, 40, None), (33, 40, Some(1))] {
            narrow(age_min, age_max, km).await;
            let reach = town.g.matching().reach(me).await.unwrap();
            assert_eq!(town.again().await.matching().reach(me).await.unwrap(), reach, "on every instance");
            told.push(reach);
        }
        narrow(18, 99, None).await;
        told
    };
    let before = told().await;
    assert_eq!(before[0].eligible, 1);
    assert!(before[2].steps.iter().any(|step| step.gains == 1), "{before:?}");
    let until = town.clock.now() + SignedDuration::from_hours(48);
    let (hider, sleeper) = (town.person("가람", "M", &["F"]).await, town.person("나래", "M", &["F"]).await);
    let friend = town.person("다온", "M", &["F"]).await;
    town.g.profiles().set_visibility(hider, incognito(true)).await.unwrap();
    let snooze = VisibilityEdit { snoozed_until: Some(Some(until)), incognito: None };
    town.g.profiles().set_visibility(sleeper, snooze).await.unwrap();
    town.g.matching().request_friend(me, friend).await.unwrap();
    // Asking back is an answer.
    town.g.matching().request_friend(friend, me).await.unwrap();
    assert_eq!(told().await, before, "nothing tells that there is anybody");
    let percentile = town.g.matching().compatibility(me, open).await.unwrap().score;
    assert!((percentile - 1.0).abs() < 1e-12, "{percentile}");
    // Whoever likes one is counted, and whoever is back.
    town.g.matching().like(hider, me, None).await.unwrap();
    assert_eq!(town.g.matching().reach(me).await.unwrap().eligible, 2);
    town.clock.advance(SignedDuration::from_hours(48));
    assert_eq!(town.g.matching().reach(me).await.unwrap().eligible, 3);
    assert_eq!(shown(&town.g, me).await.len(), 3);
}

#[tokio::test]
async fn pages_show_everybody_once_where_nearly_everybody_hides() {
    let town = town().await;
    let me = town.person("민지", "F", &["M"]).await;
    let mut open = Vec::new();
    for n in 0..90 {
        let man = town.person(&format!("남{n}"), "M", &["F"]).await;
        if n % 7 != 3 {
            town.g.profiles().set_visibility(man, incognito(true)).await.unwrap();
        }
        if n % 20 == 1 {
            town.g.matching().like(man, me, None).await.unwrap();
        }
        if n % 7 == 3 || n % 20 == 1 {
            open.push(man);
        }
    }
    open.sort_unstable();
    for limit in [1, 2, 3, 5] {
        let (mut seen, mut request) = (Vec::new(), SlateRequest::first(limit));
        loop {
            let slate = town.g.matching().slate(me, request).await.unwrap();
            assert!(slate.cards.len() == limit || slate.next.is_none());
            seen.extend(slate.cards.iter().map(|card| card.card.id));
            let Some(next) = slate.next else { break };
            request.after = Some(next);
        }
        seen.sort_unstable();
        assert_eq!(seen, open, "pages of {limit}");
    }
}

#[tokio::test]
async fn whoever_hides_tonight_gets_no_pick_and_is_nobodys() {
    let town = town().await;
    let (mut women, mut men) = (Vec::new(), Vec::new());
    for n in 0..4 {
        women.push(town.person(&format!("여{n}"), "F", &["M"]).await);
        men.push(town.person(&format!("남{n}"), "M", &["F"]).await);
    }
    let tonight =
        VisibilityEdit { snoozed_until: Some(Some(town.clock.now() + SignedDuration::from_hours(8))), incognito: None };
    town.g.profiles().set_visibility(women[0], tonight).await.unwrap();
    town.g
        .profiles()
        .set_visibility(men[0], VisibilityEdit { snoozed_until: None, incognito: Some(true) })
        .await
        .unwrap();
    let round = town.g.matching().daily_round(std::num::NonZero::<usize>::MIN).await.unwrap();
    // Nobody who can be met is left over for somebody who cannot.
    assert_eq!((round.pairs, round.report.people), (3, 6));
    for &me in women.iter().chain(&men) {
        let slate = town.g.matching().slate(me, SlateRequest::first(20)).await.unwrap();
        let picked: Vec<_> = slate.cards.iter().filter(|card| card.picked).map(|card| card.card.id).collect();
        assert_eq!(picked.len(), usize::from(me != women[0] && me != men[0]), "{picked:?}");
        assert!(!picked.contains(&women[0]) && !picked.contains(&men[0]));
    }
    // Whoever is back in time is in the next round.
    town.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(town.g.matching().daily_round(std::num::NonZero::<usize>::MIN).await.unwrap().report.people, 7);
}
