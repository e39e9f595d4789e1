//! The indexed search against the oracle, in populations of many leaves.
//!
//! A whole page is compared with the oracle's ranking, person by person; every shorter page, every continuation and every
//! set of instructions with the whole page, to the last bit.

use gpting_core::{After, Config, Day, Engine, EngineError, Event, Level, Link, Pick, Relax, View, Weights};
use proptest::prelude::*;

use crate::crowd::{Bound, DIMS, Dice, FUSIONS, Plan, Vectors, plan};
use crate::oracle::{Kind, World};

/// All people of a world at once, as a host starts.
pub(crate) fn filled(plan: &Plan, world: &World) -> Engine<u32> {
    let mut engine = plan.engine();
    engine.extend(world.people.iter().map(|(&id, spec)| (id, spec.person()))).unwrap();
    engine
}

/// The whole page of a viewer, which must be the oracle's.
pub(crate) fn whole_page(view: &View<u32>, world: &World, me: u32, relax: Relax) -> Vec<Pick<u32>> {
    let expected = world.ranking(me, relax);
    let whole = view.query(me).limit(world.people.len() + 1).relax(relax).run().unwrap();
    let ids = |mut ids: Vec<u32>| {
        ids.sort_unstable();
        ids
    };
    assert_eq!(
        ids(whole.iter().map(|pick| pick.id).collect()),
        ids(expected.iter().map(|ranked| ranked.id).collect()),
        "whom {me} is shown"
    );
    let by_id: std::collections::BTreeMap<_, _> = expected.iter().map(|ranked| (ranked.id, *ranked)).collect();
    for (pick, at_place) in whole.iter().zip(&expected) {
        let own = by_id[&pick.id];
        assert!((pick.score - own.score).abs() <= own.slack, "{me}: {pick:?}, not {own:?}");
        assert!((pick.score - at_place.score).abs() <= own.slack + at_place.slack, "{me}: {pick:?} for {at_place:?}");
    }
    assert!(whole.is_sorted_by(|a, b| a.score > b.score || (a.score == b.score && a.id < b.id)));
    whole
}

/// Everything that a viewer can be shown in parts must be parts of the whole page.
pub(crate) fn check_parts(view: &View<u32>, whole: &[Pick<u32>], me: u32, relax: Relax, dice: &mut Dice) {
    let ask = |limit: usize, after: After<u32>| view.query(me).limit(limit).after(after).relax(relax);
    let levels = Level::available();
    for (limit, levels) in [(1, &levels[..1]), (4, &levels[..]), (20, &levels[..]), (whole.len() + 1, &levels[..])] {
        for &level in levels {
            let page = ask(limit, After::Start).level(level).run().unwrap();
            assert_eq!(page, whole[..limit.min(whole.len())], "{me}, {limit} at {level:?}");
        }
    }
    let (mut paged, mut after) = (Vec::new(), After::Start);
    loop {
        // Some ten pages of very different sizes.
        let limit = if dice.chance(50) { 1 + dice.below(20) } else { whole.len() / 5 + 1 + dice.below(20) };
        let page = ask(limit, after).level(dice.pick(&levels)).run().unwrap();
        assert_eq!(page.len(), limit.min(whole.len() - paged.len()), "{me}: a full page");
        let Some(last) = page.last() else { break };
        after = (*last).into();
        paged.extend(page);
    }
    assert_eq!(paged, whole, "{me}: nobody twice, nobody missed");

    let out: Vec<u32> = whole.iter().map(|pick| pick.id).filter(|_| dice.chance(40)).chain([123]).collect();
    let rest: Vec<_> = whole.iter().filter(|pick| !out.contains(&pick.id)).copied().collect();
    let page = ask(10, After::Start).excluding(&out).run().unwrap();
    assert_eq!(page, rest[..10.min(rest.len())], "{me}: without {out:?}");
}

/// Some viewers of a world; most of them are shown somebody.
pub(crate) fn viewers(world: &World, count: usize, dice: &mut Dice) -> Vec<u32> {
    let ids: Vec<u32> = world.people.keys().copied().collect();
    let active: Vec<u32> = ids.iter().copied().filter(|id| world.people[id].active).collect();
    (0..count)
        .map(|_| if dice.chance(90) && !active.is_empty() { dice.pick(&active) } else { dice.pick(&ids) })
        .collect()
}

/// Every fusion with both links, in all dimensions, and every kind of vector and signal with each of them once.
#[test]
fn every_score_in_every_dimension_is_exact() {
    let bounds = [Bound::None, Bound::Infinite, Bound::Finite, Bound::Negative];
    let vectors = [Vectors::Even, Vectors::Unit, Vectors::PowerLaw, Vectors::Few, Vectors::Wild];
    let mut shown = 0;
    for (at, (fusion, link)) in
        [Link::Logistic, Link::Clipped].into_iter().flat_map(|link| FUSIONS.map(|fusion| (fusion, link))).enumerate()
    {
        // The other half of them with the other link.
        for (by, dims) in DIMS.into_iter().enumerate().filter(|(by, _)| (at + by) % 2 == 0) {
            let turn = at + by / 2;
            let plan = Plan {
                fusion,
                link,
                vectors: vectors[turn % 5],
                // Half of them without a signal: then a least is known before the exact score.
                bound: if turn % 2 == 0 { Bound::None } else { bounds[turn / 2 % 4] },
                content_only: turn % 3 == 0,
                rule: turn % 4 == 3,
                patterns: if turn % 7 == 6 { 9 } else { 600 },
                ..Plan::one(turn as u64, 600, dims)
            };
            let (world, mut dice) = (plan.world(), plan.dice());
            let view = filled(&plan, &world).view();
            let me = viewers(&world, 1, &mut dice)[0];
            let whole = whole_page(&view, &world, me, Relax::default());
            check_parts(&view, &whole, me, Relax::default(), &mut dice);
            shown += whole.len();
        }
    }
    assert!(shown > 40 * 150, "pages that hold nobody prove little: {shown}");
}

