//! How a store connects by itself, when the host has no pool of its own to share.

use std::time::Duration;

use gpting_core::store::StoreResult;
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::PgStore;
use crate::error::store_error;
use crate::schema::{InvalidSchema, Schema};

/// A connection that has been idle for longer is asked whether it still lives before it is used.
const IDLE: Duration = Duration::from_secs(1);

/// How a store connects. [`PgStore::connect`] takes the defaults.
#[derive(Clone, Debug)]
pub struct Options {
    max_connections: u32,
    acquire_timeout: Duration,
    schema: Schema,
}

impl Default for Options {
    /// 16 connections, 5 seconds of waiting for one, schema `gpting`.
    fn default() -> Self {
        Self { max_connections: 16, acquire_timeout: Duration::from_secs(5), schema: Schema::default() }
    }
}

impl Options {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many connections at the most, 1 or more. Each is a process of the database; more than a few per core of its
    /// machine make nothing faster.
    #[must_use]
    pub fn max_connections(mut self, most: u32) -> Self {
        self.max_connections = most.max(1);
        self
    }

    /// How long a call waits for a free connection before it is
    /// [`Unavailable`](gpting_core::store::StoreError::Unavailable).
    #[must_use]
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// The schema that all tables live in.
    ///
    /// # Errors
    /// When the name is not one that [`InvalidSchema`] describes.
    pub fn schema(mut self, name: &str) -> Result<Self, InvalidSchema> {
        self.schema = Schema::new(name)?;
        Ok(self)
    }

    /// Connects to the database at a URL as libpq takes it (`postgres://user:password@host:port/database?sslmode=…`).
    ///
    /// # Errors
    /// [`Unavailable`](gpting_core::store::StoreError::Unavailable) when the database is out of reach,
    /// [`Internal`](gpting_core::store::StoreError::Internal) when the URL cannot be read or the login is refused.
    pub async fn connect(self, url: &str) -> StoreResult<PgStore> {
        let connect: PgConnectOptions = url.parse().map_err(store_error)?;
        // What single statements rely on, should the role or the database default to something stricter.
        let connect = connect.options([("default_transaction_isolation", "read committed"), ("jit", "off")]);
        let pool = PgPoolOptions::new()
            .max_connections(self.max_connections)
            .acquire_timeout(self.acquire_timeout)
            // Asking each time would double the round trips; a connection in steady use shows by itself that it is lost.
            .test_before_acquire(false)
            .before_acquire(|connection, connection_data| {
                Box::pin(async move {
                    if connection_data.idle_for > IDLE {
                        return Ok(connection.ping().await.is_ok());
                    }
                    Ok(true)
                })
            })
            .connect_with(connect)
            .await
            .map_err(store_error)?;
        Ok(PgStore::on(pool, self.schema))
    }
}
