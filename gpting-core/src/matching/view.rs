//! A population at one moment, and the questions one can ask it.
//!
//! Made by [`super::Engine::view`]; calls `eligibility`, then `score`. Exact: everybody who is eligible is scored, and
//! exclusions are looked up only for those whose score would enter the page. Invariants: whenever `limit` people are
//! left, `limit` come back; pages that continue each other in one view show everybody once.

use std::cmp::Ordering;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::eligibility::Viewer;
use super::explain::{Explanation, sum};
use super::logistic::sigmoid;
use super::population::State;
use super::score::Scorer;
use super::{Day, EngineError, PersonId, Reach, Relax};

const DEFAULT_LIMIT: usize = 20;

/// A snapshot: cheap to make and to clone, never blocked by the engine's writer and never changed by it.
#[derive(Debug, Clone)]
pub struct View<Id> {
    state: Arc<State<Id>>,
}

/// One person of a page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pick<Id> {
    /// The person.
    pub id: Id,
    /// Both directions fused, in [0, 1]; pages are sorted by it, best first, ties by the smaller id.
    pub score: f64,
    /// The estimate that the viewer likes this person, in [0, 1].
    pub there: f64,
    /// The estimate that this person likes the viewer, in [0, 1].
    pub back: f64,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum After<Id> {
    /// With the best.
    #[default]
    Start,
    /// Behind this pick of an earlier page of the same view.
    Pick {
        /// Its score, to the last bit.
        score: f64,
        /// Its id.
        id: Id,
    },
}

impl<Id> From<Pick<Id>> for After<Id> {
    fn from(pick: Pick<Id>) -> Self {
        Self::Pick { score: pick.score, id: pick.id }
    }
}

impl<Id: PersonId> View<Id> {
    pub(super) fn new(state: Arc<State<Id>>) -> Self {
        Self { state }
    }

    /// How many people there are.
    pub fn len(&self) -> usize {
        self.state.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether somebody has this id.
    pub fn contains(&self, id: Id) -> bool {
        self.state.find(id).is_some()
    }

    /// The day on which ages are counted, once it was set.
    pub fn today(&self) -> Option<Day> {
        self.state.today
    }

    /// The best `limit` people for `me` behind `after`; [`Self::query`] without its options.
    ///
    /// # Errors
    /// As [`Query::run`].
    pub fn top(&self, me: Id, limit: usize, after: After<Id>) -> Result<Vec<Pick<Id>>, EngineError> {
        self.query(me).limit(limit).after(after).run()
    }

    /// A question for the best people for `me`, to be refined and then [run](Query::run).
    pub fn query(&self, me: Id) -> Query<'_, Id> {
        Query {
            view: self,
            me,
            limit: DEFAULT_LIMIT,
            after: After::Start,
            excluding: FxHashSet::default(),
            relax: Relax::default(),
        }
    }

    /// Whether two people fit each other, whatever they have done; symmetric, and false for one person twice.
    ///
    /// # Errors
    /// [`EngineError::UnknownPerson`].
    pub fn eligible(&self, a: Id, b: Id) -> Result<bool, EngineError> {
        let (a, b) = (self.state.row(a)?, self.state.row(b)?);
        Ok(Viewer::new(&self.state, a, Relax::default()).eligible(b))
    }

    /// Whether what the two have done keeps `candidate` from being shown to `viewer`: the viewer's decision, the
    /// candidate's pass, a block or an unmatch by either.
    ///
    /// # Errors
    /// [`EngineError::UnknownPerson`], [`EngineError::SamePerson`].
    pub fn excluded(&self, viewer: Id, candidate: Id) -> Result<bool, EngineError> {
        let (viewer, candidate) = self.state.pair(viewer, candidate)?;
        Ok(self.state.excluded(viewer, candidate))
    }

    /// The score of an eligible pair, as a page of `viewer` would show it.
    ///
    /// # Errors
    /// [`EngineError::UnknownPerson`], [`EngineError::SamePerson`], [`EngineError::NotEligible`], and
    /// [`EngineError::InvalidSignal`].
    pub fn score(&self, viewer: Id, candidate: Id) -> Result<Pick<Id>, EngineError> {
        let (row, other) = self.state.pair(viewer, candidate)?;
        if !Viewer::new(&self.state, row, Relax::default()).eligible(other) {
            return Err(EngineError::NotEligible);
        }
        let mut logits = Vec::new();
        Scorer::new(&self.state, row).logits(&mut vec![(other, 0)], None, &mut logits)?;
        Ok(self.pick(candidate, logits[0]))
    }

    /// The terms behind the score of two people, eligible or not.
    ///
    /// # Errors
    /// [`EngineError::UnknownPerson`], [`EngineError::SamePerson`], [`EngineError::InvalidSignal`].
    pub fn explain(&self, viewer: Id, candidate: Id) -> Result<Explanation, EngineError> {
        let (row, other) = self.state.pair(viewer, candidate)?;
        let (there, back) = Scorer::new(&self.state, row).parts(other)?;
        let score = self.state.config.fusion.fuse(sum(&there), sum(&back));
        Ok(Explanation { there, back, score })
    }

