//! The sequential market: exact bounds of the published market, and what holds in every market.

use gpting_core::lab::sequential::{
    Sequential, SequentialMarket, SequentialMethod, polish, respond, simulate, welfare,
};
use gpting_core::lab::{Taste, sequential_market};
use gpting_core::matching::market::{Examination, Matrix, Preferences, Reading};

const CROWDINGS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

fn published(crowding: f64) -> SequentialMarket {
    SequentialMarket::new(sequential_market(150, 100, crowding, Taste::Random, 621), Reading::default())
}

fn small(examination: Examination, length: usize) -> SequentialMarket {
    SequentialMarket::new(sequential_market(12, 9, 0.4, Taste::Random, 5), Reading { examination, length })
}

fn lists(market: &SequentialMarket, name: &str) -> Matrix<f64> {
    name.parse::<SequentialMethod>().expect("a method").solve(market, 3, 2)
}

#[test]
fn bounds_of_the_published_market_are_exact() {
    let anchors = [
        ("naive", [136.93296, 112.60417, 93.42746, 82.94969, 79.55388]),
        ("product", [182.75824, 149.40690, 116.33699, 92.83143, 79.55388]),
        ("tu-converged", [182.37972, 156.27686, 134.30033, 114.76891, 79.55388]),
    ];
    for (at, crowding) in CROWDINGS.into_iter().enumerate() {
        let market = published(crowding);
        for (name, bounds) in anchors {
            let bound = Sequential::bound(&market, &lists(&market, name), 2);
            assert!((bound - bounds[at]).abs() < 1e-5, "{name} at {crowding}: {bound}");
        }
    }
}

#[test]
fn welfare_reaches_the_bounds_of_the_reference() {
    for (crowding, least) in CROWDINGS.into_iter().zip([189.8, 160.9, 137.4, 118.8, 103.2]) {
        let market = published(crowding);
        let bound = Sequential::bound(&market, &welfare(&market, 100, 2), 2);
        assert!(bound >= least, "{crowding}: {bound}");
    }
}

/// The published table is a simulation of 10,000 runs, printed with one digit; here is what it estimates.
#[test]
fn expected_matches_are_those_of_the_published_table() {
    let table = [("naive", [156.3, 128.7, 106.9, 95.0, 92.1]), ("product", [199.9, 166.6, 131.0, 105.0, 92.1])];
    for (at, crowding) in CROWDINGS.into_iter().enumerate() {
        let market = published(crowding);
        for (name, published) in table {
            let expected = Sequential::expected(&market, &lists(&market, name), 2);
            assert!((expected / published[at] - 1.0).abs() < 0.01, "{name} at {crowding}: {expected}");
        }
    }
    // Other tastes and examinations of the same table, at crowding 0.5.
    let other = |taste, examination, name| {
        let reading = Reading { examination, length: usize::MAX };
        let market = SequentialMarket::new(sequential_market(150, 100, 0.5, taste, 621), reading);
        Sequential::expected(&market, &lists(&market, name), 2)
    };
    for (taste, examination, name, published) in [
        (Taste::Similar, Examination::Inverse, "naive", 126.2),
        (Taste::Similar, Examination::Inverse, "product", 143.8),
        (Taste::Reverse, Examination::Inverse, "product", 104.5),
        (Taste::Random, Examination::Exponential, "naive", 25.9),
        (Taste::Random, Examination::Exponential, "product", 47.8),
        (Taste::Random, Examination::Ln, "naive", 639.2),
        (Taste::Random, Examination::Ln, "product", 669.7),
    ] {
        let expected = other(taste, examination, name);
        assert!((expected / published - 1.0).abs() < 0.015, "{taste:?} {examination:?} {name}: {expected}");
    }
}

#[test]
fn where_all_agree_responses_beat_the_bound_and_the_better_is_kept() {
    let market = published(1.0);
    let matches = |exposure: &Matrix<f64>| Sequential::expected(&market, exposure, 2);
    let product = lists(&market, "product");
    let climbed = welfare(&market, 100, 2);
    let response = respond(&market, &product, 40, 2);
    assert!(matches(&response) > 117.5 && matches(&response) > matches(&climbed));
    assert!(Sequential::bound(&market, &response, 2) < Sequential::bound(&market, &climbed, 2));
    let kept = lists(&market, "sw");
    assert_eq!(kept, response, "more matches count, not the higher bound");
    assert!(matches(&product) < 92.0);
}

