//! What people seek follows whom they like: by every path to the same place, on pages that stay exact.

use std::collections::{BTreeMap, BTreeSet};

use gpting_core::{After, Config, Day, Engine, Event, Gender, Person, Pick, Reason, Talk, View};

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
    // Only the first few act, so that they have many likes each.
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

fn written_down_and_read(engine: &Engine<u32>) -> Engine<u32> {
    let mut bytes = Vec::new();
    engine.save(&mut bytes, u128::from).unwrap();
    let config = Config::dims(DIMS).taste(PRIOR);
    Engine::load(config, &bytes[..], |number| u32::try_from(number).ok(), 2).unwrap()
}

#[test]
fn what_was_learned_from_a_text_is_unlearned_with_that_text() {
    const FEW: u32 = 24;
    let (mut engine, mut dice) = (engine(), Dice(11));
    let mut is: Vec<Vec<f32>> = (0..FEW).map(|_| text(&mut dice)).collect();
    for (id, is) in (0..).zip(&is) {
        engine.upsert(id, Person::new(Gender::O, 30).content(is)).unwrap();
    }
    // Who likes whom: the text it was learned from, what it counts for, and how far the talk has come.
    let mut likes: BTreeMap<(u32, u32), (Vec<f32>, f64)> = BTreeMap::new();
    let mut talks: BTreeMap<(u32, u32), Talk> = BTreeMap::new();
    let weight = |talk: Option<&Talk>| talk.map_or(1.0, |talk| f64::from(talk.quarters()) / 4.0);
    let check = |engine: &Engine<u32>, is: &[Vec<f32>], likes: &BTreeMap<(u32, u32), (Vec<f32>, f64)>| {
        let view = engine.view();
        for a in 0..FEW {
            let own: Vec<_> = likes.range((a, 0)..=(a, u32::MAX)).map(|(_, like)| like).collect();
            let all = f64::from(PRIOR) + own.iter().map(|(_, weight)| weight).sum::<f64>();
            let seek = |at: usize| {
                let sum: f64 = own.iter().map(|(text, weight)| weight * f64::from(text[at])).sum();
                (f64::from(PRIOR) * f64::from(is[a as usize][at]) + sum) / all
            };
            let b = (a + 1) % FEW;
            let wanted: f64 = (0..DIMS).map(|at| seek(at) * f64::from(is[b as usize][at])).sum();
            let told = told(&view, a, b);
            assert!((told - wanted).abs() < 1e-4, "{a} {b}: {told}, not {wanted}");
            assert_eq!(view.top(a, FEW as usize, After::Start).unwrap(), {
                let shown = (0..FEW).filter(|&other| other != a && !view.excluded(a, other).unwrap());
                let mut picks: Vec<_> = shown.map(|other| view.score(a, other).unwrap()).collect();
                picks.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
                picks
            });
        }
    };
    for at in 1..4_000 {
        let (a, b) = (dice.below(FEW as usize) as u32, dice.below(FEW as usize) as u32);
        if a == b || dice.chance(20) {
            is[a as usize] = text(&mut dice);
            engine.upsert(a, Person::new(Gender::O, 30).content(&is[a as usize])).unwrap();
        } else {
            match dice.below(6) {
                0 => {
                    engine.record(Event::undo(a, b, at)).unwrap();
                    likes.remove(&(a, b));
                }
                1 => {
                    engine.record(Event::pass(a, b, at)).unwrap();
                    likes.remove(&(a, b));
                }
                2 => {
                    let talk = Talk::ALL[dice.below(5)];
                    engine.record(Event::talk(a, b, talk, at)).unwrap();
                    let furthest = talks.entry((a, b)).or_insert(talk);
                    *furthest = (*furthest).max(talk);
                    if let Some(like) = likes.get_mut(&(a, b)) {
                        like.1 = weight(Some(furthest));
                    }
                }
                _ => {
                    // Liked again, somebody is liked as they were.
                    engine.record(Event::like(a, b, at)).unwrap();
                    let counts = weight(talks.get(&(a, b)));
                    likes.entry((a, b)).or_insert_with(|| (is[b as usize].clone(), counts));
                }
            }
        }
        if at % 500 == 0 {
            engine = written_down_and_read(&engine);
            check(&engine, &is, &likes);
        }
    }
    assert!(likes.len() > 50);
    // Nothing is left behind of anybody.
    for (a, b) in likes.keys() {
        engine.record(Event::undo(*a, *b, 5_000)).unwrap();
    }
    check(&engine, &is, &BTreeMap::new());
}
