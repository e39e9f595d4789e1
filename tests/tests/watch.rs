//! What somebody sees who watches over a server: its metrics, name by name as the page of operations lists them, and its log,
//! each line one JSON object, with nothing in it that is anybody's own.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use gpting_llm::stand_in::StandIn;
use gpting_tests::{Person, Postgres, Registration, Server, Settings, Socket};
use serde_json::{Value, json};

/// What was scraped: the value of each sample, and the kind of each metric.
#[derive(Debug, Default)]
struct Scrape {
    samples: BTreeMap<String, f64>,
    kinds: BTreeMap<String, String>,
}

impl Scrape {
    fn of(&self, sample: &str) -> f64 {
        *self.samples.get(sample).unwrap_or_else(|| panic!("no {sample} in {self:#?}"))
    }
}

/// Reads the text format as strictly as its description has it.
fn parse(text: &str) -> Scrape {
    let mut scrape = Scrape::default();
    let mut helped = BTreeSet::new();
    assert!(text.ends_with('\n'), "the last line ends too");
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(words.len() > 5, "{line}");
            assert!(helped.insert(name.to_owned()), "{name} is described once");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(helped.contains(name), "{name} is described before");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(scrape.kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} has one kind");
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let name = sample.split('{').next().unwrap();
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|ending| name.strip_suffix(ending));
            let family = family.filter(|family| scrape.kinds.get(*family).is_some_and(|kind| kind == "histogram"));
            let family = family.unwrap_or(name);
            let kind = scrape.kinds.get(family).unwrap_or_else(|| panic!("{family} has a kind before it has a value"));
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name}: counters and nothing else are totals");
            let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
            assert!(scrape.samples.insert(sample.to_owned(), value).is_none(), "{sample} comes once");
        }
    }
    assert_eq!(helped, scrape.kinds.keys().cloned().collect());
    scrape
}

async fn scrape(server: &Server) -> Scrape {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(format!("{}/metrics", server.admin_url())).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    parse(&answer.text().await.unwrap())
}

