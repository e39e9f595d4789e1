//! Planted tastes are found again, in one pass over a stream and from a whole log; folding changes no logit.

#![expect(clippy::float_cmp, reason = "results are promised to the last bit")]

use super::*;
use crate::matching::learn::draw::Draws;
use crate::matching::learn::fit::log_loss;
use crate::matching::learn::{Rows, fit};
use crate::matching::logistic::sigmoid;

type HeldOut = Vec<(Decision<u64>, f64)>;

/// People with planted biases and two planted factors; (training log, held-out decisions with their true logit).
fn world(seed: u64, people: u64, each: usize) -> (Vec<Decision<u64>>, HeldOut) {
    world_of(seed, people, each, 1.2)
}

/// The same with factors of another strength.
fn world_of(seed: u64, people: u64, each: usize, strength: f64) -> (Vec<Decision<u64>>, HeldOut) {
    let mut draws = Draws::new(seed, "world");
    let rows: Vec<[f64; 6]> = (0..people).map(|_| std::array::from_fn(|_| draws.normal())).collect();
    let mut decide = |viewer: u64| {
        let candidate = (viewer + 1 + draws.bits() % (people - 1)) % people;
        let (i, j) = (rows[viewer as usize], rows[candidate as usize]);
        let offset = 0.5 * draws.normal();
        let truth = -0.5 + offset + 0.7 * i[0] + 0.7 * j[1] + strength * (i[2] * j[4] + i[3] * j[5]);
        (Decision { viewer, candidate, offset, liked: draws.unit() < sigmoid(truth) }, truth)
    };
    let all = |each: usize, decide: &mut dyn FnMut(u64) -> (Decision<u64>, f64)| -> Vec<_> {
        (0..each).flat_map(|_| (0..people).collect::<Vec<_>>()).map(decide).collect()
    };
    let log = all(each, &mut decide).into_iter().map(|(decision, _)| decision).collect();
    (log, all(10, &mut decide))
}

fn model(factors: usize) -> Factors<u64> {
    Factors::new(FactorSettings { seed: 3, ..FactorSettings::new(factors, sigmoid(-0.5)) }).unwrap()
}

/// Mean log-loss of held-out decisions, and the least possible one.
fn held_out(model: &Factors<u64>, held: &[(Decision<u64>, f64)]) -> (f64, f64) {
    let (mut loss, mut best) = (0.0, 0.0);
    for (decision, truth) in held {
        let p = model.predict(decision.viewer, decision.candidate, decision.offset).unwrap();
        let y = f64::from(u8::from(decision.liked));
        loss += log_loss(logit(p), y);
        best += log_loss(*truth, y);
    }
    (loss / held.len() as f64, best / held.len() as f64)
}

#[test]
fn a_log_gives_the_planted_tastes_back() {
    let (log, held) = world(1, 120, 160);
    let (mut biases, mut factors) = (model(0), model(4));
    biases.fit(&log, 10, 2).unwrap();
    factors.fit(&log, 8, 2).unwrap();
    let (plain, best) = held_out(&biases, &held);
    let (learned, _) = held_out(&factors, &held);
    // Most of what biases cannot say is learned.
    assert!(plain - best > 0.1, "the tastes matter: {plain} {best}");
    assert!((learned - best) < 0.3 * (plain - best), "{learned} between {best} and {plain}");
}

#[test]
fn a_stream_teaches_too() {
    let (log, held) = world(2, 150, 300);
    let (mut biases, mut factors) = (model(0), model(4));
    let (mut early, mut late) = (0.0, 0.0);
    for (n, &decision) in log.iter().enumerate() {
        biases.observe(decision).unwrap();
        let p = factors.observe(decision).unwrap();
        let loss = log_loss(logit(p), f64::from(u8::from(decision.liked)));
        if n < log.len() / 5 {
            early += loss;
        } else if n >= log.len() * 4 / 5 {
            late += loss;
        }
    }
    assert!(late < 0.95 * early, "{late} {early}");
    let (plain, best) = held_out(&biases, &held);
    let (learned, _) = held_out(&factors, &held);
    assert!((learned - best) < 0.6 * (plain - best), "{learned} between {best} and {plain}");
}

