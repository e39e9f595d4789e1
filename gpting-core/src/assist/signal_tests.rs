//! The term of values: what the index keeps of it bounds it, and changes no page.

use super::*;
use crate::matching::{After, Config, Day, Engine, Event, Gender, Wants};
use crate::profile::catalogue::Catalogue;

/// A small generator of tests: numbers below `most`.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u16) -> u16 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u16::try_from((self.0 >> 33) % u64::from(most)).unwrap()
    }
}

/// Somebody of whom something is derived more often than not.
fn person(random: &mut Random, topics: &Topics) -> Person {
    let (own, other) = if random.below(2) == 0 { (Gender::F, Gender::M) } else { (Gender::M, Gender::F) };
    let count = u16::try_from(topics.codes().len()).unwrap();
    let interests: Vec<u16> = (0..random.below(8)).filter_map(|_| topics.interest(random.below(count))).collect();
    let mut attributes: Vec<(u16, u16)> = Vec::new();
    for kind in [SHOWS, SEEKS] {
        for _ in 0..random.below(3) * random.below(9) {
            let (topic, strength) = (random.below(count), 1 + random.below(31));
            let level = if kind == SEEKS && random.below(4) == 0 { ZERO - strength } else { ZERO + strength };
            let level = if kind == SEEKS { level } else { strength };
            attributes.push((kind, topic << BITS | level));
        }
    }
    // A topic once: as derived attributes are.
    attributes.sort_unstable_by_key(|(kind, value)| (*kind, value >> BITS));
    attributes.dedup_by_key(|(kind, value)| (*kind, *value >> BITS));
    Person::new(own, 20 + u8::try_from(random.below(30)).unwrap())
        .interests(&interests)
        .attributes(&attributes)
        .wants(Wants::new(other))
}

fn crowd(config: Config<u32>, topics: &Topics, count: u32) -> Engine<u32> {
    let mut engine = Engine::new(config).unwrap();
    engine.set_today(Day::from_ymd(2026, 11, 23).unwrap());
    let mut random = Random(5);
    engine.extend((0..count / 2).map(|id| (id, person(&mut random, topics)))).unwrap();
    for id in count / 2..count {
        engine.upsert(id, person(&mut random, topics)).unwrap();
    }
    // Some say something else of themselves later, some go.
    for id in (0..count).step_by(7) {
        engine.upsert(id, person(&mut random, topics)).unwrap();
    }
    for id in (3..count).step_by(11) {
        engine.remove(id);
    }
    engine
}

#[test]
fn sketches_bound_the_term_and_change_no_page() {
    let topics = Arc::new(Topics::of(Catalogue::built_in()));
    for most in [0.3, 2.0] {
        let valued = Valued::new(Arc::clone(&topics), most);
        valued.note_use();
        let config = || Config::dims(0).signal(valued.clone());
        let plain = crowd(config(), &topics, 1_500);
        let mut sketched = crowd(config().sketcher(valued.clone()), &topics, 1_500);
        let (mut settled, mut asked) = (0, 0);
        for round in 0..2 {
            for me in 0..1_500 {
                if !plain.contains(me) {
                    continue;
                }
                let of = |engine: &Engine<u32>| engine.view().query(me).limit(10).measured().unwrap();
                let ((expected, loose), (found, tight)) = (of(&plain), of(&sketched));
                assert_eq!(found, expected, "of {me}, round {round}");
                settled += tight.settled;
                asked += loose.settled;
            }
            // The same from bytes.
            let mut bytes = Vec::new();
            sketched.save(&mut bytes, u128::from).unwrap();
            let other = Engine::<u32>::load(config(), &bytes[..], |id| id.try_into().ok(), 2);
            assert!(other.is_err(), "an index with sketches is not one without");
            sketched = Engine::load(config().sketcher(valued.clone()), &bytes[..], |id| id.try_into().ok(), 2).unwrap();
        }
        assert!(settled * 10 < asked * 8, "sketches spare the asking: {settled} of {asked}");
    }
}

/// A rule that sees whole rows, and holds what the term says of them against the formula.
#[derive(Debug)]
struct Checked(Valued);

impl Signal<u32> for Checked {
    fn name(&self) -> &'static str {
        "checked"
    }

    fn logit(&self, viewer: Row<'_, u32>, candidates: &[Row<'_, u32>], _out: &mut [f32]) {
        let Self(valued) = self;
        let term = |who: Row<'_, u32>, of: Row<'_, u32>| {
            let (mut sum, mut all) = (0.0, 0.0);
            for (topic, value) in Valued::seeks(who) {
                sum += value * valued.has(of, topic);
                all += value.abs();
            }
            valued.share(sum, all)
        };
        let (mut there, mut back) = (vec![0.0; candidates.len()], vec![0.0; candidates.len()]);
        valued.logit(viewer, candidates, &mut there);
        valued.logit_back(viewer, candidates, &mut back);
        for (at, candidate) in candidates.iter().enumerate() {
            let expected = [term(viewer, *candidate), term(*candidate, viewer)];
            assert_eq!([there[at].to_bits(), back[at].to_bits()], expected.map(f32::to_bits));
            assert!(there[at] <= valued.bound(viewer) && back[at] <= valued.bound_back(viewer));
        }
    }

    fn logit_back(&self, _: Row<'_, u32>, _: &[Row<'_, u32>], _: &mut [f32]) {}

    fn bound(&self, _: Row<'_, u32>) -> f32 {
        0.0
    }
}

#[test]
fn whole_blocks_are_reckoned_as_pairs_are() {
    let topics = Arc::new(Topics::of(Catalogue::built_in()));
    let valued = Valued::new(Arc::clone(&topics), 1.3);
    valued.note_use();
    let view = crowd(Config::dims(0).signal(Checked(valued)), &topics, 600).view();
    let shown: usize = (0..600).filter_map(|me| view.top(me, 50, After::Start).ok()).map(|page| page.len()).sum();
    assert!(shown > 10_000, "{shown}");
}

#[test]
fn a_like_leaves_sketches_as_they_are() {
    let topics = Arc::new(Topics::of(Catalogue::built_in()));
    let valued = Valued::new(Arc::clone(&topics), 1.0);
    valued.note_use();
    let config = || Config::dims(0).signal(valued.clone());
    let (mut plain, mut sketched) =
        (crowd(config(), &topics, 400), crowd(config().sketcher(valued.clone()), &topics, 400));
    let mut random = Random(9);
    for at in 0..4_000 {
        let (actor, other) = (u32::from(random.below(400)), u32::from(random.below(400)));
        let event = if random.below(3) == 0 { Event::like(actor, other, at) } else { Event::pass(actor, other, at) };
        assert_eq!(plain.record(event).is_ok(), sketched.record(event).is_ok());
    }
    for me in (0..400).filter(|me| plain.contains(*me)) {
        let page = |engine: &Engine<u32>| engine.view().top(me, 20, After::Start).unwrap();
        assert_eq!(page(&plain), page(&sketched));
    }
}
