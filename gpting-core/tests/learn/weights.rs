//! Planted multipliers of the engine's weights: found again from explained decisions, and worth having.

use gpting_core::learn::{Features, Learner, Term};
use gpting_core::{Config, Reason, View, Weights};

use crate::town::{Dice, Town, loss};

/// By term: pickiness, appeal, interests, attributes, near, age, content.
const PLANTED: [f64; 7] = [0.8, 1.3, 0.4, 1.6, 0.5, 1.8, 1.2];
const OFFSET: f64 = -0.5;
const DIMS: usize = 4;

struct Decisions {
    /// Explained pairs with the planted logit and what was decided.
    list: Vec<((u32, u32), f64, bool)>,
}

impl Decisions {
    fn new(town: &Town, view: &View<u32>, seed: u64, count: usize) -> Self {
        let features = Features::new(&[]);
        let mut dice = Dice::new(seed);
        let list = town
            .pairs(seed, count)
            .into_iter()
            .map(|(viewer, candidate)| {
                let why = view.explain(viewer, candidate).unwrap();
                let x = features.of(&why.there).unwrap();
                let base = why.there.iter().find(|part| part.code == Reason::Base).unwrap().logit;
                assert!((base + x.iter().sum::<f64>() - why.there_logit()).abs() < 1e-12, "nothing is lost");
                let truth = base + OFFSET + x.iter().zip(PLANTED).map(|(x, m)| x * m).sum::<f64>();
                ((viewer, candidate), truth, dice.says_yes(truth))
            })
            .collect();
        Self { list }
    }

    /// Mean log-loss of what a view says.
    fn loss(&self, view: &View<u32>) -> f64 {
        let losses = self
            .list
            .iter()
            .map(|&((viewer, candidate), _, liked)| loss(view.score(viewer, candidate).unwrap().there, liked));
        losses.sum::<f64>() / self.list.len() as f64
    }
}

#[test]
fn planted_multipliers_are_found_and_the_new_engine_predicts_better() {
    let town = Town::new(1, 200, DIMS);
    let view = town.engine(Config::dims(DIMS), true).view();
    let log = Decisions::new(&town, &view, 2, 12_000);
    let mut learner = Learner::new(Weights::default(), Features::new(&[]));
    for &((viewer, candidate), _, liked) in &log.list {
        learner.push(viewer, &view.explain(viewer, candidate).unwrap().there, liked).unwrap();
    }
    let learned = learner.fit(2).unwrap();
    for (found, planted) in learned.multipliers.iter().zip(PLANTED) {
        assert!((found.value - planted).abs() < 4.0 * found.deviation, "{found:?} for {planted}");
    }
    for (term, most) in [(Term::Pickiness, 0.1), (Term::Appeal, 0.1), (Term::Attributes, 0.15), (Term::Content, 0.1)] {
        assert!(learned.multipliers[term as usize].deviation < most, "{term:?} {:?}", learned.multipliers);
    }

    // An engine of the learned weights, on decisions that nobody learned from.
    let better = town.engine(Config::dims(DIMS).weights(learned.weights).signal(learned.offset), true).view();
    let held = Decisions::new(&town, &view, 3, 6_000);
    let best = held.list.iter().map(|&(_, truth, liked)| loss(crate::town::chance(truth), liked)).sum::<f64>()
        / held.list.len() as f64;
    let (old, new) = (held.loss(&view), held.loss(&better));
    eprintln!("held-out log-loss: today {old:.4}, learned {new:.4}, least possible {best:.4}");
    assert!(new < best + 0.003 && old > best + 0.03, "{old} {new} {best}");
    assert!((learned.held_out_log_loss - new).abs() < 0.015 && learned.held_out_log_loss < learned.log_loss_before);
    let squares = held.list.iter().map(|&((viewer, candidate), truth, _)| {
        (better.explain(viewer, candidate).unwrap().there_logit() - truth).powi(2)
    });
    let off = (squares.sum::<f64>() / held.list.len() as f64).sqrt();
    assert!(off < 0.12, "the new engine's logits are the planted ones: {off}");

    // Learning again from the new engine changes next to nothing.
    let mut again = Learner::again(learned.weights, learned.offset, Features::new(&[]));
    for &((viewer, candidate), _, liked) in &log.list {
        again.push(viewer, &better.explain(viewer, candidate).unwrap().there, liked).unwrap();
    }
    let second = again.fit(2).unwrap();
    for multiplier in &second.multipliers {
        assert!((multiplier.value - 1.0).abs() < 0.35 * (1.0 + multiplier.deviation), "{multiplier:?}");
    }
    assert!((second.offset.logit() - learned.offset.logit()).abs() < 0.15);
}

#[test]
fn the_probabilities_of_the_new_engine_come_true() {
    let town = Town::new(4, 150, DIMS);
    let view = town.engine(Config::dims(DIMS), true).view();
    let log = Decisions::new(&town, &view, 5, 8_000);
    let mut learner = Learner::new(Weights::default(), Features::new(&[]));
    for &((viewer, candidate), _, liked) in &log.list {
        learner.push(viewer, &view.explain(viewer, candidate).unwrap().there, liked).unwrap();
    }
    let learned = learner.fit(1).unwrap();
    let better = town.engine(Config::dims(DIMS).weights(learned.weights).signal(learned.offset), true).view();
    let held = Decisions::new(&town, &view, 6, 8_000);
    let error = |view: &View<u32>| {
        let mut bins = [(0.0, 0.0); 10];
        for &((viewer, candidate), _, liked) in &held.list {
            let p = view.score(viewer, candidate).unwrap().there;
            let at = (0..9).find(|&at| p * 10.0 < f64::from(at + 1)).unwrap_or(9);
            let bin = &mut bins[usize::try_from(at).unwrap()];
            *bin = (bin.0 + p, bin.1 + f64::from(u8::from(liked)));
        }
        bins.iter().map(|(p, y)| (p - y).abs()).sum::<f64>() / held.list.len() as f64
    };
    let (old, new) = (error(&view), error(&better));
    eprintln!("expected calibration error: today {old:.4}, learned {new:.4}");
    assert!(new < 0.015 && old > 0.03, "{old} {new}");
}
