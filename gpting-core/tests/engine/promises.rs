//! Single promises: errors, views under a writer, signals, rules, learning, determinism.

use gpting_core::{
    After, AgeGate, Cell, Config, Day, EligibilityRule, Engine, EngineError, Event, Fusion, Gender, Person, Reason,
    Row, Signal, Strength, Wants, Weights,
};

pub(crate) fn engine(config: Config<u32>) -> Engine<u32> {
    let mut engine = Engine::new(config).unwrap();
    engine.set_today(Day::from_ymd(2026, 11, 23).unwrap());
    engine
}

fn anybody() -> Person {
    Person::new(Gender::O, 30)
}

fn ids(engine: &Engine<u32>, me: u32) -> Vec<u32> {
    engine.view().top(me, 100, After::Start).unwrap().iter().map(|pick| pick.id).collect()
}

#[test]
fn an_error_leaves_the_engine_unchanged() {
    let mut engine = engine(Config::dims(2));
    engine.upsert(1, anybody().vectors(&[1.0, 0.0], &[0.0, 1.0]).interests(&[1, 2])).unwrap();
    engine.upsert(2, anybody()).unwrap();
    engine.record(Event::like(1, 2, 10)).unwrap();
    let before = format!("{engine:?}");
    let many: Vec<u16> = (0..65).collect();
    let pairs: Vec<(u16, u16)> = (0..129).map(|n| (n, n)).collect();
    let mut rules = Wants::default();
    for attribute in 0..33 {
        rules = rules.rule(attribute, &[1], Strength::Prefer);
    }
    let bad = [
        anybody().vectors(&[f32::NAN, 0.0], &[0.0, 0.0]),
        anybody().vectors(&[0.0, 0.0], &[0.0, f32::INFINITY]),
        anybody().vectors(&[0.0], &[0.0, 0.0]),
        anybody().vectors(&[0.0, 0.0], &[0.0, 0.0, 0.0]),
        anybody().wants(Wants::default().ages(40, 30)),
        anybody().wants(Wants::default().rule(1, &[], Strength::Must)),
        anybody().wants(Wants::default().rule(1, &[1], Strength::Must).rule(1, &[2], Strength::Must)),
        anybody().wants(Wants::default().rule(1, &many, Strength::Must)),
        anybody().wants(rules),
        anybody().interests(&many),
        anybody().attributes(&pairs),
        anybody().appeal(f32::NAN),
        anybody().appeal(10.1),
        Person::new(Gender::M, 200),
        Person::born(Gender::M, Day::from_ymd(2026, 11, 24).unwrap()),
    ];
    for person in bad {
        for id in [1, 3] {
            engine.upsert(id, person.clone()).unwrap_err();
        }
    }
    assert_eq!(engine.record(Event::like(1, 9, 11)), Err(EngineError::UnknownPerson { id: "9".to_owned() }));
    assert_eq!(engine.record(Event::block(9, 1, 11)), Err(EngineError::UnknownPerson { id: "9".to_owned() }));
    assert_eq!(engine.record(Event::pass(1, 1, 11)), Err(EngineError::SamePerson));
    assert_eq!(engine.record(Event::pass(1, 2, -1)), Err(EngineError::InvalidTime(-1)));
    assert!(!engine.remove(9));
    assert_eq!(format!("{engine:?}"), before);

    let view = engine.view();
    assert_eq!(view.top(1, 0, After::Start), Err(EngineError::ZeroLimit));
    assert!(view.top(9, 1, After::Start).is_err() && view.reach(9).is_err() && view.eligible(1, 9).is_err());
    assert!(view.top(1, 1, After::Pick { score: f64::NAN, id: 1 }).is_err());
    assert_eq!(view.explain(1, 1), Err(EngineError::SamePerson));
    assert_eq!(view.eligible(1, 1), Ok(false));
}

