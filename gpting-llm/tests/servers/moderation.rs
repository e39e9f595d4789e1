//! Opinions on texts and pictures: what goes out, what comes back, and every way to fail.

use gpting_core::assist::Flag;
use gpting_core::assist::model::{ModelError, TextModel as _};
use gpting_core::assist::moderator::{Moderator as _, Reach, Sight};

use super::*;

#[tokio::test]
async fn texts_and_pictures_are_judged() {
    for profile in [Profile::OpenAi, Profile::Compatible] {
        let server = Server::start(profile).await;
        let moderator = server.moderator();
        assert_eq!(
            (moderator.name(), moderator.reach()),
            ("omni-moderation-latest", Reach::Country),
            "on this machine"
        );
        let clean = moderator.look(Sight::Bio("산책을 좋아해요")).await.unwrap();
        assert!(clean.opinion.scores().values().all(|percent| *percent < 50), "{clean:?}");
        server.script([Behaviour::says(r#"{"sexual": 0.93, "violence": 0.4}"#)]);
        let seen = moderator.look(Sight::Photo(b"\xff\xd8\xff\xe0 pixels")).await.unwrap();
        assert_eq!((seen.opinion.scores()[&Flag::Sexual], seen.opinion.scores()[&Flag::Violence]), (93, 40));
        assert!(seen.usage.input > 0 && clean.usage.input > 0);
        let asked = server.asked();
        assert!(asked.iter().all(|asked| asked.path == "/v1/moderations"));
        assert_eq!(asked[0].text_to_judge(), Some("산책을 좋아해요"));
        assert_eq!(asked[1].picture_to_judge(), Some("data:image/jpeg;base64,/9j/4CBwaXhlbHM="));
        assert_eq!(asked[1].header("authorization"), Some("Bearer sk-stand-in"));
    }
    let away = Llm::builder("https://api.openai.com").key("k").moderation_model("omni-moderation-latest");
    let away = away.build().unwrap().moderator().unwrap();
    assert_eq!((away.reach(), away.clone().in_the_country().reach()), (Reach::Abroad, Reach::Country));
}

#[tokio::test]
async fn every_kind_of_trouble_ends_as_it_does_for_text() {
    for (behaviour, requests, is_passing) in [
        (Behaviour::Garbage, 1, false),
        (Behaviour::WrongSchema, 1, false),
        (Behaviour::Missing, 1, false),
        (Behaviour::Huge { bytes: 10_000_000, is_told: false }, 1, false),
        (Behaviour::Reset, 3, true),
        (Behaviour::Half, 3, true),
        (Behaviour::busy(10), 3, true),
        (Behaviour::status(500), 3, true),
        (Behaviour::status(401), 1, false),
        (Behaviour::status(404), 1, false),
    ] {
        let server = Server::start(Profile::OpenAi).await;
        server.always(behaviour.clone());
        let error = server.moderator().look(Sight::Message("hello")).await.unwrap_err();
        assert_eq!(matches!(error, ModelError::Unavailable { .. }), is_passing, "{behaviour:?}: {error:?}");
        assert_eq!(server.asked().len(), requests, "{behaviour:?}");
    }
}

#[tokio::test]
async fn a_picture_that_is_too_large_is_not_sent_and_a_broken_judge_silences_no_writer() {
    let server = Server::start(Profile::OpenAi).await;
    let llm = server.client().moderation_model("omni-moderation-latest").build().unwrap();
    let moderator = llm.moderator().unwrap();
    let large = vec![0xff; (4 << 20) + 1];
    let refused = moderator.look(Sight::Photo(&large)).await;
    assert!(matches!(refused, Err(ModelError::Rejected { status: 0 })), "{refused:?}");
    assert!(server.asked().is_empty());
    moderator.look(Sight::Photo(&large[1..])).await.unwrap();
    server.script((0..6).map(|_| Behaviour::status(401)));
    for _ in 0..6 {
        assert!(moderator.look(Sight::Bio("hello")).await.is_err());
    }
    server.always(Behaviour::Obedient);
    let stats = llm.stats();
    assert!(stats.moderations.is_open && !stats.text.is_open, "{stats:?}");
    assert_eq!((stats.moderations.answered, stats.moderations.rejected, stats.moderations.unavailable), (1, 5, 1));
    server.script([]);
    assert!(llm.text().unwrap().complete(&prompt(None)).await.is_err(), "the sixth of the script is left");
    llm.text().unwrap().complete(&prompt(None)).await.unwrap();
}

#[tokio::test]
async fn checking_tries_it_too() {
    let server = Server::start(Profile::OpenAi).await;
    let named = |builder: Builder| builder.moderation_model("omni-moderation-latest").build().unwrap();
    let report = named(Llm::builder(&server.url()).key("k").profile(Profile::OpenAi)).check().await;
    assert!(report.ok && report.moderation.is_some_and(|probe| probe.works));
    server.always(Behaviour::status(404));
    let report = named(Llm::builder(&server.url()).key("k").profile(Profile::OpenAi)).check().await;
    assert_eq!(report.moderation.unwrap().reason.as_deref(), Some("status 404: no such path or model"));
    assert!(!report.ok);
}
