//! The round of a day in regions: planned once, shared, gone on with, made anew.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;

use gpting_core::config::Config;
use gpting_core::id::MemberId;
use gpting_core::matching::daily::{DailyRound, RoundProgress};
use gpting_core::profile::LocateInput;
use gpting_core::store::Store as _;
use gpting_core::{Clock as _, Gpting};
use jiff::SignedDuration;

use crate::people::{Town, town_with};

const ONE: NonZero<usize> = NonZero::<usize>::MIN;
const CITIES: [&str; 3] = ["서울 강남구", "부산 해운대구", "제주 제주시"];

fn small_regions() -> Config {
    let mut config = Config::default();
    config.matching.region_people = 6;
    config
}

/// Three cities with so many couples each.
async fn country(couples: [usize; 3]) -> (Town, Vec<MemberId>) {
    let town = town_with(|builder| builder.config(small_regions())).await;
    let mut people = Vec::new();
    for (city, couples) in CITIES.into_iter().zip(couples) {
        for n in 0..couples {
            for (gender, wanted) in [("F", "M"), ("M", "F")] {
                let me = town.person(&format!("{city}{gender}{n}"), gender, &[wanted]).await;
                let place = LocateInput { location: Some(city.to_owned()), coordinates: None };
                town.g.profiles().locate(me, place).await.unwrap();
                people.push(me);
            }
        }
    }
    (town, people)
}

/// Who is whose pick today; fails where somebody has two, or a pick is not mutual.
async fn picks(town: &Town, people: &[MemberId]) -> BTreeMap<MemberId, MemberId> {
    let today = gpting_core::safety::age::day(gpting_core::safety::age::seoul_date(town.clock.now())).0;
    let mut picks = BTreeMap::new();
    for &me in people {
        let mine = town.store.picks(me, today).await.unwrap();
        assert!(mine.len() < 2, "{me:?} has {mine:?}");
        picks.extend(mine.first().map(|other| (me, *other)));
    }
    assert!(picks.iter().all(|(me, other)| picks.get(other) == Some(me)), "{picks:?}");
    picks
}

fn routine_jobs(g: &Gpting, kind: &str) -> u64 {
    g.jobs().health().kinds.get(kind).map_or(0, |count| count.done)
}

#[tokio::test]
async fn regions_add_up_and_what_is_done_stays_done() {
    let (town, people) = country([6, 4, 3]).await;
    let mut heard = Vec::new();
    let mut told = |progress: RoundProgress| heard.push((progress.regions_done, progress.people_done));
    let round = town.g.matching().continue_round(ONE, &mut told).await.unwrap();
    assert_eq!(heard, [(0, 0), (1, 12), (2, 20), (3, 26)], "the largest first");
    assert_eq!((round.regions.len(), round.pairs, round.report.people), (3, 13, 26));
    let sum = |of: fn(&gpting_core::matching::daily::RegionFigures) -> f64| round.regions.iter().map(of).sum::<f64>();
    assert!((round.report.expected_matches - sum(|region| region.report.expected_matches)).abs() < 1e-9);
    assert!((round.report.pick_matches - sum(|region| region.report.pick_matches)).abs() < 1e-9);
    assert!((round.by_product - sum(|region| region.by_product)).abs() < 1e-9);
    assert!(round.report.pick_matches <= round.report.pick_bound && round.report.cut_edges > 0);
    assert_eq!(round.regions.iter().map(|region| region.pairs).sum::<usize>(), 13);
    let made = picks(&town, &people).await;
    assert_eq!(made.len(), 26);

    // A second call, here or elsewhere, tells the same and does nothing.
    let beside = town.again_with(|builder| builder.config(small_regions())).await;
    let again = beside.matching().continue_round(ONE, &mut |_| {}).await.unwrap();
    assert_eq!(again, round);
    assert_eq!((routine_jobs(&town.g, "region_round"), routine_jobs(&beside, "region_round")), (3, 0));
    assert_eq!(picks(&town, &people).await, made);
    // Anew, with one more couple.
    let (woman, man) = (town.person("하나", "F", &["M"]).await, town.person("두리", "M", &["F"]).await);
    let everybody = [&people[..], &[woman, man]].concat();
    let anew: DailyRound = town.g.matching().daily_round(ONE).await.unwrap();
    assert_eq!((anew.pairs, picks(&town, &everybody).await.len()), (14, 28));
    assert_eq!(routine_jobs(&town.g, "region_round"), 6);
}

