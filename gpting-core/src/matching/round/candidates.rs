//! The graph of a round: whom everybody would choose, the union of both sides, from two searches of everybody.
//!
//! Called by `round`; asks `retrieval`. The first search takes the best by the score that the engine serves. Where all want the
//! same few, these few fill every list; so prices are found among what came back, and the second search takes the best by
//! chances minus prices. Both stay: pools that prices alone choose, from prices of a part of the market, have fewer matches.
//! In a region its people search everybody, wherever they live, and whoever is found belongs to the graph.
//! Invariant: a pair is eligible, and neither has decided about the other.

use rustc_hash::FxHashSet;

use super::super::market::graph::{Edge, Graph, Kernel, MarketSettings, Noise, Offer, PriceSettings, Prices};
use super::super::population::State;
use super::super::retrieval::{Question, Room, fill};
use super::super::simd::Level;
use super::super::walk::in_chunks;
use super::super::{EngineError, Fusion, Link, PersonId, Relax};

/// The most that a logit of 1 moves a chance is a quarter: this many logits take off at least a price.
const LOGITS: f32 = 4.0;
/// The search with prices ranks nearly by chances minus prices; among so many times the pool the exact key decides.
const WIDER: usize = 2;

/// Who takes part, and how they are searched.
#[derive(Debug)]
pub(super) struct Everybody<'a, Id> {
    pub(super) state: &'a State<Id>,
    /// Everybody who may be found.
    pub(super) rows: &'a [u32],
    /// Those of them who choose, ascending places in `rows`: all, or the people of one region.
    pub(super) own: &'a [u32],
    /// By place in `rows`.
    pub(super) activity: &'a [f32],
    /// Whose rows are there and not in `rows`, though they could be found.
    pub(super) absent: &'a FxHashSet<u32>,
    pub(super) threads: usize,
}

/// The people of a graph, ascending places in the rows of everybody, and the pairs among them.
#[derive(Debug)]
pub(super) struct Candidates {
    pub(super) people: Vec<u32>,
    pub(super) graph: Graph,
}

impl Candidates {
    /// The graph of these pairs of places, and of those who chose, whether or not they found anybody.
    pub(super) fn new(own: &[u32], mut edges: Vec<Edge>) -> Result<Self, EngineError> {
        let mut people: Vec<u32> = own.iter().copied().chain(edges.iter().flat_map(|edge| [edge.a, edge.b])).collect();
        people.sort_unstable();
        people.dedup();
        let mut numbers = vec![0; people.last().map_or(0, |last| *last as usize + 1)];
        for (number, &place) in (0_u32..).zip(&people) {
            numbers[place as usize] = number;
        }
        for edge in &mut edges {
            (edge.a, edge.b) = (numbers[edge.a as usize], numbers[edge.b as usize]);
        }
        let graph = Graph::new(people.len(), edges)?;
        Ok(Self { people, graph })
    }
}

impl<Id: PersonId + Send + Sync> Everybody<'_, Id> {
    /// The pairs that the `pool` best of everybody who chooses make, and as many more of them once there are prices.
    pub(super) fn graph(&self, pool: usize, settings: &MarketSettings) -> Result<Candidates, EngineError> {
        let plain = self.edges(self.state, pool, |_, _| ())?;
        if pool >= self.rows.len() {
            return Candidates::new(self.own, plain); // nobody is left for a second search
        }
        let plain = Candidates::new(self.own, plain)?;
        let prices = self.prices(&plain, settings)?;
        let factor = match self.state.config.link {
            Link::Logistic => LOGITS,
            Link::Clipped => 1.0,
        };
        let by: Vec<f32> = prices.iter().map(|price| factor * price).collect();
        let priced = self.state.priced(self.rows, &by, Fusion::Arithmetic);
        let place = |number: u32| plain.people[number as usize];
        let edges = plain.graph.edges().iter();
        let mut edges: Vec<Edge> = edges.map(|&edge| Edge { a: place(edge.a), b: place(edge.b), ..edge }).collect();
        drop(plain);
        let offer = Offer::new(&prices, Noise::new(settings.seed, settings.noise));
        edges.extend(self.edges(&priced, pool.saturating_mul(WIDER), |person, found| {
            let mut best: Vec<(f32, Edge)> =
                found.iter().map(|&edge| (offer.key(person, edge.b, edge.surplus()), edge)).collect();
            best.sort_unstable_by(|x, y| y.0.total_cmp(&x.0).then(x.1.b.cmp(&y.1.b)));
            found.clear();
            found.extend(best.into_iter().take(pool).map(|(_, edge)| edge));
        })?);
        drop(priced);
        Candidates::new(self.own, edges)
    }

    /// What each person costs in a first market, by place. Whoever lives elsewhere and was found by nobody is in another
    /// region's market, whose prices nobody here knows: they cost as much as people do on average, lest everybody runs to them.
    pub(super) fn prices(&self, plain: &Candidates, settings: &MarketSettings) -> Result<Vec<f32>, EngineError> {
        let kernel = Kernel::of_graph(&plain.graph, settings.temperature, None)?;
        let iterations =
            PriceSettings { iterations: settings.price_iterations, threads: self.threads, ..PriceSettings::default() };
        let activity: Vec<f32> = plain.people.iter().map(|&place| self.activity[place as usize]).collect();
        let found = Prices::of(&kernel, &activity, iterations)?.price;
        let mean = found.iter().map(|price| f64::from(*price)).sum::<f64>() / found.len().max(1) as f64;
        let mut prices = vec![mean as f32; self.rows.len()];
        for (&place, price) in plain.people.iter().zip(found) {
            prices[place as usize] = price;
        }
        Ok(prices)
    }

    /// The best of everybody who chooses in `asked`, which has the people of the state, with the chances that the state gives
    /// them; people by place.
    /// `choose` may take some out.
    pub(super) fn edges(
        &self,
        asked: &State<Id>,
        limit: usize,
        choose: impl Fn(u32, &mut Vec<Edge>) + Sync,
    ) -> Result<Vec<Edge>, EngineError> {
        let state = self.state;
        let mut places = vec![u32::MAX; state.len()];
        for (place, &row) in (0_u32..).zip(self.rows) {
            places[row as usize] = place;
        }
        let (level, link) = (Level::best(), state.config.link);
        let memory = || (Room::new(), Vec::new());
        let price = |row: u32| f64::from(asked.slot(row).price);
        let pieces = in_chunks(self.own, self.threads, memory, |(room, page), _, chunk| {
            let mut edges = Vec::new();
            for &a in chunk {
                let row = self.rows[a as usize];
                let question = Question {
                    row,
                    limit: limit.min(state.len()),
                    after: None,
                    excluding: self.absent,
                    leaving_out: &[],
                    mutual: true,
                    relax: Relax::default(),
                    level,
                    expected: f64::NEG_INFINITY,
                };
                let own = price(row);
                fill(asked, &question, room, page, |other, _, (there, back)| {
                    let theirs = price(other);
                    Edge {
                        a,
                        b: places[other as usize],
                        there: link.chance(there + theirs) as f32,
                        back: link.chance(back + own) as f32,
                    }
                })?;
                choose(a, page);
                edges.extend_from_slice(page);
            }
            Ok(edges)
        })?;
        Ok(pieces.concat())
    }
}
