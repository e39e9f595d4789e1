//! The published markets, as graphs: what a dense two-sided implementation gets, this one must get.

use gpting_core::matching::market::graph::{
    Graph, Kernel, Lists, MarketSettings, Noise, Offer, Pairing, PairingSettings, Policy, PriceSettings, Prices, Slots,
    Solver, WelfareSettings, envy, gather, gini, respond, upper_bound,
};

use crate::markets::TwoSides;

/// `1 / k` for lists of so many names.
fn inverse(length: usize) -> Vec<f64> {
    std::iter::once(0.0).chain((1..=length).map(|k| 1.0 / k as f64)).collect()
}

fn prices(graph: &Graph, iterations: usize) -> Prices {
    let kernel = Kernel::of_graph(graph, 1.0, None).unwrap();
    let settings = PriceSettings { iterations, tolerance: 1e-12, threads: 2 };
    Prices::of(&kernel, &vec![1.0; graph.people()], settings).unwrap()
}

fn by_prices(graph: &Graph, prices: &Prices, length: usize) -> Lists {
    Lists::by_key(graph, length, |_, half| {
        f64::from(graph.edges()[half.edge as usize].surplus()) - f64::from(prices.price[half.other as usize])
    })
}

fn pooled(graph: &Graph, limit: usize, noise: f32) -> Graph {
    let prices = prices(graph, 20);
    gather(graph, graph.people(), &Offer::new(&prices.price, Noise::new(1, noise)), limit, 2).unwrap()
}

/// Slots, then best responses; what the lists give and how many envy.
fn slots_and_responses(graph: &Graph, exact: usize) -> (f64, u64) {
    let (both, table) = (graph.both(), inverse(20));
    let slots = Slots::new(graph, &both, 64, exact, PairingSettings::default()).unwrap();
    let mut lists = slots.lists(graph, &both, 20);
    let responses = respond(graph, &both, &table, &mut lists, 30, 1e-6, 2);
    assert!(responses.totals.is_sorted(), "{:?}", responses.totals);
    let total = lists.total(graph, &both, &table);
    let bound = upper_bound(graph, &both, &table, &lists, 30, 2);
    assert!(total <= bound && bound < 1.05 * total, "{total} {bound}");
    (total, envy(graph, &both, &table, &lists, 2))
}

#[test]
fn the_example_of_the_public_code_is_reproduced() {
    let graph = TwoSides::new(30, 20, 0.5, 0).graph();
    let (both, table) = (graph.both(), inverse(30));
    let naive = Lists::by_key(&graph, 30, |person, half| {
        let edge = graph.edges()[half.edge as usize];
        if edge.a == person { edge.there } else { edge.back }
    });
    let product = Lists::by_product(&graph, 30);
    let tu = by_prices(&graph, &prices(&graph, 2000), 30);
    for (name, lists, matches, envies) in
        [("naive", naive, 6.097_606, 555), ("product", product, 13.214_715, 292), ("TU", tu, 15.447_528, 73)]
    {
        let total = lists.total(&graph, &both, &table);
        assert!((total - matches).abs() < 1e-5, "{name}: {total} {matches}");
        assert_eq!(envy(&graph, &both, &table, &lists, 1), envies, "{name}");
    }
}

#[test]
fn twenty_rounds_of_prices_are_those_of_two_sides() {
    for (crowding, product, tu) in [(0.0, 617.3, 605.6), (0.5, 153.1, 356.6), (0.75, 77.5, 260.1)] {
        let graph = TwoSides::new(500, 500, crowding, 0).graph();
        let (both, table) = (graph.both(), inverse(20));
        let total = Lists::by_product(&graph, 20).total(&graph, &both, &table);
        assert!((total - product).abs() < 0.06, "product: {total} {product}");
        let total = by_prices(&graph, &prices(&graph, 20), 20).total(&graph, &both, &table);
        assert!((total - tu).abs() < 0.06, "prices: {total} {tu}");
    }
}

/// Lists of 20 from pools of 20. Dense welfare optimisation, the published best, has 410, 304 and 13.
#[test]
fn pools_of_twenty_by_price_are_enough() {
    for (crowding, greedy, exact) in [(0.5, 418.0, Some(427.0)), (0.75, 322.0, Some(327.0)), (1.0, 260.0, None)] {
        let graph = TwoSides::new(500, 500, crowding, 0).graph();
        let (total, envies) = slots_and_responses(&pooled(&graph, 20, 0.03), 0);
        assert!(total >= greedy, "greedy slots at {crowding}: {total}");
        assert!(crowding > 0.9 || envies < 100, "{envies} envy");
        if let Some(exact) = exact {
            let (total, envies) = slots_and_responses(&pooled(&graph, 20, 0.0), 3);
            assert!(total >= exact && envies < 10, "exact slots at {crowding}: {total}, {envies} envy");
        }
    }
}

/// The published optimisation of dense lists, cut to 20 names, has 410.2 for the sum and 411.6 with a Gini of 0.13 for Nash.
#[test]
fn welfare_of_two_sides_is_the_published_one() {
    let graph = TwoSides::new(500, 500, 0.5, 0).graph();
    let (both, table) = (graph.both(), inverse(20));
    let run = |alpha| {
        let settings = WelfareSettings { alpha, threads: 2, ..WelfareSettings::default() };
        Policy::new(&graph, &both, &table, None, settings).unwrap().matches(&graph, &both)
    };
    let (sum, nash) = (run(0.0), run(1.0));
    let total = |matches: &[f64]| matches.iter().sum::<f64>() / 2.0;
    assert!((total(&sum) / 410.2 - 1.0).abs() < 0.01, "{}", total(&sum));
    assert!((total(&nash) / 411.6 - 1.0).abs() < 0.01, "{}", total(&nash));
    assert!((gini(&nash) - 0.13).abs() < 0.01 && gini(&sum) > 0.25, "{} {}", gini(&nash), gini(&sum));
}

/// The solver with its defaults and a pool of 20 does what its steps do, at every crowding.
#[test]
fn the_solver_reaches_the_bars_by_itself() {
    for (crowding, matches) in [(0.0, 722.0), (0.5, 427.0), (1.0, 260.0)] {
        let graph = TwoSides::new(500, 500, crowding, 0).graph();
        let settings = MarketSettings { pool: Some(20), threads: 2, ..MarketSettings::default() };
        let report = Solver::new(&graph, settings).unwrap().finish().unwrap().report;
        assert!(report.expected_matches >= matches, "{crowding}: {report:?}");
        assert!(report.upper_bound < 1.06 * report.expected_matches, "{crowding}: {report:?}");
        assert!(report.pick_bound - report.pick_matches < 1e-5, "{report:?}");
    }
}

#[test]
fn daily_picks_of_two_sides_are_the_optimum() {
    for (crowding, optimum) in [(0.0, 464.27), (0.25, 359.76), (0.5, 272.71), (0.75, 208.20)] {
        let graph = TwoSides::new(500, 500, crowding, 0).graph();
        let picks = Pairing::new(&graph, &graph.both(), PairingSettings::default()).unwrap();
        assert!((picks.weight - optimum).abs() < 0.005, "{crowding}: {} {optimum}", picks.weight);
        assert!(picks.bound - picks.weight < 1e-5, "{crowding}: {} {}", picks.bound, picks.weight);
        assert_eq!(picks.edges.len(), 500);
    }
}
