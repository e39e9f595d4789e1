//! The whole market, region by region.
//!
//! Called by hosts; calls every step of this room. Regions are the connected components, or what the host says; edges
//! between the host's regions are left out and counted. A region that is solved can be saved and handed to a later run.
//! Invariant: solving, saving and resuming in any order gives the same slates.

use super::bound::upper_bound;
use super::csr::Graph;
use super::error::GraphError;
use super::kernel::Kernel;
use super::noise::Noise;
use super::pairing::{Pairing, PairingSettings};
use super::pool::{Offer, gather};
use super::price::{PriceSettings, Prices};
use super::region;
use super::report::{Report, envy, gini, zero_share};
use super::respond::respond;
use super::saved::{Solved, fingerprint};
use super::settings::MarketSettings;
use super::shrink::shrink;
use super::slots::Slots;
use super::welfare::{Policy, WelfareSettings};

/// By how much the exact slots and picks may miss their relaxed optimum, in expected matches of a region.
const TOLERANCE: f64 = 1e-6;
/// A round of best response that gains less than this part ends them.
const SETTLED: f64 = 1e-6;

/// A run in progress.
#[derive(Debug, Clone)]
pub struct Solver<'g> {
    graph: &'g Graph,
    settings: MarketSettings,
    activity: Vec<f32>,
    regions: Vec<Vec<u32>>,
    /// By person.
    region_of: Vec<u32>,
    solved: Vec<Option<Solved>>,
    /// No region before this one is open.
    next: usize,
    /// Scratch of [`region::subgraph`].
    local: Vec<u32>,
}

/// Of whom is in no region: nobody could be shown to them.
const NOWHERE: u32 = u32::MAX;

impl<'g> Solver<'g> {
    /// A run on a graph whose regions are its connected components, everybody equally active.
    ///
    /// # Errors
    /// [`GraphError::InvalidSetting`].
    pub fn new(graph: &'g Graph, settings: MarketSettings) -> Result<Self, GraphError> {
        settings.check()?;
        let solver = Self {
            graph,
            settings,
            activity: vec![1.0; graph.people()],
            regions: Vec::new(),
            region_of: Vec::new(),
            solved: Vec::new(),
            next: 0,
            local: vec![u32::MAX; graph.people()],
        };
        Ok(solver.cut_into(region::components(graph)))
    }

    /// How much each person can take, say likes a day; it moves prices. Above 0; only ratios to the others matter.
    ///
    /// # Errors
    /// [`GraphError::WrongLength`]. What is solved already is forgotten.
    pub fn activity(mut self, activity: Vec<f32>) -> Result<Self, GraphError> {
        if activity.len() != self.graph.people() {
            let (expected, got) = (self.graph.people(), activity.len());
            return Err(GraphError::WrongLength { what: "activity", expected, got });
        }
        self.activity = activity;
        self.solved.fill(None);
        self.next = 0;
        Ok(self)
    }

    /// The region of each person, by any key. What is solved already is forgotten.
    ///
    /// # Errors
    /// [`GraphError::WrongLength`].
    pub fn regions(self, keys: &[u32]) -> Result<Self, GraphError> {
        if keys.len() != self.graph.people() {
            let (expected, got) = (self.graph.people(), keys.len());
            return Err(GraphError::WrongLength { what: "regions", expected, got });
        }
        Ok(self.cut_into(region::by_key(keys)))
    }

    fn cut_into(mut self, regions: Vec<Vec<u32>>) -> Self {
        self.region_of = vec![NOWHERE; self.graph.people()];
        for (index, people) in (0_u32..).zip(&regions) {
            for &person in people {
                self.region_of[person as usize] = index;
            }
        }
        self.solved = vec![None; regions.len()];
        self.next = 0;
        self.regions = regions;
        self
    }

    /// Takes over regions solved by an earlier run; how many of them belong to this one. The others are ignored.
    pub fn resume(&mut self, earlier: impl IntoIterator<Item = Solved>) -> usize {
        let mut taken = 0;
        for solved in earlier {
            let first = solved.people.first().and_then(|&person| self.region_of.get(person as usize));
            let Some(index) = first.map(|&region| region as usize) else { continue };
            if self.regions.get(index) != Some(&solved.people) {
                continue;
            }
            let graph = region::subgraph(self.graph, &solved.people, &mut self.local);
            let activity = self.activity_of(&solved.people);
            let print = fingerprint(&graph, &solved.people, &activity, &self.settings);
            if print == solved.fingerprint && self.solved[index].is_none() {
                self.solved[index] = Some(solved);
                taken += 1;
            }
        }
        taken
    }

    /// How many regions are not solved yet.
    pub fn remaining(&self) -> usize {
        self.solved.iter().filter(|solved| solved.is_none()).count()
    }

    /// Solves the next region; `None` when there is none left.
    ///
    /// # Errors
    /// [`GraphError::InvalidSetting`] for an activity that is not positive.
    pub fn step(&mut self) -> Result<Option<&Solved>, GraphError> {
        while self.solved.get(self.next).is_some_and(Option::is_some) {
            self.next += 1;
        }
        let index = self.next;
        if index == self.solved.len() {
            return Ok(None);
        }
        let people = &self.regions[index];
        let graph = region::subgraph(self.graph, people, &mut self.local);
        let solved = solve(&graph, people, &self.activity_of(people), &self.settings)?;
        Ok(Some(self.solved[index].insert(solved)))
    }

