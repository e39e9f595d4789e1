//! How likely a rank of a list is looked at.
//!
//! Called by everything that turns ranks into expected matches. Invariant: between 0 and 1 and never rising with the rank.

use super::super::super::logistic::{exp, ln};
use super::error::GraphError;

/// The chance that the name at rank 1, 2, 3, … is looked at.
///
/// Sources: Tomita & Yokoyama, `RecSys` 2024 (bilateral lists); Su, Bayoumi & Joachims, WWW 2022 (the other forms).
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Examination {
    /// `1 / k`.
    #[default]
    Inverse,
    /// `e^-(k - 1)`.
    Exponential,
    /// `1 / log2(k + 1)`.
    Log2,
    /// `1 / ln(k + 1)`, cut to 1.
    Ln,
    /// The first so many ranks are all looked at, nothing below.
    First(u8),
    /// The host's own, from rank 1; what is missing is 0.
    Measured(Vec<f32>),
}

impl Examination {
    /// The chance by rank for lists of `length` names: `[0]` is 0 for "not in the list", `[k]` is rank `k`.
    ///
    /// # Errors
    /// [`GraphError::InvalidSetting`] when measured chances leave [0, 1] or rise.
    pub fn table(&self, length: usize) -> Result<Vec<f64>, GraphError> {
        if let Self::Measured(chances) = self
            && (!chances.iter().all(|chance| (0.0..=1.0).contains(chance)) || !chances.is_sorted_by(|a, b| a >= b))
        {
            return Err(GraphError::InvalidSetting("examination"));
        }
        let rank = |k: usize| match self {
            Self::Inverse => 1.0 / k as f64,
            Self::Exponential => exp(-(k as f64 - 1.0)),
            Self::Log2 => std::f64::consts::LN_2 / ln(k as f64 + 1.0),
            Self::Ln => (1.0 / ln(k as f64 + 1.0)).min(1.0),
            Self::First(most) => f64::from(u8::from(k <= usize::from(*most))),
            Self::Measured(chances) => chances.get(k - 1).copied().map_or(0.0, f64::from),
        };
        Ok(std::iter::once(0.0).chain((1..=length).map(rank)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_start_at_one_and_fall() {
        let forms = [
            Examination::Inverse,
            Examination::Exponential,
            Examination::Log2,
            Examination::Ln,
            Examination::First(3),
            Examination::Measured(vec![1.0, 0.4]),
        ];
        for form in forms {
            let table = form.table(5).unwrap();
            assert_eq!((table.len(), table[0]), (6, 0.0), "{form:?}");
            assert!((table[1] - 1.0).abs() < 1e-12 && table[1..].is_sorted_by(|a, b| a >= b), "{form:?}");
        }
        assert!((Examination::Log2.table(3).unwrap()[3] - 0.5).abs() < 1e-15);
        assert_eq!(Examination::First(3).table(4).unwrap(), [0.0, 1.0, 1.0, 1.0, 0.0]);
        assert!(Examination::Measured(vec![0.5, 0.6]).table(2).is_err());
    }
}
