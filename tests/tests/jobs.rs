//! What happens after a commit: events reach the host, jobs are done, whatever dies in between.
//!
//! A crash is a delivery or a deletion that never returns, after which the whole background of that instance is cut off
//! at its await: from the store's side the same as the death of the process.

#![expect(clippy::unwrap_used, reason = "these functions are the bodies of tests")]
#![expect(clippy::wildcard_enum_match_arm, reason = "facts may be added; a story is told by those it names")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gpting_core::SystemRng;
use gpting_core::account::{AccountChange, AccountWork};
use gpting_core::chat::Draft;
use gpting_core::event::{Event, Fact};
use gpting_core::id::{JobId, MemberId, RoomId};
use gpting_core::interaction::PairKey;
use gpting_core::job::{Job, Task};
use gpting_core::lang::Lang;
use gpting_core::store::{Change, Expect, MessageRange, Work};
use gpting_tests::{Town, on_every_store};
use jiff::SignedDuration;
use tokio::task::JoinSet;

on_every_store!(
    events_come_at_least_once_and_in_order_per_pair,
    events_survive_a_crash_between_delivery_and_drop,
    two_runners_do_each_job_once,
    a_job_that_died_is_done_by_another,
    erasing_twice_is_as_once,
);

/// The kinds that people set off.
const WORK: [&str; 4] = ["send_sign_up_code", "send_address_in_use", "delete_blobs", "erase"];

/// What a pair goes through, told in this order.
const STORY: [&str; 6] = ["liked", "matched", "said", "said", "unmatched", "blocked"];

fn chapter(fact: Fact) -> Option<(PairKey, &'static str)> {
    let (a, b, name) = match fact {
        Fact::Liked { member, other } => (member, other, "liked"),
        Fact::Matched { member, other, .. } => (member, other, "matched"),
        Fact::MessageSent { member, other, .. } => (member, other, "said"),
        Fact::Unmatched { member, other } => (member, other, "unmatched"),
        Fact::Blocked { member, other } => (member, other, "blocked"),
        _ => return None,
    };
    Some((PairKey::of(a, b)?, name))
}

/// Lets couples live through the whole story, each act on another instance.
async fn live(town: &Town, couples: &[(MemberId, MemberId)]) {
    let mut lives = JoinSet::new();
    for (number, &(a, b)) in couples.iter().enumerate() {
        let on = [0, 1, 2].map(|at| town.g(number + at).clone());
        lives.spawn(async move {
            on[0].matching().like(a, b, None).await.unwrap();
            let room = on[1].matching().like(b, a, None).await.unwrap().matched.unwrap();
            on[2].chat().send(a, room, Draft::text("하나")).await.unwrap();
            on[0].chat().send(b, room, Draft::text("둘")).await.unwrap();
            on[1].matching().unmatch(a, b).await.unwrap();
            on[2].safety().block(b, a).await.unwrap();
        });
    }
    lives.join_all().await;
}

/// Whether everything of every couple was told, for the first time in the order in which it happened.
fn assert_told(told: &[Event], couples: &[(MemberId, MemberId)]) {
    let mut stories: BTreeMap<PairKey, Vec<Event>> = BTreeMap::new();
    for event in told {
        let (key, _) = chapter(event.fact).expect("these couples do nothing else");
        let story = stories.entry(key).or_default();
        if !story.contains(event) {
            story.push(event.clone());
        }
    }
    assert_eq!(stories.len(), couples.len());
    for (key, story) in stories {
        let names: Vec<&str> = story.iter().filter_map(|event| Some(chapter(event.fact)?.1)).collect();
        assert_eq!(names, STORY, "{key:?}");
    }
}

async fn events_come_at_least_once_and_in_order_per_pair(town: Town) {
    town.host.refuse(2);
    // All three deliver while it happens.
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running: Vec<_> = town
        .instances
        .iter()
        .map(|g| {
            let mut stopped = stopped.clone();
            g.run(async move { drop(stopped.wait_for(|stop| *stop).await) })
        })
        .collect();
    let couples = town.couples(60).await;
    live(&town, &couples).await;
    town.until_told().await;
    stop.send(true).unwrap();
    for background in running {
        background.await.unwrap();
    }
    assert_told(&town.host.told(), &couples);
}

async fn events_survive_a_crash_between_delivery_and_drop(town: Town) {
    let couples = town.couples(5).await;
    live(&town, &couples).await;
    town.host.die(1);
    let doomed = town.g(0).run(std::future::pending());
    while town.host.told().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    doomed.abort();
    assert!(doomed.await.unwrap_err().is_cancelled());
    // Nobody else delivers before the lease of the dead one has run out.
    town.clock.advance(town.g(0).config().jobs.delivery_lease);
    let before = town.host.told();
    assert_eq!(before.len(), 30, "they were taken once already");
    let stored = town.store().events(0, 100).await.unwrap();
    assert_eq!(stored.iter().map(|stored| stored.event.clone()).collect::<Vec<_>>(), before, "and none is dropped");

    town.tell_all().await;
    let told = town.host.told();
    assert_eq!(told[30..], before, "all come again, in the same order");
    assert_told(&told, &couples);
    // What was taken is not told a third time.
    town.tell_all().await;
    assert_eq!(town.host.told().len(), 60);
}

