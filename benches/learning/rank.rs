//! Rankings of people nobody involved has decided on, and what they are worth by the truth.
//!
//! Called by the bench after the days. Every ranking orders the same candidates of the same viewers; figures come with 95 % intervals
//! over viewers.

use std::collections::HashSet;

use gpting_core::View;

use crate::days::{Lived, weights};
use crate::town::Citizen;
use crate::truth::Truth;
use gpting_benches::random::Random;

/// Places that count.
pub(crate) const TOP: usize = 10;

/// Rankings, in the order of the table.
pub(crate) const NAMES: [&str; 7] = [
    "random",
    "first day (engine before any decision)",
    "popularity (likes received)",
    "product of learned one-sided rates",
    "one-sided (share of likes received)",
    "engine after 30 decisions",
    "the truth itself (upper bound)",
];
pub(crate) const FIRST_DAY: usize = 1;
pub(crate) const POPULARITY: usize = 2;
pub(crate) const PRODUCT: usize = 3;
pub(crate) const LEARNED: usize = 5;

/// What one viewer gets of one ranking.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gain {
    /// Sum of the chances of a mutual like.
    pub(crate) expected: f64,
    /// Share of the places with a mutual like, as the two would decide.
    pub(crate) precision: f64,
}

/// By ranking.
pub(crate) struct Judged {
    /// By viewer, the same viewers for all.
    pub(crate) gains: Vec<Vec<Gain>>,
    /// How many different people are among the first places of all viewers.
    pub(crate) shown: Vec<usize>,
    /// Held-out candidates of a viewer, on average.
    pub(crate) candidates: f64,
}

pub(crate) fn judge(town: &[Citizen], truth: &Truth<'_>, lived: &Lived, viewers: usize, seed: u64) -> Judged {
    let mut judged = Judged { gains: vec![Vec::new(); NAMES.len()], shown: Vec::new(), candidates: 0.0 };
    let mut shown: Vec<HashSet<usize>> = vec![HashSet::new(); NAMES.len()];
    let mut judged_viewers = 0_usize;
    for me in Random(seed.wrapping_add(13)).order(town.len()) {
        if judged_viewers == viewers {
            break;
        }
        let fits = |&other: &usize| other != me && town[me].fits(&town[other]) && lived.are_strangers(me, other);
        let candidates: Vec<usize> = (0..town.len()).filter(fits).collect();
        // With fewer every ranking would show the same people.
        if candidates.len() < 3 * TOP {
            continue;
        }
        judged_viewers += 1;
        judged.candidates += candidates.len() as f64;
        for (number, list) in lists(me, &candidates, truth, lived, seed).into_iter().enumerate() {
            assert!(list.len() == TOP && list.iter().all(fits), "{} of {me}: {list:?}", NAMES[number]);
            judged.gains[number].push(Gain {
                expected: list.iter().map(|&other| truth.mutual(me, other)).sum(),
                precision: list.iter().filter(|&&other| truth.likes(me, other) && truth.likes(other, me)).count()
                    as f64
                    / TOP as f64,
            });
            shown[number].extend(list);
        }
    }
    judged.candidates /= judged_viewers as f64;
    judged.shown = shown.iter().map(HashSet::len).collect();
    judged
}

/// The first places of every ranking.
fn lists(me: usize, candidates: &[usize], truth: &Truth<'_>, lived: &Lived, seed: u64) -> [Vec<usize>; NAMES.len()] {
    let weights = weights();
    // The same people for the engine: without whoever has decided on the viewer, or was decided on.
    let known: Vec<u32> = lived.decided[me].iter().chain(&lived.deciders[me]).copied().collect();
    let engine = |view: &View<u32>| {
        let picks = view.query(me as u32).limit(TOP).excluding(&known).run().expect("a page");
        picks.iter().map(|pick| pick.id as usize).collect()
    };
    let chance = |other: usize| Random::of_pair(seed, 3, me, other).uniform();
    [
        best(candidates, chance),
        engine(&lived.first),
        // Chance decides between equals, and only then.
        best(candidates, |other| f64::from(lived.received[other].likes) + 1e-6 * chance(other)),
        best(candidates, |other| {
            lived.received[other].rate(&weights) * lived.given[other].rate(&weights) + 1e-9 * chance(other)
        }),
        best(candidates, |other| lived.received[other].rate(&weights) + 1e-9 * chance(other)),
        engine(&lived.learned),
        best(candidates, |other| truth.mutual(me, other)),
    ]
}

fn best(candidates: &[usize], value: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut all: Vec<(f64, usize)> = candidates.iter().map(|&other| (value(other), other)).collect();
    if all.len() > TOP {
        all.select_nth_unstable_by(TOP - 1, |a, b| b.0.total_cmp(&a.0));
        all.truncate(TOP);
    }
    all.into_iter().map(|(_, other)| other).collect()
}

/// A mean and half the width of its 95 % interval, by the normal approximation over people.
pub(crate) fn mean(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    (mean, 1.96 * (variance / count).sqrt())
}
