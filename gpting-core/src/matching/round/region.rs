//! The market of one region: its people among themselves and with whoever fits them elsewhere.
//!
//! Called by whoever solves a round region by region. The figures are those of the region's own people with each other, so that
//! those of all regions add up; picks cross the border. **The rule of the border**: a region makes picks of its own people with
//! anybody who has none yet, and whoever asks keeps the picks of all regions one behind the other. So nobody has two,
//! whatever the order. Whoever lives in a region whose turn is still to come is taken only by a pair that is worth more than
//! what people like them are worth at home; whoever was left over by theirs costs nothing.
//! Invariants: nobody who has a pick is given one; a region that is everybody has the picks of the whole market.

use rustc_hash::FxHashMap;

use super::super::market::graph::{Edge, Graph, Lists, MarketSettings, Pairing, PairingSettings, Report, Solver};
use super::super::region::Regions;
use super::super::{EngineError, PersonId};
use super::{Candidates, Round};

/// How exact the picks are: by so much they may miss what is best, in expected matches of the region.
const EXACT: PairingSettings = PairingSettings { cap: 1, tolerance: 1e-6 };

/// The market of one region, from [`Round::solve_region`].
#[derive(Debug, Clone)]
pub struct RegionMarket<Id> {
    number: usize,
    people: Vec<Somebody>,
    ids: Vec<Id>,
    graph: Graph,
    report: Report,
    by_product: f64,
    /// Expected mutual likes of each of the region's own people.
    matches: Vec<f64>,
    /// What no picks can exceed.
    bound: f64,
    /// The picks of the whole market, where nobody lives beyond the border.
    whole: Option<RegionPicks<Id>>,
}

/// Whom a region's market knows.
#[derive(Debug, Clone, Copy)]
struct Somebody {
    region: usize,
    /// The gender, and which are wanted.
    class: (u8, u8),
}

/// The picks that a region gives out.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionPicks<Id> {
    /// Who is whose pick, each pair once, the smaller id first; ascending.
    pub pairs: Vec<(Id, Id)>,
    /// Their expected mutual likes.
    pub matches: f64,
    /// What no picks of the region's people with anybody, taken or not, can exceed; the sum over all regions, what no picks of
    /// the day can.
    pub bound: f64,
}

impl<Id: PersonId + Send + Sync> Round<'_, Id> {
    /// Finds the candidates of the people of one region, wherever they live, and solves the region's market, on so many threads.
    ///
    /// # Errors
    /// As [`Self::solve`].
    pub fn solve_region(
        self,
        regions: &Regions,
        number: usize,
        threads: usize,
    ) -> Result<RegionMarket<Id>, EngineError> {
        let state = self.view.state();
        let is_own = |row: u32| regions.of(state.slot(row).cell) == number;
        let own: Vec<u32> =
            (0_u32..).zip(&self.rows).filter(|(_, row)| is_own(**row)).map(|(place, _)| place).collect();
        let Candidates { people, graph } = self.candidates(&own, threads)?;
        let row = |place: u32| self.rows[place as usize];
        let ids: Vec<Id> = people.iter().map(|&place| state.slot(row(place)).id).collect();
        let somebody = |row: u32| {
            let gate = state.gate(row);
            Somebody { region: regions.of(state.slot(row).cell), class: (gate.gender, gate.genders) }
        };
        let people = people.iter().map(|&place| somebody(row(place))).collect();
        let settings = MarketSettings { threads, daily_cap: 1, ..self.market.graph };
        RegionMarket::solve(number, people, ids, graph, settings)
    }
}

impl<Id: PersonId> RegionMarket<Id> {
    fn solve(
        number: usize,
        people: Vec<Somebody>,
        ids: Vec<Id>,
        graph: Graph,
        settings: MarketSettings,
    ) -> Result<Self, EngineError> {
        let own: Vec<bool> = people.iter().map(|somebody| somebody.region == number).collect();
        let (inner, numbers) = inner(&graph, &own)?;
        let lists = Lists::by_product(&inner, settings.list_length);
        let by_product = lists.total(&inner, &inner.both(), &settings.examination.table(settings.list_length)?);
        let solved = Solver::new(&inner, settings)?.finish()?;
        let has_candidate = |person: u32| own[person as usize] && !graph.of(person).is_empty();
        let found = (0..graph.people() as u32).filter(|&person| has_candidate(person)).count();
        let report = Report {
            cut_edges: graph.edges().len() - inner.edges().len(),
            without_candidate: inner.people() - found,
            ..solved.report.clone()
        };
        let whole = (inner.edges().len() == graph.edges().len()).then(|| {
            let of = |person: u32| solved.picks(person).first().map(|&other| (person, other));
            let pairs = (0..inner.people() as u32).filter_map(of).filter(|(person, other)| person < other);
            let id = |number: u32| ids[numbers[number as usize] as usize];
            RegionPicks {
                pairs: in_order(pairs.map(|(person, other)| (id(person), id(other)))),
                matches: report.pick_matches,
                bound: report.pick_bound,
            }
        });
        let bound = match &whole {
            Some(whole) => whole.bound,
            None => Pairing::new(&graph, &graph.both(), EXACT)?.bound,
        };
        Ok(Self { bound, matches: solved.matches().to_vec(), number, people, ids, graph, report, by_product, whole })
    }

