//! The upper bound: above every list there is in small markets, above every method in larger ones, and not far above.

use gpting_core::lab::bilateral_market;
use gpting_core::matching::market::{
    AlignedSlots, Certificate, Examination, Lists, Matrix, Pairs, Reading, Response, Slates, Welfare,
};

/// All orders of `0..len`.
fn orders(len: u32) -> Vec<Vec<u32>> {
    if len == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(len - 1);
    let longer = shorter.iter().flat_map(|order| {
        (0..=order.len()).map(|at| {
            let mut order = order.clone();
            order.insert(at, len - 1);
            order
        })
    });
    longer.collect()
}

/// The most matches over all lists: every choice for the right side, answered at best by the left.
fn most(pairs: &Pairs, lefts: u32, rights: u32, reading: Reading) -> f64 {
    let orders = orders(lefts);
    let answer = Response { rounds: 1, ..Response::default() };
    let anybody = Lists::from_rows((0..lefts).map(|_| (0..rights).collect::<Vec<u32>>()));
    let mut most = 0.0_f64;
    for choice in 0..orders.len().pow(rights) {
        let rows = (0..rights).map(|right| &orders[choice / orders.len().pow(right) % orders.len()]);
        let slates = Slates { left: anybody.clone(), right: Lists::from_rows(rows) };
        most = most.max(pairs.matches(&answer.answer(pairs, &slates, reading), reading));
    }
    most
}

#[test]
fn no_lists_of_a_small_market_pass_the_bound() {
    for seed in 0..4 {
        for examination in [Examination::Inverse, Examination::Log2, Examination::Exponential, Examination::TopTen] {
            for length in [1, 2, 9] {
                let reading = Reading { examination, length };
                let market = bilateral_market(4, 3, f64::from(seed) / 3.0, seed);
                let pairs = Pairs::of(&market);
                let most = most(&pairs, 4, 3, reading);
                let start = AlignedSlots::default().fill(&pairs);
                let certified = Certificate { rounds: 300, threads: 1 }.certify(&pairs, &start, reading);
                let case = format!("seed {seed} {reading:?}: {most} of {certified:?}");
                assert!(most <= certified.upper_bound && certified.matches <= most * (1.0 + 1e-6), "{case}");
                assert!(certified.upper_bound < most * 1.12, "{case}");
            }
        }
    }
}

#[test]
fn no_method_passes_the_bound_and_it_is_close() {
    let reading = Reading::default();
    for (lefts, rights, crowding) in [(30, 20, 0.5), (60, 60, 0.0), (60, 60, 0.5), (50, 70, 0.75), (60, 60, 1.0)] {
        let market = bilateral_market(lefts, rights, crowding, 0);
        let pairs = Pairs::of(&market);
        let slots = AlignedSlots::default().fill(&pairs);
        let answered = Response::default().answer(&pairs, &slots, reading);
        let certified = Certificate::default().certify(&pairs, &answered, reading);
        let welfare = Welfare::of(0.0).climb(&pairs, reading).slates(1);
        for slates in [&slots, &answered, &welfare, &certified.slates] {
            assert!(pairs.matches(slates, reading) <= certified.upper_bound);
        }
        assert!((pairs.matches(&certified.slates, reading) - certified.matches).abs() < 1e-9);
        assert!(certified.matches >= pairs.matches(&answered, reading));
        let gap = certified.upper_bound / certified.matches - 1.0;
        assert!(gap < 0.01, "{lefts} {rights} {crowding}: {gap}");
    }
}

#[test]
fn a_bound_without_rounds_holds_and_closed_pairs_count_for_nothing() {
    let worth = Matrix::from_rows(2, 3, vec![0.5, -1.0, 0.9, -1.0, -1.0, -1.0]);
    let pairs = Pairs::worth(&worth);
    let slates = AlignedSlots::default().fill(&pairs);
    for rounds in [0, 50] {
        let certified = Certificate { rounds, threads: 1 }.certify(&pairs, &slates, Reading::default());
        // Left 0 has 0.9 first and 0.5 second, and each of the two rights has left 0 first.
        assert!((certified.matches - 1.15).abs() < 1e-6 && certified.upper_bound >= 1.15, "{certified:?}");
    }
}
