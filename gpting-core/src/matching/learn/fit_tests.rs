//! Cases solved by hand, planted weights, and the conditions that mark a minimum.

use super::*;
use crate::matching::learn::draw::Draws;

fn planted(seed: u64, weights: &[f64], count: usize) -> Rows {
    let mut draws = Draws::new(seed, "planted");
    let mut rows = Rows::new(weights.len());
    for _ in 0..count {
        let x: Vec<f64> = (0..weights.len()).map(|i| if i == 0 { 1.0 } else { draws.normal() }).collect();
        let offset = draws.unit() - 0.5;
        let liked = draws.unit() < sigmoid(offset + dot(weights, &x));
        rows.push(&x, offset, liked).unwrap();
    }
    rows
}

#[test]
fn a_case_solved_by_hand() {
    // One like at x = 1: the minimum has m = v (1 - sigmoid(m)); with v = 4 ln 3 that is m = ln 3, where p = 3/4.
    let mut rows = Rows::new(1);
    rows.push(&[1.0], 0.0, true).unwrap();
    let v = 4.0 * 3.0_f64.ln();
    let fitted = fit(&rows, &Posterior::isotropic(1, v).unwrap(), 1).unwrap();
    assert!((fitted.posterior.mean()[0] - 3.0_f64.ln()).abs() < 1e-10);
    assert!((fitted.posterior.variance()[0] - 1.0 / (3.0 / 16.0 + 1.0 / v)).abs() < 1e-10);
    assert!((fitted.log_loss - (4.0_f64 / 3.0).ln()).abs() < 1e-10);
}

#[test]
fn without_a_prior_the_shares_come_out() {
    // Two groups, one feature each: every weight is the logit of the group's share, less the offset.
    let mut rows = Rows::new(2);
    for n in 0..100 {
        rows.push(&[1.0, 0.0], 0.5, n < 80).unwrap();
        rows.push(&[0.0, 1.0], 0.0, n < 10).unwrap();
    }
    let fitted = fit(&rows, &Posterior::isotropic(2, 1e9).unwrap(), 1).unwrap();
    assert!((fitted.posterior.mean()[0] - (4.0_f64.ln() - 0.5)).abs() < 1e-7, "{:?}", fitted.posterior);
    assert!((fitted.posterior.mean()[1] + 9.0_f64.ln()).abs() < 1e-7);
    assert!((fitted.posterior.variance()[0] - 1.0 / 16.0).abs() < 1e-7);
    assert!((fitted.posterior.variance()[1] - 1.0 / 9.0).abs() < 1e-7);
}

#[test]
fn planted_weights_are_recovered_within_their_deviations() {
    let truth = [-1.2, 0.8, 0.0, -0.5, 1.5, 0.3];
    let fitted = fit(&planted(1, &truth, 30_000), &Posterior::isotropic(6, 10.0).unwrap(), 2).unwrap();
    let mut squares = 0.0;
    for (i, truth) in truth.iter().enumerate() {
        let z = (fitted.posterior.mean()[i] - truth) / fitted.posterior.variance()[i].sqrt();
        assert!(z.abs() < 4.0, "{i}: {z}");
        squares += z * z;
    }
    // Chi-squared of six degrees: deviations that were too large would show here.
    assert!(squares > 0.5 && squares < 20.0, "{squares}");
    assert!(fitted.steps < 12);
}

#[test]
fn the_gradient_is_zero_and_every_neighbour_is_worse() {
    let truth = [0.5, -2.0, 1.0];
    let rows = planted(2, &truth, 500);
    let prior = Posterior::from_parts(vec![0.0, 1.0, -1.0], vec![1.0, 0.1, 0.01]).unwrap();
    let fitted = fit(&rows, &prior, 1).unwrap();
    let at = |weights: &[f64]| loss_of(&rows, weights, 0..rows.len()) + penalty(weights, &prior);
    let best = at(fitted.posterior.mean());
    for i in 0..3 {
        for step in [1e-3, -1e-3] {
            let mut other = fitted.posterior.mean().to_vec();
            other[i] += step;
            assert!(at(&other) > best);
        }
        let mut gradient = 0.0;
        for n in 0..rows.len() {
            let row = rows.row(n);
            let p = 1.0 / (1.0 + (-row.offset - dot(fitted.posterior.mean(), row.features)).exp());
            gradient += (row.target - p) * row.features[i];
        }
        gradient -= (fitted.posterior.mean()[i] - prior.mean()[i]) / prior.variance()[i];
        assert!(gradient.abs() < 1e-7, "{gradient}");
    }
}

