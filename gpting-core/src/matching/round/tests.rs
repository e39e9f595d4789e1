//! The round against the same market fed with every pair, found without an index.

use rustc_hash::FxHashSet;

use super::super::market::graph::{Edge, Graph, MarketSettings, Solver};
use super::super::walk::rows_in_order;
use super::super::{Cell, Config, Day, Engine, EngineError, Event, Gender, Person, Pick, View, Wants};
use super::candidates::{Candidates, Everybody};
use super::{Market, Slates};

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, n: u32) -> u32 {
        (((self.next() >> 32) * u64::from(n)) >> 32) as u32
    }

    /// About normal: the sum of twelve uniform numbers.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.below(1 << 20) as f32 / (1 << 20) as f32).sum::<f32>() - 6.0
    }
}

/// People of one town; `spread` is that of their appeal in logits. Some are inactive, some have decided about others.
fn town(people: u32, spread: f32, seed: u64) -> View<u32> {
    let mut random = Random(seed);
    let mut engine = Engine::new(Config::dims(4)).unwrap();
    engine.set_today(Day::from_ymd(2026, 11, 23).unwrap());
    for id in 0..people {
        let genders = [Gender::F, Gender::M, Gender::O];
        let own = genders[[0, 0, 0, 1, 1, 1, 1, 2][random.below(8) as usize]];
        let wanted = if own == Gender::F { Gender::M } else { Gender::F };
        let age = 22 + random.below(15) as u8;
        let cell = Cell::from_lat_lng(37.5 + f64::from(random.below(100)) / 1000.0, 127.0).unwrap();
        let vector: [f32; 8] = std::array::from_fn(|_| random.normal());
        let person = Person::new(own, age)
            .at(cell)
            .wants(Wants::new(wanted).ages(age - 4, age + 6).within_km(30))
            .vectors(&vector[..4], &vector[4..].iter().map(|x| 0.3 * x).collect::<Vec<_>>())
            .active(random.below(10) > 0)
            .appeal(spread * random.normal());
        engine.upsert(id * 7 % people, person).unwrap();
    }
    for _ in 0..people * 3 {
        let (a, b) = (random.below(people), random.below(people));
        if a != b {
            let event = match random.below(4) {
                0 => Event::like(a, b, 1),
                1 => Event::pass(a, b, 2),
                2 => Event::block(a, b, 3),
                _ => Event::unmatch(a, b, 4),
            };
            engine.record(event).unwrap();
        }
    }
    engine.view()
}

/// The pair as `a` sees it, if the market may have it.
fn pair(view: &View<u32>, a: u32, b: u32) -> Option<Pick<u32>> {
    let open = !view.excluded(a, b).unwrap() && !view.excluded(b, a).unwrap() && view.eligible(a, b).unwrap();
    open.then(|| view.score(a, b).unwrap())
}

/// Ids by their number in the market, and every pair that it may have.
fn everything(view: &View<u32>) -> (Vec<u32>, Graph) {
    let ids: Vec<u32> = rows_in_order(view.state()).iter().map(|&row| view.state().slot(row).id).collect();
    let mut edges = Vec::new();
    for (a, &id) in (0_u32..).zip(&ids) {
        for (b, &other) in (0_u32..).zip(&ids).skip(a as usize + 1) {
            if let Some(pick) = pair(view, id, other) {
                edges.push(Edge { a, b, there: pick.there as f32, back: pick.back as f32 });
            }
        }
    }
    let graph = Graph::new(ids.len(), edges).unwrap();
    (ids, graph)
}

fn solved(ids: &[u32], graph: &Graph, settings: MarketSettings) -> Slates<u32> {
    Slates::new(ids, Solver::new(graph, settings).unwrap().finish().unwrap())
}

#[test]
fn with_room_for_everybody_it_is_the_market_of_all_pairs() {
    for seed in 0..3 {
        let view = town(150, 1.0, seed);
        let (ids, graph) = everything(&view);
        assert!(graph.edges().len() > 500 && ids.len() < 150);
        let market = Market::daily().pool(200).list_length(5).seed(seed);
        let expected = solved(&ids, &graph, market.graph.clone());
        assert_eq!(view.market(market).unwrap().solve(1).unwrap(), expected);
        assert!(expected.report().expected_matches > 1.0);
    }
}

