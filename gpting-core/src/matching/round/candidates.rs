//! The graph of a round: whom everybody would choose, the union of both sides, from two searches of everybody.
//!
//! Called by `round`; asks `retrieval`. The first search takes the best by the score that the engine serves. Where all want the
//! same few, these few fill every list; so prices are found among what came back, and the second search takes the best by
//! chances minus prices. Both stay: pools that prices alone choose, from prices of a part of the market, have fewer matches.
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
    /// The place here is a person's number in the graph.
    pub(super) rows: &'a [u32],
    pub(super) activity: &'a [f32],
    /// Whose rows are there and not in `rows`, though they could be found.
    pub(super) absent: &'a FxHashSet<u32>,
    pub(super) threads: usize,
}

impl<Id: PersonId + Send + Sync> Everybody<'_, Id> {
    /// The pairs that the `pool` best of everybody make, and as many more of everybody once there are prices.
    pub(super) fn graph(&self, pool: usize, settings: &MarketSettings) -> Result<Graph, EngineError> {
        let people = self.rows.len();
        let plain = Graph::new(people, self.edges(self.state, pool, |_, _| ())?)?;
        if pool >= people {
            return Ok(plain); // nobody is left for a second search
        }
        let prices = self.prices(&plain, settings)?;
        let factor = match self.state.config.link {
            Link::Logistic => LOGITS,
            Link::Clipped => 1.0,
        };
        let by: Vec<f32> = prices.iter().map(|price| factor * price).collect();
        let priced = self.state.priced(self.rows, &by, Fusion::Arithmetic);
        let mut edges = plain.edges().to_vec();
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
        Ok(Graph::new(people, edges)?)
    }

    /// What each person costs in a first market.
    fn prices(&self, graph: &Graph, settings: &MarketSettings) -> Result<Vec<f32>, EngineError> {
        let kernel = Kernel::of_graph(graph, settings.temperature, None)?;
        let iterations =
            PriceSettings { iterations: settings.price_iterations, threads: self.threads, ..PriceSettings::default() };
        Ok(Prices::of(&kernel, self.activity, iterations)?.price)
    }

    /// Everybody's best in `asked`, which has the people of the state, with the chances that the state gives them.
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
        let pieces = in_chunks(self.rows, self.threads, memory, |(room, page), first, chunk| {
            let mut edges = Vec::new();
            for (a, &row) in (first as u32..).zip(chunk) {
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
