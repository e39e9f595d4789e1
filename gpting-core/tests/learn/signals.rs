//! Terms that learning registers in the engine: bounded, deterministic, and no page loses its exactness to them.

use gpting_core::learn::{Exploration, Explore, Scaled};
use gpting_core::matching::question::{Answer, Answers, Importance};
use gpting_core::{After, Config, Filter, Gender, Part, Person, Pick, Reason, Row, Signal, View, Weights};

use crate::town::Town;

const DIMS: usize = 8;

fn exploration(seed: u64, bound: f64) -> Exploration<u32> {
    let mut exploration = Exploration::new(Explore::new(seed, bound).unwrap(), 0.6).unwrap();
    for id in 0..50 {
        exploration.know(id, 0.05).unwrap();
    }
    exploration
}

/// The page by scoring everybody one by one and sorting.
fn plain_page(view: &View<u32>, people: u32, me: u32, limit: usize) -> Vec<Pick<u32>> {
    let others = (0..people).filter(|&other| other != me && view.eligible(me, other).unwrap());
    let shown = others.filter(|&other| !view.excluded(me, other).unwrap());
    let mut picks: Vec<Pick<u32>> = shown.map(|other| view.score(me, other).unwrap()).collect();
    picks.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
    picks.truncate(limit);
    picks
}

#[test]
fn pages_stay_exact_under_every_term() {
    let town = Town::new(20, 700, DIMS);
    let config = Config::dims(DIMS).signal(exploration(1, 0.8)).signal(Scaled::new(exploration(4, 0.5), -1.0).unwrap());
    let view = town.engine(config, true).view();
    for me in (0..700).step_by(41) {
        let page = view.top(me, 15, After::Start).unwrap();
        assert_eq!(page, plain_page(&view, 700, me, 15), "{me}");
        let next = view.top(me, 15, page[14].into()).unwrap();
        assert_eq!([page, next].concat(), plain_page(&view, 700, me, 30), "{me}");
    }
}

#[test]
fn exploration_is_bounded_reproducible_and_gives_newcomers_a_chance() {
    let town = Town::new(21, 300, DIMS);
    let with = |seed| town.engine(Config::dims(DIMS).signal(exploration(seed, 0.7)), true).view();
    let without = town.engine(Config::dims(DIMS), true).view();
    let (first, again, other) = (with(1), with(1), with(2));
    let (mut explored, mut changed, mut new_faces) = (0, 0, 0);
    for me in 0..60 {
        let page = first.top(me, 10, After::Start).unwrap();
        assert_eq!(page, again.top(me, 10, After::Start).unwrap());
        changed += usize::from(page != other.top(me, 10, After::Start).unwrap());
        let before = without.top(me, 40, After::Start).unwrap();
        new_faces += page.iter().filter(|pick| before[..10].iter().all(|known| known.id != pick.id)).count();
        for pick in &page {
            // Nobody comes from further than the bound in both directions allows.
            let old = without.score(me, pick.id).unwrap();
            let logit = |p: f64| (p / (1.0 - p)).ln();
            assert!((logit(pick.there) - logit(old.there)).abs() <= 0.7 + 1e-5);
            assert!((logit(pick.back) - logit(old.back)).abs() <= 0.7 + 1e-5);
            let why = first.explain(me, pick.id).unwrap();
            explored += why.there.iter().filter(|part| part.code == Reason::Signal("exploration")).count();
        }
    }
    assert!(explored > 550 && changed > 50 && new_faces > 60, "{explored} {changed} {new_faces}");
}

