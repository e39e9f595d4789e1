//! Congestion prices: how much too many want each person, from the equilibrium of a market with transferable utility.
//!
//! Called by `solver` and by hosts, on a [`Kernel`] of pairs or on blocks of an [`Affinity`]. Sources: Choo & Siow, "Who
//! marries whom and why", JPE 2006; Galichon & Salanié, "Cupid's invisible hand", `REStud` 2022 (iterative proportional
//! fitting); Tomita et al., `RecSys` 2022 (ranking by it); for one graph instead of two sides the same equations with one
//! unknown per person.
//!
//! With `μ_ij = exp(Φ_ij / 2b) A_i A_j` and `A_i² + Σ_j μ_ij = n_i` the unknown of a person, given the others', is
//! `A_i = n_i / (√(n_i + s²) + s)`, `s = ½ Σ_j exp(Φ_ij / 2b) A_j`. In logarithms the derivative of this map has entries of
//! one sign whose sum is `−s / √(n_i + s²)`, above −1: it is a contraction in the largest difference, so renewing people
//! in any order converges to the one equilibrium. Renewing adjacent people at the same time overshoots; then each step
//! is halved. Invariant: prices are finite, and the larger the more a person is wanted.

use super::super::super::logistic::ln;
use super::blocks::Affinity;
use super::error::GraphError;
use super::kernel::Kernel;
use super::split::split;

/// How prices are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PriceSettings {
    /// How often everybody is renewed, at most; 20. More changes common scales, which no ranking sees.
    pub iterations: usize,
    /// Ends before that when no logarithm has changed by more than this.
    pub tolerance: f64,
    /// On so many threads; they do not change the result.
    pub threads: usize,
}

impl Default for PriceSettings {
    fn default() -> Self {
        Self { iterations: 20, tolerance: 1e-9, threads: 1 }
    }
}

/// One price per person, and how far the iteration came.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    /// `−2b log A`, in the unit of the surplus: what it costs to be shown this person.
    pub price: Vec<f32>,
    /// `A²`: the part of a person's capacity that stays without a match in equilibrium.
    pub alone: Vec<f64>,
    /// How often everybody was renewed.
    pub iterations: usize,
    /// The largest change of a logarithm in the last round.
    pub change: f64,
}

impl Prices {
    /// The equilibrium of a kernel with `activity[i]` = the capacity of person `i`, say likes a day; above 0.
    ///
    /// `O(pairs × iterations)`.
    ///
    /// # Errors
    /// [`GraphError::WrongLength`], or [`GraphError::InvalidSetting`] for an activity that is not positive and finite.
    pub fn of(kernel: &Kernel, activity: &[f32], settings: PriceSettings) -> Result<Self, GraphError> {
        let capacity = capacities(kernel.people(), activity)?;
        let mut unknown: Vec<f64> = capacity.iter().map(|n| n.sqrt()).collect();
        let (mut change, mut iterations) = (f64::INFINITY, 0);
        while iterations < settings.iterations && change > settings.tolerance {
            iterations += 1;
            change = 0.0;
            for turn in &kernel.turns {
                let spare = Spare::of(kernel, &unknown);
                let pieces = split(turn.len(), settings.threads, |range| {
                    let renew = |&i: &u32| {
                        let s = half_sum(kernel, &unknown, &spare, i as usize);
                        step(capacity[i as usize], s, unknown[i as usize], kernel.damped)
                    };
                    turn[range].iter().map(renew).collect::<Vec<f64>>()
                });
                for (&i, new) in turn.iter().zip(pieces.into_iter().flatten()) {
                    change = f64::max(change, (new / unknown[i as usize] - 1.0).abs());
                    unknown[i as usize] = new;
                }
            }
        }
        Ok(Self::new(&unknown, kernel.temperature, iterations, change))
    }

