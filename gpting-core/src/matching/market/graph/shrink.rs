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
/// What looks like noise alone may still hold something, and is all there is to tell equals apart.
const LEAST_RELIABILITY: f64 = 0.05;
/// Positive half of sixteen normal numbers, evenly likely, of variance 1 together.
const NORMAL: [f64; 8] = [0.0816, 0.2468, 0.4186, 0.6026, 0.8079, 1.0509, 1.3714, 1.9382];

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
    // Estimates are chances: an error that would leave [0, 1] is cut off, which makes it smaller.
    let cut: f64 = directed().map(|(i, j, _)| cut_variance(mean + liking[i] + appeal[j], error)).sum();
    let reliability = (1.0 - cut / count / variance(&liking, &appeal).max(1e-12)).clamp(LEAST_RELIABILITY, 1.0);
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

/// The variance of a chance around `p` with a normal error, cut to [0, 1].
fn cut_variance(p: f64, error: f64) -> f64 {
    let (mut sum, mut squares) = (0.0, 0.0);
    for deviation in NORMAL {
        for value in [p - error * deviation, p + error * deviation] {
            let value = value.clamp(0.0, 1.0);
            sum += value;
            squares += value * value;
        }
    }
    let count = 2.0 * NORMAL.len() as f64;
    (squares / count - (sum / count).powi(2)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_keeps_its_error_and_the_ends_lose_some() {
        assert!((cut_variance(0.5, 0.1) - 0.01).abs() < 1e-4);
        assert!(cut_variance(0.0, 0.1) < 0.5 * 0.01);
        assert!(cut_variance(0.5, 0.3) < 0.09);
    }

    #[test]
    fn without_an_error_nothing_moves_and_with_one_pairs_move_to_the_means() {
        let edges: Vec<Edge> = (0..20)
            .flat_map(|a| (20..40).map(move |b| (a, b)))
            .map(|(a, b)| {
                let wobble = ((a * 7 + b * 13) % 11) as f32 / 25.0 - 0.2;
                Edge { a, b, there: 0.2 + 0.02 * (b - 20) as f32 + wobble, back: 0.5 }
            })
            .collect();
        let graph = Graph::new(40, edges).unwrap();
        assert_eq!(shrink(&graph, 0.0), graph);
        let spread = |graph: &Graph| {
            let error = |edge: &Edge| f64::from(edge.there) - (0.2 + 0.02 * f64::from(edge.b - 20));
            graph.edges().iter().map(|edge| error(edge).powi(2)).sum::<f64>() / 400.0
        };
        let (before, after) = (spread(&graph), spread(&shrink(&graph, 0.1)));
        assert!(after < 0.6 * before, "{after} {before}");
        assert!(shrink(&graph, 0.1).edges().iter().all(|edge| (0.0..=1.0).contains(&edge.there)));
    }
}
