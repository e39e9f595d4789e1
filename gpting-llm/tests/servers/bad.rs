//! Every way to behave badly: how often it is asked, and what comes of it.

use std::time::Instant;

use gpting_core::assist::model::{Embedder as _, ModelError, TextModel as _};

use super::*;

/// Whether a call ended as expected.
fn is(kind: &str, error: &ModelError) -> bool {
    match error {
        ModelError::Unavailable { .. } => kind == "unavailable",
        ModelError::Rejected { status } => kind == status.to_string(),
        ModelError::Refused => kind == "refused",
        ModelError::Unreadable => kind == "unreadable",
        _ => false,
    }
}

#[tokio::test]
async fn each_kind_of_trouble_has_its_number_of_requests_and_its_error() {
    for (behaviour, requests, kind) in [
        (Behaviour::Garbage, 1, "unreadable"),
        (Behaviour::Huge { bytes: 10_000_000, is_told: true }, 1, "unreadable"),
        (Behaviour::Huge { bytes: 10_000_000, is_told: false }, 1, "unreadable"),
        (Behaviour::Reset, 3, "unavailable"),
        (Behaviour::Half, 3, "unavailable"),
        (Behaviour::busy(10), 3, "unavailable"),
        (Behaviour::status(408), 3, "unavailable"),
        (Behaviour::status(500), 3, "unavailable"),
        (Behaviour::status(503), 3, "unavailable"),
        (Behaviour::status(400), 1, "400"),
        (Behaviour::status(401), 1, "401"),
        (Behaviour::status(403), 1, "403"),
        (Behaviour::status(404), 1, "404"),
        (Behaviour::status(422), 1, "422"),
    ] {
        let server = Server::start(Profile::Compatible).await;
        server.always(behaviour.clone());
        let error = server.text().complete(&prompt(None)).await.unwrap_err();
        assert!(is(kind, &error), "{behaviour:?}: {error:?}");
        assert_eq!(server.asked().len(), requests, "{behaviour:?}");
        let error = server.embedder().embed(&texts(3)).await.unwrap_err();
        assert!(is(kind, &error), "{behaviour:?}: {error:?}");
        assert_eq!(server.asked().len(), 2 * requests, "{behaviour:?}");
    }
}

