//! The best people for a viewer, found without looking at everybody, and exact all the same.
//!
//! Called by `view`; walks the index with `simd`, then tests and scores from the exact rows. Leaves come best first; a leaf
//! whose bound is below the floor (the score of the last of the best so far) is passed by, and so is every row. Whoever
//! is left is tested by `eligibility`, looked up among the exclusions, and scored by `score` in f64.
//! Invariants: the page is that of a scan of everybody; ties go to the smaller id; nothing here depends on the processor.

pub(super) mod ask;
mod best;
mod excluded;

use std::cmp::Ordering;

use ask::Ask;
use best::{Best, Found};
use excluded::Excluded;
use rustc_hash::FxHashSet;

use super::candidate::Candidate;
use super::eligibility::Viewer;
use super::fusion::{Fusion, Link};
use super::index::columns::Planes;
use super::index::key::Key;
use super::index::leaf::Leaf;
use super::index::quantise::Probe;
use super::population::State;
use super::score::Scorer;
use super::simd::{self, Level, Pad, Wanted};
use super::table::Slot;
use super::{Day, EngineError, PersonId, Pick, Relax};

/// Leaves that are under way at once.
const LINE: usize = 8;
/// Steps from the first mention of a leaf to its filter, and to its last round.
const FIRST: usize = 4;
const LAST: usize = FIRST + 6;

/// What a page is asked with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a, Id> {
    pub(super) row: u32,
    pub(super) limit: usize,
    /// Only picks behind this score and id.
    pub(super) after: Option<(f64, Id)>,
    pub(super) excluding: &'a FxHashSet<u32>,
    /// The same by id, ascending.
    pub(super) leaving_out: &'a [Id],
    /// Leaves out as well to whom the viewer is not shown any more.
    pub(super) mutual: bool,
    pub(super) relax: Relax,
    pub(super) level: Level,
    /// A score that all of a full page are expected to reach: a search that finds a page of them is done, any other begins anew.
    /// Costs time when it is wrong, and nothing else.
    pub(super) expected: f64,
}

/// How many rows a search looked at, stage by stage: what its time goes into.
///
/// Each number is a count of rows, but for `leaves`. `scanned` rows had their columns read; `first` passed all tests that
/// columns can make and had one packed vector read; `second` had the other one read as well; `refined` had the lower four
/// bits of both read; `settled` were tested from the exact row; `exact` had their vectors read in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "told above")]
pub struct Effort {
    pub leaves: u64,
    pub scanned: u64,
    pub first: u64,
    pub second: u64,
    pub refined: u64,
    pub settled: u64,
    pub exact: u64,
}

/// What a search needs room for; kept by whoever asks many questions.
#[derive(Debug)]
pub(super) struct Room<'a> {
    hits: Vec<Hit<'a>>,
    sorted: Vec<Hit<'a>>,
    scores: Vec<f32>,
    pads: Vec<Pad>,
    wanted: Wanted,
    excluded: Excluded,
    candidates: Vec<Candidate>,
    found: Vec<Found>,
    finishing: Finishing,
}

/// A leaf that may hold somebody, and the best score it can hold.
#[derive(Debug, Clone, Copy)]
struct Hit<'a> {
    score: f32,
    placed: bool,
    leaf: &'a Leaf,
}

impl Room<'_> {
    pub(super) fn new() -> Self {
        Self {
            hits: Vec::new(),
            sorted: Vec::new(),
            scores: Vec::new(),
            pads: vec![Pad::new(); LINE],
            wanted: Wanted::default(),
            excluded: Excluded::default(),
            candidates: Vec::new(),
            found: Vec::new(),
            finishing: Finishing::default(),
        }
    }
}

/// Better first: the larger score, then the smaller id.
fn order<Id: PersonId>(a: (f64, Id), b: (f64, Id)) -> Ordering {
    b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1))
}

