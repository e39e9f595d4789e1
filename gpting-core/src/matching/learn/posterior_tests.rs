//! The update against its formula, its invariants on anything, and what it learns from planted weights.

use proptest::prelude::*;

use super::*;

fn normals(seed: u64, count: usize) -> Vec<f64> {
    let mut draws = Draws::new(seed, "normals");
    (0..count).map(|_| draws.normal()).collect()
}

/// Decisions of somebody with these weights: (features, liked), features standard normal after a constant 1.
fn decisions(seed: u64, weights: &[f64], count: usize) -> Vec<(Vec<f64>, bool)> {
    let mut draws = Draws::new(seed, "decisions");
    (0..count)
        .map(|_| {
            let x: Vec<f64> = (0..weights.len()).map(|i| if i == 0 { 1.0 } else { draws.normal() }).collect();
            let liked = draws.unit() < sigmoid(dot(weights, &x));
            (x, liked)
        })
        .collect()
}

#[test]
fn one_update_is_the_formula() {
    let (mean, variance) = (vec![0.3, -0.2, 1.0], vec![0.5, 2.0, 0.1]);
    let x = [1.0, -1.5, 2.0];
    for (liked, y) in [(true, 1.0), (false, 0.0)] {
        let mut belief = Posterior::from_parts(mean.clone(), variance.clone()).unwrap();
        let predicted = belief.update(&x, liked).unwrap();
        let spread = 0.5 + 2.0 * 2.25 + 0.1 * 4.0;
        let p = 1.0 / (1.0 + (-(0.3 + 0.3 + 2.0) / (1.0 + std::f64::consts::PI * spread / 8.0_f64).sqrt()).exp());
        assert!((predicted - p).abs() < 1e-14);
        let h = p * (1.0 - p);
        let k = 1.0 / (1.0 + h * spread);
        for i in 0..3 {
            let expected = mean[i] + k * variance[i] * x[i] * (y - p);
            assert!((belief.mean()[i] - expected).abs() < 1e-13);
            let expected = variance[i] - k * h * (variance[i] * x[i]).powi(2);
            assert!((belief.variance()[i] - expected).abs() < 1e-13);
        }
    }
}

#[test]
fn planted_weights_are_recovered() {
    let truth = [-1.0, 1.5, -0.7, 0.0, 0.4];
    let mut belief = Posterior::isotropic(5, 2.0).unwrap();
    for (x, liked) in decisions(1, &truth, 20_000) {
        belief.update(&x, liked).unwrap();
    }
    for (i, truth) in truth.iter().enumerate() {
        assert!((belief.mean()[i] - truth).abs() < 0.08, "{i}: {} for {truth}", belief.mean()[i]);
        assert!(belief.variance()[i] < 2e-3);
    }
}

#[test]
fn the_order_of_decisions_changes_little() {
    let truth = [-0.5, 1.0, -1.0, 0.5];
    let mut log = decisions(2, &truth, 2_000);
    let learned = |log: &[(Vec<f64>, bool)]| {
        let mut belief = Posterior::isotropic(4, 1.0).unwrap();
        for (x, liked) in log {
            belief.update(x, *liked).unwrap();
        }
        belief
    };
    let first = learned(&log);
    log.reverse();
    let second = learned(&log);
    log.sort_by(|a, b| a.0[1].total_cmp(&b.0[1])); // as uneven as can be: sorted by a feature that matters
    let third = learned(&log);
    for i in 0..4 {
        let deviation = first.variance()[i].sqrt();
        assert!((first.mean()[i] - second.mean()[i]).abs() < deviation, "{i}");
        assert!((first.mean()[i] - third.mean()[i]).abs() < 2.5 * deviation, "{i}");
        assert!((first.variance()[i] / second.variance()[i] - 1.0).abs() < 0.1, "{i}");
    }
}

#[test]
fn predictions_made_while_learning_are_calibrated() {
    // Weights drawn from the prior again and again: what is predicted must come true, from the first decision on.
    let mut bins = [(0.0, 0.0, 0.0); 10];
    let (mut brier, mut best) = (0.0, 0.0);
    let mut count = 0.0;
    for person in 0..400 {
        let truth = normals(person, 4);
        let mut belief = Posterior::isotropic(4, 1.0).unwrap();
        for (x, liked) in decisions(1000 + person, &truth, 60) {
            let p = belief.update(&x, liked).unwrap();
            let y = f64::from(u8::from(liked));
            let bin = &mut bins[((p * 10.0) as usize).min(9)];
            *bin = (bin.0 + 1.0, bin.1 + p, bin.2 + y);
            brier += (p - y).powi(2);
            best += (sigmoid(dot(&truth, &x)) - y).powi(2);
            count += 1.0;
        }
    }
    let error: f64 = bins.iter().map(|(_, p, y)| (p - y).abs() / count).sum();
    assert!(error < 0.02, "expected calibration error {error}");
    // Beside who knows the weights, and far below the 0.25 of who knows nothing.
    assert!((brier - best) / count < 0.04 && brier / count < 0.2, "{} against {}", brier / count, best / count);
}