    /// The same from a surplus that is only ever written down block by block: memory grows with the people, not the pairs.
    ///
    /// `O(N² × iterations)` work, less the blocks that the affinity leaves out. Source: Nakada et al., RecSys-HR 2024.
    ///
    /// # Errors
    /// As [`Self::of`], and [`GraphError::InvalidSetting`] for the temperature or groups that do not end with the last person.
    pub fn in_blocks<A: Affinity + ?Sized>(
        affinity: &A,
        temperature: f32,
        activity: &[f32],
        settings: PriceSettings,
    ) -> Result<Self, GraphError> {
        let capacity = capacities(affinity.people(), activity)?;
        let ends = affinity.ends();
        if !ends.is_sorted() || ends.last() != Some(&affinity.people()) {
            return Err(GraphError::InvalidSetting("ends"));
        }
        if !(0.02..=100.0).contains(&temperature) {
            return Err(GraphError::InvalidSetting("temperature"));
        }
        let mut unknown: Vec<f64> = capacity.iter().map(|n| n.sqrt()).collect();
        let (mut change, mut iterations) = (f64::INFINITY, 0);
        while iterations < settings.iterations && change > settings.tolerance {
            iterations += 1;
            change = 0.0;
            let mut begin = 0;
            for &end in &ends {
                let turn = std::mem::replace(&mut begin, end)..end;
                let narrow: Vec<f32> = unknown.iter().map(|&a| a as f32).collect();
                let pieces = split(turn.len(), settings.threads, |range| {
                    let rows = turn.start + range.start..turn.start + range.end;
                    super::blocks::row_sums(affinity, rows, &narrow, 0.5 / temperature)
                });
                for (i, sum) in turn.zip(pieces.into_iter().flatten()) {
                    let new = step(capacity[i], 0.5 * sum, unknown[i], ends.len() == 1);
                    change = f64::max(change, (new / unknown[i] - 1.0).abs());
                    unknown[i] = new;
                }
            }
        }
        Ok(Self::new(&unknown, f64::from(temperature), iterations, change))
    }

    fn new(unknown: &[f64], temperature: f64, iterations: usize, change: f64) -> Self {
        let price = unknown.iter().map(|&a| (-2.0 * temperature * ln(a)) as f32).collect();
        Self { price, alone: unknown.iter().map(|a| a * a).collect(), iterations, change }
    }
}

fn capacities(people: usize, activity: &[f32]) -> Result<Vec<f64>, GraphError> {
    if activity.len() != people {
        return Err(GraphError::WrongLength { what: "activity", expected: people, got: activity.len() });
    }
    if !activity.iter().all(|&n| (1e-6..=1e6).contains(&n)) {
        return Err(GraphError::InvalidSetting("activity"));
    }
    Ok(activity.iter().map(|&n| f64::from(n)).collect())
}

/// A person's next unknown. This form has no cancellation: `√(n + s²) − s` would lose every digit for a large `s`.
fn step(n: f64, s: f64, old: f64, damped: bool) -> f64 {
    let new = n / ((n + s * s).sqrt() + s);
    if damped { (new * old).sqrt() } else { new }
}

/// What the background adds up to, by kind.
struct Spare(Vec<f64>);

impl Spare {
    fn of(kernel: &Kernel, unknown: &[f64]) -> Self {
        let mut sums = Vec::new();
        if let Some((background, _)) = &kernel.background {
            sums = vec![0.0; background.meets.len()];
            for (&kind, &a) in background.kinds.iter().zip(unknown) {
                sums[usize::from(kind)] += a;
            }
        }
        Self(sums)
    }
}

fn half_sum(kernel: &Kernel, unknown: &[f64], spare: &Spare, i: usize) -> f64 {
    let row = kernel.start[i] as usize..kernel.start[i + 1] as usize;
    let pairs = || kernel.other[row.clone()].iter().map(|&j| unknown[j as usize]);
    let mut sum: f64 = pairs().zip(&kernel.value[row.clone()]).map(|(a, &value)| a * f64::from(value)).sum();
    sum *= f64::from(kernel.weight[i]);
    if let Some((background, value)) = &kernel.background {
        let meets = background.meets[usize::from(background.kinds[i])];
        let mut rest = -pairs().sum::<f64>();
        for (kind, total) in spare.0.iter().enumerate().filter(|(kind, _)| meets >> kind & 1 == 1) {
            rest += total;
            if kind == usize::from(background.kinds[i]) {
                rest -= unknown[i];
            }
        }
        sum += value * rest.max(0.0);
    }
    0.5 * sum
}
