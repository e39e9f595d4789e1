//! A service that is in use moves to the other engine and back: its people find everything as it was.

use std::path::Path;

use gpting_tests::{Person, Postgres, Server, Settings};
use serde_json::{Value, json};

use crate::done;

/// What somebody sees of their own.
async fn everything(person: &Person, room: u64) -> Vec<Value> {
    let mut seen = Vec::new();
    for path in [
        "/api/accounts/profile/",
        "/api/accounts/preferences/",
        "/api/accounts/consents/",
        "/api/matches/",
        "/api/matches/friends/",
        "/api/matches/friend-requests/",
        "/api/matches/likes-received/",
        "/api/chat/rooms/",
        &format!("/api/chat/rooms/{room}/messages/"),
    ] {
        seen.push(person.get(path).await.expect(200));
    }
    // The addresses of pictures end with the hour.
    seen
}

fn copy_keys(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    std::os::unix::fs::PermissionsExt::set_mode(&mut std::fs::metadata(to).unwrap().permissions(), 0o700);
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_find_everything_on_the_other_engine_and_back() {
    let mut first = Server::start(Settings::sqlite()).await;
    let a = Person::sign_up_complete(&first, "minji", "F", &["M"]).await;
    let b = Person::sign_up_complete(&first, "junho", "M", &["F"]).await;
    let c = Person::sign_up_complete(&first, "dohyun", "M", &["F"]).await;
    let gone = Person::sign_up_complete(&first, "gone", "M", &["F"]).await;
    let room = a.match_with(&b).await;
    for said in ["안녕하세요", "반가워요", "\u{1F600} \"'\\"] {
        let path = format!("/api/chat/rooms/{room}/messages/");
        a.post(&path, &json!({"content": said, "client_msg_id": uuid::Uuid::new_v4()})).await.expect(201);
    }
    b.post(&format!("/api/chat/rooms/{room}/read/"), &json!({"seq": 2})).await.expect(200);
    c.wait_until_recommended(&a).await;
    c.post(&format!("/api/matches/like/{}/", a.id), &json!({"message": "산책 좋아하세요?"})).await.expect(201);
    c.post("/api/matches/friend-request/send/", &json!({"to_user": a.id})).await.expect(201);
    a.post("/api/accounts/reports/", &json!({"user": b.id, "reason": "other", "details": "무례했어요"})).await;
    gone.post("/api/accounts/delete/", &json!({"password": gone.registration.password})).await;
    let before = [everything(&a, room).await, everything(&b, room).await];
    assert!(first.stop().await.success());

    let database = Postgres::shared().database("moved").await;
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite://{}", first.data_dir().join("gpting.db").display());
    done(folder.path(), &["copy", "--from", &file, "--to", &database.url]);
    let mut settings = Settings::postgres(&database.url);
    settings.data_dir = Some(folder.path().join("second"));
    copy_keys(&first.data_dir().join("keys"), &folder.path().join("second/keys"));
    let mut second = Server::start(settings).await;
    assert_eq!(before, [everything(&a.at(&second), room).await, everything(&b.at(&second), room).await]);
    // It goes on where it was: places of messages, versions of rows, recommendations from the new feed.
    let next = json!({"content": "이사했어요"});
    let sent = b.at(&second).post(&format!("/api/chat/rooms/{room}/messages/"), &next).await.expect(201);
    assert_eq!(sent["seq"], 4);
    let mut again = a.at(&second);
    again.log_in().await;
    let newcomer = Person::sign_up_complete(&second, "seojun", "M", &["F"]).await;
    again.wait_until_recommended(&newcomer).await;
    assert!(second.stop().await.success());

    let back = folder.path().join("third/gpting.db");
    done(folder.path(), &["copy", "--from", &database.url, "--to", &format!("sqlite://{}", back.display())]);
    let mut settings = Settings::sqlite();
    settings.data_dir = Some(folder.path().join("third"));
    copy_keys(&first.data_dir().join("keys"), &folder.path().join("third/keys"));
    let third = Server::start(settings).await;
    let history = a.at(&third).get(&format!("/api/chat/rooms/{room}/messages/")).await.expect(200);
    let said: Vec<_> = history.as_array().unwrap().iter().map(|message| message["content"].as_str().unwrap()).collect();
    assert_eq!(said, ["안녕하세요", "반가워요", "\u{1F600} \"'\\", "이사했어요"]);
    again.at(&third).wait_until_recommended(&newcomer.at(&third)).await;
}
