//! Where bounds in f32 touch the exact score: ties, certain and impossible likes, viewers without content.

use gpting_core::{
    After, Config, Day, Engine, EngineError, Event, Fusion, Gender, Level, Link, Person, Row, Signal, Wants, Weights,
};

use crate::crowd::{Dice, FUSIONS, Plan, id};
use crate::exact::filled;
use crate::promises::engine;

/// Viewers, who have the first ids, and the people they are shown.
const HEIGHTS: u32 = 60;
const OTHERS: usize = 1500;

/// How high all logits of a viewer are: everywhere, and closer where an f32 can hardly tell a chance from certainty.
fn height(viewer: u32) -> f32 {
    match viewer {
        0..30 => viewer as f32 * 3.1 - 44.0,
        30..HEIGHTS => (viewer - 30) as f32 * 0.37 + 8.0,
        HEIGHTS.. => 0.0,
    }
}

/// Lifts everything that concerns a viewer to the viewer's height; candidates differ by less than an f32 can tell.
#[derive(Debug)]
struct Lift {
    apart: f32,
}

impl Lift {
    fn between(&self, a: u32, b: u32) -> f32 {
        height(a) + height(b) + self.apart * (a.max(b) % 5) as f32
    }
}

impl Signal<u32> for Lift {
    fn name(&self) -> &'static str {
        "lift"
    }

    fn logit(&self, viewer: Row<'_, u32>, candidates: &[Row<'_, u32>], out: &mut [f32]) {
        for (candidate, out) in candidates.iter().zip(out) {
            *out = self.between(viewer.id(), candidate.id());
        }
    }

    fn bound(&self, viewer: Row<'_, u32>) -> f32 {
        height(viewer.id()) + self.apart * 4.0
    }
}

fn other(number: usize) -> u32 {
    HEIGHTS + id(number) / 2
}

/// One by one, so that the leaves are many.
fn lifted(fusion: Fusion, link: Link, apart: f32) -> Engine<u32> {
    let mut engine = engine(Config::dims(0).fusion(fusion).link(link).signal(Lift { apart }));
    for viewer in 0..HEIGHTS {
        engine.upsert(viewer, Person::new(Gender::F, 30).wants(Wants::new(Gender::M))).unwrap();
    }
    for number in 0..OTHERS {
        engine.upsert(other(number), Person::new(Gender::M, 30).wants(Wants::new(Gender::F))).unwrap();
    }
    engine
}

#[test]
fn equal_people_come_by_id_whatever_the_height_of_their_scores() {
    let mut ids: Vec<u32> = (0..OTHERS).map(other).collect();
    ids.sort_unstable();
    for (fusion, link) in
        FUSIONS.map(|fusion| (fusion, Link::Logistic)).into_iter().chain([(Fusion::Uninorm, Link::Clipped)])
    {
        let view = lifted(fusion, link, 0.0).view();
        for me in 0..HEIGHTS {
            let first = view.top(me, 7, After::Start).unwrap();
            assert_eq!(first.iter().map(|pick| pick.id).collect::<Vec<_>>(), ids[..7], "{fusion:?} {link:?} {me}");
            let page = view.top(me, 7, After::Pick { score: first[0].score, id: ids[1200] }).unwrap();
            assert_eq!(
                page.iter().map(|pick| pick.id).collect::<Vec<_>>(),
                ids[1201..1208],
                "{fusion:?} {link:?} {me}"
            );
        }
    }
}

#[test]
fn nearly_equal_people_come_by_their_exact_scores() {
    for fusion in FUSIONS {
        let view = lifted(fusion, Link::Logistic, 1e-6).view();
        for me in 0..HEIGHTS {
            let whole = view.top(me, OTHERS, After::Start).unwrap();
            assert_eq!(whole.len(), OTHERS);
            let level = Level::available()[me as usize % Level::available().len()];
            assert_eq!(view.query(me).limit(7).level(level).run().unwrap(), whole[..7], "{fusion:?} {me} {level:?}");
            assert_eq!(view.top(me, 20, whole[300].into()).unwrap(), whole[301..321], "{fusion:?} {me}");
        }
    }
}

