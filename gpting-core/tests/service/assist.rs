//! What models may do with people's words: consent, purge, budget, and what leaves the house.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use gpting_core::assist::model::{ModelError, Prompt, Reply, Usage};
use gpting_core::assist::{Errand, Outcome, ScriptedModel, scripted};
use gpting_core::chat::Draft;
use gpting_core::config::{AssistConfig, Config};
use gpting_core::id::{MemberId, RoomId};
use gpting_core::matching::slate::{Slate, SlateRequest};
use gpting_core::profile::{Member, ProfileEdit};
use gpting_core::safety::{ConsentInput, Purpose};
use gpting_core::store::Store as _;
use gpting_core::{Gpting, SeededRng};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::people::{Town, TownClock, town};

/// The town with a model, at home unless said otherwise.
pub async fn town_with(model: ScriptedModel, assist: AssistConfig) -> Town {
    town_of(model, Config { assist, ..Config::default() }).await
}

/// The same with other settings too.
pub async fn town_of(model: ScriptedModel, config: Config) -> Town {
    let mut town = town().await;
    let builder = Gpting::builder_on(Arc::<_>::clone(&town.store) as Arc<dyn gpting_core::store::Store>);
    let builder = builder.clock(TownClock(Arc::clone(&town.clock))).rng(SeededRng::new(9)).text_model(model);
    town.g = builder.config(config).build().await.unwrap();
    town
}

pub fn at_home() -> AssistConfig {
    AssistConfig { model_is_abroad: false, ..AssistConfig::default() }
}

pub async fn consent(g: &Gpting, me: MemberId, purposes: &[Purpose], granted: bool) {
    let inputs = purposes.iter().map(|&purpose| ConsentInput { purpose, version: "1".to_owned(), granted });
    g.profiles().set_consents(me, inputs.collect()).await.unwrap();
}

/// Performs what is due until nothing is, a few minutes later.
pub async fn work(town: &Town) {
    town.clock.advance(SignedDuration::from_mins(5));
    for _ in 0..50 {
        if town.g.run_due_jobs().await.unwrap() == 0 {
            return;
        }
    }
    panic!("jobs do not come to an end");
}

pub async fn row(town: &Town, me: MemberId) -> Member {
    town.store.members(&[me]).await.unwrap().remove(0).value
}

pub async fn say(town: &Town, room: RoomId, lines: &[(MemberId, &str)]) {
    for (who, text) in lines {
        town.g.chat().send(*who, room, Draft::text(*text)).await.unwrap();
    }
}

pub async fn bio(town: &Town, me: MemberId, text: &str) {
    let edit = ProfileEdit { bio: Some(text.to_owned()), ..ProfileEdit::default() };
    town.g.profiles().edit(me, edit, None).await.unwrap();
}

/// Finds hiking and wine wherever they are written.
pub fn reader() -> ScriptedModel {
    ScriptedModel::answering(|form, data| {
        let find = |text: &str, strength: i64| -> Vec<Value> {
            let words = [("등산", "hiking"), ("와인", "wine")];
            let found = words.iter().filter(|(word, _)| text.contains(word));
            found.map(|(_, topic)| json!({ "topic": topic, "strength": strength })).collect()
        };
        let said = |who: &str| -> String {
            let lines = data["conversation"].as_array().into_iter().flatten().filter(|line| line["who"] == who);
            lines.map(|line| line["text"].as_str().unwrap_or_default().to_owned() + "\n").collect()
        };
        match form {
            "traits" => json!({ "topics": find(data["text"].as_str().unwrap_or_default(), 80) }),
            "values" => json!({ "a": find(&said("a"), 90), "b": find(&said("b"), 90) }),
            _ => json!({}),
        }
    })
}

pub const BOTH: [Purpose; 2] = [Purpose::ProfileAnalysis, Purpose::ConversationAnalysis];

