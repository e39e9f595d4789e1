//! A log whose figures are known by hand.

use super::*;

fn log(rounds: usize) -> Log {
    Log::new(Settings { rankers: vec!["served", "harmonic", "newest"], base: 0, k: 3, rounds, seed: 1 })
}

fn showing(ranker: usize, candidate: u64, position: u32, there: f64, answer: Answer) -> Showing {
    Showing { candidate, day: 1, position, ranker, is_ranked: true, there, answer }
}

/// Ten viewers of the base with one list each, ten of another ranker; four people, of whom one is never shown.
fn planted(rounds: usize) -> Report {
    use Answer::{Conversation, Like, None as Nothing, Pass, Reply};
    let mut log = log(rounds);
    for (id, gender) in [(1, "F"), (2, "F"), (3, "M"), (4, "M")] {
        log.person(id, vec![("gender", gender), ("age", if id == 1 { "19-24" } else { "25-29" })]);
    }
    for viewer in 0..10 {
        // The base: a like at the second place; one of ten is answered.
        let second = if viewer == 0 { Reply } else { Like };
        log.viewer(&[showing(0, 1, 1, 0.25, Pass), showing(0, 2, 2, 0.25, second), showing(0, 3, 3, 0.9, Nothing)]);
        // The other: liked at the first place, three of ten in the end a long talk.
        let first = if viewer < 3 { Conversation } else { Like };
        log.viewer(&[showing(1, 1, 1, 0.75, first), showing(1, 2, 2, 0.75, Like), showing(1, 3, 3, 0.15, Pass)]);
    }
    log.report()
}

fn close(seen: f64, wanted: f64) {
    assert!((seen - wanted).abs() < 1e-12, "{seen}, not {wanted}");
}

#[test]
fn counts_and_places_are_those_of_the_log() {
    let report = planted(10);
    let [base, other] = report.rankers.as_slice() else { panic!("rankers without showings are left out") };
    assert_eq!((base.name, other.name), ("served", "harmonic"));
    let counts =
        |of: &RankerFigures| [of.viewers, of.showings, of.decided, of.likes, of.matches, of.replies, of.conversations];
    assert_eq!(counts(base), [10, 30, 20, 10, 1, 1, 0]);
    assert_eq!(counts(other), [10, 30, 30, 20, 3, 3, 3]);
    let likes: Vec<_> = base.places.iter().map(|place| (place.position, place.showings, place.likes)).collect();
    assert_eq!(likes, [(1, 10, 0), (2, 10, 10), (3, 10, 0)]);
}

#[test]
fn lifts_and_gains_are_those_by_hand_and_lie_in_their_intervals() {
    let report = planted(400);
    let (base, other) = (&report.rankers[0], &report.rankers[1]);
    assert_eq!((base.like_lift, base.match_lift), (None, None));
    close(other.like_lift.unwrap().value, 1.0);
    close(other.match_lift.unwrap().value, 2.0);
    close(other.reply_lift.unwrap().value, 2.0);
    // Everybody likes as often: drawn again, the lift of likes is what it is, that of matches is not.
    let (likes, matches) = (other.like_lift.unwrap(), other.match_lift.unwrap());
    // Viewers of both rankers are drawn together, so even that moves a little in no round: both rates are constant.
    close(likes.low, 1.0);
    close(likes.high, 1.0);
    assert!(matches.low < 2.0 && matches.high > 2.0, "{matches:?}");
    close(base.ndcg.unwrap().value, 1.0 / 3_f64.log2());
    close(other.ndcg.unwrap().value, 1.0);
}

#[test]
fn predictions_are_held_against_decisions() {
    let report = planted(1);
    assert_eq!(report.decided, 50);
    // 20 decisions at 0.25 of which half are likes, 20 at 0.75 which all are, 10 at 0.15 of which none is.
    let bin = |at: usize| (report.bins[at].count, report.bins[at].predicted, report.bins[at].liked);
    assert_eq!((bin(2), bin(7), bin(9).0), ((20, 0.25, 0.5), (20, 0.75, 1.0), 0));
    close(report.ece.unwrap(), (20.0 * 0.25 + 20.0 * 0.25 + 10.0 * 0.15) / 50.0);
    assert_eq!(log(1).report().ece, None);
}

#[test]
fn groups_are_told_what_they_get() {
    let report = planted(1);
    let of = |by, group| report.groups.iter().find(|found| (found.by, found.group) == (by, group)).unwrap();
    let (women, men) = (of("gender", "F"), of("gender", "M"));
    assert_eq!((women.people, women.showings, women.likes), (2, 40, 30));
    assert_eq!((men.people, men.showings, men.likes), (2, 20, 0));
    close(women.exposure_share, 2.0 / 3.0);
    close(men.share, 0.5);
    close(women.likes_share, 1.0);
    close(men.zero_share, 0.5);
    close(men.gini, 0.5);
    close(women.gini, 0.0);
    close(of("age", "19-24").exposure_share, 1.0 / 3.0);
}

#[test]
fn lists_are_of_a_day_and_a_ranker_and_picks_have_no_place() {
    let mut log = log(1);
    let at = |day, position, answer| Showing { day, ..showing(0, u64::from(position), position, 0.5, answer) };
    let pick = Showing { is_ranked: false, ..at(2, 1, Answer::Like) };
    // In no order: the place counts.
    log.viewer(&[at(1, 2, Answer::Like), at(1, 1, Answer::Pass), pick, at(2, 3, Answer::Pass)]);
    let report = log.report();
    // One list with its like at the second place, one with it at the first.
    close(report.rankers[0].ndcg.unwrap().value, f64::midpoint(1.0 / 3_f64.log2(), 1.0));
    assert_eq!(report.rankers[0].places[0], Place { position: 1, showings: 1, likes: 0 });
}

#[test]
fn gains_are_discounted_by_the_place_that_was_shown() {
    let mut log = log(1);
    // Whoever stood at the first place was shown again another day, so of this list the other two are left.
    log.viewer(&[showing(0, 2, 3, 0.5, Answer::Like), showing(0, 1, 2, 0.5, Answer::Pass)]);
    close(log.report().rankers[0].ndcg.unwrap().value, 3_f64.log2() / 4_f64.log2());
}

#[test]
fn the_order_of_viewers_does_not_matter_and_nobody_makes_no_nonsense() {
    let lists: Vec<Vec<Showing>> = (0..30)
        .map(|viewer| {
            let answer = if viewer % 3 == 0 { Answer::Like } else { Answer::Pass };
            vec![showing(viewer % 2, viewer as u64, 1, 0.5, answer)]
        })
        .collect();
    let report = |lists: &mut dyn Iterator<Item = &Vec<Showing>>| {
        let mut log = log(0);
        lists.for_each(|list| log.viewer(list));
        log.report()
    };
    assert_eq!(report(&mut lists.iter()), report(&mut lists.iter().rev()));
    let nobody = log(10).report();
    assert!(nobody.rankers.is_empty() && nobody.groups.is_empty());
}
