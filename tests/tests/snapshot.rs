//! A server's index on the disk: the next start is quick, shows nobody who is gone, and trusts no file of another time.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gpting_core::id::MemberId;
use gpting_core::store::{Change, Store as _, Work};
use gpting_store_pg::PgStore;
use gpting_store_sqlite::SqliteStore;
use gpting_tests::{Person, Postgres, Server, Settings};

async fn metric(server: &Server, name: &str) -> f64 {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let text = http.get(format!("{}/metrics", server.admin_url())).send().await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

async fn is_loaded(server: &Server) -> bool {
    metric(server, "gpting_index_loaded").await > 0.5
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number of people")]
async fn people(server: &Server) -> u64 {
    metric(server, "gpting_people").await as u64
}

fn index(data: &Path) -> PathBuf {
    data.join("index/people")
}

fn holds(file: &Path, person: &Person) -> bool {
    let id = person.id.to_le_bytes();
    std::fs::read(file).unwrap_or_default().windows(8).any(|window| window == id)
}

/// What only a command or another instance would do meanwhile.
async fn erase(server: &Server, url: Option<&str>, person: &Person) {
    let member = MemberId::new(person.id.cast_signed()).unwrap();
    let work = Work::new().change(Change::Erase { member, tombstone: MemberId::new(7).unwrap() });
    if let Some(url) = url {
        PgStore::connect(url).await.unwrap().commit(work).await.unwrap();
    } else {
        let store = SqliteStore::open(server.data_dir().join("gpting.db")).await.unwrap();
        store.commit(work).await.unwrap();
        store.close().await;
    }
}

#[expect(clippy::many_single_char_names, reason = "people")]
async fn starts_quickly(settings: Settings, url: Option<&str>) {
    let mut server = Server::start(settings).await;
    assert!(!is_loaded(&server).await, "there is nothing yet");
    let a = Person::sign_up_complete(&server, "minji", "F", &["M"]).await;
    let b = Person::sign_up_complete(&server, "junho", "M", &["F"]).await;
    let c = Person::sign_up_complete(&server, "dohyun", "M", &["F"]).await;
    let d = Person::sign_up_complete(&server, "seojun", "M", &["F"]).await;
    a.wait_until_recommended(&d).await;
    assert!(server.stop().await.success());
    let file = index(&server.data_dir());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "no half is left");
    assert!([&a, &b, &c, &d].iter().all(|person| holds(&file, person)));

    // Somebody is erased while nobody looks.
    erase(&server, url, &b).await;
    server.restart().await;
    assert!(is_loaded(&server).await);
    assert_eq!(people(&server).await, 3);
    let cards = a.recommended().await;
    assert!(cards.iter().all(|card| card["id"] != b.id) && cards.iter().any(|card| card["id"] == c.id), "{cards:?}");

    // And while somebody looks: the file forgets them too, and the one from before the start.
    assert!(holds(&file, &c));
    erase(&server, url, &c).await;
    let asked = Instant::now();
    while holds(&file, &c) || holds(&file, &b) {
        assert!(asked.elapsed() < Duration::from_mins(1), "the file still holds somebody who was erased");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(holds(&file, &a), "the others are there");

    // Not ended gently: the last one is good, and what came after it is read.
    let e = Person::sign_up_complete(&server, "haneul", "M", &["F"]).await;
    a.wait_until_recommended(&e).await;
    assert!(!holds(&file, &e));
    server.restart().await;
    assert!(is_loaded(&server).await);
    assert_eq!(people(&server).await, 3);
    a.wait_until_recommended(&e).await;

    // Torn by whatever: read everybody.
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() - 9]).unwrap();
    server.restart().await;
    assert!(!is_loaded(&server).await);
    assert_eq!(people(&server).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_on_sqlite_uses_it_and_forgets_the_erased() {
    starts_quickly(Settings::sqlite(), None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_on_postgres_uses_it_and_forgets_the_erased() {
    let database = Postgres::shared().database("index").await;
    starts_quickly(Settings::postgres(&database.url), Some(&database.url)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_an_earlier_time_is_read_whole() {
    let mut server = Server::start(Settings::sqlite()).await;
    let a = Person::sign_up_complete(&server, "minji", "F", &["M"]).await;
    assert!(server.stop().await.success());
    let file = server.data_dir().join("gpting.db");
    let before = std::fs::read(&file).unwrap();
    server.restart().await;
    let b = Person::sign_up_complete(&server, "junho", "M", &["F"]).await;
    a.wait_until_recommended(&b).await;
    assert!(server.stop().await.success());
    assert!(holds(&index(&server.data_dir()), &b));
    // A backup is put back: whoever came after it is nowhere.
    for log in ["gpting.db-wal", "gpting.db-shm"] {
        let _ = std::fs::remove_file(server.data_dir().join(log));
    }
    std::fs::write(&file, before).unwrap();
    server.restart().await;
    assert!(!is_loaded(&server).await);
    assert_eq!(people(&server).await, 1);
    assert!(a.recommended().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_can_be_left_out() {
    let mut server = Server::start(Settings::sqlite().with("GPTING_INDEX_SNAPSHOT", "off")).await;
    assert!(server.stop().await.success());
    assert!(!server.data_dir().join("index").exists());
    server.restart().await;
    assert!(!is_loaded(&server).await);
}
