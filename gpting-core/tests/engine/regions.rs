//! Picks region by region, against the whole market and against the rules: whatever the order, and however regions overlap
//! in time.

use std::collections::{BTreeMap, BTreeSet};

use gpting_core::matching::round::RegionMarket;
use gpting_core::{Cell, Config, Day, Engine, Event, Gender, Market, Person, Regions, View, Wants};
use proptest::prelude::*;

use crate::crowd::Dice;

const CITIES: [(f64, f64); 5] = [(37.56, 126.98), (35.16, 129.06), (33.5, 126.53), (36.35, 127.38), (37.75, 128.88)];

/// People of five cities and of nowhere; some would go anywhere, some have decided about others.
fn country(people: u32, dice: &mut Dice) -> View<u32> {
    let mut engine = Engine::new(Config::dims(2)).unwrap();
    engine.set_today(Day::from_ymd(2026, 11, 27).unwrap());
    for id in 0..people {
        let own = dice.pick(&[Gender::F, Gender::M, Gender::M, Gender::O]);
        let wanted = if own == Gender::F { Gender::M } else { Gender::F };
        let age = 22 + dice.below(12) as u8;
        let vector: [f32; 2] = std::array::from_fn(|_| dice.sign() as f32);
        let mut wants = Wants::new(wanted).ages(age.saturating_sub(6), age + 8);
        let mut person = Person::new(own, age).vectors(&vector, &[vector[1], -vector[0]]).active(!dice.chance(5));
        if dice.chance(95) {
            let (lat, lng) = CITIES[(dice.below(9) / 2).min(4)];
            person = person.at(Cell::from_lat_lng(lat + dice.sign() * 0.05, lng).unwrap());
            if dice.chance(60) {
                wants = wants.within_km(dice.pick(&[30, 150, 300]));
            }
        }
        engine.upsert(id, person.wants(wants)).unwrap();
    }
    for _ in 0..2 * people {
        let (a, b) = (dice.below(people as usize) as u32, dice.below(people as usize) as u32);
        if a != b {
            let event = dice.pick(&[Event::like(a, b, 1), Event::pass(a, b, 2), Event::block(a, b, 3)]);
            engine.record(event).unwrap();
        }
    }
    engine.view()
}

fn fits(view: &View<u32>, (a, b): (u32, u32)) -> bool {
    view.eligible(a, b).unwrap() && !view.excluded(a, b).unwrap() && !view.excluded(b, a).unwrap()
}

fn markets(view: &View<u32>, cut: &Regions, market: &Market, absent: &[u32]) -> Vec<RegionMarket<u32>> {
    let solve = |number| view.market(market.clone()).unwrap().without(absent).solve_region(cut, number, 1).unwrap();
    (0..cut.len()).map(solve).collect()
}

