//! Random populations with random histories, compared with the oracle person by person.

use gpting_core::{After, Cell, Config, Day, Engine, Event, Filter, Fusion, Gender, Pick, Relax, Strength, View};
use proptest::prelude::*;

use crate::oracle::{Kind, Ranked, Spec, World};

const IDS: u32 = 24;
const TODAY: (i32, u8, u8) = (2026, 11, 23);

#[derive(Debug, Clone)]
pub(crate) enum Op {
    Put(u32, Box<Spec>),
    Remove(u32),
    Act(Kind, u32, u32),
}

fn gender() -> impl Strategy<Value = Gender> {
    prop_oneof![4 => Just(Gender::M), 4 => Just(Gender::F), 2 => Just(Gender::O)]
}

/// Neighbours in Seoul, Busan, both sides of the date line, both sides of the pole.
fn cell() -> impl Strategy<Value = Option<Cell>> {
    let places = [
        (37.56, 126.98),
        (37.57, 127.05),
        (37.48, 126.62),
        (35.16, 129.06),
        (-17.8, 179.98),
        (-17.8, -179.97),
        (89.98, 20.0),
        (89.97, -160.0),
    ];
    let cells = places.map(|(lat, lng)| Cell::from_lat_lng(lat, lng).unwrap());
    prop::option::weighted(0.85, prop::sample::select(cells.to_vec()))
}

fn rules() -> impl Strategy<Value = Vec<(u16, Vec<u16>, Strength)>> {
    let strength = prop_oneof![
        1 => Just(Strength::Must), 1 => Just(Strength::Never), 2 => Just(Strength::Prefer), 2 => Just(Strength::Avoid)
    ];
    let rule = (0_u16..3, prop::collection::vec(0_u16..4, 1..3), strength);
    prop::collection::vec(rule, 0..4).prop_map(|mut rules| {
        rules.sort_by_key(|rule| (rule.0, rule.2));
        rules.dedup_by_key(|rule| (rule.0, rule.2));
        rules
    })
}

fn spec() -> impl Strategy<Value = Spec> {
    // The last of these turns 19 on the last day of this year: old enough for the gate, 18 by age.
    let born = prop_oneof![
        8 => (1980_i32..2005, 1_u8..=12, 1_u8..=28),
        1 => Just((1996, 2, 29)),
        2 => prop::sample::select(vec![(1996, 11, 22), (1996, 11, 23), (1996, 11, 24), (2007, 12, 31), (2008, 1, 1)]),
    ];
    let genders = prop_oneof![
        3 => Just(vec![Gender::M, Gender::F, Gender::O]),
        2 => prop::collection::vec(gender(), 0..3),
    ];
    let ages = prop_oneof![2 => Just((0, 255)), 1 => (18_u8..30, 30_u8..50), 1 => Just((30, 30))];
    let limit = prop_oneof![2 => Just(None), 2 => prop::sample::select(vec![0, 5, 10, 50, 400]).prop_map(Some)];
    let vector = || prop::collection::vec((-4_i8..=4).prop_map(|x| f32::from(x) / 4.0), 3);
    let lists = (
        prop::collection::vec(0_u16..600, 0..3),
        prop::collection::vec(0_u16..6, 0..6),
        prop::collection::vec((0_u16..3, 0_u16..4), 0..5),
    );
    let flags = (prop::bool::weighted(0.9), any::<bool>(), prop::bool::weighted(0.15));
    // A choice of three, accepted ones among them, how much it matters, and seldom a condition.
    let said = (0_u8..3, 1_u64..8, 0_usize..5, prop::bool::weighted(0.08));
    let answers = prop::collection::btree_map(0_u32..6, said, 0..5);
    let level = prop_oneof![4 => Just(0_usize), 3 => 0_usize..4];
    let own = (answers, prop::array::uniform5(level));
    ((gender(), born, cell(), genders, ages, limit), (rules(), lists, vector(), vector(), flags, -2_i8..=2), own)
        .prop_map(|((gender, born, cell, genders, ages, max_km), (rules, lists, is, seeks, flags, appeal), own)| Spec {
            gender,
            born,
            cell,
            genders,
            ages,
            max_km,
            rules,
            interests: [lists.0, lists.1].concat(),
            attributes: lists.2,
            is,
            seeks,
            active: flags.0,
            verified: flags.1,
            verified_only: flags.2,
            appeal: f32::from(appeal) / 2.0,
            answers: own.0,
            emphases: own.1,
        })
}