/// Weights at the ends of what is allowed.
#[test]
fn every_weight_is_exact() {
    let mut dice = Dice(3);
    for seed in 0..20 {
        let plan = Plan { fusion: FUSIONS[seed as usize % 5], ..Plan::one(seed, 600, 16) };
        let mut weight = || dice.pick(&[0.0, 1e-6, 0.5, 1.0, 30.0, 1e4, 1e9]);
        let (pickiness, appeal, interests, attributes) = (weight(), weight(), weight(), weight());
        let questions = weight();
        let (near, age, content) = (weight(), weight(), weight());
        let mut scale = || dice.pick(&[1e-9, 0.1, 10.0, 1e4, 1e9]);
        let (near_km, age_years, prior_decisions) = (scale(), scale(), scale());
        let like_rate = dice.pick(&[1e-12, 0.15, 0.999]);
        let mut world = plan.world();
        world.weights = Weights {
            like_rate,
            prior_decisions,
            pickiness,
            appeal,
            interests,
            attributes,
            questions,
            near,
            near_km,
            age,
            age_years,
            content,
        };
        let mut engine = Engine::new(Config::dims(16).fusion(plan.fusion).weights(world.weights)).unwrap();
        engine.set_today(Day::from_ymd(world.today.0, world.today.1, world.today.2).unwrap());
        world.people.iter().for_each(|(&id, spec)| engine.upsert(id, spec.person()).unwrap());
        let acting = viewers(&world, 60, &mut dice);
        for (at, pair) in acting.windows(2).enumerate().filter(|(_, pair)| pair[0] != pair[1]) {
            engine.record(Event::like(pair[0], pair[1], at as i64 + 1)).unwrap();
            world.record(Kind::Like, pair[0], pair[1]);
        }
        let view = engine.view();
        for me in [acting[0], acting[1]] {
            let whole = whole_page(&view, &world, me, Relax::default());
            check_parts(&view, &whole, me, Relax::default(), &mut dice);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn pages_of_every_population_are_exact(plan in plan(300..2000), one_by_one: bool, age: bool, distance: bool, step: bool) {
        let mut world = plan.world();
        let mut engine = if one_by_one { plan.engine() } else { filled(&plan, &world) };
        if one_by_one {
            // Leaves are about two thirds full, so there are more of them.
            world.people.iter().for_each(|(&id, spec)| engine.upsert(id, spec.person()).unwrap());
        }
        if distance && age {
            world.today = (2031, 5, 17);
            engine.set_today(Day::from_ymd(2031, 5, 17).unwrap());
        }
        let view = engine.view();
        let mut dice = plan.dice();
        for (at, me) in viewers(&world, 3, &mut dice).into_iter().enumerate() {
            let relax = match at {
                0 => Relax { age, distance, ..Relax::default() },
                1 if step => Relax { within_km: Some(90), age_years: 4, ..Relax::default() },
                _ => Relax::default(),
            };
            let whole = whole_page(&view, &world, me, relax);
            check_parts(&view, &whole, me, relax, &mut dice);
        }
    }

    #[test]
    fn prices_are_part_of_the_exact_score(plan in plan(300..1200)) {
        let (mut world, mut dice) = (plan.world(), plan.dice());
        let unpriced = filled(&plan, &world).view();
        let me = viewers(&world, 2, &mut dice);
        let before = unpriced.top(me[0], 50, After::Start).unwrap();
        // Prices of two calls: the second replaces some of the first, and leaves the others.
        let mut view = unpriced.clone();
        for share in [60, 30] {
            let named: Vec<u32> = world.people.keys().copied().filter(|_| dice.chance(share)).collect();
            let prices: Vec<(u32, f32)> = named.into_iter().map(|id| (id, dice.below(800) as f32 / 100.0 - 3.0)).collect();
            view = view.priced(prices.iter().copied()).unwrap();
            world.prices.extend(prices);
        }
        for &me in &me {
            let whole = whole_page(&view, &world, me, Relax::default());
            check_parts(&view, &whole, me, Relax::default(), &mut dice);
            for pick in whole.iter().take(3) {
                prop_assert_eq!(view.explain(me, pick.id).unwrap().score.to_bits(), pick.score.to_bits());
            }
        }
        prop_assert_eq!(unpriced.top(me[0], 50, After::Start).unwrap(), before, "a view does not change");
    }
}

#[test]
fn a_price_has_to_be_a_number_on_somebody() {
    let plan = Plan::one(1, 300, 4);
    let world = plan.world();
    let view = filled(&plan, &world).view();
    let id = *world.people.keys().next().unwrap();
    assert!(matches!(view.priced([(id, f32::NAN)]), Err(EngineError::InvalidNumber(_))));
    assert!(matches!(view.priced([(u32::MAX, 1.0)]), Err(EngineError::UnknownPerson { .. })));
}
