//! Reciprocal matchmaking: an exact two-sided engine, and a whole dating service behind ports.
//!
//! Take as much as you need. The **engine** is pure and synchronous: people in, pages and explanations out, under the
//! host's own ids. The **service** (feature `service`, on by default) is everything around it: profiles, likes, matches,
//! chat, reports, erasure, as use-cases on a store of the host's choice. Nothing here names a database, a protocol or a
//! vendor, reads a clock or draws a random number on its own.
//!
//! | feature | brings | costs (crates in `cargo tree`) |
//! |---|---|---|
//! | none | the engine: [`Engine`], [`View`], [`Signal`], [`EligibilityRule`] | at most 20; no async, no crypto |
//! | `service` (default) | `Gpting` and its facets, the ports, `MemoryStore` | at most 90 |
//! | `accounts` | sign-up by mailed code, login, access and refresh tokens | Argon2id and Ed25519 besides |
//! | `contract` | the suites that every store must pass, as macros | nothing |
//! | `lab` | published markets and metrics, to rerun the tables of the papers | nothing |
//!
//! # Rooms
//! One noun, one room; the same noun in the domain, in the stores, at the HTTP edge and in the tests.
//!
//! ```text
//! gpting        the handle, its builder, its facets: members profiles matching chat safety jobs accounts
//! profile       who members are, whom they wish to meet, catalogue, places, cards, photos
//! interaction   the pair: like, pass, undo, unmatch, friends, and its state table as pure functions
//! matching      the engine; market (lists for two sides at once); replica (the engine inside the service), slate (what a
//!               member is shown)
//! chat          rooms, messages with a gap-free seq, read marks, live feeds
//! safety        block, report with evidence, age gate, consent ledger, erasure
//! account       sign-up, login, sessions, tokens (feature accounts; a host with its own login leaves it off)
//! store         the one required port, work as data, MemoryStore, the contract suite
//! event  job    what the host learns; what happens after a commit
//! assist        what a text model may do for those who agree: traits, values, first lines, order, hints; never needed
//! limit         so many in so long, over all instances
//! port  bus     the other ports: EventSink Bus Mailer BlobStore Pictures; what a bus between processes is made of
//! config error id clock rng lang        every limit with its reason; typed refusals; random ids; injected time and chance
//! ```
//!
//! # How data flows
//! ```text
//! adapter → facet → use-case: load → decide (pure) → one Work → Store::commit → wake
//!                                 │                                  │
//!                   interaction::transition, safety::age …           ├─ events → EventSink   (at least once)
//!                                                                    ├─ jobs   → runner      (mail, blobs, erasure)
//!                                                                    └─ hints  → Bus         (may be lost: the store is the log)
//! ```
//! A use-case never holds a transaction: it hands over one `Work`, which is there whole or not at all, and begins again when the store answers that a row has changed meanwhile.
//! The engine proposes, the store disposes: whoever is shown was loaded and checked an instant before.
//!
//! # The engine alone
//! ```
//! use gpting_core::{After, Cell, Config, Day, Engine, Event, Gender, Person, Wants};
//!
//! let mut engine = Engine::<u64>::new(Config::dims(0))?;
//! engine.set_today(Day::from_ymd(2026, 11, 23)?);
//! let seoul = Cell::from_lat_lng(37.56, 126.98)?;
//! engine.upsert(1, Person::new(Gender::F, 29).at(seoul).wants(Wants::new(Gender::M).ages(25, 35)).interests(&[7]))?;
//! engine.upsert(2, Person::new(Gender::M, 31).at(seoul).wants(Wants::new(Gender::F).within_km(30)).interests(&[7]))?;
//!
//! let view = engine.view(); // a snapshot: readers never block the writer
//! let page = view.top(1, 20, After::Start)?;
//! assert_eq!(page[0].id, 2);
//! let why = view.explain(1, 2)?; // named parts that add up to the score
//! assert_eq!(why.score, page[0].score);
//! engine.record(Event::like(1, 2, 1_795_000_000))?; // decided: not shown again
//! assert!(engine.view().top(1, 20, After::Start)?.is_empty());
//! # Ok::<(), gpting_core::EngineError>(())
//! ```
//!
//! # The service on the host's own users
//! ```
//! # #[cfg(feature = "service")]
//! # mod example {
//! use gpting_core::chat::Draft;
//! use gpting_core::id::{HostId, MemberId};
//! use gpting_core::matching::slate::SlateRequest;
//! use gpting_core::profile::{PreferencesEdit, ProfileEdit};
//! use gpting_core::store::MemoryStore;
//! use gpting_core::{Gpting, Result};
//!
//! async fn join(g: &Gpting, user: &str, gender: &str, wishes: &str) -> Result<MemberId> {
//!     let me = g.members().ensure(HostId::from(user)).await?; // the host's own id, whatever it is
//!     let edit = ProfileEdit {
//!         nickname: Some(user.to_owned()),
//!         gender: Some(gender.to_owned()),
//!         birth_date: Some("1996-05-05".to_owned()),
//!         ..ProfileEdit::default()
//!     };
//!     g.profiles().edit(me, edit, None).await?;
//!     let wishes = PreferencesEdit { genders: Some(vec![wishes.to_owned()]), ..PreferencesEdit::default() };
//!     g.profiles().set_preferences(me, wishes).await?;
//!     Ok(me)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # pub async fn main() -> Result<()> {
//! let g = Gpting::builder(MemoryStore::default()).build().await?;
//! let (minji, junho) = (join(&g, "minji", "F", "M").await?, join(&g, "junho", "M", "F").await?);
//!
//! let slate = g.matching().slate(minji, SlateRequest::first(20)).await?;
//! assert_eq!(slate.cards[0].card.id, junho);
//! assert_eq!(g.matching().like(minji, junho, None).await?.matched, None);
//! let room = g.matching().like(junho, minji, None).await?.matched.expect("both like each other");
//! let sent = g.chat().send(minji, room, Draft::text("안녕하세요")).await?; // `Ok` means durable
//! assert_eq!(sent.view.message.seq, 1);
//! # Ok(())
//! # }
//! # }
//! # #[cfg(feature = "service")]
//! # example::main()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! A real service also calls `Gpting::run` once, which is the only thing that spawns: jobs, delivery of events, and what
//! other processes have changed.
pub mod matching;