#[test]
fn the_start_does_not_matter() {
    let rows = planted(4, &[0.2, 1.0, -1.0], 2_000);
    let prior = Posterior::isotropic(3, 1.0).unwrap();
    let usual = fit(&rows, &prior, 1).unwrap();
    for start in [[9.0, -30.0, 30.0], [-50.0, 0.0, 0.0]] {
        let other = fit_from(&rows, &prior, start.to_vec(), 1).unwrap();
        for i in 0..3 {
            assert!((other.posterior.mean()[i] - usual.posterior.mean()[i]).abs() < 1e-7);
        }
    }
    let near = fit_from(&rows, &prior, usual.posterior.mean().to_vec(), 1).unwrap();
    assert!(near.steps <= 1 && usual.steps > 2);
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let rows = planted(3, &[0.2, 1.0, -1.0], 20_000);
    let prior = Posterior::isotropic(3, 1.0).unwrap();
    let one = fit(&rows, &prior, 1).unwrap();
    for threads in [0, 2, 3, 64] {
        assert_eq!(fit(&rows, &prior, threads).unwrap(), one);
    }
}

#[test]
fn separable_and_extreme_rows_still_have_a_minimum() {
    let mut rows = Rows::new(2);
    for n in 0..50 {
        rows.push(&[1.0, f64::from(n) - 24.5], 0.0, n >= 25).unwrap();
    }
    let fitted = fit(&rows, &Posterior::isotropic(2, 1e6).unwrap(), 1).unwrap();
    assert!(fitted.log_loss < 1e-3 && fitted.posterior.mean()[1] > 5.0);
    // A start at which every prediction is wrong and flat: the full Newton step would overshoot.
    let mut rows = Rows::new(1);
    for n in 0..10 {
        rows.push(&[1.0], 30.0, n == 0).unwrap();
    }
    let fitted = fit(&rows, &Posterior::isotropic(1, 1e8).unwrap(), 1).unwrap();
    assert!((fitted.posterior.mean()[0] - (-(9.0_f64.ln()) - 30.0)).abs() < 1e-5, "{:?}", fitted.posterior);
}

#[test]
fn without_rows_the_answer_is_the_prior() {
    let prior = Posterior::from_parts(vec![1.0, -2.0], vec![0.5, 3.0]).unwrap();
    let fitted = fit(&Rows::new(2), &prior, 4).unwrap();
    assert_eq!(fitted.posterior.mean(), prior.mean());
    assert!((0..2).all(|i| (fitted.posterior.variance()[i] - prior.variance()[i]).abs() < 1e-12));
    assert_eq!((fitted.log_loss, fitted.steps), (0.0, 0));
}

#[test]
fn wrong_rows_are_refused() {
    let mut rows = Rows::new(2);
    rows.push(&[1.0], 0.0, true).unwrap_err();
    rows.push(&[1.0, f64::NAN], 0.0, true).unwrap_err();
    rows.push(&[1.0, 0.0], f64::INFINITY, true).unwrap_err();
    assert!(rows.is_empty());
    let prior = Posterior::isotropic(3, 1.0).unwrap();
    assert_eq!(fit(&rows, &prior, 1), Err(LearnError::WrongLength { expected: 2, got: 3 }));
}

#[test]
fn the_loss_is_exact_on_both_sides() {
    for z in [-800.0_f64, -40.0, -1.0, 0.0, 0.3, 40.0, 800.0] {
        let tail = (-z.abs()).exp().ln_1p();
        for (target, exact) in [(1.0, (-z).max(0.0) + tail), (0.0, z.max(0.0) + tail)] {
            assert!((log_loss(z, target) - exact).abs() <= 1e-15 * (1.0 + exact), "{z} {target}");
        }
    }
}
