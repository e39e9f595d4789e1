//! The most likely weights of a logistic model, given a whole log and a prior.
//!
//! Called by `learner`, `calibrate`, `factors` and hosts; reads [`Rows`], answers a [`Posterior`]. Newton's method with a
//! line search: the loss is convex, the prior makes it strictly so, and every step lowers it. Sums over rows are made in
//! fixed blocks that are added up in order, so the result does not depend on the number of threads.

use std::ops::Range;

use super::cholesky::{Cholesky, dot};
use super::rows::Rows;
use super::{LearnError, Posterior};
use crate::matching::logistic::{ln, sigmoid};

/// Rows summed up together.
const BLOCK: usize = 2048;
/// Far more than Newton's method ever takes here: five to ten is usual.
const MOST_STEPS: usize = 100;
/// A predicted gain this small against the loss is the last step: what is left after it is its square.
const ENOUGH: f64 = 1e-10;

/// What [`fit`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The most likely weights, and the diagonal of the inverse of the loss's second derivative there (Laplace).
    pub posterior: Posterior,
    /// The mean log-loss of the rows at these weights, in nats, without the prior's part.
    pub log_loss: f64,
    /// Steps taken.
    pub steps: usize,
}

/// Fits `P(like) = sigmoid(offset + w · x)` with `w ~ prior`, which is ridge regression towards the prior's means.
///
/// `O(n d² + d³)` per step on `threads` threads (at least one), `O(d²)` memory besides the rows; the result is the same for
/// any number of threads. A prior of mean 0 and variance `v` is the L2 penalty `|w|²/2v`. Without rows the answer is the
/// prior. Sources: iteratively reweighted least squares, e.g. Hastie, Tibshirani, Friedman, "The Elements of Statistical
/// Learning", §4.4; sufficient decrease by Armijo 1966; normal approximation by Laplace 1774.
///
/// ```
/// use gpting_core::matching::learn::{Posterior, Rows, fit};
///
/// let mut rows = Rows::new(2);
/// for n in 0..1000_u32 {
///     let near = f64::from(n % 2);
///     rows.push(&[1.0, near], 0.0, n % 10 < if near > 0.0 { 8 } else { 2 })?;
/// }
/// let fitted = fit(&rows, &Posterior::isotropic(2, 100.0)?, 1)?;
/// assert!(fitted.posterior.predict(&[1.0, 1.0])? > 0.79 && fitted.posterior.predict(&[1.0, 0.0])? < 0.21);
/// # Ok::<(), gpting_core::matching::learn::LearnError>(())
/// ```
///
/// # Errors
/// [`LearnError::WrongLength`] for a prior of other dimensions, [`LearnError::IllConditioned`].
pub fn fit(rows: &Rows, prior: &Posterior, threads: usize) -> Result<Fit, LearnError> {
    fit_from(rows, prior, prior.mean().to_vec(), threads)
}

/// The same from other weights than the prior's: the answer is the same up to rounding, found sooner from near it.
pub(super) fn fit_from(
    rows: &Rows,
    prior: &Posterior,
    mut weights: Vec<f64>,
    threads: usize,
) -> Result<Fit, LearnError> {
    if let Some(got) = [prior.dims(), weights.len()].into_iter().find(|&dims| dims != rows.dims()) {
        return Err(LearnError::WrongLength { expected: rows.dims(), got });
    }
    let mut sums = Sums::of(rows, &weights, threads);
    let mut steps = 0;
    loop {
        let (gradient, factor) = newton(&sums, &weights, prior)?;
        let direction = factor.solve(&gradient);
        // Twice what the quadratic model of the loss promises.
        let promised = dot(&gradient, &direction);
        let loss = sums.loss + penalty(&weights, prior);
        if promised.is_nan() {
            return Err(LearnError::IllConditioned);
        }
        if promised > 0.0 && steps < MOST_STEPS {
            weights = search(rows, prior, threads, &Line { from: &weights, along: &direction, loss, promised });
            sums = Sums::of(rows, &weights, threads);
            steps += 1;
        }
        if promised <= ENOUGH * (1.0 + loss) || steps == MOST_STEPS {
            return finish(rows, &sums, weights, prior, steps);
        }
    }
}

fn finish(rows: &Rows, sums: &Sums, weights: Vec<f64>, prior: &Posterior, steps: usize) -> Result<Fit, LearnError> {
    let (_, factor) = newton(sums, &weights, prior)?;
    let range = Posterior::MIN_VARIANCE..=Posterior::MAX_VARIANCE;
    let variance = factor.inverse_diagonal().into_iter().map(|s| s.clamp(*range.start(), *range.end())).collect();
    let posterior = Posterior::from_parts(weights, variance).map_err(|_| LearnError::IllConditioned)?;
    Ok(Fit { posterior, log_loss: sums.loss / rows.len().max(1) as f64, steps })
}

