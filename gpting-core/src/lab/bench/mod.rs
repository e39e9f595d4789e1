//! How fast the engine finds the best people, how right it is, and how close to what the memory can do.
//!
//! [`Bench::new`] makes a population and an engine; the other methods measure one thing each through the public API. Beside
//! every figure stands its measure from the same process: a masked scan of all rows, and the limit of the memory.
//! Clocks are handed in, since the core has none.

mod limit;
mod oracle;
mod saved;
mod traffic;

use std::collections::HashSet;

pub use limit::Memory;
pub use oracle::Oracle;
pub use saved::{SaveAndLoad, SaveAndLoadError};
pub use traffic::Traffic;

use super::population::{Population, Synthetic};
use super::stream::Stream;
use crate::matching::straight::Straight;
use crate::matching::{
    After, Config, Day, Effort, Engine, EngineError, Event, Fusion, Level, Link, Pick, View, Weights,
};

/// Which score is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Score {
    /// The product of both chances with every term of the default weights.
    Served,
    /// The harmonic mean of both cosines, cut to [0, 1].
    Harmonic,
}

impl Score {
    /// What `seeks` is multiplied with, so that content has the spread of a logit that was learned.
    fn strength(self) -> f32 {
        match self {
            Self::Served => 4.0,
            Self::Harmonic => 1.0,
        }
    }

    fn config(self, dims: usize) -> Config<u32> {
        match self {
            Self::Served => Config::dims(dims),
            Self::Harmonic => {
                Config::dims(dims).weights(Weights::content_only()).link(Link::Clipped).fusion(Fusion::Harmonic)
            }
        }
    }
}

/// What to measure on.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "names say it")]
pub struct Options {
    pub people: u32,
    pub dims: usize,
    pub seed: u64,
    pub queries: usize,
    pub k: usize,
    pub score: Score,
    /// Keeps all vectors a second time, for the straight scan and a quick oracle: `8 · dims` bytes a person.
    pub keep_vectors: bool,
}

/// The clocks, in seconds: CPU time of the calling thread, and the time on the wall.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "names say it")]
pub struct Clocks {
    pub cpu: fn() -> f64,
    pub wall: fn() -> f64,
}

/// An engine full of people, and who asks.
#[derive(Debug)]
pub struct Bench {
    options: Options,
    clocks: Clocks,
    population: Population,
    engine: Engine<u32>,
    straight: Straight,
    oracle: Oracle,
    queries: Vec<u32>,
    /// Seconds of building the engine, without making people up.
    pub build_s: f64,
}

/// The day on which the made-up people have their ages.
const TODAY: (i32, u8, u8) = (2026, 11, 27);

impl Bench {
    /// Makes people and the engine; `progress` is told how many people there are so far.
    ///
    /// # Errors
    /// Those of the engine, for settings it refuses.
    pub fn new(options: Options, clocks: Clocks, mut progress: impl FnMut(u32)) -> Result<Self, EngineError> {
        let population = Population::new(options.seed, options.dims);
        let mut engine = Engine::new(options.score.config(options.dims))?;
        let today = Day::from_ymd(TODAY.0, TODAY.1, TODAY.2)?;
        engine.set_today(today);
        let mut straight = Straight::default();
        let mut oracle = Oracle::new(today, options);
        let mut made_up = 0.0;
        let start = (clocks.wall)();
        let people = (0..options.people).map(|number| {
            let before = (clocks.wall)();
            let person = population.person(u64::from(number));
            push(&mut straight, &person, options.keep_vectors);
            oracle.push(&person);
            let person = person.person(options.score.strength());
            if number % 65_536 == 0 {
                progress(number);
            }
            made_up += (clocks.wall)() - before;
            (number, person)
        });
        engine.extend(people)?;
        let build_s = (clocks.wall)() - start - made_up;
        let mut bench = Self { options, clocks, population, engine, straight, oracle, queries: Vec::new(), build_s };
        bench.choose_queries()?;
        Ok(bench)
    }

