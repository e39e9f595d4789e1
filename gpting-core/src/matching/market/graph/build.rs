//! A graph from lists of candidates: the union of what every person brings.
//!
//! Called by `pool` and by hosts. Invariant: a pair is in the graph when either of the two lists the other.

use super::csr::{Edge, Graph};
use super::error::GraphError;

/// Somebody a person may be shown, and how likely each likes the other when looking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Who it is.
    pub other: u32,
    /// The chance that the person likes them, in [0, 1].
    pub there: f32,
    /// The chance that they like the person, in [0, 1].
    pub back: f32,
}

/// Collects lists of candidates; [`Builder::build`] makes the graph.
#[derive(Debug, Clone)]
pub struct Builder {
    people: usize,
    edges: Vec<Edge>,
}

impl Builder {
    /// A graph of so many people, none of whom knows anybody yet.
    pub fn new(people: usize) -> Self {
        Self { people, edges: Vec::new() }
    }

    /// Adds the candidates of a person. Where both list each other, whoever was added first counts.
    pub fn list(&mut self, person: u32, candidates: &[Candidate]) -> &mut Self {
        self.edges.extend(candidates.iter().map(|candidate| Edge {
            a: person,
            b: candidate.other,
            there: candidate.there,
            back: candidate.back,
        }));
        self
    }

    /// The union of all lists. `O(E log E)`.
    ///
    /// # Errors
    /// As [`Graph::new`].
    pub fn build(self) -> Result<Graph, GraphError> {
        Graph::new(self.people, self.edges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_union_of_both_lists_holds_each_pair_once() {
        let mut builder = Builder::new(3);
        builder.list(2, &[Candidate { other: 0, there: 0.25, back: 0.5 }]);
        builder
            .list(0, &[Candidate { other: 2, there: 0.5, back: 0.25 }, Candidate { other: 1, there: 1.0, back: 0.0 }]);
        let graph = builder.build().unwrap();
        assert_eq!(graph.edges().len(), 2);
        assert_eq!(graph.edges()[1], Edge { a: 0, b: 2, there: 0.5, back: 0.25 });
    }
}
