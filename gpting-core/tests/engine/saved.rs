//! An engine that was saved and loaded is the engine that was saved, whatever was done to it and is done to it later; what
//! was not saved by it is refused.

#![expect(clippy::cast_possible_truncation, reason = "the numbers of made-up people are small")]

use std::io::{self, Read, Write};

use gpting_core::{
    After, Cell, Config, Day, Engine, EngineError, Event, Fusion, Gender, LoadError, Person, Relax, SaveError, Wants,
    Weights,
};
use proptest::prelude::*;

use crate::random::{fusion, ops, play, play_on};

/// Numbers that use all 128 bits.
fn number(id: u32) -> u128 {
    u128::from(id) << 96 | u128::from(id ^ 0xffff)
}

fn id(number: u128) -> Option<u32> {
    let id = u32::try_from(number >> 96).ok()?;
    (self::number(id) == number).then_some(id)
}

fn saved(engine: &Engine<u32>) -> Vec<u8> {
    let mut bytes = Vec::new();
    engine.save(&mut bytes, number).unwrap();
    bytes
}

fn load(config: Config<u32>, bytes: &[u8], threads: usize) -> Result<Engine<u32>, LoadError> {
    Engine::load(config, bytes, id, threads)
}

/// Everything that can be asked gives the same.
fn assert_same(a: &Engine<u32>, b: &Engine<u32>, ids: &[u32]) {
    assert_eq!((a.len(), a.view().today()), (b.len(), b.view().today()));
    let (a, b) = (a.view(), b.view());
    for &me in ids {
        assert_eq!(a.contains(me), b.contains(me));
        for relax in [Relax::default(), Relax { age: true, distance: true, ..Relax::default() }] {
            let [one, other] = [&a, &b].map(|view| view.query(me).limit(1000).relax(relax).measured());
            // Not even the effort differs: the index is the same, leaf by leaf.
            assert_eq!(one, other);
            assert_eq!(a.query(me).limit(3).relax(relax).run(), b.query(me).limit(3).relax(relax).run());
        }
        assert_eq!(a.reach(me), b.reach(me));
        for &you in ids {
            assert_eq!(a.excluded(me, you), b.excluded(me, you));
            assert_eq!(a.explain(me, you), b.explain(me, you));
            assert_eq!(a.score(me, you), b.score(me, you));
        }
    }
}

fn everybody() -> Vec<u32> {
    (0..24).collect()
}

fn weights() -> Weights {
    Weights { like_rate: 0.3, prior_decisions: 2.0, pickiness: 0.5, appeal: 2.0, attributes: 3.0, ..Weights::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_back_is_what_was_saved(before in ops(), after in ops(), fusion in fusion(), threads in 0_usize..4) {
        let (mut engine, mut world) = play(&before, fusion);
        let bytes = saved(&engine);
        let mut loaded = load(Config::dims(3).fusion(fusion), &bytes, threads).unwrap();
        assert_same(&engine, &loaded, &everybody());
        prop_assert_eq!(&saved(&loaded), &bytes);
        play_on(&mut engine, &mut world.clone(), &after, 1_000);
        play_on(&mut loaded, &mut world, &after, 1_000);
        assert_same(&engine, &loaded, &everybody());
        prop_assert_eq!(saved(&loaded), saved(&engine), "and so it goes on");
    }

    #[test]
    fn other_weights_make_the_engine_that_had_always_had_them(before in ops(), after in ops()) {
        let (engine, _) = play(&before, Fusion::Product);
        let config = || Config::dims(3).weights(weights());
        let mut loaded = load(config(), &saved(&engine), 2).unwrap();
        let mut fresh = Engine::new(config()).unwrap();
        let mut world = crate::oracle::World::new((2026, 11, 23), Fusion::Product);
        fresh.set_today(engine.view().today().unwrap());
        play_on(&mut fresh, &mut world, &before, 1);
        assert_same(&fresh, &loaded, &everybody());
        play_on(&mut fresh, &mut world.clone(), &after, 1_000);
        play_on(&mut loaded, &mut world, &after, 1_000);
        assert_same(&fresh, &loaded, &everybody());
    }
}

/// Thousands of people, so that there are several sections, groups of chunks and nodes of the index.
fn crowd(dims: usize) -> Engine<u32> {
    let mut engine = Engine::new(Config::dims(dims)).unwrap();
    engine.set_today(Day::from_ymd(2026, 11, 23).unwrap());
    let mut seed = 7_u32;
    let mut next = |below: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) % below
    };
    let mut person = |id: u32| {
        let gender = [Gender::F, Gender::M][id as usize % 2];
        let wants = Wants::new([Gender::M, Gender::F][id as usize % 2]).ages(20, 60).within_km(next(200) as u16);
        let cell =
            Cell::from_lat_lng(37.0 + f64::from(next(100)) / 100.0, 127.0 + f64::from(next(100)) / 100.0).unwrap();
        let vector =
            |next: &mut dyn FnMut(u32) -> u32| (0..dims).map(|_| next(200) as f32 / 100.0 - 1.0).collect::<Vec<_>>();
        let (is, seeks) = (vector(&mut next), vector(&mut next));
        let person = Person::new(gender, 20 + next(40) as u8).at(cell).wants(wants).interests(&[next(900) as u16, 3]);
        person.vectors(&is, &seeks)
    };
    engine.extend((0..19_000).map(|id| (id, person(id)))).unwrap();
    for id in 0..3000 {
        let (a, b) = (id * 5 % 19_000, id * 77 % 19_000);
        if a != b {
            // Some of them are gone by then.
            let _ = engine.record(if id % 3 == 0 { Event::pass(a, b, 5) } else { Event::like(a, b, 5) });
        }
        if id % 9 == 0 {
            engine.remove(id * 6);
            engine.upsert(id * 6 + 1, person(id + 1)).unwrap();
        }
    }
    engine
}

