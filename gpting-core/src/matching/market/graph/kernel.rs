//! What the price iteration multiplies with: `exp(surplus / 2b)` for pairs, row by row.
//!
//! Called by `price`. A kernel is made of all edges of a graph, optionally with a flat background for the eligible pairs
//! that are not edges, or of a few partners per person drawn at random from all their eligible ones, which is how a
//! population gets its prices without ever looking at every pair. Invariant: finite, positive values.

use super::super::super::logistic::exp;
use super::csr::Graph;
use super::error::GraphError;

/// Pairs that are not edges, taken as equally attractive.
#[derive(Debug, Clone, PartialEq)]
pub struct Background {
    /// The kind of each person, below 64; say sex and orientation.
    pub kinds: Vec<u8>,
    /// For each kind the kinds it may meet, as bits; mutual.
    pub meets: Vec<u64>,
    /// The surplus of such a pair.
    pub surplus: f32,
}

/// The matrix of the price iteration.
#[derive(Debug, Clone)]
pub struct Kernel {
    pub(super) start: Vec<u32>,
    pub(super) other: Vec<u32>,
    pub(super) value: Vec<f32>,
    /// What each row counts for: more than 1 when it is a sample.
    pub(super) weight: Vec<f32>,
    pub(super) background: Option<(Background, f64)>,
    /// Groups that are renewed one after the other, and whether each step is halved.
    pub(super) turns: Vec<Vec<u32>>,
    pub(super) damped: bool,
    pub(super) temperature: f64,
}

/// The temperatures at which single precision holds the values.
fn check(temperature: f32) -> Result<f64, GraphError> {
    if (0.02..=100.0).contains(&temperature) {
        Ok(f64::from(temperature))
    } else {
        Err(GraphError::InvalidSetting("temperature"))
    }
}

impl Kernel {
    /// All edges of a graph at a temperature in [0.02, 100]; without background other pairs do not meet.
    ///
    /// # Errors
    /// [`GraphError::InvalidSetting`], [`GraphError::WrongLength`].
    pub fn of_graph(graph: &Graph, temperature: f32, background: Option<Background>) -> Result<Self, GraphError> {
        let b = check(temperature)?;
        let form = |surplus: f32| exp(f64::from(surplus) / (2.0 * b));
        let by_edge: Vec<f32> = graph.edges().iter().map(|edge| form(edge.surplus()) as f32).collect();
        let people = graph.people();
        if let Some(background) = &background {
            if background.kinds.len() != people {
                let got = background.kinds.len();
                return Err(GraphError::WrongLength { what: "kinds", expected: people, got });
            }
            let known = background.meets.len();
            if known > 64 || background.kinds.iter().any(|&kind| usize::from(kind) >= known) {
                return Err(GraphError::InvalidSetting("kinds"));
            }
            if !(0.0..=2.0).contains(&background.surplus) {
                return Err(GraphError::InvalidSetting("background surplus"));
            }
        }
        // With a background nearly everybody meets nearly everybody: there are no groups without pairs inside.
        let (turns, damped) = match &background {
            Some(_) => (vec![(0..people as u32).collect()], true),
            None => (super::colour::Colours::new(graph).classes().to_vec(), false),
        };
        Ok(Self {
            start: (0..people as u32)
                .map(|i| graph.range(i).start as u32)
                .chain([graph.halves().len() as u32])
                .collect(),
            other: graph.halves().iter().map(|half| half.other).collect(),
            value: graph.halves().iter().map(|half| by_edge[half.edge as usize]).collect(),
            weight: vec![1.0; people],
            background: background.map(|background| {
                let value = form(background.surplus);
                (background, value)
            }),
            turns,
            damped,
            temperature: b,
        })
    }

    /// Some partners of each person, drawn evenly from all their eligible ones.
    ///
    /// `sample(person, out)` pushes `(other, surplus)` of the drawn and returns how many are eligible in all. The sums of
    /// the iteration are then unbiased estimates; at temperature 1 a hundred partners are within about two per cent.
    ///
    /// # Errors
    /// [`GraphError::InvalidSetting`] for the temperature, [`GraphError::UnknownPerson`] for a partner.
    pub fn of_sample(
        people: usize,
        temperature: f32,
        threads: usize,
        sample: impl Fn(u32, &mut Vec<(u32, f32)>) -> usize + Sync,
    ) -> Result<Self, GraphError> {
        let b = check(temperature)?;
        let pieces = super::split::split(people, threads, |range| {
            let (mut drawn, mut rows, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
            for person in range {
                drawn.clear();
                let eligible = sample(person as u32, &mut drawn);
                let weight = eligible as f32 / drawn.len().max(1) as f32;
                rows.push((drawn.len() as u32, weight));
                pairs.extend(drawn.iter().map(|&(other, phi)| (other, exp(f64::from(phi) / (2.0 * b)) as f32)));
            }
            (rows, pairs)
        });
        let mut kernel = Self {
            start: vec![0],
            other: Vec::new(),
            value: Vec::new(),
            weight: Vec::with_capacity(people),
            background: None,
            turns: vec![(0..people as u32).collect()],
            damped: true,
            temperature: b,
        };
        for (rows, pairs) in pieces {
            for (len, weight) in rows {
                kernel.start.push(kernel.start.last().copied().unwrap_or(0) + len);
                kernel.weight.push(weight);
            }
            if let Some(&(person, _)) = pairs.iter().find(|(other, _)| *other as usize >= people) {
                return Err(GraphError::UnknownPerson { person, people });
            }
            kernel.other.extend(pairs.iter().map(|pair| pair.0));
            kernel.value.extend(pairs.iter().map(|pair| pair.1));
        }
        Ok(kernel)
    }

    /// Renews people group by group: everybody in the first, then in the second, as for two sides that only see each other.
    ///
    /// Nobody should meet within a group; then no step is halved, and fewer are needed.
    ///
    /// # Errors
    /// [`GraphError::InvalidSetting`] unless everybody is in one group, once.
    pub fn turns(mut self, groups: Vec<Vec<u32>>) -> Result<Self, GraphError> {
        let mut seen = vec![false; self.people()];
        let mut once = true;
        for &person in groups.iter().flatten() {
            once &= seen.get_mut(person as usize).is_some_and(|seen| !std::mem::replace(seen, true));
        }
        if !once || seen.contains(&false) {
            return Err(GraphError::InvalidSetting("turns"));
        }
        (self.turns, self.damped) = (groups, false);
        Ok(self)
    }

    /// How many people there are.
    pub fn people(&self) -> usize {
        self.weight.len()
    }
}
