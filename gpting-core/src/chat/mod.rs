//! Chat between two connected people: rooms, messages with a gap-free `seq`, read marks, live views.
//!
//! The database is the log; buses only wake. An acknowledged message is durable.

mod admit;
pub mod event;
pub(crate) mod first;
pub(crate) mod hub;
pub mod live;
pub mod manage;
pub mod room;
pub mod talk;
pub mod ticket;

use std::time::Duration;

pub use self::event::ChatEvent;
pub use self::hub::inbox::Rooms;
pub use self::live::{Cursor, Subscription};
pub use self::manage::Exported;
pub use self::room::{Message, MessageView, NewMessage, ReadMark, Room, RoomOverview, RoomState, Since};
pub use self::talk::{Draft, RoomView, Sent};
pub use self::ticket::Ticket;

/// Telling more often that one writes, or is there, tells nothing new: it is passed on once in this time.
pub const EPHEMERAL_EVERY: Duration = Duration::from_secs(3);

/// How long it is good that somebody writes, or is there, unless it is said again.
pub const EPHEMERAL_TTL: Duration = Duration::from_secs(6);
