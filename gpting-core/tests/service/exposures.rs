//! What is kept of a showing, who is served by which ranker, and how newcomers become known.

use std::collections::BTreeMap;

use gpting_core::Gpting;
use gpting_core::config::{Config, MatchingConfig, WarmUp};
use gpting_core::id::MemberId;
use gpting_core::matching::exposure::{Impression, Slot};
use gpting_core::matching::ranker::Ranker;
use gpting_core::matching::slate::SlateRequest;
use gpting_core::profile::VisibilityEdit;
use gpting_core::store::Store as _;
use jiff::SignedDuration;

use crate::people::{Town, town, town_with};

fn matching(matching: MatchingConfig) -> Config {
    Config { matching, ..Config::default() }
}

fn ranked_by(rankers: &str) -> Config {
    // Without texts, so that people differ by what is done alone.
    matching(MatchingConfig { rankers: rankers.parse().unwrap(), content_dims: 0, ..MatchingConfig::default() })
}

async fn noted(town: &Town) -> Vec<Impression> {
    town.store.impressions(None, 10_000).await.unwrap()
}

/// Everybody whom pages of this size show, in order.
async fn paged(g: &Gpting, me: MemberId, limit: usize) -> Vec<MemberId> {
    let (mut seen, mut request) = (Vec::new(), SlateRequest::first(limit));
    loop {
        let slate = g.matching().slate(me, request).await.unwrap();
        assert!(slate.cards.len() == limit || slate.next.is_none(), "a full page while there are more");
        seen.extend(slate.cards.iter().map(|card| card.card.id));
        match slate.next {
            Some(next) => request.after = Some(next),
            None => return seen,
        }
    }
}

async fn men(town: &Town, names: std::ops::Range<i32>) -> Vec<MemberId> {
    let mut men = Vec::new();
    for n in names {
        men.push(town.person(&format!("남{n}"), "M", &["F"]).await);
        town.clock.advance(SignedDuration::from_hours(1));
    }
    men
}

#[tokio::test]
async fn a_showing_is_kept_with_its_place_ranker_and_estimates_for_half_a_year() {
    let town = town().await;
    let me = town.person("민지", "F", &["M"]).await;
    men(&town, 0..5).await;
    let order = paged(&town.g, me, 2).await;
    let rows = noted(&town).await;
    assert_eq!(rows.len(), 5);
    for (position, id) in (1..).zip(&order) {
        let row = rows.iter().find(|row| row.candidate == *id).unwrap();
        let exposure = row.exposure.unwrap();
        assert_eq!((row.viewer, row.shows, exposure.position), (me, 1, position));
        assert_eq!((exposure.ranker, exposure.slot), (Ranker::Served, Slot::Ranked));
        // The chance of a mutual like is the product of both.
        let product = f64::from(exposure.there) * f64::from(exposure.back) / 1e6;
        assert!((product - f64::from(exposure.score)).abs() < 1.5, "{exposure:?}");
        assert!(exposure.there > 0 && exposure.there < 1_000_000);
    }
    // Each hour a part of it is walked over; nothing goes early, and everything in time.
    let weeks = async |count: i64| {
        for _ in 0..count * 7 * 24 {
            town.clock.advance(SignedDuration::from_hours(1));
            town.g.run_due_jobs().await.unwrap();
        }
    };
    weeks(1).await;
    assert_eq!(noted(&town).await.len(), 5);
    town.clock.advance(SignedDuration::from_hours(174 * 24));
    weeks(1).await;
    assert!(noted(&town).await.is_empty());
}

