//! What people seek follows whom they like: by every path to the same place, on pages that stay exact.

use std::collections::{BTreeMap, BTreeSet};

use gpting_core::{After, Config, Day, Engine, Event, Gender, Person, Pick, Reason, View};

use crate::crowd::Dice;

const DIMS: usize = 8;
const PRIOR: f32 = 3.0;
const PEOPLE: u32 = 300;

fn engine() -> Engine<u32> {
    let mut engine = Engine::new(Config::dims(DIMS).taste(PRIOR)).unwrap();
    engine.set_today(Day::from_ymd(2026, 11, 23).unwrap());
    engine
}

fn text(dice: &mut Dice) -> Vec<f32> {
    (0..DIMS).map(|_| dice.sign() as f32).collect()
}

/// What content adds to "a likes b", from scratch.
fn content(is: &BTreeMap<u32, Vec<f32>>, likes: &BTreeSet<(u32, u32)>, a: u32, b: u32) -> f64 {
    let liked: Vec<u32> = likes.range((a, 0)..=(a, u32::MAX)).map(|(_, other)| *other).collect();
    let prior = f64::from(PRIOR);
    let seek = |at: usize| {
        let sum: f64 = liked.iter().map(|other| f64::from(is[other][at])).sum();
        (prior * f64::from(is[&a][at]) + sum) / (prior + liked.len() as f64)
    };
    (0..DIMS).map(|at| seek(at) * f64::from(is[&b][at])).sum()
}

fn told(view: &View<u32>, a: u32, b: u32) -> f64 {
    let why = view.explain(a, b).unwrap();
    why.there.iter().find(|part| part.code == Reason::Content).map_or(0.0, |part| part.logit)
}

fn plain(view: &View<u32>, me: u32) -> Vec<Pick<u32>> {
    let shown = (0..PEOPLE).filter(|&other| other != me && !view.excluded(me, other).unwrap());
    let mut picks: Vec<_> = shown.map(|other| view.score(me, other).unwrap()).collect();
    picks.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
    picks
}

#[test]
fn likes_texts_and_second_thoughts_lead_to_the_mean_of_what_is_liked() {
    let (mut engine, mut dice) = (engine(), Dice(5));
    let mut is: BTreeMap<u32, Vec<f32>> = (0..PEOPLE).map(|id| (id, text(&mut dice))).collect();
    // Half of them at once, the others one by one; what they claim to seek is not used.
    let claimed = |is: &Vec<f32>| Person::new(Gender::O, 30).vectors(is, &[9.0; DIMS]);
    engine.extend(is.iter().take(150).map(|(&id, is)| (id, claimed(is)))).unwrap();
    is.iter().skip(150).for_each(|(&id, is)| engine.upsert(id, claimed(is)).unwrap());
    let mut likes = BTreeSet::new();
    // Only the first few act, so that they have many likes each; nobody who was liked says anything new.
    for at in 1..4000 {
        let (a, b) = (dice.below(20) as u32, 20 + dice.below(280) as u32);
        match dice.below(8) {
            0 => {
                let new = text(&mut dice);
                engine.upsert(a, Person::new(Gender::O, 30).content(&new)).unwrap();
                is.insert(a, new);
            }
            1 | 2 => {
                let kind = if dice.chance(50) { Event::undo(a, b, at) } else { Event::pass(a, b, at) };
                engine.record(kind).unwrap();
                likes.remove(&(a, b));
            }
            _ => {
                engine.record(Event::like(a, b, at)).unwrap();
                likes.insert((a, b));
            }
        }
    }
    assert!(likes.len() > 1000);
    let view = engine.view();
    for a in 0..40 {
        for b in (0..PEOPLE).step_by(7).filter(|&b| b != a) {
            let (told, wanted) = (told(&view, a, b), content(&is, &likes, a, b));
            assert!((told - wanted).abs() < 1e-4, "{a} {b}: {told}, not {wanted}");
        }
        let page = view.top(a, PEOPLE as usize, After::Start).unwrap();
        assert_eq!(page, plain(&view, a), "{a}: the index has followed");
    }
}

#[test]
fn what_was_learned_outlives_being_written_down() {
    let (mut engine, mut dice) = (engine(), Dice(9));
    for id in 0..PEOPLE {
        engine.upsert(id, Person::new(Gender::O, 30).content(&text(&mut dice))).unwrap();
    }
    for liked in 1..30 {
        engine.record(Event::like(0, liked, liked.into())).unwrap();
    }
    let mut bytes = Vec::new();
    engine.save(&mut bytes, u128::from).unwrap();
    let config = Config::dims(DIMS).taste(PRIOR);
    let mut loaded = Engine::load(config, &bytes[..], |number| u32::try_from(number).ok(), 1).unwrap();
    // Both go on in the same way.
    for engine in [&mut engine, &mut loaded] {
        engine.record(Event::undo(0, 3, 40)).unwrap();
        engine.record(Event::like(0, 99, 41)).unwrap();
    }
    assert_eq!(loaded.view().top(0, 50, After::Start), engine.view().top(0, 50, After::Start));
}
