//! The market step that ships: from preferences to lists in one call.
//!
//! Called by hosts and the command line; calls `slots` and, where estimates are trusted, `response`. Invariant: the
//! default reads nothing deeper than its first places into estimates, which is what keeps it above the plain product.

use super::{AlignedSlots, Matrix, Pairs, Preferences, Reading, Response, Slates};

/// How a market is made into lists.
///
/// The default is for estimates with errors nobody has measured: nineteen greedy slots, the rest by worth. At 500 people
/// a side it stays above the plain product of both likes at every crowding, with errors of a deviation up to 0.3, as large
/// as tastes differ, however far people read. Exact slots and best response search among estimates of everybody, so they
/// find the overestimated pairs first: they gain 1 to 4 % when nothing is wrong; with errors of that size they lose 4 % at a crowding
/// of 0.5, 13 % at 0.75 and 26 % at 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// How places are given out.
    pub slots: AlignedSlots,
    /// Whether everybody answers everybody until nothing moves.
    pub response: Option<Response>,
    /// How lists are read; only the response asks.
    pub reading: Reading,
    /// How far a taste can be trusted, in [0, 1]: the slope of what people did on what was estimated, within the names of
    /// one column. Estimates keep this share of their difference from the mean opinion. 1: they are calibrated.
    pub reliability: f64,
}

impl Default for Plan {
    fn default() -> Self {
        let slots = AlignedSlots { exact: 0, greedy: 19, threads: 1 };
        Self { slots, response: None, reading: Reading::default(), reliability: 1.0 }
    }
}

impl Plan {
    /// For calibrated estimates: exact and more slots, and best response. 1 to 4 % more matches than the default when
    /// nothing is wrong.
    pub fn trusting() -> Self {
        Self { slots: AlignedSlots::default(), response: Some(Response::default()), ..Self::default() }
    }

    /// The same on up to so many threads.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.slots.threads = threads;
        if let Some(response) = &mut self.response {
            response.threads = threads;
        }
        self
    }

    /// The lists of a market.
    ///
    /// # Panics
    /// If the reliability is outside [0, 1].
    pub fn solve(&self, preferences: &Preferences) -> Slates {
        let pairs = if self.reliability < 1.0 {
            Pairs::of(&preferences.shrunk(self.reliability, self.reliability))
        } else {
            Pairs::of(preferences)
        };
        let slates = self.slots.fill(&pairs);
        self.response.map_or_else(|| slates.clone(), |response| response.answer(&pairs, &slates, self.reading))
    }
}

impl Preferences {
    /// Tastes drawn towards what everybody thinks of a name: each keeps the share `there` (left) or `back` (right) of its
    /// difference from the mean of the column.
    ///
    /// The remedy for estimates that differ more than people do; the share is the slope of a regression of decisions on
    /// estimates, as in any calibration.
    ///
    /// # Panics
    /// If a share is outside [0, 1].
    #[must_use]
    pub fn shrunk(&self, there: f64, back: f64) -> Self {
        let side = |matrix: &Matrix<f64>, share: f64| {
            assert!((0.0..=1.0).contains(&share), "a share, not {share}");
            let people = matrix.rows() as f64;
            let means: Vec<f64> = matrix.column_sums().iter().map(|sum| sum / people).collect();
            let mut shrunk = matrix.clone();
            for row in 0..shrunk.rows() {
                for (value, mean) in shrunk.row_mut(row).iter_mut().zip(&means) {
                    *value = (mean + share * (*value - mean)).clamp(0.0, 1.0);
                }
            }
            shrunk
        };
        Self::new(side(self.there(), there), side(self.back(), back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrinking_ends_at_the_mean_opinion() {
        let market = Preferences::new(
            Matrix::from_rows(2, 2, vec![0.2, 1.0, 0.6, 0.5]),
            Matrix::from_rows(2, 2, vec![0.1, 0.3, 0.9, 0.3]),
        );
        assert_eq!(market.shrunk(1.0, 1.0).there(), market.there());
        let half = market.shrunk(0.5, 0.0);
        assert!((half.there().at(0, 0) - 0.3).abs() < 1e-15 && (half.there().at(1, 0) - 0.5).abs() < 1e-15);
        assert_eq!((half.back().row(0), half.back().row(1)), (&[0.5, 0.3][..], &[0.5, 0.3][..]));
    }

    #[test]
    fn a_trusting_plan_is_slots_and_response() {
        let market = Preferences::new(
            Matrix::from_fn(9, 7, |i, j| ((i * 5 + j * 3) % 11) as f64 / 11.0),
            Matrix::from_fn(7, 9, |j, i| ((i * 2 + j * 7) % 13) as f64 / 13.0),
        );
        let pairs = Pairs::of(&market);
        let slots = AlignedSlots::default().fill(&pairs);
        let by_hand = Response::default().answer(&pairs, &slots, Reading::default());
        assert_eq!(Plan::trusting().threads(2).solve(&market), by_hand);
        assert_eq!(Plan::default().solve(&market), Plan::default().slots.fill(&pairs));
    }
}
