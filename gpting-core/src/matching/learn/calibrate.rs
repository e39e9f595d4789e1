//! From scores to chances that come true: Platt's two numbers, or any rising curve.
//!
//! Called by `learner` (Platt, folded into the weights) and by hosts for numbers that people see. Both are monotone, so a
//! calibration never changes an order. Fit them on decisions that the scores were *not* fitted on.

use super::rows::Rows;
use super::{LearnError, Posterior, fit};
use crate::matching::logistic::sigmoid;

/// Scores are logits or of that size; their slope and shift are as good as free.
const FREE: f64 = 1e4;

/// `P(like) = sigmoid(slope · score + shift)`, with a slope that is never negative.
///
/// ```
/// use gpting_core::matching::learn::Platt;
///
/// // Scores that are twice too bold: ±2 where ±1 would be right.
/// let log: Vec<(f64, bool)> = (0..1000).map(|n| if n % 2 == 0 { (2.0, n % 100 < 73) } else { (-2.0, n % 100 >= 73) }).collect();
/// let platt = Platt::fit(&log)?;
/// assert!((platt.probability(2.0) - 0.73).abs() < 0.01);
/// assert!((platt.slope() - 0.5).abs() < 0.02);
/// # Ok::<(), gpting_core::matching::learn::LearnError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Platt {
    slope: f64,
    shift: f64,
}

impl Platt {
    /// The calibration of (score, liked) pairs.
    ///
    /// Targets are smoothed as if each kind of answer had been seen once more: `(n₊ + 1)/(n₊ + 2)` for likes and
    /// `1/(n₋ + 2)` for passes, so that few or separable pairs give no certainty. When better scores go with fewer likes, the
    /// best rising curve is flat: the slope is 0. `O(n)`.
    /// Source: Platt, "Probabilistic outputs for support vector machines", 1999.
    ///
    /// # Errors
    /// [`LearnError::Empty`], [`LearnError::InvalidNumber`] for a score beyond [`Posterior::MAX_FEATURE`],
    /// [`LearnError::IllConditioned`].
    pub fn fit(log: &[(f64, bool)]) -> Result<Self, LearnError> {
        if log.is_empty() {
            return Err(LearnError::Empty);
        }
        let likes = log.iter().filter(|(_, liked)| *liked).count() as f64;
        let passes = log.len() as f64 - likes;
        let target = |liked: bool| if liked { (likes + 1.0) / (likes + 2.0) } else { 1.0 / (passes + 2.0) };
        let mut rows = Rows::new(2);
        for &(score, liked) in log {
            rows.push_share(&[score, 1.0], 0.0, target(liked))?;
        }
        let prior = Posterior::from_parts(vec![1.0, 0.0], vec![FREE; 2])?;
        let free = fit(&rows, &prior, 1)?;
        if free.posterior.mean()[0] >= 0.0 {
            return Ok(Self { slope: free.posterior.mean()[0], shift: free.posterior.mean()[1] });
        }
        let flat = Posterior::from_parts(vec![0.0, 0.0], vec![Posterior::MIN_VARIANCE, FREE])?;
        Ok(Self { slope: 0.0, shift: fit(&rows, &flat, 1)?.posterior.mean()[1] })
    }

    /// The factor of the score, at least 0; 1 when scores are logits and as bold as they should be.
    pub fn slope(self) -> f64 {
        self.slope
    }

    /// What is added to the scaled score; 0 when likes are as many as was said.
    pub fn shift(self) -> f64 {
        self.shift
    }

    /// The calibrated logit.
    pub fn logit(self, score: f64) -> f64 {
        self.slope * score + self.shift
    }

    /// The calibrated chance, in (0, 1].
    pub fn probability(self, score: f64) -> f64 {
        sigmoid(self.logit(score))
    }
}

/// The rising curve closest to what happened: shares of likes, pooled where they would fall.
///
/// Follows any monotone shape, and needs some thousand decisions to do better than [`Platt`].
///
/// ```
/// use gpting_core::matching::learn::Isotonic;
///
/// let curve = Isotonic::fit(&[(0.1, false), (0.3, true), (0.4, false), (0.9, true)])?;
/// assert_eq!(curve.probability(0.35), 0.5); // 0.3 and 0.4 were the wrong way round: pooled
/// assert_eq!(curve.probability(0.0), 0.0);
/// assert_eq!(curve.probability(2.0), 1.0);
/// # Ok::<(), gpting_core::matching::learn::LearnError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Isotonic {
    blocks: Vec<Block>,
}