#[tokio::test]
async fn nothing_is_asked_without_consent_and_once_with_it() {
    let model = reader();
    let town = town_with(model.clone(), at_home()).await;
    let (a, b, room) = town.couple().await;
    bio(&town, a, "주말마다 등산을 갑니다").await;
    for n in 0..8 {
        say(&town, room, &[(a, &format!("등산 {n}")), (b, &format!("와인 {n}"))]).await;
    }
    work(&town).await;
    assert_eq!(model.calls(), 0, "nobody has agreed to anything");
    consent(&town.g, a, &BOTH, true).await;
    work(&town).await;
    assert_eq!(model.calls(), 1, "the profile of the one who agreed, and no conversation of somebody who did not");
    assert_eq!(row(&town, a).await.derived.profile.unwrap().topics["hiking"], 80);
    consent(&town.g, b, &[Purpose::ConversationAnalysis], true).await;
    town.clock.advance(SignedDuration::from_hours(24));
    work(&town).await;
    assert_eq!(model.calls(), 2, "one call for the conversation of both");
    let (mine, theirs) = (row(&town, a).await.derived, row(&town, b).await.derived);
    assert_eq!(mine.rooms[&room].values.iter().collect::<Vec<_>>(), [(&"hiking".to_owned(), &90)]);
    assert_eq!(theirs.rooms[&room].values.iter().collect::<Vec<_>>(), [(&"wine".to_owned(), &90)]);
    assert!(theirs.profile.is_none(), "a conversation is no consent to read a profile");
    for _ in 0..3 {
        town.clock.advance(SignedDuration::from_hours(24));
        town.g.matching().matches(a, gpting_core::store::Page::first(5)).await.unwrap();
        work(&town).await;
    }
    assert_eq!(model.calls(), 2, "what was read is not read again");
    say(&town, room, &[(a, "하나"), (b, "둘")]).await;
    town.clock.advance(SignedDuration::from_hours(24));
    work(&town).await;
    assert_eq!(model.calls(), 2, "two lines are no news");
    let calls = town.store.calls(a, 10).await.unwrap();
    let told: Vec<_> = calls.iter().map(|call| (call.errand, call.outcome)).collect();
    let of_a = usize::from(a < b);
    assert_eq!(told.iter().filter(|told| **told == (Errand::Profile, Outcome::Answered)).count(), 1);
    assert_eq!(told.iter().filter(|told| **told == (Errand::Conversation, Outcome::Answered)).count(), of_a);
}

#[tokio::test]
async fn a_model_abroad_needs_its_own_consent() {
    let model = reader();
    let town = town_with(model.clone(), AssistConfig::default()).await;
    let a = town.person("민지", "F", &["M"]).await;
    bio(&town, a, "등산").await;
    consent(&town.g, a, &[Purpose::ProfileAnalysis], true).await;
    work(&town).await;
    assert_eq!(model.calls(), 0);
    consent(&town.g, a, &[Purpose::TransferAbroad], true).await;
    work(&town).await;
    assert_eq!(model.calls(), 1);
    consent(&town.g, a, &[Purpose::TransferAbroad], false).await;
    assert!(row(&town, a).await.derived.is_empty(), "taking it back purges in the same commit");
}

#[tokio::test]
async fn withdrawal_purges_everything_that_was_derived_on_both_sides() {
    for erase in [false, true] {
        let town = town_with(reader(), at_home()).await;
        let (a, b, room) = town.couple().await;
        consent(&town.g, a, &BOTH, true).await;
        consent(&town.g, b, &BOTH, true).await;
        for n in 0..8 {
            say(&town, room, &[(a, &format!("등산 {n}")), (b, &format!("와인 {n}"))]).await;
        }
        town.clock.advance(SignedDuration::from_hours(24));
        work(&town).await;
        assert!(!row(&town, b).await.derived.rooms.is_empty());
        if erase {
            town.g.safety().erase(a).await.unwrap();
            town.clock.advance(SignedDuration::from_hours(15 * 24));
        } else {
            consent(&town.g, a, &[Purpose::ConversationAnalysis], false).await;
            let mine = row(&town, a).await.derived;
            assert!(mine.rooms.is_empty() && mine.learner.is_none() && mine.profile.is_some());
        }
        work(&town).await;
        let theirs = row(&town, b).await.derived;
        assert!(theirs.rooms.is_empty(), "what was learned from both is gone from the other too: {theirs:?}");
        assert!(theirs.profile.is_some() && theirs.learner.is_some(), "what is theirs alone stays");
    }
}

