//! [`PgBus`]: wake-ups between processes over `LISTEN` and `NOTIFY`.
//!
//! A transaction that notifies takes one lock of the whole cluster until its commit is on the disk, so no commit of the
//! store ever does. The bus notifies afterwards, from a connection of its own whose commits do not wait for the disk, and
//! gathers what comes within a few milliseconds into one notification ([`Relay`]).

use std::sync::Arc;

use async_trait::async_trait;
use gpting_core::SystemRng;
use gpting_core::bus::{Line, Listener, Relay, Speaker};
use gpting_core::port::{Bus, BusHealth, Hint, PortError};
use gpting_core::store::StoreResult;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{ConnectOptions as _, PgConnection, PgPool};
use tokio::sync::broadcast;

use crate::PgStore;
use crate::error::store_error;
use crate::schema::DEFAULT;

/// Losing a notification in a power cut loses nothing: the store is the log.
const NO_WAITING: &str = "SET synchronous_commit = off";
const NOTIFY: &str = "SELECT pg_notify($1, $2)";

/// Wakes the other processes that share a database and a schema.
///
/// Two connections beside the store's pool, made when [`carry`](Bus::carry) is first polled and made anew when lost;
/// until then, and while the database is away, publishing goes on. Everybody on the channel hears of every room and
/// member that moves, by their ids and nothing else. A pooler that hands out a connection per transaction cannot listen:
/// give the bus the database's own address by [`PgBus::connect`].
#[derive(Clone, Debug)]
pub struct PgBus {
    relay: Arc<Relay>,
    line: PgLine,
}

impl PgBus {
    /// A bus on the database of a URL, for stores in the schema `gpting`. Nothing is asked of the database yet.
    ///
    /// # Errors
    /// When the URL is none.
    pub fn connect(url: &str) -> StoreResult<Self> {
        let options: PgConnectOptions = url.parse().map_err(store_error)?;
        Ok(Self::on(options, DEFAULT))
    }

    /// A bus where a store is.
    pub(crate) fn beside(store: &PgStore) -> Self {
        Self::on((*store.pool.connect_options()).clone(), store.schema.name())
    }

    fn on(options: PgConnectOptions, schema: &str) -> Self {
        let line = PgLine { options, channel: format!("{schema}_wake").into() };
        Self { relay: Arc::new(Relay::new(&SystemRng)), line }
    }
}

#[async_trait]
impl Bus for PgBus {
    fn publish(&self, hints: &[Hint]) {
        self.relay.publish(hints);
    }

    fn subscribe(&self) -> broadcast::Receiver<Hint> {
        self.relay.subscribe()
    }

    async fn carry(&self) {
        self.relay.carry(&self.line).await;
    }

    fn health(&self) -> Option<BusHealth> {
        Some(self.relay.health())
    }
}

/// Where to connect, and the channel: the schema's name with an ending, so that two schemas do not meet.
#[derive(Clone)]
struct PgLine {
    options: PgConnectOptions,
    channel: Arc<str>,
}

impl std::fmt::Debug for PgLine {
    /// Without the options, which hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PgLine").field("channel", &self.channel).finish_non_exhaustive()
    }
}

#[async_trait]
impl Line for PgLine {
    async fn speaker(&self) -> Result<Box<dyn Speaker>, PortError> {
        let failed = |error| PortError::new("the bus could not connect to the database", error);
        let mut connection = self.options.connect().await.map_err(failed)?;
        sqlx::query(NO_WAITING).execute(&mut connection).await.map_err(failed)?;
        Ok(Box::new(PgSpeaker { connection, channel: Arc::clone(&self.channel) }))
    }

    async fn listener(&self) -> Result<Box<dyn Listener>, PortError> {
        let failed = |error| PortError::new("the bus could not listen at the database", error);
        // A pool of one, because a listener takes its connection from a pool; the host's own must be able to close.
        let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        let pool = pool.connect_with(self.options.clone()).await.map_err(failed)?;
        let mut listener = PgListener::connect_with(&pool).await.map_err(failed)?;
        // The relay makes lost connections anew, at its own pace.
        listener.eager_reconnect(false);
        listener.listen(&self.channel).await.map_err(failed)?;
        Ok(Box::new(PgEar { listener, _pool: pool }))
    }
}

struct PgSpeaker {
    connection: PgConnection,
    channel: Arc<str>,
}

#[async_trait]
impl Speaker for PgSpeaker {
    async fn say(&mut self, text: &str) -> Result<(), PortError> {
        let notify = sqlx::query(NOTIFY).bind(&*self.channel).bind(text);
        let done = notify.execute(&mut self.connection).await;
        done.map(drop).map_err(|error| PortError::new("the database could not be notified", error))
    }
}

struct PgEar {
    listener: PgListener,
    _pool: PgPool,
}

#[async_trait]
impl Listener for PgEar {
    async fn next(&mut self) -> Result<String, PortError> {
        let lost = "the connection that listens was lost";
        match self.listener.try_recv().await {
            Ok(Some(notification)) => Ok(notification.payload().to_owned()),
            Ok(None) => Err(PortError::new(lost, "the database closed it")),
            Err(error) => Err(PortError::new(lost, error)),
        }
    }
}