#[test]
fn settings_are_checked_and_today_comes_first() {
    assert!(Engine::<u32>::new(Config::dims(5000)).is_err());
    for weights in [
        Weights { like_rate: 0.0, ..Weights::default() },
        Weights { near: f64::NAN, ..Weights::default() },
        Weights { near_km: 0.0, ..Weights::default() },
        Weights { content: -1.0, ..Weights::default() },
    ] {
        assert!(Engine::<u32>::new(Config::dims(0).weights(weights)).is_err(), "{weights:?}");
    }
    let mut engine = Engine::<u32>::new(Config::dims(0)).unwrap();
    assert_eq!(engine.upsert(1, anybody()), Err(EngineError::TodayNotSet));
}

#[test]
fn a_view_is_paged_whole_while_a_writer_changes_everything() {
    let mut engine = engine(Config::dims(2));
    let person = |n: u32| {
        let x = f32::from((n % 50) as u8) / 25.0;
        Person::new(Gender::O, 20 + (n % 30) as u8).vectors(&[x, 1.0], &[0.5, x]).interests(&[(n % 20) as u16])
    };
    for id in 0..2000 {
        engine.upsert(id, person(id)).unwrap();
    }
    let view = engine.view();
    let whole = view.top(7, 5000, After::Start).unwrap();
    assert_eq!(whole.len(), 1999);
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let (mut all, mut after) = (Vec::new(), After::Start);
            loop {
                let page = view.clone().top(7, 37, after).unwrap();
                let Some(last) = page.last() else { return all };
                after = (*last).into();
                all.extend(page);
            }
        });
        for n in 0..2000 {
            engine.record(Event::pass(7, (n + 8) % 2000, 5)).ok();
            engine.upsert(n, person(n + 13)).unwrap();
            engine.upsert(5000 + n, person(n)).unwrap();
            engine.remove((n * 7) % 2000);
        }
        assert_eq!(reader.join().unwrap(), whole);
    });
}

#[test]
fn removing_frees_the_row_and_forgets_the_person() {
    let mut engine = engine(Config::dims(0));
    (0..600).for_each(|id| engine.upsert(id, anybody()).unwrap());
    engine.record(Event::block(3, 4, 1)).unwrap();
    engine.record(Event::pass(599, 4, 1)).unwrap();
    assert!(engine.remove(3) && !engine.remove(3) && !engine.contains(3));
    assert_eq!(engine.len(), 599);
    // 599 moved into the free row and kept the pass.
    assert!(engine.view().excluded(4, 599).unwrap());
    assert!(!ids(&engine, 4).contains(&599));
    engine.upsert(3, anybody()).unwrap();
    assert!(!engine.view().excluded(4, 3).unwrap());
    (0..600).for_each(|id| assert!(engine.remove(id)));
    assert!(engine.is_empty() && engine.view().is_empty());
}

#[test]
fn decisions_exclude_and_can_be_taken_back() {
    let mut engine = engine(Config::dims(0));
    for id in [1, 2] {
        engine.upsert(id, anybody()).unwrap();
    }
    let fresh = engine.view().score(1, 2).unwrap();
    engine.record(Event::like(1, 2, 10)).unwrap();
    assert_eq!((ids(&engine, 1), ids(&engine, 2)), (vec![], vec![1]), "who is liked still sees who likes");
    let liked = engine.view().score(1, 2).unwrap();
    assert!(liked.there > fresh.there);
    engine.record(Event::undo(1, 2, 11)).unwrap();
    assert_eq!(engine.view().score(1, 2).unwrap(), fresh);
    engine.record(Event::pass(1, 2, 12)).unwrap();
    assert_eq!((ids(&engine, 1), ids(&engine, 2)), (vec![], vec![]));
    engine.record(Event::undo(1, 2, 13)).unwrap();
    engine.record(Event::block(1, 2, 14)).unwrap();
    engine.record(Event::block(2, 1, 15)).unwrap();
    engine.record(Event::unblock(1, 2, 16)).unwrap();
    assert_eq!(ids(&engine, 1), Vec::<u32>::new(), "lifting my block leaves theirs");
    engine.record(Event::unblock(2, 1, 17)).unwrap();
    assert_eq!(ids(&engine, 1), [2]);
    engine.record(Event::unmatch(2, 1, 18)).unwrap();
    engine.record(Event::undo(2, 1, 19)).unwrap();
    assert_eq!((ids(&engine, 1), ids(&engine, 2)), (vec![], vec![]), "an unmatch is final");
    assert!(engine.view().eligible(1, 2).unwrap(), "eligibility speaks of profiles alone");
}

