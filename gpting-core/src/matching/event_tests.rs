//! Rules of what is learned from what people do: any order, bounded, unlearned, shrunk.

use proptest::prelude::*;

use super::*;
use crate::matching::{Day, Engine, Gender, Person};

const PEOPLE: u32 = 6;

fn engine() -> Engine<u32> {
    let mut engine = Engine::new(crate::matching::Config::dims(0)).unwrap();
    engine.set_today(Day::from_ymd(2026, 11, 23).unwrap());
    for id in 0..PEOPLE {
        engine.upsert(id, Person::new(Gender::O, 30)).unwrap();
    }
    engine
}

/// Every logit of every ordered pair, as its bits: what the model says.
fn model(engine: &Engine<u32>) -> Vec<u64> {
    let view = engine.view();
    let pairs = (0..PEOPLE).flat_map(|a| (0..PEOPLE).map(move |b| (a, b))).filter(|(a, b)| a != b);
    pairs.map(|(a, b)| view.explain(a, b).unwrap().there_logit().to_bits()).collect()
}

fn learned(events: impl IntoIterator<Item = Event<u32>>) -> Vec<u64> {
    let mut engine = engine();
    for event in events {
        engine.record(event).unwrap();
    }
    model(&engine)
}

/// The logit that 1 likes 0 after these events, against nothing known.
fn appeal_of_0(events: &[Event<u32>]) -> f64 {
    let logit = |events: &[Event<u32>]| {
        let mut engine = engine();
        for event in events {
            engine.record(*event).unwrap();
        }
        engine.view().explain(1, 0).unwrap().there_logit()
    };
    logit(events) - logit(&[])
}

fn kinds() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        Just(EventKind::Like),
        Just(EventKind::Pass),
        Just(EventKind::Undo),
        Just(EventKind::Block),
        Just(EventKind::Unblock),
        Just(EventKind::Unmatch),
        (0..Talk::ALL.len()).prop_map(|stage| EventKind::Talk(Talk::ALL[stage])),
    ]
}

/// Events of some people at times of their own, and an order to hear them in.
fn histories() -> impl Strategy<Value = (Vec<Event<u32>>, Vec<Event<u32>>)> {
    let event = (0..PEOPLE, 1..PEOPLE, kinds());
    prop::collection::vec(event, 1..60).prop_flat_map(|drawn| {
        let history: Vec<_> = drawn
            .into_iter()
            .zip(1..)
            .map(|((actor, step, kind), at)| Event { actor, other: (actor + step) % PEOPLE, at, kind })
            .collect();
        (Just(history.clone()), Just(history).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn whatever_the_order_the_model_is_the_same((history, shuffled) in histories()) {
        let wanted = learned(history.iter().copied());
        prop_assert_eq!(&learned(shuffled.iter().copied()), &wanted);
        // Everything twice, and the last first.
        prop_assert_eq!(&learned(shuffled.into_iter().rev().chain(history)), &wanted);
    }

    #[test]
    fn one_person_moves_another_by_no_more_than_three_decisions((history, _) in histories()) {
        let of_one: Vec<_> = history.into_iter().filter(|event| event.actor == 2 && event.other == 0).collect();
        // Ten decisions of the mean stand against it: 3 of 13.
        let (most, least) = (logit_of((10.0 * 0.15 + 3.0) / 13.0), logit_of(10.0 * 0.15 / 11.0));
        let base = logit_of(0.15);
        let moved = appeal_of_0(&of_one);
        prop_assert!(moved <= 0.86 * (most - base) + 1e-6 && moved >= 0.86 * (least - base) - 1e-6, "{}", moved);
    }

    #[test]
    fn acts_are_saved_and_read_back((history, _) in histories()) {
        let mut act = Act::new(7);
        for event in history {
            act = act.after(event.kind, u32::try_from(event.at).unwrap());
            prop_assert_eq!(Act::from_words(act.words()), Some(act));
        }
    }
}

fn logit_of(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

#[test]
fn a_talk_says_more_the_further_it_came_and_nothing_without_its_like() {
    let like = Event::like(2, 0, 1);
    let moved: Vec<f64> = Talk::ALL.map(|talk| appeal_of_0(&[like, Event::talk(2, 0, talk, 2)])).to_vec();
    assert!(moved.is_sorted_by(|a, b| a < b), "{moved:?}");
    let plain = appeal_of_0(&[like]);
    assert!((moved[1] - plain).abs() < 1e-12 && moved[0] < plain && plain < moved[2], "{moved:?}, {plain}");
    // A like that weighs half: by hand, with ten decisions of 0.15 before it.
    let by_hand = 0.86 * (logit_of((0.5 + 1.5) / 10.5) - logit_of(0.15));
    assert!((moved[0] - by_hand).abs() < 1e-6, "{} {by_hand}", moved[0]);
    assert!(appeal_of_0(&[Event::talk(2, 0, Talk::Conversed, 2)]).abs() < 1e-12, "no like, nothing learned");
}

#[test]
fn what_is_taken_back_is_unlearned() {
    let talked = [Event::like(2, 0, 1), Event::talk(2, 0, Talk::Conversed, 2)];
    let with = |more: &[Event<u32>]| appeal_of_0(&[&talked, more].concat());
    let plain = appeal_of_0(&talked[..1]);
    assert!(with(&[]) > plain);
    assert!(with(&[Event::undo(2, 0, 3)]).abs() < 1e-12);
    assert!((with(&[Event::pass(2, 0, 3)]) - appeal_of_0(&[Event::pass(2, 0, 3)])).abs() < 1e-12);
    assert!((with(&[Event::unmatch(2, 0, 3)]) - plain).abs() < 1e-12, "one like again");
    assert!((with(&[Event::block(2, 0, 3)]) - plain).abs() < 1e-12);
    assert!((with(&[Event::block(2, 0, 3), Event::unblock(2, 0, 4)]) - with(&[])).abs() < 1e-12);
}

#[test]
fn newcomers_are_moved_less_than_one_decision_would_say() {
    // One long talk is 3 of 3 likes; believed is 4.5 of 13.
    let believed = appeal_of_0(&[Event::like(2, 0, 1), Event::talk(2, 0, Talk::Conversed, 2)]) / 0.86;
    assert!((believed - (logit_of(4.5 / 13.0) - logit_of(0.15))).abs() < 1e-6, "{believed}");
    // After many decisions of others the same talk moves far less.
    let mut known: Vec<Event<u32>> = (0..400).map(|n| Event::pass(n, 0, 1)).collect();
    let mut engine = Engine::new(crate::matching::Config::dims(0)).unwrap();
    engine.set_today(Day::from_ymd(2026, 11, 23).unwrap());
    for id in 0..400 {
        engine.upsert(id, Person::new(Gender::O, 30)).unwrap();
    }
    known.retain(|event| event.actor > 2);
    for event in known {
        engine.record(event).unwrap();
    }
    let before = engine.view().explain(1, 0).unwrap().there_logit();
    engine.record(Event::like(2, 0, 1)).unwrap();
    engine.record(Event::talk(2, 0, Talk::Conversed, 2)).unwrap();
    let share = |likes: f64, all: f64| logit_of((likes + 1.5) / (all + 10.0));
    let moved = (engine.view().explain(1, 0).unwrap().there_logit() - before) / 0.86;
    assert!((moved - (share(3.0, 400.0) - share(0.0, 397.0))).abs() < 1e-5, "{moved}");
}
