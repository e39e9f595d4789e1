//! Chat between two connected people: rooms, messages with a gap-free `seq`, read marks.
//!
//! The database is the log; buses only wake. An acknowledged message is durable.

pub mod feed;
pub mod room;
pub mod talk;

pub use self::feed::{RoomEvent, RoomFeed};
pub use self::room::{Message, NewMessage, Room, RoomOverview};
pub use self::talk::{Draft, MessageView, RoomView, Sent};