#[cfg(feature = "accounts")]
pub mod account;
#[cfg(feature = "service")]
pub mod assist;
#[cfg(feature = "service")]
pub mod bus;
#[cfg(feature = "service")]
pub mod chat;
#[cfg(feature = "service")]
pub mod clock;
#[cfg(feature = "service")]
pub mod config;
#[cfg(feature = "service")]
pub mod error;
#[cfg(feature = "service")]
pub mod event;
#[cfg(feature = "service")]
pub mod gpting;
#[cfg(feature = "service")]
pub mod id;
#[cfg(feature = "service")]
pub mod interaction;
#[cfg(feature = "service")]
pub mod job;
#[cfg(feature = "lab")]
pub mod lab;
#[cfg(feature = "service")]
pub mod lang;
#[cfg(feature = "service")]
pub mod limit;
#[cfg(feature = "service")]
pub mod port;
#[cfg(feature = "service")]
pub mod profile;
#[cfg(feature = "service")]
pub mod rng;
#[cfg(feature = "service")]
pub mod safety;
#[cfg(feature = "service")]
pub mod store;
#[cfg(feature = "service")]
mod text;

pub use crate::matching::learn;
pub use crate::matching::{
    After, AgeGate, AttributeRule, Cell, Config, Day, Effort, EligibilityRule, Emphases, Emphasis, Engine, EngineError,
    Event, Explanation, Filter, Fusion, Gender, Genders, Level, Link, LoadError, Market, Part, Person, PersonId, Pick,
    Query, Reach, Reason, Regions, Relax, Round, Row, SaveError, Signal, Slates, Strength, Talk, View, Wants, Weights,
};
#[cfg(feature = "service")]
pub use crate::{
    clock::{Clock, ManualClock, SystemClock},
    error::{Code, Error, ErrorKind, Fault, FieldError, Result},
    gpting::{Builder, Gpting},
    rng::{Rng, SeededRng, SystemRng},
};
