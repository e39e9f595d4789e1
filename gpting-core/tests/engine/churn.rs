//! An engine that is written to for a long time is the same as one that was filled at once, and as the oracle.
//!
//! Leaves fill, split, empty and join; frames widen; people move between classes. Views taken on the way stay as they were.

use gpting_core::{After, Engine, Relax};
use proptest::prelude::*;

use crate::crowd::{Dice, FUSIONS, Plan, Shape, id, plan};
use crate::exact::{check_parts, filled, viewers, whole_page};
use crate::oracle::{Kind, World};
use crate::random::event;

/// An engine and the oracle that are told the same.
struct Pair {
    plan: Plan,
    engine: Engine<u32>,
    world: World,
    log: Vec<(Kind, u32, u32, i64)>,
    dice: Dice,
    /// How many ids were ever used.
    used: usize,
}

impl Pair {
    fn new(plan: Plan) -> Self {
        let world = plan.world();
        let engine = filled(&plan, &world);
        Self { plan, engine, world, log: Vec::new(), dice: Dice(!plan.seed), used: plan.people }
    }

    /// Somebody who is there.
    fn anybody(&mut self) -> Option<u32> {
        let from = id(self.dice.below(self.used));
        self.world.people.range(from..).next().or(self.world.people.iter().next()).map(|(&id, _)| id)
    }

    fn add(&mut self) {
        let spec = self.plan.spec(&mut self.dice);
        let new = id(self.used);
        self.used += 1;
        self.engine.upsert(new, spec.person()).unwrap();
        self.world.people.insert(new, spec);
    }

    fn remove(&mut self, id: u32) {
        assert!(self.engine.remove(id));
        self.world.remove(id);
    }

    /// Changes one thing about somebody, or everything.
    fn edit(&mut self) {
        let Some(id) = self.anybody() else { return };
        let new = self.plan.spec(&mut self.dice);
        let spec = self.world.people.get_mut(&id).unwrap();
        match self.dice.below(10) {
            0 => *spec = new,
            1 | 2 => spec.cell = new.cell,
            3 => spec.appeal = self.dice.pick(&[-3.0, 0.0, 3.0]),
            4 | 5 => (spec.is, spec.seeks) = (new.is, new.seeks),
            6 => (spec.max_km, spec.ages, spec.genders) = (new.max_km, new.ages, new.genders),
            7 => (spec.active, spec.verified, spec.verified_only) = (new.active, new.verified, new.verified_only),
            8 => (spec.interests, spec.rules, spec.attributes) = (new.interests, new.rules, new.attributes),
            _ => spec.born = new.born,
        }
        self.engine.upsert(id, spec.person()).unwrap();
    }

    fn record(&mut self, a: u32, b: u32) {
        let kinds = [Kind::Like, Kind::Like, Kind::Pass, Kind::Undo, Kind::Block, Kind::Unblock, Kind::Unmatch];
        let kind = self.dice.pick(&kinds);
        if a != b {
            let at = self.log.len() as i64 + 1;
            self.engine.record(event(kind, a, b, at)).unwrap();
            self.world.record(kind, a, b);
            self.log.push((kind, a, b, at));
        }
    }

    /// Any change. What was done to somebody who leaves is still known of the others, so that the final state alone does
    /// not tell everything, unless those who act `stay`.
    fn change(&mut self, stay: bool) {
        match self.dice.below(10) {
            0 | 1 => self.add(),
            2 => {
                if let Some(id) = self.anybody().filter(|id| !stay || !id.is_multiple_of(3)) {
                    self.remove(id);
                }
            }
            3..=5 => {
                // A few people are liked by many and decide often.
                let (a, b) = (self.anybody(), self.anybody());
                let few = self.world.people.keys().copied().find(|id| id.is_multiple_of(3));
                let a = if self.dice.chance(50) { few } else { a };
                if let (Some(a), Some(b)) = (a, b)
                    && !(stay && !(a.is_multiple_of(3) && b.is_multiple_of(3)))
                {
                    self.record(a, b);
                    self.record(b, a);
                }
            }
            _ => self.edit(),
        }
    }

    /// The final state, taken in at once.
    fn rebuilt(&self) -> Engine<u32> {
        let mut engine = filled(&self.plan, &self.world);
        for &(kind, a, b, at) in &self.log {
            engine.record(event(kind, a, b, at)).unwrap();
        }
        engine
    }

