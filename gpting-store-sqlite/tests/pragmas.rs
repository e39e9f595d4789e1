//! No connection, of the writer or of any reader, is without its safeguards.

use gpting_core::event::{Event, Fact};
use gpting_core::id::MemberId;
use gpting_core::store::{Store, StoreError, Work};
use gpting_store_sqlite::{Durability, Options, SqliteStore};
use jiff::Timestamp;

#[tokio::test(flavor = "multi_thread")]
async fn every_connection_is_durable_and_checks_references() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("a.db")).await.unwrap();
    let settings = store.settings().await.unwrap();
    assert_eq!(settings.len(), 5, "one writer and four readers");
    for (number, connection) in settings.iter().enumerate() {
        assert_eq!(connection.journal_mode, "wal");
        assert_eq!(connection.synchronous, 2, "FULL on connection {number}");
        assert!(connection.foreign_keys, "connection {number}");
        assert!(connection.secure_delete, "connection {number}");
        assert_eq!(connection.busy_timeout_ms, 5000);
        assert_eq!(connection.query_only, number > 0, "only the writer writes");
    }
}

#[tokio::test]
async fn less_durability_must_be_asked_for_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new(folder.path().join("a.db")).readers(1).durability(Durability::Process);
    let settings = SqliteStore::open_with(options).await.unwrap().settings().await.unwrap();
    let synchronous: Vec<i64> = settings.iter().map(|connection| connection.synchronous).collect();
    assert_eq!(synchronous, [1, 1]);
}

#[tokio::test]
async fn a_file_without_schema_is_unhealthy_until_it_is_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new(folder.path().join("a.db")).migrate(false);
    let store = SqliteStore::open_with(options).await.unwrap();
    assert!(matches!(store.health().await, Err(StoreError::Unavailable(_))));
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();
    store.health().await.unwrap();
}

#[tokio::test]
async fn a_closed_store_has_kept_what_was_queued_and_takes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let joined = Event { at: Timestamp::UNIX_EPOCH, fact: Fact::Joined { member: MemberId::new(1).unwrap() } };
    let (queued, ()) = tokio::join!(store.commit(Work::new().event(joined.clone())), store.close());
    queued.unwrap();
    assert!(matches!(store.commit(Work::new()).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.health().await, Err(StoreError::Unavailable(_))));
    store.close().await;

    let again = SqliteStore::open(&path).await.unwrap();
    let events = again.events(0, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event, joined);
}
