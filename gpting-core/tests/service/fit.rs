//! What makes two people fit, as members say it: questions, weights, wider limits, and the sentences about it.

use gpting_core::id::MemberId;
use gpting_core::matching::reach::LimitChange;
use gpting_core::matching::slate::SlateRequest;
use gpting_core::profile::wish::WeightsEdit;
use gpting_core::profile::{
    AnswerInput, GivenAnswer, Importance, LocateInput, PreferencesEdit, ProfileEdit, WeightLevel,
};
use gpting_core::{Code, Relax};

use crate::people::{Town, town};

fn given(question: &str, choice: &str, accepts: &[&str], importance: Importance, dealbreaker: bool) -> AnswerInput {
    let accepts = Some(accepts.iter().map(|&code| code.to_owned()).collect());
    let answer = GivenAnswer { choice: choice.to_owned(), accepts, importance: Some(importance), dealbreaker };
    AnswerInput { question: question.to_owned(), answer: Some(answer) }
}

async fn seen(town: &Town, me: MemberId, relax: Relax) -> Vec<MemberId> {
    let request = SlateRequest { relax, ..SlateRequest::first(50) };
    let slate = town.g.matching().slate(me, request).await.unwrap();
    slate.cards.into_iter().map(|card| card.card.id).collect()
}

async fn strict(town: &Town, me: MemberId) -> Vec<MemberId> {
    seen(town, me, Relax::NONE).await
}

#[tokio::test]
async fn answers_move_people_and_dealbreakers_hide_them_from_each_other() {
    let town = town().await;
    let me = town.person("민지", "F", &["M"]).await;
    let mut men = [town.person("준호", "M", &["F"]).await, town.person("민수", "M", &["F"]).await];
    men.sort_unstable();
    let profiles = town.g.profiles();
    profiles.set_answers(me, vec![given("rhythm", "morning", &["morning"], Importance::Very, false)]).await.unwrap();
    for (man, choice) in men.iter().zip(["evening", "morning"]) {
        let answer = given("rhythm", choice, &["morning", "evening"], Importance::Little, false);
        profiles.set_answers(*man, vec![answer]).await.unwrap();
    }
    assert_eq!(strict(&town, me).await, [men[1], men[0]], "whose answer is accepted comes first");
    assert_eq!(strict(&town.again_as_town().await, me).await, [men[1], men[0]], "after a restart too");
    // Her questions matter to her no longer: then the smaller id decides.
    let off = WeightsEdit { questions: Some(WeightLevel::Off), ..WeightsEdit::default() };
    let edit = PreferencesEdit { weights: off, ..PreferencesEdit::default() };
    assert_eq!(profiles.set_preferences(me, edit).await.unwrap().weights.questions, WeightLevel::Off);
    assert_eq!(strict(&town, me).await, men);
    // As a condition it holds whatever the weights, in both directions, and is named as the filter that it is.
    profiles.set_answers(me, vec![given("rhythm", "morning", &["morning"], Importance::Very, true)]).await.unwrap();
    assert_eq!(strict(&town, me).await, [men[1]]);
    assert!(strict(&town, men[0]).await.is_empty() && strict(&town, men[1]).await == [me]);
    let reach = town.g.matching().reach(me).await.unwrap();
    assert!(reach.hidden_by.contains(&("questions".to_owned(), 1)), "{reach:?}");
    assert_eq!(town.g.profiles().card(me, men[0]).await.unwrap().id, men[0], "who was shown stays known");
    let back = AnswerInput { question: "rhythm".to_owned(), answer: None };
    assert!(profiles.set_answers(me, vec![back]).await.unwrap().is_empty());
    assert_eq!(strict(&town, me).await.len(), 2);
}

