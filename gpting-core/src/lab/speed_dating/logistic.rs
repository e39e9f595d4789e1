//! Logistic regression with a ridge, fitted to the last digit.
//!
//! Called by `content` and `history`. The loss is convex, so the answer is the only one and follows from the data alone.
//! Invariant: a fit never diverges; a step that raises the loss is halved.
//! Source: `McCullagh` & Nelder, "Generalized linear models", 1989 (Newton's method); Shamanskii, 1967 (keeping the second
//! derivative while it still serves, which here saves most of the work: with a strong ridge it hardly changes).

/// Newton steps at the most; some ten are needed.
const MOST_STEPS: usize = 200;
/// The gradient, per row, at which a fit is done.
const SMALL: f64 = 1e-9;
/// A step that leaves more than this of the gradient was taken with too old a second derivative.
const CONTRACTION: f64 = 0.3;
/// What adding up the loss may be wrong by, relative to it.
const ROUNDING: f64 = 1e-13;

/// A fitted model: `P(yes) = sigmoid(weights · x + intercept)`.
#[derive(Clone, Debug)]
pub(super) struct Logistic {
    weights: Vec<f64>,
    intercept: f64,
}

/// Rows of equal length with an answer each.
struct Sample<'a> {
    columns: usize,
    rows: &'a [f64],
    labels: &'a [bool],
}

impl Logistic {
    /// Minimises `sum of −log P(answer) + ridge/2 |weights|²`; the intercept is free.
    ///
    /// `rows` holds `columns` numbers per label. `O(rows × columns² + columns³)` per second derivative, of which two or
    /// three are needed.
    ///
    /// # Panics
    /// When `rows` is not `columns` numbers per label, or the ridge is not positive.
    pub(super) fn fit(columns: usize, rows: &[f64], labels: &[bool], ridge: f64) -> Self {
        assert_eq!(rows.len(), columns * labels.len(), "{columns} numbers per row");
        assert!(ridge > 0.0, "without a ridge there need not be a minimum");
        let sample = Sample { columns, rows, labels };
        let mut model = Self { weights: vec![0.0; columns], intercept: 0.0 };
        let mut loss = sample.loss(&model, ridge);
        let mut gradient = sample.gradient(&model, ridge);
        let mut curvature = Cholesky::of(sample.hessian(&model, ridge), columns + 1);
        let mut is_fresh = true;
        for _ in 0..MOST_STEPS {
            let size = largest(&gradient);
            if size <= SMALL * labels.len() as f64 {
                break;
            }
            let step = curvature.solve(&gradient);
            let Some((next, next_loss)) = sample.descend(&model, loss, &step, ridge) else {
                if is_fresh {
                    break; // no lower loss can be told apart any more
                }
                (curvature, is_fresh) = (Cholesky::of(sample.hessian(&model, ridge), columns + 1), true);
                continue;
            };
            let next_gradient = sample.gradient(&next, ridge);
            if next_loss >= loss && largest(&next_gradient) >= size {
                break; // the last digit
            }
            (model, loss, gradient) = (next, next_loss, next_gradient);
            is_fresh = false;
            if largest(&gradient) > CONTRACTION * size {
                (curvature, is_fresh) = (Cholesky::of(sample.hessian(&model, ridge), columns + 1), true);
            }
        }
        model
    }

    /// `P(yes)` of a row. `O(columns)`.
    pub(super) fn probability(&self, row: &[f64]) -> f64 {
        1.0 / (1.0 + (-self.logit(row)).exp())
    }

    fn logit(&self, row: &[f64]) -> f64 {
        self.weights.iter().zip(row).map(|(weight, x)| weight * x).sum::<f64>() + self.intercept
    }

    fn minus(&self, step: &[f64], share: f64) -> Self {
        let weights = self.weights.iter().zip(step).map(|(weight, step)| weight - share * step).collect();
        Self { weights, intercept: self.intercept - share * step[self.weights.len()] }
    }
}

