//! The days on which everybody decides: pages as the service makes them, likes and passes recorded at once.
//!
//! Calls the engine through its public API. Invariants: whoever is shown fits and was not decided on before, which is checked here
//! against the town itself.

use gpting_core::{Config, Day, Engine, Event, View, Weights};

use crate::town::{Citizen, DIMS};
use crate::truth::Truth;
use gpting_benches::random::Random;

/// People of a page, and pages that everybody decides on.
const PAGE: usize = 10;
pub(crate) const PAGES: usize = 3;
/// A page gives one place to a newcomer, as long as fewer people than this have seen them, as the service does.
const WARM: u32 = 30;
/// How many newcomers a page looks at before it goes without.
const TRIES: usize = 64;

/// Decisions of one person, and about one person.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) likes: u32,
    pub(crate) decisions: u32,
}

impl Tally {
    /// Share of likes, as if there had been so many average decisions more.
    pub(crate) fn rate(self, weights: &Weights) -> f64 {
        let prior = weights.prior_decisions;
        (f64::from(self.likes) + prior * weights.like_rate) / (f64::from(self.decisions) + prior)
    }

    fn count(&mut self, liked: bool) {
        self.likes += u32::from(liked);
        self.decisions += 1;
    }
}

/// The town after its first days.
pub(crate) struct Lived {
    /// Before anybody decided, and after everybody has.
    pub(crate) first: View<u32>,
    pub(crate) learned: View<u32>,
    /// Whom each decided on, and who decided on each.
    pub(crate) decided: Vec<Vec<u32>>,
    pub(crate) deciders: Vec<Vec<u32>>,
    pub(crate) given: Vec<Tally>,
    pub(crate) received: Vec<Tally>,
    /// Of the first, second and third page of everybody.
    pub(crate) by_page: [Tally; PAGES],
}

impl Lived {
    /// Whether neither has decided on the other.
    pub(crate) fn are_strangers(&self, one: usize, other: usize) -> bool {
        !self.decided[one].contains(&(other as u32)) && !self.decided[other].contains(&(one as u32))
    }
}

/// The weights of the service: texts count cautiously.
pub(crate) fn weights() -> Weights {
    Weights { content: 0.3, ..Weights::default() }
}

/// The engine as the service sets it: what somebody seeks is learned from whom they like.
fn engine() -> Engine<u32> {
    let mut engine = Engine::new(Config::dims(DIMS).weights(weights()).taste(5.0)).expect("settings");
    engine.set_today(Day::from_ymd(2026, 11, 27).expect("a day"));
    engine
}

pub(crate) fn live(town: &[Citizen], truth: &Truth<'_>, with_text: bool, seed: u64) -> Lived {
    let mut engine = engine();
    let people = (0_u32..).zip(town).map(|(id, citizen)| (id, citizen.person(with_text)));
    engine.extend(people).expect("everybody is taken in");
    let count = town.len();
    let mut lived = Lived {
        first: engine.view(),
        learned: engine.view(),
        decided: vec![Vec::new(); count],
        deciders: vec![Vec::new(); count],
        given: vec![Tally::default(); count],
        received: vec![Tally::default(); count],
        by_page: [Tally::default(); PAGES],
    };
    let mut random = Random(seed.wrapping_add(7));
    let mut now = 1_795_000_000;
    for page in 0..PAGES {
        for me in random.order(count) {
            for other in slate(&engine, town, &lived, me, &mut random) {
                assert!(
                    town[me].fits(&town[other]) && !lived.decided[me].contains(&(other as u32)),
                    "{me} saw {other}"
                );
                let liked = truth.likes(me, other);
                now += 1;
                let event = if liked { Event::like } else { Event::pass };
                engine.record(event(me as u32, other as u32, now)).expect("both are known");
                lived.decided[me].push(other as u32);
                lived.deciders[other].push(me as u32);
                lived.given[me].count(liked);
                lived.received[other].count(liked);
                lived.by_page[page].count(liked);
            }
        }
    }
    lived.learned = engine.view();
    lived
}

/// A page: the best by the engine, the last of whom makes room for a newcomer who fits.
fn slate(engine: &Engine<u32>, town: &[Citizen], lived: &Lived, me: usize, random: &mut Random) -> Vec<usize> {
    let picks = engine.view().query(me as u32).limit(PAGE).run().expect("a page");
    let mut page: Vec<usize> = picks.iter().map(|pick| pick.id as usize).collect();
    if page.len() == PAGE {
        let newcomer = (0..TRIES).map(|_| random.below(town.len())).find(|&other| {
            let is_new = lived.received[other].decisions < WARM;
            is_new
                && other != me
                && town[me].fits(&town[other])
                && lived.are_strangers(me, other)
                && !page.contains(&other)
        });
        if let Some(newcomer) = newcomer {
            page[PAGE - 1] = newcomer;
        }
    }
    page
}
