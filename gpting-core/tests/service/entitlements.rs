//! What members are entitled to in a day: by the settings, or by the host; over all instances together.

use std::sync::Arc;

use async_trait::async_trait;
use gpting_core::config::{Config, Quotas};
use gpting_core::id::MemberId;
use gpting_core::limit::{Allowances, Entitlements};
use gpting_core::matching::slate::SlateRequest;
use gpting_core::port::PortError;
use gpting_core::{Code, Gpting};
use jiff::SignedDuration;
use tokio::sync::Mutex;

use crate::people::{Town, town, town_with};

/// Whoever is named has this many likes; everybody else what the settings say.
#[derive(Clone, Debug, Default)]
struct Plans(Arc<Mutex<Vec<(MemberId, u32)>>>);

#[async_trait]
impl Entitlements for Plans {
    async fn of(&self, member: MemberId, everybody: Allowances) -> Result<Allowances, PortError> {
        let plan = self.0.lock().await.iter().find(|(who, _)| *who == member).map(|(_, likes)| *likes);
        Ok(plan.map_or(everybody, |likes| Allowances { likes_per_day: Some(likes), ..everybody }))
    }
}

fn quotas(quotas: Quotas) -> Config {
    Config { quotas, ..Config::default() }
}

/// How many of these a member can like, asking two instances in turn.
async fn likes(instances: [&Gpting; 2], me: MemberId, others: &[MemberId]) -> usize {
    let mut liked = 0;
    for (n, other) in others.iter().enumerate() {
        match instances[n % 2].matching().like(me, *other, None).await {
            Ok(_) => liked += 1,
            Err(error) => assert_eq!(error.code(), Code::TooMany),
        }
    }
    liked
}

async fn men(town: &Town, count: usize) -> Vec<MemberId> {
    let mut men = Vec::new();
    for n in 0..count {
        men.push(town.person(&format!("남{n}"), "M", &["F"]).await);
    }
    men
}

#[tokio::test]
async fn the_hosts_own_gives_one_three_likes_and_another_fifty_over_all_instances() {
    let plans = Plans::default();
    let town = town_with({
        let plans = plans.clone();
        |builder| builder.entitlements(plans)
    })
    .await;
    let (few, many) = (town.person("민지", "F", &["M"]).await, town.person("하나", "F", &["M"]).await);
    let others = men(&town, 60).await;
    plans.0.lock().await.extend([(few, 3), (many, 50)]);
    let beside = town
        .again_with({
            let plans = plans.clone();
            |builder| builder.entitlements(plans)
        })
        .await;
    // Both instances count under one secret only when they share it, as those of one deployment do.
    let again = town.again_with(|builder| builder.entitlements(plans.clone())).await;
    let pair = [&beside, &again];
    assert_eq!(likes(pair, few, &others).await, 3);
    assert_eq!(likes(pair, many, &others).await, 50);
    town.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(likes(pair, few, &others[3..]).await, 3, "back after a day");
    // A better plan holds from now on.
    plans.0.lock().await.retain(|(who, _)| *who == many);
    plans.0.lock().await.push((few, 10));
    assert_eq!(likes(pair, few, &others[6..]).await, 0, "the day is used up, by whichever plan");
    town.clock.advance(SignedDuration::from_hours(12));
    assert_eq!(likes(pair, few, &others[6..]).await, 5, "half of a day is half of ten");
}

#[tokio::test]
async fn by_default_everybody_has_what_the_settings_say() {
    let town = town_with(|builder| {
        builder.config(quotas(Quotas { likes_per_day: Some(2), undos_per_day: Some(1), ..Quotas::default() }))
    })
    .await;
    let me = town.person("민지", "F", &["M"]).await;
    let others = men(&town, 4).await;
    assert_eq!(likes([&town.g, &town.g], me, &others[..2]).await, 2);
    assert_eq!(town.g.matching().like(me, others[2], None).await.unwrap_err().code(), Code::TooMany);
    let (undone, _) = town.g.matching().undo(me).await.unwrap();
    let refused = town.g.matching().undo(me).await.unwrap_err();
    assert_eq!(refused.code(), Code::TooMany);
    assert!(refused.retry_after().unwrap() <= std::time::Duration::from_hours(24));
    let other = others[..2].iter().find(|other| **other != undone).unwrap();
    assert!(town.g.matching().like(me, *other, None).await.unwrap().already, "what was refused is as it was");
}

