//! How much two people are expected to like each other: two one-way logits, fused into one number.
//!
//! Called by `view` for people who passed eligibility. Every term is added in one fixed order in f64 by the same
//! functions, whether the terms are only summed (a page) or also named (an explanation), so an explanation adds up
//! to the score it explains, to the last bit. For `u` looking at `v`, the logit of "`u` likes `v`" is the sum of base,
//! pickiness of `u`, appeal of `v` less its price, shared interests, tastes of `u` met by `v`, `v`'s answers by what `u`
//! accepts, nearness, likeness of age,
//! `seeks(u) · is(v)` and the signals. The product of both chances ranks pairs
//! by their expected matches.
//! Invariants: deterministic; a fusion is symmetric and monotone in both logits.

use std::fmt::Debug;

use super::candidate::Candidate;
use super::emphasis;
use super::explain::{Part, Reason};
use super::facts::Facts;
use super::fusion::Link;
use super::index::columns::Signature;
use super::logistic::{ln, logit};
use super::place::chord_km;
use super::population::State;
use super::question::{Expectation, Tally};
use super::simd::{Level, prefetch_slice, product};
use super::sketch::Bounds;
use super::table::Gate;
use super::weights::FEW_INTERESTS;
use super::{EngineError, PersonId, Row, Strength, Weights};

/// As many imagined people without any interest keep every interest informative in a small population.
const IMAGINED: f64 = 1000.0;

/// A host's own term of the score, in logits, for each direction.
///
/// Held as `dyn` and called once per block of candidates, never once per candidate. The value for a candidate must depend
/// on nothing but the two people and the signal's own constant state, or pages of one view would not fit together.
pub trait Signal<Id>: Send + Sync + Debug {
    /// The name under which explanations show the term.
    fn name(&self) -> &'static str;

    /// Writes into `out[i]` what is added to the logit that `viewer` likes `candidates[i]`; all are zero before.
    fn logit(&self, viewer: Row<'_, Id>, candidates: &[Row<'_, Id>], out: &mut [f32]);

    /// The other direction: what is added to the logit that `candidates[i]` likes `viewer`.
    ///
    /// Asks [`Self::logit`] one candidate at a time; a signal that can do better overrides it with the same values.
    fn logit_back(&self, viewer: Row<'_, Id>, candidates: &[Row<'_, Id>], out: &mut [f32]) {
        for (candidate, out) in candidates.iter().zip(out) {
            self.logit(*candidate, &[viewer], std::slice::from_mut(out));
        }
    }

    /// The most that [`Self::logit`] adds when `viewer` asks; a larger value is cut to it. Of the other direction too, unless
    /// [`Self::bound_back`] says otherwise.
    ///
    /// A finite bound lets a search stop early. Without one the result is the same, only slower.
    fn bound(&self, _viewer: Row<'_, Id>) -> f32 {
        f32::INFINITY
    }

    /// The most that [`Self::logit_back`] adds when `viewer` asks; a larger value is cut to it.
    fn bound_back(&self, viewer: Row<'_, Id>) -> f32 {
        self.bound(viewer)
    }
}

/// Logits beyond which a sum forgets its smaller parts.
const HUGE: f64 = 1e4;

/// Takes the terms of one direction.
trait Sink {
    fn add(&mut self, reason: impl FnOnce() -> Reason, logit: f64);
}

impl Sink for f64 {
    #[inline]
    fn add(&mut self, _reason: impl FnOnce() -> Reason, logit: f64) {
        *self += logit;
    }
}

impl Sink for Vec<Part> {
    fn add(&mut self, reason: impl FnOnce() -> Reason, logit: f64) {
        if logit != 0.0 {
            self.push(Part { code: reason(), logit });
        }
    }
}

/// The viewer's half of the score, worked out once per query.
#[derive(Debug)]
pub(super) struct Scorer<'a, Id> {
    state: &'a State<Id>,
    weights: Weights,
    row: u32,
    gate: &'a Gate,
    facts: Facts<'a>,
    age: u8,
    base: f64,
    /// The most that all signals add in each direction.
    most_of_signals: (f64, f64),
    /// The same of the signal that the index has sketches for.
    most_of_sketched: (f64, f64),
    /// By interest: how rare the viewer's interests are; 0 for all others.
    rarity: Vec<f64>,
    is: &'a [f32],
    seeks: &'a [f32],
    level: Level,
    buffers: Buffers<'a, Id>,
}

#[derive(Debug)]
struct Buffers<'a, Id> {
    rows: Vec<Row<'a, Id>>,
    there: Vec<f32>,
    back: Vec<f32>,
}

