//! What must be true of every run.

use gpting_core::matching::market::graph::{
    Background, Colours, Edge, Examination, Factors, Graph, GraphError, Kernel, Lists, MarketSettings, Noise, Offer,
    PairingSettings, Policy, PriceSettings, Prices, Slates, Slots, Solved, Solver, WelfareSettings, gather, gini,
    respond,
};

use crate::markets::{TwoSides, anybody, town};

fn inverse(length: usize) -> Vec<f64> {
    Examination::Inverse.table(length).unwrap()
}

fn solve(graph: &Graph, settings: MarketSettings) -> Slates {
    Solver::new(graph, settings).unwrap().finish().unwrap()
}

#[test]
fn nobody_has_two_pairs_in_one_slot() {
    let graph = town(800, 30, 1);
    let both = graph.both();
    for (slots, exact) in [(64, 0), (5, 2), (64, 3)] {
        let slots_of = Slots::new(&graph, &both, slots, exact, PairingSettings::default()).unwrap();
        let mut unused = 0;
        for person in 0..graph.people() as u32 {
            let mut own: Vec<u8> = graph.of(person).iter().map(|half| slots_of.by_edge()[half.edge as usize]).collect();
            own.retain(|&slot| slot > 0);
            own.sort_unstable();
            assert!(own.is_sorted_by(|x, y| x < y) && own.iter().all(|&slot| usize::from(slot) <= slots));
            unused += graph.of(person).len().min(slots) - own.len();
        }
        assert!(slots < 64 || unused == 0, "with more slots than candidates every pair has one");
    }
    let greedy = Slots::new(&graph, &both, 64, 0, PairingSettings::default()).unwrap();
    let heaviest = (0..both.len()).max_by(|&x, &y| both[x].total_cmp(&both[y])).unwrap();
    assert_eq!(greedy.by_edge()[heaviest], 1);
}

#[test]
fn lists_have_no_holes_and_both_see_a_pick() {
    let graph = town(1000, 30, 2);
    let slates = solve(&graph, MarketSettings { list_length: 7, daily_cap: 2, ..MarketSettings::default() });
    for person in 0..1000_u32 {
        let degree = graph.of(person).len();
        let mut list = slates.list(person).to_vec();
        assert_eq!(list.len(), degree.min(7));
        list.sort_unstable();
        list.dedup();
        assert_eq!(list.len(), degree.min(7), "nobody twice");
        let known: Vec<u32> = graph.of(person).iter().map(|half| half.other).collect();
        assert!(list.iter().all(|other| known.contains(other)));
        assert!(slates.picks(person).len() <= 2);
        assert!(slates.picks(person).iter().all(|&other| slates.picks(other).contains(&person)));
    }
    let report = &slates.report;
    assert!(report.expected_matches <= report.upper_bound && report.pick_matches <= report.pick_bound);
    assert!(report.pick_bound <= 1.01 * report.pick_matches, "{report:?}");
    assert!((slates.matches().iter().sum::<f64>() / 2.0 - report.expected_matches).abs() < 1e-9);
}

#[test]
fn threads_change_nothing() {
    let graph = town(6000, 40, 3);
    let run = |threads, alpha| {
        let settings = MarketSettings {
            threads,
            alpha,
            pool: Some(8),
            bound_rounds: 4,
            exact_slots: 1,
            ..MarketSettings::default()
        };
        solve(&graph, settings)
    };
    assert_eq!(run(1, None), run(2, None));
    assert_eq!(run(1, Some(0.5)), run(3, Some(0.5)));
    assert_ne!(run(1, None), run(1, Some(0.5)));
}

