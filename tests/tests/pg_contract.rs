//! Every promise of the store ports, on PostgreSQL.

use std::sync::Arc;

use gpting_store_pg::{Options, PgStore};
use gpting_tests::Postgres;
use gpting_tests::postgres::Database;
use tokio::sync::OnceCell;

/// A store with 8 connections on a migrated database of its own.
async fn fresh() -> (Arc<PgStore>, Database) {
    static MIGRATED: OnceCell<Database> = OnceCell::const_new();
    let template = MIGRATED
        .get_or_init(|| async {
            let database = Postgres::shared().database("template").await;
            let store = PgStore::connect(&database.url).await.expect("the database is there");
            store.migrate().await.expect("an empty database takes the migrations");
            // Nobody may be connected to what is copied.
            store.close().await;
            database
        })
        .await;
    let database = Postgres::shared().copy_of(template, "contract").await;
    let store = Options::new().max_connections(8).connect(&database.url).await.expect("the copy is there");
    (Arc::new(store), database)
}

gpting_core::store_contract!(fresh);

gpting_core::account_store_contract!(fresh);