/// Log-loss of a logit against a share of likes, `ln(1 + e^z) − t z`, in nats; no cancellation on either side.
pub(super) fn log_loss(logit: f64, target: f64) -> f64 {
    // ln(1 + e^z) = max(z, 0) + ln(1 + e^-|z|)
    logit.max(0.0) - ln(sigmoid(logit.abs())) - target * logit
}

/// Negative gradient of the penalised loss, and the factor of its second derivative.
fn newton(sums: &Sums, weights: &[f64], prior: &Posterior) -> Result<(Vec<f64>, Cholesky), LearnError> {
    let dims = weights.len();
    let (mut gradient, mut hessian) = (sums.gradient.clone(), sums.hessian.clone());
    for (i, weight) in weights.iter().enumerate() {
        let precision = 1.0 / prior.variance()[i];
        gradient[i] -= (weight - prior.mean()[i]) * precision;
        hessian[i * dims + i] += precision;
    }
    Ok((gradient, Cholesky::new(hessian, dims).ok_or(LearnError::IllConditioned)?))
}

fn penalty(weights: &[f64], prior: &Posterior) -> f64 {
    let parts = weights.iter().zip(prior.mean()).zip(prior.variance());
    parts.map(|((w, m), s)| (w - m) * (w - m) / (2.0 * s)).sum()
}

/// Where a line search starts, and what it may hope for.
struct Line<'a> {
    from: &'a [f64],
    along: &'a [f64],
    loss: f64,
    promised: f64,
}

/// The first of the steps 1, 1/2, 1/4 … that keeps a part of its promise.
fn search(rows: &Rows, prior: &Posterior, threads: usize, line: &Line<'_>) -> Vec<f64> {
    let mut length = 1.0;
    loop {
        let weights: Vec<f64> = line.from.iter().zip(line.along).map(|(w, d)| w + length * d).collect();
        let loss = in_blocks(rows, threads, |range| loss_of(rows, &weights, range)).into_iter().sum::<f64>();
        let loss = loss + penalty(&weights, prior);
        // The sum itself is only known to rounding.
        if loss <= line.loss - 1e-4 * length * line.promised + 1e-13 * line.loss || length < 1e-12 {
            return weights;
        }
        length /= 2.0;
    }
}

fn loss_of(rows: &Rows, weights: &[f64], range: Range<usize>) -> f64 {
    range.fold(0.0, |sum, at| {
        let row = rows.row(at);
        sum + log_loss(row.offset + dot(weights, row.features), row.target)
    })
}

/// Loss, its negative gradient and its second derivative (lower triangle, full rows), without the prior.
struct Sums {
    loss: f64,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
}

impl Sums {
    fn of(rows: &Rows, weights: &[f64], threads: usize) -> Self {
        let mut blocks = in_blocks(rows, threads, |range| Self::of_range(rows, weights, range)).into_iter();
        let first = blocks.next().unwrap_or_else(|| Self::zero(weights.len()));
        blocks.fold(first, |mut all, block| {
            all.loss += block.loss;
            for (sum, part) in [(&mut all.gradient, &block.gradient), (&mut all.hessian, &block.hessian)] {
                for (sum, part) in sum.iter_mut().zip(part) {
                    *sum += part;
                }
            }
            all
        })
    }

    fn zero(dims: usize) -> Self {
        Self { loss: 0.0, gradient: vec![0.0; dims], hessian: vec![0.0; dims * dims] }
    }

    fn of_range(rows: &Rows, weights: &[f64], range: Range<usize>) -> Self {
        let dims = weights.len();
        let mut sums = Self::zero(dims);
        for at in range {
            let row = rows.row(at);
            let logit = row.offset + dot(weights, row.features);
            let p = sigmoid(logit);
            sums.loss += log_loss(logit, row.target);
            let (error, curvature) = (row.target - p, p * (1.0 - p));
            for (i, &x) in row.features.iter().enumerate() {
                sums.gradient[i] += error * x;
                let scaled = curvature * x;
                for (sum, &other) in sums.hessian[i * dims..=i * dims + i].iter_mut().zip(row.features) {
                    *sum += scaled * other;
                }
            }
        }
        sums
    }
}

/// What `work` makes of each block of rows, in their order.
fn in_blocks<T: Send>(rows: &Rows, threads: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    // At most 64 blocks, so that what they hold stays small.
    let block = BLOCK.max(rows.len().div_ceil(64));
    let count = rows.len().div_ceil(block);
    let range = |at: usize| at * block..rows.len().min((at + 1) * block);
    let threads = threads.clamp(1, count.max(1));
    if threads == 1 {
        return (0..count).map(|at| work(range(at))).collect();
    }
    let (work, range) = (&work, &range);
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|first| {
                scope.spawn(move || (first..count).step_by(threads).map(|at| (at, work(range(at)))).collect::<Vec<_>>())
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("summing up does not panic")).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, block)| block).collect()
}

#[cfg(test)]
#[path = "fit_tests.rs"]
mod tests;