#[test]
fn best_responses_never_lose_a_match_and_settle() {
    for seed in 0..6 {
        let graph = if seed % 2 == 0 { anybody(120, 0.2, seed) } else { town(2500, 20, seed) };
        let (both, table) = (graph.both(), inverse(10));
        let mut lists = Lists::by_product(&graph, 10);
        let responses = respond(&graph, &both, &table, &mut lists, 200, 0.0, 2);
        for pair in responses.totals.windows(2) {
            assert!(pair[1] >= pair[0] * (1.0 - 1e-12), "{:?}", responses.totals);
        }
        assert!(responses.totals.last().unwrap() > &(1.02 * responses.totals[0]), "{:?}", responses.totals);
        assert!(responses.settled, "{:?}", responses.totals);
        // Nobody alone can do better now.
        for person in (0..graph.people() as u32).step_by(7) {
            let mut worth: Vec<f64> = graph
                .of(person)
                .iter()
                .map(|half| f64::from(both[half.edge as usize]) * table[usize::from(lists.rank(half.twin as usize))])
                .collect();
            worth.sort_by(|x, y| y.total_cmp(x));
            let best: f64 = worth.iter().zip(&table[1..]).map(|(worth, chance)| worth * chance).sum();
            assert!((lists.matches(&graph, &both, &table)[person as usize] - best).abs() < 1e-9);
        }
    }
}

#[test]
fn a_background_makes_a_sparse_kernel_the_dense_one() {
    let market = TwoSides { left: 30, right: 40, p: vec![vec![0.25; 40]; 30], q: vec![vec![0.125; 30]; 40] };
    let mut edges = market.graph().edges().to_vec();
    for (index, edge) in edges.iter_mut().enumerate().filter(|(index, _)| index % 5 == 0) {
        edge.there = 0.5 + (index % 37) as f32 / 100.0;
    }
    let dense = Graph::new(70, edges.clone()).unwrap();
    let sparse = Graph::new(70, edges.into_iter().step_by(5).collect()).unwrap();
    let settings = PriceSettings { iterations: 20_000, tolerance: 1e-13, threads: 1 };
    let kinds = (0..70).map(|person| u8::from(person >= 30)).collect();
    let background = Background { kinds, meets: vec![0b10, 0b01], surplus: 0.375 };
    let prices = |graph: &Graph, background| {
        Prices::of(&Kernel::of_graph(graph, 0.5, background).unwrap(), &[1.0; 70], settings).unwrap().price
    };
    let (whole, filled) = (prices(&dense, None), prices(&sparse, Some(background)));
    for (x, y) in whole.iter().zip(&filled) {
        assert!((x - y).abs() < 1e-4, "{x} {y}");
    }
    assert!(whole.iter().zip(prices(&sparse, None)).any(|(x, y)| (x - y).abs() > 0.1), "without it they differ");
}

#[test]
fn prices_in_blocks_are_those_of_the_graph() {
    let value = |i: usize| ((i * 31 % 97) as f32) / 400.0;
    let seek: Vec<f32> = (0..90 * 4).map(value).collect();
    let offer: Vec<f32> = (0..90 * 4).map(|i| value(i + 5)).collect();
    for border in [None, Some(40)] {
        let factors = Factors::new(4, border, &seek, &offer).unwrap();
        let mut edges = Vec::new();
        for a in 0..90_usize {
            for b in (a + 1..90).filter(|&b| border.is_none_or(|border| (a < border) != (b < border))) {
                let product = |x: usize, y: usize| (0..4).map(|k| seek[x * 4 + k] * offer[y * 4 + k]).sum::<f32>();
                edges.push(Edge { a: a as u32, b: b as u32, there: product(a, b), back: product(b, a) });
            }
        }
        let graph = Graph::new(90, edges).unwrap();
        let settings = PriceSettings { iterations: 3000, tolerance: 1e-12, threads: 1 };
        let in_blocks = Prices::in_blocks(&factors, 0.25, &[1.0; 90], settings).unwrap();
        let kernel = Kernel::of_graph(&graph, 0.25, None).unwrap();
        let of_graph = Prices::of(&kernel, &[1.0; 90], settings).unwrap();
        for (x, y) in in_blocks.price.iter().zip(&of_graph.price) {
            assert!((x - y).abs() < 1e-3, "{x} {y}");
        }
    }
}

