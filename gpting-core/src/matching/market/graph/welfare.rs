//! α-welfare: lists that trade some expected matches for a fairer share of them.
//!
//! Called by `solver` and by hosts. Maximises `Σ U^(1-α) / (1-α)` over randomised lists by Frank-Wolfe: the linear
//! problem of a step is solved exactly by sorting (rearrangement inequality), no linear programme is needed. α = 0 is the
//! sum of matches, α = 1 Nash welfare. Everybody's lists serve those who are in them; adjacent people move one after the
//! other. Sources: Su, Bayoumi & Joachims, WWW 2022; Tomita & Yokoyama, `RecSys` 2024. Invariant: the exposures a
//! person gives always come from a mixture of lists.

use super::super::super::logistic::{exp, ln};
use super::colour::Colours;
use super::csr::Graph;
use super::error::GraphError;
use super::lists::Lists;
use super::noise::{mix, uniform};
use super::split::split;

/// Utilities below this count as this much: nobody's weight is infinite.
const LEAST: f64 = 1e-4;

/// How welfare is maximised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WelfareSettings {
    /// 0 counts matches, 1 their logarithms; in [0, 1].
    pub alpha: f64,
    /// The part of each list that a round replaces, in (0, 1]; 0.1.
    pub step: f64,
    /// How many rounds; 60.
    pub rounds: usize,
    /// Which of its lists everybody draws.
    pub seed: u64,
    /// On so many threads; they do not change the result.
    pub threads: usize,
}

impl Default for WelfareSettings {
    fn default() -> Self {
        Self { alpha: 0.5, step: 0.1, rounds: 60, seed: 0, threads: 1 }
    }
}

/// Randomised lists: how likely each candidate is looked at, and one list of each person drawn from their mixture.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// By half: the chance that this candidate is looked at.
    pub exposure: Vec<f32>,
    /// One draw. Over seeds everybody's draws are independent and their exposures are [`Self::exposure`], but for those who
    /// still hold what they began with: `(1 - step)^rounds` of them.
    pub lists: Lists,
}

impl Policy {
    /// Starts from `lists`, or where there are none from every candidate being equally exposed, and moves towards welfare.
    ///
    /// `O(rounds × E log degree)`.
    ///
    /// # Errors
    /// [`GraphError::InvalidSetting`] for alpha or step.
    ///
    /// # Panics
    /// If the table is shorter than the lists or `both` than the edges.
    pub fn new(
        graph: &Graph,
        both: &[f32],
        table: &[f64],
        from: Option<&Lists>,
        settings: WelfareSettings,
    ) -> Result<Self, GraphError> {
        if !(0.0..=1.0).contains(&settings.alpha) {
            return Err(GraphError::InvalidSetting("alpha"));
        }
        if !(settings.step > 0.0 && settings.step <= 1.0) {
            return Err(GraphError::InvalidSetting("step"));
        }
        let length = table.len() - 1;
        let mut policy = match from {
            Some(lists) => {
                let exposure = lists.ranks().iter().map(|&rank| table[usize::from(rank)] as f32).collect();
                Self { exposure, lists: lists.clone() }
            }
            None => Self { exposure: flat(graph, table), lists: Lists::by_product(graph, length) },
        };
        let colours = Colours::new(graph);
        for round in 0..settings.rounds {
            for class in colours.classes() {
                policy.turn(graph, both, table, class, settings, round);
            }
        }
        Ok(policy)
    }

    /// Expected matches of every person.
    pub fn matches(&self, graph: &Graph, both: &[f32]) -> Vec<f64> {
        (0..graph.people() as u32).map(|person| self.utility(graph, both, person)).collect()
    }

    fn utility(&self, graph: &Graph, both: &[f32], person: u32) -> f64 {
        let places = graph.range(person);
        let value = |place: usize| {
            let half = graph.halves()[place];
            let looks = f64::from(self.exposure[place]) * f64::from(self.exposure[half.twin as usize]);
            f64::from(both[half.edge as usize]) * looks
        };
        places.map(value).sum()
    }

    /// Everybody in a class moves towards the list that serves those in it best.
    fn turn(
        &mut self,
        graph: &Graph,
        both: &[f32],
        table: &[f64],
        class: &[u32],
        settings: WelfareSettings,
        round: usize,
    ) {
        // What a match is worth to those who are listed; members of the class are never listed by the class.
        let worth: Vec<f64> = if settings.alpha == 0.0 {
            Vec::new()
        } else {
            split(graph.people(), settings.threads, |range| {
                let worth = |person| exp(settings.alpha * ln(self.utility(graph, both, person as u32).max(LEAST)));
                range.map(worth).collect::<Vec<f64>>()
            })
            .concat()
        };
        let length = table.len() - 1;
        let pieces = split(class.len(), settings.threads, |range| {
            let (mut order, mut ranks) = (Vec::new(), Vec::new());
            for &person in &class[range] {
                order.clear();
                for (index, half) in (0_u32..).zip(graph.of(person)) {
                    let gain = f64::from(both[half.edge as usize]) * f64::from(self.exposure[half.twin as usize]);
                    let gain = worth.get(half.other as usize).map_or(gain, |worth| gain / worth);
                    order.push((!gain.to_bits(), index));
                }
                order.sort_unstable();
                let first = ranks.len();
                ranks.resize(first + order.len(), 0_u8);
                for (rank, &(_, index)) in (1_u8..).zip(order.iter().take(length.min(Lists::MAX_LENGTH))) {
                    ranks[first + index as usize] = rank;
                }
            }
            ranks
        });
        let step = settings.step as f32;
        let mut rest = &pieces.concat()[..];
        for &person in class {
            let (ranks, after) = rest.split_at(graph.of(person).len());
            rest = after;
            for (exposure, &rank) in self.exposure[graph.range(person)].iter_mut().zip(ranks) {
                *exposure += step * (table[usize::from(rank)] as f32 - *exposure);
            }
            // Replacing the drawn list as often as the mixture is replaced leaves a draw from the mixture.
            if uniform(mix(settings.seed) ^ round as u64, u64::from(person)) < settings.step {
                self.lists.set(graph, person, ranks);
            }
        }
    }
}

/// Every candidate of a person is looked at equally often.
fn flat(graph: &Graph, table: &[f64]) -> Vec<f32> {
    let mut exposure = Vec::with_capacity(graph.halves().len());
    for person in 0..graph.people() as u32 {
        let degree = graph.of(person).len();
        let share: f64 = table[1..].iter().take(degree).sum::<f64>() / degree.max(1) as f64;
        exposure.extend(std::iter::repeat_n(share as f32, degree));
    }
    exposure
}
