//! Chat between two connected people: rooms, messages with a gap-free `seq`, read marks.
//!
//! The database is the log; buses only wake. An acknowledged message is durable.

pub mod room;

pub use self::room::{Message, NewMessage, Room, RoomOverview};
