//! Everybody's list: which rank each person gives to each of their candidates.
//!
//! Called by `slots`, `respond`, `welfare` and `report`. One byte per half edge. Invariant: the ranks of a person are 1, 2, 3, …
//! without holes, up to the length of the lists; 0 is "not shown".

use super::csr::{Graph, Half};

/// The ranks of a graph's halves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lists {
    length: usize,
    ranks: Vec<u8>,
}

impl Lists {
    /// The longest possible list.
    pub const MAX_LENGTH: usize = u8::MAX as usize;

    /// Nobody is shown to anybody. Lists have at most `length` names, cut to [`Self::MAX_LENGTH`].
    pub fn empty(graph: &Graph, length: usize) -> Self {
        Self { length: length.min(Self::MAX_LENGTH), ranks: vec![0; graph.halves().len()] }
    }

    /// Every person's candidates by descending `key(person, half)`, ties to the smaller index. `O(E log degree)`.
    pub fn by_key<K: PartialOrd>(graph: &Graph, length: usize, key: impl Fn(u32, Half) -> K) -> Self {
        let mut lists = Self::empty(graph, length);
        let mut order = Vec::new();
        for person in 0..graph.people() as u32 {
            order.clear();
            order.extend(graph.range(person).map(|place| (key(person, graph.halves()[place]), place)));
            order.sort_by(|x, y| y.0.partial_cmp(&x.0).unwrap_or(std::cmp::Ordering::Equal));
            for (rank, &(_, place)) in (1_u8..).zip(order.iter().take(lists.length)) {
                lists.ranks[place] = rank;
            }
        }
        lists
    }

    /// Every person's candidates by the chance of a mutual like: what a market is compared with.
    pub fn by_product(graph: &Graph, length: usize) -> Self {
        Self::by_key(graph, length, |_, half| graph.edges()[half.edge as usize].both())
    }

    /// How many names a list has at most.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The rank at a place of [`Graph::halves`]; 0 is "not shown".
    #[inline]
    pub fn rank(&self, place: usize) -> u8 {
        self.ranks[place]
    }

    /// All ranks, in the order of [`Graph::halves`].
    pub fn ranks(&self) -> &[u8] {
        &self.ranks
    }

    /// Replaces the ranks of one person.
    #[inline]
    pub(super) fn set(&mut self, graph: &Graph, person: u32, ranks: &[u8]) {
        self.ranks[graph.range(person)].copy_from_slice(ranks);
    }

    /// Whom a person is shown, best first.
    pub fn of(&self, graph: &Graph, person: u32) -> Vec<u32> {
        let mut shown: Vec<(u8, u32)> = graph
            .range(person)
            .filter(|&place| self.ranks[place] > 0)
            .map(|place| (self.ranks[place], graph.halves()[place].other))
            .collect();
        shown.sort_unstable();
        shown.into_iter().map(|(_, other)| other).collect()
    }

    /// Expected mutual likes of every person when rank `k` is looked at with chance `table[k]`: `Σ P · v(rank) · v(rank back)`.
    ///
    /// # Panics
    /// If the table is shorter than the lists.
    pub fn matches(&self, graph: &Graph, both: &[f32], table: &[f64]) -> Vec<f64> {
        (0..graph.people() as u32)
            .map(|person| {
                let value = |place: usize| {
                    let half = graph.halves()[place];
                    let looks =
                        table[usize::from(self.ranks[place])] * table[usize::from(self.ranks[half.twin as usize])];
                    f64::from(both[half.edge as usize]) * looks
                };
                graph.range(person).map(value).sum()
            })
            .collect()
    }

    /// Expected mutual likes of everybody together, each counted once.
    ///
    /// # Panics
    /// If the table is shorter than the lists.
    pub fn total(&self, graph: &Graph, both: &[f32], table: &[f64]) -> f64 {
        // From a zero: the sum of nothing would be a negative one.
        self.matches(graph, both, table).iter().fold(0.0, |sum, matches| sum + matches) / 2.0
    }
}
