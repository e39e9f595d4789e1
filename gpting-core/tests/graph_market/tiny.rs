//! Markets so small that every solution can be tried.

use gpting_core::matching::market::graph::{
    Edge, Graph, Kernel, Lists, Pairing, PairingSettings, PriceSettings, Prices, Slots, respond, upper_bound,
};

use crate::markets::{Twister, anybody};

/// The heaviest set of edges with at most `cap` at a person, by trying all.
fn heaviest(graph: &Graph, weights: &[f32], cap: usize) -> f64 {
    fn from(graph: &Graph, weights: &[f32], edge: usize, room: &mut [usize]) -> f64 {
        let Some(ends) = graph.edges().get(edge) else { return 0.0 };
        let without = from(graph, weights, edge + 1, room);
        let (a, b) = (ends.a as usize, ends.b as usize);
        if room[a] == 0 || room[b] == 0 {
            return without;
        }
        room[a] -= 1;
        room[b] -= 1;
        let with = f64::from(weights[edge]) + from(graph, weights, edge + 1, room);
        room[a] += 1;
        room[b] += 1;
        with.max(without)
    }
    from(graph, weights, 0, &mut vec![cap; graph.people()])
}

fn check_pairing(graph: &Graph, cap: usize) -> (f64, f64) {
    let weights = graph.both();
    let pairing = Pairing::new(graph, &weights, PairingSettings { cap, ..PairingSettings::default() }).unwrap();
    let mut taken = vec![0; graph.people()];
    for &edge in &pairing.edges {
        let edge = graph.edges()[edge as usize];
        taken[edge.a as usize] += 1;
        taken[edge.b as usize] += 1;
    }
    assert!(taken.iter().all(|&taken| taken <= cap));
    assert!(pairing.edges.is_sorted_by(|x, y| x < y), "each edge once");
    let sum: f64 = pairing.edges.iter().map(|&edge| f64::from(weights[edge as usize])).sum();
    assert!((sum - pairing.weight).abs() < 1e-9);
    let optimum = heaviest(graph, &weights, cap);
    assert!(pairing.weight <= optimum + 1e-6 && optimum <= pairing.bound + 1e-6, "{pairing:?} {optimum}");
    (pairing.weight, optimum)
}

#[test]
fn pairs_of_two_sides_are_the_heaviest() {
    let mut twister = Twister::new(5);
    for round in 0..200 {
        let mut edges = Vec::new();
        for a in 0..4 {
            for b in 4..8 {
                if twister.uniform() < 0.6 {
                    edges.push(Edge { a, b, there: twister.uniform() as f32, back: 1.0 });
                }
            }
        }
        let graph = Graph::new(8, edges).unwrap();
        let (weight, optimum) = check_pairing(&graph, 1 + round % 3);
        assert!((weight - optimum).abs() < 1e-6, "round {round}: {weight} {optimum}");
    }
}

#[test]
fn pairs_of_anybody_are_the_heaviest() {
    for seed in 0..1500 {
        let graph = anybody(3 + seed as usize % 6, 0.7, seed);
        let (weight, optimum) = check_pairing(&graph, 1);
        assert!((weight - optimum).abs() < 1e-6, "seed {seed}: {weight} {optimum}");
    }
}

/// Larger than all solutions can be tried, small enough for the exact method: bound and weight meet.
#[test]
fn pairs_of_a_small_component_have_no_gap() {
    let mut wider = 0;
    for seed in 0..25 {
        let graph = anybody(20 + 7 * seed as usize, 0.15, seed);
        let weights: Vec<f32> =
            graph.both().iter().map(|both| if seed % 2 == 0 { *both } else { both.ceil() }).collect();
        let exact = Pairing::new(&graph, &weights, PairingSettings::default()).unwrap();
        assert!(exact.bound - exact.weight < 1e-5, "seed {seed}: {} {}", exact.weight, exact.bound);
        // The same with somebody far away who makes the component too large.
        let chain =
            (graph.people() as u32..graph.people() as u32 + 250).map(|b| Edge { a: b - 1, b, there: 1e-6, back: 1e-6 });
        let edges = graph.edges().iter().copied().chain(chain).collect();
        let large = Graph::new(graph.people() + 250, edges).unwrap();
        let weights: Vec<f32> = large
            .edges()
            .iter()
            .map(|edge| if seed % 2 == 0 || edge.there < 1e-5 { edge.both() } else { edge.both().ceil() })
            .collect();
        let rough = Pairing::new(&large, &weights, PairingSettings::default()).unwrap();
        assert!(rough.weight <= exact.weight + 1e-5 && exact.weight <= rough.bound + 1e-5, "seed {seed}");
        assert!(rough.weight >= 0.98 * exact.weight, "seed {seed}: {} {}", rough.weight, exact.weight);
        wider += usize::from(rough.bound - rough.weight > 1e-3);
    }
    assert!(wider > 5, "the relaxation alone leaves gaps");
}

