//! The store and the bus that the settings name.
//!
//! Called by every command that works on members; the two stores are two types behind the same traits.

use std::sync::Arc;

use gpting_core::account::{AccountKeys, AccountStore};
use gpting_core::port::{Bus, LocalBus};
use gpting_core::store::{Store, StoreError, StoreResult};
use gpting_core::{Builder, Gpting};
use gpting_store_pg::PgStore;
use gpting_store_sqlite::SqliteStore;
use secrecy::ExposeSecret as _;

use super::settings::{BusChoice, Database};

/// A store of either kind. Clones share its connections.
#[derive(Clone, Debug)]
pub(crate) enum AnyStore {
    /// One file.
    Sqlite(Arc<SqliteStore>),
    /// A server.
    Postgres(Arc<PgStore>),
}

impl AnyStore {
    /// Opens the store and brings it to the present schema.
    ///
    /// # Errors
    /// When it cannot be reached, or is on a schema that this build does not know.
    pub(crate) async fn open(database: &Database) -> StoreResult<Self> {
        let store = Self::connect(database).await?;
        // Not on half of a copy, and on the schema of this build.
        match &store {
            Self::Sqlite(store) => store.health().await?,
            Self::Postgres(store) => store.health().await?,
        }
        Ok(store)
    }

    async fn connect(database: &Database) -> StoreResult<Self> {
        match database {
            Database::Sqlite(path) => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                if let Some(folder) = folder {
                    std::fs::create_dir_all(folder).map_err(|error| StoreError::Unavailable(Box::new(error)))?;
                }
                Ok(Self::Sqlite(Arc::new(SqliteStore::open(path).await?)))
            }
            Database::Postgres(url) => {
                let store = PgStore::connect(url.expose_secret()).await?;
                store.migrate().await?;
                Ok(Self::Postgres(Arc::new(store)))
            }
        }
    }

    /// Begins a service with accounts on this store.
    pub(crate) fn builder(&self, keys: AccountKeys) -> Builder {
        fn on(store: &Arc<impl AccountStore>, keys: AccountKeys) -> Builder {
            Gpting::builder_with_accounts(Arc::clone(store), keys)
        }
        match self {
            Self::Sqlite(store) => on(store, keys),
            Self::Postgres(store) => on(store, keys),
        }
    }

    /// What carries wake-ups as the settings say. The bus of the store is the one of this process where it has none.
    pub(crate) fn bus(&self, choice: &BusChoice) -> Arc<dyn Bus> {
        match (choice, self) {
            (BusChoice::Store, Self::Postgres(store)) => Arc::new(store.bus()),
            (BusChoice::Local, _) | (BusChoice::Store, Self::Sqlite(_)) => Arc::new(LocalBus::default()),
            (BusChoice::Postgres(bus), _) => Arc::new(bus.clone()),
            (BusChoice::Redis(bus), _) => Arc::new(bus.clone()),
        }
    }

    /// Begins a service without accounts on this store, for commands that nobody signs in to.
    pub(crate) fn builder_without_accounts(&self) -> Builder {
        match self {
            Self::Sqlite(store) => Gpting::builder_on(Arc::<SqliteStore>::clone(store)),
            Self::Postgres(store) => Gpting::builder_on(Arc::<PgStore>::clone(store)),
        }
    }

    /// The store behind its port.
    pub(crate) fn store(&self) -> &dyn Store {
        match self {
            Self::Sqlite(store) => &**store,
            Self::Postgres(store) => &**store,
        }
    }

    /// Finishes what is being written and lets the connections go.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}