/// The page, best first.
pub(super) fn search<'a, Id: PersonId>(
    state: &'a State<Id>,
    question: &Question<'_, Id>,
    room: &mut Room<'a>,
) -> Result<(Vec<Pick<Id>>, Effort), EngineError> {
    let mut page = Vec::new();
    let link = state.config.link;
    let effort = fill(state, question, room, &mut page, |row, score, sums| Pick {
        id: state.slot(row).id,
        score,
        there: link.chance(sums.0),
        back: link.chance(sums.1),
    })?;
    Ok((page, effort))
}

/// Replaces what is in `page` with the page, best first, made of `form(row, score, whole sums of both directions)`.
pub(super) fn fill<'a, Id: PersonId, T>(
    state: &'a State<Id>,
    question: &Question<'_, Id>,
    room: &mut Room<'a>,
    page: &mut Vec<T>,
    form: impl Fn(u32, f64, (f64, f64)) -> T,
) -> Result<Effort, EngineError> {
    page.clear();
    let mut effort = Effort::default();
    let viewer = Viewer::new(state, question.row, question.relax);
    let mut best = Best::new(question.limit, question.expected);
    if !viewer.takes_part() {
        return Ok(effort);
    }
    let mut scorer = Scorer::new(state, question.row);
    let (ask, walk) = ask(state, &viewer, &scorer);
    find_leaves(state, &ask, walk, question.level, room);
    let Room { hits, pads, wanted, excluded, candidates, found, finishing, .. } = room;
    excluded.fill(state.slot(question.row));
    let judge = Judge { state, question, viewer: &viewer, ask: &ask, excluded };
    effort.leaves = hits.len() as u64;

    pads.iter_mut().for_each(Pad::begin);
    // Leaves go through the rounds one behind the other, like cars through a washing line: while one is scored, what the
    // later ones will read is on its way from memory.
    // The best of them goes first and alone: what it leaves behind is the floor that all others are held against.
    let (best_leaf, others) = hits.split_at(hits.len().min(1));
    for hits in [best_leaf, others] {
        let mut open = [false; LINE];
        wanted.clear();
        for step in 0..hits.len() + LAST + 3 {
            let floor = best.floor();
            let leaf_at = |lag: usize| {
                let hit = step.checked_sub(lag).and_then(|at| hits.get(at));
                hit.filter(|hit| hit.score >= floor).map(|hit| hit.leaf)
            };
            if let Some(leaf) = leaf_at(0) {
                wanted.stretch(leaf, Leaf::HEAD);
            }
            if let Some(leaf) = leaf_at(2) {
                wanted.stretch(&*leaf.planes, size_of::<Planes>());
            }
            if !ask.classes.is_empty()
                && let Some(leaf) = leaf_at(3)
                && let Some(first) = leaf.planes.interests.first()
            {
                wanted.stretch(first, size_of_val(&*leaf.planes.interests));
            }
            if ask.is_sketched()
                && let Some(leaf) = leaf_at(3)
                && let Some(first) = leaf.planes.sketches.first()
            {
                wanted.stretch(first, size_of_val(&*leaf.planes.sketches));
            }
            if step % 3 == 0 && !candidates.is_empty() {
                effort.settled += candidates.len() as u64;
                judge.settle(&mut scorer, candidates, found, finishing, &mut best)?;
                candidates.clear();
            }
            // From the last station to the first, so that each finds its pad free.
            for station in [3, 2, 1, 0] {
                let lag = FIRST + 2 * station;
                let Some(hit) = step.checked_sub(lag).and_then(|at| hits.get(at)) else { continue };
                let slot = (step - lag) % LINE;
                let pad = &mut pads[slot];
                if station == 0 {
                    open[slot] = hit.score >= floor;
                    if open[slot] {
                        effort.scanned += hit.leaf.columns.len as u64;
                        simd::filter(question.level, hit.leaf, hit.placed, &ask, floor, pad, wanted);
                    }
                    continue;
                }
                if !open[slot] || pad.len() == 0 {
                    continue;
                }
                let rows = pad.len() as u64;
                match station {
                    1 => {
                        effort.first += rows;
                        simd::first(question.level, hit.leaf, &ask, floor, pad, wanted);
                    }
                    2 => {
                        effort.second += rows;
                        simd::second(question.level, hit.leaf, &ask, floor, pad, wanted);
                    }
                    _ => {
                        effort.refined += rows;
                        let known = candidates.len();
                        simd::third(question.level, hit.leaf, &ask, floor, pad, candidates);
                        for candidate in &candidates[known..] {
                            wanted.push(state.gate(candidate.row));
                            wanted.stretch(state.slot(candidate.row), size_of::<Slot<Id>>());
                        }
                    }
                }
            }
            wanted.turn();
        }
    }
    let mut found = best.into_rest();
    effort.exact = found.len() as u64;
    finish(state, &mut scorer, &mut found, finishing, |_| true)?;
    found.sort_unstable_by(|a, b| order((a.least, id(state, *a)), (b.least, id(state, *b))));
    if question.expected > f64::NEG_INFINITY
        && found.get(question.limit - 1).is_none_or(|last| last.least < question.expected)
    {
        let question = Question { expected: f64::NEG_INFINITY, ..*question };
        return fill(state, &question, room, page, form);
    }
    page.extend(found.iter().take(question.limit).map(|one| form(one.row, one.least, one.sums)));
    Ok(effort)
}

