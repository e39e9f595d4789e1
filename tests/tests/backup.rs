//! A backup that is taken while people write, and the service that is restored from it.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gpting_tests::{Person, Postgres, Server, Settings, server};
use serde_json::{Value, json};

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // Copies keep their permissions; keys would be refused otherwise.
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn gpting(data: &Path, database: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = Command::new(server::binary());
    command.env_clear().env("GPTING_DATA_DIR", data).current_dir(data).args(arguments);
    if let Some(url) = database {
        command.env("GPTING_DATABASE_URL", url);
    }
    command.output().unwrap()
}

/// Says something over and over until told to stop; what was acknowledged, in order.
fn write_on(person: &Person, room: u64, stop: &Arc<AtomicBool>) -> tokio::task::JoinHandle<Vec<Value>> {
    let (person, stop) = (person.clone(), Arc::clone(stop));
    tokio::spawn(async move {
        let mut said = Vec::new();
        while !stop.load(Ordering::SeqCst) {
            let text = json!({"content": format!("{}번째", said.len() + 1)});
            said.push(person.post(&format!("/api/chat/rooms/{room}/messages/"), &text).await.expect(201));
        }
        said
    })
}

async fn history(person: &Person, room: u64) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().map_or(0, |message| message["seq"].as_u64().unwrap());
        let path = format!("/api/chat/rooms/{room}/messages/?after_seq={after}&limit=100");
        let page = person.get(&path).await.expect(200).as_array().unwrap().clone();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// A beginning of what was said, without a hole and as it was said, and at least what was said before the backup began.
fn assert_prefix(restored: &[Value], said: &[Value], at_least: usize) {
    assert!((at_least..=said.len()).contains(&restored.len()), "{at_least} <= {} <= {}", restored.len(), said.len());
    for (kept, said) in restored.iter().zip(said) {
        assert_eq!((&kept["seq"], &kept["content"]), (&said["seq"], &said["content"]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_is_backed_up_while_people_write_and_restored() {
    let server = Server::start(Settings::sqlite()).await;
    let a = Person::sign_up_complete(&server, "minji", "F", &["M"]).await;
    let b = Person::sign_up_complete(&server, "junho", "M", &["F"]).await;
    let room = a.match_with(&b).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writing = write_on(&a, room, &stop);
    while history(&b, room).await.len() < 5 {}
    let before = history(&b, room).await.len();

    let folder = tempfile::tempdir().unwrap();
    let restored = folder.path().join("data");
    copy_folder(&server.data_dir().join("keys"), &restored.join("keys"));
    let copy = restored.join("gpting.db");
    let done = gpting(&server.data_dir(), None, &["backup", copy.to_str().unwrap()]);
    let (out, errors) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && out.contains("is whole"), "{out}{errors}");
    while history(&b, room).await.len() < before + 5 {}
    stop.store(true, Ordering::SeqCst);
    let said = writing.await.unwrap();
    assert!(
        !gpting(&server.data_dir(), None, &["backup", copy.to_str().unwrap()]).status.success(),
        "never over a file"
    );

    let mut settings = Settings::sqlite();
    settings.data_dir = Some(restored);
    let second = Server::start(settings).await;
    // The keys were copied, so the tokens are good as well.
    assert_prefix(&history(&b.at(&second), room).await, &said, before);
    let mut again = a.at(&second);
    again.log_in().await;
    again.post(&format!("/api/chat/rooms/{room}/messages/"), &json!({"content": "다시"})).await.expect(201);
    assert_eq!(history(&a, room).await.len(), said.len(), "the first server has lost nothing and gained nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_dumped_while_people_write_and_restored_elsewhere() {
    let database = Postgres::shared().database("dumped").await;
    let server = Server::start(Settings::postgres(&database.url)).await;
    let a = Person::sign_up_complete(&server, "minji", "F", &["M"]).await;
    let b = Person::sign_up_complete(&server, "junho", "M", &["F"]).await;
    let room = a.match_with(&b).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writing = write_on(&a, room, &stop);
    while history(&b, room).await.len() < 5 {}
    let before = history(&b, room).await.len();

    let folder = tempfile::tempdir().unwrap();
    let told = gpting(folder.path(), Some(&database.url), &["backup", "people.dump"]);
    let advice = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(!told.status.success() && advice.contains("pg_dump --schema=gpting"), "{advice}");
    let file = folder.path().join("people.dump").display().to_string();
    // The two calls of the page of operations.
    Postgres::shared()
        .run("pg_dump", &["--schema=gpting", "--format=custom", &format!("--file={file}"), &database.url]);
    stop.store(true, Ordering::SeqCst);
    let said = writing.await.unwrap();

    // A cluster of its own, whose transactions begin anew: the feed has to be put in order.
    let elsewhere = Postgres::start(gpting_tests::postgres::Options::default());
    let second = elsewhere.database("restored").await;
    elsewhere.run("pg_restore", &["--no-owner", &format!("--dbname={}", second.url), &file]);
    let mut settings = Settings::postgres(&second.url);
    settings.data_dir = Some(folder.path().join("data"));
    copy_folder(&server.data_dir().join("keys"), &folder.path().join("data/keys"));
    let restored = Server::start(settings).await;
    assert_prefix(&history(&b.at(&restored), room).await, &said, before);
    let c = Person::sign_up_complete(&restored, "seoyeon", "F", &["M"]).await;
    b.at(&restored).wait_until_recommended(&c).await;
}
