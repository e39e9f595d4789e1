//! Figures of a log, with intervals.
//!
//! Called by [`Log::report`]; calls the bootstrap. Viewers are drawn again with everything that they were shown, since one
//! viewer's answers resemble each other.

use super::tally::{BINS, Calibration, Log, Membership, Sums};
use crate::lab::{Bootstrap, gini};

/// A figure and the interval that holds it in 95 % of samples of viewers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// What was measured.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Likes at one place of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which, from 1.
    pub position: usize,
    /// How often somebody was shown there.
    pub showings: u64,
    /// How often they were liked.
    pub likes: u64,
}

/// What came of what a ranker showed.
#[derive(Debug, Clone, PartialEq)]
pub struct RankerFigures {
    /// Which.
    pub name: &'static str,
    /// Viewers who were shown something by it.
    pub viewers: u64,
    /// Pairs of viewer and candidate.
    pub showings: u64,
    /// Those decided on.
    pub decided: u64,
    /// Those liked,
    pub likes: u64,
    /// matched,
    pub matches: u64,
    /// and answered.
    pub replies: u64,
    /// Those of them that became a long talk.
    pub conversations: u64,
    /// Normalised discounted gain of the first k places, each as it was shown; mean over lists with a like.
    pub ndcg: Option<Interval>,
    /// Likes per showing over those of the base, less 1; none of the base itself. So the next two.
    pub like_lift: Option<Interval>,
    /// Of matches per showing.
    pub match_lift: Option<Interval>,
    /// Of answered matches per showing.
    pub reply_lift: Option<Interval>,
    /// Likes by place, of places that follow from a score.
    pub places: Vec<Place>,
}

/// Predictions of about one height, and what came of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Predictions from here,
    pub low: f64,
    /// to here.
    pub high: f64,
    /// Decisions.
    pub count: u64,
    /// Mean prediction; 0 in an empty bin, as the next.
    pub predicted: f64,
    /// Share of likes.
    pub liked: f64,
}

/// How a group fares among those who are shown.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupFigures {
    /// How people are cut into groups.
    pub by: &'static str,
    /// Which group.
    pub group: &'static str,
    /// Its people.
    pub people: u64,
    /// Their share of everybody who is in a group of this kind. So the next two shares.
    pub share: f64,
    /// Showings of them.
    pub showings: u64,
    /// Their share of showings.
    pub exposure_share: f64,
    /// Likes they received.
    pub likes: u64,
    /// Their share of likes.
    pub likes_share: f64,
    /// The part of the group that nobody was shown.
    pub zero_share: f64,
    /// How unequally showings lie within the group: 0 for all alike, towards 1 for one who has all.
    pub gini: f64,
}

/// Everything that a log says.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Rankers with showings, in the order of the settings.
    pub rankers: Vec<RankerFigures>,
    /// Decisions behind the calibration.
    pub decided: u64,
    /// Expected calibration error of predicted likes, in `[0, 1]`; none without decisions.
    pub ece: Option<f64>,
    /// The reliability table.
    pub bins: Vec<Bin>,
    /// Groups, by kind and name.
    pub groups: Vec<GroupFigures>,
}

impl Log {
    /// The figures of what was taken in. `O(rounds × viewers + people log people)`.
    pub fn report(&self) -> Report {
        of(self)
    }
}

fn of(log: &Log) -> Report {
    let decided: u64 = log.bins.iter().map(|bin| bin.count).sum();
    let off = |bin: &Calibration| (bin.predicted - bin.liked as f64).abs();
    Report {
        rankers: (0..log.settings.rankers.len()).filter_map(|ranker| ranker_figures(log, ranker)).collect(),
        decided,
        ece: (decided > 0).then(|| log.bins.iter().map(off).sum::<f64>() / decided as f64),
        bins: log.bins.iter().enumerate().map(|(at, bin)| bin_figures(at, bin)).collect(),
        groups: groups(log),
    }
}

fn bin_figures(at: usize, bin: &Calibration) -> Bin {
    let share = |sum: f64| if bin.count > 0 { sum / bin.count as f64 } else { 0.0 };
    let edge = |at: usize| at as f64 / BINS as f64;
    Bin {
        low: edge(at),
        high: edge(at + 1),
        count: bin.count,
        predicted: share(bin.predicted),
        liked: share(bin.liked as f64),
    }
}

