//! Pairs for everybody at once: a maximum-weight matching of a general graph, at most `cap` partners a person.
//!
//! Called by `slots` and `solver` (the daily pick, which both people see). Steps: [`auction`] solves the relaxation in
//! which edges may be taken by halves, to optimality; [`circuit`] makes it whole. Halves only lie on closed trails, and only those
//! of odd length lose anything: on a bipartite graph there are none, and the result is exact. On others [`repair`] augments
//! what is left, [`small`] solves small components exactly, and elsewhere the relaxation's dual is an upper bound, so that
//! the gap is known. Source: Balinski, "Integer
//! programming: methods, uses, computation", 1965 (half-integrality). Invariant: `weight ≤ bound`.

mod auction;
mod blossom;
mod circuit;
mod repair;
mod small;

use super::csr::Graph;
use super::error::GraphError;

/// How pairs are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairingSettings {
    /// The most partners of one person, at least 1 and at most 16; 1.
    pub cap: usize,
    /// By how much the whole relaxation may miss its optimum, in expected matches; 1e-6.
    pub tolerance: f64,
}

impl Default for PairingSettings {
    fn default() -> Self {
        Self { cap: 1, tolerance: 1e-6 }
    }
}

/// A matching, its weight, and what no matching can exceed.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairing {
    /// The edges taken, ascending places in [`Graph::edges`].
    pub edges: Vec<u32>,
    /// The sum of their weights.
    pub weight: f64,
    /// An upper bound on the weight of every matching with this cap.
    pub bound: f64,
    /// What each person's attention is worth here: what all would lose, about, if the person were not there. The relaxation's
    /// dual.
    pub worth: Vec<f64>,
}

impl Pairing {
    /// The matching of these weights, one per edge, in [0, 1]; edges of weight 0 are never taken.
    ///
    /// Exact up to the tolerance where the graph is bipartite, and with a cap of 1 in components of at most 200 people. Practically `O(E log(1 / tolerance))`, seconds for a million edges.
    ///
    /// # Errors
    /// [`GraphError::InvalidSetting`] for the settings or a weight outside [0, 1], [`GraphError::WrongLength`] for the weights.
    pub fn new(graph: &Graph, weights: &[f32], settings: PairingSettings) -> Result<Self, GraphError> {
        if !(1..=16).contains(&settings.cap) {
            return Err(GraphError::InvalidSetting("cap"));
        }
        if !(settings.tolerance > 0.0 && settings.tolerance.is_finite()) {
            return Err(GraphError::InvalidSetting("tolerance"));
        }
        if weights.len() != graph.edges().len() {
            return Err(GraphError::WrongLength { what: "weights", expected: graph.edges().len(), got: weights.len() });
        }
        if !weights.iter().all(|weight| (0.0..=1.0).contains(weight)) {
            return Err(GraphError::InvalidSetting("weight"));
        }
        let relaxed = auction::Relaxed::new(graph, weights, settings);
        let mut taken = circuit::whole(graph, weights, &relaxed.half);
        repair::repair(graph, weights, settings.cap, &mut taken);
        let mut bound = relaxed.dual.iter().sum();
        if settings.cap == 1 {
            bound = small::solve(graph, weights, &relaxed.dual, settings.tolerance, &mut taken);
        }
        let edges: Vec<u32> = (0..weights.len() as u32).filter(|&edge| taken[edge as usize]).collect();
        let weight = edges.iter().map(|&edge| f64::from(weights[edge as usize])).sum();
        Ok(Self { edges, weight, bound: f64::max(bound, weight), worth: relaxed.dual })
    }

    /// By person the partners, best first.
    pub fn partners(&self, graph: &Graph, weights: &[f32]) -> Vec<Vec<u32>> {
        let mut partners = vec![Vec::new(); graph.people()];
        let mut order = self.edges.clone();
        order.sort_by(|x, y| weights[*y as usize].total_cmp(&weights[*x as usize]));
        for edge in order {
            let edge = graph.edges()[edge as usize];
            partners[edge.a as usize].push(edge.b);
            partners[edge.b as usize].push(edge.a);
        }
        partners
    }
}
