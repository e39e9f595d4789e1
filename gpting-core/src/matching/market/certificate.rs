//! Lists with a proof of how far they can be from the best.
//!
//! Works on [`Pairs`], after any other method; calls `response` for the last polish. The same prices of places bound what
//! any lists could reach and show which pairs belong to which places, so what comes out is better lists as well.
//! Invariant: no lists, drawn at random or not, have more expected matches than the bound.

use super::draw::Draws;
use super::place_price::PlacePrices;
use super::{Pairs, Reading, Response, Slates};

/// The first step of a price, as a share of it, and how many times smaller the last one is.
const STEP: f64 = 0.1;
const DECAY: f64 = 10.0;

/// The worth of a pair is kept in single precision, and sums round.
const ROUNDING: f64 = 1e-7;

/// A price for every place of every list.
///
/// Let `a_ik ≥ 0` be the price of place `k` in the list of left `i`, `b_jl` of place `l` in that of right `j`, and
/// `g_ij = max(0, max_kl P_ij v_k w_l − a_ik − b_jl)`, where `v` and `w` are how much places are looked at. Then no lists
/// have more expected matches than
///
/// ```text
/// D = Σ_ik a_ik + Σ_jl b_jl + Σ_ij g_ij.
/// ```
///
/// *Proof.* Expected matches are linear in the exposures of one side while the other's are fixed, and the exposures of
/// lists drawn at random are averages over lists; so the most is reached by lists. In those, a pair at places `k` and `l`
/// is worth `P_ij v_k w_l ≤ a_ik + b_jl + g_ij`, and a pair that is not on both lists is worth `0 ≤ g_ij`. Every place is
/// taken at most once and prices are not negative, so the sum over all pairs is at most `D`. ∎
///
/// `D` is the dual of the linear relaxation of choosing places for pairs, and its least value is the relaxation's. Prices
/// are kept at a few knots, linear in the weight between them: then `P v w − a(v) − b(w)` is linear in `v` and in `w` on
/// every rectangle between knots and has its maximum at a corner, so comparing knots compares all places.
///
/// The descent multiplies each step `a_ik − a_ik+1` of a price by the exponential of how many more pairs than places are
/// drawn to the places above; averages of where pairs are drawn converge to the relaxation's optimum, and ranking by them
/// rounds it. Weak duality as in any text on linear programming; averaging: Nedić and Ozdaglar, SIAM J. Optim. 19, 2009.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certificate {
    /// Rounds of the descent, each `O(n m)`. 100.
    pub rounds: usize,
    /// Threads to use; the result does not depend on them.
    pub threads: usize,
}

impl Default for Certificate {
    fn default() -> Self {
        Self { rounds: 100, threads: 1 }
    }
}

/// Lists and how good any could be.
#[derive(Debug, Clone, PartialEq)]
pub struct Certified {
    /// The best lists found.
    pub slates: Slates,
    /// Their expected matches, to single precision.
    pub matches: f64,
    /// More expected matches than this are impossible.
    pub upper_bound: f64,
}

impl Certificate {
    /// Improves `slates` and bounds what any could reach. The result is never worse than `slates`.
    ///
    /// # Panics
    /// If the slates are of another market.
    pub fn certify(self, pairs: &Pairs, slates: &Slates, reading: Reading) -> Certified {
        let mut left = PlacePrices::of(pairs.left(), &slates.left, reading);
        let mut right = PlacePrices::of(pairs.right(), &slates.right, reading);
        let mut draws = Draws::of(pairs, self.threads);
        for round in 0..self.rounds {
            draws.draw(&mut left, &mut right, 2 * round > self.rounds, self.threads);
            let step = STEP / (1.0 + DECAY * round as f64 / self.rounds as f64);
            left.step(step);
            right.step(step);
        }
        let bound = left.cost() + right.cost() + draws.gains(&left, &right, self.threads);
        let (own, other) = draws.remembered();
        let rounded = Slates::ranked(&own, &other, self.threads);
        let polish = Response { threads: self.threads, ..Response::default() };
        let rounded = polish.answer(pairs, &rounded, reading);
        let (before, after) = (pairs.matches(slates, reading), pairs.matches(&rounded, reading));
        let (slates, matches) = if after > before { (rounded, after) } else { (slates.clone(), before) };
        Certified { slates, matches, upper_bound: bound * (1.0 + ROUNDING) }
    }
}
