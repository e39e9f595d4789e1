//! Which dates are learned from, which are predicted, and how.
//!
//! Called by whoever judges; calls `content`, `history` and `report`. Whole evenings are held out, so that nobody is in
//! both parts; only the half protocol sees the first half of the evenings it predicts.
//! Invariant: no outcome of a predicted date, nor of the same date seen from the other side, is used for its prediction.

use std::str::FromStr;

use super::baseline;
use super::content;
use super::dates::{Date, Dates};
use super::feature::Features;
use super::history::{self, Shares};
use super::report::{Judge, Report, Scores};
use crate::lab::parallel;

/// The first evening of the later part.
const LATER: u32 = 15;
/// Into how many parts evenings are cut so that content is guessed for each by the others.
const PARTS: usize = 4;

/// A way to cut the dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Learns from evenings 1 to 14, predicts 15 to 21, from sign-up answers alone.
    Main,
    /// Predicts every evening from all the others, from sign-up answers alone.
    LeaveOneWaveOut,
    /// As [`Protocol::Main`], but the first half of each evening has been seen and the second is predicted.
    Half,
}

/// The name is none of `main`, `lowo`, `half`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no protocol: main, lowo, half")]
pub struct UnknownProtocol(String);

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    fn from_str(name: &str) -> Result<Self, UnknownProtocol> {
        match name {
            "main" => Ok(Self::Main),
            "lowo" => Ok(Self::LeaveOneWaveOut),
            "half" => Ok(Self::Half),
            _ => Err(UnknownProtocol(name.to_owned())),
        }
    }
}

/// One fit: what is learned from, what is predicted.
struct Fold {
    train: Vec<usize>,
    predict: Vec<usize>,
}

impl Protocol {
    /// Learns, predicts and measures.
    ///
    /// `is_reversed` swaps the evenings that are learned from and predicted; leaving out each evening in turn stays what it
    /// is. `progress` hears how many of all fits are done, from any thread. Runs on up to `threads` threads, which change
    /// nothing but time: two fits of 230 numbers and some thousand dates per fold, and 1,000 rounds of each figure.
    ///
    /// What is predicted is empty, and all figures absent, when the table lacks the evenings.
    pub fn evaluate(
        self,
        dates: &Dates,
        is_reversed: bool,
        threads: usize,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Report {
        let features = Features::new(dates);
        let is_test = |date: &Date| (date.wave >= LATER) != is_reversed;
        match self {
            Self::Main => {
                let fold = Fold { train: places(dates, |date| !is_test(date)), predict: places(dates, is_test) };
                by_content(dates, &features, &[fold], threads, progress)
            }
            Self::LeaveOneWaveOut => {
                let fold = |wave| Fold {
                    train: places(dates, |date| date.wave != wave),
                    predict: places(dates, |date| date.wave == wave),
                };
                let folds: Vec<Fold> = dates.waves().into_iter().map(fold).collect();
                by_content(dates, &features, &folds, threads, progress)
            }
            Self::Half => half(dates, &features, &is_test, threads, progress),
        }
    }
}

/// Guesses the dates of each fold, on threads.
fn guesses(
    dates: &Dates,
    features: &Features,
    folds: &[Fold],
    threads: usize,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Vec<f64> {
    let done = std::sync::atomic::AtomicUsize::new(0);
    let parts = parallel::map(threads, folds.len(), |fold| {
        let guess = content::predict(dates, features, &folds[fold].train, &folds[fold].predict);
        progress(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1, folds.len());
        guess
    });
    let mut all = vec![0.0; dates.len()];
    for (fold, part) in folds.iter().zip(parts) {
        for (&date, guess) in fold.predict.iter().zip(part) {
            all[date] = guess;
        }
    }
    all
}

fn by_content(
    dates: &Dates,
    features: &Features,
    folds: &[Fold],
    threads: usize,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Report {
    let guess = guesses(dates, features, folds, threads, progress);
    let predicted =
        folds.iter().flat_map(|fold| &fold.predict).copied().filter(|&date| dates.dates[date].reverse.is_some());
    let predicted: Vec<usize> = predicted.collect();
    let model = product("sign-up answers", dates, &predicted, &guess);
    Judge::new(dates, &predicted).report(&model, &[baseline::interests(dates, &predicted)])
}

fn half(
    dates: &Dates,
    features: &Features,
    is_test: &dyn Fn(&Date) -> bool,
    threads: usize,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Report {
    let observed = first_halves(dates);
    let rate = dates.yes_rate(|date| !is_test(date));
    let shares = Shares::of(dates, &observed, rate);
    let train = places(dates, |date| !is_test(date));
    let mut waves: Vec<u32> = train.iter().map(|&date| dates.dates[date].wave).collect();
    waves.sort_unstable();
    waves.dedup();
    let mut folds = vec![Fold { train: train.clone(), predict: places(dates, is_test) }];
    for part in 0..PARTS {
        // Every fourth of the evenings, guessed by the other three: what the regression sees must be no better than what it
        // will see of a new evening.
        let is_out = |date: usize| waves.iter().skip(part).step_by(PARTS).any(|wave| *wave == dates.dates[date].wave);
        let (predict, train) = train.iter().copied().partition(|&date| is_out(date));
        folds.push(Fold { train, predict });
    }
    let guess = guesses(dates, features, &folds, threads, progress);

    let learn: Vec<usize> = train.into_iter().filter(|&date| !observed[date]).collect();
    let second = |date: &usize| !observed[*date] && dates.dates[*date].reverse.is_some();
    let predicted: Vec<usize> = places(dates, is_test).into_iter().filter(second).collect();
    let everything: Vec<usize> = (0..dates.len()).collect();
    let chance = history::predict(dates, &observed, |date| guess[date], &learn, &everything);
    let model = product("half an evening and sign-up answers", dates, &predicted, &chance);
    let mut baselines = vec![product("sign-up answers", dates, &predicted, &guess)];
    baselines.extend(baseline::with_history(dates, &predicted, &observed, &shares, rate));
    Judge::new(dates, &predicted).report(&model, &baselines)
}

/// The probability of one yes per date as a score of both.
fn product(name: &'static str, dates: &Dates, predicted: &[usize], chance: &[f64]) -> Scores {
    let back = |&date: &usize| dates.dates[date].reverse.map_or(0.0, |reverse| chance[reverse as usize]);
    Scores {
        name,
        decision: predicted.iter().map(|&date| chance[date]).collect(),
        mutual: predicted.iter().map(|date| chance[*date] * back(date)).collect(),
        are_probabilities: true,
    }
}

fn places(dates: &Dates, is_wanted: impl Fn(&Date) -> bool) -> Vec<usize> {
    dates.dates.iter().enumerate().filter(|(_, date)| is_wanted(date)).map(|(place, _)| place).collect()
}

/// Which dates were in the first half of their evening, seen from both sides: one person's fifth date can be the other's
/// sixth, and must not tell how it ended.
fn first_halves(dates: &Dates) -> Vec<bool> {
    let mut last = std::collections::HashMap::new();
    for date in &dates.dates {
        let most = last.entry(date.wave).or_insert(0);
        *most = date.order.max(*most);
    }
    let is_early = |date: &Date| 2 * date.order <= last[&date.wave];
    let both =
        |date: &Date| is_early(date) && date.reverse.is_some_and(|reverse| is_early(&dates.dates[reverse as usize]));
    dates.dates.iter().map(both).collect()
}
