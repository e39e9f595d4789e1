//! Ports: what the library needs from outside and does not do itself. Only the [`Store`](crate::store::Store) is
//! required; every other port has a working default or is asked for only by the feature that uses it.

use std::fmt::Debug;

use async_trait::async_trait;
use tokio::sync::broadcast;

use crate::event::Event;
use crate::id::{MemberId, RoomId};
use crate::lang::Lang;

/// Learns what happened. Delivery is at least once, and in order per pair: make handling idempotent. One instance of a
/// deployment delivers at a time, one batch after the other.
#[async_trait]
pub trait EventSink: Debug + Send + Sync + 'static {
    /// Takes a batch of events, oldest first. `Ok` means that they need not be sent again.
    ///
    /// # Errors
    /// Any error. Each pair of the batch is then tried on its own; one that is refused comes again later, after a wait that
    /// doubles up to five minutes, and its later events wait behind it. Not answering within
    /// `JobConfig::deliver_within` is an error too.
    async fn deliver(&self, events: &[Event]) -> Result<(), PortError>;
}

/// A hint that something moved. Never the thing itself: who hears it reads the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hint {
    /// A room has another state: a read mark moved, a message was taken back, it was closed or opened.
    Room(RoomId),
    /// Something was said in a room. Of several about one room the one with the highest place is enough.
    Message {
        /// Where.
        room: RoomId,
        /// Its place; everything before it is there too.
        seq: u64,
    },
    /// A member changed, or one of their sessions ended.
    Member(MemberId),
    /// Somebody is writing. Nothing stored stands behind it: lost is lost.
    Typing {
        /// Where.
        room: RoomId,
        /// Who.
        member: MemberId,
    },
    /// Somebody has a room before them, or has left it. Nothing stored stands behind it either.
    Presence {
        /// Where.
        room: RoomId,
        /// Who.
        member: MemberId,
        /// Whether they are there.
        online: bool,
    },
    /// A room was opened for a member, or opened again.
    Opened {
        /// Which.
        room: RoomId,
        /// For whom.
        member: MemberId,
    },
}

/// How a bus between instances fares, counted since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BusHealth {
    /// Whether it can both say and hear at present.
    pub reached: bool,
    /// Hints handed to others.
    pub said: u64,
    /// Hints heard of others.
    pub heard: u64,
    /// Hints let go because too many were waiting.
    pub lost: u64,
    /// Connections that failed or could not be made.
    pub failures: u64,
}

/// Carries wake-ups between tasks and instances.
///
/// What it promises, and the suite `bus_contract!` (feature `contract`) holds it to:
///
/// - a hint reaches every subscriber on every handle that is connected, the publisher's own included; those on the same
///   handle hear it even while everything else is out of reach;
/// - hints may be lost, repeated, folded together and reordered: the store is the log, and everybody who waits also polls;
/// - nothing travels but the hints: no text, no name, no address;
/// - of messages in one room the last may stand for all;
/// - publishing neither waits nor fails, whatever the state of what carries the hints;
/// - a bus that was out of reach comes back by itself.
///
/// [`crate::bus::Relay`] does all of it but the transport, for whoever writes one.
#[async_trait]
pub trait Bus: Debug + Send + Sync + 'static {
    /// Takes hints for every subscriber on every instance, and returns at once. Called after the commit, never inside
    /// it.
    fn publish(&self, hints: &[Hint]);

    /// The hints from now on. A receiver that lags loses hints, not data.
    fn subscribe(&self) -> broadcast::Receiver<Hint>;

    /// Carries hints to and from other instances for as long as it is polled; never ends by itself.
    /// [`Gpting::run`](crate::Gpting::run) calls it. A bus that has nothing to do in the background leaves it as it is.
    async fn carry(&self) {
        std::future::pending::<()>().await;
    }

    /// How it fares; none for a bus that carries nothing beyond its process.
    fn health(&self) -> Option<BusHealth> {
        None
    }
}

/// The bus of a single instance.
#[derive(Debug)]
pub struct LocalBus(broadcast::Sender<Hint>);

