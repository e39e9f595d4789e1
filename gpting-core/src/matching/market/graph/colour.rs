//! People sorted into classes in which nobody is adjacent to anybody.
//!
//! Called by `price`, `respond` and `welfare`: the members of a class can all be changed at once without seeing each other
//! change. Invariants: no edge inside a class; two classes at most where the graph is bipartite; deterministic.

use super::csr::Graph;

/// Who may change together, class by class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colours {
    classes: Vec<Vec<u32>>,
    bipartite: bool,
}

/// Nobody has been here.
const NONE: u8 = u8::MAX;
/// No class was free: a class of one's own.
const SINGLE: u8 = NONE - 1;

impl Colours {
    /// Two classes for bipartite components; elsewhere the smallest free class in the order of a breadth-first search.
    ///
    /// `O(N + E)`. At most one more class than the largest degree, and in practice half a dozen. A component that needs more than
    /// 254 classes has the rest one person at a time.
    pub fn new(graph: &Graph) -> Self {
        let mut colour = vec![NONE; graph.people()];
        let (mut queue, mut bipartite) = (Vec::new(), true);
        for root in 0..graph.people() as u32 {
            if colour[root as usize] != NONE {
                continue;
            }
            queue.clear();
            queue.push(root);
            colour[root as usize] = 0;
            let mut even = true;
            let mut next = 0;
            while let Some(&person) = queue.get(next) {
                next += 1;
                for half in graph.of(person) {
                    let other = half.other as usize;
                    if colour[other] == NONE {
                        colour[other] = 1 - colour[person as usize];
                        queue.push(half.other);
                    } else if colour[other] == colour[person as usize] {
                        even = false;
                    }
                }
            }
            if !even {
                bipartite = false;
                greedy(graph, &queue, &mut colour);
            }
        }
        let most = colour.iter().filter(|&&class| class < SINGLE).max().map_or(0, |&class| usize::from(class) + 1);
        let mut classes = vec![Vec::new(); most];
        for (person, &class) in (0_u32..).zip(&colour) {
            if class == SINGLE {
                classes.push(vec![person]);
            } else {
                classes[usize::from(class)].push(person);
            }
        }
        Self { classes, bipartite }
    }

    /// The classes; together everybody, once.
    pub fn classes(&self) -> &[Vec<u32>] {
        &self.classes
    }

    /// Whether the graph has no odd circle.
    pub fn is_bipartite(&self) -> bool {
        self.bipartite
    }
}

/// Colours one component anew in the given order.
fn greedy(graph: &Graph, order: &[u32], colour: &mut [u8]) {
    for &person in order {
        colour[person as usize] = NONE;
    }
    for &person in order {
        let mut taken = [0_u64; 4];
        for half in graph.of(person) {
            let class = colour[half.other as usize];
            taken[usize::from(class >> 6)] |= 1 << (class & 63);
        }
        // The last two bits are no classes.
        taken[3] |= 3 << 62;
        let word = taken.iter().position(|word| *word != u64::MAX);
        colour[person as usize] = word.map_or(SINGLE, |word| (word * 64) as u8 + (!taken[word]).trailing_zeros() as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::super::csr::Edge;
    use super::*;

    fn graph(people: usize, pairs: impl IntoIterator<Item = (u32, u32)>) -> Graph {
        let edges = pairs.into_iter().map(|(a, b)| Edge { a, b, there: 0.5, back: 0.5 }).collect();
        Graph::new(people, edges).unwrap()
    }

    fn check(graph: &Graph, colours: &Colours) {
        let mut class = vec![None; graph.people()];
        for (index, members) in colours.classes().iter().enumerate() {
            for &person in members {
                assert!(class[person as usize].replace(index).is_none(), "{person} is in two classes");
            }
        }
        assert!(class.iter().all(Option::is_some));
        assert!(graph.edges().iter().all(|edge| class[edge.a as usize] != class[edge.b as usize]));
    }

    #[test]
    fn nobody_is_beside_their_own_class() {
        let square = graph(5, [(0, 1), (1, 2), (2, 3), (3, 0)]);
        let colours = Colours::new(&square);
        check(&square, &colours);
        assert!(colours.is_bipartite() && colours.classes().len() == 2);
        let mixed = graph(7, [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 6)]);
        let colours = Colours::new(&mixed);
        check(&mixed, &colours);
        assert!(!colours.is_bipartite() && colours.classes().len() == 3);
    }

    #[test]
    fn a_crowd_of_mutual_neighbours_is_served_too() {
        let crowd = graph(300, (0..300).flat_map(|a| (a + 1..300).map(move |b| (a, b))));
        check(&crowd, &Colours::new(&crowd));
    }
}