impl<'a, Id: PersonId> Scorer<'a, Id> {
    pub(super) fn new(state: &'a State<Id>, row: u32) -> Self {
        let weights = state.config.weights;
        let facts = state.slot(row).facts();
        let gate = state.gate(row);
        let mut rarity = vec![0.0; facts.interests().last().map_or(0, |&last| usize::from(last) + 1)];
        let people = state.len() as f64 + IMAGINED;
        for &interest in facts.interests() {
            let having = f64::from(state.interest_count(interest)) + 1.0;
            rarity[usize::from(interest)] = ln(people / having) / ln(people);
        }
        let (is, seeks) = state.vectors(row);
        let viewer = Row { state, number: row };
        let signals = &state.config.signals;
        let there: f64 = signals.iter().map(|signal| f64::from(signal.bound(viewer))).sum();
        let back: f64 = signals.iter().map(|signal| f64::from(signal.bound_back(viewer))).sum();
        // Bounds without sense bound nothing, and none may be so low that an f32 makes infinity of it.
        let sensible = |most: f64| if most.is_nan() { f64::INFINITY } else { most.max(-1e9) };
        let name = state.config.sketcher.as_ref().map(|sketcher| sketcher.signal());
        let sketched = signals.iter().find(|signal| Some(signal.name()) == name);
        let most_of_sketched = sketched.map_or((0.0, 0.0), |signal| {
            let of = |most: f32| sensible(f64::from(most)).max(0.0);
            (of(signal.bound(viewer)), of(signal.bound_back(viewer)))
        });
        Self {
            state,
            weights,
            row,
            gate,
            facts,
            age: gate.birth.age_on(state.today()),
            base: match state.config.link {
                Link::Logistic => logit(weights.like_rate),
                Link::Clipped => 0.0,
            },
            most_of_signals: (sensible(there), sensible(back)),
            most_of_sketched,
            rarity,
            is,
            seeks,
            level: Level::best(),
            buffers: Buffers { rows: Vec::new(), there: Vec::new(), back: Vec::new() },
        }
    }

    /// The sums of everything but content and signals: what a bound is built on.
    #[inline]
    pub(super) fn profile(&self, candidate: u32) -> (f64, f64) {
        let (mut there, mut back) = (0.0, 0.0);
        self.profile_terms(candidate, &mut there, &mut back);
        (there, back)
    }

    /// The most that all signals add in each direction; infinite where one says no bound.
    pub(super) fn most_of_signals(&self) -> (f64, f64) {
        self.most_of_signals
    }

    /// Of that, what the signal adds that the index has sketches for; finite. And what sketches come to for the viewer.
    pub(super) fn sketched(&self) -> ((f64, f64), Bounds) {
        let bounds = self
            .state
            .config
            .sketcher
            .as_ref()
            .map(|sketcher| sketcher.bounds(self.facts.interests(), self.facts.attributes()));
        (self.most_of_sketched, bounds.unwrap_or_default())
    }

    /// What all signals add to each direction, for a block of candidates; replaces what is in `sums`. Not a number where a
    /// signal is so large that the order of an addition may decide.
    pub(super) fn signal_sums(&mut self, block: &[Candidate], sums: &mut Vec<(f64, f64)>) -> Result<(), EngineError> {
        sums.clear();
        sums.resize(block.len(), (0.0, 0.0));
        self.signals(block.iter().map(|candidate| candidate.row), |at, _, there, back| {
            let is_huge = there.abs().max(back.abs()) > HUGE;
            sums[at].0 += if is_huge { f64::NAN } else { there };
            sums[at].1 += if is_huge { f64::NAN } else { back };
        })
    }

    /// The whole logits of a block of candidates, viewer to candidate and back, from the sums of [`Self::profile`].
    pub(super) fn finish(&mut self, block: &[u32], sums: &mut [(f64, f64)]) -> Result<(), EngineError> {
        for (at, (&candidate, (there, back))) in block.iter().zip(&mut *sums).enumerate() {
            if let Some(&next) = block.get(at + 2) {
                let (is, seeks) = self.state.vectors(next);
                prefetch_slice(is);
                prefetch_slice(seeks);
            }
            self.content_terms(candidate, there, back);
        }
        self.signals(block.iter().copied(), |at, _, there, back| {
            sums[at].0 += there;
            sums[at].1 += back;
        })
    }

    /// What the viewer is and seeks.
    pub(super) fn vectors(&self) -> (&'a [f32], &'a [f32]) {
        (self.is, self.seeks)
    }

    /// How much distance, age and interests count for the viewer.
    pub(super) fn own_emphases(&self) -> [f64; 3] {
        let own = self.gate.emphases;
        [own.distance(), own.age(), own.interests()]
    }

