//! What must hold for any market: threads change nothing, matches never fall, sides can be swapped, kernels agree.

#![expect(clippy::cast_possible_truncation, reason = "factors are in single precision")]

use gpting_core::lab::{Bilateral, Mt19937, bilateral_market};
use gpting_core::matching::market::{
    AlignedSlots, Certificate, Choice, DenseKernel, Equilibrium, Examination, Exposures, FactorKernel, Matrix, Pairs,
    Preferences, Reading, Response, Slates, Welfare,
};

fn matches(market: &Preferences, slates: &Slates, reading: Reading) -> f64 {
    Bilateral::matches(market, &slates.exposures(reading))
}

#[test]
fn threads_change_nothing() {
    let market = bilateral_market(41, 57, 0.4, 3);
    let (pairs, reading, surplus) = (Pairs::of(&market), Reading::default(), market.surplus());
    let all = |threads: usize| {
        let slots = AlignedSlots { threads, ..AlignedSlots::default() }.fill(&pairs);
        let answered = Response { threads, ..Response::default() }.answer(&pairs, &slots, reading);
        let welfare = Welfare { threads, ..Welfare::of(0.3) }.climb(&pairs, reading);
        let prices =
            Equilibrium { threads, ..Equilibrium::default() }.prices(&DenseKernel::new(&surplus, 0.3, threads));
        let certified = Certificate { rounds: 7, threads }.certify(&pairs, &answered, reading);
        (slots, answered, welfare, prices, certified, Slates::naive(&market, threads))
    };
    let one = all(1);
    for threads in [2, 3, 16] {
        assert_eq!(all(threads), one, "{threads} threads");
    }
}

#[test]
fn answers_never_lose_matches() {
    for (seed, crowding) in [(0, 0.0), (1, 0.5), (2, 1.0)] {
        let market = bilateral_market(40, 30, crowding, seed);
        let pairs = Pairs::of(&market);
        for examination in [Examination::Inverse, Examination::Log2, Examination::Exponential, Examination::TopTen] {
            let reading = Reading::of(examination);
            let mut slates = Slates::random(40, 30, u64::from(seed), 1);
            let mut before = matches(&market, &slates, reading);
            for _ in 0..5 {
                slates = Response { rounds: 1, ..Response::default() }.answer(&pairs, &slates, reading);
                let after = matches(&market, &slates, reading);
                assert!(after >= before - 1e-5 * before, "{examination:?}: {before} to {after}");
                assert!((pairs.matches(&slates, reading) - after).abs() < 1e-5 * after);
                before = after;
            }
        }
    }
}

#[test]
fn sides_can_be_swapped() {
    let market = bilateral_market(25, 35, 0.3, 9);
    let swapped = market.clone().swapped();
    let (one, other) = (Slates::naive(&market, 1), Slates::naive(&swapped, 1));
    assert_eq!((one.left, one.right), (other.right, other.left));
    let totals = [&market, &swapped].map(|market| {
        let slots = AlignedSlots { exact: 25, greedy: 0, threads: 1 }.fill(&Pairs::of(market));
        matches(market, &slots, Reading::default())
    });
    assert!((totals[0] - totals[1]).abs() < 1e-9, "{totals:?}");
}

/// The equations of the equilibrium themselves, from the prices: everybody's matches and staying alone add up to one.
#[test]
fn prices_solve_the_equations() {
    for temperature in [1.0, 0.2, 0.05] {
        let market = bilateral_market(30, 45, 0.5, 4);
        let surplus = market.surplus();
        let prices = Equilibrium::converged().prices(&DenseKernel::new(&surplus, temperature, 1));
        assert!(prices.sweeps < 200, "{} sweeps at {temperature}", prices.sweeps);
        let scale = |price: f64| (-price / (2.0 * temperature)).exp();
        let mu = |i: usize, j: usize| {
            (surplus.at(i, j) / (2.0 * temperature)).exp() * scale(prices.left[i]) * scale(prices.right[j])
        };
        for i in 0..30 {
            let all = scale(prices.left[i]).powi(2) + (0..45).map(|j| mu(i, j)).sum::<f64>();
            assert!((all - 1.0).abs() < 1e-6 && prices.left[i] >= 0.0, "left {i} has {all} at {temperature}");
        }
        for j in 0..45 {
            let all = scale(prices.right[j]).powi(2) + (0..30).map(|i| mu(i, j)).sum::<f64>();
            assert!((all - 1.0).abs() < 1e-6 && prices.right[j] >= 0.0, "right {j} has {all} at {temperature}");
        }
    }
}

