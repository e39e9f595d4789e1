//! `kill -9` while jobs and events are in flight: every effect as promised.
//!
//! A server: whoever was told that a mail is on its way gets one; a picture that was acknowledged is there, one whose
//! deletion was acknowledged is gone from the disk. Then several processes that embed the library on one database, killed
//! one after the other: the host's jobs are each done, a run that saves its progress repeats at most the step in hand, an
//! erasure is told once, and events come at least once and in order per pair. `GPTING_CRASH_ROUNDS` sets how often
//! somebody is killed.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]
#![expect(clippy::print_stderr, reason = "what was measured is told")]
#![expect(clippy::wildcard_enum_match_arm, reason = "facts may be added; a story is told by those it names")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use gpting_core::chat::Draft;
use gpting_core::config::Config;
use gpting_core::event::{Event, Fact};
use gpting_core::id::{HostId, MemberId};
use gpting_core::job::{Next, OwnJob, Turn, Worker};
use gpting_core::port::{EventSink, PortError};
use gpting_core::profile::{PreferencesEdit, ProfileEdit};
use gpting_core::{Clock as _, Gpting, SystemClock};
use gpting_tests::embedded::{Embedded, open};
use gpting_tests::postgres::{Options, Postgres};
use gpting_tests::{Person, Registration, Server, Settings};
use jiff::SignedDuration;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