/// Sums over viewers of one ranker, each as often as drawn.
fn total(log: &Log, ranker: usize, times: impl Fn(usize) -> f64, of: impl Fn(&Sums) -> f64) -> f64 {
    let viewers = log.viewers.iter().enumerate();
    let sums = viewers.flat_map(|(at, sums)| sums.iter().map(move |(ranker, sums)| (at, *ranker, sums)));
    sums.filter(|(_, of, _)| *of == ranker).map(|(at, _, sums)| times(at) * of(sums)).sum()
}

/// One number over another; none where there is nothing to divide by.
fn ratio(above: f64, below: f64) -> Option<f64> {
    (below > 0.0).then(|| above / below)
}

/// A figure of drawn viewers, measured once and for many draws.
fn measured(log: &Log, figure: impl Fn(&dyn Fn(usize) -> f64) -> Option<f64>) -> Option<Interval> {
    let value = figure(&|_| 1.0)?;
    let settings = &log.settings;
    let bootstrap = Bootstrap { people: log.viewers.len(), rounds: settings.rounds, seed: settings.seed };
    let (low, high) = bootstrap.interval(|times| figure(&|at| f64::from(times[at])))?;
    Some(Interval { value, low, high })
}

fn ranker_figures(log: &Log, ranker: usize) -> Option<RankerFigures> {
    let count = |of: fn(&Sums) -> u32| total(log, ranker, |_| 1.0, |sums| f64::from(of(sums))) as u64;
    let showings = count(|sums| sums.showings);
    if showings == 0 {
        return None;
    }
    let rate = |ranker, times: &dyn Fn(usize) -> f64, of: fn(&Sums) -> u32| {
        let above = total(log, ranker, times, |sums| f64::from(of(sums)));
        ratio(above, total(log, ranker, times, |sums| f64::from(sums.showings)))
    };
    let lift = |of: fn(&Sums) -> u32| {
        if ranker == log.settings.base {
            return None;
        }
        measured(log, |times| Some(ratio(rate(ranker, times, of)?, rate(log.settings.base, times, of)?)? - 1.0))
    };
    let places = log.places[ranker].iter().zip(1..);
    let places = places.map(|(&[showings, likes], position)| Place { position, showings, likes });
    Some(RankerFigures {
        name: log.settings.rankers[ranker],
        viewers: total(log, ranker, |_| 1.0, |_| 1.0) as u64,
        showings,
        decided: count(|sums| sums.decided),
        likes: count(|sums| sums.likes),
        matches: count(|sums| sums.matches),
        replies: count(|sums| sums.replies),
        conversations: count(|sums| sums.conversations),
        ndcg: measured(log, |times| {
            let lists = total(log, ranker, times, |sums| f64::from(sums.lists));
            ratio(total(log, ranker, times, |sums| sums.ndcg), lists)
        }),
        like_lift: lift(|sums| sums.likes),
        match_lift: lift(|sums| sums.matches),
        reply_lift: lift(|sums| sums.replies),
        places: places.collect(),
    })
}

fn groups(log: &Log) -> Vec<GroupFigures> {
    let mut named: Vec<Membership> = log.people.values().flat_map(|person| person.groups.iter().copied()).collect();
    named.sort_unstable();
    named.dedup();
    let figures = |(by, group): Membership| {
        let (mut own, mut all) = ((0, 0, 0), (0, 0, 0));
        let mut shown = Vec::new();
        for person in log.people.values() {
            let Some((_, of)) = person.groups.iter().find(|(kind, _)| *kind == by) else { continue };
            let add = |sums: (u64, u64, u64)| {
                (sums.0 + 1, sums.1 + u64::from(person.shown), sums.2 + u64::from(person.liked))
            };
            all = add(all);
            if *of == group {
                own = add(own);
                shown.push(f64::from(person.shown));
            }
        }
        let share = |part: u64, whole: u64| ratio(part as f64, whole as f64).unwrap_or_default();
        let zero = shown.iter().filter(|shown| **shown <= 0.0).count() as u64;
        GroupFigures {
            by,
            group,
            people: own.0,
            share: share(own.0, all.0),
            showings: own.1,
            exposure_share: share(own.1, all.1),
            likes: own.2,
            likes_share: share(own.2, all.2),
            zero_share: share(zero, own.0),
            gini: gini(&shown),
        }
    };
    named.into_iter().map(figures).collect()
}
