//! What halving left open: people with room and better use for it.
//!
//! Called by the parent. Adds edges between people with room, the heaviest first, then swaps along paths of up to three
//! edges that begin at somebody with room, as long as one gains. Where the relaxed optimum was whole it is optimal, and
//! nothing is found. Invariant: the weight never falls, nobody exceeds the cap.

use super::super::csr::Graph;

/// A gain has to be worth more than rounding.
const LEAST: f64 = 1e-12;

/// A change that gains: edges that go, edges that come.
#[derive(Default)]
struct Change {
    gain: f64,
    come: Vec<u32>,
    go: Vec<u32>,
}

pub(super) fn repair(graph: &Graph, weights: &[f32], cap: usize, taken: &mut [bool]) {
    let mut room = vec![cap; graph.people()];
    for (edge, _) in graph.edges().iter().zip(taken.iter()).filter(|(_, taken)| **taken) {
        room[edge.a as usize] -= 1;
        room[edge.b as usize] -= 1;
    }
    let is_open = |room: &[usize], edge: u32| {
        let edge = graph.edges()[edge as usize];
        room[edge.a as usize] > 0 && room[edge.b as usize] > 0
    };
    let mut free: Vec<u32> = (0..weights.len() as u32)
        .filter(|&edge| !taken[edge as usize] && weights[edge as usize] > 0.0 && is_open(&room, edge))
        .collect();
    free.sort_by(|x, y| weights[*y as usize].total_cmp(&weights[*x as usize]));
    for edge in free {
        if is_open(&room, edge) {
            flip(graph, edge, taken, &mut room);
        }
    }
    let mut queue: Vec<u32> = (0..graph.people() as u32).filter(|&person| room[person as usize] > 0).collect();
    while let Some(person) = queue.pop() {
        if room[person as usize] == 0 {
            continue;
        }
        let change = best_change(graph, weights, taken, &room, person);
        if change.gain > LEAST {
            for &edge in change.go.iter().chain(&change.come) {
                flip(graph, edge, taken, &mut room);
            }
            for &edge in change.go.iter().chain(&change.come) {
                let edge = graph.edges()[edge as usize];
                // Whoever moved may open or need a way: they and their neighbours are asked again.
                for end in [edge.a, edge.b] {
                    queue.extend(graph.of(end).iter().map(|half| half.other).filter(|&other| room[other as usize] > 0));
                    queue.push(end);
                }
            }
        }
    }
}

fn flip(graph: &Graph, edge: u32, taken: &mut [bool], room: &mut [usize]) {
    let Some(place) = taken.get_mut(edge as usize) else { return };
    *place = !*place;
    let ends = graph.edges()[edge as usize];
    for end in [ends.a, ends.b] {
        let room = &mut room[end as usize];
        if *place {
            *room -= 1;
        } else {
            *room += 1;
        }
    }
}

/// The best path of one to three edges from a person with room.
fn best_change(graph: &Graph, weights: &[f32], taken: &[bool], room: &[usize], person: u32) -> Change {
    let weight = |edge: u32| f64::from(weights[edge as usize]);
    let mut best = Change::default();
    for first in graph.of(person).iter().filter(|half| !taken[half.edge as usize]) {
        let comes = weight(first.edge);
        if room[first.other as usize] > 0 {
            if comes > best.gain {
                best = Change { gain: comes, come: vec![first.edge], go: Vec::new() };
            }
            continue;
        }
        for second in graph.of(first.other).iter().filter(|half| taken[half.edge as usize]) {
            let swap = comes - weight(second.edge);
            if swap > best.gain {
                best = Change { gain: swap, come: vec![first.edge], go: vec![second.edge] };
            }
            let thirds = graph.of(second.other).iter().filter(|half| !taken[half.edge as usize]);
            for third in thirds {
                // Both ends of the path may be the person, who then needs room twice.
                let needed = if third.other == person { 2 } else { 1 };
                let gain = swap + weight(third.edge);
                if room[third.other as usize] >= needed && gain > best.gain {
                    best = Change { gain, come: vec![first.edge, third.edge], go: vec![second.edge] };
                }
            }
        }
    }
    best
}
