//! No lists on this graph can give more expected matches than this.
//!
//! Called by `solver`, so that a gap can be told beside every result. For an edge with any `θ > 0` the exposures obey
//! `x_ab x_ba ≤ ½ (θ x_ab² + x_ba² / θ)` (the geometric mean is at most the arithmetic). Summed over the edges with weight
//! `P`, the right side falls apart into one term per person, `½ Σ_b P_ab θ_ab x_ab²`, in which the squares `x_ab²` are the
//! squared chances `v(k)²` in some order: by the rearrangement inequality the term is at most the sum of the sorted
//! weights times the sorted squares. That sum over all people is the bound. It holds for every choice of θ; for randomised
//! lists, because the bound of each draw holds; and for lists whose randomness two people share.
//!
//! The best θ solve a convex problem whose dual is: maximise the concave `Σ P √(X_ab X_ba)` over mixtures `X` of squared
//! exposures. Frank-Wolfe on it gives `θ = √(X_ba / X_ab)`, and each of its steps is one sort per person, the very sort
//! the bound needs; the best bound seen is kept.

use super::csr::Graph;
use super::lists::Lists;
use super::split::split;

/// The part of the mixture that starts flat, so that no weight is infinite.
const FLAT: f64 = 0.1;

/// Far more than rounding can take off a sum.
const ROUNDING: f64 = 1e-9;

/// An upper bound on the expected matches of any lists of the table's length, tightened for so many rounds, at least one.
///
/// `lists` are a good solution to begin with; the better, the tighter. `O(rounds × E log degree)`, `O(E)` memory.
/// Deterministic for every number of threads.
///
/// # Panics
/// If the table is shorter than the lists or `both` than the edges.
pub fn upper_bound(graph: &Graph, both: &[f32], table: &[f64], lists: &Lists, rounds: usize, threads: usize) -> f64 {
    let squares: Vec<f64> = table[1..].iter().map(|chance| chance * chance).collect();
    let mut mixture = start(graph, lists, &squares);
    let mut best = f64::INFINITY;
    for round in 0..rounds.max(1) {
        let pieces = split(graph.people(), threads, |range| {
            let (mut order, mut vertex) = (Vec::new(), Vec::new());
            for person in range {
                sort(graph, both, &squares, &mixture, person as u32, &mut order, &mut vertex);
            }
            vertex
        });
        let vertex = pieces.concat();
        let total: f64 = vertex.iter().map(|&(weight, square)| weight * square).sum();
        best = best.min(total);
        let step = 2.0 / (round as f64 + 4.0);
        for (share, (_, square)) in mixture.iter_mut().zip(vertex) {
            *share += step * (square - *share);
        }
    }
    best * (1.0 + ROUNDING)
}

/// Squared exposures of the lists, mixed with a little of everything.
fn start(graph: &Graph, lists: &Lists, squares: &[f64]) -> Vec<f64> {
    let square = |rank: u8| if rank == 0 { 0.0 } else { squares[usize::from(rank) - 1] };
    let mut mixture = Vec::with_capacity(graph.halves().len());
    for person in 0..graph.people() as u32 {
        let degree = graph.of(person).len();
        let flat = squares.iter().take(degree).sum::<f64>() / degree.max(1) as f64;
        mixture.extend(graph.range(person).map(|place| (1.0 - FLAT) * square(lists.rank(place)) + FLAT * flat));
    }
    mixture
}

/// Appends for each half of a person its weight `½ P θ` and the square that the sorted order gives it.
fn sort(
    graph: &Graph,
    both: &[f32],
    squares: &[f64],
    mixture: &[f64],
    person: u32,
    order: &mut Vec<(u64, u32)>,
    vertex: &mut Vec<(f64, f64)>,
) {
    /// A share that has been forgotten still has a weight.
    const LEAST: f64 = 1e-30;
    order.clear();
    let first = vertex.len();
    for (index, place) in (0_u32..).zip(graph.range(person)) {
        let half = graph.halves()[place];
        let theta = (mixture[half.twin as usize].max(LEAST) / mixture[place].max(LEAST)).sqrt();
        let weight = 0.5 * f64::from(both[half.edge as usize]) * theta;
        order.push((!weight.to_bits(), index));
        vertex.push((weight, 0.0));
    }
    order.sort_unstable();
    for (&square, &(_, index)) in squares.iter().zip(order.iter()) {
        vertex[first + index as usize].1 = square;
    }
}