/// Neighbouring scores with one common share of likes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Block {
    first: f64,
    last: f64,
    likes: f64,
    count: f64,
}

impl Block {
    fn share(self) -> f64 {
        self.likes / self.count
    }
}

impl Isotonic {
    /// The least-squares rising curve of (score, liked) pairs, by pooling adjacent violators. `O(n log n)`.
    ///
    /// Equal scores are one point, in whatever order they come.
    /// Source: Ayer, Brunk, Ewing, Reid, Silverman 1955; for calibration Zadrozny and Elkan, KDD 2002.
    ///
    /// # Errors
    /// [`LearnError::Empty`], [`LearnError::InvalidNumber`] for a score that is not finite.
    pub fn fit(log: &[(f64, bool)]) -> Result<Self, LearnError> {
        if log.is_empty() {
            return Err(LearnError::Empty);
        }
        if !log.iter().all(|(score, _)| score.is_finite()) {
            return Err(LearnError::InvalidNumber("a score"));
        }
        let mut sorted = log.to_vec();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut blocks: Vec<Block> = Vec::new();
        for (score, liked) in sorted {
            let likes = f64::from(u8::from(liked));
            match blocks.last_mut() {
                // Equal is not below: -0 and 0 are one score.
                Some(last) if last.last >= score && last.first >= score => {
                    (last.likes, last.count) = (last.likes + likes, last.count + 1.0);
                }
                _ => blocks.push(Block { first: score, last: score, likes, count: 1.0 }),
            }
        }
        let mut pooled: Vec<Block> = Vec::new();
        for mut block in blocks {
            // Compared by cross products: whole numbers, so equal shares are found equal.
            while let Some(before) = pooled.last().copied().filter(|b| b.likes * block.count >= block.likes * b.count) {
                pooled.pop();
                block.first = before.first;
                block.likes += before.likes;
                block.count += before.count;
            }
            pooled.push(block);
        }
        Ok(Self { blocks: pooled })
    }