#[test]
fn the_age_gate_opens_with_the_year_or_on_the_birthday() {
    for (gate, day, admitted) in [
        (AgeGate::KrYouthAct, (2025, 12, 31), false),
        (AgeGate::KrYouthAct, (2026, 1, 1), true),
        (AgeGate::FullAge(19), (2026, 12, 30), false),
        (AgeGate::FullAge(19), (2026, 12, 31), true),
    ] {
        let mut engine = engine(Config::dims(0).age_gate(gate));
        engine.upsert(1, anybody()).unwrap();
        engine.upsert(2, Person::born(Gender::M, Day::from_ymd(2007, 12, 31).unwrap())).unwrap();
        engine.set_today(Day::from_ymd(day.0, day.1, day.2).unwrap());
        let relaxed = gpting_core::Relax { age: true, distance: true, ..gpting_core::Relax::default() };
        let page = engine.view().query(1).relax(relaxed).run().unwrap();
        assert_eq!((page.len() == 1, ids(&engine, 2).len() == 1), (admitted, admitted), "{gate:?} {day:?}");
    }
}

/// Gives every ordered pair of ids a value of its own.
#[derive(Debug)]
struct ByIds {
    bound: f32,
    spoiled: bool,
}

impl Signal<u32> for ByIds {
    fn name(&self) -> &'static str {
        "by_ids"
    }

    fn logit(&self, viewer: Row<'_, u32>, candidates: &[Row<'_, u32>], out: &mut [f32]) {
        for (candidate, out) in candidates.iter().zip(out) {
            *out = if self.spoiled { f32::NAN } else { (10 * viewer.id() + candidate.id()) as f32 / 50.0 };
        }
    }

    fn bound(&self, _viewer: Row<'_, u32>) -> f32 {
        self.bound
    }
}

#[test]
fn a_signal_is_added_in_both_directions_and_cut_to_its_bound() {
    let plain = engine(Config::dims(0));
    let free = engine(Config::dims(0).signal(ByIds { bound: f32::INFINITY, spoiled: false }));
    let cut = engine(Config::dims(0).signal(ByIds { bound: 0.3, spoiled: false }));
    let spoiled = engine(Config::dims(0).signal(ByIds { bound: 1.0, spoiled: true }));
    let [plain, free, cut, spoiled] = [plain, free, cut, spoiled].map(|mut engine| {
        (1..5).for_each(|id| engine.upsert(id, anybody()).unwrap());
        engine.view()
    });
    let expected = |x: f32| f64::from(x / 50.0);
    let base = plain.explain(1, 3).unwrap();
    let why = free.explain(1, 3).unwrap();
    assert!((why.there_logit() - base.there_logit() - expected(13.0)).abs() < 1e-12);
    assert!((why.back_logit() - base.back_logit() - expected(31.0)).abs() < 1e-12);
    assert_eq!(why.back.last().unwrap().code, Reason::Signal("by_ids"));
    let why = cut.explain(1, 3).unwrap();
    assert!((why.back_logit() - base.back_logit() - f64::from(0.3_f32)).abs() < 1e-12);
    let page = free.top(1, 2, After::Start).unwrap();
    assert_eq!(page.iter().map(|pick| pick.id).collect::<Vec<_>>(), [4, 3]);
    assert_eq!(page[0].score, free.explain(1, 4).unwrap().score);
    assert_eq!(spoiled.top(1, 2, After::Start), Err(EngineError::InvalidSignal { name: "by_ids" }));
}

/// Nobody sees an id above the own one plus one: one-way on purpose.
#[derive(Debug)]
struct NotFarAbove;

impl EligibilityRule<u32> for NotFarAbove {
    fn name(&self) -> &'static str {
        "not_far_above"
    }

    fn check(&self, viewer: Row<'_, u32>, candidates: &[Row<'_, u32>], allowed: &mut [bool]) {
        for (candidate, allowed) in candidates.iter().zip(allowed) {
            *allowed = candidate.id() <= viewer.id() + 1;
        }
    }
}