    /// Who asks, and whom they have passed on: up to 2,000 people each, a third of them from the own best.
    fn choose_queries(&mut self) -> Result<(), EngineError> {
        let mut stream = Stream::new(self.options.seed ^ 0x5eed);
        let mut chosen = HashSet::new();
        let mut found = Vec::new();
        let view = self.engine.view();
        let mut passes = Vec::new();
        let active = self.straight.flags.iter().filter(|flags| **flags & 1 != 0).count();
        while self.queries.len() < self.options.queries.min(active) {
            let me = stream.below(self.options.people as usize) as u32;
            if self.straight.flags[me as usize] & 1 == 0 || !chosen.insert(me) {
                continue;
            }
            self.straight.scan(me as usize, 0, &mut found);
            let most = (2001_f64.ln() * stream.unit()).exp() as usize - 1;
            let seen = most.min(found.len() / 2);
            let top = if seen < 3 { Vec::new() } else { view.top(me, seen / 3 * 2, After::Start)? };
            for _ in 0..seen / 3 {
                passes.push((me, top[stream.below(top.len())].id));
            }
            for _ in 0..seen - seen / 3 {
                passes.push((me, found[stream.below(found.len())].0));
            }
            self.queries.push(me);
        }
        passes.sort_unstable();
        passes.dedup();
        for (me, other) in passes {
            self.engine.record(Event::pass(me, other, 1))?;
            self.oracle.pass(me, other);
        }
        Ok(())
    }

    /// The engine.
    pub fn engine(&mut self) -> &mut Engine<u32> {
        &mut self.engine
    }

    /// Bytes that searches read, for each person who takes part.
    pub fn bytes_per_profile(&self) -> f64 {
        let active = self.straight.flags.iter().filter(|flags| **flags & 1 != 0).count();
        self.engine.index_bytes() as f64 / active.max(1) as f64
    }

    /// Who asks.
    pub fn queries(&self) -> &[u32] {
        &self.queries
    }

    /// A made-up person as the engine takes them, for updates.
    pub fn person(&self, number: u64) -> crate::matching::Person {
        self.population.person(number).person(self.options.score.strength())
    }

    /// A view of now.
    pub fn view(&self) -> View<u32> {
        self.engine.view()
    }

    /// CPU microseconds of each query: the least of `passes` rounds over all of them, so that no query follows itself.
    ///
    /// # Errors
    /// Those of a query.
    pub fn queries_us(&self, level: Level, passes: usize) -> Result<Vec<f64>, EngineError> {
        let view = self.engine.view();
        let mut least = vec![f64::INFINITY; self.queries.len()];
        for _ in 0..passes {
            for (least, &me) in least.iter_mut().zip(&self.queries) {
                let begin = (self.clocks.cpu)();
                let page = view.query(me).level(level).limit(self.options.k).run()?;
                let end = (self.clocks.cpu)();
                std::hint::black_box(page);
                *least = least.min((end - begin) * 1e6);
            }
        }
        Ok(least)
    }

    /// Pages of everybody at once: how many people a second on so many threads, by the clock on the wall.
    ///
    /// # Errors
    /// Those of a query.
    pub fn batch_users_per_s(&self, threads: usize) -> Result<f64, EngineError> {
        let served = std::sync::atomic::AtomicU64::new(0);
        let begin = (self.clocks.wall)();
        self.engine.view().top_for_all(self.options.k, threads, |_, page| {
            std::hint::black_box(page);
            served.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        })?;
        let seconds = (self.clocks.wall)() - begin;
        Ok(served.into_inner() as f64 / seconds)
    }

    /// What the queries looked at, on average.
    ///
    /// # Errors
    /// Those of a query.
    pub fn effort(&self) -> Result<MeanEffort, EngineError> {
        let view = self.engine.view();
        let mut sum = Effort::default();
        for &me in &self.queries {
            let (_, effort) = view.query(me).limit(self.options.k).measured()?;
            sum.leaves += effort.leaves;
            sum.scanned += effort.scanned;
            sum.first += effort.first;
            sum.second += effort.second;
            sum.refined += effort.refined;
            sum.settled += effort.settled;
            sum.exact += effort.exact;
        }
        let mean = |sum: u64| sum as f64 / self.queries.len().max(1) as f64;
        Ok(MeanEffort {
            leaves: mean(sum.leaves),
            scanned: mean(sum.scanned),
            first: mean(sum.first),
            second: mean(sum.second),
            refined: mean(sum.refined),
            settled: mean(sum.settled),
            exact: mean(sum.exact),
        })
    }

