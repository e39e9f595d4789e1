//! What models are asked for and how often: nothing twice, nothing without a cap, and nothing that is larger than a day.

use std::sync::{Arc, Mutex};

use gpting_core::Clock as _;
use gpting_core::assist::model::ModelError;
use gpting_core::assist::{Errand, ScriptedModel};
use gpting_core::config::{AssistConfig, Config};
use gpting_core::id::MemberId;
use gpting_core::profile::{ProfileEdit, VisibilityEdit};
use gpting_core::safety::Purpose;
use gpting_core::store::Store as _;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::assist::{at_home, bio, consent, row, say, slate, town_of, town_with, work};
use crate::people::Town;

const PROFILE: [Purpose; 1] = [Purpose::ProfileAnalysis];

#[tokio::test]
async fn many_edits_are_one_question() {
    let model = ScriptedModel::new(|_| Err(ModelError::Unavailable { retry_after: None, begun: false }));
    let town = town_with(model.clone(), at_home()).await;
    let a = town.person("민지", "F", &["M"]).await;
    consent(&town.g, a, &PROFILE, true).await;
    for n in 0..20 {
        bio(&town, a, &format!("글 {n}")).await;
        town.clock.advance(SignedDuration::from_secs(1));
    }
    work(&town).await;
    assert_eq!(model.calls(), 1, "one job waits, whatever was edited");
    for _ in 0..6 {
        town.clock.advance(SignedDuration::from_hours(2));
        slate(&town, a).await;
        work(&town).await;
    }
    assert!(model.calls() <= 7, "nor do they pile up with every look: {}", model.calls());
}

#[tokio::test]
async fn what_is_begun_and_brings_no_answer_is_booked_and_ends_at_the_cap() {
    let model = ScriptedModel::new(|_| Err(ModelError::Unavailable { retry_after: None, begun: true }));
    let town = town_with(model.clone(), at_home()).await;
    let a = town.person("민지", "F", &["M"]).await;
    consent(&town.g, a, &PROFILE, true).await;
    // A third of a day, in which nobody would have to wait for anything but the model.
    for _ in 0..96 {
        work(&town).await;
    }
    let calls = town.store.calls(a, 100).await.unwrap();
    let spent: u64 = calls.iter().map(|call| call.input_tokens + call.output_tokens).sum();
    assert!(calls.iter().all(|call| call.input_tokens > 1_000), "each is booked as it was set aside");
    assert!(spent <= u64::from(at_home().tokens_per_member_day), "{spent} in {} calls", calls.len());
    assert!(!calls.is_empty() && model.calls() == calls.len() && calls.len() < 15, "{} calls", calls.len());
}

#[tokio::test]
async fn of_a_conversation_that_is_larger_than_a_day_the_newest_is_read() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let all = Arc::clone(&seen);
    let model = ScriptedModel::answering(move |form, data| {
        let lines = data["conversation"].as_array().into_iter().flatten();
        all.lock().unwrap().extend(lines.map(|line| line["text"].as_str().unwrap().to_owned()));
        let found = json!([{ "topic": "hiking", "strength": 90 }]);
        if form == "values" { json!({ "a": found, "b": [] }) } else { json!({}) }
    });
    let town = town_with(model.clone(), at_home()).await;
    let (a, b, room) = town.couple().await;
    for n in 0..30 {
        // As many letters as are read of one, of three bytes each.
        let line = |who: &str| format!("{who} {n} {}", "등산을 가요 ".repeat(42));
        say(&town, room, &[(a, &line("가")), (b, &line("나"))]).await;
    }
    for me in [a, b] {
        consent(&town.g, me, &[Purpose::ConversationAnalysis], true).await;
    }
    work(&town).await;
    assert_eq!(model.calls(), 1);
    let seen = seen.lock().unwrap().clone();
    assert!((10..60).contains(&seen.len()), "{} of 60", seen.len());
    assert!(seen.last().unwrap().starts_with("나 29"), "up to the newest");
    assert!(seen.first().unwrap().starts_with(&format!("가 {}", 30 - seen.len() / 2)) || seen.len() % 2 == 1);
    let low = row(&town, a.min(b)).await.derived;
    assert_eq!(low.rooms[&room].values["hiking"], 90);
}

/// Texts of those whom a model has put in order.
type Judged = Arc<Mutex<Vec<String>>>;

/// A model without an opinion, and whom it was asked about.
fn indifferent() -> (ScriptedModel, Judged) {
    let judged = Judged::default();
    let all = Arc::clone(&judged);
    let model = ScriptedModel::answering(move |form, data| {
        let list = data["candidates"].as_array().cloned().unwrap_or_default();
        let text = |one: &Value| one["person"]["text"].as_str().unwrap().to_owned();
        all.lock().unwrap().extend(list.iter().map(text));
        let scores: Vec<Value> = list.iter().map(|one| json!({ "label": one["label"], "score": 50 })).collect();
        if form == "scores" { json!({ "scores": scores }) } else { json!({ "topics": [], "flags": [] }) }
    });
    (model, judged)
}

