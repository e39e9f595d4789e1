//! How good predictions of dates are, with intervals.
//!
//! Called by `protocol`; calls `metrics` and `bootstrap`. Ranking measures are over the lists of people: each person's list
//! holds the dates that were predicted for them. Intervals are 95 %, over people.

use super::dates::Dates;
use crate::lab::bootstrap::Bootstrap;
use crate::lab::metrics::{Ranking, brier, calibration_error, lists, mean};

/// Rounds of the bootstrap, and what they are drawn from.
const ROUNDS: usize = 1000;
const SEED: u64 = 0;
/// Bins of the calibration error.
const BINS: usize = 10;

/// A measured figure and the interval of the 95 % of samples of people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// What was measured.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How good one way of predicting is. A figure is absent where it is not defined, as without a single match.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Which way it is.
    pub name: &'static str,
    /// AUC of the yes of one person.
    pub decision_auc: Option<Figure>,
    /// AUC of the yes of both; so are the following of the yes of both.
    pub match_auc: Option<Figure>,
    /// AUC within a person's own list, mean over people.
    pub match_uauc: Option<Figure>,
    /// Average precision over all dates.
    pub average_precision: Option<Figure>,
    /// NDCG of a person's first five, mean over people with a match.
    pub ndcg_at_5: Option<Figure>,
    /// Share of people who match with the first of their list.
    pub precision_at_1: Option<Figure>,
    /// Expected calibration error in ten bins; absent where scores are no probabilities.
    pub ece: Option<Figure>,
    /// Mean squared error; absent where scores are no probabilities.
    pub brier: Option<Figure>,
}

/// What came out of a protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Directed dates that were predicted.
    pub dates: usize,
    /// People whose dates they were.
    pub people: usize,
    /// Share of yes among them.
    pub yes_rate: f64,
    /// Share of matches among them.
    pub match_rate: f64,
    /// Brier score of always saying the match rate.
    pub base_brier: f64,
    /// The model.
    pub model: Figures,
    /// What it is compared with.
    pub baselines: Vec<Figures>,
}

/// A score of every predicted date for the yes of one and for the yes of both.
pub(super) struct Scores {
    pub(super) name: &'static str,
    pub(super) decision: Vec<f64>,
    pub(super) mutual: Vec<f64>,
    pub(super) are_probabilities: bool,
}

/// The truth about the predicted dates.
pub(super) struct Judge {
    people: usize,
    owners: Vec<u32>,
    yes: Vec<bool>,
    matched: Vec<bool>,
}

impl Judge {
    /// Numbers the people whose dates are predicted, ascending.
    pub(super) fn new(dates: &Dates, predicted: &[usize]) -> Self {
        let mut people: Vec<u32> = predicted.iter().map(|&date| dates.dates[date].from).collect();
        people.sort_unstable();
        people.dedup();
        let own = |&date: &usize| people.partition_point(|person| *person < dates.dates[date].from) as u32;
        Self {
            people: people.len(),
            owners: predicted.iter().map(own).collect(),
            yes: predicted.iter().map(|&date| dates.dates[date].yes).collect(),
            matched: predicted.iter().map(|&date| dates.dates[date].matched).collect(),
        }
    }

    /// Measures the model and what it is compared with. `O(rounds × dates)`.
    pub(super) fn report(&self, model: &Scores, baselines: &[Scores]) -> Report {
        let share = |labels: &[bool]| labels.iter().filter(|&&label| label).count() as f64 / labels.len().max(1) as f64;
        let match_rate = share(&self.matched);
        Report {
            dates: self.owners.len(),
            people: self.people,
            yes_rate: share(&self.yes),
            match_rate,
            base_brier: match_rate * (1.0 - match_rate),
            model: self.figures(model),
            baselines: baselines.iter().map(|baseline| self.figures(baseline)).collect(),
        }
    }

    fn figures(&self, scores: &Scores) -> Figures {
        let decisions = Ranking::new(&scores.decision, &self.yes);
        let matches = Ranking::new(&scores.mutual, &self.matched);
        let own = lists(self.people, &self.owners, &scores.mutual, &self.matched);
        let over_lists = |measure: &dyn Fn(&Ranking) -> Option<f64>| {
            let values: Vec<_> = own.iter().map(measure).collect();
            self.figure(|times| mean(&values, |person| f64::from(times[person])))
        };
        let of = |times: &[u32], date: usize| f64::from(times[self.owners[date] as usize]);
        let of_probabilities =
            |figure: &dyn Fn(&[u32]) -> Option<f64>| scores.are_probabilities.then(|| self.figure(figure)).flatten();
        Figures {
            name: scores.name,
            decision_auc: self.figure(|times| decisions.auc(|date| of(times, date))),
            match_auc: self.figure(|times| matches.auc(|date| of(times, date))),
            match_uauc: over_lists(&|list| list.auc(|_| 1.0)),
            average_precision: self.figure(|times| matches.average_precision(|date| of(times, date))),
            ndcg_at_5: over_lists(&|list| list.ndcg_at(5)),
            precision_at_1: over_lists(&|list| list.precision_at(1)),
            ece: of_probabilities(&|times| {
                calibration_error(&scores.mutual, &self.matched, BINS, |date| of(times, date))
            }),
            brier: of_probabilities(&|times| brier(&scores.mutual, &self.matched, |date| of(times, date))),
        }
    }

    /// A figure of everybody once, and its interval.
    fn figure(&self, measure: impl Fn(&[u32]) -> Option<f64>) -> Option<Figure> {
        let value = measure(&vec![1; self.people])?;
        let (low, high) = Bootstrap { people: self.people, rounds: ROUNDS, seed: SEED }.interval(measure)?;
        Some(Figure { value, low, high })
    }
}