#[test]
fn several_pairs_each_are_nearly_the_heaviest() {
    let (mut sum, mut best) = (0.0, 0.0);
    for seed in 0..100 {
        let (weight, optimum) = check_pairing(&anybody(6, 0.8, seed), 2);
        sum += weight;
        best += optimum;
    }
    assert!(sum >= 0.998 * best, "{sum} {best}");
}

/// Every order of every list: the most matches any lists can give.
fn best_lists(graph: &Graph, table: &[f64]) -> f64 {
    fn orders(len: usize) -> Vec<Vec<usize>> {
        if len == 0 {
            return vec![Vec::new()];
        }
        let shorter = orders(len - 1);
        shorter.iter().flat_map(|order| (0..len).map(|at| [&order[..at], &[len - 1], &order[at..]].concat())).collect()
    }
    fn from(graph: &Graph, table: &[f64], person: u32, look: &mut Vec<f64>) -> f64 {
        if person as usize == graph.people() {
            let value = |(edge, ends): (usize, &Edge)| {
                let halves = graph.halves().iter().enumerate().filter(|(_, half)| half.edge as usize == edge);
                halves.map(|(place, _)| look[place]).product::<f64>() * f64::from(ends.both())
            };
            return graph.edges().iter().enumerate().map(value).sum();
        }
        let range = graph.range(person);
        let mut best = 0.0_f64;
        for order in orders(range.len()) {
            for (rank, &at) in order.iter().enumerate() {
                look[range.start + at] = table.get(rank + 1).copied().unwrap_or(0.0);
            }
            best = best.max(from(graph, table, person + 1, look));
        }
        best
    }
    from(graph, table, 0, &mut vec![0.0; graph.halves().len()])
}

#[test]
fn no_lists_beat_the_bound_and_ours_are_near_the_best() {
    let table = [0.0, 1.0, 0.5, 1.0 / 3.0];
    let (mut sum, mut most, mut bounds) = (0.0, 0.0, 0.0);
    for seed in 0..30 {
        let graph = anybody(5, 0.55, 900 + seed);
        if (0..5).any(|person| graph.of(person).len() > 3) {
            continue;
        }
        let both = graph.both();
        let slots = Slots::new(&graph, &both, 64, 1, PairingSettings::default()).unwrap();
        let mut lists = slots.lists(&graph, &both, 3);
        respond(&graph, &both, &table, &mut lists, 30, 0.0, 1);
        let total = lists.total(&graph, &both, &table);
        let best = best_lists(&graph, &table);
        let bound = upper_bound(&graph, &both, &table, &lists, 200, 1);
        let crude = upper_bound(&graph, &both, &table, &Lists::by_product(&graph, 3), 1, 1);
        assert!(total <= best + 1e-9 && best <= bound + 1e-9 && best <= crude + 1e-9, "{total} {best} {bound} {crude}");
        sum += total;
        most += best;
        bounds += bound;
    }
    assert!(most > 5.0 && sum >= 0.97 * most && bounds <= 1.15 * most, "{sum} {most} {bounds}");
}

#[test]
fn prices_are_the_equilibrium() {
    for (seed, b) in [(1, 1.0_f32), (2, 0.2), (3, 0.05)] {
        let graph = anybody(40, 0.3, seed);
        let activity: Vec<f32> = (0..40).map(|i| 0.5 + (i % 3) as f32).collect();
        let kernel = Kernel::of_graph(&graph, b, None).unwrap();
        let settings = PriceSettings { iterations: 5000, tolerance: 1e-13, threads: 1 };
        let prices = Prices::of(&kernel, &activity, settings).unwrap();
        for person in 0..40_u32 {
            let unknown = |person: u32| prices.alone[person as usize].sqrt();
            let matched: f64 = graph
                .of(person)
                .iter()
                .map(|half| {
                    let surplus = f64::from(graph.edges()[half.edge as usize].surplus());
                    (surplus / (2.0 * f64::from(b))).exp() * unknown(person) * unknown(half.other)
                })
                .sum();
            let capacity = f64::from(activity[person as usize]);
            let used = prices.alone[person as usize] + matched;
            assert!((used / capacity - 1.0).abs() < 1e-5, "{person}: {used} of {capacity}");
            let price = -2.0 * f64::from(b) * unknown(person).ln();
            assert!((f64::from(prices.price[person as usize]) - price).abs() < 1e-5);
        }
    }
}