#[test]
fn factors_and_their_matrix_have_the_same_prices() {
    for (lefts, rights, dimensions) in [(7, 9, 3), (130, 67, 32), (64, 64, 1)] {
        let mut random = Mt19937::new(8);
        let mut factors =
            |people| Matrix::from_fn(people, dimensions, |_, _| (random.uniform() / (dimensions as f64).sqrt()) as f32);
        let (left, right) = (factors(lefts), factors(rights));
        let surplus = Matrix::from_fn(lefts, rights, |i, j| {
            left.row(i).iter().zip(right.row(j)).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        });
        let dense = Equilibrium::default().prices(&DenseKernel::new(&surplus, 0.5, 1));
        let lean =
            |threads| Equilibrium { threads, ..Equilibrium::default() }.prices(&FactorKernel::new(&left, &right, 0.5));
        let one = lean(1);
        assert_eq!(one, lean(3));
        let both = dense.left.iter().zip(&one.left).chain(dense.right.iter().zip(&one.right));
        assert!(both.clone().all(|(dense, lean)| (dense - lean).abs() < 1e-4), "{lefts} {rights}");
    }
}

/// Fairness ends in more Nash welfare, the total in more matches, and a start from slots loses none of them.
#[test]
fn welfare_climbs_what_it_says() {
    let market = bilateral_market(60, 60, 0.5, 1);
    let (pairs, reading) = (Pairs::of(&market), Reading::default());
    let nash = |exposures: &Exposures| -> f64 {
        Bilateral::of(&market, exposures, 1).left.utilities.iter().map(|utility| utility.max(1e-9).ln()).sum::<f64>()
    };
    let climbs = [1.0, 0.5, 0.0].map(|alpha| Welfare::of(alpha).climb(&pairs, reading));
    let nash = climbs.each_ref().map(nash);
    assert!(nash[0] > nash[2] && nash[1] > nash[2], "{nash:?}");
    let totals = climbs.each_ref().map(|exposures| Bilateral::matches(&market, exposures));
    assert!(totals[0] < totals[1] && totals[1] < totals[2], "{totals:?}");
    let start = AlignedSlots::default().fill(&pairs).exposures(reading);
    let from_slots = Welfare { first_alpha: 0.0, ..Welfare::of(0.0) }.climb_from(&pairs, &start, reading);
    assert!(Bilateral::matches(&market, &from_slots) >= Bilateral::matches(&market, &start));
}

#[test]
fn nobody_outside_a_pool_is_shown() {
    let market = bilateral_market(60, 50, 0.5, 6);
    let surplus = market.surplus();
    let (left, right) = Equilibrium::default().prices(&DenseKernel::new(&surplus, 1.0, 1)).scores(&surplus);
    let pool = Choice { names: 8, ..Choice::default() }.pool(&left, &right);
    let pairs = Pairs::of(&market).within(&pool);
    let reading = Reading::first(8);
    let slots = AlignedSlots::default().fill(&pairs);
    let answered = Response::default().answer(&pairs, &slots, reading);
    let certified = Certificate { rounds: 20, threads: 1 }.certify(&pairs, &answered, reading);
    for slates in [&slots, &answered, &certified.slates] {
        for person in 0..60 {
            let shown = slates.left.row(person);
            assert!(shown.iter().all(|name| pool.contains(person, *name as usize)));
            assert!(shown.len() >= 8, "everybody has chosen eight");
        }
        for person in 0..50 {
            assert!(slates.right.row(person).iter().all(|name| pool.contains(*name as usize, person)));
        }
    }
    let climbed = Welfare::of(0.5).climb(&pairs, reading);
    for person in 0..60 {
        for name in (0..50).filter(|name| !pool.contains(person, *name)) {
            assert!(climbed.left().at(person, name) <= 0.0 && climbed.right().at(name, person) <= 0.0);
        }
    }
}