#[tokio::test]
async fn texts_that_are_none_are_told_from_texts_that_are_cut() {
    let server = Server::start(Profile::OpenAi).await;
    let text = server.text();
    server.script([Behaviour::Refusal, Behaviour::Filtered]);
    for _ in 0..2 {
        let refused = text.complete(&prompt(Some(schema()))).await;
        assert!(matches!(refused, Err(ModelError::Refused)), "{refused:?}");
    }
    server.script([Behaviour::Length, Behaviour::WrongSchema]);
    let cut = text.complete(&prompt(Some(schema()))).await.unwrap();
    assert!(!cut.is_whole && !cut.text.is_empty() && serde_json::from_str::<Value>(&cut.text).is_err());
    // What does not follow the schema is handed on as it is: who asked has to look at it anyway.
    let wrong = text.complete(&prompt(Some(schema()))).await.unwrap();
    assert!(wrong.is_whole && !jsonschema::is_valid(&schema(), &serde_json::from_str(&wrong.text).unwrap()));
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn vectors_that_are_none_are_refused_at_once() {
    for behaviour in [Behaviour::WrongSchema, Behaviour::Missing, Behaviour::NotFinite, Behaviour::NotANumber] {
        let server = Server::start(Profile::Compatible).await;
        server.script([behaviour.clone()]);
        let embedder = server.embedder();
        let refused = embedder.embed(&texts(3)).await;
        assert!(matches!(refused, Err(ModelError::Unreadable)), "{behaviour:?}: {refused:?}");
        assert_eq!(server.asked().len(), 1, "{behaviour:?}");
        assert_eq!(embedder.embed(&texts(3)).await.unwrap().vectors.len(), 3);
    }
}

#[tokio::test]
async fn trouble_that_passes_is_not_noticed() {
    for trouble in TROUBLE {
        let server = Server::start(Profile::Compatible).await;
        server.script([trouble(), trouble()]);
        assert_eq!(server.text().complete(&prompt(None)).await.unwrap().text, "ok", "{:?}", trouble());
        assert_eq!(server.asked().len(), 3, "{:?}", trouble());
    }
}

#[tokio::test]
async fn a_busy_server_is_left_alone_as_long_as_it_asks() {
    let server = Server::start(Profile::OpenAi).await;
    server.script([Behaviour::busy(300), Behaviour::busy(150)]);
    server.text().complete(&prompt(None)).await.unwrap();
    let at: Vec<Instant> = server.asked().iter().map(|asked| asked.at).collect();
    assert_eq!(at.len(), 3);
    let waits = [at[1] - at[0], at[2] - at[1]];
    assert!(waits[0] >= Duration::from_millis(299) && waits[1] >= Duration::from_millis(149), "{waits:?}");
}

#[tokio::test]
async fn who_hangs_or_drips_is_waited_for_as_long_as_allowed_and_asked_once() {
    for behaviour in [Behaviour::Hang, Behaviour::Drip(Duration::from_millis(50))] {
        let server = Server::start(Profile::Compatible).await;
        server.always(behaviour.clone());
        let second = Duration::from_secs(1);
        let llm = server.client().patience(second, second / 4, second / 2).build().unwrap();
        for (pace, patience) in [(Pace::Interactive, second / 4), (Pace::Background, second / 2)] {
            server.forget();
            let begun = Instant::now();
            let late = llm.text().unwrap().complete(&Prompt { pace, ..prompt(None) }).await;
            assert!(matches!(late, Err(ModelError::Unavailable { .. })), "{behaviour:?}: {late:?}");
            assert!(begun.elapsed() >= patience, "{behaviour:?}: {:?}", begun.elapsed());
            assert_eq!(server.asked().len(), 1, "{behaviour:?}");
        }
        let begun = Instant::now();
        assert!(llm.embedder().unwrap().embed(&texts(2)).await.is_err());
        assert!(begun.elapsed() >= second / 2);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_and_soon_not_asked_any_more() {
    let url = StandIn::dead().await.unwrap();
    let llm = client_of(&url).build().unwrap();
    let text = llm.text().unwrap();
    for call in 0..20 {
        let failed = text.complete(&prompt(None)).await;
        assert!(matches!(failed, Err(ModelError::Unavailable { .. })), "{call}: {failed:?}");
    }
    let stats = llm.stats();
    assert_eq!((stats.requests, stats.text.unavailable, stats.text.is_open), (5, 20, true));
}

#[tokio::test]
async fn redirects_are_not_followed_and_the_key_stays_at_home() {
    let (server, elsewhere) = (Server::start(Profile::Compatible).await, Server::start(Profile::Compatible).await);
    server.always(Behaviour::moved(&format!("{}/chat/completions", elsewhere.url())));
    let moved = server.text().complete(&prompt(None)).await;
    assert!(matches!(moved, Err(ModelError::Rejected { status: 307 })), "{moved:?}");
    assert!(elsewhere.stand_in.asked().is_empty());
}

#[tokio::test]
async fn a_server_that_recovers_is_used_again() {
    // The breaker's clock is the only one here that is moved: nothing is on its way while it is.
    let server = Server::start(Profile::Compatible).await;
    let text = server.text();
    server.script((0..5).map(|_| Behaviour::status(500)));
    for _ in 0..9 {
        assert!(text.complete(&prompt(None)).await.is_err());
    }
    assert_eq!(server.asked().len(), 5);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    assert_eq!(text.complete(&prompt(None)).await.unwrap().text, "ok");
    assert_eq!(server.asked().len(), 6);
}
