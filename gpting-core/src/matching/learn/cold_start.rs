//! What to expect of somebody nobody has decided about yet: a bias guessed from content.
//!
//! Called by hosts, once for appeal and once for pickiness, with the biases of people who are known well; answers the
//! prior of a newcomer, for [`crate::matching::Person::appeal`] or as the start of a [`super::Posterior`]. Ridge regression
//! that shrinks to the population's mean: how strongly is chosen by leaving each person out, and where content tells
//! nothing the answer is the mean. Invariant: the same people give the same answer, in f64 and in their order.

use super::cholesky::{Cholesky, dot};
use super::posterior::check_features;
use super::{LearnError, Posterior};

/// Penalties that are tried, from trust in content to none, as shares of the weight of all people.
const PENALTIES: [f64; 10] = [1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 10.0, f64::INFINITY];

/// Somebody whose bias is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known<'a> {
    /// What the person's profile says, as numbers; the same features for everybody.
    pub features: &'a [f64],
    /// The bias that decisions taught, in logits.
    pub bias: f64,
    /// How far to trust it, above 0; the number of decisions is a good choice, cut at some fifty.
    pub weight: f64,
}

/// A guess: normal, in logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guess {
    /// What to expect.
    pub mean: f64,
    /// How far the guess is usually off, squared; the prior variance of a newcomer.
    pub variance: f64,
}

/// A guesser of biases.
///
/// ```
/// use gpting_core::matching::learn::{ColdStart, Known};
///
/// // People with a photo are liked more; their second feature says nothing.
/// let features: Vec<[f64; 2]> = (0..100_u32).map(|n| [f64::from(n % 2), f64::from(n % 7)]).collect();
/// let known: Vec<Known<'_>> = features
///     .iter()
///     .map(|x| Known { features: x, bias: if x[0] > 0.0 { 0.8 } else { -0.4 }, weight: 20.0 })
///     .collect();
/// let guesser = ColdStart::fit(&known)?;
/// assert!((guesser.guess(&[1.0, 3.0])?.mean - 0.8).abs() < 0.01);
/// assert!((guesser.guess(&[0.0, 3.0])?.mean + 0.4).abs() < 0.01);
/// # Ok::<(), gpting_core::matching::learn::LearnError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ColdStart {
    mean: f64,
    centre: Vec<f64>,
    slope: Vec<f64>,
    variance: f64,
    penalty: f64,
}

