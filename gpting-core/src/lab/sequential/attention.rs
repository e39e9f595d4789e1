//! How much a right looks at each applicant, given how likely everybody before them is to apply.
//!
//! Called by `judge` and by the methods. Applicants are independent, so the number of better ones is a sum of independent
//! coins; [`Attention::expected`] follows its whole distribution, [`Attention::at_mean`] puts its mean into the examination,
//! which is less work and less than the truth (Jensen: the examination is convex).
//! Source of the bound: Su, Bayoumi, Joachims, WWW 2022; of the distribution: Poisson's binomial, 1837.

use super::market::SequentialMarket;
use crate::matching::market::{Examination, Matrix, parallel};

/// Chances below this play no part in a distribution.
const NEGLIGIBLE: f64 = 1e-18;

/// Per right, in its order of lefts: how much the left is looked at should it apply.
#[derive(Debug, Clone)]
pub(super) struct Attention {
    /// The weight of the rank.
    pub(super) weight: Matrix<f64>,
    /// By how much one more applicant before them changes it, not above 0.
    pub(super) change: Matrix<f64>,
}

impl Attention {
    /// The examination of the mean rank `1 + sum of chances before`, and its derivative. `O(left × right)`.
    pub(super) fn at_mean(market: &SequentialMarket, applies: &Matrix<f64>, threads: usize) -> Self {
        Self::each(market, applies, threads, |_, chances, weights, changes| {
            let mut rank = 1.0;
            for ((chance, weight), change) in chances.iter().zip(weights).zip(changes) {
                (*weight, *change) = at(market.examination, rank);
                rank += chance;
            }
        })
    }

    /// The mean of the examination of the rank, and the mean change by one more applicant. `O(left × right × w)` where `w`
    /// is how many numbers of better applicants are possible at all: some thirty when lists are read like `1 / k`.
    ///
    /// A weight above 1 counts in full only as far as `q v` stays a chance.
    pub(super) fn expected(market: &SequentialMarket, applies: &Matrix<f64>, threads: usize) -> Self {
        let ranks: Vec<f64> = market.examination.weights(market.lefts() + 1);
        Self::each(market, applies, threads, |answers, chances, weights, changes| {
            // `better[n]` is the chance of `first + n` better applicants.
            let (mut better, mut first) = (vec![1.0], 0);
            for (((chance, answer), weight), change) in chances.iter().zip(answers).zip(weights).zip(changes) {
                let most = 1.0 / answer.max(f64::MIN_POSITIVE);
                let mean =
                    |skip: usize| better.iter().zip(&ranks[first + skip..]).map(|(p, v)| p * v.min(most)).sum::<f64>();
                *weight = mean(0);
                *change = (mean(1) - *weight).min(0.0);
                toss(&mut better, chance.min(1.0));
                while better.len() > 1 && better[0] < NEGLIGIBLE {
                    better.remove(0);
                    first += 1;
                }
            }
        })
    }

    fn each(
        market: &SequentialMarket,
        applies: &Matrix<f64>,
        threads: usize,
        work: impl Fn(&[f64], &[f64], &mut [f64], &mut [f64]) + Sync,
    ) -> Self {
        // Weight and change of one right side by side, so that a thread writes to one block.
        let lefts = market.lefts();
        let mut both = Matrix::filled(market.rights(), 2 * lefts, 0.0);
        let rows = both.values_mut().chunks_mut((2 * lefts).max(1));
        parallel::each(
            rows,
            threads,
            || (),
            |(), right, both: &mut [f64]| {
                let (weights, changes) = both.split_at_mut(lefts);
                work(market.answers.row(right), applies.row(right), weights, changes);
            },
        );
        let half = |start: usize| {
            let values = (0..market.rights()).flat_map(|right| &both.row(right)[start..start + lefts]);
            Matrix::from_rows(market.rights(), lefts, values.copied().collect())
        };
        Self { weight: half(0), change: half(lefts) }
    }

    /// Expected matches: the sum of `applies × q × weight`.
    pub(super) fn matches(&self, market: &SequentialMarket, applies: &Matrix<f64>) -> f64 {
        let pairs = applies.values().iter().zip(market.answers.values()).zip(self.weight.values());
        pairs.map(|((applies, answers), weight)| applies * answers * weight).sum()
    }

    /// What an application at each right is worth to each left itself, left × right: `q weight`.
    pub(super) fn answer(&self, market: &SequentialMarket) -> Matrix<f64> {
        let mut answer = market.answers.clone();
        for (answer, weight) in answer.values_mut().iter_mut().zip(self.weight.values()) {
            *answer *= weight;
        }
        market.out_of_order(&answer)
    }

