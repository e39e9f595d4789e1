//! How an adapter reaches its transport: a connection that says, a connection that listens.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::port::PortError;

/// Opens connections to a transport. Each call connects anew; [`Relay`](super::Relay) limits how long it may take and
/// decides when to try again.
#[async_trait]
pub trait Line: Debug + Send + Sync + 'static {
    /// A connection to say something on.
    ///
    /// # Errors
    /// When the transport is out of reach.
    async fn speaker(&self) -> Result<Box<dyn Speaker>, PortError>;

    /// A connection on which everything is heard that anybody says from now on, one's own words too.
    ///
    /// # Errors
    /// When the transport is out of reach.
    async fn listener(&self) -> Result<Box<dyn Listener>, PortError>;
}

/// A connection to say something on.
#[async_trait]
pub trait Speaker: Send {
    /// Says one line of ASCII text, at most 3,000 bytes, to everybody who listens.
    ///
    /// # Errors
    /// When it could not be said; the connection is then dropped.
    async fn say(&mut self, text: &str) -> Result<(), PortError>;
}

/// A connection to listen on.
#[async_trait]
pub trait Listener: Send {
    /// The next line that somebody said. Never dropped half-way but together with the connection.
    ///
    /// # Errors
    /// When the connection is lost; it is then dropped.
    async fn next(&mut self) -> Result<String, PortError>;
}