/// People whose two logits are made from two coordinates, both anywhere in a range.
#[test]
fn hopeless_and_certain_pairs_keep_their_order() {
    let ranges = [(-60.0, -20.0), (-45.0, -25.0), (-200.0, 200.0), (5.0, 20.0), (-1000.0, -600.0), (-1e6, 1e6)];
    for fusion in FUSIONS {
        for (low, high) in ranges {
            let mut engine = engine(Config::dims(2).fusion(fusion));
            let mut dice = Dice(7);
            let mut within = || (low + (high - low) * f64::midpoint(dice.sign(), 1.0)) as f32;
            let me = Person::new(Gender::F, 30).wants(Wants::new(Gender::M)).vectors(&[0.0, 1.0], &[1.0, 0.0]);
            let others = (1..1500).map(|number| {
                let (there, back) = (within(), within());
                let person = Person::new(Gender::M, 30).wants(Wants::new(Gender::F));
                (id(number), person.vectors(&[there, 0.0], &[0.0, back]))
            });
            for (id, person) in others.chain([(0, me)]) {
                engine.upsert(id, person).unwrap();
            }
            let view = engine.view();
            let whole = view.top(0, 1500, After::Start).unwrap();
            assert_eq!(whole.len(), 1499);
            for limit in [1, 40] {
                assert_eq!(view.top(0, limit, After::Start).unwrap(), whole[..limit], "{fusion:?} {low}");
            }
            for from in [0, 100, 1000, 1490] {
                let rest = &whole[from + 1..];
                let page = view.top(0, 20, whole[from].into()).unwrap();
                assert_eq!(page, rest[..20.min(rest.len())], "{fusion:?} {low} from {from}");
            }
        }
    }
}

#[test]
fn a_viewer_without_vectors_is_shown_the_same_people() {
    for (dims, link) in [(1, Link::Logistic), (31, Link::Logistic), (128, Link::Clipped)] {
        let mut engine = engine(Config::dims(dims).link(link));
        let mut dice = Dice(9);
        for number in 0..1500 {
            let vector: Vec<f32> = (0..dims).map(|_| dice.sign() as f32).collect();
            let other: Vec<f32> = (0..dims).map(|_| dice.sign() as f32).collect();
            let appeal = dice.sign() as f32;
            engine.upsert(id(number), Person::new(Gender::O, 30).appeal(appeal).vectors(&vector, &other)).unwrap();
        }
        engine.upsert(1, Person::new(Gender::O, 30)).unwrap();
        engine.upsert(2, Person::new(Gender::O, 30).vectors(&vec![0.0; dims], &vec![1.0; dims])).unwrap();
        let view = engine.view();
        for me in [1, 2] {
            let whole = view.top(me, 2000, After::Start).unwrap();
            assert_eq!(whole.len(), 1501);
            assert!(whole.iter().all(|pick| view.score(me, pick.id).unwrap() == *pick));
            for level in Level::available() {
                assert_eq!(view.query(me).limit(9).level(level).run().unwrap(), whole[..9], "{dims} {me}");
            }
        }
    }
}

#[test]
fn the_oldest_and_the_youngest_are_found() {
    let mut engine = engine(Config::dims(0));
    let days: Vec<i32> = (0..700).map(|number| Day::from_ymd(1876, 11, 24).unwrap().0 + number * 68).collect();
    for (number, &day) in days.iter().enumerate() {
        engine.upsert(id(number), Person::born(Gender::O, Day(day))).unwrap();
    }
    let me = |ages: (u8, u8)| Person::new(Gender::O, 40).wants(Wants::default().ages(ages.0, ages.1));
    for ages in [(0, 255), (149, 149), (19, 20), (100, 255), (0, 18), (30, 30), (255, 255)] {
        engine.upsert(9, me(ages)).unwrap();
        let view = engine.view();
        let today = view.today().unwrap();
        let expected = days.iter().filter(|&&day| (ages.0..=ages.1).contains(&Day(day).age_on(today))).count();
        assert_eq!(view.top(9, 1000, After::Start).unwrap().len(), expected, "{ages:?}");
    }
}

