//! What the engine's calls cost, on synthetic populations of ten and a hundred thousand people.
//!
//! `cargo bench -p gpting-benches --bench engine`. Seed 20260101, 128 + 128 dimensions, pages of 20, the default weights. For
//! larger populations, percentiles over many who ask, and the limits beside the figures: `gpting bench match`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gpting_core::lab::population::Population;
use gpting_core::{After, Config, Day, Engine, Event, Level};

const SEED: u64 = 20_260_101;
const DIMS: usize = 128;
/// The weight of content in logits: as if it had been learned.
const STRENGTH: f32 = 4.0;

fn engine(people: u32) -> (Population, Engine<u32>) {
    let population = Population::new(SEED, DIMS);
    let mut engine = Engine::new(Config::dims(DIMS)).expect("default settings");
    engine.set_today(Day::from_ymd(2026, 11, 27).expect("a date"));
    let everybody = (0..people).map(|number| (number, population.person(u64::from(number)).person(STRENGTH)));
    engine.extend(everybody).expect("people of the population fit");
    (population, engine)
}

fn calls(criterion: &mut Criterion) {
    for people in [10_000, 100_000] {
        let (population, mut engine) = engine(people);
        let mut group = criterion.benchmark_group(format!("{people} people"));
        group.throughput(Throughput::Elements(1));
        let mut turn = 0_u32;
        let mut next = move || {
            turn = (turn + 7_919) % people;
            turn
        };
        let view = engine.view();
        for level in Level::available() {
            group.bench_function(BenchmarkId::new("page of 20", format!("{level:?}")), |bencher| {
                bencher.iter(|| black_box(view.query(next()).level(level).limit(20).run()));
            });
        }
        group.bench_function("next page of 20", |bencher| {
            let me = (0..people).find(|&me| view.top(me, 21, After::Start).is_ok_and(|page| page.len() == 21));
            let me = me.expect("somebody has more than a page");
            let last = view.top(me, 20, After::Start).expect("a page")[19];
            bencher.iter(|| black_box(view.top(me, 20, last.into())));
        });
        group.bench_function("explain", |bencher| {
            bencher.iter(|| black_box(view.explain(next(), next())).is_ok());
        });
        drop(view);
        group.bench_function("like, with a new view", |bencher| {
            let mut at = 1;
            bencher.iter(|| {
                at += 1;
                black_box(engine.record(Event::like(next(), next(), at))).ok();
                engine.view()
            });
        });
        group.bench_function("edit, with a new view", |bencher| {
            let edited: Vec<_> = (0..64).map(|number| population.person(number + 1_000_000).person(STRENGTH)).collect();
            bencher.iter(|| {
                let who = next();
                engine.upsert(who, edited[who as usize % edited.len()].clone()).expect("a person of the population");
                engine.view()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, calls);
criterion_main!(benches);
