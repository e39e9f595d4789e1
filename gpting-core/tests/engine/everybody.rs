//! Pages and slates of everybody at once, as a host sees them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use gpting_core::{
    After, Cell, Config, Day, Engine, EngineError, Event, Gender, Market, Person, Pick, Signal, View, Wants,
};

const PEOPLE: u32 = 1200;

fn mixed(x: u32) -> u64 {
    let x = (u64::from(x) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ (x >> 29)
}

fn is_idle(id: u32) -> bool {
    (mixed(id) >> 4).is_multiple_of(8)
}

fn person(id: u32) -> Person {
    let bits = mixed(id);
    let (own, wanted) = if bits & 1 == 0 { (Gender::F, Gender::M) } else { (Gender::M, Gender::F) };
    let place = (bits >> 8 & 0xff) as f64 / 255.0;
    let number = |shift: u32| (bits >> shift & 0x3f) as f32 / 32.0 - 1.0;
    Person::new(own, 24 + (bits >> 1 & 7) as u8)
        .at(Cell::from_lat_lng(37.4 + 0.3 * place, 126.9).expect("a place"))
        .wants(Wants::new(wanted).ages(22, 32).within_km(20))
        .active(!is_idle(id))
        .interests(&[(bits >> 16 & 7) as u16])
        .vectors(&[number(24), number(30), number(36)], &[number(42), number(48), number(54)])
}

fn engine(config: Config<u32>, ids: impl Iterator<Item = u32>) -> Engine<u32> {
    let mut engine = Engine::new(config).expect("an engine");
    engine.set_today(Day::from_ymd(2026, 11, 23).expect("a day"));
    engine.extend(ids.map(|id| (id, person(id)))).expect("people");
    engine
}

fn with_history(mut engine: Engine<u32>) -> View<u32> {
    for i in 0..4 * PEOPLE {
        let below = |bits: u64| (((bits & 0xffff_ffff) * u64::from(PEOPLE)) >> 32) as u32;
        let (a, b) = (below(mixed(i)), below(mixed(i) >> 32));
        if a != b {
            let event = if i % 3 == 0 { Event::pass(a, b, 1) } else { Event::like(a, b, 1) };
            engine.record(event).expect("an event");
        }
    }
    engine.view()
}

fn pages(view: &View<u32>, limit: usize, threads: usize) -> BTreeMap<u32, Vec<Pick<u32>>> {
    let pages = Mutex::new(BTreeMap::new());
    let keep = |id, page: &[Pick<u32>]| {
        let before = pages.lock().unwrap().insert(id, page.to_vec());
        assert!(before.is_none(), "{id} came twice");
    };
    view.top_for_all(limit, threads, keep).unwrap();
    pages.into_inner().unwrap()
}

#[test]
fn everybodys_page_is_their_own_page() {
    let view = with_history(engine(Config::dims(3), 0..PEOPLE));
    for (limit, threads) in [(1, 1), (20, 2), (60, 3)] {
        let pages = pages(&view, limit, threads);
        assert!(pages.len() > PEOPLE as usize / 2 && pages.len() < PEOPLE as usize);
        for id in 0..PEOPLE {
            let own = view.top(id, limit, After::Start).unwrap();
            assert_eq!(pages.get(&id).map_or(&[][..], |page| page), own, "{id}, {limit}");
        }
    }
    assert_eq!(view.top_for_all(0, 1, |_, _| ()), Err(EngineError::ZeroLimit));
}

#[test]
fn lists_hold_only_whom_both_may_be_shown() {
    let view = with_history(engine(Config::dims(3), 0..PEOPLE));
    let slates = view.market(Market::daily().daily_cap(2)).unwrap().solve(2).unwrap();
    let mut names = 0;
    for (id, list) in slates.iter() {
        assert!(list.len() <= 20);
        for &other in list.iter().chain(slates.picks(id)) {
            assert!(view.eligible(id, other).unwrap());
            assert!(!view.excluded(id, other).unwrap() && !view.excluded(other, id).unwrap());
            names += 1;
        }
        assert_eq!(slates.pick(id), slates.picks(id).first().copied());
        assert!(slates.picks(id).iter().all(|&pick| slates.picks(pick).contains(&id)));
        let mut distinct = list.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), list.len());
    }
    assert!(names > 8_000);
    let report = slates.report();
    let sum: f64 = slates.iter().map(|(id, _)| slates.matches(id)).sum();
    assert!((sum / 2.0 - report.expected_matches).abs() < 1e-6);
    assert!(report.expected_matches <= report.upper_bound && report.gap() < 0.2, "{report:?}");
    assert_eq!(report.people, slates.len());
    assert_eq!(report.without_candidate, slates.iter().filter(|(_, list)| list.is_empty()).count());
    let idle = (0..PEOPLE).find(|&id| is_idle(id)).unwrap();
    assert!(slates.list(idle).is_empty() && slates.picks(idle).is_empty());
}