/// The names that the page of operations lists.
fn listed() -> BTreeSet<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs/operations.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `gpting_") || line.starts_with("| `process_"));
    let first = rows.map(|row| row.split('|').nth(1).unwrap());
    first.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_metrics_are_those_that_are_documented_and_count_right() {
    let database = Postgres::shared().database("metrics").await;
    let model = StandIn::start().await.unwrap();
    let settings =
        Settings::postgres(&database.url).with("GPTING_LLM_URL", &model.url()).with("GPTING_LLM_MODEL", "stand-in");
    let server = Server::start(settings.clone()).await;
    let before = scrape(&server).await;
    let served: BTreeSet<String> = before.kinds.keys().cloned().collect();
    assert_eq!(served, listed(), "served on the left, documented on the right");

    let nobody = Person::stranger(&server, Registration::new("nobody", "F"));
    for _ in 0..5 {
        nobody.get("/healthz").await.expect(200);
        nobody.get("/api/matches/recommended/").await.expect(401);
    }
    let after = scrape(&server).await;
    let grown = |sample: &str| after.of(sample) - before.of(sample);
    let answers = |class: &str| grown(&format!("gpting_http_responses_total{{class=\"{class}\"}}"));
    assert!((answers("2xx") - 5.0).abs() < 0.1 && (answers("4xx") - 5.0).abs() < 0.1 && answers("5xx") < 0.1);
    assert!((grown("gpting_http_response_seconds_count") - 10.0).abs() < 0.1);
    assert!((grown("gpting_http_response_seconds_bucket{le=\"+Inf\"}") - 10.0).abs() < 0.1);
    assert!(grown("gpting_connections_total") >= 1.0);
    assert!(after.of("gpting_http_response_seconds_sum") >= before.of("gpting_http_response_seconds_sum"));
    let buckets: Vec<f64> = ["0.001", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "5", "+Inf"]
        .map(|bound| after.of(&format!("gpting_http_response_seconds_bucket{{le=\"{bound}\"}}")))
        .to_vec();
    assert!(buckets.is_sorted(), "buckets hold what lies below them: {buckets:?}");
    assert!((after.of("gpting_up") - 1.0).abs() < 0.1);
    assert!(after.of("gpting_feed_age_seconds") < 3.0);
    assert!(after.of("process_resident_memory_bytes") > 1e6);
    assert!((3.0..after.of("process_max_fds")).contains(&after.of("process_open_fds")));

    // Two who meet, one of them at another instance: sockets, people and hints are counted too.
    let other = Server::start(Settings { data_dir: Some(server.data_dir()), ..settings }).await;
    let (a, b) = tokio::join!(
        Person::sign_up_complete(&server, "minji", "F", &["M"]),
        Person::sign_up_complete(&server, "junho", "M", &["F"])
    );
    let room = a.match_with(&b).await;
    let (mut socket, _) = Socket::enter(&server, &a, room).await;
    let (_theirs, _) = Socket::enter(&other, &b, room).await;
    socket.say("안녕하세요").await;
    let mut waited = 0;
    let (mut here, mut there) = (scrape(&server).await, scrape(&other).await);
    let whole = |scrape: &Scrape| scrape.of("gpting_people") > 1.0 && scrape.of("gpting_bus_up") > 0.0;
    while !whole(&there) || here.of("gpting_bus_said_total") < 1.0 || there.of("gpting_bus_heard_total") < 1.0 {
        waited += 1;
        assert!(waited < 200, "{here:?} {there:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        (here, there) = (scrape(&server).await, scrape(&other).await);
    }
    for scrape in [&here, &there] {
        assert!((scrape.of("gpting_sockets_open") - 1.0).abs() < 0.1);
        assert!((scrape.of("gpting_people") - 2.0).abs() < 0.1);
        assert!((scrape.of("gpting_bus_up") - 1.0).abs() < 0.1);
        assert!(scrape.of("gpting_bus_lost_total") + scrape.of("gpting_bus_failures_total") < 0.1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_alone_tells_nothing_of_a_bus_or_a_model() {
    let server = Server::start(Settings::sqlite()).await;
    let served: BTreeSet<String> = scrape(&server).await.kinds.keys().cloned().collect();
    let is_alone = |name: &String| !name.starts_with("gpting_bus_") && !name.starts_with("gpting_llm_");
    assert_eq!(served, listed().into_iter().filter(is_alone).collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_of_the_json_log_is_an_object_and_nobodys_own() {
    let settings = Settings::sqlite().with("GPTING_LOG", "json").with("RUST_LOG", "debug,sqlx=warn,hyper=info");
    let mut server = Server::start(settings).await;
    let (a, b) = tokio::join!(
        Person::sign_up_complete(&server, "minji", "F", &["M"]),
        Person::sign_up_complete(&server, "junho", "M", &["F"])
    );
    let room = a.match_with(&b).await;
    let (mut socket, _) = Socket::enter(&server, &a, room).await;
    socket.say("비밀스러운 말").await;
    socket.send_text("not a frame 비밀").await;
    a.patch("/api/accounts/profile/", &json!({"bio": "아무도 모르는 이야기"})).await.expect(200);
    let wrong = json!({"username": a.registration.username, "password": "wrong-horse-battery"});
    a.post("/api/accounts/login/", &wrong).await.expect(400);
    a.get("/api/accounts/profile/9007199254740990/?secret=canary-in-query").await.refused(404, "member_not_found");
    a.get("/no-such-place/canary-in-path").await.expect(404);
    assert!(server.stop().await.success());

    let log = server.log();
    let mut requests = 0;
    for line in log.lines() {
        let object: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for field in ["timestamp", "level", "target", "message"] {
            assert!(object[field].as_str().is_some_and(|text| !text.is_empty()), "`{field}` in {line}");
        }
        assert!(object["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{line}");
        assert!(["ERROR", "WARN", "INFO", "DEBUG"].contains(&object["level"].as_str().unwrap()), "{line}");
        if object["message"] == "request" {
            requests += 1;
            assert!(object["request_id"].is_string() && object["method"].is_string(), "{line}");
            assert!(object["status"].is_u64() && object["elapsed_ms"].is_u64(), "{line}");
            assert!(!object["route"].as_str().unwrap().contains(['?', '=']), "{line}");
        }
    }
    assert!(requests > 15, "{requests} requests were logged");
    let mut secrets = vec![
        "비밀".to_owned(),
        "아무도".to_owned(),
        "wrong-horse".to_owned(),
        "canary-in".to_owned(),
        "강남구".to_owned(),
    ];
    for person in [&a, &b] {
        let Registration { username, email, password, nickname, .. } = &person.registration;
        let own = [username, email, password, nickname, &person.access, &person.refresh];
        secrets.extend(own.into_iter().cloned());
    }
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret:?} reached the log");
    }
}
