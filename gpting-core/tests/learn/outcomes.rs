//! What talks say beside likes: in a town where it matters, who is talked to is found sooner; where it says nothing, little
//! is lost.

use gpting_core::{Config, Day, Engine, Event, Gender, Person, Talk};

use crate::town::{Dice, chance};

const PEOPLE: u32 = 500;
const DECISIONS: u32 = 15;

/// How well two engines, one of which hears of talks, tell whom others like, and whom they like and answer: the chance that
/// of two people the better one stands higher.
#[derive(Debug)]
struct Told {
    likes: [f64; 2],
    answers: [f64; 2],
}

fn engine() -> Engine<u32> {
    let mut engine = Engine::new(Config::dims(0)).unwrap();
    engine.set_today(Day::from_ymd(2026, 11, 23).unwrap());
    for id in 0..PEOPLE {
        engine.upsert(id, Person::new(Gender::O, 30)).unwrap();
    }
    engine
}

/// Of all pairs with different truths, how many the estimates order alike; ties count half.
fn agreement(estimates: &[f64], truths: &[f64]) -> f64 {
    let (mut alike, mut all) = (0.0, 0.0);
    for a in 0..truths.len() {
        for b in 0..a {
            if (truths[a] - truths[b]).abs() > 1e-9 {
                let order = (estimates[a] - estimates[b]) * (truths[a] - truths[b]);
                alike += if order > 0.0 {
                    1.0
                } else if order < 0.0 {
                    0.0
                } else {
                    0.5
                };
                all += 1.0;
            }
        }
    }
    alike / all
}

/// A town in which being worth an answer weighs so much beside being liked; 0 for answers that are nothing but noise.
fn told(seed: u64, worth: f64) -> Told {
    let mut dice = Dice::new(seed);
    let likeable: Vec<f64> = (0..PEOPLE).map(|_| dice.normal()).collect();
    let answered: Vec<f64> = (0..PEOPLE).map(|_| dice.normal()).collect();
    let like = |id: u32| -1.0 + likeable[id as usize];
    let answer = |id: u32| -0.4 + worth * answered[id as usize];
    let (mut plain, mut heard) = (engine(), engine());
    let mut at = 0;
    for actor in 0..PEOPLE {
        for _ in 0..DECISIONS {
            let other = (actor + 1 + u32::from(dice.below(499))) % PEOPLE;
            at += 1;
            let liked = dice.says_yes(like(other));
            let event = if liked { Event::like(actor, other, at) } else { Event::pass(actor, other, at) };
            plain.record(event).unwrap();
            heard.record(event).unwrap();
            // Of those liked, some like back; then the other writes, and is answered or not.
            if liked && dice.says_yes(0.0) {
                let talk = match (dice.says_yes(answer(other)), dice.says_yes(0.0)) {
                    (true, true) => Talk::Conversed,
                    (true, false) => Talk::Replied,
                    (false, true) => Talk::Addressed,
                    (false, false) => Talk::Silent,
                };
                heard.record(Event::talk(actor, other, talk, at)).unwrap();
            }
        }
    }
    let estimates = [&plain, &heard].map(|engine| {
        let view = engine.view();
        (1..PEOPLE).map(|id| view.explain(0, id).unwrap().there_logit()).collect::<Vec<_>>()
    });
    let likes: Vec<f64> = (1..PEOPLE).map(|id| chance(like(id))).collect();
    let answers: Vec<f64> = (1..PEOPLE).map(|id| chance(like(id)) * chance(answer(id))).collect();
    Told {
        likes: [0, 1].map(|of| agreement(&estimates[of], &likes)),
        answers: [0, 1].map(|of| agreement(&estimates[of], &answers)),
    }
}

/// The same over five towns.
fn mean(worth: f64) -> Told {
    let towns: Vec<Told> = (1..=5).map(|seed| told(seed, worth)).collect();
    let mean = |of: fn(&Told) -> [f64; 2]| [0, 1].map(|at| towns.iter().map(|town| of(town)[at]).sum::<f64>() / 5.0);
    Told { likes: mean(|town| town.likes), answers: mean(|town| town.answers) }
}

#[test]
fn talks_find_whom_people_answer_and_cost_little_where_they_say_nothing() {
    for worth in [1.0, 2.0] {
        let told = mean(worth);
        eprintln!("worth {worth}: {told:?}");
        assert!(told.answers[1] > told.answers[0] + 0.01, "{told:?}");
    }
    let noise = mean(0.0);
    eprintln!("worth 0: {noise:?}");
    assert!(noise.likes[1] > noise.likes[0] - 0.02, "{noise:?}");
}
