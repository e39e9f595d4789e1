//! Half edges made whole.
//!
//! Called by the parent. In the relaxed optimum everybody holds as many half edges as they are held by, so those that are
//! held from one end only fall apart into closed trails. Along a trail of even length every second edge is taken, which
//! weighs the same; one of odd length leaves out two edges in a row where that costs least. Trails through the same person
//! are one trail, so that two odd ones become an even one. Invariant: nobody gets more than they held.

use super::super::csr::Graph;

/// The edges taken: those held from both ends, and every second one of each trail.
pub(super) fn whole(graph: &Graph, weights: &[f32], half: &[bool]) -> Vec<bool> {
    let mut taken = vec![false; weights.len()];
    let mut open = vec![false; half.len()];
    for (place, one) in graph.halves().iter().enumerate() {
        if half[place] {
            taken[one.edge as usize] |= half[one.twin as usize];
            open[place] = !half[one.twin as usize];
        }
    }
    // By person: where to look for the next open half.
    let mut next: Vec<usize> = (0..graph.people() as u32).map(|person| graph.range(person).start).collect();
    for person in 0..graph.people() as u32 {
        loop {
            let trail = closed_trail(graph, &mut open, &mut next, person);
            if trail.is_empty() {
                break;
            }
            for edge in every_second(&trail, weights) {
                taken[edge as usize] = true;
            }
        }
    }
    taken
}

/// A closed trail of open halves from a person through everything it touches, as edges in order; closes them. Source: Hierholzer, 1873.
fn closed_trail(graph: &Graph, open: &mut [bool], next: &mut [usize], from: u32) -> Vec<u32> {
    let mut trail = Vec::new();
    let mut stack = vec![(from, None)];
    while let Some(&(person, edge)) = stack.last() {
        let end = graph.range(person).end;
        let place = &mut next[person as usize];
        while *place < end && !open[*place] {
            *place += 1;
        }
        if *place < end {
            open[*place] = false;
            let half = graph.halves()[*place];
            stack.push((half.other, Some(half.edge)));
        } else {
            trail.extend(edge);
            stack.pop();
        }
    }
    trail
}

/// The heavier way to take every second edge of a closed trail.
fn every_second(trail: &[u32], weights: &[f32]) -> Vec<u32> {
    let length = trail.len();
    let weight = |index: usize| f64::from(weights[trail[index % length] as usize]);
    let take = |first: usize| (0..length / 2).map(move |step| trail[(first + 2 * step) % length]).collect();
    // Beginning two edges later swaps one edge for another; an odd trail has `length` beginnings, an even one two.
    let mut sum: f64 = (0..length / 2).map(|step| weight(2 * step)).sum();
    if length.is_multiple_of(2) {
        let other: f64 = (0..length / 2).map(|step| weight(2 * step + 1)).sum();
        return take(usize::from(other > sum));
    }
    let (mut best, mut first) = (sum, 0);
    let mut begin = 0;
    for _ in 1..length {
        sum += weight(begin + length - 1) - weight(begin);
        begin = (begin + 2) % length;
        if sum > best {
            (best, first) = (sum, begin);
        }
    }
    take(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_trail_leaves_out_what_costs_least() {
        let weights = [0.5, 0.9, 0.1, 0.8, 0.2];
        let mut taken = every_second(&[0, 1, 2, 3, 4], &weights);
        taken.sort_unstable();
        assert_eq!(taken, [1, 3]);
        let mut taken = every_second(&[0, 1, 2, 3], &weights);
        taken.sort_unstable();
        assert_eq!(taken, [1, 3]);
        assert_eq!(every_second(&[2, 4, 0], &weights), [0]);
    }
}
