//! Components small enough to be solved exactly.
//!
//! Called by the parent with a cap of 1, after everything else. Invariant: the bound falls only where the optimum is known.

use super::super::csr::Graph;
use super::super::region::components;
use super::blossom::heaviest;

/// The exact method takes the cube of this.
const MOST_PEOPLE: usize = 200;
/// A weight of 1 in its integers.
const ONE: f64 = (1_u64 << 40) as f64;

/// Replaces the matching of small components that have a gap by the heaviest one; an upper bound for the whole graph.
pub(super) fn solve(graph: &Graph, weights: &[f32], dual: &[f64], tolerance: f64, taken: &mut [bool]) -> f64 {
    let mut bound = 0.0;
    for people in components(graph) {
        let own = |person: u32| {
            let upwards = graph.of(person).iter().filter(move |half| half.other > person);
            upwards.map(move |half| (person, half.other, half.edge as usize))
        };
        let dual: f64 = people.iter().map(|&person| dual[person as usize]).sum();
        let edges = || people.iter().flat_map(|&person| own(person));
        let primal: f64 = edges().filter(|edge| taken[edge.2]).map(|edge| f64::from(weights[edge.2])).sum();
        if people.len() > MOST_PEOPLE || dual - primal <= 2.0 * tolerance {
            bound += dual;
            continue;
        }
        let local = |person: u32| people.binary_search(&person).unwrap_or(0);
        let list: Vec<(usize, usize, i64)> = edges()
            .map(|(a, b, edge)| (local(a), local(b), (f64::from(weights[edge]) * ONE).round() as i64))
            .filter(|edge| edge.2 > 0)
            .collect();
        let mate = heaviest(people.len(), &list);
        let mut weight = 0.0;
        for (a, b, edge) in edges() {
            taken[edge] = weights[edge] > 0.0 && mate[local(a)] == Some(local(b));
            if taken[edge] {
                weight += f64::from(weights[edge]);
            }
        }
        // Weights were rounded to the nearest integer.
        bound += weight + people.len() as f64 / ONE;
    }
    bound
}