#[tokio::test]
async fn a_consent_that_is_taken_back_while_the_model_thinks_keeps_nothing() {
    // The model takes its time; in it, the member withdraws.
    let hook: Arc<Mutex<Option<(Gpting, MemberId)>>> = Arc::default();
    let withdraw = Arc::clone(&hook);
    let inner = reader();
    let model = ScriptedModel::new(move |prompt| {
        if let Some((g, me)) = withdraw.lock().unwrap().take() {
            // Within the call, on another thread, since the store is not to be waited for here.
            let done = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(consent(&g, me, &BOTH, false));
            });
            done.join().unwrap();
        }
        futures_now(&inner, prompt)
    });
    let town = town_with(model.clone(), at_home()).await;
    let (a, b, room) = town.couple().await;
    bio(&town, a, "등산").await;
    consent(&town.g, a, &[Purpose::ProfileAnalysis], true).await;
    *hook.lock().unwrap() = Some((town.g.clone(), a));
    work(&town).await;
    assert_eq!(model.calls(), 1);
    assert!(row(&town, a).await.derived.is_empty());
    for me in [a, b] {
        consent(&town.g, me, &[Purpose::ConversationAnalysis], true).await;
    }
    for n in 0..4 {
        say(&town, room, &[(a, &format!("등산 {n}")), (b, &format!("와인 {n}"))]).await;
    }
    *hook.lock().unwrap() = Some((town.g.clone(), b));
    work(&town).await;
    assert_eq!(model.calls(), 2);
    assert!(row(&town, a).await.derived.rooms.is_empty() && row(&town, b).await.derived.is_empty());
}

/// What a scripted model answers, at once.
pub fn futures_now(model: &ScriptedModel, prompt: &Prompt) -> Result<Reply, ModelError> {
    use gpting_core::assist::model::TextModel as _;
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(model.complete(prompt))
        });
        asked.join().unwrap()
    })
}

#[tokio::test]
async fn no_canary_leaves_the_house() {
    let seen: Arc<Mutex<String>> = Arc::default();
    let all = Arc::clone(&seen);
    let model = ScriptedModel::new(move |prompt| {
        writeln!(all.lock().unwrap(), "{}\n{}\n{:?}", prompt.system, prompt.user, prompt.schema).unwrap();
        let text = json!({ "topics": [], "a": [], "b": [] }).to_string();
        Ok(Reply { text, usage: Usage::default(), is_whole: true })
    });
    let town = town_with(model.clone(), at_home()).await;
    let (a, b, room) = town.couple().await;
    let text = "민지예요. 010-9713-4682, canarymail@example.com, 카톡 canarykakao, https://canary.example/me, 1996-05-05, \
        37.4979, 127.0276 canary_insta99 저는 바다를 좋아해요";
    bio(&town, a, text).await;
    for me in [a, b] {
        consent(&town.g, me, &BOTH, true).await;
    }
    for _ in 0..4 {
        say(&town, room, &[(a, text), (b, "준호 canarykakao2@example.com line: canaryline 바다")]).await;
    }
    work(&town).await;
    let seen = seen.lock().unwrap().clone();
    assert_eq!(model.calls(), 3);
    assert!(seen.contains("바다"), "what they say does leave");
    for canary in ["9713", "canary", "1996", "05-05", "37.4979", "127.0276", "민지", "준호", "강남"] {
        assert!(!seen.to_lowercase().contains(canary), "{canary} has left: {seen}");
    }
    for id in [a.value(), b.value(), room.value()] {
        assert!(!seen.contains(&id.to_string()));
    }
}