async fn put(town: &Town, task: Task) {
    let job = Job::new(JobId::draw(&SystemRng), task, "2026-11-23T03:00:00Z".parse().unwrap());
    town.store().commit(Work::new().change(Change::PutJob(job, Expect::New))).await.unwrap();
}

async fn waiting_jobs(town: &Town) -> usize {
    town.store().due_jobs(&WORK, "2100-01-01T00:00:00Z".parse().unwrap(), 1_000).await.unwrap().len()
}

async fn two_runners_do_each_job_once(town: Town) {
    let names: BTreeSet<String> = (0..60).map(|number| format!("picture-{number}")).collect();
    for key in &names {
        put(&town, Task::DeleteBlobs { keys: vec![key.clone()] }).await;
    }
    let people: BTreeSet<String> = (0..8).map(|number| format!("minji{number}")).collect();
    for name in &people {
        town.g(0).accounts().sign_up(Town::form(name), Lang::Ko).await.unwrap();
    }
    let mut runners = JoinSet::new();
    for runner in 0..6 {
        let g = town.g(runner).clone();
        runners.spawn(async move {
            let mut done = 0;
            loop {
                match g.run_due_jobs().await.unwrap() {
                    0 => return done,
                    some => done += some,
                }
            }
        });
    }
    let done: Vec<usize> = runners.join_all().await;
    assert_eq!(done.iter().sum::<usize>(), 68, "{done:?}");
    let mut deleted = town.pictures.deleted();
    deleted.sort_unstable();
    assert_eq!(deleted, names.into_iter().collect::<Vec<_>>());
    let mut mailed = town.letters.addressees();
    mailed.sort_unstable();
    assert_eq!(mailed, people.iter().map(|name| format!("{name}@example.com")).collect::<Vec<_>>());
    assert_eq!(waiting_jobs(&town).await, 0);
}

/// A member with a picture and a room, whose term has ended.
async fn about_to_be_erased(town: &Town) -> (MemberId, MemberId, RoomId) {
    let (gone, left) = (town.person("민지", "F", &["M"]).await, town.person("준호", "M", &["F"]).await);
    let room = town.matched(gone, left).await;
    town.g(0).chat().send(gone, room, Draft::text("안녕하세요")).await.unwrap();
    town.g(0).profiles().add_photo(gone, vec![7; 100]).await.unwrap();
    town.g(0).safety().erase(gone).await.unwrap();
    town.clock.advance(town.g(0).config().safety.erase_after);
    (gone, left, room)
}

async fn a_job_that_died_is_done_by_another(town: Town) {
    let (gone, _, _) = about_to_be_erased(&town).await;
    town.pictures.hang(1);
    let g = town.g(0).clone();
    let doomed = tokio::spawn(async move { g.run_due_jobs().await });
    while town.pictures.deleted().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    doomed.abort();
    assert!(doomed.await.unwrap_err().is_cancelled());
    assert_eq!(town.g(1).run_due_jobs().await.unwrap(), 0, "the dead runner's lease still stands");
    assert_eq!(town.store().members(&[gone]).await.unwrap().len(), 1);
    town.clock.advance(SignedDuration::from_mins(2));
    assert_eq!(town.g(1).run_due_jobs().await.unwrap(), 1);
    assert!(town.store().members(&[gone]).await.unwrap().is_empty());
    assert_eq!(std::fs::read_dir(town.albums()).unwrap().count(), 0);
    assert_eq!(waiting_jobs(&town).await, 0);
}

async fn erasing_twice_is_as_once(town: Town) {
    let (gone, left, room) = about_to_be_erased(&town).await;
    let look = async || {
        let store = town.store();
        let room = store.room(room).await.unwrap().unwrap();
        let said = store.messages(room.value.id, MessageRange::After(0), 10, None).await.unwrap();
        (store.members(&[gone, left]).await.unwrap(), room, said)
    };
    town.work_off().await;
    let after = look().await;
    assert_eq!(after.0.iter().map(|row| row.value.id).collect::<Vec<_>>(), [left]);
    let tombstone = after.1.value.pair.other(left);
    assert_ne!(tombstone, gone);
    assert_eq!(after.2.iter().map(|said| (said.sender, said.text.as_str())).collect::<Vec<_>>(), [(tombstone, "")]);

    // The job was done, but not crossed off: it comes again, on two instances at once.
    for _ in 0..2 {
        put(&town, Task::Erase { member: gone }).await;
    }
    let (first, second) = (town.g(1).clone(), town.g(2).clone());
    let (first, second) = tokio::join!(first.run_due_jobs(), second.run_due_jobs());
    assert_eq!(first.unwrap() + second.unwrap(), 2);
    assert_eq!(look().await, after);
    assert_eq!(waiting_jobs(&town).await, 0);
    // An account that is not there is erased without a word too.
    let work = AccountWork::new().change(AccountChange::EraseAccount(gone));
    town.store().commit_account(work).await.unwrap();
    assert_eq!(look().await, after);
}
