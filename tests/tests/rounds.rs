//! The nightly round with real processes: shared by two servers of which one is killed in the middle; by `gpting picks`,
//! killed and run again; on PostgreSQL and on one file. Every region is done once, nobody has two picks, what was done stays.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]
#![expect(clippy::print_stderr, reason = "what was measured is told")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gpting_core::assist::Derived;
use gpting_core::id::MemberId;
use gpting_core::profile::gazetteer::Gazetteer;
use gpting_core::profile::place::Location;
use gpting_core::profile::{Member, Preferences, Profile, Standing, Visibility, parse_gender};
use gpting_core::safety::age::{day, seoul_date};
use gpting_core::store::Store;
use gpting_core::{Clock as _, Gpting, SystemClock, SystemRng};
use gpting_store_pg::PgStore;
use gpting_store_sqlite::SqliteStore;
use gpting_tests::{Postgres, Server, Settings, server};
use serde_json::Value;

/// Cities far from each other: a region each.
const CITIES: [(f64, f64); 12] = [
    (37.56, 126.98),
    (37.75, 128.88),
    (36.35, 127.38),
    (35.16, 126.85),
    (35.16, 129.06),
    (33.50, 126.53),
    (33.59, 130.40),
    (34.69, 135.50),
    (35.68, 139.69),
    (43.06, 141.35),
    (25.03, 121.56),
    (31.23, 121.47),
];
/// Couples of a city: enough for its market to take a moment, so that somebody can be killed in it.
const COUPLES: usize = 70;
/// `GPTING_REGION_PEOPLE`: less than a city, more than half of one.
const LEAST: &str = "100";
/// How long all of it may take; a lease of 20 s has to run out in between.
const LONG: Duration = Duration::from_mins(4);

fn person(city: (f64, f64), number: usize, gender: &str, wish: &str) -> Member {
    let now = SystemClock.now();
    let location = Location::from_coordinates(city.0, city.1, Gazetteer::built_in()).unwrap();
    // Most stay near; one of ten goes anywhere, also across a border.
    let max_distance_km = (!number.is_multiple_of(10)).then_some(50);
    Member {
        id: MemberId::draw(&SystemRng),
        host: None,
        source: Some(format!("round:{gender}{}/{}/{number}", city.0, city.1)),
        standing: Standing::Active,
        verified: false,
        created_at: now,
        last_active: now,
        profile: Profile {
            nickname: format!("{gender}{number}"),
            gender: parse_gender(gender),
            birth_date: Some(jiff::civil::date(1996, 5, 5)),
            location: Some(location),
            ..Profile::default()
        },
        preferences: Preferences { genders: vec![wish.to_owned()], max_distance_km, ..Preferences::default() },
        answers: BTreeMap::new(),
        consents: Vec::new(),
        derived: Derived::default(),
        visibility: Visibility::default(),
    }
}

/// A store full of people, seen past whoever works on it.
struct Country {
    store: Arc<dyn Store>,
    people: Vec<MemberId>,
}

impl Country {
    async fn on(store: Arc<dyn Store>) -> Self {
        let g = Gpting::builder_on(Arc::clone(&store)).build().await.unwrap();
        let couples = (0..COUPLES).map(|number| [(number, "F", "M"), (number, "M", "F")]);
        let couples: Vec<_> = couples.flatten().collect();
        let of_city = |city| couples.iter().map(move |(number, gender, wish)| person(city, *number, gender, wish));
        let people: Vec<Member> = CITIES.into_iter().flat_map(of_city).collect();
        for batch in people.chunks(500) {
            g.members().import(batch.to_vec()).await.unwrap();
        }
        Self { store, people: people.iter().map(|person| person.id).collect() }
    }

    /// How many regions of today there are, and which are done.
    async fn regions(&self) -> (usize, BTreeSet<usize>) {
        let records = self.store.due_jobs(&["round_of_day"], "2100-01-01T00:00:00Z".parse().unwrap(), 9).await.unwrap();
        let record = records.into_iter().find_map(|row| row.value.progress).unwrap_or_default();
        let regions = record["regions"].as_array().cloned().unwrap_or_default();
        let done = regions.iter().enumerate().filter(|(_, region)| !region["done"].is_null());
        (regions.len(), done.map(|(number, _)| number).collect())
    }

