//! Reciprocal matchmaking.
pub mod matching;

#[cfg(feature = "accounts")]
pub mod account;
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
#[cfg(feature = "service")]
pub mod lang;
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

pub use crate::matching::{
    After, AgeGate, AttributeRule, Cell, Config, Day, EligibilityRule, Engine, EngineError, Event, Explanation, Filter,
    Fusion, Gender, Genders, Part, Person, PersonId, Pick, Query, Reach, Reason, Relax, Row, Signal, Strength, View,
    Wants, Weights,
};
#[cfg(feature = "service")]
pub use crate::{
    clock::{Clock, ManualClock, SystemClock},
    error::{Code, Error, ErrorKind, Fault, FieldError, Result},
    gpting::{Builder, Gpting},
    rng::{Rng, SeededRng, SystemRng},
};