#[tokio::test]
async fn no_day_costs_more_than_its_cap_and_the_next_begins_anew() {
    let model = ScriptedModel::new(|_| {
        let text = json!({ "topics": [] }).to_string();
        Ok(Reply { text, usage: Usage { input: 900, output: 100 }, is_whole: true })
    });
    let assist = AssistConfig { tokens_per_member_day: 40_000, tokens_per_day: 60_000, ..at_home() };
    let town = town_with(model.clone(), assist).await;
    let mut people = Vec::new();
    for n in 0..4 {
        let me = town.person(&format!("사람{n}"), "F", &["M"]).await;
        consent(&town.g, me, &[Purpose::ProfileAnalysis], true).await;
        people.push(me);
    }
    work(&town).await;
    for round in 0..60 {
        for me in &people {
            bio(&town, *me, &format!("글 {round}번째")).await;
        }
        town.clock.advance(SignedDuration::from_mins(1));
        for _ in 0..4 {
            town.g.run_due_jobs().await.unwrap();
        }
    }
    let spent = model.calls() * 1_000;
    assert!(spent <= 60_000, "{spent} of 60,000");
    assert!(spent >= 35_000, "and most of it can be spent: {spent}");
    for me in &people {
        let of_one: u64 =
            town.store.calls(*me, 1_000).await.unwrap().iter().map(|c| c.input_tokens + c.output_tokens).sum();
        assert!(of_one <= 40_000);
    }
    town.clock.advance(SignedDuration::from_hours(24));
    for _ in 0..20 {
        town.g.run_due_jobs().await.unwrap();
    }
    assert!(model.calls() * 1_000 > spent, "what had to wait is read the next day");
}

pub async fn slate(town: &Town, me: MemberId) -> Slate {
    town.g.matching().slate(me, SlateRequest::first(50)).await.unwrap()
}

#[tokio::test]
async fn hostile_answers_change_nothing_and_cost_one_call() {
    let answers: Vec<(&str, Result<String, ModelError>)> = vec![
        ("garbage", Ok("no json".to_owned())),
        ("huge", Ok("x".repeat(10 << 20))),
        ("wrong", Ok(json!({ "topics": "hiking" }).to_string())),
        ("insane", Ok(json!({ "topics": [{ "topic": "hiking", "strength": 1e300 }, { "topic": 7 }] }).to_string())),
        ("refused", Err(ModelError::Refused)),
        ("rejected", Err(ModelError::Rejected { status: 400 })),
        ("unreadable", Err(ModelError::Unreadable)),
    ];
    for (name, answer) in answers {
        let answer = Mutex::new(Some(answer));
        let model = ScriptedModel::new(move |_| {
            let answer = answer.lock().unwrap().take().expect("asked once");
            answer.map(|text| Reply { text, usage: Usage::default(), is_whole: true })
        });
        let town = town_with(model.clone(), at_home()).await;
        let (a, _) = (town.person("민지", "F", &["M"]).await, town.person("준호", "M", &["F"]).await);
        work(&town).await;
        let before = slate(&town, a).await;
        consent(&town.g, a, &[Purpose::ProfileAnalysis], true).await;
        for _ in 0..3 {
            work(&town).await;
        }
        assert_eq!(model.calls(), 1, "{name}");
        assert!(row(&town, a).await.derived.profile.unwrap().topics.is_empty(), "{name}");
        assert_eq!(slate(&town, a).await, before, "{name}");
        assert_eq!(town.g.jobs().dead(None, 10).await.unwrap(), [], "{name}");
    }
}

#[tokio::test]
async fn a_model_that_is_away_is_asked_again_later_and_costs_nothing() {
    let model = ScriptedModel::new(|_| Err(ModelError::Unavailable { retry_after: None, begun: false }));
    let town = town_with(model.clone(), at_home()).await;
    let a = town.person("민지", "F", &["M"]).await;
    consent(&town.g, a, &[Purpose::ProfileAnalysis], true).await;
    for _ in 0..6 {
        work(&town).await;
    }
    assert_eq!(model.calls(), 3, "every ten minutes");
    assert!(town.store.calls(a, 10).await.unwrap().iter().all(|call| call.input_tokens + call.output_tokens == 0));
    let inner = reader();
    assert_eq!(scripted::data(&prompt_of(&inner)), Value::Null);
}

/// A prompt that is not of this library.
fn prompt_of(_: &ScriptedModel) -> Prompt {
    Prompt {
        system: String::new(),
        user: "hello".to_owned(),
        schema: None,
        max_tokens: 1,
        pace: gpting_core::assist::model::Pace::Background,
    }
}