    /// The calibrated chance, in [0, 1]: the share of the score's block, on a straight line between two blocks, level
    /// outside. 0 and 1 are possible where nothing else was seen. `O(log n)`.
    pub fn probability(&self, score: f64) -> f64 {
        let above = self.blocks.partition_point(|block| block.last < score);
        let Some(&next) = self.blocks.get(above) else {
            return self.blocks.last().map_or(f64::NAN, |last| last.share());
        };
        if above == 0 || score >= next.first {
            return next.share();
        }
        let before = self.blocks[above - 1];
        let way = (score - before.last) / (next.first - before.last);
        before.share() + way.clamp(0.0, 1.0) * (next.share() - before.share())
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these shares are exact")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matching::learn::draw::Draws;

    #[test]
    fn platt_undoes_a_planted_distortion() {
        let mut draws = Draws::new(1, "platt");
        let log: Vec<(f64, bool)> = (0..40_000)
            .map(|_| {
                let truth = 1.5 * draws.normal() - 1.0;
                ((truth + 1.0) / 0.4, draws.unit() < sigmoid(truth)) // sigmoid(0.4 score - 1)
            })
            .collect();
        let platt = Platt::fit(&log).unwrap();
        assert!((platt.slope() - 0.4).abs() < 0.02 && (platt.shift() + 1.0).abs() < 0.05, "{platt:?}");
    }

    #[test]
    fn platt_smooths_its_targets() {
        // One score only: the curve passes through the mean of the smoothed targets.
        let log = [(0.0, true), (0.0, true), (0.0, false)];
        let mean = (2.0 * 3.0 / 4.0 + 1.0 / 3.0) / 3.0;
        assert!((Platt::fit(&log).unwrap().probability(0.0) - mean).abs() < 1e-4);
        // Nothing but likes is no certainty.
        let log = [(1.0, true); 8];
        assert!((Platt::fit(&log).unwrap().probability(1.0) - 0.9).abs() < 1e-3);
        let separable: Vec<(f64, bool)> = (0..20).map(|n| (f64::from(n) - 9.5, n >= 10)).collect();
        let platt = Platt::fit(&separable).unwrap();
        assert!(platt.probability(9.5) < 0.99 && platt.probability(9.5) > 0.8, "{platt:?}");
    }

    #[test]
    fn platt_never_turns_an_order_round() {
        let log: Vec<(f64, bool)> = (0..100).map(|n| (f64::from(n), n < 30)).collect();
        let platt = Platt::fit(&log).unwrap();
        assert_eq!(platt.slope(), 0.0);
        assert!((platt.probability(7.0) - 0.3).abs() < 0.02, "{platt:?}");
    }

    #[test]
    fn isotonic_by_hand() {
        let log = [(1.0, true), (2.0, false), (3.0, false), (4.0, true), (4.0, false), (5.0, true), (6.0, true)];
        let curve = Isotonic::fit(&log).unwrap();
        // 1, 2, 3 pool to 1/3; 4 stays at 1/2; 5 and 6 are 1.
        let third = 1.0 / 3.0;
        for (score, share) in [(0.0, third), (1.0, third), (2.9, third), (4.0, 0.5), (5.0, 1.0), (9.0, 1.0)] {
            assert_eq!(curve.probability(score), share, "{score}");
        }
        assert!((curve.probability(3.5) - f64::midpoint(third, 0.5)).abs() < 1e-15);
        assert!((curve.probability(4.25) - 0.625).abs() < 1e-15);
    }

    #[test]
    fn isotonic_follows_a_planted_curve() {
        let mut draws = Draws::new(2, "isotonic");
        let truth = |score: f64| if score < 0.3 { 0.1 } else { 0.1 + 0.8 * (score - 0.3) * (score - 0.3) / 0.49 };
        let log: Vec<(f64, bool)> = (0..50_000)
            .map(|_| {
                let score = draws.unit();
                (score, draws.unit() < truth(score))
            })
            .collect();
        let curve = Isotonic::fit(&log).unwrap();
        let error: f64 = (1..100).map(|n| f64::from(n) / 100.0).map(|s| (curve.probability(s) - truth(s)).abs()).sum();
        assert!(error / 99.0 < 0.02, "{}", error / 99.0);
    }

    #[test]
    fn nothing_to_learn_from_is_an_error() {
        assert_eq!(Platt::fit(&[]), Err(LearnError::Empty));
        assert_eq!(Isotonic::fit(&[]), Err(LearnError::Empty));
        Platt::fit(&[(f64::NAN, true)]).unwrap_err();
        Isotonic::fit(&[(f64::INFINITY, true)]).unwrap_err();
    }

    proptest! {
        #[test]
        fn isotonic_is_the_best_of_all_rising_curves(
            log in prop::collection::vec((0_u8..12, any::<bool>()), 1..40),
            other in prop::collection::vec(0.0_f64..1.0, 12),
        ) {
            let log: Vec<(f64, bool)> = log.into_iter().map(|(score, liked)| (f64::from(score), liked)).collect();
            let curve = Isotonic::fit(&log).unwrap();
            let mut rival = other;
            rival.sort_by(f64::total_cmp);
            let error = |p: &dyn Fn(f64) -> f64| -> f64 {
                log.iter().map(|&(score, liked)| (p(score) - f64::from(u8::from(liked))).powi(2)).sum()
            };
            prop_assert!(error(&|s| curve.probability(s)) <= error(&|s| rival[s as usize]) + 1e-12);
            let mut reversed = log.clone();
            reversed.reverse();
            prop_assert_eq!(&Isotonic::fit(&reversed).unwrap(), &curve);
            let mut last = 0.0;
            for n in -10..130 {
                let p = curve.probability(f64::from(n) / 10.0);
                prop_assert!(p >= last && p <= 1.0);
                last = p;
            }
        }

        #[test]
        fn platt_is_monotone(log in prop::collection::vec((-8.0_f64..8.0, any::<bool>()), 1..40)) {
            let platt = Platt::fit(&log).unwrap();
            prop_assert!(platt.slope() >= 0.0 && platt.shift().is_finite());
        }
    }
}