fn rounds(default: u32) -> u32 {
    std::env::var("GPTING_CRASH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

fn up_to(most: u64) -> Duration {
    Duration::from_millis(u64::try_from(Uuid::new_v4().as_u128() % u128::from(most)).unwrap())
}

// ---- A server: mails and pictures.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_and_pictures_survive_on_sqlite() {
    mails_and_pictures(Settings::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_and_pictures_survive_on_postgres() {
    let postgres = Postgres::start(Options { durable: true });
    let database = postgres.database("crashwork").await;
    mails_and_pictures(Settings::postgres(&database.url)).await;
}

fn small_picture() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(16, 16, image::Rgb([9, 8, 7])).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Begins sign-ups until the server is gone; answers the addresses that a mail was promised to.
async fn sign_up(server_url: String) -> Vec<String> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut promised = Vec::new();
    loop {
        let form = Registration::new("mina", "F");
        let request = http.post(format!("{server_url}/api/accounts/signup/")).json(&form.body());
        let Ok(answer) = request.send().await else { return promised };
        if answer.status() == 503 {
            continue;
        }
        assert_eq!(answer.status(), 200);
        promised.push(form.email);
    }
}

/// Uploads pictures and deletes most of them until the server is gone; answers the ids that are kept, and those whose
/// fate was not told.
async fn picture(me: Person) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let (mut kept, mut open) = (BTreeSet::new(), BTreeSet::new());
    for number in 0.. {
        let part = Part::bytes(small_picture()).file_name("me.png").mime_str("image/png").unwrap();
        let request = me.request(reqwest::Method::POST, "/api/accounts/profile/photos/");
        let Ok(answer) = me.try_send(request.multipart(Form::new().part("photo", part))).await else { break };
        if answer.status == 409 || answer.status == 503 {
            continue;
        }
        let id = newest(&answer.expect(201));
        kept.insert(id);
        if number % 3 > 0 {
            let path = format!("/api/accounts/profile/photos/{id}/");
            kept.remove(&id);
            open.insert(id);
            let Ok(answer) = me.try_send(me.request(reqwest::Method::DELETE, &path)).await else { break };
            answer.expect(if answer.status == 200 { 200 } else { 204 });
            open.remove(&id);
        }
        if kept.len() > 4 {
            let id = kept.pop_first().unwrap();
            open.insert(id);
            let path = format!("/api/accounts/profile/photos/{id}/");
            let Ok(answer) = me.try_send(me.request(reqwest::Method::DELETE, &path)).await else { break };
            answer.expect(if answer.status == 200 { 200 } else { 204 });
            open.remove(&id);
        }
    }
    (kept, open)
}

fn newest(photos: &Value) -> u64 {
    let list = photos.as_array().cloned().or_else(|| photos["photos"].as_array().cloned()).unwrap_or_default();
    list.last().map_or_else(|| photos["id"].as_u64(), |photo| photo["id"].as_u64()).expect("a picture has an id")
}

async fn mails_and_pictures(settings: Settings) {
    let mut server = Server::start(settings).await;
    let mut me = Person::sign_up_complete(&server, "sora", "F", &["M"]).await;
    let (mut promised, mut cut_off) = (Vec::new(), 0);
    for _ in 0..rounds(4) {
        me.log_in().await;
        for photo in me.get("/api/accounts/profile/").await.expect(200)["photos"].as_array().unwrap() {
            me.delete(&format!("/api/accounts/profile/photos/{}/", photo["id"])).await;
        }
        let signing = [(); 2].map(|()| tokio::spawn(sign_up(server.url())));
        let picturing = tokio::spawn(picture(me.clone()));
        tokio::time::sleep(Duration::from_millis(300) + up_to(900)).await;
        server.kill9();
        for signing in signing {
            promised.extend(signing.await.unwrap());
        }
        let (kept, open) = picturing.await.unwrap();
        cut_off += 1;
        server.restart().await;
        me.log_in().await;
        let there: BTreeSet<u64> = me.get("/api/accounts/profile/").await.expect(200)["photos"]
            .as_array()
            .unwrap()
            .iter()
            .map(|photo| photo["id"].as_u64().unwrap())
            .collect();
        let lost: Vec<_> = kept.difference(&there).collect();
        assert!(lost.is_empty(), "acknowledged pictures are lost: {lost:?}");
        // Beside what was answered there may be the last upload and the last deletion, which were not.
        assert!(there.len() <= kept.len() + open.len() + 1, "{there:?} instead of {kept:?} and {open:?}");
        // On the disk: what is there, what was cut off between file and commit, and nothing that was deleted.
        let began = Instant::now();
        loop {
            let files = std::fs::read_dir(server.data_dir().join("photos")).unwrap().count();
            assert!(files >= there.len(), "a picture has no file");
            // A picture is written under another name first: two files at the most of one that was cut off.
            if files <= there.len() + 2 * cut_off {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(90), "{files} files for {} pictures", there.len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let began = Instant::now();
    let lost = || promised.iter().filter(|address| server.mailbox().to(address).is_empty()).count();
    while lost() > 0 {
        // The lease of a dead runner has to run out first.
        assert!(began.elapsed() < Duration::from_secs(90), "{} of {} mails are lost", lost(), promised.len());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let twice = promised.iter().filter(|address| server.mailbox().to(address).len() > 1).count();
    eprintln!("{} mails, {twice} of them sent again; the last {:?} after the restart", promised.len(), began.elapsed());
    assert!(promised.len() > 4 && twice <= 2 * cut_off, "again only what was in hand");
}

// ---- Processes that embed the library: events and the host's own jobs.

/// Where a child works, handed over in its environment.
const CHILD: &str = "GPTING_TEST_CHILD";

/// Writes lines that are whole or not there: one write, at the end of the file.
fn note(file: &Path, text: &str) {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[derive(Clone, Debug)]
struct Notebook(PathBuf);

#[async_trait]
impl EventSink for Notebook {
    async fn deliver(&self, events: &[Event]) -> Result<(), PortError> {
        let lines: Vec<String> = events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
        note(&self.0.join("events"), &(lines.join("\n") + "\n"));
        // Time to die between the effect and the crossing off.
        tokio::time::sleep(Duration::from_millis(25)).await;
        Ok(())
    }
}

#[async_trait]
impl Worker for Notebook {
    fn kind(&self) -> &'static str {
        "stepwise"
    }

    async fn work(&self, turn: &Turn<'_>) -> Result<Next, PortError> {
        let from = turn.progress().and_then(Value::as_u64).unwrap_or(0);
        for step in from..STEPS {
            note(&self.0.join("steps"), &format!("{} {step}\n", turn.payload().as_str().unwrap()));
            tokio::time::sleep(Duration::from_millis(30)).await;
            turn.save(json!(step + 1)).await?;
        }
        Ok(Next::Done)
    }
}

const STEPS: u64 = 5;

fn hasty() -> Config {
    let mut config = Config::default();
    config.jobs.lease = SignedDuration::from_secs(2);
    config.jobs.delivery_lease = SignedDuration::from_secs(2);
    config.safety.erase_after = SignedDuration::ZERO;
    config
}

async fn embed(url: &str, folder: &Path) -> Gpting {
    let notebook = Notebook(folder.to_owned());
    let builder = Gpting::builder_on(open(url).await).config(hasty()).events(notebook.clone()).worker(notebook);
    builder.build().await.unwrap()
}

/// The body of a child: works until it is killed, or until whoever started it is gone.
#[test]
fn child() {
    let Ok(order) = std::env::var(CHILD) else { return };
    let (url, folder) = order.split_once('|').unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let g = embed(url, Path::new(folder)).await;
        drop(g.run(std::future::pending()));
        tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0])).await.unwrap().unwrap();
    });
    // What runs in the background ends with it.
    runtime.shutdown_background();
}