pub(crate) fn ops() -> impl Strategy<Value = Vec<Op>> {
    let kind = prop::sample::select(vec![
        Kind::Like,
        Kind::Like,
        Kind::Pass,
        Kind::Undo,
        Kind::Block,
        Kind::Unblock,
        Kind::Unmatch,
    ]);
    // A few patterns for many people make exact ties and empty pages common.
    (prop::collection::vec(spec(), 1..16), prop::bool::ANY).prop_flat_map(move |(specs, copies)| {
        let specs = if copies { specs[..specs.len().div_ceil(4)].to_vec() } else { specs };
        let put = (0..IDS, prop::sample::select(specs)).prop_map(|(id, spec)| Op::Put(id, Box::new(spec)));
        let act = (kind.clone(), 0..IDS, 0..IDS).prop_map(|(kind, a, b)| Op::Act(kind, a, b));
        prop::collection::vec(prop_oneof![8 => put, 1 => (0..IDS).prop_map(Op::Remove), 4 => act], 0..100)
    })
}

pub(crate) fn event(kind: Kind, a: u32, b: u32, at: i64) -> Event<u32> {
    match kind {
        Kind::Like => Event::like(a, b, at),
        Kind::Pass => Event::pass(a, b, at),
        Kind::Undo => Event::undo(a, b, at),
        Kind::Block => Event::block(a, b, at),
        Kind::Unblock => Event::unblock(a, b, at),
        Kind::Unmatch => Event::unmatch(a, b, at),
    }
}

pub(crate) fn fusion() -> impl Strategy<Value = Fusion> {
    prop::sample::select(vec![Fusion::Product, Fusion::Harmonic, Fusion::Min, Fusion::Arithmetic, Fusion::Uninorm])
}

pub(crate) fn play(ops: &[Op], fusion: Fusion) -> (Engine<u32>, World) {
    let mut engine = Engine::new(Config::dims(3).fusion(fusion)).unwrap();
    engine.set_today(Day::from_ymd(TODAY.0, TODAY.1, TODAY.2).unwrap());
    let mut world = World::new(TODAY, fusion);
    play_on(&mut engine, &mut world, ops, 1);
    (engine, world)
}

/// Does the same to both, one thing a second from `begin` on.
pub(crate) fn play_on(engine: &mut Engine<u32>, world: &mut World, ops: &[Op], begin: i64) {
    for (at, op) in (begin..).zip(ops) {
        match op {
            Op::Put(id, spec) => {
                engine.upsert(*id, spec.person()).unwrap();
                world.people.insert(*id, (**spec).clone());
            }
            Op::Remove(id) => {
                assert_eq!(engine.remove(*id), world.people.contains_key(id));
                world.remove(*id);
            }
            Op::Act(kind, a, b) => {
                let known = a != b && world.people.contains_key(a) && world.people.contains_key(b);
                assert_eq!(engine.record(event(*kind, *a, *b, at)).is_ok(), known);
                if known {
                    world.record(*kind, *a, *b);
                }
            }
        }
    }
    assert_eq!(engine.len(), world.people.len());
}

/// Every page of `limit` of a viewer, one after the other.
fn all_pages(view: &View<u32>, me: u32, limit: usize, relax: Relax) -> Vec<Pick<u32>> {
    let (mut all, mut after) = (Vec::new(), After::Start);
    loop {
        let page = view.query(me).limit(limit).after(after).relax(relax).run().unwrap();
        assert!(page.len() <= limit);
        let Some(last) = page.last() else { return all };
        after = (*last).into();
        all.extend(page);
    }
}

/// Nothing, everything, and steps between.
fn relax() -> impl Strategy<Value = Relax> {
    let within_km = prop::sample::select(vec![None, Some(8), Some(60), Some(500), Some(20_000)]);
    (prop::bool::weighted(0.2), prop::bool::weighted(0.2), within_km, prop::sample::select(vec![0_u8, 1, 3, 9, 255]))
        .prop_map(|(distance, age, within_km, age_years)| Relax { distance, age, within_km, age_years })
}

