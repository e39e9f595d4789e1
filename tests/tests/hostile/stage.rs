//! A scene: the real server on a copy of the town's data, with or without a model; what it serves to everybody; time that passes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use gpting_core::assist::Errand;
use gpting_tests::{Server, Settings};
use reqwest::Method;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

use super::population::Population;
use super::secrets::KEY;

/// The kinds of jobs that ask a model.
const ASK: &str = "('read_profile', 'learn_from_conversations', 'put_in_order', 'write_words', 'write_hints')";
/// Until when a model has to have been asked everything.
const PATIENCE: Duration = Duration::from_mins(2);

/// One slate: who, in order, and how many at the head are picks of the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slate {
    pub(crate) people: Vec<usize>,
    pub(crate) picked: usize,
}

/// A folder with all that is in it.
pub(crate) fn copy(from: &Path, to: PathBuf) -> PathBuf {
    std::fs::create_dir_all(&to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), target);
        } else {
            // Copies keep their permissions; keys would be refused otherwise.
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
    to
}

/// A server on some data, with a model at this address.
pub(crate) async fn serve(data: &Path, model: Option<&str>) -> Server {
    let mut settings = Settings::sqlite();
    settings.data_dir = Some(data.to_owned());
    if let Some(url) = model {
        settings = settings.with("GPTING_LLM_URL", url).with("GPTING_LLM_MODEL", "stand-in");
        settings = settings.with("GPTING_LLM_API_KEY", KEY);
    }
    Server::start(settings).await
}

/// Everybody's whole slate.
pub(crate) async fn slates(town: &Population, server: &Server) -> Vec<Slate> {
    let mut slates = Vec::with_capacity(town.souls.len());
    for soul in &town.souls {
        let cards = soul.person.at(server).get("/api/matches/recommended/?limit=100").await.expect(200);
        let cards = cards.as_array().expect("a list");
        let people = cards.iter().map(|card| town.place_of(card["id"].as_u64().expect("an id"))).collect();
        slates.push(Slate { people, picked: cards.iter().filter(|card| card["picked"] == true).count() });
    }
    slates
}

/// What somebody is told on every page that a model or another member can have a word in.
pub(crate) async fn visits(town: &Population, server: &Server) -> Vec<Vec<Value>> {
    let visit = |place: usize| async move {
        let me = town.souls[place].person.at(server);
        let mut told = vec![me.post("/api/accounts/profile/coach/", &serde_json::json!({})).await.expect(200)];
        let mut paths = ["recommended/?limit=10", "", "likes-received/", "new/"]
            .map(|path| format!("/api/matches/{path}"))
            .to_vec();
        if let Some(partner) = town.partner_of(place) {
            let id = town.souls[partner].person.id;
            paths.push(format!("/api/matches/openers/{id}/"));
            paths.push(format!("/api/accounts/profile/{id}/"));
            paths.push(format!("/api/matches/compatibility/{id}/"));
        }
        for path in paths {
            let ask = |lang: &str| me.send(me.request(Method::GET, &path).header("accept-language", lang));
            told.push(ask("ko").await.expect(200));
            if path.contains("openers") {
                told.push(ask("en").await.expect(200));
            }
        }
        let coach = me.request(Method::POST, "/api/accounts/profile/coach/").header("accept-language", "en");
        told.push(me.send(coach).await.expect(200));
        (place, told)
    };
    let mut all: Vec<(usize, Vec<Value>)> =
        stream::iter(0..town.souls.len()).map(visit).buffer_unordered(4).collect().await;
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, told)| told).collect()
}

async fn database(data: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(data.join("gpting.db")).busy_timeout(Duration::from_secs(20));
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// Lets the time pass that edits are left to settle, while no server runs.
pub(crate) async fn settle(data: &Path) {
    let mut database = database(data).await;
    let sql = "UPDATE job SET run_at = 0 WHERE kind = 'read_profile'";
    sqlx::query(sql).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

/// Takes out what orders were made, while no server runs.
pub(crate) async fn forget_orders(data: &Path) -> u64 {
    let mut database = database(data).await;
    let sql = "DELETE FROM made WHERE errand = ?";
    let gone = sqlx::query(sql).bind(Errand::Order.number()).execute(&mut database).await.unwrap().rows_affected();
    database.close().await.unwrap();
    gone
}

/// Waits until no job is left that would ask a model within the next half a minute.
pub(crate) async fn until_all_is_asked(data: &Path) {
    let mut database = database(data).await;
    let began = Instant::now();
    let mut quiet = 0;
    while quiet < 2 {
        assert!(began.elapsed() < PATIENCE, "a model is still asked");
        let soon = gpting_core::Clock::now(&gpting_core::SystemClock).as_microsecond() + 30_000_000;
        let sql = format!("SELECT count(*) FROM job WHERE kind IN {ASK} AND run_at < {soon}");
        let waiting: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut database).await.unwrap();
        quiet = if waiting == 0 { quiet + 1 } else { 0 };
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    database.close().await.unwrap();
}

/// Holds a slate against the same slate without a model: the same people, nobody further than `most` places away among the
/// first ten behind the picks, nobody else moved. Answers how far somebody was moved at the most.
pub(crate) fn farthest(without: &Slate, with: &Slate, most: usize) -> usize {
    let of = |slate: &Slate| slate.people.iter().copied().collect::<BTreeSet<_>>();
    assert_eq!(of(without), of(with), "somebody enters or leaves");
    assert_eq!(without.people[..without.picked], with.people[..with.picked], "picks stay in front");
    let (without, with) = (&without.people[without.picked..], &with.people[with.picked..]);
    let first = without.len().min(10);
    assert_eq!(without[first..], with[first..], "behind the first ten nothing moves");
    let moved = with[..first].iter().enumerate().map(|(place, who)| {
        let before = without[..first].iter().position(|other| other == who).expect("nobody enters the first ten");
        place.abs_diff(before)
    });
    let farthest = moved.max().unwrap_or(0);
    assert!(farthest <= most, "{farthest} places: {without:?} became {with:?}");
    farthest
}
