//! Servers of other people, started for a test or a bench and gone with it: [`postgres`], [`mod@redis`], and the [`guard`]
//! that ends them.
//!
//! Called by the tests (`gpting_tests` hands these on) and by the benches, which need nothing else of the tests' rig and
//! should not build it. Invariants: nothing is skipped for want of a program (it fails and says what to install); nothing
//! survives the process, not even when that is killed; only Unix sockets.

#![expect(clippy::missing_panics_doc, reason = "a rig reports what went wrong by panicking, everywhere")]

pub mod guard;
pub mod postgres;
pub mod redis;

pub use postgres::Postgres;
pub use redis::Redis;
