//! The demo: somebody signs up among made-up members, is liked back, written to and answered; real people are never put
//! beside them.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use gpting_tests::{Person, Server, Settings, server};
use serde_json::{Value, json};

const DEMO: [&str; 5] = ["demo", "--members=90", "--seed=7", "--pace", "0.2"];
/// How long is waited for whatever takes the members a pause of parts of a second.
const PATIENCE: Duration = Duration::from_secs(40);

/// Asks until there is an answer.
async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn messages(person: &Person, room: u64) -> Vec<Value> {
    person.get(&format!("/api/chat/rooms/{room}/messages/")).await.expect(200).as_array().unwrap().clone()
}

fn is_made_up(card: &Value) -> bool {
    let name = card["nickname"].as_str().unwrap();
    name.ends_with("(데모)") || name.ends_with("(demo)")
}

/// Says something in a room and returns what is answered.
async fn answer_to(guest: &Person, room: u64, text: &str) -> String {
    let said = guest.post(&format!("/api/chat/rooms/{room}/messages/"), &json!({"content": text})).await.expect(201);
    let seq = said["seq"].as_u64().unwrap();
    let answer = until("an answer", async || {
        let all = messages(guest, room).await;
        let later = all.iter().find(|message| message["seq"].as_u64().unwrap() > seq).cloned();
        later.inspect(|_| {
            let mine = all.iter().find(|message| message["seq"] == seq).unwrap();
            assert_eq!(mine["is_read"], true, "answered without having been read");
        })
    });
    let answer = answer.await;
    assert_eq!((&answer["is_mine"], &answer["seq"]), (&json!(false), &json!(seq + 1)));
    answer["content"].as_str().unwrap().to_owned()
}

fn is_korean(text: &str) -> bool {
    text.chars().any(|c| ('가'..='힣').contains(&c))
}

#[tokio::test]
async fn a_guest_is_liked_back_written_to_and_answered() {
    let mut server = Server::start(Settings::sqlite().running(&DEMO)).await;
    let guest = Person::sign_up_complete(&server, "guest", "F", &["M"]).await;
    let cards = until("cards", async || Some(guest.recommended().await).filter(|cards| cards.len() >= 20)).await;
    assert!(cards.iter().all(is_made_up), "{cards:?}");

    for card in &cards {
        guest.post(&format!("/api/matches/like/{}/", card["id"]), &json!({})).await.expect(201);
    }
    let room = until("a match that writes first", async || {
        let rooms = guest.get("/api/chat/rooms/").await.expect(200);
        rooms.as_array().unwrap().iter().find(|room| room["last_seq"] == 1).and_then(|room| room["room_id"].as_u64())
    });
    let room = room.await;
    let first = messages(&guest, room).await;
    assert_eq!((first.len(), &first[0]["is_mine"]), (1, &json!(false)));

    assert!(is_korean(&answer_to(&guest, room, "안녕하세요! 주말에 뭐 하세요?").await));
    let english = answer_to(&guest, room, "I love coffee").await;
    assert!(!is_korean(&english), "answered in the language of the message: {english}");

    // Seven in ten like back: fewer than one in three would not happen in a lifetime of runs.
    let enough = cards.len() / 3;
    until("more matches", async || {
        let matches = guest.get("/api/matches/?limit=100").await.expect(200);
        (matches.as_array().unwrap().len() >= enough).then_some(())
    })
    .await;

    // The next start goes on with the same members, and nobody says anything twice.
    let before = messages(&guest, room).await.len();
    let seen: BTreeSet<u64> = cards.iter().map(|card| card["id"].as_u64().unwrap()).collect();
    server.restart().await;
    answer_to(&guest, room, "고마워요").await;
    assert_eq!(messages(&guest, room).await.len(), before + 2);
    let rooms = guest.get("/api/chat/rooms/").await.expect(200);
    let partners = rooms.as_array().unwrap().iter().map(|room| room["partner"]["id"].as_u64().unwrap());
    assert!(partners.into_iter().filter(|partner| seen.contains(partner)).count() > 0);
    let log = server.log();
    assert!(log.contains("new=90") && log.contains("known=90"), "members are made once:\n{log}");
}

#[tokio::test]
async fn somebody_who_only_looks_around_is_liked_and_sees_pictures() {
    let server = Server::start(Settings::sqlite().running(&DEMO)).await;
    let guest = Person::sign_up_complete(&server, "shy", "M", &["F"]).await;
    let likes = until("a like", async || {
        let likes = guest.get("/api/matches/likes-received/").await.expect(200);
        likes.as_array().unwrap().first().cloned()
    });
    let admirer = likes.await;
    let id = admirer["id"].as_u64().unwrap();
    let liked = guest.post(&format!("/api/matches/like/{id}/"), &json!({})).await.expect(201);
    assert_eq!(liked["matched"], true, "whoever likes a guest is matched by a like");
    until("a portrait", async || {
        let cards = guest.recommended().await;
        cards.iter().any(|card| card["photos"].as_array().is_some_and(|photos| !photos.is_empty())).then_some(())
    })
    .await;
}

#[tokio::test]
async fn made_up_members_never_stand_beside_real_ones() {
    let mut server = Server::start(Settings::sqlite()).await;
    let person = Person::sign_up_complete(&server, "real", "F", &["M"]).await;
    assert!(server.stop().await.success());
    let demo = || {
        Command::new(server::binary())
            .env_clear()
            .env("GPTING_DATA_DIR", server.data_dir())
            .env("GPTING_LISTEN", "127.0.0.1:0")
            .env("GPTING_ADMIN_LISTEN", "127.0.0.1:0")
            .current_dir(server.data_dir())
            .args(DEMO)
            .output()
            .unwrap()
    };
    let refused = demo();
    assert!(!refused.status.success());
    let reason = String::from_utf8_lossy(&refused.stderr);
    assert!(reason.contains("members who are not the demo's") && reason.contains("--data-dir"), "{reason}");
    server.restart().await;
    let shown = person.recommended().await;
    assert!(shown.is_empty(), "a refused demo changes nothing: {shown:?}");
}