    /// Solves what is left and puts everything together.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn finish(mut self) -> Result<Slates, GraphError> {
        while self.step()?.is_some() {}
        let region = |person: u32| self.region_of[person as usize];
        let cut = self.graph.edges().iter().filter(|edge| region(edge.a) != region(edge.b)).count();
        let mut slates = Slates::new(self.graph, self.solved.into_iter().flatten());
        slates.report.cut_edges = cut;
        Ok(slates)
    }

    fn activity_of(&self, people: &[u32]) -> Vec<f32> {
        people.iter().map(|&person| self.activity[person as usize]).collect()
    }
}

/// One region from estimates to lists.
fn solve(graph: &Graph, people: &[u32], activity: &[f32], settings: &MarketSettings) -> Result<Solved, GraphError> {
    let print = fingerprint(graph, people, activity, settings);
    let threads = settings.threads;
    let graph = &shrink(graph, settings.estimate_error);
    let pooled = match settings.pool {
        Some(limit) => {
            let kernel = Kernel::of_graph(graph, settings.temperature, None)?;
            let iterations =
                PriceSettings { iterations: settings.price_iterations, threads, ..PriceSettings::default() };
            let prices = Prices::of(&kernel, activity, iterations)?;
            let offer = Offer::new(&prices.price, Noise::new(settings.seed, settings.noise));
            &gather(graph, people.len(), &offer, limit, threads)?
        }
        None => graph,
    };
    let both = pooled.both();
    let table = settings.examination.table(settings.list_length)?;
    let exact = PairingSettings { cap: 1, tolerance: TOLERANCE };
    let slots = Slots::new(pooled, &both, settings.slots, settings.exact_slots, exact)?;
    let mut lists = slots.lists(pooled, &both, settings.list_length);
    if let Some(alpha) = settings.alpha {
        let welfare = WelfareSettings { alpha, seed: settings.seed, threads, ..WelfareSettings::default() };
        lists = Policy::new(pooled, &both, &table, Some(&lists), welfare)?.lists;
    } else {
        respond(pooled, &both, &table, &mut lists, settings.best_response_rounds, SETTLED, threads);
    }
    let mut solved = Solved {
        fingerprint: print,
        people: people.to_vec(),
        lists: by_person(people, |person| lists.of(pooled, person)),
        picks: vec![Vec::new(); people.len()],
        matches: lists.matches(pooled, &both, &table),
        edges: pooled.edges().len() as u64,
        envy: envy(pooled, &both, &table, &lists, threads),
        upper_bound: upper_bound(pooled, &both, &table, &lists, settings.bound_rounds, threads),
        pick_matches: 0.0,
        pick_bound: 0.0,
    };
    if settings.daily_cap > 0 {
        let picks = match slots.first() {
            Some(first) if settings.daily_cap == 1 => first.clone(),
            _ => Pairing::new(pooled, &both, PairingSettings { cap: settings.daily_cap, ..exact })?,
        };
        let partners = picks.partners(pooled, &both);
        solved.picks = by_person(people, |person| partners[person as usize].clone());
        (solved.pick_matches, solved.pick_bound) = (picks.weight, picks.bound);
    }
    Ok(solved)
}

/// Names of each person of a region, from the region's indexes to everybody's.
fn by_person(people: &[u32], names: impl Fn(u32) -> Vec<u32>) -> Vec<Vec<u32>> {
    let named = |local: u32| names(local).into_iter().map(|name| people[name as usize]).collect();
    (0..people.len() as u32).map(named).collect()
}

/// Lists and daily picks of everybody, and how good they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Slates {
    lists: Vec<Vec<u32>>,
    picks: Vec<Vec<u32>>,
    matches: Vec<f64>,
    /// The figures of the run.
    pub report: Report,
}

impl Slates {
    fn new(graph: &Graph, regions: impl Iterator<Item = Solved>) -> Self {
        let people = graph.people();
        let mut slates = Self {
            lists: vec![Vec::new(); people],
            picks: vec![Vec::new(); people],
            matches: vec![0.0; people],
            report: Report { people, ..Report::default() },
        };
        let report = &mut slates.report;
        for solved in regions {
            report.regions += 1;
            report.edges += solved.edges as usize;
            report.envy += solved.envy;
            report.upper_bound += solved.upper_bound;
            report.pick_matches += solved.pick_matches;
            report.pick_bound += solved.pick_bound;
            let content = solved.people.into_iter().zip(solved.lists).zip(solved.picks).zip(solved.matches);
            for (((person, list), picks), matches) in content {
                slates.lists[person as usize] = list;
                slates.picks[person as usize] = picks;
                slates.matches[person as usize] = matches;
            }
        }
        // From a zero: the sum of nothing would be a negative one.
        report.expected_matches = slates.matches.iter().fold(0.0, |sum, matches| sum + matches) / 2.0;
        report.gini = gini(&slates.matches);
        report.zero_share = zero_share(&slates.matches);
        report.without_candidate = slates.lists.iter().filter(|list| list.is_empty()).count();
        slates
    }

    /// Whom a person is shown, best first.
    ///
    /// # Panics
    /// If there is no such person.
    pub fn list(&self, person: u32) -> &[u32] {
        &self.lists[person as usize]
    }

    /// A person's daily picks, best first; each of them has the person as a pick too.
    ///
    /// # Panics
    /// If there is no such person.
    pub fn picks(&self, person: u32) -> &[u32] {
        &self.picks[person as usize]
    }

    /// The expected matches of each person.
    pub fn matches(&self) -> &[f64] {
        &self.matches
    }
}
