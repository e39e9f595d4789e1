//! Two one-way estimates made one number, and how a sum of terms becomes an estimate.
//!
//! Read by `config`, by the score and by its bounds in `retrieval`. Invariant: a fusion is symmetric and monotone in both sides.

use super::logistic::sigmoid;

/// How two one-way estimates become one score in [0, 1], symmetric and monotone in both.
///
/// Written so that every step keeps the order of its arguments: rounding makes ties, but swaps nobody whose logits differ
/// by more than rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Fusion {
    /// `p q`: the chance that both like each other, and the ranking of the geometric mean.
    #[default]
    Product,
    /// `2 / (1/p + 1/q)`. Source: Pizzato et al., "RECON", 2010.
    Harmonic,
    /// The smaller of the two.
    Min,
    /// `(p + q) / 2`.
    Arithmetic,
    /// `p q / (p q + (1 − p)(1 − q))`, the cross-ratio uninorm: the logits add up.
    Uninorm,
}

impl Fusion {
    /// Fuses two logits; neither may be NaN.
    pub fn fuse(self, there: f64, back: f64) -> f64 {
        match self {
            Self::Uninorm => sigmoid(there + back),
            Self::Product | Self::Harmonic | Self::Min | Self::Arithmetic => {
                self.fuse_chances(sigmoid(there), sigmoid(back))
            }
        }
    }

    /// Fuses two chances, each in [0, 1]. The uninorm of a certain and an impossible one is 0.
    pub fn fuse_chances(self, p: f64, q: f64) -> f64 {
        match self {
            Self::Product => p * q,
            Self::Harmonic => 2.0 / (1.0 / p + 1.0 / q),
            Self::Min => p.min(q),
            Self::Arithmetic => f64::midpoint(p, q),
            Self::Uninorm => {
                let (both, neither) = (p * q, (1.0 - p) * (1.0 - q));
                if both > 0.0 { both / (both + neither) } else { 0.0 }
            }
        }
    }
}

/// How the sum of one direction's terms becomes a chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Link {
    /// The terms are logits: `1 / (1 + e^-x)`.
    #[default]
    Logistic,
    /// The sum itself, cut to [0, 1]. With [`super::Weights::content_only`] and unit vectors: the clipped cosine, for comparison
    /// with vector search. The base of the logits is left out.
    Clipped,
}

impl Link {
    /// The chance behind a sum of terms.
    pub fn chance(self, sum: f64) -> f64 {
        match self {
            Self::Logistic => sigmoid(sum),
            Self::Clipped => sum.clamp(0.0, 1.0),
        }
    }

    /// The fused score of both sums.
    pub(super) fn fuse(self, fusion: Fusion, there: f64, back: f64) -> f64 {
        match self {
            Self::Logistic => fusion.fuse(there, back),
            Self::Clipped => fusion.fuse_chances(self.chance(there), self.chance(back)),
        }
    }
}
