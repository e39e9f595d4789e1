//! Planted multipliers without an engine: recovered, kept within bounds, and calibrated.

use super::*;
use crate::matching::logistic::sigmoid;

/// A log in which each feature counts `truth` times as much as it says, and everything `offset` more.
fn log(seed: u64, truth: &[f64; 9], offset: f64, count: u64) -> Learner {
    let mut learner = Learner::new(Weights::default(), Features::new(&["own"]));
    let mut draws = Draws::new(seed, "log");
    let base = logit(Weights::default().like_rate);
    for n in 0..count {
        let x: Vec<f64> = (0..9).map(|_| 0.7 * draws.normal()).collect();
        let z = base + offset + x.iter().zip(truth).map(|(x, t)| x * t).sum::<f64>();
        learner.push_features(n % 300, &x, draws.unit() < sigmoid(z)).unwrap();
    }
    learner
}

#[test]
fn planted_multipliers_come_out_within_their_deviations() {
    let truth = [1.0, 0.5, 2.0, 1.4, 0.9, 0.2, 0.0, 1.1, -0.8];
    let learned = log(1, &truth, 0.6, 15_000).fit(2).unwrap();
    for (found, truth) in learned.multipliers.iter().zip(truth) {
        assert!((found.value - truth).abs() < 4.0 * found.deviation + 0.02, "{found:?} for {truth}");
        assert!(found.deviation < 0.08);
    }
    assert!((f64::from(learned.offset.logit()) - 0.6).abs() < 0.15);
    assert!((learned.weights.interests - 4.0).abs() < 0.3 && (learned.weights.appeal - 0.43).abs() < 0.06);
    assert!((learned.calibration.0 - 1.0).abs() < 0.05 && learned.calibration.1.abs() < 0.05);
    assert!(learned.held_out_log_loss < learned.log_loss_before - 0.05);
    // What has no multiplier keeps its value to the last bit.
    let Weights { like_rate, prior_decisions, near_km, age_years, .. } = Weights::default();
    let new = learned.weights;
    assert_eq!(
        [like_rate, prior_decisions, near_km, age_years].map(f64::to_bits),
        [new.like_rate, new.prior_decisions, new.near_km, new.age_years].map(f64::to_bits)
    );
}

#[test]
fn weights_are_never_negative_and_the_rest_is_fitted_without_them() {
    let truth = [1.0, -1.0, 1.5, 1.0, 1.0, -0.3, 1.0, 1.0, 1.0];
    let learned = log(2, &truth, 0.0, 8_000).fit(1).unwrap();
    assert!(learned.weights.appeal == 0.0 && learned.weights.near == 0.0, "{:?}", learned.weights);
    assert!((learned.multipliers[2].value - 1.5).abs() < 0.25, "{:?}", learned.multipliers);
}

#[test]
fn a_short_log_changes_little() {
    let learned = log(3, &[3.0; 9], 2.0, 12).fit(1).unwrap();
    assert!((learned.calibration.0 - 1.0).abs() < 1e-12 && learned.calibration.1.abs() < 1e-12);
    assert!(learned.multipliers.iter().all(|m| m.value > 0.2 && m.value < 2.2 && m.deviation > 0.3));
}

#[test]
fn what_the_log_is_silent_about_stays() {
    let mut learner = Learner::new(Weights::default(), Features::new(&[]));
    for n in 0..1000_u32 {
        let mut x = [0.0; 8];
        x[2] = f64::from(n % 2);
        learner.push_features(n, &x, n % 3 == 0).unwrap();
    }
    let learned = learner.fit(1).unwrap();
    let slope = learned.calibration.0;
    assert!((learned.multipliers[4].value - slope).abs() < 1e-9);
    assert!((learned.multipliers[4].deviation - slope).abs() < 1e-9);
}

#[test]
fn learning_again_starts_from_todays_offset() {
    let (truth, features) = ([1.0; 9], Features::new(&["own"]));
    let first = log(5, &truth, 0.8, 8_000);
    let mut again = Learner::again(Weights::default(), Offset::new(0.8), features);
    for at in 0..first.len() {
        let row = first.rows.row(at);
        again.push_features(at as u64 % 300, &row.features[1..], row.target > 0.5).unwrap();
    }
    let (first, second) = (first.fit(1).unwrap(), again.fit(1).unwrap());
    // The same decisions: whatever the start, the offset is the whole one, up to the prior's pull.
    assert!((first.offset.logit() - second.offset.logit()).abs() < 0.01);
    assert!((first.posterior.mean()[0] - second.posterior.mean()[0]).abs() < 0.01);
    assert!(second.log_loss_before < first.log_loss_before - 0.02);
}

#[test]
fn threads_and_order_of_people_do_not_matter() {
    let learner = log(4, &[1.0; 9], 0.0, 6_000);
    let learned = learner.fit(1).unwrap();
    assert_eq!(learner.fit(3).unwrap(), learned);
    assert_eq!(learned.decisions, 6_000);
}

#[test]
fn a_persons_decisions_are_held_out_together() {
    let learner = log(6, &[1.0; 9], 0.0, 900);
    let mut sizes = [0; FOLDS as usize];
    for (at, &fold) in learner.folds.iter().enumerate() {
        assert_eq!(fold, learner.folds[at % 300]);
        sizes[usize::from(fold)] += 1;
    }
    assert!(sizes.iter().all(|size| *size > 100), "{sizes:?}");
}

#[test]
fn an_empty_log_and_wrong_rows_are_refused() {
    let mut learner = Learner::new(Weights::default(), Features::new(&["own"]));
    assert_eq!(learner.fit(1), Err(LearnError::Empty));
    learner.push_features(1, &[0.0; 7], true).unwrap_err();
    learner.push_features(1, &[f64::NAN; 9], true).unwrap_err();
    let foreign = Part { code: crate::matching::Reason::Signal("other"), logit: 1.0 };
    assert_eq!(learner.push(1, &[foreign], true), Err(LearnError::UnknownSignal { name: "other" }));
    assert!(learner.is_empty());
    learner.push_features(1, &[0.0; 9], true).unwrap();
    assert_eq!(learner.len(), 1);
    learner.fit(1).unwrap();
}
