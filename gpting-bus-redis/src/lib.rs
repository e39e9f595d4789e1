//! Wake-ups between GPTing instances over the publish and subscribe of Redis or Valkey.
//!
//! [`RedisBus`] is the transport alone: one connection that publishes, one that subscribes. Everything else (delivery
//! within the process, gathering, coming back after failures, noticing silence) is [`Relay`]'s. A wake-up is only ever a
//! hint: nothing is kept on the server, and an instance that hears nothing still finds every message by polling.
//!
//! ```
//! use gpting_bus_redis::RedisBus;
//!
//! let bus = RedisBus::connect("redis://localhost/1")?; // nothing is connected yet
//! assert_eq!(bus.channel_name(), "gpting:1");
//! assert_eq!(bus.channel("dating").channel_name(), "dating");
//! # Ok::<(), gpting_bus_redis::InvalidUrl>(())
//! ```

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use gpting_core::SystemRng;
use gpting_core::bus::{Line, Listener, Relay, Speaker};
use gpting_core::port::{Bus, BusHealth, Hint, PortError};
use redis::aio::{MultiplexedConnection, PubSubStream};
use redis::{AsyncCommands as _, Client, IntoConnectionInfo as _};
#[cfg(feature = "tls")]
use rustls as _;
use tokio::sync::broadcast;

/// Not a URL that leads to a Redis or Valkey server. Never repeats the URL, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUrl;

impl std::fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("expected redis://[user:password@]host[:port][/database], rediss://… or redis+unix:///path")
    }
}

impl std::error::Error for InvalidUrl {}

/// Wakes the other instances that are connected to the same server and channel. Clones are the same handle.
#[derive(Clone, Debug)]
pub struct RedisBus {
    relay: Arc<Relay>,
    line: RedisLine,
}

impl RedisBus {
    /// A bus on the server of a URL: `redis`, `rediss`, `valkey` or `valkeys`, or a Unix socket by `redis+unix`. Connects
    /// when [`carry`](Bus::carry) is first polled, and anew whenever the connection is lost.
    ///
    /// # Errors
    /// When the URL is none.
    pub fn connect(url: &str) -> Result<Self, InvalidUrl> {
        let info = url.into_connection_info().map_err(|_| InvalidUrl)?;
        // Channels know no databases: the number in the name keeps services apart that keep theirs apart.
        let channel = format!("gpting:{}", info.redis_settings().db()).into();
        let client = Client::open(info).map_err(|_| InvalidUrl)?;
        Ok(Self { relay: Arc::new(Relay::new(&SystemRng)), line: RedisLine { client, channel } })
    }

    /// The same on a channel of another name; `gpting:` and the number of the database by default.
    #[must_use]
    pub fn channel(mut self, name: &str) -> Self {
        self.line.channel = name.into();
        self
    }

    /// The channel's name.
    pub fn channel_name(&self) -> &str {
        &self.line.channel
    }
}

#[async_trait]
impl Bus for RedisBus {
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

#[derive(Clone)]
struct RedisLine {
    client: Client,
    channel: Arc<str>,
}

impl std::fmt::Debug for RedisLine {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisLine").field("channel", &self.channel).finish_non_exhaustive()
    }
}

#[async_trait]
impl Line for RedisLine {
    async fn speaker(&self) -> Result<Box<dyn Speaker>, PortError> {
        let connection = self.client.get_multiplexed_async_connection().await;
        let connection = connection.map_err(|error| PortError::new("the bus could not connect to Redis", error))?;
        Ok(Box::new(RedisSpeaker { connection, channel: Arc::clone(&self.channel) }))
    }

    async fn listener(&self) -> Result<Box<dyn Listener>, PortError> {
        let failed = |error| PortError::new("the bus could not subscribe at Redis", error);
        let mut subscribed = self.client.get_async_pubsub().await.map_err(failed)?;
        subscribed.subscribe(&*self.channel).await.map_err(failed)?;
        Ok(Box::new(RedisEar(subscribed.into_on_message())))
    }
}

struct RedisSpeaker {
    connection: MultiplexedConnection,
    channel: Arc<str>,
}

#[async_trait]
impl Speaker for RedisSpeaker {
    async fn say(&mut self, text: &str) -> Result<(), PortError> {
        let said: Result<i64, _> = self.connection.publish(&*self.channel, text).await;
        said.map(drop).map_err(|error| PortError::new("Redis did not publish", error))
    }
}

struct RedisEar(PubSubStream);

#[async_trait]
impl Listener for RedisEar {
    async fn next(&mut self) -> Result<String, PortError> {
        let lost = |cause: &'static str| PortError::new("the subscription at Redis was lost", cause);
        let message = self.0.next().await.ok_or_else(|| lost("the server closed it"))?;
        // What is not text is not ours; the relay passes over it.
        Ok(message.get_payload().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_never_shown() {
        for url in ["redis://h", "rediss://u:c4nary@h:7/2", "valkey://h", "redis+unix:///run/redis.sock"] {
            let bus = RedisBus::connect(url).unwrap();
            assert!(!format!("{bus:?}").contains("c4nary"));
        }
        for url in ["", "h", "http://h", "redis://", "redis://h/x", "postgres://h"] {
            assert_eq!(RedisBus::connect(url).err(), Some(InvalidUrl), "{url}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_an_error_and_no_more() {
        let nowhere = RedisBus::connect("redis://127.0.0.1:1").unwrap();
        assert!(nowhere.line.speaker().await.is_err());
        assert!(nowhere.line.listener().await.is_err());
    }
}
