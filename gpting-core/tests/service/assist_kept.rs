//! What of models' readings stays, goes and comes again: with consents, texts, rooms, absences, and instances without a model.

use std::sync::{Arc, Mutex};

use gpting_core::Gpting;
use gpting_core::account::Device;
use gpting_core::assist::model::ModelError;
use gpting_core::assist::{Flag, ScriptedModel};
use gpting_core::config::Config;
use gpting_core::id::{MemberId, RoomId};
use gpting_core::profile::Standing;
use gpting_core::safety::Purpose;
use jiff::SignedDuration;
use serde_json::json;

use crate::assist::{BOTH, at_home, bio, consent, futures_now, reader, row, say, slate, town_with, work};
use crate::people::{self, Town};

const PROFILE: [Purpose; 1] = [Purpose::ProfileAnalysis];

/// Eight messages about two things.
async fn talk(town: &Town, room: RoomId, a: MemberId, b: MemberId) {
    for n in 0..4 {
        say(town, room, &[(a, &format!("등산 {n}")), (b, &format!("와인 {n}"))]).await;
    }
}

/// Performs something on another thread, from within a model's call.
fn aside(work: impl Future<Output = ()> + Send) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(work);
        });
    });
}

/// Somebody who has a service, and what they do in it while the model thinks.
type Hook = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// The reader, with something that happens during its next call.
fn interrupted() -> (ScriptedModel, Hook) {
    let hook = Hook::default();
    let (next, inner) = (Arc::clone(&hook), reader());
    let model = ScriptedModel::new(move |prompt| {
        let happens = next.lock().unwrap().take();
        if let Some(happens) = happens {
            happens();
        }
        futures_now(&inner, prompt)
    });
    (model, hook)
}

#[tokio::test]
async fn flags_outlive_a_consent_that_comes_and_goes_and_a_text_that_does() {
    // A model that sees a scam in one text.
    let model = ScriptedModel::answering(|_, data| {
        let is_scam = data["text"].as_str().is_some_and(|text| text.contains("투자"));
        json!({ "topics": [], "flags": if is_scam { json!(["scam"]) } else { json!([]) } })
    });
    let town = town_with(model, at_home()).await;
    let a = town.person("민지", "F", &["M"]).await;
    let flags = async || town.g.safety().flags(a).await.unwrap();
    bio(&town, a, "카톡 아이디 minjilove 로 연락 주세요").await;
    for granted in [true, false] {
        consent(&town.g, a, &PROFILE, granted).await;
        assert_eq!(flags().await, [Flag::Contact], "local rules need nobody's consent: {granted}");
    }
    consent(&town.g, a, &PROFILE, true).await;
    bio(&town, a, "좋은 투자 기회를 알려 드려요").await;
    work(&town).await;
    assert_eq!(flags().await, [Flag::Scam]);
    bio(&town, a, "카톡 아이디 minjilove 로 연락 주세요").await;
    bio(&town, a, "좋은 투자 기회를 알려 드려요").await;
    work(&town).await;
    assert_eq!(flags().await, [Flag::Scam], "a text that comes back is read again");
    consent(&town.g, a, &PROFILE, false).await;
    assert!(flags().await.is_empty(), "what the model saw goes with the consent");
}

#[tokio::test]
async fn an_instance_without_a_model_purges_only_what_is_taken_back() {
    let mut town = town_with(reader(), at_home()).await;
    let (a, b, room) = town.couple().await;
    bio(&town, a, "등산").await;
    for me in [a, b] {
        consent(&town.g, me, &BOTH, true).await;
    }
    talk(&town, room, a, b).await;
    work(&town).await;
    let read = row(&town, a).await.derived;
    assert!(read.profile.is_some() && read.rooms.contains_key(&room));
    // Restarted once without its model, it does not know where that was.
    let with_model = town.g.clone();
    town.g = town.again().await;
    town.clock.advance(SignedDuration::from_hours(2));
    slate(&town, a).await;
    consent(&town.g, a, &[Purpose::Marketing], true).await;
    assert_eq!(row(&town, a).await.derived, read, "they still agree");
    consent(&town.g, a, &[Purpose::ConversationAnalysis], false).await;
    let left = row(&town, a).await.derived;
    assert!(left.rooms.is_empty() && left.learner.is_none() && left.profile == read.profile);
    for granted in [true, false] {
        consent(&town.g, b, &[Purpose::TransferAbroad], granted).await;
        assert_eq!(row(&town, b).await.derived.profile.is_some(), granted, "what is taken back counts");
    }
    town.g = with_model;
    work(&town).await;
    assert!(row(&town, b).await.derived.rooms.is_empty());
}