#[test]
fn a_simulation_meets_the_expectation() {
    for examination in [Examination::Inverse, Examination::Exponential, Examination::Log2, Examination::Ln] {
        let market = small(examination, 9);
        for name in ["naive", "product", "sw"] {
            let exposure = lists(&market, name);
            let judged = Sequential::of(&market, &exposure, 1);
            let simulated = simulate(&market, &exposure, 20_000, 9, 2);
            let slack = 4.0 * simulated.standard_error;
            assert!(
                (simulated.mean - judged.matches).abs() < slack,
                "{examination:?} {name}: {simulated:?} {judged:?}"
            );
            assert!(judged.matches < Sequential::ceiling(&market), "{judged:?}");
            // The bound is one where weights are chances.
            assert!(judged.bound <= judged.matches + 1e-9 || examination == Examination::Ln, "{judged:?}");
            assert!((judged.left.iter().sum::<f64>() - judged.matches).abs() < 1e-9);
            assert!((judged.right.iter().sum::<f64>() - judged.matches).abs() < 1e-9);
            assert_eq!(simulated, simulate(&market, &exposure, 20_000, 9, 1), "threads change nothing");
            assert_ne!(simulated, simulate(&market, &exposure, 20_000, 10, 1));
        }
    }
}

#[test]
fn polish_never_loses_and_best_is_best() {
    let market = published(0.5);
    let start = lists(&market, "tu-converged");
    let matches = |exposure: &Matrix<f64>| Sequential::expected(&market, exposure, 2);
    let polished = polish(&market, &start, 30, 1, 2);
    assert!(matches(&polished) > matches(&start) + 1.0);
    let market = small(Examination::Inverse, 9);
    let matches = |name| Sequential::expected(&market, &lists(&market, name), 2);
    for name in ["sw", "mode", "tu-polish"] {
        assert!(matches("best") >= matches(name) - 1e-9, "{name}");
    }
}

#[test]
fn every_method_gives_lists_of_its_length_whatever_the_threads() {
    let market = small(Examination::Inverse, 4);
    let total = 1.0 + 0.5 + 1.0 / 3.0 + 0.25;
    for (name, method) in SequentialMethod::NAMES {
        let exposure = method.solve(&market, 7, 1);
        for sum in exposure.row_sums() {
            assert!((sum - total).abs() < 1e-9, "{name}: {sum}");
        }
        assert_eq!(exposure, method.solve(&market, 7, 3), "{name}");
        let judged = Sequential::of(&market, &exposure, 3);
        assert!(judged.matches <= Sequential::ceiling(&market), "{name}");
        assert_eq!(judged, Sequential::of(&market, &exposure, 1), "{name}");
    }
    assert!("nsw".parse::<SequentialMethod>().is_err());
}

#[test]
fn a_market_worked_out_by_hand() {
    // Two apply to one: the first for sure, the second half of the time. The right prefers the second.
    let there = Matrix::from_rows(2, 1, vec![1.0, 0.5]);
    let back = Matrix::from_rows(1, 2, vec![0.4, 0.8]);
    let market = SequentialMarket::new(Preferences::new(there, back), Reading::default());
    let exposure = Matrix::filled(2, 1, 1.0);
    let judged = Sequential::of(&market, &exposure, 1);
    // The second is at rank 1: 0.5 × 0.8. The first is at rank 1 or 2, each half of the time: 0.4 × 0.75.
    assert!((judged.left[1] - 0.4).abs() < 1e-12 && (judged.left[0] - 0.3).abs() < 1e-12);
    assert!((judged.bound - (0.4 + 0.4 / 1.5)).abs() < 1e-12);
    assert_eq!(judged.envy, 0, "both have the same list");
    // Seen half as much, the second leaves more to the first, and envies its list.
    let uneven = Sequential::of(&market, &Matrix::from_rows(2, 1, vec![1.0, 0.5]), 1);
    assert!((uneven.left[0] - 0.4 * (0.75 + 0.25 / 2.0)).abs() < 1e-12);
    assert_eq!(uneven.envy, 1);
}