/// The picks of all regions when they are done in this order, by the rule of the border: each looks who has a pick and makes
/// its own; when somebody was faster it looks again. `slow` regions look first and write last.
fn picks(markets: &[RegionMarket<u32>], order: &[usize], slow: usize) -> (Vec<(u32, u32)>, f64) {
    let (mut taken, mut pairs, mut matches) = (BTreeSet::new(), Vec::new(), 0.0);
    let done = std::cell::RefCell::new(BTreeSet::new());
    let mut version = 0;
    let looked = |taken: &BTreeSet<u32>, number: usize| {
        markets[number].picks(|id| taken.contains(&id), |other| done.borrow().contains(&other)).unwrap()
    };
    let mut waiting: Vec<(usize, u32, _)> = Vec::new();
    let mut write = |number: usize, seen: u32, made, taken: &mut BTreeSet<u32>| {
        let made: gpting_core::matching::round::RegionPicks<u32> =
            if seen == version { made } else { looked(taken, number) };
        version += 1;
        done.borrow_mut().insert(number);
        matches += made.matches;
        assert!(made.matches <= made.bound + 1e-9);
        taken.extend(made.pairs.iter().flat_map(|pair| [pair.0, pair.1]));
        pairs.extend(made.pairs);
    };
    for (place, &number) in (0_u32..).zip(order) {
        let made = looked(&taken, number);
        if (place as usize) < slow {
            waiting.push((number, 0, made));
        } else {
            write(number, place - slow as u32, made, &mut taken);
        }
    }
    for (number, seen, made) in waiting {
        write(number, seen, made, &mut taken);
    }
    (pairs, matches)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn nobody_has_two_whatever_the_order(seed in any::<u64>(), least in 5_usize..60, pool in 3_usize..300, slow in 0_usize..6) {
        let mut dice = Dice(seed);
        let view = country(200, &mut dice);
        let cut = view.regions(least);
        let absent: Vec<u32> = (0..10).map(|_| dice.below(200) as u32).collect();
        let markets = markets(&view, &cut, &Market::daily().pool(pool).list_length(5), &absent);
        let whole = view.market(Market::daily().pool(pool).list_length(5)).unwrap().without(&absent).solve(1).unwrap();
        let people: usize = markets.iter().map(|market| market.report().people).sum();
        prop_assert_eq!(people, whole.len(), "everybody is at home in one region");
        let mut order: Vec<usize> = (0..cut.len()).collect();
        for at in (1..order.len()).rev() {
            order.swap(at, dice.below(at + 1));
        }
        let (pairs, matches) = picks(&markets, &order, slow.min(order.len()));
        let mut of: BTreeMap<u32, u32> = BTreeMap::new();
        for &(a, b) in &pairs {
            prop_assert!(fits(&view, (a, b)), "{a} and {b}");
            prop_assert!(!absent.contains(&a) && !absent.contains(&b));
            prop_assert!(of.insert(a, b).is_none() && of.insert(b, a).is_none(), "{a} or {b} has two");
        }
        if pool >= 200 {
            // Every pair that fits is in some region's market: nobody is left over who fits somebody left over.
            let left: Vec<u32> = whole.iter().map(|(id, _)| id).filter(|id| !of.contains_key(id)).collect();
            for (at, &a) in left.iter().enumerate() {
                prop_assert!(left[at + 1..].iter().all(|&b| !fits(&view, (a, b))), "{a} could have somebody");
            }
            prop_assert!(matches <= whole.report().pick_bound + 1e-6, "{matches}");
            let bounds: f64 = markets.iter().map(|market| market.picks(|_| true, |_| true).unwrap().bound).sum();
            prop_assert!(bounds >= whole.report().pick_matches - 1e-6, "{bounds} bounds what one market reaches");
        }
    }

    #[test]
    fn one_region_is_the_whole_market(seed in any::<u64>(), pool in 3_usize..50) {
        let view = country(150, &mut Dice(seed));
        let cut = view.regions(usize::MAX);
        prop_assert_eq!(cut.len(), 1);
        let market = Market::daily().pool(pool).seed(seed);
        let activity = |id: u32| 0.5 + (id % 5) as f32;
        let whole = view.market(market.clone()).unwrap().activity(activity).solve(2).unwrap();
        let only = view.market(market).unwrap().activity(activity).solve_region(&cut, 0, 1).unwrap();
        prop_assert_eq!(only.report(), whole.report());
        let made = only.picks(|_| false, |_| false).unwrap();
        let expected: Vec<(u32, u32)> =
            whole.iter().filter_map(|(id, _)| Some((id, whole.pick(id)?))).filter(|(a, b)| a < b).collect();
        prop_assert_eq!(made.pairs, expected);
        prop_assert_eq!(made.matches, whole.report().pick_matches);
        prop_assert_eq!(made.bound, whole.report().pick_bound);
    }
}

#[test]
fn whoever_has_a_pick_gets_no_other_and_whoever_is_left_over_may_be_chosen_across_the_border() {
    let view = country(300, &mut Dice(7));
    let cut = view.regions(20);
    assert!(cut.len() > 2, "{:?}", cut.people());
    let markets = markets(&view, &cut, &Market::daily().pool(300), &[]);
    let first = markets[0].picks(|_| false, |_| true).unwrap();
    let taken: BTreeSet<u32> = first.pairs.iter().flat_map(|pair| [pair.0, pair.1]).collect();
    let again = markets[0].picks(|id| taken.contains(&id), |_| true).unwrap();
    assert!(again.pairs.iter().all(|(a, b)| !taken.contains(a) && !taken.contains(b)));
    assert!(again.pairs.is_empty(), "what is left has nobody: {again:?}");
    let none = markets[0].picks(|_| true, |_| true).unwrap();
    assert!(none.pairs.is_empty() && none.matches == 0.0);
    let abroad =
        markets.iter().any(|market| market.report().cut_edges > 0 && market.people().len() > market.report().people);
    let whole = view.market(Market::daily().pool(300)).unwrap().solve(1).unwrap().report().pick_matches;
    let order: Vec<usize> = (0..cut.len()).collect();
    let (_, matches) = picks(&markets, &order, 0);
    assert!(matches > 0.97 * whole && matches < whole + 1e-6, "{matches} of {whole}");
    assert!(abroad, "no region sees beyond its border, or this test says nothing");
}
