//! The formulas by hand, and against a plain statement of the same rules.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::matching::question::{Answer, Choices, Importance};

const LEVELS: [Importance; 5] =
    [Importance::Irrelevant, Importance::Little, Importance::Some, Importance::Very, Importance::Mandatory];

fn answers(list: &[(u32, u8, &[u8], Importance)]) -> Answers {
    let mut answers = Answers::new();
    for &(question, choice, accepts, importance) in list {
        answers.answer(question, Answer::new(choice, accepts).importance(importance)).unwrap();
    }
    answers
}

#[test]
fn a_case_by_hand_and_the_published_percentages() {
    // A wants 250 + 10 + 1 and gets 250 + 1 of it; B wants 50 + 10 and gets all.
    let a = answers(&[
        (1, 0, &[0, 1], Importance::Mandatory),
        (2, 1, &[2], Importance::Some),
        (3, 1, &[0], Importance::Little),
        (7, 0, &[0], Importance::Very),
    ]);
    let b = answers(&[
        (1, 1, &[0], Importance::Very),
        (2, 1, &[1], Importance::Some),
        (3, 0, &[5], Importance::Irrelevant),
        (8, 0, &[0], Importance::Very),
    ]);
    let found = Comparison::of(&a, &b);
    assert_eq!(found.common, 3);
    assert_eq!((found.there.earned, found.there.possible, found.there.squared), (251, 261, 62_601));
    assert_eq!((found.back.earned, found.back.possible), (60, 60));
    assert!((found.okcupid().unwrap() - ((251.0_f64 / 261.0).sqrt() - 1.0 / 3.0)).abs() < 1e-12);
    // 98 % and 91 % are 94 % before the margin.
    let tally = |earned| Tally { earned, possible: 100, squared: 1000, ..Tally::default() };
    let pair = Comparison { common: 1_000_000, there: tally(98), back: tally(91), refused: false };
    assert!((pair.okcupid().unwrap() - 0.944).abs() < 1e-3);
}

#[test]
fn nothing_possible_is_unknown() {
    let nobody = Answers::new();
    let someone = answers(&[(1, 0, &[0], Importance::Very)]);
    let careless = answers(&[(1, 0, &[], Importance::Irrelevant)]);
    for (a, b) in [(&nobody, &someone), (&someone, &nobody), (&someone, &careless), (&careless, &someone)] {
        assert_eq!(Comparison::of(a, b).okcupid(), None);
    }
    let expected = Expectation::default();
    let estimate = Comparison::of(&nobody, &someone).estimate(expected);
    assert!((estimate.value - 0.6).abs() < 1e-12 && estimate.low < 0.2 && estimate.high > 0.85, "{estimate:?}");
    // One common question, all earned: the margin takes everything.
    assert_eq!(Comparison::of(&someone, &someone).okcupid(), Some(0.0));
}

#[test]
fn the_interval_narrows_with_questions_and_not_with_one_heavy_one() {
    let width = |list: &[u16]| {
        let mut tally = Tally::default();
        for &weight in list {
            tally.add(weight, true, false);
        }
        let estimate = Expectation::default().estimate(tally);
        assert!(estimate.low <= estimate.value && estimate.value <= estimate.high);
        (estimate.high - estimate.low, estimate.value)
    };
    let (few, many, heavy) = (width(&[50; 2]), width(&[50; 40]), width(&[250]));
    assert!(many.0 < 0.2 && many.1 > 0.98, "{many:?}");
    assert!(few.0 > 2.0 * many.0 && heavy.0 > few.0, "{few:?} {heavy:?}");
    // Wilson by hand: two questions of 50 and the expectation of 50 are three; the share is 2.6 of them.
    let estimate =
        Expectation::default().estimate(Tally { earned: 100, possible: 100, squared: 5000, ..Tally::default() });
    assert!((estimate.value - 2.6 / 3.0).abs() < 1e-12);
    assert!((estimate.low - 0.333_261).abs() < 1e-5 && (estimate.high - 0.988_308).abs() < 1e-5, "{estimate:?}");
}

#[test]
fn a_dealbreaker_refuses_only_a_wrong_answer() {
    let mut strict = Answers::new();
    strict.answer(1, Answer::new(0, &[0]).importance(Importance::Irrelevant).dealbreaker()).unwrap();
    let (same, other) = (answers(&[(1, 0, &[1], Importance::Some)]), answers(&[(1, 1, &[1], Importance::Some)]));
    assert!(!Comparison::of(&strict, &same).refused && !Comparison::of(&strict, &Answers::new()).refused);
    let found = Comparison::of(&strict, &other);
    assert!(found.refused && found.there.refuses && !found.back.refuses);
    assert!(Comparison::of(&other, &strict).back.refuses);
}

#[test]
fn expectations_have_ranges() {
    for (mean, points) in [(0.0, 50.0), (1.0, 50.0), (f64::NAN, 50.0), (0.5, 0.5), (0.5, f64::INFINITY)] {
        assert_eq!(Expectation::new(mean, points), None);
    }
    assert_eq!(Expectation::new(0.5, 20.0).unwrap().mean().to_bits(), 0.5_f64.to_bits());
}

type Raw = BTreeMap<u32, (u8, u64, usize, bool)>;

fn raw() -> impl Strategy<Value = Raw> {
    prop::collection::btree_map(0_u32..20, (0_u8..4, 1_u64..16, 0_usize..5, any::<bool>()), 0..15)
}

fn of(raw: &Raw) -> Answers {
    let mut answers = Answers::new();
    for (&question, &(choice, accepts, level, dealbreaker)) in raw {
        let answer = Answer { choice, accepts: Choices(accepts), importance: LEVELS[level], dealbreaker };
        answers.answer(question, answer).unwrap();
    }
    answers
}

proptest! {
    #[test]
    fn agrees_with_the_plain_statement_and_is_symmetric(a in raw(), b in raw()) {
        let found = Comparison::of(&of(&a), &of(&b));
        let common: Vec<_> = a.iter().filter_map(|(q, mine)| Some((mine, b.get(q)?))).collect();
        let points = [0, 1, 10, 50, 250];
        let side = |flip: bool| {
            let (mut earned, mut possible, mut refuses) = (0, 0, false);
            for &(mine, theirs) in &common {
                let (mine, theirs) = if flip { (theirs, mine) } else { (mine, theirs) };
                let fine = mine.1 & (1 << theirs.0) != 0;
                possible += points[mine.2];
                if fine { earned += points[mine.2] }
                refuses |= mine.3 && !fine;
            }
            (earned, possible, refuses)
        };
        prop_assert_eq!(found.common as usize, common.len());
        prop_assert_eq!((found.there.earned, found.there.possible, found.there.refuses), side(false));
        prop_assert_eq!((found.back.earned, found.back.possible, found.back.refuses), side(true));
        let mirrored = Comparison::of(&of(&b), &of(&a));
        prop_assert_eq!((mirrored.there, mirrored.back), (found.back, found.there));
        prop_assert_eq!(mirrored.okcupid(), found.okcupid());
        if let Some(percent) = found.okcupid() {
            prop_assert!((0.0..=1.0).contains(&percent));
        }
        let estimate = found.estimate(Expectation::default());
        prop_assert!(0.0 <= estimate.low && estimate.low <= estimate.value + 1e-12);
        prop_assert!(estimate.value <= estimate.high + 1e-12 && estimate.high <= 1.0);
    }
}