#[tokio::test]
async fn whoever_comes_back_is_learned_from_again() {
    let model = reader();
    let config = Config { assist: at_home(), ..Config::default() };
    let town = people::town_with(|builder| builder.text_model(model.clone()).config(config)).await;
    let (a, b, room) = town.couple().await;
    for me in [a, b] {
        consent(&town.g, me, &[Purpose::ConversationAnalysis], true).await;
    }
    work(&town).await;
    for me in [a, b] {
        town.g.accounts().deactivate(me, None).await.unwrap();
    }
    town.clock.advance(SignedDuration::from_hours(25));
    work(&town).await;
    for me in [a, b] {
        town.stand(me, Standing::Active).await;
        slate(&town, me).await;
    }
    talk(&town, room, a, b).await;
    town.clock.advance(SignedDuration::from_hours(25));
    work(&town).await;
    assert_eq!(model.calls(), 1);
    for me in [a, b] {
        assert!(row(&town, me).await.derived.rooms.contains_key(&room));
    }
}

#[tokio::test]
async fn the_login_that_brings_somebody_back_asks_for_it() {
    let config = Config { assist: at_home(), ..Config::default() };
    let town = people::town_with(|builder| builder.text_model(reader()).config(config)).await;
    crate::accounts::signed_up(&town, "minji").await;
    let accounts = town.g.accounts();
    let login = async || accounts.login("minji", "정말로 긴 비밀번호", Device::default()).await.unwrap().member;
    let me = login().await;
    consent(&town.g, me, &[Purpose::ConversationAnalysis], true).await;
    let first = row(&town, me).await.derived.learner;
    accounts.deactivate(me, None).await.unwrap();
    assert!(first.is_some() && row(&town, me).await.derived.learner.is_none());
    login().await;
    let second = row(&town, me).await.derived.learner;
    assert!(second.is_some() && second != first, "nobody has to wait until they are seen next");
}

#[tokio::test]
async fn who_serves_nobody_has_read_nothing() {
    for status in [401, 402, 403, 404, 407, 302, 308] {
        let works = Arc::new(Mutex::new(false));
        let (is_good, inner) = (Arc::clone(&works), reader());
        let model = ScriptedModel::new(move |prompt| {
            if *is_good.lock().unwrap() { futures_now(&inner, prompt) } else { Err(ModelError::Rejected { status }) }
        });
        let town = town_with(model.clone(), at_home()).await;
        let (a, b, room) = town.couple().await;
        bio(&town, a, "주말마다 등산을 갑니다").await;
        for me in [a, b] {
            consent(&town.g, me, &BOTH, true).await;
        }
        talk(&town, room, a, b).await;
        work(&town).await;
        assert!(model.calls() > 0, "{status}");
        // The key is a good one again.
        *works.lock().unwrap() = true;
        town.clock.advance(SignedDuration::from_mins(10));
        work(&town).await;
        let (mine, theirs) = (row(&town, a).await.derived, row(&town, b).await.derived);
        assert_eq!(mine.profile.unwrap().topics["hiking"], 80, "{status}");
        assert_eq!(mine.rooms[&room].values["hiking"], 90, "{status}");
        assert_eq!(theirs.rooms[&room].values["wine"], 90, "{status}");
    }
}

#[tokio::test]
async fn a_room_that_is_closed_while_the_model_thinks_is_not_kept_and_no_other_closed_one_is_read() {
    let (model, hook) = interrupted();
    let town = town_with(model.clone(), at_home()).await;
    // The first of the pair reads: one who is the lower one of both pairs.
    let mut people = Vec::new();
    for name in ["민지", "수아", "하나"] {
        people.push(town.person(name, "F", &["F"]).await);
    }
    people.sort_unstable();
    let me = people[0];
    let mut rooms = Vec::new();
    for other in &people[1..] {
        town.g.matching().like(me, *other, None).await.unwrap();
        let room = town.g.matching().like(*other, me, None).await.unwrap().matched.unwrap();
        talk(&town, room, me, *other).await;
        rooms.push(room);
    }
    let (g, others) = (town.g.clone(), [people[1], people[2]]);
    *hook.lock().unwrap() = Some(Box::new(move || {
        aside(async {
            g.safety().block(others[0], me).await.unwrap();
            g.matching().unmatch(me, others[1]).await.unwrap();
        });
    }));
    for me in &people {
        consent(&town.g, *me, &[Purpose::ConversationAnalysis], true).await;
    }
    work(&town).await;
    assert_eq!(model.calls(), 1, "the second was closed before it was read");
    for me in people {
        assert!(row(&town, me).await.derived.rooms.is_empty(), "{rooms:?}");
    }
}

#[tokio::test]
async fn a_text_that_changes_while_the_model_thinks_is_read_after_it() {
    let (model, hook) = interrupted();
    let town = town_with(model.clone(), at_home()).await;
    let a = town.person("민지", "F", &["M"]).await;
    bio(&town, a, "등산").await;
    let g: Gpting = town.g.clone();
    *hook.lock().unwrap() = Some(Box::new(move || {
        aside(async {
            let edit = gpting_core::profile::ProfileEdit { bio: Some("와인".to_owned()), ..Default::default() };
            g.profiles().edit(a, edit, None).await.unwrap();
        });
    }));
    consent(&town.g, a, &PROFILE, true).await;
    work(&town).await;
    assert!(row(&town, a).await.derived.profile.is_none(), "the old text is not kept");
    work(&town).await;
    assert_eq!(model.calls(), 2);
    assert_eq!(row(&town, a).await.derived.profile.unwrap().topics["wine"], 80);
}