#[test]
fn factors_that_are_not_there_do_no_harm() {
    let (log, held) = world_of(3, 150, 60, 0.0);
    let (mut biases, mut factors) = (model(0), model(8));
    biases.fit(&log, 8, 2).unwrap();
    factors.fit(&log, 8, 2).unwrap();
    let (plain, _) = held_out(&biases, &held);
    let (learned, _) = held_out(&factors, &held);
    assert!(learned < plain + 0.005, "{learned} {plain}");
}

#[test]
fn biases_alone_are_the_whole_models_minimum() {
    // Without factors the problem is convex: alternating must end where one fit of everybody's biases does.
    let (log, _) = world_of(8, 12, 40, 0.0);
    let mut alternating = model(0);
    alternating.fit(&log, 60, 1).unwrap();
    let mut rows = Rows::new(24);
    for decision in &log {
        let mut features = [0.0; 24];
        features[decision.viewer as usize] = 1.0;
        features[12 + decision.candidate as usize] = 1.0;
        rows.push(&features, alternating.base + decision.offset, decision.liked).unwrap();
    }
    let joint = fit(&rows, &Posterior::isotropic(24, 1.0).unwrap(), 1).unwrap();
    for id in 0..12 {
        for (role, at) in [(Role::Viewer, id), (Role::Candidate, 12 + id)] {
            let found = f64::from(alternating.belief(role, id as u64).unwrap().mean[0]);
            assert!((found - joint.posterior.mean()[at]).abs() < 1e-3, "{role:?} {id}: {found}");
        }
    }
}

#[test]
fn threads_change_no_bit_and_ids_start_where_they_always_do() {
    let (log, _) = world(4, 40, 20);
    let fitted = |threads| {
        let mut model = model(3);
        model.fit(&log, 3, threads).unwrap();
        format!("{:?} {:?}", model.viewers, model.candidates)
    };
    assert_eq!(fitted(1), fitted(2));
    assert_eq!(fitted(1), fitted(7));
    let start = |before: &[Decision<u64>]| {
        let mut model = model(3);
        model.fit(before, 0, 1).unwrap();
        model.fit(&log[5..6], 0, 1).unwrap();
        model.belief(Role::Viewer, log[5].viewer).unwrap().mean.to_vec()
    };
    assert_eq!(start(&[]), start(&log[..5]));
    assert!(start(&[])[1..].iter().all(|&x| x != 0.0 && x.abs() < 0.5));
    // Nobody seeks what they are.
    let mut model = model(3);
    model.fit(&[log[0], Decision { viewer: log[0].candidate, candidate: log[0].viewer, ..log[0] }], 0, 1).unwrap();
    let of = |role| model.belief(role, log[0].viewer).unwrap().mean.to_vec();
    assert_ne!(of(Role::Viewer), of(Role::Candidate));
}

#[test]
fn one_observation_is_the_posterior_update_of_the_linear_model() {
    // Candidate known to be [0.3; 2, -1] for certain: the viewer's update is that of features [1, 2, -1].
    let mut factors = model(2);
    let certain = Belief { mean: &[0.3, 2.0, -1.0], variance: &[1e-12; 3] };
    factors.restore(Role::Candidate, 9, certain).unwrap();
    factors.restore(Role::Viewer, 1, Belief { mean: &[0.1, -0.2, 0.4], variance: &[1.0, 0.5, 0.25] }).unwrap();
    let mut linear = Posterior::from_parts(vec![0.1, -0.2, 0.4, 1.0], vec![1.0, 0.5, 0.25, 1e-12]).unwrap();
    let rest = factors.base + 0.7 + 0.3;
    let p = linear.update(&[1.0, 2.0, -1.0, rest], true).unwrap();
    let q = factors.observe(Decision { viewer: 1, candidate: 9, offset: 0.7, liked: true }).unwrap();
    assert!((p - q).abs() < 1e-6);
    let belief = factors.belief(Role::Viewer, 1).unwrap();
    for i in 0..3 {
        assert!((f64::from(belief.mean[i]) - linear.mean()[i]).abs() < 1e-6);
        assert!((f64::from(belief.variance[i]) - linear.variance()[i]).abs() < 1e-6);
    }
}

