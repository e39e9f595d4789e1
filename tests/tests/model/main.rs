//! Random histories of what people do, on every store at once and in a model of the rules.
//!
//! [`reference`] is the model: the table of a pair, the rules of a room and who may see whom, written down a second time over
//! a few lists, without ids, versions or a store. [`act`] draws histories, [`subject`] does them through the facets of
//! [`Gpting`](gpting_core::Gpting) over memory, SQLite and PostgreSQL with one clock and the same ids, and compares every
//! answer word for word between the stores and by its meaning with the model; every ten acts the stored rows, lists,
//! cases and events too. A history that fails is shortened to the acts that matter.
//!
//! The same histories each time. For longer: `GPTING_MODEL_CASES=2000 cargo test -p gpting-tests --test model`, with
//! `GPTING_MODEL_SEED=…` for others.

mod act;
mod answer;
mod call;
mod decide;
mod flaw;
mod ids;
mod pair;
mod people;
mod reference;
mod room;
mod show;
mod subject;
mod talk;

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use act::Act;
use flaw::Flaw;
use reference::Model;
use subject::{Subject, outcomes, runtime};

/// How many histories, and of how many acts each.
const HISTORIES: u32 = 24;
const ACTS: usize = 60;
/// Where the drawing begins.
const SEED: u32 = 1;
/// In so many a wrong rule must show. These run in memory alone.
const WRONG_HISTORIES: u32 = 100;

/// Who is there when a history begins: four people, the first two of whom fit each other.
fn beginning() -> Vec<Act> {
    let people = [('F', 1996, vec!['M']), ('M', 1988, vec!['F']), ('F', 1996, vec!['F', 'M']), ('M', 1996, vec!['F'])];
    let mut acts = Vec::new();
    for (me, (gender, born, genders)) in people.into_iter().enumerate() {
        acts.push(Act::Join(me));
        acts.push(Act::Describe { me, gender, born });
        acts.push(Act::Wish { me, genders, ages: (18, 60) });
    }
    acts
}

/// The rules and their use for histories.
struct Machine;

impl ReferenceStateMachine for Machine {
    type State = Model;
    type Transition = Act;

    fn init_state() -> BoxedStrategy<Model> {
        let mut model = Model::new(Flaw::None);
        for act in beginning() {
            model.perform(&act);
        }
        Just(model).boxed()
    }

    fn transitions(state: &Model) -> BoxedStrategy<Act> {
        act::next(state)
    }

    fn apply(mut state: Model, transition: &Act) -> Model {
        state.perform(transition);
        state
    }
}

impl StateMachineTest for Machine {
    type SystemUnderTest = Subject;
    type Reference = Self;

    fn init_test(model: &Model) -> Subject {
        runtime().block_on(async {
            // A wrong rule shows on any store; the quickest will do.
            let mut subject = Subject::new(model.flaw == Flaw::None).await;
            let mut model = Model::new(model.flaw);
            for act in beginning() {
                model.perform(&act);
                subject.perform(&act, &model).await;
            }
            subject
        })
    }

    fn apply(mut subject: Subject, model: &Model, act: Act) -> Subject {
        runtime().block_on(subject.perform(&act, model));
        subject
    }

    fn check_invariants(subject: &Subject, model: &Model) {
        runtime().block_on(subject.look(model));
    }

    fn teardown(subject: Subject, model: Model) {
        runtime().block_on(subject.compare(&model));
    }
}

/// A number from the environment.
fn setting(name: &str, default: u32) -> u32 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

fn config(cases: u32) -> Config {
    let rng_seed = RngSeed::Fixed(setting("GPTING_MODEL_SEED", SEED).into());
    Config { cases, rng_seed, failure_persistence: None, max_shrink_iters: 300, ..Config::default() }
}

#[test]
fn every_store_answers_as_the_rules_say() {
    let config = config(setting("GPTING_MODEL_CASES", HISTORIES));
    let mut runner = TestRunner::new(config.clone());
    let histories = Machine::sequential_strategy(ACTS);
    let done = runner.run(&histories, |(model, acts, seen)| {
        Machine::test_sequential(config.clone(), model, acts, seen);
        Ok(())
    });
    if let Err(TestError::Fail(reason, (_, acts, _))) = done {
        panic!("after {acts:#?}\n{reason}");
    }
    if config.rng_seed == RngSeed::Fixed(SEED.into()) && config.cases >= HISTORIES {
        let outcomes = outcomes();
        let missing: Vec<_> = MUST_HAPPEN.iter().filter(|outcome| !outcomes.contains_key(**outcome)).collect();
        assert!(missing.is_empty(), "the histories never came to {missing:?}: {outcomes:#?}");
    }
}

/// What the histories have come to, or they would prove little.
const MUST_HAPPEN: [&str; 40] = [
    "ask again",
    "ask friends",
    "ask ok",
    "ask unmatched",
    "block again",
    "block ok",
    "blocks ok",
    "card member_not_found",
    "card ok",
    "describe validation_failed",
    "erase ok",
    "friends ok",
    "history ok",
    "history room_not_found",
    "like again",
    "like matched",
    "like member_not_found",
    "like self_action",
    "like unmatched",
    "likes ok",
    "matches ok",
    "open not_connected",
    "open ok",
    "pass already_matched",
    "pass ok",
    "read ok",
    "report ok",
    "requests ok",
    "respond friends",
    "rooms ok",
    "send idempotency_conflict",
    "send ok",
    "send replayed",
    "send room_not_found",
    "slate ok",
    "unblock ok",
    "undo nothing_to_undo",
    "undo ok",
    "unfriend ok",
    "unmatch ok",
];

/// In which history a wrong rule shows.
fn found(flaw: Flaw) -> Option<u32> {
    let config = config(WRONG_HISTORIES);
    let mut runner = TestRunner::new(config.clone());
    let histories = Machine::sequential_strategy(ACTS);
    (1..=WRONG_HISTORIES).find(|_| {
        let (mut model, acts, _) = histories.new_tree(&mut runner).expect("a history can be drawn").current();
        model.flaw = flaw;
        let done = catch_unwind(AssertUnwindSafe(|| Machine::test_sequential(config.clone(), model, acts, None)));
        done.is_err()
    })
}

#[test]
#[expect(clippy::print_stdout, reason = "tells how soon each was noticed, to whoever asks with --nocapture")]
fn a_wrong_rule_is_found() {
    let found: Vec<(Flaw, Option<u32>)> = Flaw::ALL.into_iter().map(|flaw| (flaw, found(flaw))).collect();
    println!("wrong rules, and the history that shows each: {found:?}");
    assert!(found.iter().all(|(_, history)| history.is_some()), "not noticed: {found:?}");
}