    /// What every candidate has in common, as bounds for the index: the two sums of everything that does not depend on the
    /// candidate.
    pub(super) fn common(&self) -> (f64, f64) {
        let mine = self.state.slot(self.row);
        let own = self.gate.emphases;
        let tastes = self.facts.most_of_tastes(self.weights.attributes * own.attributes());
        let answers = Expectation::default().most(self.facts.answers().points());
        let answers = own.questions() * self.weights.questions * answers;
        let there =
            self.base + f64::from(mine.pickiness) + tastes + answers + self.most_of_signals.0 - self.most_of_sketched.0;
        let back = self.base + f64::from(mine.appeal) - f64::from(mine.price) + self.most_of_signals.1
            - self.most_of_sketched.1;
        (there, back)
    }

    /// The most that shared interests can add: somebody who has the rarest of them and no others.
    pub(super) fn most_of_interests(&self) -> f64 {
        let mut rarities: Vec<f64> =
            self.facts.interests().iter().map(|&interest| self.rarity[usize::from(interest)]).collect();
        rarities.sort_unstable_by(|a, b| b.total_cmp(a));
        let mine = rarities.len().max(FEW_INTERESTS);
        let (mut sum, mut most) = (0.0, 0.0_f64);
        for (at, rarity) in rarities.into_iter().enumerate() {
            sum += rarity;
            most = most.max(sum / ((mine * (at + 1).max(FEW_INTERESTS)) as f64).sqrt());
        }
        self.weights.interests * most
    }

    /// What the interests of each class add to the logits of somebody who has all of them, before it is divided by the root
    /// of how many they have, at least [`FEW_INTERESTS`]; 0 for classes without any of the viewer's.
    pub(super) fn interests_by_class(&self) -> [f64; Signature::CLASSES as usize] {
        let mut classes = [0.0; Signature::CLASSES as usize];
        let factor = self.weights.interests / (self.facts.interests().len().max(FEW_INTERESTS) as f64).sqrt();
        for &interest in self.facts.interests() {
            classes[Signature::class(interest) as usize] += self.rarity[usize::from(interest)] * factor;
        }
        classes
    }

    /// The terms of one candidate, and their sums.
    pub(super) fn parts(&mut self, candidate: u32) -> Result<(Vec<Part>, Vec<Part>), EngineError> {
        let (mut there, mut back) = (Vec::new(), Vec::new());
        self.profile_terms(candidate, &mut there, &mut back);
        self.content_terms(candidate, &mut there, &mut back);
        self.signals([candidate].into_iter(), |_, name, to, from| {
            there.add(|| Reason::Signal(name), to);
            back.add(|| Reason::Signal(name), from);
        })?;
        Ok((there, back))
    }

    /// Adds the terms that profiles and history give, always in this order, before all others.
    #[inline]
    fn profile_terms(&self, candidate: u32, there: &mut impl Sink, back: &mut impl Sink) {
        let weights = &self.weights;
        let (mine, theirs) = (self.state.slot(self.row), self.state.slot(candidate));
        let gate = self.state.gate(candidate);
        // Nothing of the facts is read where neither side has a list that could count.
        let count = !self.rarity.is_empty() && gate.has(Gate::INTERESTS);
        let compare = self.gate.has(Gate::ANSWERS) && gate.has(Gate::ANSWERS);
        let tasteful = self.gate.has(Gate::TASTES) || gate.has(Gate::TASTES);
        let facts = if count || compare || tasteful { theirs.facts() } else { Facts::NONE };
        let (own, others) = (self.gate.emphases, gate.emphases);
        there.add(|| Reason::Base, self.base);
        there.add(|| Reason::Pickiness, f64::from(mine.pickiness));
        there.add(|| Reason::Appeal, f64::from(theirs.appeal));
        there.add(|| Reason::Price, -f64::from(theirs.price));
        back.add(|| Reason::Base, self.base);
        back.add(|| Reason::Pickiness, f64::from(theirs.pickiness));
        back.add(|| Reason::Appeal, f64::from(mine.appeal));
        back.add(|| Reason::Price, -f64::from(mine.price));

        self.interests(facts, others, there, back);
        tastes(self.facts, facts, weights.attributes * own.attributes(), there);
        tastes(facts, self.facts, weights.attributes * others.attributes(), back);
        if compare {
            self.questions(facts, others, there, back);
        }

        if self.gate.placed() && gate.placed() {
            let km = chord_km(self.gate.point.squared_chord(gate.point));
            let logit = weights.near * weights.near_km / (weights.near_km + km);
            let reason = || Reason::Near { km: km.round() as u16 };
            there.add(reason, own.distance() * logit);
            back.add(reason, others.distance() * logit);
        }
        let days = (i64::from(self.gate.birth.0) - i64::from(gate.birth.0)).abs() as f64;
        let logit = weights.age * weights.age_years / (weights.age_years + days / 365.2425);
        let age = self.age;
        let their_age = || gate.birth.age_on(self.state.today());
        there.add(|| Reason::AgeFit { years: age.abs_diff(their_age()) }, own.age() * logit);
        back.add(|| Reason::AgeFit { years: age.abs_diff(their_age()) }, others.age() * logit);
    }