    /// How many people `me` can be shown, and how many more each own filter hides alone.
    ///
    /// # Errors
    /// [`EngineError::UnknownPerson`].
    pub fn reach(&self, me: Id) -> Result<Reach, EngineError> {
        Ok(Viewer::new(&self.state, self.state.row(me)?, Relax::default()).reach())
    }

    fn pick(&self, id: Id, (there, back): (f64, f64)) -> Pick<Id> {
        Pick { id, score: self.state.config.fusion.fuse(there, back), there: sigmoid(there), back: sigmoid(back) }
    }
}

/// A question for a page of people, from [`View::query`].
#[derive(Debug, Clone)]
pub struct Query<'a, Id> {
    view: &'a View<Id>,
    me: Id,
    limit: usize,
    after: After<Id>,
    excluding: FxHashSet<u32>,
    relax: Relax,
}

impl<Id: PersonId> Query<'_, Id> {
    /// The most people of the page; 20 by default.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Continues behind a pick of an earlier page.
    #[must_use]
    pub fn after(mut self, after: impl Into<After<Id>>) -> Self {
        self.after = after.into();
        self
    }

    /// Leaves these people out as well; ids that nobody has are ignored. May be called several times.
    #[must_use]
    pub fn excluding(mut self, ids: &[Id]) -> Self {
        self.excluding.extend(ids.iter().filter_map(|&id| self.view.state.find(id)));
        self
    }

    /// Sets limits of the viewer aside, and nobody else's.
    #[must_use]
    pub fn relax(mut self, relax: Relax) -> Self {
        self.relax = relax;
        self
    }

    /// The page: best first, ties by the smaller id. Shorter than the limit only when nobody is left.
    ///
    /// `O(people)`.
    ///
    /// # Errors
    /// [`EngineError::UnknownPerson`] for the viewer, [`EngineError::ZeroLimit`], [`EngineError::InvalidNumber`] for a NaN
    /// to continue after, [`EngineError::InvalidSignal`].
    pub fn run(self) -> Result<Vec<Pick<Id>>, EngineError> {
        let state = &*self.view.state;
        let row = state.row(self.me)?;
        if self.limit == 0 {
            return Err(EngineError::ZeroLimit);
        }
        if matches!(self.after, After::Pick { score, .. } if score.is_nan()) {
            return Err(EngineError::InvalidNumber("the score to continue after"));
        }
        let mut scorer = Scorer::new(state, row);
        let mut best = Best { limit: self.limit, picks: Vec::new(), worst: None };
        let mut logits = Vec::new();
        Viewer::new(state, row, self.relax).scan(0, |block| {
            scorer.logits(block, best.worst.map(|worst| worst.0), &mut logits)?;
            for (&(other, _), &logits) in block.iter().zip(&logits) {
                let score = state.config.fusion.fuse(logits.0, logits.1);
                let id = state.slot(other).id;
                let candidate = (score, id);
                if self.is_behind(candidate)
                    && best.welcomes(candidate)
                    && !self.excluding.contains(&other)
                    && !state.excluded(row, other)
                {
                    best.push(Pick { id, score, there: sigmoid(logits.0), back: sigmoid(logits.1) });
                }
            }
            Ok::<_, EngineError>(())
        })?;
        Ok(best.into_page())
    }

    fn is_behind(&self, candidate: (f64, Id)) -> bool {
        match self.after {
            After::Start => true,
            After::Pick { score, id } => order((score, id), candidate) == Ordering::Less,
        }
    }
}

/// Better first: the larger score, then the smaller id.
fn order<Id: PersonId>(a: (f64, Id), b: (f64, Id)) -> Ordering {
    b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1))
}

/// The best picks so far, in a buffer of twice the limit that is cut to the limit when full.
#[derive(Debug)]
struct Best<Id> {
    limit: usize,
    picks: Vec<Pick<Id>>,
    /// What a pick must beat, once there are `limit` better ones.
    worst: Option<(f64, Id)>,
}

impl<Id: PersonId> Best<Id> {
    #[inline]
    fn welcomes(&self, candidate: (f64, Id)) -> bool {
        self.worst.is_none_or(|worst| order(candidate, worst) == Ordering::Less)
    }

    fn push(&mut self, pick: Pick<Id>) {
        self.picks.push(pick);
        if self.picks.len() >= self.limit.saturating_mul(2) {
            let at = self.limit - 1;
            let (_, worst, _) = self.picks.select_nth_unstable_by(at, |a, b| order((a.score, a.id), (b.score, b.id)));
            self.worst = Some((worst.score, worst.id));
            self.picks.truncate(self.limit);
        }
    }

    fn into_page(mut self) -> Vec<Pick<Id>> {
        self.picks.sort_unstable_by(|a, b| order((a.score, a.id), (b.score, b.id)));
        self.picks.truncate(self.limit);
        self.picks
    }
}