#[tokio::test]
async fn two_instances_share_a_night() {
    let (town, people) = country([4, 4, 4]).await;
    let beside = town.again_with(|builder| builder.config(small_regions())).await;
    let counted = tokio::join!(town.g.run_due_jobs(), beside.run_due_jobs());
    assert_eq!((counted.0.unwrap(), counted.1.unwrap()), (0, 0), "what the deployment does by itself is not counted");
    let done = [&town.g, &beside].map(|g| routine_jobs(g, "region_round"));
    assert_eq!(done.iter().sum::<u64>(), 3, "{done:?}");
    assert_eq!(picks(&town, &people).await.len(), 24);
    // By hand at the same time: every region is somebody's.
    let (mut one, mut other) = (|_| {}, |_| {});
    town.clock.advance(SignedDuration::from_hours(24));
    let (a, b) = tokio::join!(
        Box::pin(async { town.g.matching().continue_round(ONE, &mut one).await.unwrap() }),
        Box::pin(async { beside.matching().continue_round(ONE, &mut other).await.unwrap() })
    );
    assert_eq!((a.pairs, &a), (12, &b));
    let now = [&town.g, &beside].map(|g| routine_jobs(g, "region_round"));
    assert_eq!(now.iter().sum::<u64>(), 6, "{now:?}");
    assert_eq!(picks(&town, &people).await.len(), 24);
}

#[tokio::test]
async fn a_night_makes_anew_what_was_made_before_it_and_goes_on_with_the_rest() {
    let (town, people) = country([3, 0, 0]).await;
    town.g.run_due_jobs().await.unwrap();
    // Just after midnight in Seoul: somebody makes the picks of the new day by hand.
    town.clock.set("2026-11-23T15:10:00Z".parse().unwrap());
    town.g.matching().continue_round(ONE, &mut |_| {}).await.unwrap();
    assert_eq!(picks(&town, &people).await.len(), 6);
    let late = [town.person("하나", "F", &["M"]).await, town.person("두리", "M", &["F"]).await];
    let everybody = [&people[..], &late].concat();
    town.g.matching().continue_round(ONE, &mut |_| {}).await.unwrap();
    assert_eq!(picks(&town, &everybody).await.len(), 6, "what is made is made");
    // At four they are in.
    town.clock.set("2026-11-23T19:00:01Z".parse().unwrap());
    for _ in 0..2 {
        town.g.run_due_jobs().await.unwrap();
    }
    assert_eq!(picks(&town, &everybody).await.len(), 8);
    // Two days later nothing is left of that day.
    let kinds = ["round_of_day"];
    town.clock.advance(SignedDuration::from_hours(48));
    for _ in 0..2 {
        town.g.run_due_jobs().await.unwrap();
    }
    let records = town.store.due_jobs(&kinds, "2100-01-01T00:00:00Z".parse().unwrap(), 10).await.unwrap();
    assert_eq!(records.len(), 1, "the record of today");
}

#[tokio::test]
async fn a_round_of_nobody_is_none() {
    let (town, _) = country([0, 0, 0]).await;
    town.g.run_due_jobs().await.unwrap();
    let (a, b) = (town.person("하나", "F", &["M"]).await, town.person("두리", "M", &["F"]).await);
    let round = town.g.matching().continue_round(ONE, &mut |_| {}).await.unwrap();
    assert_eq!((round.pairs, picks(&town, &[a, b]).await.len()), (1, 2));
}

#[tokio::test]
async fn a_region_that_was_given_up_is_tried_again_by_hand() {
    let (town, people) = country([3, 3, 3]).await;
    town.g.matching().daily_round(ONE).await.unwrap();
    let before: BTreeSet<MemberId> = picks(&town, &people).await.into_keys().collect();
    town.clock.advance(SignedDuration::from_hours(24));
    // The plan is made; then every region's job is a dead letter.
    let mut planned = 0;
    let g = town.g.clone();
    let died = tokio::spawn(async move { g.matching().continue_round(ONE, &mut |_| panic!("it dies")).await.is_ok() });
    assert!(died.await.is_err());
    for row in town.store.due_jobs(&["region_round"], "2100-01-01T00:00:00Z".parse().unwrap(), 10).await.unwrap() {
        let expect = row.expect();
        let dead = gpting_core::job::Job { dead_at: Some(town.clock.now()), ..row.value };
        let change = gpting_core::store::Change::PutJob(dead, expect);
        town.store.commit(gpting_core::store::Work::new().change(change)).await.unwrap();
        planned += 1;
    }
    let round = town.g.matching().continue_round(ONE, &mut |_| {}).await.unwrap();
    assert_eq!((round.pairs, planned), (9, 3));
    assert_eq!(picks(&town, &people).await.into_keys().collect::<BTreeSet<_>>(), before);
}