/// Which trees of the index are walked, by the genders a viewer wants and the own one, and which part of them.
#[derive(Debug, Clone, Copy)]
struct Walk {
    wanted: u8,
    own: u8,
    days: (Day, Day),
}

fn ask<Id: PersonId>(state: &State<Id>, viewer: &Viewer<'_, Id>, scorer: &Scorer<'_, Id>) -> (Ask, Walk) {
    let columns = viewer.columns();
    let weights = state.config.weights;
    let (there, back) = scorer.common();
    let (is, seeks) = scorer.vectors();
    let walk = Walk { wanted: columns.genders, own: columns.gender, days: columns.days };
    let up = |x: f64| (x + x.abs() * 1e-6) as f32;
    let seeks = Probe::new(seeks, weights.content);
    let is = Probe::new(is, weights.content);
    // Nobody's content counts for a viewer without any.
    let silent = seeks.is_zero() && is.is_zero();
    let classes = (0..).zip(scorer.interests_by_class()).filter(|(_, most)| *most > 0.0);
    let classes = classes.map(|(class, most)| (1 << class, up(most))).collect();
    let (sketched, sketches) = scorer.sketched();
    let ask = Ask {
        point: columns.point,
        placed: columns.placed,
        limit: columns.limit,
        births: columns.births,
        birth: columns.birth,
        age: columns.age,
        must: columns.must,
        never: columns.never,
        there: up(there),
        back: up(back),
        near: up(weights.near),
        near_km: up(weights.near_km),
        age_weight: up(weights.age),
        age_days: up(weights.age_years * 365.2425),
        interests: up(scorer.most_of_interests()),
        classes,
        sketched: [up(sketched.0), up(sketched.1)],
        sketches,
        own: scorer.own_emphases().map(|factor| factor as f32),
        stride: if silent { 0 } else { seeks.steps.len() / 2 },
        root_dims: up((state.table.dims as f64).sqrt()),
        seeks,
        is,
        link: state.config.link,
        fusion: state.config.fusion,
    };
    (ask, walk)
}