    /// CPU microseconds of the straight scan, and how many people passed its mask, for the first `queries`.
    ///
    /// Only with vectors kept.
    pub fn straight_us(&self, queries: usize, passes: usize) -> Vec<(f64, usize)> {
        let mut found = Vec::new();
        let mut least = vec![(f64::INFINITY, 0); queries.min(self.queries.len())];
        for _ in 0..passes {
            for (least, &me) in least.iter_mut().zip(&self.queries) {
                let begin = (self.clocks.cpu)();
                self.straight.scan(me as usize, self.options.dims, &mut found);
                let best = self.oracle.best_of_scan(me, &found, self.options.k);
                let end = (self.clocks.cpu)();
                std::hint::black_box(best);
                *least = (least.0.min((end - begin) * 1e6), found.len());
            }
        }
        least
    }

    /// How much of the true best `k` the pages hold, over the first `queries`: 1 is everything. Ties may go either way.
    ///
    /// # Errors
    /// Those of a query.
    pub fn recall(&self, queries: usize) -> Result<f64, EngineError> {
        let view = self.engine.view();
        let (mut hits, mut all) = (0, 0);
        for &me in self.queries.iter().take(queries) {
            let page = view.top(me, self.options.k, After::Start)?;
            let best = self.oracle.best(me, self.options.k, &self.population, &self.straight);
            let worst = best.last().map_or(f64::NEG_INFINITY, |(_, score)| *score);
            all += best.len();
            // A pick counts when its true score reaches the true last one.
            let true_score = |pick: &Pick<u32>| self.oracle.score(me, pick.id, &self.population, &self.straight);
            hits += page
                .iter()
                .take(best.len())
                .filter(|pick| true_score(pick).is_some_and(|score| score >= worst - 1e-9))
                .count();
        }
        Ok(if all == 0 { 1.0 } else { f64::from(hits as u32) / f64::from(all as u32) })
    }
}

/// What queries looked at on average; see [`Effort`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "as in `Effort`")]
pub struct MeanEffort {
    pub leaves: f64,
    pub scanned: f64,
    pub first: f64,
    pub second: f64,
    pub refined: f64,
    pub settled: f64,
    pub exact: f64,
}

/// A percentile of figures: the smallest that at least this share does not exceed. 0 for none.
pub fn percentile(figures: &[f64], share: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(at.max(1) - 1).or(sorted.last()).copied().unwrap_or(0.0)
}

/// The mean of figures; 0 for none.
pub fn mean(figures: &[f64]) -> f64 {
    figures.iter().sum::<f64>() / figures.len().max(1) as f64
}

fn push(straight: &mut Straight, person: &Synthetic, keep_vectors: bool) {
    use crate::matching::Gender;
    straight.gender.push(match person.gender {
        Gender::M => 1,
        Gender::F => 2,
        Gender::O => 4,
    });
    straight.wanted.push(person.wanted);
    straight.age.push(person.age);
    straight.age_min.push(person.age_min);
    straight.age_max.push(person.age_max);
    straight.flags.push(u8::from(person.active) | u8::from(person.verified) << 1 | u8::from(person.verified_only) << 2);
    let (lat, lng) = person.cell.centre();
    let (lat, lng) = (lat.to_radians(), lng.to_radians());
    straight.x.push((lat.cos() * lng.cos()) as f32);
    straight.y.push((lat.cos() * lng.sin()) as f32);
    straight.z.push(lat.sin() as f32);
    let chord = 2.0 * (f64::from(person.max_km) / oracle::EARTH_KM / 2.0).sin();
    straight.limit.push((chord * chord) as f32);
    if keep_vectors {
        straight.is.extend_from_slice(&person.is);
        straight.seeks.extend_from_slice(&person.seeks);
    }
}
