//! What a market achieved, in numbers that can be compared.
//!
//! Called by `solver` and by hosts. Sources: envy and expected matches as in Tomita & Yokoyama, `RecSys` 2024.

use super::csr::Graph;
use super::lists::Lists;
use super::split::split;

/// People with fewer expected matches than this count as having none.
pub const ZERO: f64 = 0.05;

/// The figures of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// How many people.
    pub people: usize,
    /// How many pairs could be shown.
    pub edges: usize,
    /// Edges between regions, left out.
    pub cut_edges: usize,
    /// Independent regions solved.
    pub regions: usize,
    /// Expected mutual likes of everybody together.
    pub expected_matches: f64,
    /// What no lists of this length on these edges can exceed.
    pub upper_bound: f64,
    /// Pairs of people the first of whom would have more matches with the second's place in the others' lists.
    pub envy: u64,
    /// Inequality of expected matches, 0 when all have as many, towards 1 when one has all.
    pub gini: f64,
    /// Share of people with less than [`ZERO`] expected matches.
    pub zero_share: f64,
    /// People nobody could be shown to.
    pub without_candidate: usize,
    /// Expected mutual likes of the daily picks.
    pub pick_matches: f64,
    /// What no daily picks can exceed.
    pub pick_bound: f64,
}

impl Report {
    /// The share of the upper bound that was not reached, in [0, 1]; how much a perfect solution could gain at the most.
    pub fn gap(&self) -> f64 {
        if self.upper_bound > 0.0 { (1.0 - self.expected_matches / self.upper_bound).max(0.0) } else { 0.0 }
    }
}

/// Gini coefficient; 0 for nobody or nothing. `O(N log N)`.
pub fn gini(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let total: f64 = sorted.iter().sum();
    if total <= 0.0 {
        return 0.0;
    }
    let n = sorted.len() as f64;
    let ranked: f64 = (1_u32..).zip(&sorted).map(|(rank, value)| (2.0 * f64::from(rank) - n - 1.0) * value).sum();
    ranked / (n * total)
}

/// Share of values below [`ZERO`]; 0 for nobody.
pub fn zero_share(values: &[f64]) -> f64 {
    values.iter().filter(|&&value| value < ZERO).count() as f64 / values.len().max(1) as f64
}

/// How many ordered pairs envy: `i` envies `k` if the others showing `i` as they show `k` would give `i` more.
///
/// Exact: `Σ_j P_ij v(rank of j for i) v(rank of k for j) > U_i + 1e-9`, for which only names in lists matter.
/// `O(Σ list length × degree)`.
///
/// # Panics
/// If the table is shorter than the lists or `both` than the edges.
pub fn envy(graph: &Graph, both: &[f32], table: &[f64], lists: &Lists, threads: usize) -> u64 {
    split(graph.people(), threads, |range| {
        let mut with = vec![0.0_f64; graph.people()];
        let mut touched = Vec::new();
        let mut count = 0_u64;
        for person in range.start as u32..range.end as u32 {
            for place in graph.range(person) {
                let half = graph.halves()[place];
                let looks = f64::from(both[half.edge as usize]) * table[usize::from(lists.rank(place))];
                if looks == 0.0 {
                    continue;
                }
                for shown in graph.range(half.other) {
                    let chance = table[usize::from(lists.rank(shown))];
                    if chance > 0.0 {
                        let other = graph.halves()[shown].other;
                        if with[other as usize] == 0.0 {
                            touched.push(other);
                        }
                        with[other as usize] += looks * chance;
                    }
                }
            }
            let own = with[person as usize];
            count += touched.iter().filter(|&&other| with[other as usize] > own + 1e-9).count() as u64;
            for other in touched.drain(..) {
                with[other as usize] = 0.0;
            }
        }
        count
    })
    .into_iter()
    .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inequality_runs_from_nothing_to_one_person() {
        assert!(gini(&[2.0; 5]).abs() < 1e-12 && gini(&[]).abs() < 1e-12);
        assert!((gini(&[0.0, 0.0, 0.0, 1.0]) - 0.75).abs() < 1e-12);
        assert!((gini(&[1.0, 3.0]) - 0.25).abs() < 1e-12);
        assert!((zero_share(&[0.0, 0.049, 0.05, 1.0]) - 0.5).abs() < 1e-12);
    }
}
