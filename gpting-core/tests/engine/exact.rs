//! The indexed search against the oracle, in populations of many leaves.
//!
//! A whole page is compared with the oracle's ranking, person by person; every shorter page, every continuation and every
//! set of instructions with the whole page, to the last bit.

use gpting_core::{After, Engine, Level, Pick, Relax, View};
use proptest::prelude::*;

use crate::crowd::{Dice, Plan, plan};
use crate::oracle::World;

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
    for limit in [1, 5, 20, whole.len().max(1), whole.len() + 1] {
        for level in Level::available() {
            let page = ask(limit, After::Start).level(level).run().unwrap();
            assert_eq!(page, whole[..limit.min(whole.len())], "{me}, {limit} at {level:?}");
        }
    }
    let (mut paged, mut after) = (Vec::new(), After::Start);
    loop {
        // At most a dozen pages, of very different sizes.
        let limit = if dice.chance(50) { 1 + dice.below(20) } else { whole.len() / 8 + 1 + dice.below(20) };
        let page = ask(limit, after).level(dice.pick(&Level::available())).run().unwrap();
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

/// Some viewers of a world: the first, the last, and any.
pub(crate) fn viewers(world: &World, count: usize, dice: &mut Dice) -> Vec<u32> {
    let ids: Vec<u32> = world.people.keys().copied().collect();
    (0..count).map(|_| dice.pick(&ids)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn pages_of_every_population_are_exact(plan in plan(300..1200), age: bool, distance: bool) {
        let world = plan.world();
        let view = filled(&plan, &world).view();
        let mut dice = plan.dice();
        for (at, me) in viewers(&world, 4, &mut dice).into_iter().enumerate() {
            let relax = if at == 0 { Relax { age, distance } } else { Relax::default() };
            let whole = whole_page(&view, &world, me, relax);
            check_parts(&view, &whole, me, relax, &mut dice);
        }
    }
}