    async fn wait_until_done(&self, regions: usize) -> BTreeSet<usize> {
        let began = Instant::now();
        loop {
            let (_, done) = self.regions().await;
            if done.len() >= regions {
                return done;
            }
            assert!(began.elapsed() < LONG, "{done:?} are done");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Who is whose pick of today; fails where somebody has two, or is not the pick of theirs.
    async fn picks(&self) -> BTreeMap<MemberId, MemberId> {
        let today = day(seoul_date(SystemClock.now())).0;
        let mut picks = BTreeMap::new();
        for &me in &self.people {
            let mine = self.store.picks(me, today).await.unwrap();
            assert!(mine.len() < 2, "{me:?} has {mine:?}");
            picks.extend(mine.first().map(|other| (me, *other)));
        }
        assert!(picks.iter().all(|(me, other)| picks.get(other) == Some(me)), "a pick that is not mutual");
        picks
    }
}

/// The regions that a server says it has done.
fn told(log: &str) -> Vec<u64> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let lines = lines.filter(|line| line["message"] == "the picks of a region are made");
    lines.filter_map(|line| line["region"].as_u64()).collect()
}

/// `gpting picks` on a store.
fn picks_command(settings: &[(&str, String)], arguments: &[&str]) -> Command {
    let mut command = Command::new(server::binary());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GPTING") {
            command.env_remove(name);
        }
    }
    command.arg("picks").args(arguments).env("GPTING_REGION_PEOPLE", LEAST).envs(settings.iter().cloned());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn picks_command_to_its_end(settings: &[(&str, String)], arguments: &[&str]) -> (Vec<String>, Value) {
    let mut command = picks_command(settings, arguments);
    let Output { status, stdout, stderr } =
        tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(status.success(), "{stderr}");
    let progress = stderr.lines().filter(|line| line.contains(" regions, ")).map(str::to_owned).collect();
    (progress, serde_json::from_slice(&stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_servers_one_is_killed_and_the_other_finishes() {
    let database = Postgres::shared().database("rounds").await;
    let store = PgStore::connect(&database.url).await.unwrap();
    store.migrate().await.unwrap();
    let country = Country::on(Arc::new(store)).await;
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::postgres(&database.url).with("GPTING_REGION_PEOPLE", LEAST).with("GPTING_LOG", "json");
    settings.data_dir = Some(folder.path().join("data"));
    let (mut first, second) = tokio::join!(Server::start(settings.clone()), Server::start(settings));
    // The first night of a database is its first start: both are at it.
    let began = Instant::now();
    while told(&first.log()).is_empty() || told(&second.log()).is_empty() {
        assert!(began.elapsed() < LONG, "one of them does nothing");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    first.kill9();
    let (regions, done) = country.regions().await;
    assert_eq!(regions, CITIES.len());
    eprintln!("killed when {} of {regions} regions were done", done.len());
    let before = country.picks().await;
    country.wait_until_done(regions).await;
    let after = country.picks().await;
    assert!(before.iter().all(|(me, other)| after.get(me) == Some(other)), "what is done stays");
    // Whoever was killed may have done one without having said so.
    let mut by_whom = [told(&first.log()), told(&second.log())].concat();
    by_whom.sort_unstable();
    let distinct: BTreeSet<u64> = by_whom.iter().copied().collect();
    assert_eq!(distinct.len(), by_whom.len(), "a region twice: {by_whom:?}");
    assert!(distinct.len() + 1 >= regions, "{distinct:?}");
    assert!(after.len() > country.people.len() / 2, "{} have a pick", after.len());

    // By hand beside the server: nothing is left to do.
    let at = [("GPTING_DATABASE_URL", database.url.clone()), ("GPTING_DATA_DIR", folder.path().display().to_string())];
    let (progress, figures) = picks_command_to_its_end(&at, &["--json"]).await;
    assert_eq!(progress, [format!("{regions} of {regions} regions, 1680 of 1680 people")]);
    assert_eq!(figures["regions"].as_array().map(Vec::len), Some(regions));
    assert_eq!(figures["pairs"].as_u64(), Some(after.len() as u64 / 2));
    assert_eq!(country.picks().await, after);
}

async fn interrupted_and_run_again(country: Country, at: &[(&str, String)]) {
    let mut doomed = picks_command(at, &["--json", "--threads", "1"]).spawn().unwrap();
    let pid = doomed.id();
    let _guard = gpting_tests::guard::Guard::spawn(r#"kill -KILL "$1""#, &[pid.to_string()]);
    country.wait_until_done(3).await;
    doomed.kill().unwrap();
    doomed.wait().unwrap();
    let (regions, done) = country.regions().await;
    let before = country.picks().await;
    assert!(regions == CITIES.len() && done.len() < regions, "{} of {regions} were done too soon", done.len());
    eprintln!("interrupted when {} of {regions} regions were done", done.len());

    let (progress, figures) = picks_command_to_its_end(at, &["--json"]).await;
    assert!(progress[0].starts_with(&format!("{} of {regions} regions", done.len())), "{progress:?}");
    assert_eq!(progress.len(), regions - done.len() + 1, "a line for every region that was missing: {progress:?}");
    let after = country.picks().await;
    assert!(before.iter().all(|(me, other)| after.get(me) == Some(other)), "what is done stays");
    assert_eq!(figures["pairs"].as_u64(), Some(after.len() as u64 / 2));
    assert_eq!(figures["people"].as_u64(), Some(country.people.len() as u64));

    let (progress, anew) = picks_command_to_its_end(at, &["--json", "--again"]).await;
    assert!(progress[0].starts_with("0 of ") && progress.len() == regions + 1, "{progress:?}");
    assert_eq!(country.picks().await.len() as u64, 2 * anew["pairs"].as_u64().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_by_hand_is_gone_on_with_on_postgres() {
    let database = Postgres::shared().database("picks").await;
    let store = PgStore::connect(&database.url).await.unwrap();
    store.migrate().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = [("GPTING_DATABASE_URL", database.url.clone()), ("GPTING_DATA_DIR", folder.path().display().to_string())];
    interrupted_and_run_again(Country::on(Arc::new(store)).await, &at).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_by_hand_is_gone_on_with_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("gpting.db")).await.unwrap();
    let at = [("GPTING_DATA_DIR", folder.path().display().to_string())];
    interrupted_and_run_again(Country::on(Arc::new(store)).await, &at).await;
}
