//! Queries beside other work: on several threads at once, and while somebody writes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};

use super::Bench;
use crate::lab::stream::Stream;
use crate::matching::{Engine, EngineError, Event, Level, View};

/// CPU microseconds of each query, while nobody writes and while somebody does.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// Without writes.
    pub idle_us: Vec<f64>,
    /// Beside writes.
    pub busy_us: Vec<f64>,
    /// Writes that were made.
    pub updates: u64,
    /// CPU microseconds of one write, on average, with a new view after each.
    pub update_us: f64,
}

impl Bench {
    /// CPU microseconds of each query on each of `threads` threads that ask at the same time; the least of `passes`.
    ///
    /// # Errors
    /// Those of a query.
    ///
    /// # Panics
    /// When a query does.
    pub fn threads_us(&self, threads: usize, passes: usize) -> Result<Vec<f64>, EngineError> {
        let view = self.view();
        let start = Barrier::new(threads);
        let (view, start) = (&view, &start);
        std::thread::scope(|scope| {
            let askers: Vec<_> = (0..threads)
                .map(|at| {
                    scope.spawn(move || {
                        let mut queries = self.queries.clone();
                        // Each begins elsewhere, so that nobody warms the caches of another.
                        queries.rotate_left(at * self.queries.len() / threads);
                        let mut least = vec![f64::INFINITY; queries.len()];
                        for _ in 0..passes {
                            start.wait();
                            for (least, &me) in least.iter_mut().zip(&queries) {
                                let begin = (self.clocks.cpu)();
                                let page = view.query(me).limit(self.options.k).run()?;
                                *least = least.min(((self.clocks.cpu)() - begin) * 1e6);
                                std::hint::black_box(page);
                            }
                        }
                        Ok::<_, EngineError>(least)
                    })
                })
                .collect();
            let mut all = Vec::new();
            for asker in askers {
                all.extend(asker.join().expect("a query does not panic")?);
            }
            Ok(all)
        })
    }

    /// Asks while another thread records likes and passes and edits people, `rate` times a second, with a new view after
    /// each write; `passes` rounds of each kind by turns.
    ///
    /// # Errors
    /// Those of a query or a write.
    ///
    /// # Panics
    /// When one of them does.
    pub fn under_updates(&mut self, rate: f64, passes: usize) -> Result<Traffic, EngineError> {
        let Self { options, clocks, population, engine, queries, .. } = self;
        let (options, clocks, population, queries) = (&*options, &*clocks, &*population, &*queries);
        let strength = options.score.strength();
        let current = Mutex::new(engine.view());
        let (stop, pause) = (AtomicBool::new(false), AtomicBool::new(true));
        let (current, stop, pause) = (&current, &stop, &pause);
        let lock = || current.lock().unwrap_or_else(PoisonError::into_inner);
        std::thread::scope(|scope| {
            let writer = scope.spawn(move || {
                let mut random = Stream::new(options.seed ^ 0x0bad);
                let (mut updates, mut cpu) = (0_u64, 0.0);
                let mut next = (clocks.wall)();
                while !stop.load(Ordering::Relaxed) {
                    let now = (clocks.wall)();
                    if pause.load(Ordering::Relaxed) || now < next {
                        next = if pause.load(Ordering::Relaxed) { now } else { next };
                        std::thread::sleep(std::time::Duration::from_micros(50));
                        continue;
                    }
                    next += 1.0 / rate;
                    let begin = (clocks.cpu)();
                    let (who, other) = (random.below(options.people as usize), random.below(options.people as usize));
                    let person = (updates % 10 == 9).then(|| population.person(who as u64).person(strength));
                    let begin = if person.is_some() { (clocks.cpu)() } else { begin };
                    let view = write(engine, (who as u32, other as u32), updates.cast_signed() + 2, person)?;
                    *lock() = view;
                    cpu += (clocks.cpu)() - begin;
                    updates += 1;
                }
                Ok::<_, EngineError>((updates, cpu))
            });
            let mut least = [vec![f64::INFINITY; queries.len()], vec![f64::INFINITY; queries.len()]];
            let mut asked = Ok(());
            'all: for _ in 0..passes {
                for (busy, least) in least.iter_mut().enumerate() {
                    pause.store(busy == 0, Ordering::Relaxed);
                    for (least, &me) in least.iter_mut().zip(queries) {
                        let begin = (clocks.cpu)();
                        let view = lock().clone();
                        match view.query(me).level(Level::best()).limit(options.k).run() {
                            Ok(page) => drop(std::hint::black_box(page)),
                            Err(error) => {
                                asked = Err(error);
                                break 'all;
                            }
                        }
                        *least = least.min(((clocks.cpu)() - begin) * 1e6);
                    }
                }
            }
            stop.store(true, Ordering::Relaxed);
            let (updates, cpu) = writer.join().expect("a write does not panic")?;
            asked?;
            let [idle_us, busy_us] = least;
            Ok(Traffic { idle_us, busy_us, updates, update_us: cpu * 1e6 / (updates.max(1) as f64) })
        })
    }
}

fn write(
    engine: &mut Engine<u32>,
    (who, other): (u32, u32),
    at: i64,
    person: Option<crate::matching::Person>,
) -> Result<View<u32>, EngineError> {
    if let Some(person) = person {
        engine.upsert(who, person)?;
    } else if who != other {
        let event = if at % 2 == 0 { Event::like(who, other, at) } else { Event::pass(who, other, at) };
        engine.record(event)?;
    }
    Ok(engine.view())
}