#[test]
fn whoever_is_left_out_of_a_round_is_on_nobodys_list() {
    let view = with_history(engine(Config::dims(3), 0..PEOPLE));
    let round = |absent: &[u32]| view.market(Market::daily()).unwrap().without(absent).solve(2).unwrap();
    let absent: Vec<u32> = (0..PEOPLE + 3).filter(|id| id % 3 == 0).collect();
    let (all, some) = (round(&[]), round(&absent));
    assert_eq!(all, view.market(Market::daily()).unwrap().solve(2).unwrap());
    assert!(absent.iter().any(|&id| all.pick(id).is_some()));
    for &id in &absent {
        assert!(some.list(id).is_empty() && some.pick(id).is_none(), "{id}");
    }
    let mut names = 0;
    for (id, list) in some.iter() {
        assert!(list.iter().chain(some.picks(id)).all(|other| other % 3 != 0), "{id}: {list:?}");
        names += list.len();
    }
    assert!(names > 4_000, "{names}");
    let present = all.iter().filter(|(id, _)| id % 3 != 0).count();
    assert_eq!(some.len(), present);
}

#[test]
fn neither_threads_nor_the_order_of_arrival_change_anything() {
    let one = with_history(engine(Config::dims(3), 0..PEOPLE));
    let mut other = engine(Config::dims(3), (0..PEOPLE / 2).map(|id| 2 * id + 1));
    for id in (0..PEOPLE + 50).rev().filter(|id| id % 2 == 0) {
        other.upsert(id, person(id)).unwrap();
    }
    for id in PEOPLE..PEOPLE + 50 {
        other.remove(id);
    }
    let other = with_history(other);
    let market = Market::daily().seed(4).pool(12);
    let slates = one.market(market.clone()).unwrap().solve(1).unwrap();
    for (view, threads) in [(&one, 2), (&one, 5), (&other, 3)] {
        assert_eq!(view.market(market.clone()).unwrap().solve(threads).unwrap(), slates, "{threads} threads");
    }
    assert_ne!(one.market(market.seed(5)).unwrap().solve(1).unwrap(), slates, "another day, other chance");
    assert_eq!(pages(&one, 20, 1), pages(&other, 20, 4));
}

#[derive(Debug)]
struct Broken;

impl Signal<u32> for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn logit(&self, viewer: gpting_core::Row<'_, u32>, _: &[gpting_core::Row<'_, u32>], out: &mut [f32]) {
        if viewer.id() == 7 {
            out.fill(f32::NAN);
        }
    }
}

#[test]
fn a_broken_signal_is_told() {
    let view = engine(Config::dims(3).signal(Broken), 0..PEOPLE).view();
    let error = EngineError::InvalidSignal { name: "broken" };
    assert_eq!(view.top_for_all(20, 2, |_, _| ()), Err(error.clone()));
    assert_eq!(view.market(Market::daily()).unwrap().solve(2), Err(error));
}