#[test]
fn draws_spread_as_the_belief_does() {
    let belief = Posterior::from_parts(vec![1.0, -2.0], vec![0.25, 4.0]).unwrap();
    assert_eq!(belief.draw(5), belief.draw(5));
    assert_ne!(belief.draw(5), belief.draw(6));
    let draws: Vec<Vec<f64>> = (0..20_000).map(|seed| belief.draw(seed)).collect();
    for i in 0..2 {
        let mean = draws.iter().map(|w| w[i]).sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|w| (w[i] - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!((mean - belief.mean()[i]).abs() < 0.05, "{mean}");
        assert!((variance / belief.variance()[i] - 1.0).abs() < 0.05, "{variance}");
    }
}

#[test]
fn forgetting_follows_a_taste_that_turned() {
    let prior = Posterior::isotropic(3, 1.0).unwrap();
    let (mut fading, mut firm) = (prior.clone(), prior.clone());
    let (old, new) = ([0.0, 1.5, -1.0], [0.0, -1.5, 1.0]);
    let log = [decisions(3, &old, 3_000), decisions(4, &new, 1_000)].concat();
    for (x, liked) in &log {
        fading.forget(0.99, &prior).unwrap();
        fading.update(x, *liked).unwrap();
        firm.update(x, *liked).unwrap();
    }
    let distance =
        |belief: &Posterior| -> f64 { belief.mean().iter().zip(new).map(|(m, w)| (m - w).powi(2)).sum::<f64>().sqrt() };
    assert!(distance(&fading) < 0.8 && distance(&firm) > 1.5, "{} {}", distance(&fading), distance(&firm));
    // Nothing new for a long time: back to the prior.
    for _ in 0..5_000 {
        fading.forget(0.99, &prior).unwrap();
    }
    assert!((0..3).all(|i| fading.mean()[i].abs() < 1e-9 && (fading.variance()[i] - 1.0).abs() < 1e-9));
}

#[test]
fn wrong_numbers_are_refused_and_change_nothing() {
    let mut belief = Posterior::isotropic(2, 1.0).unwrap();
    let before = belief.clone();
    for x in [&[1.0][..], &[1.0, f64::NAN], &[f64::INFINITY, 0.0], &[0.0, 2e6]] {
        belief.update(x, true).unwrap_err();
        belief.predict(x).unwrap_err();
    }
    belief.forget(0.0, &before).unwrap_err();
    belief.forget(f64::NAN, &before).unwrap_err();
    belief.forget(0.5, &Posterior::isotropic(3, 1.0).unwrap()).unwrap_err();
    assert_eq!(belief, before);
    Posterior::from_parts(vec![0.0], vec![]).unwrap_err();
    Posterior::from_parts(vec![f64::NAN], vec![1.0]).unwrap_err();
    Posterior::from_parts(vec![0.0], vec![0.0]).unwrap_err();
    Posterior::isotropic(1, f64::INFINITY).unwrap_err();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn variances_fall_stay_positive_and_everything_stays_finite(
        start in prop::collection::vec((-1e9_f64..1e9, -12.0_f64..9.0), 1..6),
        log in prop::collection::vec((prop::collection::vec((-12.0_f64..6.0, any::<bool>()), 6), any::<bool>()), 1..60),
    ) {
        let mean = start.iter().map(|s| s.0).collect();
        let variance = start.iter().map(|s| 10_f64.powf(s.1).max(Posterior::MIN_VARIANCE)).collect();
        let mut belief = Posterior::from_parts(mean, variance).unwrap();
        for (x, liked) in log {
            let x: Vec<f64> = x[..belief.dims()].iter()
                .map(|&(scale, negative)| if negative { -10_f64.powf(scale) } else { 10_f64.powf(scale) }.clamp(-1e6, 1e6))
                .collect();
            let before = belief.clone();
            let p = belief.update(&x, liked).unwrap();
            prop_assert!((0.0..=1.0).contains(&p));
            for (i, x) in x.iter().enumerate() {
                prop_assert!(belief.variance()[i] <= before.variance()[i]);
                prop_assert!(belief.variance()[i] >= Posterior::MIN_VARIANCE);
                prop_assert!(belief.mean()[i].abs() <= Posterior::MAX_MEAN);
                // A like moves the logit up, a pass down, each weight in the direction of its feature.
                let moved = (belief.mean()[i] - before.mean()[i]) * x;
                let right = if liked { moved >= 0.0 } else { moved <= 0.0 };
                prop_assert!(right);
            }
        }
    }

    #[test]
    fn a_prediction_is_never_bolder_than_its_mean(mean in -20.0_f64..20.0, variance in 1e-9_f64..1e6) {
        let belief = Posterior::from_parts(vec![mean], vec![variance]).unwrap();
        let (p, plain) = (belief.predict(&[1.0]).unwrap(), sigmoid(mean));
        prop_assert!((p - 0.5).abs() <= (plain - 0.5).abs() + 1e-15);
        prop_assert!((p - 0.5) * (plain - 0.5) >= 0.0);
    }
}
