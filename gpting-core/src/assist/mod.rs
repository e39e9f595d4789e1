//! What machines may say about people's words: useful, optional, powerless to do harm. The product is whole without any.
//!
//! ```text
//! follow ──puts jobs with an edit──► analyst · order · words · coach · moderation      (jobs alone: nobody waits)
//!                                        │ consent → facts (minimised, scrubbed) → prompt
//!                                        ▼
//!                                      call: budget → TextModel, Embedder → audit → answer (what can be believed)
//!                                        ▼
//!                 derived (codes and numbers in the member's row) · made (rows that requests read)
//!
//! edit, picture, first message ──job──► moderation: rules · Moderator ──► finding (flags that a person looks at)
//! ```
//! What a model says is checked before it is used, and moves a candidate by a bounded amount inside a list that they belong to
//! already. Every call is made by a job under its lease: that is what keeps it single, and out of the way of requests.

mod analyst;
mod answer;
pub mod audit;
mod budget;
mod call;
pub mod coach;
pub(crate) mod consent;
pub mod derived;
mod embed;
mod embedding;
mod fact;
mod facts;
pub mod finding;
pub mod flag;
mod follow;
pub mod local;
mod look;
pub mod made;
pub mod model;
pub mod moderation;
pub mod moderator;
pub(crate) mod order;
mod prompt;
pub mod rules;
pub mod scripted;
mod scrub;
pub(crate) mod signal;
pub mod topic;
pub mod words;

pub use self::audit::{Call, Errand, Outcome};
pub use self::coach::Hints;
pub use self::derived::{Derived, Learned, Traits};
pub use self::embedding::Embedding;
pub(crate) use self::embedding::NUMBERS as EMBEDDED;
pub use self::finding::{Aspect, Finding, Judge, Subject};
pub use self::flag::Flag;
pub use self::made::Made;
pub use self::moderator::{Moderator, Opinion};
pub use self::rules::LocalModerator;
pub use self::scripted::{ScriptedModel, ScriptedModerator};
pub use self::topic::{Strengths, Topics};
pub use self::words::{Author, Openers};