impl Default for LocalBus {
    fn default() -> Self {
        Self(broadcast::channel(4096).0)
    }
}

impl Bus for LocalBus {
    fn publish(&self, hints: &[Hint]) {
        for hint in hints {
            // No receiver is no error: nobody is waiting.
            let _ = self.0.send(*hint);
        }
    }

    fn subscribe(&self) -> broadcast::Receiver<Hint> {
        self.0.subscribe()
    }
}

/// Keeps the index of an instance between two starts, as bytes. Without one everybody is read from the store at the start.
///
/// Called on threads where waiting is allowed. One place may serve several instances of one service: whichever was
/// written last is good for all.
pub trait SnapshotStore: Debug + Send + Sync + 'static {
    /// What was written last; none when there is nothing.
    ///
    /// # Errors
    /// When it cannot be read.
    fn open(&self) -> std::io::Result<Option<Box<dyn std::io::Read + Send>>>;

    /// Puts what `write` writes in the place of what was there: whole and durable, or not at all.
    ///
    /// # Errors
    /// When it cannot be written; what was there stays.
    fn replace(&self, write: &mut dyn FnMut(&mut dyn std::io::Write) -> std::io::Result<()>) -> std::io::Result<()>;

    /// Takes away what was written, if it is there.
    ///
    /// # Errors
    /// When it is still there.
    fn remove(&self) -> std::io::Result<()>;
}

/// A bus that others hold too.
#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<B: Bus + ?Sized> Bus for std::sync::Arc<B> {
    fn publish(&self, hints: &[Hint]) {
        (**self).publish(hints);
    }

    fn subscribe(&self) -> broadcast::Receiver<Hint> {
        (**self).subscribe()
    }

    async fn carry(&self) {
        (**self).carry().await;
    }

    fn health(&self) -> Option<BusHealth> {
        (**self).health()
    }
}

/// A mail to one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// The subject line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The language it is written in.
    pub lang: Lang,
}

impl Debug for Mail {
    /// Without address and text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").finish_non_exhaustive()
    }
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Debug + Send + Sync + 'static {
    /// Hands a mail over. `Ok` means that the next hop has taken it.
    ///
    /// # Errors
    /// When it was not taken; the job is tried again.
    async fn send(&self, mail: Mail) -> Result<(), PortError>;
}

/// Keeps pictures under random names.
#[async_trait]
pub trait BlobStore: Debug + Send + Sync + 'static {
    /// Stores bytes under a new name. `Ok` means durable.
    ///
    /// # Errors
    /// When they could not be stored.
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), PortError>;

    /// The bytes under a name, if there are any.
    ///
    /// # Errors
    /// When the storage is out of reach.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError>;

    /// Deletes a name; one that is not there is no error.
    ///
    /// # Errors
    /// When the storage is out of reach.
    async fn delete(&self, key: &str) -> Result<(), PortError>;
}

/// A picture made safe: decoded within limits, turned upright, re-encoded, nothing left but pixels.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// JPEG bytes.
    pub bytes: Vec<u8>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({} x {})", self.width, self.height)
    }
}

/// Why bytes are not a picture that can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// More bytes, pixels or a longer side than allowed.
    #[error("the picture is too large")]
    TooLarge,
    /// Not a JPEG, PNG or WebP that can be decoded.
    #[error("not a picture of a supported kind")]
    Unsupported,
    /// Too many pictures are being worked on.
    #[error("too many pictures at once")]
    Busy,
}

/// Makes uploaded bytes safe to keep and show.
#[async_trait]
pub trait Pictures: Debug + Send + Sync + 'static {
    /// Decodes within limits and re-encodes.
    ///
    /// # Errors
    /// See [`PictureError`].
    async fn prepare(&self, bytes: Vec<u8>) -> Result<Picture, PictureError>;
}

/// What an adapter of a port failed with.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct PortError {
    /// What was being done.
    pub what: &'static str,
    /// The cause.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl PortError {
    /// An error with its cause.
    pub fn new(what: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { what, source: source.into() }
    }
}
