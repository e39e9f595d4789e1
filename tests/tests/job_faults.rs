//! Jobs that fail, take long, or lose their lease; a sink that refuses one pair: on every store.

#![expect(clippy::unwrap_used, reason = "these functions are the bodies of tests")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use gpting_core::account::Device;
use gpting_core::chat::Draft;
use gpting_core::config::Config;
use gpting_core::event::{Event, Fact};
use gpting_core::id::{JobId, MemberId};
use gpting_core::job::{Job, Next, OwnJob, Task, Turn, Worker};
use gpting_core::lang::Lang;
use gpting_core::port::PortError;
use gpting_core::store::{Change, Expect, Work};
use gpting_core::{Code, Gpting, SystemRng};
use gpting_tests::double::TownClock;
use gpting_tests::{Town, on_every_store};
use jiff::SignedDuration;
use serde_json::{Value, json};

on_every_store!(
    a_mail_that_never_goes_out_becomes_a_dead_letter_that_can_be_revived,
    a_failed_job_is_tried_again_later_each_time,
    a_nightly_run_is_taken_up_where_its_runner_died,
    asking_twice_for_a_run_is_asking_once,
    who_has_lost_the_lease_finishes_nothing,
    a_job_of_an_unknown_kind_is_left_alone,
    what_has_run_out_is_purged_once_an_hour_by_one,
    a_refused_pair_holds_up_nobody_else,
);

/// Another instance of a town, with workers of its own.
async fn instance(town: &Town, number: usize, worker: impl Worker, config: Config) -> Gpting {
    Gpting::builder_on(town.stores[number % 3].clone())
        .clock(TownClock(Arc::clone(&town.clock)))
        .worker(worker)
        .config(config)
        .build()
        .await
        .unwrap()
}

async fn waiting(town: &Town, kinds: &[&str]) -> Vec<Job> {
    let rows = town.store().due_jobs(kinds, "2100-01-01T00:00:00Z".parse().unwrap(), 1_000).await.unwrap();
    rows.into_iter().map(|row| row.value).collect()
}

async fn a_mail_that_never_goes_out_becomes_a_dead_letter_that_can_be_revived(town: Town) {
    town.letters.refuse(usize::MAX);
    town.g(0).accounts().sign_up(Town::form("minji"), Lang::Ko).await.unwrap();
    let attempts = town.g(0).config().jobs.mail.attempts;
    let mut tried = 0;
    for round in 0..200 {
        tried += town.g(round).run_due_jobs().await.unwrap();
        town.clock.advance(SignedDuration::from_mins(30));
        if !town.g(0).jobs().dead(None, 10).await.unwrap().is_empty() {
            break;
        }
    }
    assert_eq!(tried, usize::try_from(attempts).unwrap());
    let dead = town.g(1).jobs().dead(None, 10).await.unwrap().remove(0);
    assert_eq!((dead.task.kind(), dead.attempts), ("send_sign_up_code", attempts));
    let failure = dead.failure.clone().unwrap();
    assert_eq!((failure.code.as_str(), failure.what.as_str()), ("internal", "a mail was not taken"));
    assert!(!format!("{dead:?}").contains("example.com"), "what the mail server said names somebody");
    assert_eq!(town.g(2).run_due_jobs().await.unwrap(), 0, "it is not tried any more");

    // Somebody has mended the mail server. The sign-up itself has run out by now, or has not: the job asks.
    town.letters.refuse(0);
    town.g(0).accounts().sign_up(Town::form("junho"), Lang::Ko).await.unwrap();
    town.g(1).jobs().retry(dead.id).await.unwrap();
    assert_eq!(town.g(2).run_due_jobs().await.unwrap(), 2);
    assert!(town.g(0).jobs().dead(None, 10).await.unwrap().is_empty());
    assert_eq!(town.g(0).jobs().retry(dead.id).await.unwrap_err().code(), Code::NotFound);

    // And one that is let go.
    let gone = Job { dead_at: Some(failure.at), ..Job::new(JobId::draw(&SystemRng), dead.task, failure.at) };
    town.store().commit(Work::new().change(Change::PutJob(gone.clone(), Expect::New))).await.unwrap();
    town.g(1).jobs().discard(gone.id).await.unwrap();
    assert!(town.store().job(gone.id).await.unwrap().is_none());
    assert_eq!(town.g(1).jobs().discard(gone.id).await.unwrap_err().code(), Code::NotFound);
}

