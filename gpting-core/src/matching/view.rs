//! A population at one moment, and the questions one can ask it.
//!
//! Made by [`super::Engine::view`]; pages come from `retrieval`, single pairs from `eligibility` and `score`. Invariants: whenever `limit` people are
//! left, `limit` come back; pages that continue each other in one view show everybody once.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::eligibility::Viewer;
use super::explain::{Explanation, sum};
use super::population::State;
use super::retrieval::{Effort, Question, Room, search};
use super::score::Scorer;
use super::simd::Level;
use super::{After, Day, EngineError, PersonId, Pick, Reach, Relax};

const DEFAULT_LIMIT: usize = 20;

/// A snapshot: cheap to make and to clone, never blocked by the engine's writer and never changed by it.
#[derive(Debug, Clone)]
pub struct View<Id> {
    state: Arc<State<Id>>,
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
            excluding: Vec::new(),
            relax: Relax::default(),
            level: Level::best(),
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

    /// [`Self::eligible`] with limits of `viewer` set aside or widened; symmetric only without.
    ///
    /// # Errors
    /// [`EngineError::UnknownPerson`].
    pub fn eligible_with(&self, viewer: Id, candidate: Id, relax: Relax) -> Result<bool, EngineError> {
        let (viewer, candidate) = (self.state.row(viewer)?, self.state.row(candidate)?);
        Ok(Viewer::new(&self.state, viewer, relax).eligible(candidate))
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
        let mut scorer = Scorer::new(&self.state, row);
        let mut logits = [scorer.profile(other)];
        scorer.finish(&[other], &mut logits)?;
        Ok(self.pick(candidate, logits[0]))
    }

    /// The terms behind the score of two people, eligible or not.
    ///
    /// # Errors
    /// [`EngineError::UnknownPerson`], [`EngineError::SamePerson`], [`EngineError::InvalidSignal`].
    pub fn explain(&self, viewer: Id, candidate: Id) -> Result<Explanation, EngineError> {
        let (row, other) = self.state.pair(viewer, candidate)?;
        let (there, back) = Scorer::new(&self.state, row).parts(other)?;
        let config = &self.state.config;
        let score = config.link.fuse(config.fusion, sum(&there), sum(&back));
        Ok(Explanation { there, back, score })
    }

    /// The same people with prices on their attention: whoever looks at somebody with a price likes them less, by as many
    /// logits. Pages, scores and explanations hold the prices, exactly as everything else.
    ///
    /// Prices spread attention over everybody, as those of a [market round](Self::market) do; they are in the unit of a
    /// logit, may be negative, and are 0 for whoever is not named. Prices of an earlier call are replaced person by person.
    /// `O(prices)`: copies the columns of whoever has one, and no vectors.
    ///
    /// # Errors
    /// [`EngineError::UnknownPerson`], [`EngineError::InvalidNumber`].
    ///
    /// ```
    /// use gpting_core::{After, Config, Day, Engine, Gender, Person};
    ///
    /// let mut engine = Engine::<u32>::new(Config::dims(0))?;
    /// engine.set_today(Day::from_ymd(2026, 11, 23)?);
    /// for id in 0..3 {
    ///     engine.upsert(id, Person::new(Gender::O, 30).appeal(id as f32 / 2.0))?;
    /// }
    /// let view = engine.view();
    /// assert_eq!(view.top(0, 1, After::Start)?[0].id, 2);
    /// assert_eq!(view.priced([(2, 1.0)])?.top(0, 1, After::Start)?[0].id, 1);
    /// # Ok::<(), gpting_core::EngineError>(())
    /// ```
    pub fn priced(&self, prices: impl IntoIterator<Item = (Id, f32)>) -> Result<Self, EngineError> {
        let (mut rows, mut by) = (Vec::new(), Vec::new());
        for (id, price) in prices {
            if !price.is_finite() {
                return Err(EngineError::InvalidNumber("a price"));
            }
            rows.push(self.state.row(id)?);
            by.push(price);
        }
        Ok(Self::new(Arc::new(self.state.priced(&rows, &by, self.state.config.fusion))))
    }

    /// The same people, ranked by another fusion of the same estimates. `O(1)`.
    #[cfg(feature = "service")]
    pub(super) fn fused(&self, fusion: super::Fusion) -> Self {
        Self::new(Arc::new(self.state.priced(&[], &[], fusion)))
    }

    /// How many people `me` can be shown, and how many more each own filter hides alone; [`Query::reach`] without options.
    ///
    /// # Errors
    /// [`EngineError::UnknownPerson`].
    pub fn reach(&self, me: Id) -> Result<Reach, EngineError> {
        self.query(me).reach()
    }

