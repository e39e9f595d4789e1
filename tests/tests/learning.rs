//! Learning on a running server, on both databases: what comes of a match reaches the pair, showings are remembered with their
//! ranker, `gpting evaluate log` tells of both, and who hides is hidden.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

use std::process::Command;
use std::time::Duration;

use gpting_tests::{Person, Postgres, Server, Settings, server};
use serde_json::{Value, json};

/// What the command tells of a server's database, while the server runs.
fn evaluated(of: &Server, url: Option<&str>) -> Value {
    let mut command = Command::new(server::binary());
    command.args(["evaluate", "log", "--rounds", "20", "--json"]).env_clear();
    command.env("GPTING_DATA_DIR", of.data_dir());
    if let Some(url) = url {
        command.env("GPTING_DATABASE_URL", url);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn say(person: &Person, room: u64, text: &str) {
    person.post(&format!("/api/chat/rooms/{room}/messages/"), &json!({"content": text})).await.expect(201);
}

async fn learns(settings: Settings, url: Option<&str>) {
    let settings = settings.with("GPTING_RANKERS", "newest=1,seed=5");
    let running = Server::start(settings).await;
    let woman = Person::sign_up_complete(&running, "minji", "F", &["M"]).await;
    let mut men = Vec::new();
    for name in ["junho", "minsu", "jiho"] {
        men.push(Person::sign_up_complete(&running, name, "M", &["F"]).await);
    }
    woman.wait_until_recommended(&men[2]).await;
    let order: Vec<u64> = woman.recommended().await.iter().map(|card| card["id"].as_u64().unwrap()).collect();
    let newest: Vec<u64> = men.iter().rev().map(|man| man.id).collect();
    assert_eq!(order.iter().filter(|id| newest.contains(id)).count(), 3);
    men[1].wait_until_recommended(&woman).await;

    let room = woman.match_with(&men[1]).await;
    woman.post("/api/matches/pass/", &json!({"user_profile": men[0].id})).await.expect(201);
    say(&woman, room, "안녕하세요").await;
    say(&men[1], room, "반가워요").await;
    // The pair follows a moment after the message; a viewer may have been read before that, and the other after.
    let mut told = Value::Null;
    for _ in 0..120 {
        told = evaluated(&running, url);
        if told["rankers"][0]["replies"].as_u64() == Some(2) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let [of] = told["rankers"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!(of["name"], "newest", "{told}");
    // She passed one and matched one; he liked her.
    let counts = ["likes", "matches", "replies", "conversations"].map(|name| of[name].as_u64().unwrap());
    assert_eq!(counts, [2, 2, 2, 0], "{told}");
    assert!(of["showings"].as_u64().unwrap() >= 4, "{told}");
    assert_eq!(told["calibration"]["decided"], 3, "{told}");

    // Whoever snoozes is proposed to nobody, and comes back.
    let path = "/api/accounts/visibility/";
    assert_eq!(men[2].get(path).await.expect(200), json!({"snoozed_until": null, "incognito": false}));
    let until = "2199-01-01T00:00:00Z";
    let refused = men[2].put(path, &json!({"snoozed_until": until})).await.expect(400);
    assert!(refused["errors"]["snoozed_until"].is_array(), "more than a year ahead: {refused}");
    men[2].put(path, &json!({"incognito": true})).await.expect(200);
    assert!(woman.recommended().await.iter().all(|card| card["id"] != men[2].id));
    woman.post("/api/matches/like/", &json!({"user_profile": men[2].id})).await.expect(404);
    let open = men[2].put(path, &json!({"incognito": false, "snoozed_until": null})).await.expect(200);
    assert_eq!(open["incognito"], false);
    woman.wait_until_recommended(&men[2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_sqlite_learns_and_tells() {
    learns(Settings::sqlite(), None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_postgresql_learns_and_tells() {
    let database = Postgres::shared().database("learning").await;
    learns(Settings::postgres(&database.url), Some(&database.url)).await;
}