    /// What a look at each right is worth to each left itself, left × right: `p q weight`.
    pub(super) fn own_worth(&self, market: &SequentialMarket) -> Matrix<f64> {
        times_there(market, self.answer(market))
    }

    /// What a look is worth to everybody, left × right: `p (q weight + sum over those after of their loss)`. This is the
    /// derivative of [`Self::matches`] by the exposure. `O(left × right)` by summing from the end.
    pub(super) fn worth(&self, market: &SequentialMarket, applies: &Matrix<f64>) -> Matrix<f64> {
        let mut worth = Matrix::filled(market.rights(), market.lefts(), 0.0);
        for right in 0..market.rights() {
            let (answers, applies) = (market.answers.row(right), applies.row(right));
            let (weights, changes) = (self.weight.row(right), self.change.row(right));
            let mut after = 0.0;
            for (place, out) in worth.row_mut(right).iter_mut().enumerate().rev() {
                *out = answers[place] * weights[place] + after;
                after += applies[place] * answers[place] * changes[place];
            }
        }
        times_there(market, market.out_of_order(&worth))
    }
}

fn times_there(market: &SequentialMarket, mut matrix: Matrix<f64>) -> Matrix<f64> {
    for (value, there) in matrix.values_mut().iter_mut().zip(market.preferences.there().values()) {
        *value *= there;
    }
    matrix
}

/// One more coin in the distribution of a sum of coins.
fn toss(sum: &mut Vec<f64>, chance: f64) {
    let last = sum[sum.len() - 1] * chance;
    for n in (1..sum.len()).rev() {
        sum[n] = sum[n] * (1.0 - chance) + sum[n - 1] * chance;
    }
    sum[0] *= 1.0 - chance;
    if last > NEGLIGIBLE {
        sum.push(last);
    }
}

/// The weight of a rank that need not be whole, and its derivative.
fn at(examination: Examination, rank: f64) -> (f64, f64) {
    match examination {
        Examination::Inverse => (1.0 / rank, -1.0 / (rank * rank)),
        Examination::Exponential => {
            let weight = (1.0 - rank).exp();
            (weight, -weight)
        }
        Examination::Log2 => {
            let weight = 1.0 / (rank + 1.0).log2();
            (weight, -weight * weight / ((rank + 1.0) * std::f64::consts::LN_2))
        }
        Examination::Ln => {
            let weight = 1.0 / (rank + 1.0).ln();
            (weight, -weight * weight / (rank + 1.0))
        }
        // Straight between the tenth and the eleventh.
        Examination::TopTen => ((11.0 - rank).clamp(0.0, 1.0), if (10.0..11.0).contains(&rank) { -1.0 } else { 0.0 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Taste, sequential_market};
    use crate::matching::market::Reading;

    #[test]
    fn a_weight_between_ranks_meets_the_ranks_and_its_derivative() {
        use Examination::{Exponential, Inverse, Ln, Log2, TopTen};
        for examination in [Inverse, Exponential, Log2, Ln, TopTen] {
            for rank in 1..15_u32 {
                let exact = examination.weight(rank as usize);
                assert!((at(examination, f64::from(rank)).0 - exact).abs() < 1e-15, "{examination:?} {rank}");
            }
            for rank in [1.3, 4.7, 10.2, 60.0] {
                let slope = (at(examination, rank + 1e-6).0 - at(examination, rank - 1e-6).0) / 2e-6;
                assert!((at(examination, rank).1 - slope).abs() < 1e-7, "{examination:?} {rank}");
            }
        }
    }

    #[test]
    fn coins_add_up_to_their_distribution() {
        let mut sum = vec![1.0];
        for chance in [0.5, 0.2, 1.0] {
            toss(&mut sum, chance);
        }
        let expected = [0.0, 0.4, 0.5, 0.1];
        assert!(sum.iter().zip(expected).all(|(p, e)| (p - e).abs() < 1e-15), "{sum:?}");
    }

    #[test]
    fn worth_is_the_derivative_of_the_bound() {
        let market = SequentialMarket::new(sequential_market(7, 5, 0.3, Taste::Random, 1), Reading::default());
        let exposure = market.flat();
        let value = |exposure: &Matrix<f64>| {
            let applies = market.applications(exposure);
            Attention::at_mean(&market, &applies, 1).matches(&market, &applies)
        };
        let applies = market.applications(&exposure);
        let worth = Attention::at_mean(&market, &applies, 2).worth(&market, &applies);
        for (left, right) in [(0, 0), (3, 2), (6, 4)] {
            let moved = |by: f64| {
                let mut exposure = exposure.clone();
                exposure.row_mut(left)[right] += by;
                value(&exposure)
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((worth.at(left, right) - slope).abs() < 1e-8, "{left} {right}: {slope}");
        }
    }
}
