//! A market round: lists and daily picks for everybody of a view at once.
//!
//! ```text
//! View ─ everybody's best ─► prices ─ everybody's best at these prices ─► Graph ─► Solver (pools, slots, picks …) ─► Slates
//! ```
//! Called by hosts; stands above `retrieval` and `market`. A pair is in the market when either of the two has the other
//! among their best, both fit each other and neither has decided about the other: both are to be shown. Somebody who liked already
//! waits for one answer only and needs no market; their list leaves the other out, and the other finds them through
//! [`View::top`]. Invariants: people on a list are eligible and not excluded; the slates depend on who the people
//! are, the settings and the seed, neither on threads nor on the order in which people came.
//!
//! ```
//! use gpting_core::{Config, Day, Engine, Gender, Market, Person, Wants};
//!
//! let mut engine = Engine::<u64>::new(Config::dims(0))?;
//! engine.set_today(Day::from_ymd(2026, 11, 23)?);
//! for id in 0..10 {
//!     let (own, other) = if id % 2 == 0 { (Gender::F, Gender::M) } else { (Gender::M, Gender::F) };
//!     engine.upsert(id, Person::new(own, 30).wants(Wants::new(other)))?;
//! }
//! let slates = engine.view().market(Market::daily())?.solve(2)?;
//! assert_eq!(slates.list(4).len(), 5);
//! let pick = slates.pick(4).expect("there is one for everybody");
//! assert_eq!(slates.pick(pick), Some(4));
//! assert!(slates.report().gap() < 0.2);
//! # Ok::<(), gpting_core::EngineError>(())
//! ```

mod candidates;
mod region;
mod settings;
mod slates;
#[cfg(test)]
mod tests;

pub use region::{RegionMarket, RegionPicks};
pub use settings::Market;
pub use slates::Slates;

use rustc_hash::FxHashSet;

use candidates::{Candidates, Everybody};

use super::market::graph::{Graph, GraphError, Lists, MarketSettings, Solver};
use super::walk::rows_in_order;
use super::{EngineError, PersonId, View};

/// A round that is about to be solved, from [`View::market`].
#[derive(Debug, Clone)]
pub struct Round<'a, Id> {
    view: &'a View<Id>,
    market: Market,
    /// Everybody who takes part, in the order of the index.
    rows: Vec<u32>,
    activity: Vec<f32>,
    /// Who takes part in the engine and not in this round.
    absent: FxHashSet<u32>,
}

impl<Id: PersonId + Send + Sync> View<Id> {
    /// A market round of everybody who takes part.
    ///
    /// # Errors
    /// [`EngineError::Market`] for settings outside their ranges.
    pub fn market(&self, market: Market) -> Result<Round<'_, Id>, EngineError> {
        if market.pool == 0 {
            return Err(GraphError::InvalidSetting("pool").into());
        }
        // Nobody's market: what checks the settings is the solver.
        Solver::new(&Graph::new(0, Vec::new())?, market.graph.clone())?;
        let rows = rows_in_order(self.state());
        let activity = vec![1.0; rows.len()];
        Ok(Round { view: self, market, rows, activity, absent: FxHashSet::default() })
    }
}

impl<Id: PersonId + Send + Sync> Round<'_, Id> {
    /// How much each person can take, say likes a day, 10⁻⁶ to 10⁶; it moves prices, and only ratios matter. Equal by default.
    #[must_use]
    pub fn activity(mut self, of: impl Fn(Id) -> f32) -> Self {
        let state = self.view.state();
        self.activity = self.rows.iter().map(|&row| of(state.slot(row).id)).collect();
        self
    }

    /// Leaves these people out of this round: they get no list, and are on nobody's. Ids that are unknown change nothing.
    #[must_use]
    pub fn without(mut self, ids: &[Id]) -> Self {
        let state = self.view.state();
        self.absent.extend(ids.iter().filter_map(|&id| state.find(id)));
        let absent = &self.absent;
        let mut present = self.rows.iter().map(|row| !absent.contains(row));
        self.activity.retain(|_| present.next().unwrap_or(false));
        self.rows.retain(|row| !absent.contains(row));
        self
    }

    /// Finds everybody's candidates and solves the market, on so many threads, at least one.
    ///
    /// Twice the searches of [`View::top_for_all`], then `O(E log E)` in the `E ≤ 2 × people × pool` pairs. The expected matches
    /// are close to those of price pools chosen from all eligible pairs: `cargo bench -p gpting-benches --bench view_market`
    /// tells both.
    ///
    /// # Errors
    /// [`EngineError::Market`] for no threads or an activity outside its range; [`EngineError::InvalidSignal`].
    pub fn solve(self, threads: usize) -> Result<Slates<Id>, EngineError> {
        Ok(self.solved(threads)?.0)
    }

    /// [`Self::solve`], and beside it the expected matches of the same pairs when everybody is ranked by the product of both
    /// likes: what the market is worth.
    ///
    /// # Errors
    /// As [`Self::solve`].
    pub fn solve_beside_product(self, threads: usize) -> Result<(Slates<Id>, f64), EngineError> {
        let (settings, (slates, graph)) = (self.market.graph.clone(), self.solved(threads)?);
        let lists = Lists::by_product(&graph, settings.list_length);
        let by_product = lists.total(&graph, &graph.both(), &settings.examination.table(settings.list_length)?);
        Ok((slates, by_product))
    }

    fn solved(self, threads: usize) -> Result<(Slates<Id>, Graph), EngineError> {
        let own: Vec<u32> = (0..self.rows.len() as u32).collect();
        let graph = self.candidates(&own, threads)?.graph;
        let state = self.view.state();
        let settings = MarketSettings { threads, ..self.market.graph };
        let solved = Solver::new(&graph, settings)?.finish()?;
        let ids: Vec<Id> = self.rows.iter().map(|&row| state.slot(row).id).collect();
        Ok((Slates::new(&ids, solved), graph))
    }

    /// The candidates of those at these places.
    fn candidates(&self, own: &[u32], threads: usize) -> Result<Candidates, EngineError> {
        if threads == 0 {
            return Err(GraphError::InvalidSetting("threads").into());
        }
        if !self.activity.iter().all(|activity| (1e-6..=1e6).contains(activity)) {
            return Err(GraphError::InvalidSetting("activity").into());
        }
        let (state, rows, activity, absent) = (self.view.state(), &self.rows, &self.activity, &self.absent);
        Everybody { state, rows, own, activity, absent, threads }.graph(self.market.pool, &self.market.graph)
    }
}
