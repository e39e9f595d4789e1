//! Why a pair has its score: every term of both directions, by name.
//!
//! Made by [`super::View::explain`] through the same function that scores a page. The engine returns codes and numbers;
//! sentences in a language are somebody else's. Invariant: the parts of a direction add up, in their order, to its logit.

/// What a term of a logit stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// How often anybody likes anybody.
    Base,
    /// How often the one who looks likes people, against the average.
    Pickiness,
    /// How often the one looked at is liked, against the average, and what the host knew of it.
    Appeal,
    /// What a look at the one looked at costs, in a view with [prices](super::View::priced).
    Price,
    /// An interest both have; a rare one says more.
    SharedInterest(u16),
    /// A preference that the other person meets.
    AttributePreferred {
        /// The attribute of the rule.
        attribute: u16,
        /// The other person's value.
        value: u16,
    },
    /// An aversion that the other person meets.
    AttributeAvoided {
        /// The attribute of the rule.
        attribute: u16,
        /// The other person's value.
        value: u16,
    },
    /// What both answered to the same questions, by what the one who looks accepts, against the average.
    Questions {
        /// How many of the questions both answered matter to the one who looks.
        asked: u16,
        /// How many of those the other answered acceptably.
        fits: u16,
    },
    /// Living near each other.
    Near {
        /// Distance between the cell centres in whole kilometres; what people see of it is a band.
        km: u16,
    },
    /// Being of about the same age.
    AgeFit {
        /// Difference of the completed years.
        years: u8,
    },
    /// What the one seeks in content vectors, and the other is.
    Content,
    /// A registered signal, by its name.
    Signal(&'static str),
}

/// One term of a logit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// What the term stands for, with its arguments.
    pub code: Reason,
    /// What it adds; never zero.
    pub logit: f64,
}

/// The whole calculation of one pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The terms of "viewer likes candidate".
    pub there: Vec<Part>,
    /// The terms of "candidate likes viewer".
    pub back: Vec<Part>,
    /// The fused score, as a page shows it.
    pub score: f64,
}

impl Explanation {
    /// The logit of "viewer likes candidate".
    pub fn there_logit(&self) -> f64 {
        sum(&self.there)
    }

    /// The logit of "candidate likes viewer".
    pub fn back_logit(&self) -> f64 {
        sum(&self.back)
    }
}

/// From zero and in order, as a page sums them.
pub(super) fn sum(parts: &[Part]) -> f64 {
    parts.iter().fold(0.0, |sum, part| sum + part.logit)
}
