//! The store on SQLite keeps every promise of the contract.

use std::sync::Arc;

use gpting_store_sqlite::SqliteStore;
use tempfile::TempDir;

/// A fresh store in a folder of its own, which lives as long as the store.
async fn fresh() -> (Arc<SqliteStore>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("contract.db")).await.unwrap();
    (Arc::new(store), folder)
}

gpting_core::store_contract!(fresh);
gpting_core::account_store_contract!(fresh);
