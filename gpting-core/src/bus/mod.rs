//! What a bus between processes is made of, whatever carries it.
//!
//! An adapter says how to reach its transport ([`Line`]: one connection that says, one that listens) and holds a
//! [`Relay`], which does the rest: it delivers to the process's own subscribers at once, gathers and folds what goes out,
//! puts it into one line of text, comes back after failures, notices a connection that has gone silent, and leaves out its
//! own echo. Called by adapters; calls only the port's types.
//!
//! ```text
//! publish ─┬─► subscribers of this process
//!          └─► waiting (bounded, each hint once) ─ 5 ms or 64 ─► Speaker ══ transport ══ Listener ─► subscribers elsewhere
//! ```
//!
//! Invariants: publishing never waits; what is lost on the way is only ever a hint, since the store is the log.

#[cfg(feature = "contract")]
pub mod contract;
mod line;
mod payload;
mod relay;

pub use self::line::{Line, Listener, Speaker};
pub use self::relay::Relay;