#[test]
fn drawn_partners_give_nearly_the_prices_of_all() {
    let graph = TwoSides::new(300, 300, 0.5, 4).graph();
    let settings = PriceSettings { iterations: 20, tolerance: 0.0, threads: 1 };
    let whole = Prices::of(&Kernel::of_graph(&graph, 0.2, None).unwrap(), &[1.0; 600], settings).unwrap();
    let drawn = Kernel::of_sample(600, 0.2, 1, |person, out| {
        let halves = graph.of(person);
        let step = halves.iter().skip(person as usize % 3).step_by(3);
        out.extend(step.map(|half| (half.other, graph.edges()[half.edge as usize].surplus())));
        halves.len()
    });
    let turns = vec![(0..300).collect(), (300..600).collect()];
    let drawn = Prices::of(&drawn.unwrap().turns(turns).unwrap(), &[1.0; 600], settings).unwrap();
    let error: f32 = whole.price.iter().zip(&drawn.price).map(|(x, y)| (x - y).abs()).sum::<f32>() / 600.0;
    let spread: f32 = whole.price.iter().map(|x| (x - whole.price[150]).abs()).sum::<f32>() / 600.0;
    assert!(error < 0.15 * spread, "{error} of {spread}");
}

#[test]
fn pools_are_the_union_of_what_both_choose() {
    let graph = anybody(60, 0.6, 9);
    let prices: Vec<f32> = (0..60).map(|i| (i % 7) as f32 / 20.0).collect();
    let offer = Offer::new(&prices, Noise::new(3, 0.05));
    let pool = gather(&graph, 60, &offer, 5, 1).unwrap();
    let chosen = |person: u32, other: u32| {
        let key = |other: u32| {
            let half = graph.of(person).iter().find(|half| half.other == other).unwrap();
            offer.key(person, other, graph.edges()[half.edge as usize].surplus())
        };
        graph.of(person).iter().filter(|half| key(half.other) > key(other)).count() < 5
    };
    for edge in graph.edges() {
        let kept = pool.edges().contains(edge);
        assert_eq!(kept, chosen(edge.a, edge.b) || chosen(edge.b, edge.a), "{edge:?}");
    }
    assert_eq!(
        gather(&graph, 60, &Offer::new(&[], Noise::new(0, 0.0)), 5, 1).unwrap_err(),
        GraphError::WrongLength { what: "prices", expected: 60, got: 0 }
    );
}

#[test]
fn alpha_trades_matches_for_fairness() {
    let graph = TwoSides::new(24, 24, 0.6, 7).graph();
    let (both, table) = (graph.both(), inverse(24));
    let run = |alpha| Policy::new(&graph, &both, &table, None, WelfareSettings { alpha, ..WelfareSettings::default() });
    let matches = |alpha| run(alpha).unwrap().matches(&graph, &both);
    let (sum, nash) = (matches(0.0), matches(1.0));
    let total = |matches: &[f64]| matches.iter().sum::<f64>() / 2.0;
    let product = Lists::by_product(&graph, 24).total(&graph, &both, &table);
    assert!(total(&sum) > total(&nash) && total(&nash) > 1.2 * product, "{} {} {product}", total(&sum), total(&nash));
    assert!(gini(&nash) < 0.8 * gini(&sum), "{} {}", gini(&nash), gini(&sum));
    // What is drawn is a draw from the mixture: over seeds its exposures are the policy's.
    let mut mean = vec![0.0; graph.halves().len()];
    for seed in 0..400 {
        let settings = WelfareSettings { alpha: 0.5, seed, ..WelfareSettings::default() };
        let policy = Policy::new(&graph, &both, &table, None, settings).unwrap();
        for (mean, &rank) in mean.iter_mut().zip(policy.lists.ranks()) {
            *mean += table[usize::from(rank)] / 400.0;
        }
    }
    let exposure = run(0.5).unwrap().exposure;
    let error = mean.iter().zip(&exposure).map(|(x, &y)| (x - f64::from(y)).abs()).fold(0.0, f64::max);
    assert!(error < 0.12, "{error}");
}