/// A child that adds what it says to the log in its folder.
fn start(url: &str, folder: &Path) -> Embedded {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log")).unwrap();
    Embedded::start(CHILD, &format!("{url}|{}", folder.display()), Some(&log))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_and_own_jobs_survive_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    events_and_own_jobs(&format!("sqlite://{}", folder.path().join("gpting.db").display()), folder.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_and_own_jobs_survive_on_postgres() {
    let folder = tempfile::tempdir().unwrap();
    let database = Postgres::shared().database("crashevents").await;
    events_and_own_jobs(&database.url, folder.path()).await;
}

async fn person(g: &Gpting, number: usize, gender: &str, wish: &str) -> MemberId {
    let me = g.members().ensure(HostId::new(format!("{gender}{number}"))).await.unwrap();
    let edit = ProfileEdit {
        nickname: Some(format!("{gender}{number}")),
        gender: Some(gender.to_owned()),
        birth_date: Some("1996-05-05".to_owned()),
        ..ProfileEdit::default()
    };
    g.profiles().edit(me, edit, None).await.unwrap();
    let wishes = PreferencesEdit { genders: Some(vec![wish.to_owned()]), ..PreferencesEdit::default() };
    g.profiles().set_preferences(me, wishes).await.unwrap();
    me
}

/// A couple lives: a match, and messages until it is time. Answers what was acknowledged, in order.
async fn live(g: Gpting, number: usize, until: Instant) -> Vec<String> {
    let (a, b) = (person(&g, number, "F", "M").await, person(&g, number, "M", "F").await);
    g.matching().like(a, b, None).await.unwrap();
    let room = g.matching().like(b, a, None).await.unwrap().matched.unwrap();
    let pair = format!("{} {}", a.min(b), a.max(b));
    let mut acts = vec![format!("{pair} liked"), format!("{pair} matched")];
    let mut turn = 0;
    while Instant::now() < until {
        let sender = if turn % 2 == 0 { a } else { b };
        let sent = g.chat().send(sender, room, Draft::text(format!("{turn}"))).await.unwrap();
        acts.push(format!("{pair} {}", sent.view.message.id));
        turn += 1;
        tokio::time::sleep(up_to(60)).await;
    }
    g.matching().unmatch(a, b).await.unwrap();
    acts.push(format!("{pair} unmatched"));
    acts
}

/// The event as `live` wrote it down; none for one that is about somebody alone.
fn act(event: &Event) -> Option<String> {
    let (member, other, what) = match event.fact {
        Fact::Liked { member, other } => (member, other, "liked".to_owned()),
        Fact::Matched { member, other, .. } => (member, other, "matched".to_owned()),
        Fact::Unmatched { member, other } => (member, other, "unmatched".to_owned()),
        Fact::MessageSent { member, other, message, .. } => (member, other, message.to_string()),
        _ => return None,
    };
    Some(format!("{} {} {what}", member.min(other), member.max(other)))
}

fn lines(file: &Path) -> Vec<String> {
    std::fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect()
}

async fn events_and_own_jobs(url: &str, folder: &Path) {
    const COUPLES: usize = 12;
    let kills = rounds(8);
    let g = embed(url, folder).await;
    let mut children: Vec<Embedded> = (0..3).map(|_| start(url, folder)).collect();
    let until = Instant::now() + Duration::from_millis(u64::from(kills) * 700 + 1_000);
    let mut lives = JoinSet::new();
    for number in 0..COUPLES {
        lives.spawn(live(g.clone(), number, until));
    }
    let (mut asked, mut erased, mut deaths) = (BTreeSet::new(), BTreeSet::new(), 0);
    for kill in 0..kills {
        for job in 0..8 {
            let name = format!("{kill}/{job}");
            let (kind, run_at) = ("stepwise".to_owned(), SystemClock.now());
            assert!(g.jobs().ask(OwnJob { kind, payload: json!(name), name: name.clone(), run_at }).await.unwrap());
            asked.insert(name);
        }
        let leaving = person(&g, 1_000 + usize::try_from(kill).unwrap(), "F", "M").await;
        g.safety().erase(leaving).await.unwrap();
        erased.insert(leaving);
        tokio::time::sleep(Duration::from_millis(50) + up_to(500)).await;
        // One, or all of them at once.
        let number = usize::try_from(kill).unwrap();
        for (place, child) in children.iter_mut().enumerate() {
            if number % 3 == 2 || number % 3 == place {
                *child = start(url, folder);
                deaths += 1;
            }
        }
    }
    let mut acts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for lived in lives.join_all().await {
        let pair = lived[0].rsplit_once(' ').unwrap().0.to_owned();
        acts.insert(pair, lived);
    }
    let store = open(url).await;
    let began = Instant::now();
    loop {
        let events = store.events(0, 10).await.unwrap().len();
        let jobs =
            store.due_jobs(&["stepwise", "erase"], "2100-01-01T00:00:00Z".parse().unwrap(), 10).await.unwrap().len();
        if events + jobs == 0 {
            break;
        }
        assert!(began.elapsed() < Duration::from_mins(2), "{events} events and {jobs} jobs are left");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(children);

    let told: Vec<Event> =
        lines(&folder.join("events")).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut first: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for act in told.iter().filter_map(act).filter(|act| seen.insert(act.clone())) {
        let pair = act.rsplit_once(' ').unwrap().0.to_owned();
        first.entry(pair).or_default().push(act);
    }
    assert_eq!(first, acts, "every event, for the first time in the order of its pair");
    let farewells: BTreeMap<MemberId, BTreeSet<String>> = told
        .iter()
        .filter_map(
            |event| if let Fact::Erased { member } = event.fact { Some((member, event.at.to_string())) } else { None },
        )
        .fold(BTreeMap::new(), |mut all, (member, at)| {
            all.entry(member).or_insert_with(BTreeSet::new).insert(at);
            all
        });
    assert_eq!(farewells.keys().copied().collect::<BTreeSet<_>>(), erased);
    assert!(farewells.values().all(|times| times.len() == 1), "an erasure is one event: {farewells:?}");

    let mut steps: BTreeMap<String, u32> = BTreeMap::new();
    for line in lines(&folder.join("steps")) {
        *steps.entry(line).or_default() += 1;
    }
    let wished: BTreeSet<String> =
        asked.iter().flat_map(|name| (0..STEPS).map(move |step| format!("{name} {step}"))).collect();
    assert_eq!(steps.keys().cloned().collect::<BTreeSet<_>>(), wished, "every step of every job");
    let repeated: u32 = steps.values().map(|times| times - 1).sum();
    // Each death interrupts what one process has in hand: two of the kind at a time.
    assert!(repeated <= 2 * deaths, "{repeated} steps repeated after {deaths} deaths");
    let events: usize = acts.values().map(Vec::len).sum();
    eprintln!(
        "{deaths} deaths: {events} events of {COUPLES} pairs told {} times, {} steps of which {repeated} again",
        told.iter().filter_map(act).count(),
        wished.len()
    );
}
