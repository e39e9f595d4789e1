//! A market cut into regions that do not see each other.
//!
//! Called by `solver`. Invariant: everybody with an edge inside is in one region, in ascending order.

use super::csr::{Edge, Graph};

/// People by connected component, in the order of their smallest member; those without edges are left out. `O(N + E)`.
pub(super) fn components(graph: &Graph) -> Vec<Vec<u32>> {
    let mut seen = vec![false; graph.people()];
    let mut components = Vec::new();
    for root in 0..graph.people() as u32 {
        if seen[root as usize] || graph.of(root).is_empty() {
            continue;
        }
        let mut members = vec![root];
        seen[root as usize] = true;
        let mut next = 0;
        while let Some(&person) = members.get(next) {
            next += 1;
            for half in graph.of(person) {
                if !std::mem::replace(&mut seen[half.other as usize], true) {
                    members.push(half.other);
                }
            }
        }
        members.sort_unstable();
        components.push(members);
    }
    components
}

/// People by the key of their region, in ascending order of keys.
pub(super) fn by_key(keys: &[u32]) -> Vec<Vec<u32>> {
    let mut order: Vec<(u32, u32)> = keys.iter().copied().zip(0..).collect();
    order.sort_unstable();
    order.chunk_by(|x, y| x.0 == y.0).map(|group| group.iter().map(|&(_, person)| person).collect()).collect()
}

/// The graph of some people alone, in ascending order; `local` has a place for everybody, `u32::MAX` before and after.
pub(super) fn subgraph(graph: &Graph, people: &[u32], local: &mut [u32]) -> Graph {
    for (index, &person) in (0_u32..).zip(people) {
        local[person as usize] = index;
    }
    let mut edges = Vec::new();
    for &person in people {
        for half in graph.of(person).iter().filter(|half| half.other > person) {
            let (a, b) = (local[person as usize], local[half.other as usize]);
            if b != u32::MAX {
                edges.push(Edge { a, b, ..graph.edges()[half.edge as usize] });
            }
        }
    }
    for &person in people {
        local[person as usize] = u32::MAX;
    }
    Graph::of_sorted(people.len(), edges)
}