#[test]
fn variances_never_grow_and_stay_positive() {
    let (log, _) = world(5, 10, 100);
    let mut factors = model(3);
    for &decision in &log {
        let before = factors.clone();
        factors.observe(Decision { offset: 1e5 * decision.offset, ..decision }).unwrap();
        for role in [Role::Viewer, Role::Candidate] {
            for (id, after) in factors.beliefs(role) {
                let prior = before.prior_variance();
                let old = before.belief(role, id).map_or(&*prior, |belief| belief.variance);
                assert!(after.variance.iter().zip(old).all(|(new, old)| *new > 0.0 && new <= old));
                assert!(after.mean.iter().all(|m| m.is_finite()));
            }
        }
    }
}

#[test]
fn folding_keeps_the_logit_one_inner_product() {
    let (log, _) = world(6, 30, 40);
    let mut factors = model(3);
    factors.fit(&log, 5, 1).unwrap();
    let content = |id: u64| -> ([f32; 2], [f32; 2]) { ([id as f32 / 30.0, 1.0], [0.5, -(id as f32) / 60.0]) };
    let weight = 0.4;
    for (i, j) in [(0_u64, 1_u64), (7, 3), (2, 999)] {
        let (is_i, seeks_i) = content(i);
        let (is_j, seeks_j) = content(j);
        let (_, seeks) = factors.fold(i, &is_i, &seeks_i, weight).unwrap();
        let (is, _) = factors.fold(j, &is_j, &seeks_j, weight).unwrap();
        assert_eq!(is.len(), factors.folded_dims(2));
        let folded: f64 = seeks.iter().zip(&is).map(|(&a, &b)| weight * f64::from(a) * f64::from(b)).sum();
        let u = factors.belief(Role::Viewer, i).map_or(vec![0.0; 4], |b| b.mean.to_vec());
        let v = factors.belief(Role::Candidate, j).map_or(vec![0.0; 4], |b| b.mean.to_vec());
        let mut plain = weight * seeks_i.iter().zip(&is_j).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
        plain += f64::from(u[0] + v[0]);
        plain += u[1..].iter().zip(&v[1..]).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
        assert!((folded - plain).abs() < 1e-5, "{folded} {plain}");
    }
    factors.fold(0, &[1.0], &[], 1.0).unwrap_err();
    factors.fold(0, &[], &[], 0.0).unwrap_err();
}

#[test]
fn what_is_kept_can_be_restored() {
    let (log, held) = world(7, 30, 20);
    let mut factors = model(2);
    factors.fit(&log, 3, 1).unwrap();
    let mut again = model(2);
    for role in [Role::Viewer, Role::Candidate] {
        for (id, belief) in factors.beliefs(role) {
            again.restore(role, id, belief).unwrap();
        }
    }
    assert_eq!(held_out(&again, &held), held_out(&factors, &held));
    again.restore(Role::Viewer, 1, Belief { mean: &[0.0], variance: &[1.0] }).unwrap_err();
    again.restore(Role::Viewer, 1, Belief { mean: &[0.0; 3], variance: &[1.0, 0.0, 1.0] }).unwrap_err();
}

#[test]
fn wrong_settings_and_decisions_are_refused() {
    for settings in [
        FactorSettings::new(257, 0.5),
        FactorSettings::new(2, 1.0),
        FactorSettings { bias_variance: 0.0, ..FactorSettings::new(2, 0.5) },
        FactorSettings { factor_variance: f64::NAN, ..FactorSettings::new(2, 0.5) },
    ] {
        Factors::<u32>::new(settings).unwrap_err();
    }
    let mut factors = model(2);
    let good = Decision { viewer: 1, candidate: 2, offset: 0.0, liked: true };
    assert_eq!(factors.observe(Decision { candidate: 1, ..good }), Err(LearnError::SamePerson));
    factors.fit(&[good, Decision { offset: f64::NAN, ..good }], 1, 1).unwrap_err();
    assert!(factors.belief(Role::Viewer, 1).is_none());
    assert_eq!(factors.predict(1, 2, 0.0).unwrap(), model(2).predict(5, 6, 0.0).unwrap());
}
