//! Aligned slots: both people of a pair see each other at the same rank.
//!
//! Called by `solver`. Looking is what costs, so a pair is worth most where both look first; the best pairs therefore get
//! the earliest rank free at both ends, which is a greedy colouring of the edges by weight. The first slots may instead be
//! maximum-weight matchings, one after the other. Invariant: nobody has two pairs in one slot.

use super::csr::Graph;
use super::error::GraphError;
use super::lists::Lists;
use super::pairing::{Pairing, PairingSettings};

/// A slot per edge: 0 is none, `t` is rank `t` at both ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Slots {
    slot: Vec<u8>,
    first: Option<Pairing>,
}

impl Slots {
    /// The most slots: they are bits of a word.
    pub const MAX: usize = 64;

    /// Gives out `slots` slots, the first `exact` of them by maximum-weight matching of what is left, the others greedily by
    /// descending weight; edges of weight 0 get none.
    ///
    /// `O(E log E)` besides the matchings.
    ///
    /// # Errors
    /// [`GraphError::InvalidSetting`] for more than [`Self::MAX`] slots, [`GraphError::WrongLength`] for the weights.
    pub fn new(
        graph: &Graph,
        weights: &[f32],
        slots: usize,
        exact: usize,
        settings: PairingSettings,
    ) -> Result<Self, GraphError> {
        if slots > Self::MAX || exact > slots {
            return Err(GraphError::InvalidSetting("slots"));
        }
        if weights.len() != graph.edges().len() {
            return Err(GraphError::WrongLength { what: "weights", expected: graph.edges().len(), got: weights.len() });
        }
        let mut slot = vec![0_u8; weights.len()];
        let mut free = vec![if slots == 64 { u64::MAX } else { (1 << slots) - 1 }; graph.people()];
        let mut left = weights.to_vec();
        let mut first = None;
        for round in 0..exact {
            let pairing = Pairing::new(graph, &left, settings)?;
            for &edge in &pairing.edges {
                slot[edge as usize] = round as u8 + 1;
                left[edge as usize] = 0.0;
            }
            first.get_or_insert(pairing);
            for free in &mut free {
                *free &= !(1 << round);
            }
        }
        // Weights are not negative: their bits are in their order. Ties go to the smaller index.
        let mut order: Vec<u64> = (0_u32..)
            .zip(&left)
            .filter(|(_, weight)| **weight > 0.0)
            .map(|(edge, weight)| (u64::from(!weight.to_bits()) << 32) | u64::from(edge))
            .collect();
        order.sort_unstable();
        for key in order {
            let index = key as u32 as usize;
            let edge = graph.edges()[index];
            let both = free[edge.a as usize] & free[edge.b as usize];
            if both != 0 {
                let lowest = both & both.wrapping_neg();
                free[edge.a as usize] ^= lowest;
                free[edge.b as usize] ^= lowest;
                slot[index] = lowest.trailing_zeros() as u8 + 1;
            }
        }
        Ok(Self { slot, first })
    }

    /// The matching in the first slot, where it is exact: everybody's pick when there is one a day.
    pub fn first(&self) -> Option<&Pairing> {
        self.first.as_ref()
    }

    /// The slot of each edge, in their order; 0 is none.
    pub fn by_edge(&self) -> &[u8] {
        &self.slot
    }

    /// Lists of `length` names in the order of slots, then of weight where there is no slot; unused ranks close up.
    pub fn lists(&self, graph: &Graph, weights: &[f32], length: usize) -> Lists {
        Lists::by_key(graph, length, |_, half| {
            let slot = self.slot[half.edge as usize];
            let later = if slot == 0 { Self::MAX as u8 + 1 } else { slot };
            (std::cmp::Reverse(later), weights[half.edge as usize])
        })
    }
}