async fn a_failed_job_is_tried_again_later_each_time(town: Town) {
    town.letters.refuse(6);
    town.g(0).accounts().sign_up(Town::form("minji"), Lang::Ko).await.unwrap();
    let mut waits = Vec::new();
    for round in 0..6 {
        assert_eq!(town.g(round).run_due_jobs().await.unwrap(), 1);
        let job = waiting(&town, &["send_sign_up_code"]).await.remove(0);
        let wait = job.run_at.duration_since(gpting_core::Clock::now(&*town.clock));
        let longest = SignedDuration::from_secs(5 << round);
        assert!(wait >= longest / 2 && wait <= longest, "{wait:?} after attempt {round}");
        waits.push(wait);
        assert_eq!(town.g(round).run_due_jobs().await.unwrap(), 0, "not before its time");
        town.clock.set(job.run_at);
    }
    assert!(waits.iter().zip(1..).any(|(wait, n)| *wait != SignedDuration::from_secs(5 << (n - 1))), "no jitter");
    assert_eq!(town.g(0).run_due_jobs().await.unwrap(), 1);
    assert_eq!(town.letters.addressees(), ["minji@example.com"]);
    assert!(waiting(&town, &["send_sign_up_code"]).await.is_empty());
}

/// Goes through regions one by one, saving after each.
#[derive(Clone, Debug, Default)]
struct Nightly {
    /// How often each region was done.
    done: Arc<Mutex<BTreeMap<String, u32>>>,
    /// Dies, by never returning, before the region with this number.
    dies_at: Arc<AtomicUsize>,
}

const REGIONS: usize = 10;

#[async_trait]
impl Worker for Nightly {
    fn kind(&self) -> &'static str {
        "nightly_run"
    }

    async fn work(&self, turn: &Turn<'_>) -> Result<Next, PortError> {
        let from = turn.progress().and_then(Value::as_u64).unwrap_or(0);
        for number in usize::try_from(from).unwrap()..REGIONS {
            if number == self.dies_at.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            let region = format!("{}/{number}", turn.payload()["night"].as_str().unwrap());
            *self.done.lock().unwrap().entry(region).or_default() += 1;
            turn.save(json!(number + 1)).await?;
        }
        Ok(Next::Done)
    }
}

fn night(name: &str, town: &Town) -> OwnJob {
    OwnJob {
        kind: "nightly_run".to_owned(),
        name: name.to_owned(),
        payload: json!({"night": name}),
        run_at: gpting_core::Clock::now(&*town.clock),
    }
}