#[test]
fn a_crowd_comes_back_with_any_number_of_threads() {
    for dims in [0, 5] {
        let mut engine = crowd(dims);
        let bytes = saved(&engine);
        for threads in [1, 3] {
            let mut loaded = load(Config::dims(dims), &bytes, threads).unwrap();
            assert_eq!(saved(&loaded), bytes);
            let some = [0_u32, 1, 5, 6, 77, 9_999, 18_998, 18_999];
            assert_same(&engine, &loaded, &some);
            if threads == 3 {
                for id in (0..19_000).step_by(7) {
                    assert_eq!(engine.remove(id), loaded.remove(id));
                    let person = Person::new(Gender::F, 33).wants(Wants::new(Gender::M)).interests(&[1]);
                    engine.upsert(id / 2, person.clone()).unwrap();
                    loaded.upsert(id / 2, person).unwrap();
                }
                assert_eq!(saved(&engine), saved(&loaded));
                assert_same(&engine, &loaded, &some);
            }
        }
    }
}

#[test]
fn who_was_removed_is_not_in_the_bytes() {
    let mut engine = Engine::new(Config::dims(2)).unwrap();
    engine.set_today(Day(20_000));
    let secret = f32::from_bits(0x3e41_4243);
    let known = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
    for id in 1..4 {
        engine.upsert(id, Person::born(Gender::O, Day(10_000)).vectors(&[0.5, 0.5], &[0.5, 0.5])).unwrap();
    }
    // The packed birth day of nobody else, in the lane behind the last row when they are gone.
    let born = Day(9_001);
    let facts = (9_001_u16 + 36_524).to_le_bytes();
    engine.upsert(9, Person::born(Gender::O, born).vectors(&[secret, 0.0], &[0.0, 0.0]).interests(&[0x5152])).unwrap();
    let traces: [&[u8]; 4] = [&secret.to_le_bytes(), &number(9).to_le_bytes(), &facts, &[0x52, 0x51]];
    let bytes = saved(&engine);
    assert!(traces.iter().all(|trace| known(&bytes, trace)));
    engine.remove(9);
    let bytes = saved(&engine);
    assert_eq!(traces.map(|trace| known(&bytes, trace)), [false; 4]);
}

fn small() -> Engine<u32> {
    let mut engine = Engine::new(Config::dims(3)).unwrap();
    engine.set_today(Day::from_ymd(2026, 11, 23).unwrap());
    for id in 0..5 {
        let person = Person::new(Gender::O, 30).interests(&[id as u16, 7]).vectors(&[0.1; 3], &[0.2; 3]);
        engine.upsert(id, person.attributes(&[(1, 2)]).wants(Wants::default().within_km(5 + id as u16))).unwrap();
    }
    engine.record(Event::like(1, 2, 3)).unwrap();
    engine.record(Event::block(3, 1, 3)).unwrap();
    engine
}