    /// Everybody whom a pick could be made of: the region's people, and those whom they found elsewhere.
    pub fn people(&self) -> &[Id] {
        &self.ids
    }

    /// The figures of the region's people among themselves. `cut_edges` are their pairs with people elsewhere;
    /// `without_candidate` has nobody in either. What picks come to stands in [`RegionPicks`].
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Expected mutual likes of the region's people among themselves when everybody is ranked by the product of both likes.
    pub fn by_product(&self) -> f64 {
        self.by_product
    }

    /// Expected mutual likes of each of the region's people, in no order of theirs.
    pub fn matches(&self) -> &[f64] {
        &self.matches
    }

    /// The best picks of the region's people when those who are `taken` have theirs already, and the regions that are `done`
    /// have had their turn.
    ///
    /// Seconds for a million pairs; may be asked again with others taken.
    ///
    /// # Errors
    /// [`EngineError::Market`], which a graph that was solved does not give.
    pub fn picks(
        &self,
        taken: impl Fn(Id) -> bool,
        done: impl Fn(usize) -> bool,
    ) -> Result<RegionPicks<Id>, EngineError> {
        let free: Vec<bool> = self.ids.iter().map(|&id| !taken(id)).collect();
        if let Some(whole) = self.whole.as_ref().filter(|_| free.iter().all(|free| *free)) {
            return Ok(whole.clone());
        }
        let is_free = |edge: &Edge| free[edge.a as usize] && free[edge.b as usize];
        let edges = self.graph.edges().iter();
        let weights: Vec<f32> = edges.map(|edge| if is_free(edge) { edge.both() } else { 0.0 }).collect();
        let free_for_all = Pairing::new(&self.graph, &weights, EXACT)?;
        let cost = self.costs(&free_for_all.worth, &free, done);
        let weights: Vec<f32> = weights
            .iter()
            .zip(self.graph.edges())
            .map(|(weight, edge)| (weight - cost[edge.a as usize] - cost[edge.b as usize]).max(0.0))
            .collect();
        let pairing = Pairing::new(&self.graph, &weights, EXACT)?;
        let edges: Vec<&Edge> = pairing.edges.iter().map(|&edge| &self.graph.edges()[edge as usize]).collect();
        let id = |person: u32| self.ids[person as usize];
        Ok(RegionPicks {
            matches: edges.iter().map(|edge| f64::from(edge.both())).sum(),
            pairs: in_order(edges.iter().map(|edge| (id(edge.a), id(edge.b)))),
            bound: self.bound,
        })
    }
}

impl<Id> RegionMarket<Id> {
    /// What it costs to take each person away: nothing of the region's own and of regions that are done, else what the
    /// region's own people who want and are the same are worth on average, or all, where there is nobody like them.
    fn costs(&self, worth: &[f64], free: &[bool], done: impl Fn(usize) -> bool) -> Vec<f32> {
        let (mut all, mut by_class) = (Mean::default(), FxHashMap::<(u8, u8), Mean>::default());
        for ((somebody, worth), _) in self.people.iter().zip(worth).zip(free).filter(|(_, free)| **free) {
            if somebody.region == self.number {
                all.add(*worth);
                by_class.entry(somebody.class).or_default().add(*worth);
            }
        }
        let cost = |somebody: &Somebody| {
            let costs_nothing = somebody.region == self.number || done(somebody.region);
            let mean = by_class.get(&somebody.class).unwrap_or(&all).value();
            if costs_nothing { 0.0 } else { mean as f32 }
        };
        self.people.iter().map(cost).collect()
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        *self = Self { sum: self.sum + value, count: self.count + 1.0 };
    }

    fn value(self) -> f64 {
        self.sum / self.count.max(1.0)
    }
}

/// The graph of the region's own people, and which number each of them has in the graph of all.
fn inner(graph: &Graph, own: &[bool]) -> Result<(Graph, Vec<u32>), EngineError> {
    let numbers: Vec<u32> = (0_u32..).zip(own).filter(|(_, own)| **own).map(|(number, _)| number).collect();
    let mut local = vec![u32::MAX; own.len()];
    for (at, &number) in (0_u32..).zip(&numbers) {
        local[number as usize] = at;
    }
    let both_own = graph.edges().iter().filter(|edge| own[edge.a as usize] && own[edge.b as usize]);
    let edges = both_own.map(|edge| Edge { a: local[edge.a as usize], b: local[edge.b as usize], ..*edge }).collect();
    Ok((Graph::new(numbers.len(), edges)?, numbers))
}

fn in_order<Id: PersonId>(pairs: impl Iterator<Item = (Id, Id)>) -> Vec<(Id, Id)> {
    let mut pairs: Vec<(Id, Id)> = pairs.map(|(a, b)| (a.min(b), a.max(b))).collect();
    pairs.sort_unstable();
    pairs
}