async fn a_nightly_run_is_taken_up_where_its_runner_died(town: Town) {
    let worker = Nightly::default();
    worker.dies_at.store(6, Ordering::SeqCst);
    let [first, second] = [0, 1].map(|number| instance(&town, number, worker.clone(), Config::default()));
    let (first, second) = tokio::join!(first, second);
    assert!(first.jobs().ask(night("2026-11-27", &town)).await.unwrap());
    let doomed = tokio::spawn(async move { first.run_due_jobs().await });
    let id = waiting(&town, &["nightly_run"]).await[0].id;
    loop {
        let job = town.store().job(id).await.unwrap().unwrap().value;
        if job.progress == Some(json!(6)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    doomed.abort();
    assert!(doomed.await.unwrap_err().is_cancelled());
    worker.dies_at.store(usize::MAX, Ordering::SeqCst);
    assert_eq!(second.run_due_jobs().await.unwrap(), 0, "the lease still stands");
    town.clock.advance(second.config().jobs.lease);
    assert_eq!(second.run_due_jobs().await.unwrap(), 1);
    let done = worker.done.lock().unwrap().clone();
    assert_eq!(done.len(), REGIONS);
    assert!(done.values().all(|times| *times == 1), "no region twice: {done:?}");
    assert!(town.store().job(id).await.unwrap().is_none());
}

async fn asking_twice_for_a_run_is_asking_once(town: Town) {
    let worker = Nightly::default();
    worker.dies_at.store(usize::MAX, Ordering::SeqCst);
    let g = instance(&town, 0, worker.clone(), Config::default()).await;
    let other = instance(&town, 1, worker.clone(), Config::default()).await;
    let asked = tokio::join!(async { g.jobs().ask(night("2026-11-27", &town)).await.unwrap() }, async {
        other.jobs().ask(night("2026-11-27", &town)).await.unwrap()
    });
    assert_ne!(asked.0, asked.1, "one of them is new");
    assert!(g.jobs().ask(night("2026-11-28", &town)).await.unwrap());
    let unknown = OwnJob { kind: "weekly".to_owned(), ..night("1", &town) };
    assert_eq!(g.jobs().ask(unknown).await.unwrap_err().code(), Code::ValidationFailed);
    assert_eq!(town.g(2).run_due_jobs().await.unwrap(), 0, "who has no such worker leaves it alone");
    assert_eq!(g.run_due_jobs().await.unwrap(), 2);
    assert_eq!(worker.done.lock().unwrap().len(), 2 * REGIONS);
    assert!(g.jobs().ask(night("2026-11-27", &town)).await.unwrap(), "it has been crossed off");
}

/// Waits for a permission in the middle of its work, and then saves.
#[derive(Clone, Debug)]
struct Sleepy {
    begun: Arc<tokio::sync::Semaphore>,
    may_go_on: Arc<tokio::sync::Semaphore>,
    saved: Arc<AtomicUsize>,
}

#[async_trait]
impl Worker for Sleepy {
    fn kind(&self) -> &'static str {
        "sleepy"
    }

    async fn work(&self, turn: &Turn<'_>) -> Result<Next, PortError> {
        self.begun.add_permits(1);
        if turn.attempt() == 1 {
            self.may_go_on.acquire().await.unwrap().forget();
        }
        turn.save(json!("mine")).await?;
        self.saved.fetch_add(1, Ordering::SeqCst);
        Ok(Next::Done)
    }
}

async fn who_has_lost_the_lease_finishes_nothing(town: Town) {
    let closed = || Arc::new(tokio::sync::Semaphore::new(0));
    let worker = Sleepy { begun: closed(), may_go_on: closed(), saved: Arc::default() };
    let g = instance(&town, 0, worker.clone(), Config::default()).await;
    let other = instance(&town, 1, worker.clone(), Config::default()).await;
    let job = OwnJob { kind: "sleepy".to_owned(), ..night("one", &town) };
    assert!(g.jobs().ask(job).await.unwrap());
    let slow = {
        let g = g.clone();
        tokio::spawn(async move { g.run_due_jobs().await })
    };
    worker.begun.acquire().await.unwrap().forget();
    // It sleeps through its lease; somebody else does all of the work.
    town.clock.advance(g.config().jobs.lease);
    assert_eq!(other.run_due_jobs().await.unwrap(), 1);
    assert_eq!(worker.saved.load(Ordering::SeqCst), 1);
    let again = OwnJob { kind: "sleepy".to_owned(), ..night("one", &town) };
    assert!(other.jobs().ask(again).await.unwrap(), "another of the same name, before the slow one wakes");
    worker.may_go_on.add_permits(1);
    assert_eq!(slow.await.unwrap().unwrap(), 1);
    assert_eq!(worker.saved.load(Ordering::SeqCst), 1, "the slow one could not save");
    let left = waiting(&town, &["sleepy"]).await;
    assert_eq!(left.len(), 1, "nor cross off what is not its own any more");
    assert_eq!((left[0].attempts, &left[0].progress, &left[0].failure), (0, &None, &None));
    assert_eq!(g.jobs().health().kinds["sleepy"].lost, 1);
}

async fn a_job_of_an_unknown_kind_is_left_alone(town: Town) {
    let task = Task::Own { kind: "of_a_newer_build".to_owned(), payload: Value::Null };
    let job = Job::new(JobId::draw(&SystemRng), task, gpting_core::Clock::now(&*town.clock));
    town.store().commit(Work::new().change(Change::PutJob(job.clone(), Expect::New))).await.unwrap();
    for number in 0..3 {
        assert_eq!(town.g(number).run_due_jobs().await.unwrap(), 0);
    }
    let row = town.store().job(job.id).await.unwrap().unwrap();
    assert_eq!((row.version, row.value), (1, job));
}

async fn what_has_run_out_is_purged_once_an_hour_by_one(town: Town) {
    town.signed_in(Town::form("minji"), Device::default()).await;
    let member = town.signed_in(Town::form("junho"), Device::default()).await.member;
    town.g(0).accounts().sign_up(Town::form("hana"), Lang::Ko).await.unwrap();
    town.work_off().await;
    let purges = |town: &Town| -> u64 {
        town.instances.iter().map(|g| g.jobs().health().kinds.get("purge").map_or(0, |count| count.done)).sum()
    };
    let before = purges(&town);
    assert!(before >= 1);
    for hours in [1, 24 * 15] {
        town.clock.advance(SignedDuration::from_hours(hours));
        let runs = tokio::join!(town.g(0).run_due_jobs(), town.g(1).run_due_jobs(), town.g(2).run_due_jobs());
        assert_eq!(runs.0.unwrap() + runs.1.unwrap() + runs.2.unwrap(), 0, "upkeep is not counted");
    }
    assert_eq!(purges(&town), before + 2, "one of the three each time");
    assert!(town.store().pendings_by_email("hana@example.com").await.unwrap().is_empty());
    assert!(town.store().list_sessions(member).await.unwrap().is_empty(), "two weeks without a refresh");
    for table in ["session", "pending", "allowance"] {
        assert_eq!(town.rows(table).await.unwrap_or(0), 0, "{table}");
    }
}

/// The words of a pair's story, in the order in which they were told first.
fn stories(told: &[Event]) -> BTreeMap<(MemberId, MemberId), Vec<Event>> {
    let mut stories: BTreeMap<_, Vec<Event>> = BTreeMap::new();
    for event in told {
        let (Fact::Liked { member, other }
        | Fact::Matched { member, other, .. }
        | Fact::MessageSent { member, other, .. }) = event.fact
        else {
            continue;
        };
        let story = stories.entry((member.min(other), member.max(other))).or_default();
        if !story.contains(event) {
            story.push(event.clone());
        }
    }
    stories
}

async fn a_refused_pair_holds_up_nobody_else(town: Town) {
    let couples = town.couples(8).await;
    let live = async |from: usize, to: usize| {
        for (number, (a, b)) in couples.iter().enumerate() {
            let g = town.g(number);
            for step in from..to {
                match step {
                    0 => drop(g.matching().like(*a, *b, None).await.unwrap()),
                    1 => drop(g.matching().like(*b, *a, None).await.unwrap()),
                    _ => {
                        let room = g.chat().rooms(*a, gpting_core::store::Page::first(1)).await.unwrap();
                        let text = Draft::text(format!("{step}"));
                        g.chat().send(*a, room[0].overview.room.id, text).await.unwrap();
                    }
                }
            }
        }
    };
    let (held, _) = couples[3];
    town.host.dislike(Some(held));
    live(0, 3).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running: Vec<_> = town
        .instances
        .iter()
        .map(|g| {
            let mut stopped = stopped.clone();
            g.run(async move { drop(stopped.wait_for(|stop| *stop).await) })
        })
        .collect();
    let told = async |pairs: usize, events: usize| {
        for _ in 0..1_000 {
            let stories = stories(&town.host.told());
            if stories.len() == pairs && stories.values().all(|story| story.len() == events) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{pairs} pairs are not told {events} events: {:?}", stories(&town.host.told()));
    };
    told(7, 3).await;
    // Time and again, while the one waits.
    live(3, 5).await;
    told(7, 5).await;
    let waiting = town.store().events(0, 100).await.unwrap();
    assert_eq!(waiting.len(), 5, "all of the held pair, and nothing else");
    let health: Vec<_> = town.instances.iter().map(|g| g.jobs().health()).collect();
    assert_eq!(health.iter().map(|health| health.held).sum::<u64>(), 1, "one instance delivers: {health:?}");
    assert_eq!(health.iter().filter(|health| health.delivered > 0).count(), 1);
    town.host.dislike(None);
    told(8, 5).await;
    town.until_told().await;
    assert_eq!(town.host.told().len(), 40, "each once: nobody died, nothing taken was refused");
    stop.send(true).unwrap();
    for background in running {
        background.await.unwrap();
    }
    let order = |story: &Vec<Event>| {
        let place = |event: &Event| match event.fact {
            Fact::Liked { .. } => 0,
            Fact::Matched { .. } => 1,
            _ => 2,
        };
        story.iter().map(place).collect::<Vec<_>>()
    };
    assert!(stories(&town.host.told()).values().all(|story| order(story) == [0, 1, 2, 2, 2]));
}