#[test]
fn every_prefix_and_every_flipped_bit_is_found_out() {
    let bytes = saved(&small());
    assert!(load(Config::dims(3), &bytes, 1).is_ok());
    for len in 0..bytes.len() {
        let error = load(Config::dims(3), &bytes[..len], 1).unwrap_err();
        assert!(matches!(error, LoadError::CutOff), "{len} of {}: {error:?}", bytes.len());
    }
    for at in 0..bytes.len() {
        for mask in [1, 0x80, 0xff] {
            let mut other = bytes.clone();
            other[at] ^= mask;
            let error = load(Config::dims(3), &other, 2).unwrap_err();
            let is_begin = at < 12;
            let expected = matches!(error, LoadError::Foreign | LoadError::OtherForm(_)) == is_begin;
            assert!(expected && !matches!(error, LoadError::Read(_)), "{at} {mask}: {error:?}");
        }
    }
}

#[test]
fn a_forged_length_makes_no_room() {
    let bytes = saved(&small());
    let header = 12 + 8 + 12 * 8 + 6 * 4 + 8;
    for len in [u64::MAX, 1 << 40, bytes.len() as u64] {
        let mut other = bytes.clone();
        other[header..header + 8].copy_from_slice(&len.to_le_bytes());
        assert!(matches!(load(Config::dims(3), &other, 1), Err(LoadError::CutOff)));
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let engine = small();
    let bytes = saved(&engine);
    let config = || Config::dims(3);
    assert!(matches!(load(config(), b"a file of something else", 1), Err(LoadError::Foreign)));
    let other_dims = load(Config::dims(4), &bytes, 1);
    assert!(matches!(other_dims, Err(LoadError::OtherDimensions { expected: 4, saved: 3 })));
    let bad = config().weights(Weights { near: f64::NAN, ..Weights::default() });
    assert!(matches!(load(bad, &bytes, 1), Err(LoadError::Config(EngineError::InvalidNumber("near")))));
    let unknown = Engine::<u32>::load(config(), &bytes[..], |n| id(n).filter(|id| *id != 2), 1);
    assert!(matches!(unknown, Err(LoadError::UnknownNumber(n)) if n == number(2)));
    let same = Engine::<u32>::load(config(), &bytes[..], |n| id(n).map(|id| id.max(3)), 2);
    assert!(matches!(same, Err(LoadError::SameId(id)) if id == "3"));
}

/// Fails behind so many bytes, and gives or takes few at a time.
struct Broken<'a>(&'a [u8], usize);

impl Read for Broken<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.1 == 0 {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let len = buffer.len().min(self.1).min(7);
        self.1 -= len;
        self.0.read(&mut buffer[..len])
    }
}

impl Write for Broken<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len().min(self.1);
        self.1 -= len;
        if len == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(len) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn failures_of_the_medium_are_told_and_nothing_behind_the_end_is_read() {
    let engine = small();
    let bytes = saved(&engine);
    for len in (0..bytes.len()).step_by(50) {
        let read = Engine::<u32>::load(Config::dims(3), Broken(&bytes, len), id, 2);
        assert!(matches!(read, Err(LoadError::Read(error)) if error.kind() == io::ErrorKind::ConnectionReset));
        assert!(matches!(engine.save(Broken(&[], len), number), Err(SaveError::Write(_))));
    }
    let slowly = Engine::<u32>::load(Config::dims(3), Broken(&bytes, bytes.len()), id, 2).unwrap();
    assert_same(&engine, &slowly, &[0, 1, 2, 3, 4, 5]);
    let two = [&bytes[..], b"more"].concat();
    let mut rest = &two[..];
    Engine::<u32>::load(Config::dims(3), &mut rest, id, 1).unwrap();
    assert_eq!(rest, b"more");
}

#[test]
fn an_empty_engine_comes_back_too() {
    let mut loaded = load(Config::dims(3), &saved(&Engine::new(Config::dims(3)).unwrap()), 4).unwrap();
    assert!(loaded.is_empty());
    assert_eq!(loaded.upsert(1, Person::new(Gender::O, 30)), Err(EngineError::TodayNotSet));
    loaded.set_today(Day(20_000));
    loaded.upsert(1, Person::new(Gender::O, 30).vectors(&[1.0; 3], &[1.0; 3])).unwrap();
    assert_eq!(loaded.view().top(1, 5, After::Start), Ok(Vec::new()));
}
