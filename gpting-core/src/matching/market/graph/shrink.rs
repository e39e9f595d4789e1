//! Noisy estimates pulled towards what is known well.
//!
//! Called by `solver`. A market step picks what looks best, and of noisy estimates the best-looking are the
//! overestimated. A person's mean over many others is known well, the deviation of a single pair is not: the chance of each direction
//! is split into `mean + liking of the one + appeal of the other + deviation`, and the deviation is multiplied by its
//! reliability, the share of its variance that is not error (empirical Bayes, the Gaussian posterior mean). Sources:
//! Efron & Morris, "Stein's estimation rule and its competitors", JASA 1973.

use super::csr::{Edge, Graph};

/// Passes over the pairs until both effects have settled.
const PASSES: usize = 8;

/// The same graph with estimates whose standard error is `error`, shrunk; with an error of 0 or less it is unchanged.
///
/// `O(E)`.
#[must_use]
pub fn shrink(graph: &Graph, error: f64) -> Graph {
    if graph.edges().is_empty() || error <= 0.0 {
        return graph.clone();
    }
    let directed = || {
        graph.edges().iter().flat_map(|edge| {
            let (a, b) = (edge.a as usize, edge.b as usize);
            [(a, b, f64::from(edge.there)), (b, a, f64::from(edge.back))]
        })
    };
    let count = 2.0 * graph.edges().len() as f64;
    let mean = directed().map(|(_, _, p)| p).sum::<f64>() / count;
    let people = graph.people();
    let (mut liking, mut appeal) = (vec![0.0; people], vec![0.0; people]);
    let variance = |liking: &[f64], appeal: &[f64]| {
        directed().map(|(i, j, p)| (p - mean - liking[i] - appeal[j]).powi(2)).sum::<f64>() / count
    };
    for _ in 0..PASSES {
        // One pair of a person with few says little about them: as many imagined average pairs as the noise asks for.
        for towards in [false, true] {
            let mut sums = vec![0.0; people];
            for (i, j, p) in directed() {
                if towards {
                    sums[j] += p - mean - liking[i];
                } else {
                    sums[i] += p - mean - appeal[j];
                }
            }
            let effects = if towards { &mut appeal } else { &mut liking };
            let degree = |person: usize| graph.of(person as u32).len() as f64;
            let raw: Vec<f64> = sums.iter().enumerate().map(|(i, sum)| sum / degree(i).max(1.0)).collect();
            let spread = raw.iter().map(|effect| effect * effect).sum::<f64>() / people as f64;
            for (person, effect) in effects.iter_mut().enumerate() {
                let noise = error * error / degree(person).max(1.0);
                *effect = raw[person] * (spread / (spread + noise)).min(1.0);
            }
        }
    }
    let reliability = (1.0 - error * error / variance(&liking, &appeal).max(1e-12)).clamp(0.0, 1.0);
    let pulled = |i: u32, j: u32, p: f32| {
        let known = mean + liking[i as usize] + appeal[j as usize];
        (known + reliability * (f64::from(p) - known)).clamp(0.0, 1.0) as f32
    };
    let edges = graph.edges().iter().map(|edge| Edge {
        there: pulled(edge.a, edge.b, edge.there),
        back: pulled(edge.b, edge.a, edge.back),
        ..*edge
    });
    Graph::of_sorted(people, edges.collect())
}