#[test]
fn regions_can_be_solved_apart_and_resumed() {
    let mut edges = anybody(40, 0.3, 1).edges().to_vec();
    edges.extend(anybody(50, 0.2, 2).edges().iter().map(|edge| Edge { a: edge.a + 45, b: edge.b + 45, ..*edge }));
    let graph = Graph::new(100, edges).unwrap();
    let settings = MarketSettings::default();
    let whole = solve(&graph, settings.clone());
    assert_eq!((whole.report.regions, whole.report.cut_edges), (2, 0));
    assert_eq!(whole.report.without_candidate, (0..100).filter(|&person| graph.of(person).is_empty()).count());

    let mut first = Solver::new(&graph, settings.clone()).unwrap();
    let saved = first.step().unwrap().unwrap().to_bytes();
    assert_eq!(first.remaining(), 1);
    let read = Solved::from_bytes(&saved).unwrap();
    let mut second = Solver::new(&graph, settings.clone()).unwrap();
    assert_eq!(second.resume([read.clone(), read.clone()]), 1, "once");
    assert_eq!(second.remaining(), 1);
    assert_eq!(second.finish().unwrap(), whole);

    let mut other = Solver::new(&graph, MarketSettings { seed: 1, ..settings.clone() }).unwrap();
    assert_eq!(other.resume([read.clone()]), 0, "other settings");
    let mut threads = Solver::new(&graph, MarketSettings { threads: 2, ..settings.clone() }).unwrap();
    assert_eq!(threads.resume([read]), 1, "threads do not matter");
    for at in (0..saved.len()).step_by(7) {
        let mut damaged = saved.clone();
        damaged[at] ^= 4;
        assert_eq!(Solved::from_bytes(&damaged), Err(GraphError::UnreadableRegion));
    }
    assert_eq!(Solved::from_bytes(&saved[..saved.len() - 3]), Err(GraphError::UnreadableRegion));

    let keys: Vec<u32> = (0..100).map(|person| person % 2).collect();
    let cut = Solver::new(&graph, settings).unwrap().regions(&keys).unwrap().finish().unwrap();
    assert_eq!(cut.report.regions, 2);
    let across = graph.edges().iter().filter(|edge| edge.a % 2 != edge.b % 2).count();
    assert_eq!((cut.report.cut_edges, cut.report.edges), (across, graph.edges().len() - across));
    assert!((0..100_u32).all(|person| cut.list(person).iter().all(|other| other % 2 == person % 2)));
}

#[test]
fn nobody_and_people_alone_are_markets_too() {
    let empty = solve(&Graph::new(0, Vec::new()).unwrap(), MarketSettings::default());
    assert_eq!((empty.report.people, empty.report.regions), (0, 0));
    let graph = anybody(6, 1.0, 4);
    let settings = MarketSettings { pool: Some(2), ..MarketSettings::default() };
    let apart = Solver::new(&graph, settings.clone()).unwrap().regions(&[0, 1, 2, 3, 4, 5]).unwrap().finish().unwrap();
    assert_eq!((apart.report.regions, apart.report.cut_edges, apart.report.without_candidate), (6, 15, 6));
    assert!(apart.report.expected_matches.abs() < 1e-12 && apart.report.upper_bound.abs() < 1e-12);
    let none = graph.edges().iter().map(|edge| Edge { there: 0.0, ..*edge }).collect();
    let hopeless = solve(&Graph::new(6, none).unwrap(), settings);
    assert!(hopeless.report.upper_bound.abs() < 1e-12 && (0..6).all(|person| hopeless.picks(person).is_empty()));
}

#[test]
fn what_is_active_costs_less() {
    let graph = TwoSides::new(50, 50, 0.5, 3).graph();
    let kernel = Kernel::of_graph(&graph, 0.2, None).unwrap();
    let mut activity = [1.0; 100];
    let settings = PriceSettings { iterations: 500, ..PriceSettings::default() };
    let before = Prices::of(&kernel, &activity, settings).unwrap();
    activity[7] = 3.0;
    let after = Prices::of(&kernel, &activity, settings).unwrap();
    assert!(after.price[7] < before.price[7], "who can take more is less crowded");
    activity[7] = 0.0;
    assert_eq!(Prices::of(&kernel, &activity, settings).unwrap_err(), GraphError::InvalidSetting("activity"));
}

#[test]
fn settings_outside_their_range_are_named() {
    let graph = anybody(5, 1.0, 0);
    let refused = |settings| Solver::new(&graph, settings).unwrap_err();
    let default = MarketSettings::default;
    assert_eq!(refused(MarketSettings { threads: 0, ..default() }), GraphError::InvalidSetting("threads"));
    assert_eq!(refused(MarketSettings { slots: 65, ..default() }), GraphError::InvalidSetting("slots"));
    assert_eq!(refused(MarketSettings { alpha: Some(1.5), ..default() }), GraphError::InvalidSetting("alpha"));
    assert!(Colours::new(&graph).classes().len() == 5);
}
