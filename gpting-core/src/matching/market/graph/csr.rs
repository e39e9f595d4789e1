//! The graph of people who may meet: every undirected edge once, and the edges of each person side by side.
//!
//! Called by every other file of this room. 40 bytes per edge and 4 per person. Invariants: no loops, no double edges,
//! chances in [0, 1]; a person's edges are in ascending order of the other person.

use super::error::GraphError;

/// Two people who may meet, and how likely each likes the other when looking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// One of the two; the smaller index once it is in a graph.
    pub a: u32,
    /// The other.
    pub b: u32,
    /// The chance that `a` likes `b`, in [0, 1].
    pub there: f32,
    /// The chance that `b` likes `a`, in [0, 1].
    pub back: f32,
}

impl Edge {
    /// The chance that both like each other when both look.
    #[inline]
    pub fn both(self) -> f32 {
        self.there * self.back
    }

    /// `there + back`, the joint surplus that prices are made of.
    #[inline]
    pub fn surplus(self) -> f32 {
        self.there + self.back
    }

    /// The same edge named from the smaller index.
    fn upright(self) -> Self {
        if self.a <= self.b { self } else { Self { a: self.b, b: self.a, there: self.back, back: self.there } }
    }
}

/// An edge as one of its two people sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Half {
    /// Who is at the other end.
    pub other: u32,
    /// The place of the edge in [`Graph::edges`].
    pub edge: u32,
    /// The place among all halves of the same edge as the other person sees it.
    pub twin: u32,
}

/// People under dense indexes `0..people` and the pairs of them that may meet.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    edges: Vec<Edge>,
    start: Vec<u32>,
    halves: Vec<Half>,
}

impl Graph {
    /// The most edges: the halves have 32-bit places.
    pub const MAX_EDGES: usize = (u32::MAX / 2) as usize;

    /// A graph of these edges, in any order and either direction; of two edges between the same people the first counts.
    ///
    /// `O(E log E)`.
    ///
    /// # Errors
    /// [`GraphError::UnknownPerson`], [`GraphError::SamePerson`], [`GraphError::InvalidChance`], [`GraphError::TooMany`].
    pub fn new(people: usize, mut edges: Vec<Edge>) -> Result<Self, GraphError> {
        if people > u32::MAX as usize - 1 {
            return Err(GraphError::TooMany { what: "people", max: u32::MAX as usize - 1 });
        }
        for edge in &mut edges {
            *edge = edge.upright();
            if edge.b as usize >= people {
                return Err(GraphError::UnknownPerson { person: edge.b, people });
            }
            if edge.a == edge.b {
                return Err(GraphError::SamePerson { person: edge.a });
            }
            if !(0.0..=1.0).contains(&edge.there) || !(0.0..=1.0).contains(&edge.back) {
                return Err(GraphError::InvalidChance { a: edge.a, b: edge.b });
            }
        }
        // Stable, so that "the first" means something.
        edges.sort_by_key(|edge| (u64::from(edge.a) << 32) | u64::from(edge.b));
        edges.dedup_by_key(|edge| (edge.a, edge.b));
        if edges.len() > Self::MAX_EDGES {
            return Err(GraphError::TooMany { what: "edges", max: Self::MAX_EDGES });
        }
        Ok(Self::of_sorted(people, edges))
    }

    /// A graph of edges that are upright, sorted, distinct and valid.
    pub(super) fn of_sorted(people: usize, edges: Vec<Edge>) -> Self {
        let mut start = vec![0_u32; people + 1];
        for edge in &edges {
            start[edge.a as usize + 1] += 1;
            start[edge.b as usize + 1] += 1;
        }
        for person in 0..people {
            start[person + 1] += start[person];
        }
        let mut free = start.clone();
        let mut halves = vec![Half { other: 0, edge: 0, twin: 0 }; 2 * edges.len()];
        // In this order everybody meets their smaller neighbours first: each list comes out sorted.
        for (index, edge) in edges.iter().enumerate() {
            let (at_a, at_b) = (free[edge.a as usize], free[edge.b as usize]);
            free[edge.a as usize] += 1;
            free[edge.b as usize] += 1;
            halves[at_a as usize] = Half { other: edge.b, edge: index as u32, twin: at_b };
            halves[at_b as usize] = Half { other: edge.a, edge: index as u32, twin: at_a };
        }
        Self { edges, start, halves }
    }

    /// How many people there are, those without edges included.
    pub fn people(&self) -> usize {
        self.start.len() - 1
    }

    /// Every edge once, ordered by the smaller and then the larger index.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The halves of everybody, one person after the other.
    pub fn halves(&self) -> &[Half] {
        &self.halves
    }

    /// Where the halves of a person are in [`Self::halves`].
    ///
    /// # Panics
    /// If there is no such person.
    #[inline]
    pub fn range(&self, person: u32) -> std::ops::Range<usize> {
        self.start[person as usize] as usize..self.start[person as usize + 1] as usize
    }

    /// The edges of a person, in ascending order of the other one.
    ///
    /// # Panics
    /// If there is no such person.
    #[inline]
    pub fn of(&self, person: u32) -> &[Half] {
        &self.halves[self.range(person)]
    }

    /// The chance of a mutual like on each edge, in their order.
    pub fn both(&self) -> Vec<f32> {
        self.edges.iter().map(|edge| edge.both()).collect()
    }

    /// The chance of a like along one half: `person`'s of the other one, and the other one's of `person`.
    #[inline]
    pub(super) fn chances(&self, person: u32, half: Half) -> (f32, f32) {
        let edge = self.edges[half.edge as usize];
        if edge.a == person { (edge.there, edge.back) } else { (edge.back, edge.there) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(a: u32, b: u32, there: f32, back: f32) -> Edge {
        Edge { a, b, there, back }
    }

    #[test]
    fn both_ends_see_an_edge_in_order() {
        let graph = Graph::new(4, vec![edge(3, 1, 0.5, 0.25), edge(0, 1, 1.0, 0.5), edge(1, 3, 0.9, 0.9)]).unwrap();
        assert_eq!(graph.edges(), [edge(0, 1, 1.0, 0.5), edge(1, 3, 0.25, 0.5)], "the first of two counts");
        assert_eq!(graph.of(1).iter().map(|half| half.other).collect::<Vec<_>>(), [0, 3]);
        assert!(graph.of(2).is_empty());
        for (index, half) in graph.halves().iter().enumerate() {
            let twin = graph.halves()[half.twin as usize];
            assert_eq!((twin.edge, twin.twin as usize), (half.edge, index));
        }
        assert_eq!(graph.chances(3, graph.of(3)[0]), (0.5, 0.25));
        assert_eq!(graph.chances(1, graph.of(1)[1]), (0.25, 0.5));
    }

    #[test]
    fn what_is_no_edge_is_refused() {
        let refused = |e: Edge| Graph::new(2, vec![e]).unwrap_err();
        assert_eq!(refused(edge(0, 2, 0.1, 0.1)), GraphError::UnknownPerson { person: 2, people: 2 });
        assert_eq!(refused(edge(1, 1, 0.1, 0.1)), GraphError::SamePerson { person: 1 });
        assert_eq!(refused(edge(1, 0, 0.1, f32::NAN)), GraphError::InvalidChance { a: 0, b: 1 });
    }
}