#[tokio::test]
async fn nothing_to_undo_costs_nothing() {
    let settings = quotas(Quotas { undos_per_day: Some(1), ..Quotas::default() });
    let town = town_with(|builder| builder.config(settings)).await;
    let me = town.person("민지", "F", &["M"]).await;
    for _ in 0..3 {
        assert_eq!(town.g.matching().undo(me).await.unwrap_err().code(), Code::NothingToUndo);
    }
    let other = town.person("준호", "M", &["F"]).await;
    town.g.matching().pass(me, other).await.unwrap();
    town.g.matching().undo(me).await.unwrap();
}

#[tokio::test]
async fn cards_are_shown_until_the_day_has_no_more() {
    let settings = quotas(Quotas { cards_per_day: Some(12), ..Quotas::default() });
    let town = town_with(|builder| builder.config(settings)).await;
    let me = town.person("민지", "F", &["M"]).await;
    men(&town, 20).await;
    let page = async |limit| town.g.matching().slate(me, SlateRequest::first(limit)).await;
    assert_eq!(page(8).await.unwrap().cards.len(), 8);
    // Four are left.
    assert_eq!(page(8).await.unwrap().cards.len(), 4);
    assert_eq!(page(8).await.unwrap_err().code(), Code::TooMany);
    town.clock.advance(SignedDuration::from_hours(2));
    assert_eq!(page(8).await.unwrap().cards.len(), 1, "one each two hours");
}

#[tokio::test]
async fn cards_that_are_not_shown_are_given_back() {
    let settings = quotas(Quotas { cards_per_day: Some(6), ..Quotas::default() });
    let town = town_with(|builder| builder.config(settings)).await;
    let me = town.person("민지", "F", &["M"]).await;
    men(&town, 2).await;
    for _ in 0..3 {
        assert_eq!(town.g.matching().slate(me, SlateRequest::first(6)).await.unwrap().cards.len(), 2);
    }
    assert_eq!(town.g.matching().slate(me, SlateRequest::first(6)).await.unwrap_err().code(), Code::TooMany);
}

#[tokio::test]
async fn a_page_that_fails_uses_nothing_up() {
    let settings = quotas(Quotas { cards_per_day: Some(6), ..Quotas::default() });
    let town = town_with(|builder| builder.config(settings)).await;
    let me = town.person("민지", "F", &["M"]).await;
    men(&town, 6).await;
    let nowhere = serde_json::json!({ "view": 1, "score": f64::NAN.to_bits(), "id": me, "rank": 0 });
    let request = SlateRequest { after: Some(serde_json::from_value(nowhere).unwrap()), ..SlateRequest::first(6) };
    for _ in 0..3 {
        assert_eq!(town.g.matching().slate(me, request).await.unwrap_err().code(), Code::Internal);
    }
    assert_eq!(town.g.matching().slate(me, SlateRequest::first(6)).await.unwrap().cards.len(), 6);
}

#[tokio::test]
async fn whoever_is_entitled_to_nothing_gets_nothing() {
    let town = town().await;
    let me = town.person("민지", "F", &["M"]).await;
    let other = town.person("준호", "M", &["F"]).await;
    let settings = quotas(Quotas { likes_per_day: Some(0), ..Quotas::default() });
    let strict = town.again_with(|builder| builder.config(settings)).await;
    assert_eq!(strict.matching().like(me, other, None).await.unwrap_err().code(), Code::TooMany);
    assert!(town.g.matching().like(me, other, None).await.is_ok());
}