#[tokio::test]
async fn steps_say_exactly_what_they_gain() {
    let town = town().await;
    let me = town.person("민지", "F", &["M"]).await;
    for (name, place, born) in [
        ("가람", "서울 강남구", "1996-05-05"),
        ("나래", "경기 수원시", "1996-05-05"),
        ("다온", "대전 서구", "1996-05-05"),
        ("라온", "서울 강남구", "1993-05-05"),
        ("마루", "서울 강남구", "1980-05-05"),
    ] {
        let man = town.person(name, "M", &["F"]).await;
        let place = LocateInput { location: Some(place.to_owned()), coordinates: None };
        town.g.profiles().locate(man, place).await.unwrap();
        if born != "1996-05-05" {
            town.reborn(man, born).await;
        }
    }
    let limits = PreferencesEdit {
        age_min: Some(28),
        age_max: Some(32),
        max_distance_km: Some(Some(10)),
        ..PreferencesEdit::default()
    };
    town.g.profiles().set_preferences(me, limits).await.unwrap();
    let reach = town.g.matching().reach(me).await.unwrap();
    assert_eq!(reach.eligible, 1);
    let told: Vec<(LimitChange, usize)> = reach.steps.iter().map(|step| (step.change, step.gains)).collect();
    assert!(told.contains(&(LimitChange::Age { from: (28, 32), to: (27, 33) }, 1)), "{told:?}");
    assert!(told.contains(&(LimitChange::Distance { from: 10, to: Some(30) }, 1)), "{told:?}");
    assert!(told.contains(&(LimitChange::Distance { from: 10, to: Some(200) }, 2)), "{told:?}");
    assert_eq!(told.iter().map(|step| step.1).max(), Some(2));
    let before = strict(&town, me).await;
    for step in &reach.steps {
        let with = seen(&town, me, step.relax).await;
        assert_eq!(with.len(), before.len() + step.gains, "{step:?}");
        assert!(before.iter().all(|one| with.contains(one)));
    }
    let request = SlateRequest { relax: reach.steps[0].relax, ..SlateRequest::first(5) };
    let slate = town.g.matching().slate(me, request).await.unwrap();
    assert_eq!(slate.relaxed.len(), 1, "and the list says so");
    assert_eq!(strict(&town, me).await, before, "nothing has been changed by asking");
}

#[tokio::test]
async fn compatibility_is_what_the_slate_says_and_of_nobody_who_may_not_be_seen() {
    let town = town().await;
    let (me, him) = (town.person("민지", "F", &["M"]).await, town.person("준호", "M", &["F"]).await);
    for n in 0..4 {
        town.person(&format!("남{n}"), "M", &["F"]).await;
    }
    let stranger = town.person("수아", "F", &["F"]).await;
    let slate = town.g.matching().slate(me, SlateRequest::first(10)).await.unwrap();
    for card in &slate.cards {
        let found = town.g.matching().compatibility(me, card.card.id).await.unwrap();
        assert_eq!((found.score, &found.reasons[..card.reasons.len()]), (card.score, &card.reasons[..]));
        assert!((2..=4).contains(&found.reasons.len()));
    }
    let refused = |answer: gpting_core::Result<_>| answer.map(|_| ()).expect_err("a refusal").code();
    assert_eq!(refused(town.g.matching().compatibility(me, stranger).await), Code::MemberNotFound);
    assert_eq!(refused(town.g.matching().compatibility(me, me).await), Code::MemberNotFound);
    let nobody = MemberId::new(99).unwrap();
    assert_eq!(refused(town.g.matching().compatibility(me, nobody).await), Code::MemberNotFound);
    // What he decides about her, or wishes, moves nothing that she is told.
    let before = town.g.matching().compatibility(me, him).await.unwrap();
    town.g.matching().like(him, me, None).await.unwrap();
    assert_eq!(town.g.matching().compatibility(me, him).await.unwrap().reasons, before.reasons);
    town.g.safety().block(him, me).await.unwrap();
    assert_eq!(refused(town.g.matching().compatibility(me, him).await), Code::MemberNotFound);
}

#[tokio::test]
async fn people_who_write_of_the_same_come_first_and_likes_lead_to_others_like_them() {
    let town = town().await;
    let me = town.person("민지", "F", &["M"]).await;
    let write = async |who: MemberId, bio: &str| {
        let edit = ProfileEdit { bio: Some(bio.to_owned()), interests: Some(Vec::new()), ..ProfileEdit::default() };
        town.g.profiles().edit(who, edit, None).await.unwrap();
    };
    write(me, "재즈 공연을 보러 다녀요").await;
    let mut men = Vec::new();
    for n in 0..12 {
        let man = town.person(&format!("남{n}"), "M", &["F"]).await;
        write(man, if n == 0 { "재즈 공연이 좋아요" } else { "야구 직관을 좋아해요" }).await;
        men.push(man);
    }
    let other = town.person("현우", "M", &["F"]).await;
    write(other, "낚시를 다녀요").await;
    assert_eq!(strict(&town, me).await[0], men[0], "as long as nothing else is known");
    let distance = async || {
        let shown = strict(&town, me).await;
        let place = |who: MemberId| shown.iter().position(|one| *one == who).unwrap();
        (place(men[11]), place(other))
    };
    for man in &men[1..11] {
        town.g.matching().like(me, *man, None).await.unwrap();
    }
    let (alike, unlike) = distance().await;
    assert!(alike < unlike, "who likes ten of a kind sooner sees the next");
    let found = town.g.profiles().suggestions(me).await.unwrap();
    assert!(found.interests.contains(&"jazz".to_owned()), "{found:?}");
}