/// Collects the leaves that may hold somebody, best first.
fn find_leaves<'a, Id: PersonId>(state: &'a State<Id>, ask: &Ask, walk: Walk, level: Level, room: &mut Room<'a>) {
    let Room { hits, sorted, scores, .. } = room;
    hits.clear();
    for (class, tree) in state.index.trees() {
        let fits = class.gender & walk.wanted != 0 && class.wants & walk.own != 0;
        if !fits || (!(class.placed && ask.placed) && ask.limit < f32::INFINITY) {
            continue;
        }
        for node in tree.between(Key::first_of(walk.days.0), Key::behind(walk.days.1)) {
            let summaries = &node.summaries;
            scores.resize(summaries.len(), 0.0);
            simd::hits(level, summaries, class.placed, ask, scores);
            for (leaf, &score) in node.leaves.iter().zip(&*scores) {
                if score >= 0.0 {
                    hits.push(Hit { score, placed: class.placed, leaf });
                }
            }
        }
    }
    sort_roughly(hits, sorted, if ask.stride > 0 { 4 } else { BINS });
}

/// What the sums of a logit in f32 may be wrong by.
const WIDE: f64 = 1e-5;
/// What a score in f32 may be wrong by, as a share of it.
const BLUR: f64 = 1e-4;

/// The most bins.
const BINS: usize = 64;

/// Sorts into bins of about equal scores, best first: the order costs time when it is wrong, and nothing else.
fn sort_roughly<'a>(hits: &mut Vec<Hit<'a>>, sorted: &mut Vec<Hit<'a>>, bins: usize) {
    let (low, high) =
        hits.iter().fold((f32::INFINITY, 0.0_f32), |(low, high), hit| (low.min(hit.score), high.max(hit.score)));
    let scale = (bins as f32 - 1.0) / (high - low).max(f32::MIN_POSITIVE);
    let bin = |hit: &Hit<'_>| bins - 1 - (((hit.score - low) * scale) as usize).min(bins - 1);
    let mut starts = [0; BINS + 1];
    for hit in &*hits {
        starts[bin(hit) + 1] += 1;
    }
    for at in 0..bins {
        starts[at + 1] += starts[at];
    }
    sorted.clear();
    if let Some(&any) = hits.first() {
        sorted.resize(hits.len(), any);
    }
    for hit in &*hits {
        let place = &mut starts[bin(hit)];
        sorted[*place] = *hit;
        *place += 1;
    }
    std::mem::swap(hits, sorted);
}

/// What decides about a candidate.
#[derive(Debug)]
struct Judge<'a, 'q, Id> {
    state: &'a State<Id>,
    question: &'q Question<'q, Id>,
    viewer: &'q Viewer<'a, Id>,
    ask: &'q Ask,
    excluded: &'q Excluded,
}

/// Rows whose scores are made exact together, and their sums.
#[derive(Debug, Default)]
struct Finishing {
    rows: Vec<u32>,
    sums: Vec<(f64, f64)>,
    /// The sums of those who are tested, without content and signals, and what signals add to them.
    profiles: Vec<(f64, f64)>,
    signals: Vec<(f64, f64)>,
}