#[tokio::test]
async fn each_ranker_has_its_order_and_the_same_people() {
    let town = town().await;
    let me = town.person("민지", "F", &["M"]).await;
    let men = men(&town, 0..6).await;
    for n in 0..4 {
        let woman = town.person(&format!("여{n}"), "F", &["M"]).await;
        town.g.matching().like(woman, men[1], None).await.unwrap();
        town.g.matching().pass(woman, men[4]).await.unwrap();
    }
    let order = async |rankers: &str, limit| {
        let g = town.again_with(|builder| builder.config(ranked_by(rankers))).await;
        paged(&g, me, limit).await
    };
    let mut by_id = men.clone();
    by_id.sort_unstable();
    let newest: Vec<_> = men.iter().rev().copied().collect();
    for limit in [2, 6] {
        let served = order("served=1", limit).await;
        assert_eq!((served[0], served[5]), (men[1], men[4]));
        let harmonic = order("harmonic=1", limit).await;
        assert_eq!((harmonic[0], harmonic[5]), (men[1], men[4]));
        assert_eq!(order("unlearned=1", limit).await, by_id, "alike without what was learned");
        assert_eq!(order("newest=1", limit).await, newest);
    }
    let rows = noted(&town).await;
    assert!(rows.iter().all(|row| row.exposure.unwrap().ranker == Ranker::Newest), "the last showing");
    // Estimates are the product's, whoever puts people in order.
    let there = |id| rows.iter().find(|row| row.candidate == id).unwrap().exposure.unwrap().there;
    assert!(there(men[1]) > there(men[0]) && there(men[0]) > there(men[4]));
    // The explained score of one person is that of the member's own list, and counts nobody who hides.
    let g = town.again_with(|builder| builder.config(ranked_by("newest=1"))).await;
    let percentile = async |id| g.matching().compatibility(me, id).await.unwrap().score;
    for (place, id) in newest.iter().enumerate() {
        assert!((percentile(*id).await - (1.0 - place as f64 / 100.0)).abs() < 1e-12, "{place}");
    }
    let hide = |on| VisibilityEdit { incognito: Some(on), ..VisibilityEdit::default() };
    g.profiles().set_visibility(newest[0], hide(true)).await.unwrap();
    assert!((percentile(newest[1]).await - 1.0).abs() < 1e-12);
    g.profiles().set_visibility(newest[0], hide(false)).await.unwrap();
    // A decision counts for all rankers at once.
    let g = town.again_with(|builder| builder.config(ranked_by("newest=1"))).await;
    g.matching().pass(me, men[5]).await.unwrap();
    assert_eq!(paged(&g, me, 3).await, newest[1..]);
}

#[tokio::test]
async fn members_belong_to_groups_that_every_instance_knows() {
    let town = town().await;
    let men = men(&town, 0..4).await;
    let newest: Vec<_> = men.iter().rev().copied().collect();
    let mut by_id = men.clone();
    by_id.sort_unstable();
    assert_ne!(newest, by_id);
    let settings = || ranked_by("unlearned=1,newest=1,seed=3");
    let here = town.again_with(|builder| builder.config(settings())).await;
    let there = town.again_with(|builder| builder.config(settings())).await;
    let mut counts = BTreeMap::<Ranker, usize>::new();
    for n in 0..40 {
        let woman = town.person(&format!("여{n}"), "F", &["M"]).await;
        let order = paged(&here, woman, 10).await;
        assert_eq!(paged(&there, woman, 10).await, order);
        let ranker = noted(&town).await.iter().find(|row| row.viewer == woman).unwrap().exposure.unwrap().ranker;
        assert_eq!(order, if ranker == Ranker::Newest { newest.clone() } else { by_id.clone() });
        *counts.entry(ranker).or_default() += 1;
    }
    assert_eq!(counts.keys().copied().collect::<Vec<_>>(), [Ranker::Unlearned, Ranker::Newest]);
    assert!(counts.values().all(|count| *count >= 10), "{counts:?}");
}

