//! A store with a planted log, whose figures are known by hand.

use gpting_core::id::MemberId;
use gpting_core::interaction::{Decision, Outcome, PairKey, Side};
use gpting_core::matching::Gender;
use gpting_core::matching::exposure::{Exposure, Shown};
use gpting_core::profile::{Preferences, Profile, Standing, Visibility};
use gpting_core::store::{Change, Expect, MemoryStore, Work};
use serde_json::Value;

use super::*;

fn id(n: i64) -> MemberId {
    MemberId::new(n).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

fn person(n: i64, gender: Gender, born: i16) -> Member {
    Member {
        id: id(n),
        host: None,
        source: None,
        standing: Standing::Active,
        verified: false,
        created_at: at(0),
        last_active: at(0),
        profile: Profile {
            nickname: format!("사람 {n}"),
            gender: Some(gender),
            birth_date: Some(jiff::civil::date(born, 11, 27)),
            ..Profile::default()
        },
        preferences: Preferences::default(),
        consents: Vec::new(),
        visibility: Visibility::default(),
        answers: std::collections::BTreeMap::new(),
        derived: gpting_core::assist::Derived::default(),
    }
}

/// What a woman did to a man, and what came of it.
fn pair(woman: i64, man: i64, kind: DecisionKind, outcome: Option<Stage>) -> Pair {
    let decision = Decision { kind, at: at(100), message: None };
    let mut pair = Pair::strangers(PairKey::of(id(woman), id(man)).unwrap());
    pair.low.decision = Some(decision.clone());
    if let Some(stage) = outcome {
        pair.high.decision = Some(decision);
        pair.match_state = MatchState::Matched { at: at(100) };
        pair.outcome = Some(Outcome { stage, opener: Some(Side::Low), at: at(200) });
    }
    pair
}

fn shown(man: i64, position: u32, ranker: Ranker, there: u32) -> Shown {
    let exposure = Exposure { position, ranker, slot: Slot::Ranked, score: 0, there, back: 0 };
    Shown { candidate: id(man), exposure: Some(exposure) }
}

/// Two women under each of two rankers, four men of whom one is never shown.
async fn planted() -> MemoryStore {
    use DecisionKind::{Like, Pass};
    use Ranker::{Newest, Served};
    let store = MemoryStore::default();
    let mut work = Work::new();
    for woman in 1..=4 {
        work = work.change(Change::PutMember(Box::new(person(woman, Gender::F, 2000)), Expect::New));
    }
    for (man, born) in [(11, 2002), (12, 1992), (13, 1992), (14, 1970)] {
        work = work.change(Change::PutMember(Box::new(person(man, Gender::M, born)), Expect::New));
    }
    for (woman, ranker) in [(1, Served), (2, Served), (3, Newest), (4, Newest)] {
        let candidates =
            vec![shown(11, 1, ranker, 250_000), shown(12, 2, ranker, 750_000), shown(13, 3, ranker, 50_000)];
        work = work.change(Change::Serve { viewer: id(woman), candidates, at: at(50) });
    }
    for pair in [
        pair(1, 11, Pass, None),
        pair(1, 12, Like, Some(Stage::Replied)),
        pair(2, 12, Like, None),
        pair(3, 11, Like, Some(Stage::Conversed)),
        pair(3, 12, Like, Some(Stage::Silent)),
        pair(4, 11, Like, Some(Stage::Opened)),
        pair(4, 13, Pass, None),
    ] {
        work = work.change(Change::PutPair(Box::new(pair), Expect::New));
    }
    store.commit(work).await.unwrap();
    store
}

fn flags(rounds: usize, json: bool) -> LogFlags {
    LogFlags { base: Ranker::Served, k: 10, rounds, seed: 0, since: None, json }
}

#[tokio::test]
async fn a_planted_log_has_the_figures_known_by_hand() {
    let store = planted().await;
    let told = run(&store, &flags(200, true), at(1_000)).await.unwrap();
    let answer: Value = serde_json::from_str(&told).unwrap();
    let [served, newest] = answer["rankers"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    let counts = |of: &Value| {
        ["viewers", "showings", "decided", "likes", "matches", "replies", "conversations"]
            .map(|name| of[name].as_u64().unwrap())
    };
    assert_eq!((served["name"].as_str(), counts(served)), (Some("served"), [2, 6, 3, 2, 1, 1, 0]));
    assert_eq!((newest["name"].as_str(), counts(newest)), (Some("newest"), [2, 6, 4, 3, 3, 1, 1]));
    let close = |value: &Value, wanted: f64| {
        let value = value.as_f64().unwrap();
        assert!((value - wanted).abs() < 1e-12, "{value}, not {wanted}");
    };
    // Three likes to two, three matches to one, one answer to one; viewers are as many.
    close(&newest["like_lift"]["value"], 0.5);
    close(&newest["match_lift"]["value"], 2.0);
    close(&newest["reply_lift"]["value"], 0.0);
    assert!(served["like_lift"].is_null() && served["ndcg"]["low"].is_number());
    // The liked one stands at the second place of both lists of `served`.
    close(&served["ndcg"]["value"], 1.0 / 3_f64.log2());
    // Lists of `newest`: worth 7, 3, 0 in that order; and a match at the first place.
    close(&newest["ndcg"]["value"], 1.0);
    let rates: Vec<_> =
        served["like_rate_by_position"].as_array().unwrap().iter().map(|place| place["like_rate"].as_f64()).collect();
    assert_eq!(rates, [Some(0.0), Some(1.0), Some(0.0)]);
    // Decided: at 0.25 a pass and two likes, at 0.75 three likes, at 0.05 a pass.
    let calibration = &answer["calibration"];
    assert_eq!(calibration["decided"], 7);
    close(&calibration["ece"], ((0.75_f64 - 2.0).abs() + (2.25_f64 - 3.0).abs() + 0.05) / 7.0);
    let group = |by: &str, name: &str| {
        answer["fairness"].as_array().unwrap().iter().find(|of| of["by"] == by && of["group"] == name).unwrap().clone()
    };
    let men = group("gender", "M");
    assert_eq!((men["people"].as_u64(), men["showings"].as_u64()), (Some(4), Some(12)));
    close(&men["exposure_share"], 1.0);
    close(&men["zero_share"], 0.25);
    close(&men["gini"], 0.25);
    assert_eq!(men["likes_received"], 5);
    close(&group("age", "30 to 34")["exposure_share"], 8.0 / 12.0);
    close(&group("age", "under 25")["likes_share"], 2.0 / 5.0);
    close(&group("age", "50 and over")["zero_share"], 1.0);
}

#[tokio::test]
async fn decisions_of_before_and_showings_of_earlier_builds_are_no_answers() {
    let store = MemoryStore::default();
    let mut early = pair(1, 12, DecisionKind::Like, None);
    early.low.decision.as_mut().unwrap().at = at(10);
    let work = Work::new()
        .change(Change::Serve {
            viewer: id(1),
            candidates: vec![id(11).into(), shown(12, 1, Ranker::Served, 500_000)],
            at: at(50),
        })
        .change(Change::PutPair(Box::new(early), Expect::New))
        .change(Change::PutPair(Box::new(pair(1, 11, DecisionKind::Like, None)), Expect::New));
    store.commit(work).await.unwrap();
    let report = evaluated(&store, &flags(1, true), at(1_000)).await.unwrap();
    assert_eq!((report.rankers[0].showings, report.rankers[0].decided, report.ece), (1, 0, None));
}

#[tokio::test]
async fn long_lists_are_read_page_by_page_and_an_empty_store_says_so() {
    let store = MemoryStore::default();
    let empty = run(&store, &flags(1, false), at(0)).await.unwrap();
    assert!(empty.contains("no showing"), "{empty}");
    // More than a read of pairs, and two reads of impressions.
    let count = i64::try_from(PAIRS).unwrap() * 2 + 10;
    let mut work = Work::new();
    for viewer in [1, 2, 3] {
        let candidates = (0..count).map(|n| shown(100 + n, 1, Ranker::Served, 100_000)).collect();
        work = work.change(Change::Serve { viewer: id(viewer), candidates, at: at(50) });
        for n in 0..count {
            let kind = if n % 2 == 0 { DecisionKind::Like } else { DecisionKind::Pass };
            work = work.change(Change::PutPair(Box::new(pair(viewer, 100 + n, kind, None)), Expect::New));
        }
    }
    store.commit(work).await.unwrap();
    let report = evaluated(&store, &flags(1, false), at(1_000)).await.unwrap();
    let of = &report.rankers[0];
    let count = count.unsigned_abs();
    assert_eq!((of.viewers, of.showings, of.decided, of.likes), (3, 3 * count, 3 * count, 3 * count / 2));
    let told = text(&report, 10);
    assert!(told.contains("served: 3 viewers") && told.contains("calibration error 0.4"), "{told}");
}

#[tokio::test]
async fn only_what_was_shown_first_since_then_is_told_of() {
    let store = planted().await;
    // One of them is shown again later, to somebody who had passed on them; another one for the first time.
    let again = vec![shown(11, 1, Ranker::Served, 250_000), shown(14, 2, Ranker::Served, 500_000)];
    let work = Work::new().change(Change::Serve { viewer: id(1), candidates: again, at: at(500) });
    store.commit(work.change(Change::PutPair(Box::new(late_like()), Expect::New))).await.unwrap();
    let figures = async |since: Option<i64>| {
        let report = evaluated(&store, &LogFlags { since: since.map(at), ..flags(1, true) }, at(1_000)).await.unwrap();
        report.rankers.iter().map(|of| (of.name, of.viewers, of.showings, of.likes)).collect::<Vec<_>>()
    };
    let all = vec![("served", 2, 7, 3), ("newest", 2, 6, 3)];
    assert_eq!((figures(None).await, figures(Some(50)).await), (all.clone(), all));
    assert_eq!(figures(Some(51)).await, [("served", 1, 1, 1)]);
    assert_eq!(figures(Some(501)).await, []);
    let told = run(&store, &LogFlags { since: Some(at(501)), ..flags(1, true) }, at(1_000)).await.unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["since"], told["rankers"].as_array().map(Vec::len)), (&at(501).to_string().into(), Some(0)));
}

fn late_like() -> Pair {
    let mut late = pair(1, 14, DecisionKind::Like, None);
    late.low.decision.as_mut().unwrap().at = at(600);
    late
}

#[test]
fn a_day_begins_in_seoul() {
    assert_eq!(since("2026-11-01"), Ok("2026-10-31T15:00:00Z".parse().unwrap()));
    assert_eq!(since("2026-11-01T00:00:00Z"), Ok("2026-11-01T00:00:00Z".parse().unwrap()));
    assert!(["", "yesterday", "2026-13-01", "1795000000"].iter().all(|text| since(text).is_err()));
}
