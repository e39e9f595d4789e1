//! The whole service over the memory store, in process: what clients of the original send, and what they must not.

#![expect(clippy::unwrap_used, reason = "a failed step fails its test")]

mod all_rooms;
mod fit;
mod matrix;
mod mount;
mod refuse;
mod sockets;
mod story;
mod town;
