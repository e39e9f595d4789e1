//! What no profile says: factors folded into the engine's vectors, and newcomers guessed from content.

use gpting_core::learn::{ColdStart, Decision, FactorSettings, Factors, Known, Role};
use gpting_core::{Config, View, Weights};

use crate::town::{Dice, Town, loss};

/// A decision with its true logit.
type Logged = (Decision<u32>, f64);

/// Decisions by the engine's logit and planted tastes, with their true logit.
fn decisions(town: &Town, view: &View<u32>, tastes: &[[f64; 4]], seed: u64, count: usize) -> Vec<Logged> {
    let mut dice = Dice::new(seed);
    let decide = |(viewer, candidate): (u32, u32)| {
        let offset = view.explain(viewer, candidate).unwrap().there_logit();
        let (u, v) = (tastes[viewer as usize], tastes[candidate as usize]);
        let truth = offset + u[0] * v[2] + u[1] * v[3];
        (Decision { viewer, candidate, offset, liked: dice.says_yes(truth) }, truth)
    };
    town.pairs(seed, count).into_iter().map(decide).collect()
}

#[test]
fn folded_factors_make_the_engine_predict_what_profiles_do_not_say() {
    let town = Town::new(7, 120, 3);
    let view = town.engine(Config::dims(3), true).view();
    let mut dice = Dice::new(8);
    let tastes: Vec<[f64; 4]> = (0..town.len()).map(|_| std::array::from_fn(|_| 1.2 * dice.normal())).collect();
    let log = decisions(&town, &view, &tastes, 9, 20_000);
    let mut factors = Factors::new(FactorSettings::new(3, Weights::default().like_rate)).unwrap();
    // The engine's logit holds its base already; the model adds its own, so it is taken out of the offset.
    let base = (0.15_f64 / 0.85).ln();
    let own: Vec<Decision<u32>> = log.iter().map(|(d, _)| Decision { offset: d.offset - base, ..*d }).collect();
    factors.fit(&own, 8, 2).unwrap();

    let mut folded = town.clone();
    for id in 0..town.len() {
        let (is, seeks) = factors.fold(id, town.is(id), town.seeks(id), Weights::default().content).unwrap();
        folded.edit(id, |person| person.vectors(&is, &seeks));
    }
    let better = folded.engine(Config::dims(factors.folded_dims(3)), true).view();
    let held = decisions(&town, &view, &tastes, 10, 4_000);
    let mean = |of: &dyn Fn(&Logged) -> f64| {
        held.iter().map(|row| loss(of(row), row.0.liked)).sum::<f64>() / held.len() as f64
    };
    let old = mean(&|(d, _)| view.score(d.viewer, d.candidate).unwrap().there);
    let new = mean(&|(d, _)| better.score(d.viewer, d.candidate).unwrap().there);
    let best = mean(&|(_, truth)| crate::town::chance(*truth));
    eprintln!("held-out log-loss: profiles {old:.4}, with factors {new:.4}, least possible {best:.4}");
    assert!(new - best < 0.35 * (old - best), "{old} {new} {best}");

    // The engine's logit is the model's, for every pair: one inner product holds it all.
    for (decision, _) in held.iter().take(300) {
        let there = better.explain(decision.viewer, decision.candidate).unwrap().there_logit();
        let belief =
            |role, id| factors.belief(role, id).unwrap().mean.iter().map(|&m| f64::from(m)).collect::<Vec<_>>();
        let (u, v) = (belief(Role::Viewer, decision.viewer), belief(Role::Candidate, decision.candidate));
        let model = u[0] + v[0] + u[1..].iter().zip(&v[1..]).map(|(u, v)| u * v).sum::<f64>();
        assert!((there - decision.offset - model).abs() < 1e-4, "{there} {} {model}", decision.offset);
    }
}

#[test]
fn a_newcomers_appeal_is_guessed_from_content() {
    // Appeal is written in the profile: the more of three things somebody has, the better liked.
    let mut dice = Dice::new(11);
    let profile: Vec<[f64; 3]> = (0..400).map(|_| std::array::from_fn(|_| dice.normal())).collect();
    let appeal = |x: &[f64; 3]| 0.2 + 0.8 * x[0] - 0.5 * x[1];
    let mut biases = Factors::new(FactorSettings::new(0, 0.5)).unwrap();
    let mut log = Vec::new();
    for viewer in 0..300_u32 {
        for _ in 0..40 {
            let candidate = (viewer + 1 + u32::from(dice.below(299))) % 300;
            let noise = 0.3 * dice.normal();
            let liked = dice.says_yes(appeal(&profile[candidate as usize]) + noise);
            log.push(Decision { viewer, candidate, offset: 0.0, liked });
        }
    }
    biases.fit(&log, 5, 1).unwrap();
    let known: Vec<Known<'_>> = biases
        .beliefs(Role::Candidate)
        .map(|(id, belief)| {
            let weight = f64::from(1.0 / belief.variance[0]);
            Known { features: &profile[id as usize], bias: f64::from(belief.mean[0]), weight }
        })
        .collect();
    let guesser = ColdStart::fit(&known).unwrap();
    assert!(guesser.uses_content());
    let (mut guessed, mut average) = (0.0, 0.0);
    for x in &profile[300..] {
        let truth = appeal(x);
        guessed += (guesser.guess(x).unwrap().mean - truth).powi(2);
        average += (guesser.population_mean() - truth).powi(2);
    }
    assert!(guessed < 0.1 * average, "{guessed} {average}");
}