#[test]
fn the_longest_vectors_lose_nobody() {
    let most = Person::MAX_COORDINATE;
    for (dims, content) in [(1, 1.0), (3, 1e9), (64, 1e9)] {
        let mut engine = engine(Config::dims(dims).weights(Weights { content, ..Weights::default() }));
        let anybody = |seed: u64, size: f32| {
            let mut dice = Dice(seed);
            let mut vector = || (0..dims).map(|_| size * dice.pick(&[-1.0, 0.5, 1.0])).collect::<Vec<_>>();
            Person::new(Gender::O, 30).vectors(&vector(), &vector())
        };
        for number in 0..600 {
            let size = if number % 2 == 0 { most } else { 1.0 };
            engine.upsert(id(number), anybody(number as u64, size)).unwrap();
        }
        engine.upsert(1, Person::new(Gender::O, 30)).unwrap();
        engine.upsert(2, Person::new(Gender::O, 30).vectors(&vec![most; dims], &vec![0.0; dims])).unwrap();
        engine.upsert(3, Person::new(Gender::O, 30).vectors(&vec![1e-30; dims], &vec![1e-30; dims])).unwrap();
        for too_long in [most.next_up(), -most * 2.0, f32::INFINITY, f32::NAN] {
            let person = Person::new(Gender::O, 30).vectors(&vec![too_long; dims], &vec![0.0; dims]);
            assert_eq!(engine.upsert(4, person), Err(EngineError::InvalidNumber("a vector")));
        }
        let view = engine.view();
        for me in [1, 2, 3, id(100), id(101), id(102)] {
            let whole = view.top(me, 1000, After::Start).unwrap();
            assert_eq!(whole.len(), 602, "{dims} {me}");
            for level in Level::available() {
                assert_eq!(view.query(me).limit(9).level(level).run().unwrap(), whole[..9], "{dims} {me}");
            }
        }
    }
}

/// A bound that means nothing good, for values that are fine.
#[derive(Debug)]
struct Bounded(f32);

impl Signal<u32> for Bounded {
    fn name(&self) -> &'static str {
        "bounded"
    }

    fn logit(&self, viewer: Row<'_, u32>, candidates: &[Row<'_, u32>], out: &mut [f32]) {
        for (candidate, out) in candidates.iter().zip(out) {
            *out = ((viewer.id() ^ candidate.id()) % 64) as f32 / 16.0 - 2.0;
        }
    }

    fn bound(&self, _viewer: Row<'_, u32>) -> f32 {
        self.0
    }
}

#[test]
fn no_bound_of_a_signal_hides_anybody() {
    let (most, infinite) = (f32::MAX, f32::INFINITY);
    for fusion in FUSIONS {
        for bounds in [
            &[f32::NAN][..],
            &[-infinite],
            &[infinite, -infinite],
            &[most, most],
            &[-most, -most],
            &[-1e20, 3.0],
            &[0.5, infinite],
        ] {
            let config = bounds.iter().fold(Config::dims(0).fusion(fusion), |all, &bound| all.signal(Bounded(bound)));
            let mut engine = engine(config);
            (0..400).for_each(|number| engine.upsert(id(number), Person::new(Gender::O, 30)).unwrap());
            let view = engine.view();
            let whole = view.top(id(7), 400, After::Start).unwrap();
            assert_eq!(whole.len(), 399, "{fusion:?} {bounds:?}");
            assert!(whole.iter().all(|pick| view.score(id(7), pick.id).unwrap() == *pick), "{fusion:?} {bounds:?}");
            assert_eq!(view.top(id(7), 9, After::Start).unwrap(), whole[..9], "{fusion:?} {bounds:?}");
            assert_eq!(view.top(id(7), 9, whole[99].into()).unwrap(), whole[100..109], "{fusion:?} {bounds:?}");
        }
    }
}

#[test]
fn whoever_decides_on_every_page_meets_everybody_once() {
    let plan = Plan::one(11, 1500, 16);
    let world = plan.world();
    let mut engine = filled(&plan, &world);
    let view = engine.view();
    let me = world.people.keys().copied().find(|&id| view.top(id, 800, After::Start).unwrap().len() == 800).unwrap();
    let mut expected: Vec<u32> = view.top(me, 2000, After::Start).unwrap().iter().map(|pick| pick.id).collect();
    let mut met = Vec::new();
    loop {
        let page = engine.view().top(me, 60, After::Start).unwrap();
        if page.is_empty() {
            break;
        }
        for pick in page {
            met.push(pick.id);
            let at = met.len() as i64;
            // Whoever is passed by, or passes by, or is blocked, is not shown again.
            let event = match at % 4 {
                0 => Event::pass(me, pick.id, at),
                1 => Event::pass(pick.id, me, at),
                2 => Event::block(pick.id, me, at),
                _ => Event::like(me, pick.id, at),
            };
            engine.record(event).unwrap();
        }
    }
    assert_eq!(view.top(me, 2000, After::Start).unwrap().len(), expected.len(), "the view has not changed");
    met.sort_unstable();
    expected.sort_unstable();
    assert_eq!(met, expected);
}
