//! Lists from wrong estimates, judged by the truth.

use gpting_core::matching::market::graph::{Edge, Examination, Graph, Lists, MarketSettings, Solver};

use crate::markets::{Twister, TwoSides};

/// The market with an error of this size on every chance.
fn estimated(truth: &Graph, error: f64) -> Graph {
    let mut twister = Twister::new(77);
    let mut wrong = |p: f32| (f64::from(p) + error * twister.normal()).clamp(0.01, 1.0) as f32;
    let edges = truth.edges().iter().map(|edge| Edge { there: wrong(edge.there), back: wrong(edge.back), ..*edge });
    Graph::new(truth.people(), edges.collect()).unwrap()
}

/// The lists of a run on estimates, as lists on the truth.
fn run(estimates: &Graph, settings: MarketSettings) -> Lists {
    let length = settings.list_length;
    let slates = Solver::new(estimates, settings).unwrap().finish().unwrap();
    Lists::by_key(estimates, length, |person, half| {
        let rank = slates.list(person).iter().position(|&other| other == half.other);
        std::cmp::Reverse(rank.unwrap_or(usize::MAX))
    })
}

/// Lists are made for one way of looking and read in another, from estimates of every quality: the default is never worse
/// than ranking by the product of both chances, and told of its error it is better still.
#[test]
fn the_default_is_never_worse_than_the_product() {
    let truth = TwoSides::new(120, 120, 0.5, 0).graph();
    let both = truth.both();
    let readings = [Examination::Inverse, Examination::Log2, Examination::Exponential, Examination::First(10)];
    let settings = MarketSettings { threads: 2, bound_rounds: 1, ..MarketSettings::default() };
    for error in [0.0, 0.1, 0.2, 0.3] {
        let estimates = estimated(&truth, error);
        let product = Lists::by_product(&estimates, 20);
        let market = run(&estimates, settings.clone());
        let shrunk = run(&estimates, MarketSettings { estimate_error: error, ..settings.clone() });
        for reading in &readings {
            let table = reading.table(20).unwrap();
            let total = |lists: &Lists| lists.total(&truth, &both, &table);
            let (product, market, shrunk) = (total(&product), total(&market), total(&shrunk));
            println!("error {error} {reading:?}: product {product:.1}, market {market:.1}, shrunk {shrunk:.1}");
            assert!(market >= product, "error {error}, {reading:?}: product {product}, market {market}");
            assert!(shrunk >= product, "error {error}, {reading:?}: product {product}, shrunk {shrunk}");
            if error >= 0.2 && *reading == Examination::Inverse {
                assert!(shrunk > 1.01 * market, "error {error}: market {market}, shrunk {shrunk}");
            }
        }
    }
}