#[test]
fn questions_move_scores_by_satisfaction_and_dealbreakers_hide() {
    let mut town = Town::new(22, 6, 0);
    let mut insert = |id, list: &[(u32, Answer)]| {
        let mut answers = Answers::new();
        for &(question, answer) in list {
            answers.answer(question, answer).unwrap();
        }
        town.edit(id, |_| Person::new(Gender::O, 30).answers(answers));
    };
    insert(0, &[(1, Answer::new(0, &[0]).importance(Importance::Very).dealbreaker()), (2, Answer::new(0, &[0]))]);
    insert(1, &[(1, Answer::new(0, &[0])), (2, Answer::new(0, &[0, 1]))]); // fits
    insert(2, &[(1, Answer::new(0, &[0])), (2, Answer::new(1, &[0, 1]))]); // fits but for a detail
    insert(3, &[(1, Answer::new(1, &[0]))]); // breaks the condition
    insert(4, &[(9, Answer::new(1, &[0]))]); // has not been asked
    insert(5, &[]);
    let weights = Weights { questions: 3.0, ..Weights::default() };
    let view = town.engine(Config::dims(0).weights(weights), false).view();
    assert_eq!(view.eligible(0, 3), Ok(false));
    assert_eq!(view.eligible(3, 0), Ok(false));
    let reach = view.reach(0).unwrap();
    assert_eq!((reach.eligible, reach.hidden_by.last().unwrap()), (4, &(Filter::Questions, 1)));
    let page: Vec<u32> = view.top(0, 10, After::Start).unwrap().iter().map(|pick| pick.id).collect();
    assert_eq!(page, [1, 2, 4, 5], "best satisfied first; the unknown after, equal among themselves");
    let part = |viewer, candidate| {
        let why = view.explain(viewer, candidate).unwrap();
        let is_told = |part: &&Part| matches!(part.code, Reason::Questions { .. });
        why.there.iter().find(is_told).map_or(0.0, |part| part.logit)
    };
    // (earned + 50 · 0.6) / (possible + 50) against 0.6.
    assert!((part(0, 1) - 3.0 * (90.0 / 110.0 - 0.6)).abs() < 1e-6);
    assert!((part(0, 2) - 3.0 * (80.0 / 110.0 - 0.6)).abs() < 1e-6);
    assert!((part(1, 0) - 3.0 * (50.0 / 70.0 - 0.6)).abs() < 1e-6);
    assert_eq!((part(0, 4), part(0, 5), part(5, 0)), (0.0, 0.0, 0.0));
    for (viewer, candidate) in [(0, 1), (1, 0), (0, 2)] {
        let (why, turned) = (view.explain(viewer, candidate).unwrap(), view.explain(candidate, viewer).unwrap());
        assert_eq!((why.there_logit(), why.back_logit()), (turned.back_logit(), turned.there_logit()));
    }
}

/// A signal that says one number, and promises another as its most.
#[derive(Debug)]
struct Says(f32, f32);

impl Signal<u32> for Says {
    fn name(&self) -> &'static str {
        "says"
    }

    fn logit(&self, _viewer: Row<'_, u32>, _candidates: &[Row<'_, u32>], out: &mut [f32]) {
        out.fill(self.0);
    }

    fn bound(&self, _viewer: Row<'_, u32>) -> f32 {
        self.1
    }
}

#[test]
fn a_scaled_signal_is_cut_first_and_bounded_by_what_it_can_reach() {
    let town = Town::new(23, 2, 0);
    let term = |says: Says, factor| {
        let view = town.engine(Config::dims(0).signal(Scaled::new(says, factor).unwrap()), false).view();
        let why = view.explain(0, 1).unwrap();
        let of = |parts: &[Part]| {
            parts.iter().find(|part| part.code == Reason::Signal("says")).map_or(0.0, |part| part.logit)
        };
        (of(&why.there), of(&why.back))
    };
    assert_eq!(term(Says(1.5, 2.0), 0.5), (0.75, 0.75));
    assert_eq!(term(Says(3.0, 2.0), 0.5), (1.0, 1.0)); // 3 is cut to 2, as without the factor
    assert_eq!(term(Says(-3.0, 2.0), -1.0), (3.0, 3.0)); // how low a signal goes it does not say
    assert_eq!(term(Says(3.0, 2.0), 0.0), (0.0, 0.0));
    assert!(Scaled::new(Says(1.0, 1.0), f32::NAN).is_none());
}