impl ColdStart {
    /// Fits the guesser to people who are known.
    ///
    /// Minimises `Σ w (bias − mean − β·z)² + λ |β|²` over features `z` brought to mean 0 and variance 1, with the `λ` of
    /// ten that guesses best when each person in turn is left out. `O(10 (n d² + d³))`.
    /// Sources: Hoerl and Kennard, Technometrics 1970; leaving out in closed form, Allen, Technometrics 1974 (PRESS).
    ///
    /// # Errors
    /// [`LearnError::Empty`], [`LearnError::WrongLength`] for people with different numbers of features,
    /// [`LearnError::InvalidNumber`].
    pub fn fit(people: &[Known<'_>]) -> Result<Self, LearnError> {
        let dims = people.first().ok_or(LearnError::Empty)?.features.len();
        for known in people {
            check_features(known.features, dims)?;
            check_features(&[known.bias], 1)?;
            if !(1e-9..=1e9).contains(&known.weight) {
                return Err(LearnError::InvalidNumber("the weight of a known person"));
            }
        }
        let sample = Sample::new(people, dims);
        let mut best: Option<(f64, f64, Vec<f64>)> = None;
        for penalty in PENALTIES {
            let Some((error, slope)) = sample.leave_one_out(penalty) else { continue };
            // The later, stronger penalty wins a tie.
            if best.as_ref().is_none_or(|(least, ..)| error <= *least) {
                best = Some((error, penalty, slope));
            }
        }
        let (error, penalty, slope) = best.unwrap_or_else(|| (sample.variance, f64::INFINITY, vec![0.0; dims]));
        let slope = slope.iter().zip(&sample.scale).map(|(beta, scale)| beta / scale).collect();
        let variance = error.clamp(Posterior::MIN_VARIANCE, Posterior::MAX_VARIANCE);
        Ok(Self { mean: sample.mean, centre: sample.centre, slope, variance, penalty })
    }

    /// What to expect of somebody with these features. `O(d)`.
    ///
    /// # Errors
    /// [`LearnError::WrongLength`], [`LearnError::InvalidNumber`].
    pub fn guess(&self, features: &[f64]) -> Result<Guess, LearnError> {
        check_features(features, self.slope.len())?;
        let from_centre = features.iter().zip(&self.centre).zip(&self.slope);
        let mean = self.mean + from_centre.map(|((x, centre), slope)| (x - centre) * slope).sum::<f64>();
        Ok(Guess { mean, variance: self.variance })
    }

    /// The mean of the population, which everybody is shrunk to.
    pub fn population_mean(&self) -> f64 {
        self.mean
    }

    /// Whether content was found to tell anything.
    pub fn uses_content(&self) -> bool {
        self.penalty.is_finite()
    }
}

impl Guess {
    /// The guess after decisions: `weight` of them gave `bias`, each known up to a variance of `noise` squared logits (4 is
    /// that of one decision at even odds). The certainty-weighted mean of both. `O(1)`.
    #[must_use]
    pub fn after(self, bias: f64, weight: f64, noise: f64) -> Self {
        let (prior, evidence) = (1.0 / self.variance, weight / noise);
        Self { mean: (self.mean * prior + bias * evidence) / (prior + evidence), variance: 1.0 / (prior + evidence) }
    }
}

/// Known people, standardised; rows are scaled by the root of their weight.
struct Sample {
    dims: usize,
    mean: f64,
    /// Of the biases, when nothing but the mean of the others is used to guess.
    variance: f64,
    centre: Vec<f64>,
    scale: Vec<f64>,
    rows: Vec<f64>,
    biases: Vec<f64>,
    weights: Vec<f64>,
}

impl Sample {
    fn new(people: &[Known<'_>], dims: usize) -> Self {
        let weights: Vec<f64> = people.iter().map(|known| known.weight).collect();
        let total: f64 = weights.iter().sum();
        let average =
            |of: &dyn Fn(&Known<'_>) -> f64| people.iter().map(|known| known.weight * of(known)).sum::<f64>() / total;
        let mean = average(&|known| known.bias);
        let centre: Vec<f64> = (0..dims).map(|i| average(&|known| known.features[i])).collect();
        let scale: Vec<f64> = (0..dims)
            .map(|i| {
                let deviation = average(&|known| square(known.features[i] - centre[i])).sqrt();
                // A feature that is the same for everybody tells nothing, and must not be divided by zero.
                if deviation > 1e-12 * (1.0 + centre[i].abs()) { deviation } else { f64::INFINITY }
            })
            .collect();
        let (mut rows, mut biases) = (Vec::with_capacity(people.len() * dims), Vec::with_capacity(people.len()));
        for known in people {
            let root = known.weight.sqrt();
            rows.extend((0..dims).map(|i| root * (known.features[i] - centre[i]) / scale[i]));
            biases.push(root * (known.bias - mean));
        }
        let mut sample = Self { dims, mean, variance: 0.0, centre, scale, rows, biases, weights };
        sample.variance = sample.error(|_| 0.0, |at| sample.weights[at] / total);
        sample
    }

    /// Weighted mean square of what is left of each person when they are left out themselves, and the slopes; none when
    /// the equations cannot be solved.
    fn leave_one_out(&self, penalty: f64) -> Option<(f64, Vec<f64>)> {
        let (dims, total) = (self.dims, self.weights.iter().sum::<f64>());
        if penalty.is_infinite() || dims == 0 {
            return Some((self.variance, vec![0.0; dims]));
        }
        let (mut matrix, mut right) = (vec![0.0; dims * dims], vec![0.0; dims]);
        for (row, bias) in self.rows.chunks_exact(dims).zip(&self.biases) {
            for i in 0..dims {
                right[i] += row[i] * bias;
                for j in 0..=i {
                    matrix[i * dims + j] += row[i] * row[j];
                }
            }
        }
        for i in 0..dims {
            matrix[i * dims + i] += penalty * total;
        }
        let factor = Cholesky::new(matrix, dims)?;
        let slope = factor.solve(&right);
        let row = |at: usize| &self.rows[at * dims..(at + 1) * dims];
        // The part of a guess that is the person's own doing: of the mean, and of the slopes.
        let own = |at: usize| self.weights[at] / total + dot(row(at), &factor.solve(row(at)));
        Some((self.error(|at| dot(row(at), &slope), own), slope))
    }

    /// Mean square of `(bias − guess) / (1 − own)`, over the weights.
    fn error(&self, guess: impl Fn(usize) -> f64, own: impl Fn(usize) -> f64) -> f64 {
        let total: f64 = self.weights.iter().sum();
        let squares =
            (0..self.biases.len()).map(|at| square((self.biases[at] - guess(at)) / (1.0 - own(at)).max(1e-9)));
        squares.sum::<f64>() / total
    }
}

fn square(x: f64) -> f64 {
    x * x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::learn::draw::Draws;

    struct World {
        features: Vec<Vec<f64>>,
        biases: Vec<f64>,
    }

    impl World {
        fn new(seed: u64, people: usize, slope: &[f64], noise: f64) -> Self {
            let mut draws = Draws::new(seed, "cold start");
            let (mut features, mut biases) = (Vec::new(), Vec::new());
            for _ in 0..people {
                let x: Vec<f64> = slope.iter().map(|_| 3.0 + 2.0 * draws.normal()).collect();
                let centred: Vec<f64> = x.iter().map(|x| x - 3.0).collect();
                biases.push(0.5 + dot(&centred, slope) + noise * draws.normal());
                features.push(x);
            }
            Self { features, biases }
        }

        fn known(&self) -> Vec<Known<'_>> {
            let pairs = self.features.iter().zip(&self.biases);
            pairs.map(|(features, &bias)| Known { features, bias, weight: 10.0 }).collect()
        }
    }

    #[test]
    fn planted_slopes_are_found_and_newcomers_guessed() {
        let slope = [0.4, -0.2, 0.0, 0.1];
        let fitted = ColdStart::fit(&World::new(1, 2000, &slope, 0.5).known()).unwrap();
        for (found, truth) in fitted.slope.iter().zip(slope) {
            assert!((found - truth).abs() < 0.03, "{found} {truth}");
        }
        assert!(fitted.uses_content() && (fitted.population_mean() - 0.5).abs() < 0.07);
        // A newcomer's guess is off by the noise, and says so.
        let news = World::new(2, 1000, &slope, 0.5);
        let off: f64 = news.known().iter().map(|x| (fitted.guess(x.features).unwrap().mean - x.bias).powi(2)).sum();
        assert!((off / 1000.0 - 0.25).abs() < 0.03 && (fitted.variance - 0.25).abs() < 0.03, "{off}");
    }

    #[test]
    fn where_content_tells_nothing_the_answer_is_the_mean() {
        // As many features as a small population can be fooled by.
        let world = World::new(3, 40, &[0.0; 20], 1.0);
        let fitted = ColdStart::fit(&world.known()).unwrap();
        let far = fitted.guess(&[9.0; 20]).unwrap().mean;
        assert!((far - fitted.population_mean()).abs() < 0.2, "{far} {}", fitted.population_mean());
        let mean = world.biases.iter().sum::<f64>() / 40.0;
        assert!((fitted.population_mean() - mean).abs() < 1e-12);
    }

    #[test]
    fn leaving_out_in_closed_form_is_leaving_out() {
        let world = World::new(4, 30, &[0.3, -0.3], 0.4);
        let mut known = world.known();
        for (at, person) in known.iter_mut().enumerate() {
            person.weight = 1.0 + (at % 5) as f64;
        }
        let sample = Sample::new(&known, 2);
        let penalty = 0.1;
        let (closed, _) = sample.leave_one_out(penalty).unwrap();
        // The same standardisation, but mean and slopes fitted again without the person, who is then guessed.
        let total: f64 = sample.weights.iter().sum();
        let mut sum = 0.0;
        for out in 0..30 {
            let mut matrix = vec![0.0; 9];
            (matrix[4], matrix[8]) = (penalty * total, penalty * total);
            let mut right = [0.0; 3];
            let row = |at: usize| [sample.weights[at].sqrt(), sample.rows[2 * at], sample.rows[2 * at + 1]];
            for at in (0..30).filter(|at| *at != out) {
                let row = row(at);
                for i in 0..3 {
                    right[i] += row[i] * sample.biases[at];
                    for j in 0..3 {
                        matrix[3 * i + j] += row[i] * row[j];
                    }
                }
            }
            let solution = Cholesky::new(matrix, 3).unwrap().solve(&right);
            sum += square(sample.biases[out] - dot(&row(out), &solution));
        }
        assert!((closed - sum / total).abs() < 1e-12, "{closed} {}", sum / total);
    }

    #[test]
    fn units_and_constant_features_do_not_matter() {
        let world = World::new(5, 200, &[0.3, -0.1], 0.3);
        let plain = ColdStart::fit(&world.known()).unwrap();
        let stretched: Vec<Vec<f64>> = world.features.iter().map(|x| vec![1000.0 * x[0], x[1] - 50.0, 7.0]).collect();
        let known: Vec<Known<'_>> = stretched
            .iter()
            .zip(&world.biases)
            .map(|(features, &bias)| Known { features, bias, weight: 10.0 })
            .collect();
        let other = ColdStart::fit(&known).unwrap();
        let (a, b) = (plain.guess(&[4.0, 1.0]).unwrap(), other.guess(&[4000.0, -49.0, 7.0]).unwrap());
        assert!((a.mean - b.mean).abs() < 1e-9 && (a.variance - b.variance).abs() < 1e-9);
    }

    #[test]
    fn decisions_take_over_from_the_guess() {
        let guess = Guess { mean: 1.0, variance: 0.5 };
        let after = guess.after(-1.0, 8.0, 4.0);
        assert!(after.mean.abs() < 1e-12 && (after.variance - 0.25).abs() < 1e-12, "{after:?}");
        assert!(guess.after(-1.0, 1e6, 4.0).mean < -0.99);
        assert_eq!(guess.after(-1.0, 0.0, 4.0), guess);
    }

    #[test]
    fn wrong_people_are_refused() {
        let one = Known { features: &[1.0], bias: 0.0, weight: 1.0 };
        assert_eq!(ColdStart::fit(&[]), Err(LearnError::Empty));
        for bad in [
            Known { features: &[], ..one },
            Known { features: &[f64::NAN], ..one },
            Known { bias: f64::NAN, ..one },
            Known { weight: 0.0, ..one },
        ] {
            ColdStart::fit(&[one, bad]).unwrap_err();
        }
        // One person alone is the population.
        let alone = ColdStart::fit(&[Known { bias: 0.3, ..one }]).unwrap();
        assert!((alone.guess(&[5.0]).unwrap().mean - 0.3).abs() < 1e-12 && alone.variance.is_finite());
        alone.guess(&[1.0, 2.0]).unwrap_err();
    }
}