#[tokio::test]
async fn newcomers_get_a_bounded_share_of_places_until_enough_have_seen_them() {
    let warm_up = WarmUp { percent: 10, viewers: 4, within: SignedDuration::from_hours(14 * 24) };
    let settings = matching(MatchingConfig { warm_up, ..MatchingConfig::default() });
    let town = town_with(|builder| builder.config(settings)).await;
    let known = men(&town, 0..20).await;
    for n in 0..2 {
        let woman = town.person(&format!("옛 여{n}"), "F", &["M"]).await;
        for man in &known {
            town.g.matching().like(woman, *man, None).await.unwrap();
        }
    }
    town.clock.advance(SignedDuration::from_hours(20 * 24));
    let newcomers = men(&town, 100..103).await;
    let explored = async || {
        let rows = noted(&town).await;
        rows.into_iter().filter(|row| row.exposure.unwrap().slot == Slot::Explored).collect::<Vec<_>>()
    };
    let mut women = Vec::new();
    for n in 0..20 {
        women.push(town.person(&format!("여{n}"), "F", &["M"]).await);
        let slate = town.g.matching().slate(women[n], SlateRequest::first(10)).await.unwrap();
        assert_eq!(slate.cards.len(), 10);
        let new: Vec<_> = slate.cards.iter().filter(|card| newcomers.contains(&card.card.id)).collect();
        assert!(new.len() <= 1, "one place of ten");
        assert!(slate.cards[..2].iter().all(|card| known.contains(&card.card.id)), "the best stay on top");
    }
    let seen = explored().await;
    assert_eq!(seen.len(), 12, "three newcomers, four viewers each");
    for newcomer in &newcomers {
        assert_eq!(seen.iter().filter(|row| row.candidate == *newcomer).count(), 4);
    }
    assert!(seen.iter().all(|row| row.exposure.unwrap().position > 2));
    // Nobody twice, nobody missed, on pages behind an explored one too.
    for (woman, limit) in [(women[0], 10), (women[19], 10), (women[3], 7)] {
        let mut all = paged(&town.g, woman, limit).await;
        assert_eq!(all.len(), 23);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 23);
    }
}

#[tokio::test]
async fn a_newcomer_who_hides_takes_nobodys_place() {
    let warm_up = WarmUp { percent: 10, viewers: 100, within: SignedDuration::from_hours(14 * 24) };
    let settings = matching(MatchingConfig { warm_up, ..MatchingConfig::default() });
    let town = town_with(|builder| builder.config(settings)).await;
    let known = men(&town, 0..15).await;
    for n in 0..2 {
        let woman = town.person(&format!("옛 여{n}"), "F", &["M"]).await;
        for man in &known {
            town.g.matching().like(woman, *man, None).await.unwrap();
        }
    }
    town.clock.advance(SignedDuration::from_hours(20 * 24));
    let newcomers = men(&town, 100..106).await;
    let incognito = VisibilityEdit { incognito: Some(true), ..VisibilityEdit::default() };
    for hidden in &newcomers[1..] {
        town.g.profiles().set_visibility(*hidden, incognito).await.unwrap();
    }
    for n in 0..10 {
        let woman = town.person(&format!("여{n}"), "F", &["M"]).await;
        let slate = town.g.matching().slate(woman, SlateRequest::first(10)).await.unwrap();
        let shown = slate.cards.iter().filter(|card| card.card.id == newcomers[0]).count();
        assert_eq!((slate.cards.len(), shown), (10, 1), "{n}");
    }
}

#[tokio::test]
async fn nobody_is_explored_where_everybody_fits_on_the_page_or_after_the_term() {
    let town = town().await;
    let men = men(&town, 0..30).await;
    let (few, many) = (town.person("민지", "F", &["M"]).await, town.person("하나", "F", &["M"]).await);
    paged(&town.g, few, 50).await;
    let slots = async |viewer| {
        let rows = noted(&town).await;
        rows.iter().filter(|row| row.viewer == viewer && row.exposure.unwrap().slot == Slot::Explored).count()
    };
    assert_eq!(slots(few).await, 0);
    town.clock.advance(SignedDuration::from_hours(15 * 24));
    paged(&town.g, many, 10).await;
    assert_eq!(slots(many).await, 0);
    assert_eq!(men.len(), 30);
}