    /// Compares with the oracle, and with the rebuilt engine where the final state tells everything.
    fn check(&mut self, count: usize, stay: bool) {
        let view = self.engine.view();
        assert_eq!(view.len(), self.world.people.len());
        let rebuilt = stay.then(|| self.rebuilt().view());
        for me in viewers(&self.world, count, &mut self.dice) {
            let whole = whole_page(&view, &self.world, me, Relax::default());
            check_parts(&view, &whole, me, Relax::default(), &mut self.dice);
            if let Some(rebuilt) = &rebuilt {
                assert_eq!(
                    rebuilt.top(me, whole.len() + 1, After::Start).unwrap(),
                    whole,
                    "{me} in the rebuilt engine"
                );
                assert_eq!(rebuilt.top(me, 7, After::Start).unwrap(), whole[..7.min(whole.len())]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 30, ..ProptestConfig::default() })]

    #[test]
    fn a_long_life_ends_where_a_fresh_start_does(plan in plan(300..900), changes in 300_usize..1000, stay: bool) {
        let mut pair = Pair::new(plan);
        let me = pair.world.people.keys().copied().next().unwrap();
        let view = pair.engine.view();
        let before = view.top(me, 50, After::Start).unwrap();
        for at in 0..changes {
            pair.change(stay);
            if at == changes / 2 {
                pair.check(1, false);
            }
        }
        pair.check(3, stay);
        prop_assert_eq!(view.len(), plan.people);
        prop_assert_eq!(view.top(me, 50, After::Start).unwrap(), before, "a view does not change");
    }
}

/// One tree of many nodes that grows one by one, shrinks to a tenth, and grows again.
#[test]
fn deep_trees_grow_and_shrink() {
    let mut pair = Pair::new(Plan { shape: Shape::One, ..Plan::one(5, 100, 1) });
    let by_page = |pair: &mut Pair| {
        let (view, rebuilt) = (pair.engine.view(), pair.rebuilt().view());
        for me in viewers(&pair.world, 30, &mut pair.dice) {
            let page = rebuilt.top(me, 10, After::Start).unwrap();
            assert_eq!(view.top(me, 10, After::Start).unwrap(), page, "{me} of {}", view.len());
            if let Some(&last) = page.last() {
                let next = rebuilt.top(me, 300, last.into()).unwrap();
                assert_eq!(view.top(me, 300, last.into()).unwrap(), next, "{me} of {}", view.len());
            }
        }
        // A few years of birth are some nodes of many.
        let me = pair.anybody().unwrap();
        for age in [20, 26, 31, 37, 44, 50] {
            let spec = pair.world.people.get_mut(&me).unwrap();
            (spec.ages, spec.active) = ((age, age + 1), true);
            pair.engine.upsert(me, spec.person()).unwrap();
            whole_page(&pair.engine.view(), &pair.world, me, Relax::default());
        }
    };
    while pair.world.people.len() < 8000 {
        pair.add();
    }
    by_page(&mut pair);
    // From one end of the order of ids, which is any order of rows, then at random.
    for shrunk in [4000, 800, 3] {
        while pair.world.people.len() > shrunk {
            let id = pair.anybody().unwrap();
            pair.remove(id);
        }
        by_page(&mut pair);
    }
    for id in pair.world.people.keys().copied().collect::<Vec<_>>() {
        pair.remove(id);
    }
    assert!(pair.engine.view().is_empty());
    while pair.world.people.len() < 2000 {
        pair.add();
    }
    by_page(&mut pair);
}

/// Somebody who was far below becomes the best, one change at a time; a leaf that is not told of it passes them by.
#[test]
fn whoever_rises_is_found_at_once() {
    for (fusion, dims) in FUSIONS.into_iter().zip([0, 16, 0, 16, 0]).chain([(FUSIONS[0], 16)]) {
        let mut pair = Pair::new(Plan { fusion, ..Plan::one(dims as u64, 2000, dims) });
        pair.engine = pair.plan.engine();
        for (id, spec) in &mut pair.world.people {
            spec.appeal = -3.0 + spec.appeal.clamp(-1.0, 1.0);
            pair.engine.upsert(*id, spec.person()).unwrap();
        }
        let view = pair.engine.view();
        let full = |id: &u32| view.top(*id, 1500, After::Start).unwrap().len() == 1500;
        let me = pair.world.people.keys().copied().find(full).unwrap();
        let mine = pair.world.people[&me].clone();
        let mut ranking = pair.world.ranking(me, Relax::default());
        for step in 0..8 {
            let risen = ranking[ranking.len() - 1 - step * 7].id;
            let spec = pair.world.people.get_mut(&risen).unwrap();
            match step % 4 {
                0 => spec.appeal = 9.0 + step as f32 / 100.0,
                1 => spec.appeal = 9.0 - step as f32 / 100.0,
                2 => {
                    // By far longer vectors.
                    let long = |vector: &[f32]| vector.iter().map(|x| x * 30.0).collect::<Vec<_>>();
                    (spec.is, spec.seeks, spec.appeal) = (long(&mine.seeks), long(&mine.is), 5.0);
                }
                _ => {
                    // Moves next door to the viewer, and shares what is rare.
                    (spec.cell, spec.appeal) = (mine.cell, 4.0);
                    spec.interests.clone_from(&mine.interests);
                }
            }
            pair.engine.upsert(risen, spec.person()).unwrap();
            ranking = pair.world.ranking(me, Relax::default());
            let page = pair.engine.view().top(me, 1, After::Start).unwrap();
            assert!((page[0].score - ranking[0].score).abs() <= ranking[0].slack, "{fusion:?} {dims} {step} {page:?}");
        }
    }
}