/// A slate behind the picks of the day.
async fn tail(town: &Town, me: MemberId) -> Vec<MemberId> {
    let cards = slate(town, me).await.cards;
    cards.into_iter().filter(|card| !card.picked).map(|card| card.card.id).collect()
}

/// Whether somebody's text, which begins with a number of theirs, is among the judged.
async fn is_among(town: &Town, judged: &[String], id: MemberId) -> bool {
    let text = row(town, id).await.profile.bio;
    let number = text.split_whitespace().next().unwrap();
    judged.iter().any(|text| text.starts_with(&format!("{number} ")))
}

#[tokio::test]
async fn only_whom_the_slate_shows_first_is_judged() {
    let (model, judged) = indifferent();
    let mut config = Config { assist: at_home(), ..Config::default() };
    config.matching.rankers = "newest=1".parse().unwrap();
    let town = town_of(model, config).await;
    let a = town.person("민지", "F", &["M"]).await;
    consent(&town.g, a, &PROFILE, true).await;
    let mut people = Vec::new();
    for n in 0..18 {
        let other = town.person(&format!("준호{n}"), "M", &["F"]).await;
        // The first who came fit best, as far as that counts.
        let interests = if n < 9 { "등산" } else { "와인" };
        let bio = Some(format!("{n}번째 사람"));
        let edit = ProfileEdit { bio, interests: Some(vec![interests.to_owned()]), ..ProfileEdit::default() };
        town.g.profiles().edit(other, edit, None).await.unwrap();
        consent(&town.g, other, &PROFILE, true).await;
        people.push(other);
        town.clock.advance(SignedDuration::from_mins(1));
    }
    work(&town).await;
    town.clock.advance(SignedDuration::from_hours(15 * 24));
    work(&town).await; // With it the picks of that day are made.
    let hidden = [people[17], people[16]];
    let until = town.clock.now() + SignedDuration::from_hours(48);
    let snooze = VisibilityEdit { snoozed_until: Some(Some(until)), incognito: None };
    town.g.profiles().set_visibility(hidden[0], snooze).await.unwrap();
    let incognito = VisibilityEdit { snoozed_until: None, incognito: Some(true) };
    town.g.profiles().set_visibility(hidden[1], incognito).await.unwrap();
    let tail = tail(&town, a).await;
    assert!(tail.len() > 10 && hidden.iter().all(|id| !tail.contains(id)));
    work(&town).await;
    let judged = judged.lock().unwrap().clone();
    assert_eq!(judged.len(), 20, "ten, twice");
    for id in hidden {
        assert!(!is_among(&town, &judged, id).await, "nobody is judged for those who may not see them");
    }
    for (place, id) in tail.into_iter().enumerate() {
        assert_eq!(is_among(&town, &judged, id).await, place < 10, "{place}");
    }
}

#[tokio::test]
async fn of_an_order_that_is_larger_than_a_day_the_first_are_judged() {
    let (model, judged) = indifferent();
    let town = town_with(model, AssistConfig { order_first: 20, ..at_home() }).await;
    let a = town.person("민지", "F", &["M"]).await;
    consent(&town.g, a, &PROFILE, true).await;
    for n in 0..25 {
        let other = town.person(&format!("준호{n}"), "M", &["F"]).await;
        bio(&town, other, &format!("{n}번째 {}", "바다를 좋아해요 ".repeat(100))).await;
        consent(&town.g, other, &PROFILE, true).await;
    }
    // Of another day, so that nothing is spent; and nobody is new.
    work(&town).await;
    town.clock.advance(SignedDuration::from_hours(15 * 24));
    work(&town).await; // With it the picks of that day are made.
    let tail = tail(&town, a).await;
    work(&town).await;
    let asked = town.store.calls(a, 99).await.unwrap().into_iter().filter(|call| call.errand == Errand::Order).count();
    assert_eq!(asked, 2, "both askings fit into the day");
    let made = town.store.made(a, Errand::Order, None).await.unwrap();
    let mut judged = judged.lock().unwrap().clone();
    judged.sort_unstable();
    judged.dedup();
    assert!((2..20).contains(&judged.len()), "{}", judged.len());
    assert_eq!(made.iter().filter(|row| row.other.is_some()).count(), judged.len(), "and it is kept");
    for (place, id) in tail.iter().enumerate().take(20) {
        let is_judged = is_among(&town, &judged, *id).await;
        assert_eq!(is_judged, place < judged.len(), "{place}");
    }
}