impl Sample<'_> {
    fn each(&self) -> impl Iterator<Item = (&[f64], bool)> {
        self.rows.chunks_exact(self.columns.max(1)).zip(self.labels.iter().copied())
    }

    fn loss(&self, model: &Logistic, ridge: f64) -> f64 {
        let data: f64 = self
            .each()
            .map(|(row, label)| {
                let z = if label { -model.logit(row) } else { model.logit(row) };
                z.max(0.0) + (-z.abs()).exp().ln_1p() // log(1 + e^z) that cannot overflow
            })
            .sum();
        data + ridge / 2.0 * model.weights.iter().map(|weight| weight * weight).sum::<f64>()
    }

    /// Derivative by each weight, then by the intercept.
    fn gradient(&self, model: &Logistic, ridge: f64) -> Vec<f64> {
        let mut sum: Vec<f64> = model.weights.iter().map(|weight| ridge * weight).chain([0.0]).collect();
        for (row, label) in self.each() {
            let error = model.probability(row) - f64::from(u8::from(label));
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += error * x);
            sum[self.columns] += error;
        }
        sum
    }

    /// Second derivative, the lower triangle row by row.
    fn hessian(&self, model: &Logistic, ridge: f64) -> Vec<f64> {
        let size = self.columns + 1;
        let mut sum = vec![0.0; size * size];
        // Four rows at once: the sums are fetched and stored a quarter as often.
        let mut four = vec![0.0; 4 * size];
        let mut weights = [0.0; 4];
        for block in 0..self.labels.len().div_ceil(4) {
            weights.fill(0.0);
            for (k, weight) in weights.iter_mut().enumerate().take(self.labels.len() - block * 4) {
                let row = &self.rows[(block * 4 + k) * self.columns..][..self.columns];
                let p = model.probability(row);
                *weight = p * (1.0 - p);
                four[k * size..][..self.columns].copy_from_slice(row);
                four[k * size + self.columns] = 1.0;
            }
            let (first, rest) = four.split_at(size);
            let (second, rest) = rest.split_at(size);
            let (third, fourth) = rest.split_at(size);
            for i in 0..size {
                let [a, b, c, d] =
                    [weights[0] * first[i], weights[1] * second[i], weights[2] * third[i], weights[3] * fourth[i]];
                let others = first.iter().zip(second).zip(third).zip(fourth);
                for (sum, (((x, y), z), w)) in sum[i * size..=i * size + i].iter_mut().zip(others) {
                    *sum += (a * x + b * y) + (c * z + d * w);
                }
            }
        }
        for i in 0..self.columns {
            sum[i * size + i] += ridge;
        }
        sum
    }

    /// The model a step further, halved until the loss is not higher; none when every part of the step raises it.
    fn descend(&self, model: &Logistic, loss: f64, step: &[f64], ridge: f64) -> Option<(Logistic, f64)> {
        let mut share = 1.0;
        while share > 1e-6 {
            let next = model.minus(step, share);
            let next_loss = self.loss(&next, ridge);
            if next_loss <= loss + ROUNDING * loss {
                return Some((next, next_loss));
            }
            share /= 2.0;
        }
        None
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most: f64, value| most.max(value.abs()))
}

/// The factor `L` of a positive definite matrix `L Lᵀ`.
struct Cholesky {
    size: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors a matrix given by its lower triangle. `O(size³ / 3)`.
    fn of(mut lower: Vec<f64>, size: usize) -> Self {
        for i in 0..size {
            let (above, own) = lower.split_at_mut(i * size);
            for j in 0..i {
                let other = &above[j * size..];
                let dot: f64 = own[..j].iter().zip(other).map(|(a, b)| a * b).sum();
                own[j] = (own[j] - dot) / other[j];
            }
            let square: f64 = own[..i].iter().map(|a| a * a).sum();
            // Rounding may eat the last of it when everybody answers alike.
            own[i] = (own[i] - square).max(f64::MIN_POSITIVE).sqrt();
        }
        Self { size, lower }
    }