#[test]
fn the_graph_has_everybodys_best_with_their_true_chances() {
    let view = town(300, 1.5, 5);
    let (ids, all) = everything(&view);
    let rows = rows_in_order(view.state());
    let activity = vec![1.0; rows.len()];
    let own: Vec<u32> = (0..rows.len() as u32).collect();
    let absent = FxHashSet::default();
    let everybody =
        Everybody { state: view.state(), rows: &rows, own: &own, activity: &activity, absent: &absent, threads: 1 };
    let graph = everybody.graph(3, &Market::daily().graph).unwrap().graph;
    assert!(graph.edges().len() < all.edges().len() / 2);
    for edge in graph.edges() {
        let pick = pair(&view, ids[edge.a as usize], ids[edge.b as usize]).expect("a pair of the market");
        let off = (pick.there as f32 - edge.there).abs().max((pick.back as f32 - edge.back).abs());
        assert!(off < 1e-6, "{edge:?} is {pick:?}: no price is left in the chances");
    }
    for (a, &id) in (0_u32..).zip(&ids) {
        let mut best: Vec<(f64, u32)> = (0_u32..)
            .zip(&ids)
            .filter(|&(b, _)| b != a)
            .filter_map(|(b, &other)| Some((pair(&view, id, other)?.score, b)))
            .collect();
        best.sort_by(|x, y| y.0.total_cmp(&x.0));
        for (_, b) in best.into_iter().take(3) {
            assert!(graph.of(a).iter().any(|half| half.other == b), "{id} has no {b}");
        }
    }
}

#[test]
fn where_all_want_the_same_few_prices_bring_the_others_in() {
    let view = town(900, 2.0, 9);
    let (ids, all) = everything(&view);
    let market = Market::daily().pool(5).list_length(5).noise(0.0);
    let exact = solved(&ids, &all, MarketSettings { pool: Some(5), ..market.graph.clone() });
    let found = view.market(market.clone()).unwrap().solve(2).unwrap();
    let rows = rows_in_order(view.state());
    let activity = vec![1.0; rows.len()];
    let own: Vec<u32> = (0..rows.len() as u32).collect();
    let absent = FxHashSet::default();
    let everybody =
        Everybody { state: view.state(), rows: &rows, own: &own, activity: &activity, absent: &absent, threads: 1 };
    let plain = Graph::new(rows.len(), everybody.edges(view.state(), 5, |_, _| ()).unwrap()).unwrap();
    let plain = solved(&ids, &plain, market.graph);
    let matches = [exact, found, plain].map(|slates| slates.report().expected_matches);
    assert!(matches[1] > 0.98 * matches[0], "{matches:?}");
    assert!(matches[2] < 0.95 * matches[0], "without prices much is lost, or this test says nothing: {matches:?}");
}

#[test]
fn whoever_takes_more_is_cheaper() {
    let view = town(400, 1.0, 3);
    let market = Market::daily().pool(4);
    let shown = |activity: f32| {
        let round = view.market(market.clone()).unwrap().activity(|id| if id % 2 == 0 { activity } else { 1.0 });
        let slates = round.solve(1).unwrap();
        slates.iter().flat_map(|(_, list)| list).filter(|&&id| id % 2 == 0).count()
    };
    assert!(shown(20.0) > shown(0.05));
}

#[test]
fn prices_move_against_activity() {
    let view = town(400, 1.0, 3);
    let rows = rows_in_order(view.state());
    let own: Vec<u32> = (0..rows.len() as u32).collect();
    let absent = FxHashSet::default();
    let prices = |of_even: f32| {
        let activity: Vec<f32> = own.iter().map(|place| if place % 2 == 0 { of_even } else { 1.0 }).collect();
        let everybody =
            Everybody { state: view.state(), rows: &rows, own: &own, activity: &activity, absent: &absent, threads: 1 };
        let plain = Candidates::new(&own, everybody.edges(view.state(), 5, |_, _| ()).unwrap()).unwrap();
        everybody.prices(&plain, &Market::daily().graph).unwrap()
    };
    let [little, much] = [0.25, 4.0].map(prices);
    let even = || own.iter().filter(|place| *place % 2 == 0).map(|place| *place as usize);
    let sum = |prices: &[f32]| even().map(|place| f64::from(prices[place])).sum::<f64>();
    assert!(sum(&much) < sum(&little), "whoever takes more is cheaper: {} and {}", sum(&much), sum(&little));
    let cheaper = even().filter(|place| much[*place] < little[*place]).count();
    assert!(cheaper * 10 > even().count() * 9, "{cheaper} of {}", even().count());
}

#[test]
fn what_is_outside_its_range_is_refused() {
    let view = town(20, 1.0, 1);
    let refused = |market: Market| matches!(view.market(market), Err(EngineError::Market(_)));
    assert!(refused(Market::daily().list_length(0)) && refused(Market::daily().pool(0)));
    assert!(refused(Market::daily().exact_slots(65)) && refused(Market::daily().temperature(0.0)));
    assert!(refused(Market::daily().daily_cap(17)) && refused(Market::daily().alpha(1.5)));
    let round = view.market(Market::daily()).unwrap();
    assert!(matches!(round.clone().solve(0), Err(EngineError::Market(_))));
    assert!(matches!(round.activity(|_| 0.0).solve(1), Err(EngineError::Market(_))));
    let empty = Engine::<u32>::new(Config::dims(0)).unwrap().view();
    let slates = empty.market(Market::daily()).unwrap().solve(1).unwrap();
    assert!(slates.is_empty() && slates.list(1).is_empty() && slates.pick(1).is_none());
}
