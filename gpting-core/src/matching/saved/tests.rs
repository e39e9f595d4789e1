//! Bytes that were changed and then given sums that are right again: an error, or an engine that answers.

use super::*;
use crate::matching::{After, Cell, Day, Event, Gender, Person, Strength, Wants};

fn small() -> Engine<u32> {
    let mut engine = Engine::new(Config::dims(3).taste(2.0)).unwrap();
    engine.set_today(Day::from_ymd(2026, 11, 23).unwrap());
    let seoul = Cell::from_lat_lng(37.56, 126.98).unwrap();
    for id in 0..4_u16 {
        let wants =
            Wants::default().within_km(5 + id).rule(1, &[2, 3], Strength::Must).rule(1, &[id], Strength::Prefer);
        let person = Person::new(Gender::O, 30).at(seoul).interests(&[id, 7]).attributes(&[(1, 2)]).wants(wants);
        engine.upsert(id.into(), person.vectors(&[0.1; 3], &[0.2; 3])).unwrap();
    }
    engine.record(Event::like(1, 2, 3)).unwrap();
    // Somebody who has said something else before.
    let other = Person::new(Gender::O, 30).at(seoul).interests(&[2, 7]).wants(Wants::default().within_km(7));
    engine.upsert(2, other.content(&[0.3; 3])).unwrap();
    engine.record(Event::block(3, 1, 3)).unwrap();
    engine
}

fn sealed(header: Header, bodies: &[Vec<u8>]) -> Vec<u8> {
    let (mut bytes, seed) = header.to_bytes();
    let mut sections = Sections::new(&mut bytes, seed);
    for body in bodies {
        sections.write(|out| out.extend_from_slice(body)).unwrap();
    }
    sections.end().unwrap();
    bytes
}

#[test]
fn sums_that_are_right_do_not_make_nonsense_an_engine_that_panics() {
    let mut bytes = Vec::new();
    small().save(&mut bytes, u128::from).unwrap();
    let mut input = &bytes[..];
    let (header, seed) = Header::read(&mut input).unwrap();
    let mut bodies = Vec::new();
    for number in 0..2 {
        let section = section::Section::read(&mut input, number, Vec::new()).unwrap();
        bodies.push(section.checked(seed).unwrap().to_vec());
    }
    assert_eq!(sealed(header, &bodies), bytes);
    let (mut refused, mut taken) = (0, 0);
    for section in 0..bodies.len() {
        for at in 0..bodies[section].len() {
            for mask in [1, 4, 0x80, 0xff] {
                let mut other = bodies.clone();
                other[section][at] ^= mask;
                let other = sealed(header, &other);
                let loaded =
                    Engine::<u32>::load(Config::dims(3).taste(2.0), &other[..], |number| number.try_into().ok(), 1);
                let Ok(mut loaded) = loaded else {
                    refused += 1;
                    continue;
                };
                taken += 1;
                let view = loaded.view();
                for me in (0..4).filter(|&me| view.contains(me)) {
                    view.top(me, 5, After::Start).unwrap();
                    view.reach(me).unwrap();
                    for you in (0..4).filter(|&you| you != me && view.contains(you)) {
                        view.explain(me, you).unwrap();
                    }
                }
                for id in (0..4).filter(|&id| view.contains(id)) {
                    loaded.upsert(id, Person::new(Gender::O, 32).content(&[0.5; 3])).unwrap();
                }
                if view.contains(1) && view.contains(2) {
                    loaded.record(Event::undo(1, 2, 9)).unwrap();
                }
                for id in (0..4).filter(|&id| view.contains(id)) {
                    assert!(loaded.remove(id));
                }
            }
        }
    }
    assert!(refused > 500 && taken > 500, "{refused} {taken}");
}
