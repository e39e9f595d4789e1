//! The matching engine: who may meet whom, in which order, and why. Pure, synchronous, no I/O.
//!
//! An [`Engine`] holds people under the host's own ids and has one writer; a [`View`] is a snapshot that any number of
//! threads read while the writer goes on. Data flows one way: `person` → `population` → `eligibility` → `score` → page
//! or `explain`. Nothing here knows a clock, a random source or a database; the same calls give the same slate on every
//! processor. Invariants: eligibility is two-sided and absolute; a page is exact; an error changes nothing.
//!
//! ```
//! use gpting_core::{After, Cell, Config, Day, Engine, Event, Gender, Person, Wants};
//!
//! let mut engine = Engine::<u64>::new(Config::dims(0))?;
//! engine.set_today(Day::from_ymd(2026, 11, 23)?);
//! let seoul = Cell::from_lat_lng(37.56, 126.98)?;
//! engine.upsert(1, Person::new(Gender::F, 29).at(seoul).wants(Wants::new(Gender::M).ages(25, 35)))?;
//! engine.upsert(2, Person::new(Gender::M, 31).at(seoul).wants(Wants::new(Gender::F).within_km(30)).interests(&[7]))?;
//! engine.upsert(3, Person::new(Gender::M, 45).at(seoul).wants(Wants::new(Gender::F)))?; // too old for 1
//!
//! let view = engine.view();
//! let page = view.top(1, 20, After::Start)?;
//! assert_eq!(page.iter().map(|pick| pick.id).collect::<Vec<_>>(), [2]);
//! let why = view.explain(1, 2)?;
//! assert_eq!(why.score, page[0].score);
//!
//! engine.record(Event::pass(1, 2, 1_795_000_000))?;
//! assert!(engine.view().top(1, 20, After::Start)?.is_empty());
//! assert_eq!(view.top(1, 20, After::Start)?, page); // a view does not change
//! # Ok::<(), gpting_core::EngineError>(())
//! ```

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "columns are narrow on purpose; the ranges are checked where a person enters"
)]
#![expect(
    clippy::inline_always,
    reason = "what a search runs is compiled for the processor's own instructions only where it is inlined"
)]

mod batch;
mod bytes;
mod candidate;
mod checked;
mod config;
mod day;
mod earlier;
mod eligibility;
mod emphasis;
mod error;
mod event;
mod explain;
mod facts;
mod fusion;
mod index;
pub mod learn;
mod logistic;
pub mod market;
mod person;
mod pick;
mod place;
mod population;
pub mod question;
pub mod region;
mod retrieval;
pub mod round;
mod row;
mod saved;
mod score;
mod simd;
pub(crate) mod sketch;
mod table;
mod talk;
mod taste;
mod view;
mod walk;
mod weights;

#[cfg(feature = "service")]
mod activity;
#[cfg(feature = "service")]
pub mod compatibility;
#[cfg(feature = "service")]
pub mod daily;
#[cfg(feature = "service")]
pub mod exposure;
#[cfg(feature = "service")]
pub(crate) mod intake;
#[cfg(feature = "service")]
mod newcomer;
#[cfg(feature = "service")]
pub mod ranker;
#[cfg(feature = "service")]
pub mod reach;
#[cfg(feature = "service")]
pub mod reasons;
#[cfg(feature = "service")]
mod refresh;
#[cfg(feature = "service")]
pub(crate) mod replica;
#[cfg(feature = "service")]
pub mod slate;
#[cfg(feature = "service")]
pub(crate) mod snapshot;
#[cfg(feature = "service")]
pub(crate) mod warm_up;

use std::sync::Arc;

pub use config::{AgeGate, Config};
pub use day::Day;
pub use eligibility::{EligibilityRule, Filter, Reach, Relax};
pub use emphasis::{Emphases, Emphasis};
pub use error::EngineError;
pub use event::Event;
pub use explain::{Explanation, Part, Reason};
pub use fusion::{Fusion, Link};
pub use person::{AttributeRule, Gender, Genders, Person, Strength, Wants};
pub use pick::{After, Pick};
pub use place::Cell;
pub use region::Regions;
pub use retrieval::Effort;
pub use round::{Market, Round, Slates};
pub use row::Row;
pub use saved::{LoadError, SaveError};
pub use score::Signal;
pub use simd::Level;
#[cfg(feature = "lab")]
pub use simd::straight;
pub use table::PersonId;
pub use talk::Talk;
pub use view::{Query, View};
pub use weights::Weights;

use checked::Checked;
use population::State;

/// A population that is written to; reading goes through [`Engine::view`].
#[derive(Debug)]
pub struct Engine<Id> {
    state: Arc<State<Id>>,
}

