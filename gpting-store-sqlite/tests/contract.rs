//! The contract suite of the core against a fresh file per promise.

mod store {
    use std::sync::Arc;

    use gpting_store_sqlite::SqliteStore;
    use tempfile::TempDir;

    async fn fresh() -> (Arc<SqliteStore>, TempDir) {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let store = SqliteStore::open(folder.path().join("contract.db")).await.expect("a new database");
        (Arc::new(store), folder)
    }

    gpting_core::store_contract!(fresh);
    gpting_core::account_store_contract!(fresh);
}
