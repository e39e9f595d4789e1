//! A random walk of everything people do over HTTP, and after every few steps the question whom they are proposed: nobody
//! who does not fit, hides, is blocked, decided on or oneself, nobody twice, and of k who fit all k.
//!
//! [`human`] and [`between`] are the model: who fits whom and what stands between two people, written down from the
//! documentation without a line of the library. [`act`] does what people do to a real server and to the model, and holds each
//! answer against it; [`look`] asks for proposals, whole, in pages, and in pages that are read on after others have acted.
//! `gpting picks` runs in between. People wait for nobody: what is wrong must never be shown, what is right at most
//! three seconds late.
//!
//! On SQLite, and on PostgreSQL with two instances, each request at either. A walk that fails tells its seed and its steps.
//! Longer: `GPTING_WALK_STEPS=20000 cargo test -p gpting-tests --test walk`, with `GPTING_WALK_SEED=…` for another walk.

#![expect(clippy::print_stderr, reason = "a walk that failed is told, and what was counted")]

mod act;
mod between;
mod dice;
mod edit;
mod human;
mod look;
mod world;

use gpting_tests::{Postgres, Server, Settings};

use world::World;

/// How many people there are.
const PEOPLE: usize = 40;
/// How many steps a walk has when nobody says.
const STEPS: usize = 500;
/// After so many steps some are asked whom they are proposed.
const EVERY: usize = 5;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

async fn walk(servers: Vec<Server>, database: Option<String>, seed: u64) {
    let steps = number("GPTING_WALK_STEPS").map_or(STEPS, |steps| usize::try_from(steps).expect("a number of steps"));
    let mut world = World::of(servers, database, number("GPTING_WALK_SEED").unwrap_or(seed));
    world.join(PEOPLE).await;
    for step in 1..=steps {
        world.step().await;
        if step % EVERY == 0 {
            for _ in 0..3 {
                world.look_around().await;
            }
        }
    }
    world.everybody_looks().await;
    let counts = world.counts();
    eprintln!("seed {}: {steps} steps, {counts:?}", world.seed);
    // A walk that came across nothing proves nothing.
    let floor = steps / 50;
    assert!(counts.pages > 2 * floor && counts.shown > 20 * floor, "{counts:?}");
    assert!(counts.strangers > floor && counts.matches > 0 && counts.read_on > 0 && counts.picked > 0, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_wrong_is_ever_proposed_on_sqlite() {
    walk(vec![Server::start(Settings::sqlite()).await], None, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_wrong_is_ever_proposed_by_two_instances_on_postgresql() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let database = Postgres::shared().database("walk").await;
    let mut settings = Settings::postgres(&database.url);
    settings.data_dir = Some(folder.path().join("data"));
    let first = Server::start(settings.clone()).await;
    let second = Server::start(settings).await;
    walk(vec![first, second], Some(database.url.clone()), 2).await;
}