    /// How many more people `me` could be shown with each of these relaxations; [`Query::gains`] without options.
    ///
    /// # Errors
    /// [`EngineError::UnknownPerson`].
    pub fn gains(&self, me: Id, steps: &[Relax]) -> Result<Vec<usize>, EngineError> {
        self.query(me).gains(steps)
    }

    /// The population behind this view.
    pub(super) fn state(&self) -> &State<Id> {
        &self.state
    }

    fn pick(&self, id: Id, (there, back): (f64, f64)) -> Pick<Id> {
        let config = &self.state.config;
        let score = config.link.fuse(config.fusion, there, back);
        Pick { id, score, there: config.link.chance(there), back: config.link.chance(back) }
    }
}

/// A question for a page of people, from [`View::query`].
#[derive(Debug, Clone)]
pub struct Query<'a, Id> {
    view: &'a View<Id>,
    me: Id,
    limit: usize,
    after: After<Id>,
    excluding: Vec<Id>,
    relax: Relax,
    level: Level,
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
        self.excluding.extend_from_slice(ids);
        self
    }

    /// Sets limits of the viewer aside, and nobody else's.
    #[must_use]
    pub fn relax(mut self, relax: Relax) -> Self {
        self.relax = relax;
        self
    }

    /// Uses these instructions of the processor instead of the best; a level that it does not have is the plainest.
    ///
    /// The page is the same whatever is used; to compare, and to test.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = if Level::available().contains(&level) { level } else { Level::Plain };
        self
    }

    /// The page: best first, ties by the smaller id. Shorter than the limit only when nobody is left.
    ///
    /// Far below `O(people)`: what passes the tests of gender, age and place is looked at, and most of it at four bits a
    /// coordinate.
    ///
    /// # Errors
    /// [`EngineError::UnknownPerson`] for the viewer, [`EngineError::ZeroLimit`], [`EngineError::InvalidNumber`] for a NaN
    /// to continue after, [`EngineError::InvalidSignal`].
    pub fn run(self) -> Result<Vec<Pick<Id>>, EngineError> {
        Ok(self.measured()?.0)
    }

    /// How many people all pages would show, and how many more each of the viewer's filters hides alone. Whoever is
    /// [excluded](Self::excluding) is counted nowhere; the limit, and where to continue, do not matter. `O(people)`.
    ///
    /// # Errors
    /// [`EngineError::UnknownPerson`] for the viewer.
    pub fn reach(self) -> Result<Reach, EngineError> {
        let state = &*self.view.state;
        Ok(Viewer::new(state, state.row(self.me)?, self.relax).reach(&self.excluded_rows()))
    }

    /// How many more people all pages would show with each of these relaxations instead of the query's own. Whoever is
    /// [excluded](Self::excluding) is not counted. Exact; `O(people)`, whatever the number of steps, and a few tests more
    /// for whoever only distance or age hides.
    ///
    /// # Errors
    /// [`EngineError::UnknownPerson`] for the viewer.
    pub fn gains(self, steps: &[Relax]) -> Result<Vec<usize>, EngineError> {
        let state = &*self.view.state;
        Ok(Viewer::new(state, state.row(self.me)?, self.relax).gains(steps, &self.excluded_rows()))
    }

    /// Those left out, as a test of everybody needs them.
    fn excluded_rows(&self) -> FxHashSet<u32> {
        self.excluding.iter().filter_map(|&id| self.view.state.find(id)).collect()
    }

    /// [`Self::run`], and what it cost.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn measured(self) -> Result<(Vec<Pick<Id>>, Effort), EngineError> {
        let state = &*self.view.state;
        let row = state.row(self.me)?;
        if self.limit == 0 {
            return Err(EngineError::ZeroLimit);
        }
        if matches!(self.after, After::Pick { score, .. } if score.is_nan()) {
            return Err(EngineError::InvalidNumber("the score to continue after"));
        }
        // A search meets few people beside those who are named here: it is quicker to look those up than to find all rows.
        let mut leaving_out = self.excluding;
        leaving_out.sort();
        let question = Question {
            row,
            limit: self.limit,
            after: match self.after {
                After::Start => None,
                After::Pick { score, id } => Some((score, id)),
            },
            excluding: &FxHashSet::default(),
            leaving_out: &leaving_out,
            mutual: false,
            relax: self.relax,
            level: self.level,
            expected: f64::NEG_INFINITY,
        };
        search(state, &question, &mut Room::new())
    }
}