impl<Id> Engine<Id> {
    /// The same people once more; either may change without the other. `O(1)`, like a view.
    #[cfg(feature = "service")]
    fn share(&self) -> Self {
        Self { state: Arc::clone(&self.state) }
    }
}

impl<Id: PersonId> Engine<Id> {
    /// An engine without people. [`Engine::set_today`] comes next.
    ///
    /// # Errors
    /// [`EngineError::TooMany`] dimensions, or [`EngineError::InvalidNumber`] for a weight outside its range.
    pub fn new(config: Config<Id>) -> Result<Self, EngineError> {
        config.check()?;
        Ok(Self { state: Arc::new(State::new(config)) })
    }

    /// Sets the day on which ages are counted. `O(1)`: nobody's row depends on it.
    pub fn set_today(&mut self, today: Day) {
        if self.state.today != Some(today) {
            self.state_mut().today = Some(today);
        }
    }

    /// Adds a person, or replaces what a known one says and wants; what was recorded about them stays.
    ///
    /// `O(lists + dimensions)`, and a copy of one chunk of 256 rows when a view still shares it.
    ///
    /// # Errors
    /// [`EngineError::TodayNotSet`], or what is wrong with the person; the engine is then unchanged.
    pub fn upsert(&mut self, id: Id, person: Person) -> Result<(), EngineError> {
        let checked = Checked::new(person, self.state.today, self.state.config.dims)?;
        self.state_mut().put(id, checked)
    }

    /// Adds or replaces many people at once, which is faster than one by one from some thousand people on: the index is
    /// built anew at the end, in leaves that are nearly full.
    ///
    /// `O(n log n)` in the number of all people. Answers how many were taken in.
    ///
    /// # Errors
    /// Those of [`Self::upsert`], at the first person that is refused; the ones before are in.
    pub fn extend(&mut self, people: impl IntoIterator<Item = (Id, Person)>) -> Result<usize, EngineError> {
        let mut taken = 0;
        let mut refused = None;
        let (today, dims) = (self.state.today, self.state.config.dims);
        let state = self.state_mut();
        for (id, person) in people {
            match Checked::new(person, today, dims).and_then(|checked| state.put_unindexed(id, checked)) {
                Ok(()) => taken += 1,
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        state.reindex();
        refused.map_or(Ok(taken), Err)
    }

    /// Forgets a person, with everything they did and everything done to them; whether there was one.
    ///
    /// Somebody who comes back under the same id is new, blocks included. To hide a person for a while, upsert them with
    /// [`Person::active`]`(false)`. What others' likes and passes of them taught about *the others* stays.
    pub fn remove(&mut self, id: Id) -> bool {
        self.contains(id) && self.state_mut().take(id)
    }

    /// Takes in what one person did to another: keeps who must not be shown to whom, and learns from likes and passes.
    ///
    /// What came of a match gives its likes more or less weight, from half a decision to three ([`Talk`]).
    /// What is learned is `O(1)` per event: with `k` = [`Weights::prior_decisions`] and `m` = [`Weights::like_rate`],
    /// `logit((likes + k m) / (decisions + k)) − logit(m)` of the actor's own decisions is the actor's pickiness, and of the
    /// decisions about the other the other's appeal. Events may come twice or out of order; per actor and other the newest
    /// decision and the newest block count, and an unmatch is final.
    ///
    /// # Errors
    /// [`EngineError::UnknownPerson`], [`EngineError::SamePerson`], [`EngineError::InvalidTime`]; the engine is then
    /// unchanged.
    pub fn record(&mut self, event: Event<Id>) -> Result<(), EngineError> {
        self.state_mut().record(event)
    }

    /// A snapshot of now. `O(1)`; the next write copies the spine of the population, 8 KiB and 8 bytes per 256 people.
    pub fn view(&self) -> View<Id> {
        View::new(Arc::clone(&self.state))
    }

    /// Bytes that searches read: the columns and packed coordinates of everybody who takes part. The exact rows come on top.
    pub fn index_bytes(&self) -> usize {
        self.state.index.bytes()
    }

    /// Whether somebody has this id.
    pub fn contains(&self, id: Id) -> bool {
        self.state.find(id).is_some()
    }

    /// Whether anything was recorded that `actor` did to `other`.
    pub fn has_acted(&self, actor: Id, other: Id) -> bool {
        let acted = |(actor, other)| self.state.slot(actor).act_on(self.state.slot(other).serial).is_some();
        self.state.pair(actor, other).is_ok_and(acted)
    }

    /// How many people there are.
    pub fn len(&self) -> usize {
        self.state.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The settings.
    pub fn config(&self) -> &Config<Id> {
        &self.state.config
    }

    fn state_mut(&mut self) -> &mut State<Id> {
        Arc::make_mut(&mut self.state)
    }
}