fn without(spec: &Spec, filter: Filter) -> Spec {
    let mut spec = spec.clone();
    match filter {
        Filter::Genders => spec.genders = vec![Gender::M, Gender::F, Gender::O],
        Filter::Age => spec.ages = (0, 255),
        Filter::Distance => spec.max_km = None,
        Filter::Verified => spec.verified_only = false,
        Filter::Questions => spec.answers.values_mut().for_each(|answer| answer.3 = false),
        Filter::Dealbreaker { attribute, strength } => spec.rules.retain(|r| (r.0, r.2) != (attribute, strength)),
    }
    spec
}

proptest! {
    #[test]
    fn pages_are_those_of_the_oracle(ops in ops(), fusion in fusion(), limit in 1_usize..8, relax in relax()) {

        let (engine, world) = play(&ops, fusion);
        let view = engine.view();
        for &me in world.people.keys() {
            let expected = world.ranking(me, relax);
            let whole = view.query(me).limit(1000).relax(relax).run().unwrap();
            prop_assert_eq!(whole.len(), expected.len());
            for (pick, Ranked { id, score, .. }) in whole.iter().zip(&expected) {
                let (there, back, own) = world.score(me, pick.id);
                prop_assert!((pick.score - own).abs() < 1e-6 && (pick.score - score).abs() < 1e-6, "{pick:?} {id} {own}");
                prop_assert!((pick.there - there).abs() < 1e-6 && (pick.back - back).abs() < 1e-6);
            }
            prop_assert!(whole.windows(2).all(|w| w[0].score > w[1].score || (w[0].score == w[1].score && w[0].id < w[1].id)));
            let mut ids: Vec<_> = whole.iter().map(|pick| pick.id).collect();
            let mut expected_ids: Vec<_> = expected.iter().map(|ranked| ranked.id).collect();
            ids.sort_unstable();
            expected_ids.sort_unstable();
            prop_assert_eq!(&ids, &expected_ids);

            prop_assert_eq!(&all_pages(&view, me, limit, relax), &whole, "paging shows everybody once");
            let out: Vec<_> = ids.iter().copied().step_by(2).chain([9_999]).collect();
            let rest: Vec<_> = whole.iter().filter(|pick| !out.contains(&pick.id)).copied().collect();
            let page = view.query(me).limit(limit).relax(relax).excluding(&out).run().unwrap();
            prop_assert_eq!(&page[..], &rest[..limit.min(rest.len())]);
        }
    }

    #[test]
    fn pairs_are_those_of_the_oracle(ops in ops(), fusion in fusion()) {
        let (engine, world) = play(&ops, fusion);
        let view = engine.view();
        for &a in world.people.keys() {
            for &b in world.people.keys() {
                let eligible = world.eligible(a, b, Relax::default());
                prop_assert_eq!(view.eligible(a, b).unwrap(), eligible);
                prop_assert_eq!(view.eligible(b, a).unwrap(), eligible);
                if a == b {
                    continue;
                }
                prop_assert_eq!(view.excluded(a, b).unwrap(), world.excluded(a, b));
                prop_assert_eq!(view.score(a, b).is_ok(), eligible);
                let why = view.explain(a, b).unwrap();
                prop_assert_eq!(fusion.fuse(why.there_logit(), why.back_logit()), why.score);
                prop_assert!((why.score - world.score(a, b).2).abs() < 1e-6);
                if let Ok(pick) = view.score(a, b) {
                    prop_assert_eq!(pick.score, why.score);
                    prop_assert!((why.there_logit() - (pick.there / (1.0 - pick.there)).ln()).abs() < 1e-9);
                    let back = view.score(b, a).unwrap();
                    prop_assert!((pick.score - back.score).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn reach_counts_what_each_filter_hides(ops in ops(), steps in prop::collection::vec(relax(), 0..4)) {
        let (engine, world) = play(&ops, Fusion::Product);
        let view = engine.view();
        for (&me, spec) in &world.people {
            let count = |spec: &Spec| {
                let shown = |other: &&u32| world.fits(me, spec, **other, Relax::default()) && !world.excluded(me, **other);
                world.people.keys().filter(shown).count()
            };
            let reach = view.reach(me).unwrap();
            prop_assert_eq!(reach.eligible, count(spec));
            let relaxed = |relax| world.people.keys()
                .filter(|&&other| world.fits(me, spec, other, relax) && !world.excluded(me, other)).count();
            let gains = view.gains(me, &steps).unwrap();
            for (step, gain) in steps.iter().zip(gains) {
                prop_assert_eq!(reach.eligible + gain, relaxed(*step), "{:?}", step);
            }
            prop_assert_eq!(reach.hidden_by.len(), 2 + usize::from(spec.max_km.is_some())
                + usize::from(spec.verified_only) + usize::from(spec.answers.values().any(|answer| answer.3))
                + spec.rules.iter().filter(|rule| rule.2.is_dealbreaker()).count());
            for (filter, hidden) in reach.hidden_by {
                prop_assert_eq!(hidden, count(&without(spec, filter)) - reach.eligible, "{:?}", filter);
            }
            // Whoever is left out is counted nowhere.
            let out: Vec<u32> = world.people.keys().copied().filter(|id| id % 2 == 0).collect();
            let left = |spec: &Spec, relax| world.people.keys().filter(|other| *other % 2 == 1)
                .filter(|&&other| world.fits(me, spec, other, relax) && !world.excluded(me, other)).count();
            let query = view.query(me).excluding(&out);
            let reach = query.clone().reach().unwrap();
            prop_assert_eq!(reach.eligible, left(spec, Relax::default()));
            for (filter, hidden) in reach.hidden_by {
                prop_assert_eq!(hidden, left(&without(spec, filter), Relax::default()) - reach.eligible, "{:?}", filter);
            }
            for (step, gain) in steps.iter().zip(query.gains(&steps).unwrap()) {
                prop_assert_eq!(reach.eligible + gain, left(spec, *step), "{:?}", step);
            }
        }
    }

    #[test]
    fn events_may_come_twice_and_in_any_order(
        events in prop::collection::vec((0_u32..4, 0_u32..4, 0_usize..6), 1..20),
        shuffle in any::<prop::sample::Index>(),
    ) {
        let kinds = [Kind::Like, Kind::Pass, Kind::Undo, Kind::Block, Kind::Unblock, Kind::Unmatch];
        let events: Vec<_> = (100..).zip(events).filter(|(_, (a, b, _))| a != b)
            .map(|(at, (a, b, kind))| event(kinds[kind], a, b, at)).collect();
        let mut other = events.clone();
        other.extend_from_slice(&events[..events.len() / 2]);
        let turn = shuffle.index(other.len().max(1));
        other.rotate_left(turn);
        other.reverse();
        let [first, second] = [events, other].map(|events| {
            let mut engine = Engine::<u32>::new(Config::dims(0)).unwrap();
            engine.set_today(Day(20_000));
            (0..4).for_each(|id| engine.upsert(id, gpting_core::Person::new(Gender::O, 30)).unwrap());
            for event in events {
                engine.record(event).unwrap();
            }
            engine.view()
        });
        for a in 0..4 {
            for b in (0..4).filter(|&b| b != a) {
                prop_assert_eq!(first.excluded(a, b), second.excluded(a, b));
                prop_assert_eq!(first.score(a, b), second.score(a, b));
            }
        }
    }

    #[test]
    fn fusion_is_symmetric_monotone_and_bounded(fusion in fusion(), x in -30.0..30.0, y in -30.0..30.0, more in 1e-6..10.0) {
        let score = fusion.fuse(x, y);
        prop_assert!((0.0..=1.0).contains(&score));
        prop_assert_eq!(score, fusion.fuse(y, x));
        prop_assert!(fusion.fuse(x + more, y) >= score && fusion.fuse(x, y + more) >= score);
        let strict = x.abs() < 15.0 && y.abs() < 15.0;
        prop_assert!(!strict || fusion.fuse(x + more, y + more) > score);
    }
}