#[test]
fn a_rule_of_the_host_holds_in_both_directions() {
    let mut engine = engine(Config::dims(0).rule(NotFarAbove));
    (1..6).for_each(|id| engine.upsert(id, anybody()).unwrap());
    let mut near = ids(&engine, 3);
    near.sort_unstable();
    assert_eq!(near, [2, 4]);
    let view = engine.view();
    assert_eq!((view.eligible(3, 5), view.eligible(5, 3), view.eligible(3, 4)), (Ok(false), Ok(false), Ok(true)));
    assert_eq!(view.reach(3).unwrap().eligible, 2);
}

#[test]
fn an_explanation_names_what_the_two_share() {
    let mut engine = engine(Config::dims(0));
    let seoul = Cell::from_lat_lng(37.56, 126.98).unwrap();
    let wants = Wants::default().rule(5, &[1], Strength::Prefer).rule(6, &[2], Strength::Avoid);
    engine.upsert(1, anybody().at(seoul).interests(&[3, 4, 9]).wants(wants)).unwrap();
    engine.upsert(2, anybody().at(seoul).interests(&[4, 9, 11]).attributes(&[(5, 1), (6, 2)]).appeal(0.5)).unwrap();
    let why = engine.view().explain(1, 2).unwrap();
    let there: Vec<_> = why.there.iter().map(|part| part.code).collect();
    assert_eq!(
        there,
        [
            Reason::Base,
            Reason::Appeal,
            Reason::SharedInterest(4),
            Reason::SharedInterest(9),
            Reason::AttributePreferred { attribute: 5, value: 1 },
            Reason::AttributeAvoided { attribute: 6, value: 2 },
            Reason::Near { km: 0 },
            Reason::AgeFit { years: 0 },
        ]
    );
    assert!(!why.back.iter().any(|part| matches!(part.code, Reason::AttributePreferred { .. } | Reason::Appeal)));
}

#[test]
fn the_same_calls_make_the_same_slate_whatever_the_order_of_rows() {
    let make = |order: &mut dyn Iterator<Item = u32>| {
        let mut engine = engine(Config::dims(1).fusion(Fusion::Uninorm));
        for id in order {
            let x = (id % 7) as f32 / 7.0;
            engine.upsert(id, anybody().interests(&[(id % 5) as u16]).vectors(&[x], &[1.0 - x])).unwrap();
        }
        engine.view().top(42, 50, After::Start).unwrap()
    };
    assert_eq!(make(&mut (0..900)), make(&mut (0..900).rev()));
}

#[test]
fn leaving_people_out_early_never_changes_a_page() {
    for fusion in [Fusion::Product, Fusion::Harmonic, Fusion::Min, Fusion::Arithmetic, Fusion::Uninorm] {
        for bound in [None, Some(f32::INFINITY), Some(40.0), Some(-0.5)] {
            let mut config = Config::dims(9).fusion(fusion);
            if let Some(bound) = bound {
                config = config.signal(ByIds { bound, spoiled: false });
            }
            let mut engine = engine(config);
            let mut seed = 1_u32;
            let mut next = |scale: f32| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                scale * (f32::from((seed >> 16) as u16) / 32_768.0 - 1.0)
            };
            for id in 0..1500 {
                // Lengths differ a lot, so that the bound decides for many.
                let scale = [0.05, 0.3, 1.0][id as usize % 3];
                let [is, seeks] = [(); 2].map(|()| (0..9).map(|_| next(scale)).collect::<Vec<_>>());
                engine.upsert(id, anybody().vectors(&is, &seeks)).unwrap();
            }
            let view = engine.view();
            for me in [0, 700, 1499] {
                let whole = view.top(me, 2000, After::Start).unwrap();
                assert_eq!(view.top(me, 3, After::Start).unwrap(), whole[..3], "{fusion:?} {bound:?}");
                assert_eq!(view.top(me, 20, whole[99].into()).unwrap(), whole[100..120], "{fusion:?} {bound:?}");
            }
        }
    }
}
