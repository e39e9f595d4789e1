//! How far down a list people read.
//!
//! Used by every method of the market and by the metrics. Invariant: weights are not negative and never grow with the
//! rank.

use std::str::FromStr;

/// The chance that a name is looked at, by its rank in the list.
///
/// Sources: Su, Bayoumi, Joachims, WWW 2022 (`Inverse`, `Exponential`, `Ln`); Järvelin and Kekäläinen, 2002 (`Log2`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Examination {
    /// `1 / k`.
    #[default]
    Inverse,
    /// `e^(1 − k)`: hardly anybody reads on.
    Exponential,
    /// `1 / log2(k + 1)`, as in discounted cumulative gain.
    Log2,
    /// `1 / ln(k + 1)`: 1.44 for the first, so a weight rather than a chance.
    Ln,
    /// 1 for the first ten, 0 below.
    TopTen,
}

impl Examination {
    /// The weight of rank `rank`, counted from 1.
    ///
    /// # Panics
    /// If `rank` is 0.
    pub fn weight(self, rank: usize) -> f64 {
        assert!(rank > 0, "ranks begin at 1");
        let k = rank as f64;
        match self {
            Self::Inverse => 1.0 / k,
            Self::Exponential => (1.0 - k).exp(),
            Self::Log2 => 1.0 / (k + 1.0).log2(),
            Self::Ln => 1.0 / (k + 1.0).ln(),
            Self::TopTen => f64::from(u8::from(rank <= 10)),
        }
    }

    /// The weights of ranks 1 to `len`.
    pub fn weights(self, len: usize) -> Vec<f64> {
        (1..=len).map(|rank| self.weight(rank)).collect()
    }
}

/// How lists are read: with which attention, and where they end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reading {
    /// The attention by rank.
    pub examination: Examination,
    /// How many names a list shows; what follows is never seen.
    pub length: usize,
}

impl Default for Reading {
    fn default() -> Self {
        Self::of(Examination::default())
    }
}

impl Reading {
    /// Lists of everybody.
    pub fn of(examination: Examination) -> Self {
        Self { examination, length: usize::MAX }
    }

    /// Lists of the first `length`, read by the default examination.
    pub fn first(length: usize) -> Self {
        Self { examination: Examination::default(), length }
    }

    /// The weights of ranks 1 to `len`, zero beyond the end of a list.
    pub fn weights(self, len: usize) -> Vec<f64> {
        let weight = |rank| if rank <= self.length { self.examination.weight(rank) } else { 0.0 };
        (1..=len).map(weight).collect()
    }
}

/// The name is none of `inv`, `exp`, `log2`, `ln`, `top10`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no examination: inv, exp, log2, ln, top10")]
pub struct UnknownExamination(String);

impl FromStr for Examination {
    type Err = UnknownExamination;

    fn from_str(name: &str) -> Result<Self, UnknownExamination> {
        match name {
            "inv" => Ok(Self::Inverse),
            "exp" => Ok(Self::Exponential),
            "log2" => Ok(Self::Log2),
            "ln" => Ok(Self::Ln),
            "top10" => Ok(Self::TopTen),
            _ => Err(UnknownExamination(name.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_the_papers_and_never_grow() {
        assert_eq!(Examination::Inverse.weights(4), [1.0, 0.5, 1.0 / 3.0, 0.25]);
        assert_eq!(Examination::TopTen.weights(11)[8..], [1.0, 1.0, 0.0]);
        assert_eq!(Reading::first(2).weights(4), [1.0, 0.5, 0.0, 0.0]);
        for (name, second) in [("inv", 0.5), ("exp", 0.367_879_441), ("log2", 0.630_929_754), ("ln", 0.910_239_227)] {
            let examination: Examination = name.parse().unwrap();
            assert!((examination.weight(2) - second).abs() < 1e-9, "{name}");
            assert!(examination.weights(50).is_sorted_by(|a, b| a >= b), "{name}");
        }
        assert_eq!("top10".parse(), Ok(Examination::TopTen));
        assert_eq!("top".parse::<Examination>(), Err(UnknownExamination("top".to_owned())));
    }
}
