//! The rig of the cross-crate tests: a real PostgreSQL, the real `gpting` binary, and people who use it.
//!
//! [`postgres`] starts a database cluster and [`mod@redis`] a Redis (both from `gpting-rig`, which the benches use too), [`nginx`] the proxy, [`server`] the built server in a child process, [`mail`] reads what
//! the server mailed, [`person`] signs up and calls the documented endpoints, [`answer`] checks every error for
//! its documented shape, [`socket`] speaks the chat frames, [`crowd`] makes many people on a server at once. [`town`] opens the library itself on each store, with the
//! port [`double`]s; [`hostile`] is what people write to mislead a language model. The tests are targets in `tests/`, each named in
//! `Cargo.toml`; whatever needs PostgreSQL lives here too, so that no published crate depends on the rig.
//!
//! Invariants: nothing is skipped for want of a program (the test fails and says what to install); nothing
//! survives the test process, not even when that is killed ([`guard`]); only loopback and Unix sockets.

#![expect(clippy::missing_panics_doc, reason = "a rig reports what went wrong by panicking, everywhere")]

pub mod answer;
pub mod canary;
pub mod crowd;
pub mod double;
pub mod embedded;
pub mod hostile;
pub mod mail;
pub mod nginx;
pub mod operation;
pub mod person;
pub mod server;
pub mod socket;
pub mod town;

pub use answer::Answer;
pub use crowd::{Crowd, Face};
pub use embedded::Embedded;
pub use gpting_rig::{Postgres, Redis, guard, postgres, redis};
pub use nginx::Nginx;
pub use person::{Person, Registration};
pub use server::{Server, Settings};
pub use socket::Socket;
pub use town::Town;

/// The pages with Rust in them: every block is compiled, and run unless it would start something. They stand here because
/// only this package has every crate of the workspace at hand.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    struct Readme;
    #[doc = include_str!("../../README.ko.md")]
    struct ReadmeKo;
    #[doc = include_str!("../../docs/analyst.md")]
    struct Analyst;
    #[doc = include_str!("../../docs/embedding.md")]
    struct Embedding;
    #[doc = include_str!("../../docs/learning.md")]
    struct Learning;
    #[doc = include_str!("../../gpting-core/README.md")]
    struct Core;
    #[doc = include_str!("../../gpting-http/README.md")]
    struct Http;
    #[doc = include_str!("../../gpting-store-sqlite/README.md")]
    struct Sqlite;
    #[doc = include_str!("../../gpting-store-pg/README.md")]
    struct Pg;
    #[doc = include_str!("../../gpting-bus-redis/README.md")]
    struct Redis;
    #[doc = include_str!("../../gpting-llm/README.md")]
    struct Llm;
}
