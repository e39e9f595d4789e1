//! Exact values: the public example of 30 × 20 people, and 500 × 500 people of seed 0.

use gpting_core::Fusion;
use gpting_core::lab::{Bilateral, bilateral_market};
use gpting_core::matching::market::{
    AlignedSlots, DenseKernel, Equilibrium, Exposures, Pairs, Picks, Preferences, Reading, Response, Slates, Welfare,
};

fn judged(market: &Preferences, slates: &Slates) -> (f64, usize, usize) {
    worth(market, &slates.exposures(Reading::default()))
}

fn worth(market: &Preferences, exposures: &Exposures) -> (f64, usize, usize) {
    let judged = Bilateral::of(market, exposures, 2);
    (judged.matches, judged.left.envy, judged.right.envy)
}

fn priced(market: &Preferences, equilibrium: Equilibrium) -> Slates {
    let surplus = market.surplus();
    equilibrium.prices(&DenseKernel::new(&surplus, 1.0, 1)).slates(&surplus, 1)
}

/// The notebook of the public code: matches of six digits and the envy of both sides.
#[test]
fn the_public_example() {
    let market = bilateral_market(30, 20, 0.5, 0);
    let fused = |fusion| Slates::fused(&market, fusion, 1);
    for (name, slates, matches, envy) in [
        ("naive", Slates::naive(&market, 1), 6.097_606, (383, 172)),
        ("product", fused(Fusion::Product), 13.214_715, (211, 81)),
        ("equilibrium", priced(&market, Equilibrium::converged()), 15.447_528, (63, 10)),
    ] {
        let (found, left, right) = judged(&market, &slates);
        assert!((found - matches).abs() < 1e-6, "{name}: {found}");
        assert_eq!((left, right), envy, "{name}");
    }
}

/// The public linear programs reach 16.5096 with an envy of 28 and 7, and 15.7623 with none.
#[test]
fn welfare_beats_the_public_example() {
    let market = bilateral_market(30, 20, 0.5, 0);
    let climb = |alpha| worth(&market, &Welfare::of(alpha).climb(&Pairs::of(&market), Reading::default()));
    let (total, left, right) = climb(0.0);
    assert!(total >= 16.60 && left <= 28 && right <= 7, "{total} {left} {right}");
    let (nash, left, right) = climb(1.0);
    assert!(nash >= 15.95 && (left, right) == (0, 0), "{nash} {left} {right}");
}

/// Expected matches at 500 × 500, seed 0, of an independent implementation.
#[test]
fn five_hundred_people_a_side() {
    for (crowding, values) in [
        (0.0, [33.720_699, 633.354_522, 632.634_245, 565.103_803, 621.291_903]),
        (0.5, [30.731_609, 181.608_804, 182.437_889, 170.767_619, 367.585_533]),
        (1.0, [33.691_434; 5]),
    ] {
        let market = bilateral_market(500, 500, crowding, 0);
        let slates = [
            Slates::naive(&market, 2),
            Slates::fused(&market, Fusion::Product, 2),
            Slates::fused(&market, Fusion::Harmonic, 2),
            Slates::fused(&market, Fusion::Uninorm, 2),
            priced(&market, Equilibrium { threads: 2, ..Equilibrium::default() }),
        ];
        for (slates, value) in slates.iter().zip(values) {
            let found = Bilateral::matches(&market, &slates.exposures(Reading::default()));
            assert!((found - value).abs() < 1e-6, "{found} instead of {value} at {crowding}");
        }
    }
    let market = bilateral_market(500, 500, 0.5, 0);
    let converged = priced(&market, Equilibrium { threads: 2, ..Equilibrium::converged() });
    let found = Bilateral::matches(&market, &converged.exposures(Reading::default()));
    assert!((found - 361.613_43).abs() < 1e-5, "{found}");
}

/// The pick of the day at 500 × 500: assignment, and deferred acceptance with either side proposing.
#[test]
fn one_pick_a_day() {
    for (crowding, heaviest, left, right) in [(0.0, 464.27, 407.03, 420.61), (0.75, 208.20, 199.76, 199.78)] {
        let market = bilateral_market(500, 500, crowding, 0);
        let worth = market.product();
        let (one, other) = (Picks::stable(&market), Picks::stable_for_right(&market));
        assert_eq!((one.blocking(&market), other.blocking(&market)), (0, 0));
        for (picks, value) in [(Picks::heaviest(&worth), heaviest), (one, left), (other, right)] {
            let found = picks.total(&worth);
            assert!((found - value).abs() < 0.005, "{found} instead of {value} at {crowding}");
        }
    }
}

/// Hybrid slots and best response at 500 × 500 and a crowding of 0.5: the matches and the envy of the bar.
#[test]
fn hybrid_slots_leave_no_envy() {
    let market = bilateral_market(500, 500, 0.5, 0);
    let pairs = Pairs::of(&market);
    let slots = AlignedSlots { threads: 2, ..AlignedSlots::default() }.fill(&pairs);
    let slates = Response { threads: 2, ..Response::default() }.answer(&pairs, &slots, Reading::default());
    let (matches, left, right) = judged(&market, &slates);
    assert!(matches >= 438.5 && left + right <= 5, "{matches} {left} {right}");
}