impl<Id: PersonId> Judge<'_, '_, Id> {
    /// Tests candidates from their exact rows, and keeps the bounds of whoever can be on the page.
    fn settle(
        &self,
        scorer: &mut Scorer<'_, Id>,
        candidates: &mut Vec<Candidate>,
        found: &mut Vec<Found>,
        finishing: &mut Finishing,
        best: &mut Best,
    ) -> Result<(), EngineError> {
        let Self { state, question, viewer, ask, excluded } = *self;
        candidates.retain(|candidate| {
            let is_hidden = || {
                let slot = state.slot(candidate.row);
                excluded.contains(slot)
                    || question.excluding.contains(&candidate.row)
                    || question.leaving_out.binary_search(&slot.id).is_ok()
                    || (question.mutual && state.excluded(candidate.row, question.row))
            };
            viewer.fits(candidate.row) && !is_hidden()
        });
        viewer.apply_custom_rules(candidates, |candidate| candidate.row);
        let config = &*state.config;
        // In f32 where that is good enough; what it can be wrong by is added or taken away below. Not where the quick
        // sigmoid cuts its argument, which for the uninorm is the sum: it would promise a score that nobody reaches.
        let fuse = |sums: (f64, f64)| {
            let lowest = match config.fusion {
                Fusion::Uninorm => sums.0.min(sums.1).min(sums.0 + sums.1),
                Fusion::Product | Fusion::Harmonic | Fusion::Min | Fusion::Arithmetic => sums.0.min(sums.1),
            };
            if config.link == Link::Logistic && lowest > -30.0 {
                f64::from(ask.fuse(&[sums.0 as f32], &[sums.1 as f32])[0])
            } else {
                config.link.fuse(config.fusion, sums.0, sums.1)
            }
        };
        let at_most = |sum: f64, content: (f32, f32)| sum + f64::from(content.1) + WIDE;
        let at_least = |sum: f64, content: (f32, f32)| sum + f64::from(content.0) - WIDE;
        finishing.profiles.clear();
        let (lift_there, lift_back) = scorer.most_of_signals();
        candidates.retain(|candidate| {
            let (there, back) = scorer.profile(candidate.row);
            let most = (at_most(there + lift_there, candidate.there), at_most(back + lift_back, candidate.back));
            let can_be = fuse(most) * (1.0 + BLUR) >= best.worst();
            if can_be {
                finishing.profiles.push((there, back));
            }
            can_be
        });
        // Signals are asked after the profile, and before content is, which costs the most to read.
        scorer.signal_sums(candidates, &mut finishing.signals)?;
        for ((candidate, signals), &(there, back)) in candidates.iter().zip(&finishing.signals).zip(&finishing.profiles)
        {
            let (whole_there, whole_back) = (there + signals.0, back + signals.1);
            let most = (at_most(whole_there, candidate.there), at_most(whole_back, candidate.back));
            let most = fuse(most) * (1.0 + BLUR);
            let least = (at_least(whole_there, candidate.there), at_least(whole_back, candidate.back));
            let least = fuse(least) * (1.0 - BLUR);
            let is_known = !(signals.0 + signals.1).is_nan();
            let (least, most) = if is_known { (least, most) } else { (f64::NEG_INFINITY, f64::INFINITY) };
            let is_before = question.after.is_some_and(|(score, _)| least > score);
            if most >= best.worst() && !is_before {
                found.push(Found { row: candidate.row, sums: (there, back), least, most, is_final: false });
            }
        }
        // Whoever may lie before the page must be known exactly: they may not raise the floor.
        finish(state, scorer, found, finishing, |one| question.after.is_some_and(|(score, _)| one.most >= score))?;
        for one in found.drain(..) {
            if !one.is_final || question.after.is_none_or(|after| order(after, (one.least, id(state, one))).is_lt()) {
                best.push(one);
            }
        }
        Ok(())
    }
}

fn id<Id: PersonId>(state: &State<Id>, found: Found) -> Id {
    state.slot(found.row).id
}

/// Makes the scores of those exact who are chosen.
fn finish<Id: PersonId>(
    state: &State<Id>,
    scorer: &mut Scorer<'_, Id>,
    found: &mut [Found],
    Finishing { rows, sums, .. }: &mut Finishing,
    choose: impl Fn(&Found) -> bool,
) -> Result<(), EngineError> {
    rows.clear();
    sums.clear();
    for one in found.iter().filter(|one| !one.is_final && choose(one)) {
        rows.push(one.row);
        sums.push(one.sums);
    }
    if rows.is_empty() {
        return Ok(());
    }
    scorer.finish(rows, sums)?;
    let mut exact = sums.iter();
    for one in found.iter_mut().filter(|one| !one.is_final && choose(one)) {
        if let Some(&sums) = exact.next() {
            let score = state.config.link.fuse(state.config.fusion, sums.0, sums.1);
            *one = Found { row: one.row, sums, least: score, most: score, is_final: true };
        }
    }
    Ok(())
}