    /// `x` with `L Lᵀ x = right`. `O(size²)`.
    fn solve(&self, right: &[f64]) -> Vec<f64> {
        let mut x = right.to_vec();
        for i in 0..self.size {
            let row = &self.lower[i * self.size..];
            let dot: f64 = row[..i].iter().zip(&x).map(|(a, b)| a * b).sum();
            x[i] = (x[i] - dot) / row[i];
        }
        for i in (0..self.size).rev() {
            let row = &self.lower[i * self.size..];
            x[i] /= row[i];
            let known = x[i];
            x[..i].iter_mut().zip(row).for_each(|(x, a)| *x -= a * known);
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::stream::Stream;
    use super::*;

    fn planted(rows: usize, weights: &[f64], intercept: f64) -> (Vec<f64>, Vec<bool>) {
        let mut stream = Stream::new(5);
        let truth = Logistic { weights: weights.to_vec(), intercept };
        let mut values = Vec::new();
        let mut labels = Vec::new();
        for _ in 0..rows {
            let row: Vec<f64> = weights.iter().map(|_| (stream.unit() - 0.5) * 4.0).collect();
            labels.push(stream.unit() < truth.probability(&row));
            values.extend(row);
        }
        (values, labels)
    }

    #[test]
    fn planted_weights_are_found() {
        let planted_weights = [1.5, -0.7, 0.0, 0.3, 0.1];
        let (rows, labels) = planted(20_003, &planted_weights, -0.4);
        let model = Logistic::fit(5, &rows, &labels, 1e-6);
        for (found, planted) in model.weights.iter().zip(planted_weights) {
            assert!((found - planted).abs() < 0.06, "{found} for {planted}");
        }
        assert!((model.intercept + 0.4).abs() < 0.06, "{}", model.intercept);
    }

    #[test]
    fn the_gradient_vanishes_and_the_ridge_shrinks() {
        let (rows, labels) = planted(501, &[2.0, -1.0, 0.5], 0.3);
        let sample = Sample { columns: 3, rows: &rows, labels: &labels };
        let mut length = f64::INFINITY;
        for ridge in [0.01, 1.0, 100.0, 1e4] {
            let model = Logistic::fit(3, &rows, &labels, ridge);
            assert!(largest(&sample.gradient(&model, ridge)) < 1e-6, "ridge {ridge}");
            let square: f64 = model.weights.iter().map(|weight| weight * weight).sum();
            assert!(square < length);
            length = square;
        }
        // With nothing but the intercept left, the mean is predicted.
        let model = Logistic::fit(3, &rows, &labels, 1e12);
        let share = labels.iter().filter(|&&label| label).count() as f64 / labels.len() as f64;
        assert!((model.probability(&[0.0; 3]) - share).abs() < 1e-6);
    }

    #[test]
    fn a_separable_sample_and_one_answer_end() {
        let rows: Vec<f64> = (0..40).map(|i| f64::from(i) - 19.5).collect();
        let labels: Vec<bool> = rows.iter().map(|x| *x > 0.0).collect();
        let model = Logistic::fit(1, &rows, &labels, 1e-3);
        assert!(model.probability(&[1.0]) > 0.9 && model.probability(&[-1.0]) < 0.1);
        let all = Logistic::fit(1, &rows, &[true; 40], 1.0);
        assert!(all.probability(&[0.0]) > 0.999);
    }

    #[test]
    fn cholesky_solves() {
        let factor = Cholesky::of(vec![4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 1.0, 3.0, 6.0], 3);
        let x = factor.solve(&[11.0, 21.0, 25.0]);
        let expected = [1.0, 2.0, 3.0];
        // 4·1 + 2·2 + 1·3 = 11, 2·1 + 5·2 + 3·3 = 21, 1·1 + 3·2 + 6·3 = 25.
        assert!(x.iter().zip(expected).all(|(x, e)| (x - e).abs() < 1e-12), "{x:?}");
    }
}