    /// Adds the terms of the answers. Apart, so that those who have none are not slowed down by its code.
    #[inline(never)]
    fn questions(&self, theirs: Facts<'_>, others: emphasis::Packed, there: &mut impl Sink, back: &mut impl Sink) {
        let found = self.facts.answers().compare(theirs.answers());
        answers(found.there, self.weights.questions * self.gate.emphases.questions(), there);
        answers(found.back, self.weights.questions * others.questions(), back);
    }

    /// Adds the terms of the vectors, after those of the profiles and before the signals.
    #[inline]
    fn content_terms(&self, candidate: u32, there: &mut impl Sink, back: &mut impl Sink) {
        if !self.is.is_empty() {
            let (is, seeks) = self.state.vectors(candidate);
            there.add(|| Reason::Content, self.weights.content * product(self.level, self.seeks, is));
            back.add(|| Reason::Content, self.weights.content * product(self.level, seeks, self.is));
        }
    }

    /// `weight · Σ rarity(shared) / √(n_u n_v)`, a cosine of rare things, in [0, weight]; the same for both directions, but
    /// for how much it counts for each.
    ///
    /// Rarity is `ln(N / n) / ln N` (inverse document frequency, Spärck Jones 1972), in [0, 1].
    #[inline]
    fn interests(&self, theirs: Facts<'_>, others: emphasis::Packed, there: &mut impl Sink, back: &mut impl Sink) {
        if self.rarity.is_empty() {
            return;
        }
        let count = |facts: Facts<'_>| facts.interests().len().max(FEW_INTERESTS);
        let factor = self.weights.interests / ((count(self.facts) * count(theirs)) as f64).sqrt();
        let (mine, other) = (self.gate.emphases.interests(), others.interests());
        for &interest in theirs.interests() {
            let Some(&rarity) = self.rarity.get(usize::from(interest)) else {
                break;
            };
            if rarity > 0.0 {
                there.add(|| Reason::SharedInterest(interest), mine * (rarity * factor));
                back.add(|| Reason::SharedInterest(interest), other * (rarity * factor));
            }
        }
    }

    /// Asks every signal about the block and hands on (place in the block, name, there, back).
    fn signals(
        &mut self,
        block: impl Iterator<Item = u32>,
        mut add: impl FnMut(usize, &'static str, f64, f64),
    ) -> Result<(), EngineError> {
        let state = self.state;
        if state.config.signals.is_empty() {
            return Ok(());
        }
        let viewer = Row { state, number: self.row };
        let Buffers { rows, there, back } = &mut self.buffers;
        rows.clear();
        rows.extend(block.map(|number| Row { state, number }));
        for signal in &state.config.signals {
            for out in [&mut *there, &mut *back] {
                out.clear();
                out.resize(rows.len(), 0.0);
            }
            signal.logit(viewer, rows, there);
            signal.logit_back(viewer, rows, back);
            let (most_there, most_back) = (signal.bound(viewer), signal.bound_back(viewer));
            for (at, (&there, &back)) in there.iter().zip(&*back).enumerate() {
                if !there.is_finite() || !back.is_finite() {
                    return Err(EngineError::InvalidSignal { name: signal.name() });
                }
                add(at, signal.name(), f64::from(there.min(most_there)), f64::from(back.min(most_back)));
            }
        }
        Ok(())
    }
}

/// `weight · (s − m)`: the shrunk satisfaction of one side beyond the average one.
#[inline]
fn answers(side: Tally, weight: f64, sink: &mut impl Sink) {
    if side.possible > 0 {
        let expected = Expectation::default();
        let reason = || Reason::Questions { asked: side.asked, fits: side.fits };
        sink.add(reason, weight * (expected.shrunk(side) - expected.mean()));
    }
}

/// `±weight / √n` for each of the `n` tastes that the other person meets.
#[inline]
fn tastes(wishing: Facts<'_>, wished: Facts<'_>, weight: f64, sink: &mut impl Sink) {
    let count = wishing.tastes().count();
    if count == 0 {
        return;
    }
    let each = weight / (count as f64).sqrt();
    for rule in wishing.tastes() {
        if let Some(value) = rule.hit(wished) {
            let attribute = rule.attribute;
            if rule.strength == Strength::Prefer {
                sink.add(|| Reason::AttributePreferred { attribute, value }, each);
            } else {
                sink.add(|| Reason::AttributeAvoided { attribute, value }, -each);
            }
        }
    }
}
