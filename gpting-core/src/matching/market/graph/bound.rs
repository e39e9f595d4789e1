//! No lists on this graph can give more expected matches than this.
//!
//! Called by `solver`, so that a gap can be told beside every result. For an edge with any `θ > 0` the exposures obey
//! `x_ab x_ba ≤ ½ (θ x_ab² + x_ba² / θ)` (the geometric mean is at most the arithmetic). Summed over the edges with weight
//! `P`, the right side falls apart into one term per person, `½ Σ_b P_ab θ_ab x_ab²`, in which the squares `x_ab²` are the
//! squared chances `v(k)²` in some order: by the rearrangement inequality the term is at most the sum of the sorted
//! weights times the sorted squares. That sum over all people is the bound. It holds for every choice of θ; for randomised
//! lists, because the bound of each draw holds; and for lists whose randomness two people share.
//!
//! Finding the best θ is a convex problem in their logarithms. A pair's share of its two people's terms says which way its
//! θ should lean; each round leans all of them a little, less from round to round, and the best bound seen is kept.

use super::csr::Graph;
use super::lists::Lists;
use super::split::split;

/// The most a logarithm of θ changes in the first round, and the rounds after which it is half of that.
const STEP: f64 = 0.1;
const HALF: f64 = 5.0;
/// Far more than rounding can take off a sum.
const ROUNDING: f64 = 1e-9;

/// An upper bound on the expected matches of any lists of the table's length, tightened for so many rounds, at least one.
///
/// `lists` are a good solution to begin with; the better, the tighter. Thirty rounds come within a few per cent. `O(rounds × E log degree)`, `O(E)` memory.
/// Deterministic for every number of threads.
///
/// # Panics
/// If the table is shorter than the lists or `both` than the edges.
pub fn upper_bound(graph: &Graph, both: &[f32], table: &[f64], lists: &Lists, rounds: usize, threads: usize) -> f64 {
    let squares: Vec<f64> = table[1..].iter().map(|chance| chance * chance).collect();
    let mut theta = start(graph, both, lists, &squares);
    let mut best = f64::INFINITY;
    for round in 0..rounds.max(1) {
        let pieces = split(graph.people(), threads, |range| {
            let (mut order, mut terms) = (Vec::new(), Vec::new());
            for person in range {
                sort(graph, both, &squares, &theta, person as u32, &mut order, &mut terms);
            }
            terms
        });
        // Summed in the order of people, not of threads: sums of pieces would differ in the last bit.
        let terms = pieces.concat();
        best = best.min(terms.iter().sum());
        let step = STEP / (1.0 + round as f64 / HALF);
        for (place, half) in graph.halves().iter().enumerate() {
            let edge = half.edge as usize;
            let (own, others) = (terms[place], terms[half.twin as usize]);
            if graph.edges()[edge].b == half.other && own + others > 0.0 {
                let lean = 0.5 * step * (own - others) / (own + others);
                theta[edge] *= (1.0 - lean) / (1.0 + lean);
            }
        }
    }
    best * (1.0 + ROUNDING)
}

/// By edge: θ of its smaller index. Who has better pairs in their list weighs more, by the square root.
fn start(graph: &Graph, both: &[f32], lists: &Lists, squares: &[f64]) -> Vec<f64> {
    /// Whoever is shown nobody has some level too.
    const LEAST: f64 = 1e-9;
    let level = |person: u32| {
        let (mut sum, mut weight) = (LEAST, LEAST);
        for place in graph.range(person).filter(|&place| lists.rank(place) > 0) {
            let square = squares.get(usize::from(lists.rank(place)) - 1).copied().unwrap_or(0.0);
            sum += f64::from(both[graph.halves()[place].edge as usize]) * square;
            weight += square;
        }
        (sum / weight).clamp(LEAST, 1.0)
    };
    let levels: Vec<f64> = (0..graph.people() as u32).map(level).collect();
    graph.edges().iter().map(|edge| (levels[edge.a as usize] / levels[edge.b as usize]).sqrt()).collect()
}

/// Appends for each half of a person what it adds to the bound: its weight times the square that the sorted order gives it.
fn sort(
    graph: &Graph,
    both: &[f32],
    squares: &[f64],
    theta: &[f64],
    person: u32,
    order: &mut Vec<(u64, u32)>,
    terms: &mut Vec<f64>,
) {
    order.clear();
    for (index, half) in (0_u32..).zip(graph.of(person)) {
        let edge = half.edge as usize;
        let theta = if graph.edges()[edge].a == person { theta[edge] } else { 1.0 / theta[edge] };
        let weight = 0.5 * f64::from(both[edge]) * theta;
        // Not negative: bits are in the order of the numbers.
        order.push((!weight.to_bits(), index));
    }
    order.sort_unstable();
    let first = terms.len();
    terms.resize(first + order.len(), 0.0);
    for (&square, &(weight, index)) in squares.iter().zip(order.iter()) {
        terms[first + index as usize] = f64::from_bits(!weight) * square;
    }
}
