//! A rolling restart behind the delivered nginx: three instances are stopped and started one after the other while people go
//! on asking and writing, and no request fails.
//!
//! The load is open: requests are sent at their times, whether or not others have been answered, and their times count
//! from there. `GPTING_ROLLING_RATE` sets the requests per second (40), `GPTING_ROLLING_TURNS` how often all are restarted
//! (1).

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]
#![expect(clippy::print_stderr, reason = "what was measured is told")]

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gpting_tests::{Nginx, Person, Postgres, Server, Settings};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Two people who write to each other, from an address of their own.
#[derive(Clone)]
struct Couple {
    people: [Person; 2],
    room: u64,
    http: reqwest::Client,
}

/// How one request went.
struct Asked {
    what: &'static str,
    at: Duration,
    took: Duration,
    /// Room and words of a message that was to be stored.
    message: Option<(u64, String)>,
    fault: Option<String>,
}

/// Sends one request, which is due at `due`.
async fn ask(couple: Couple, base: String, number: u64, begun: Instant, due: Instant) -> Asked {
    let me = &couple.people[usize::from(number % 4 > 1)];
    let messages = format!("{base}/api/chat/rooms/{}/messages/", couple.room);
    let (what, request, wanted, message) = match number % 4 {
        0 => ("GET current-user", couple.http.get(format!("{base}/api/accounts/current-user/")), 200, None),
        1 => ("GET messages", couple.http.get(messages), 200, None),
        _ => {
            let content = format!("{number}번째");
            let body = json!({"content": content, "client_msg_id": Uuid::new_v4()});
            ("POST messages", couple.http.post(messages).json(&body), 201, Some((couple.room, content)))
        }
    };
    let fault = match request.bearer_auth(&me.access).timeout(Duration::from_secs(20)).send().await {
        Ok(answer) if answer.status() == wanted => answer.bytes().await.err().map(|error| format!("{error:?}")),
        Ok(answer) => Some(format!("{} {}", answer.status(), answer.text().await.unwrap_or_default())),
        Err(error) => Some(format!("{error:?}")),
    };
    Asked { what, at: due - begun, took: due.elapsed(), message, fault }
}

/// Asks at a steady rate until `over`.
async fn load(couples: Vec<Couple>, base: String, rate: u64, over: Arc<AtomicBool>) -> Vec<Asked> {
    let (begun, mut asking, mut number) = (Instant::now(), JoinSet::new(), 0);
    while !over.load(Ordering::Relaxed) {
        let due = begun + Duration::from_micros(1_000_000 * number / rate);
        tokio::time::sleep_until(due).await;
        let couple = couples[usize::try_from(number / 4).unwrap() % couples.len()].clone();
        asking.spawn(ask(couple, base.clone(), number, begun, due));
        number += 1;
    }
    asking.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_every_instance_is_restarted() {
    let (rate, turns) = (from_environment("GPTING_ROLLING_RATE", 40), from_environment("GPTING_ROLLING_TURNS", 1));
    let database = Postgres::shared().database("rolling").await;
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::postgres(&database.url)
        .with("GPTING_TRUSTED_PROXIES", "127.0.0.1")
        // As delivered: longer than nginx keeps what it does not use.
        .with("GPTING_DRAIN_SECONDS", "5");
    settings.data_dir = Some(folder.path().join("data"));
    let mut servers = Vec::new();
    for _ in 0..3 {
        servers.push(Server::start(settings.clone()).await);
    }
    let nginx = Nginx::in_front_of(&servers.iter().collect::<Vec<_>>());
    let base = format!("http://{}", nginx.address());
    let mut couples = Vec::new();
    for number in 0..6_u8 {
        let (a, b) = tokio::join!(
            Person::sign_up_complete(&servers[0], "minji", "F", &["M"]),
            Person::sign_up_complete(&servers[0], "junho", "M", &["F"])
        );
        let room = a.match_with(&b).await;
        // nginx chooses by the first three numbers of an address.
        let address = IpAddr::from([127, 0, 10 + number * 7, 1]);
        let http = reqwest::Client::builder().no_proxy().local_address(address).build().unwrap();
        couples.push(Couple { people: [a, b], room, http });
    }
    let over = Arc::new(AtomicBool::new(false));
    let loading = tokio::spawn(load(couples.clone(), base.clone(), rate, Arc::clone(&over)));
    tokio::time::sleep(Duration::from_secs(2)).await;
    for _ in 0..turns {
        for server in &mut servers {
            assert!(server.stop().await.success());
            let up_after = server.restart().await;
            assert!(up_after < Duration::from_secs(30), "{up_after:?}");
            // What nginx takes to look at an instance again.
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
    }
    over.store(true, Ordering::Relaxed);
    let asked = loading.await.unwrap();

    let mut times: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for one in &asked {
        times.entry(one.what).or_default().push(one.took);
    }
    for (what, times) in &mut times {
        times.sort_unstable();
        let at = |share: usize| times[(times.len() - 1) * share / 1_000];
        eprintln!("{what}: {} requests, p50 {:?}, p99 {:?}, max {:?}", times.len(), at(500), at(990), at(1_000));
    }
    let failed: Vec<String> = asked
        .iter()
        .filter_map(|one| one.fault.as_ref().map(|fault| format!("{:?} {}: {fault}", one.at, one.what)))
        .collect();
    eprintln!("{} requests, {} failed", asked.len(), failed.len());
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(asked.len() > 300 || rate < 40, "{} requests: nothing was tested", asked.len());

    // What was answered is there, once.
    for couple in &couples {
        let mut stored: BTreeMap<String, u32> = BTreeMap::new();
        let mut after = 0;
        loop {
            let path = format!("/api/chat/rooms/{}/messages/?after_seq={after}&limit=100", couple.room);
            let page = couple.people[0].at(&servers[1]).get(&path).await.expect(200);
            let page = page.as_array().unwrap().clone();
            let Some(last) = page.last() else { break };
            after = last["seq"].as_u64().unwrap();
            for message in &page {
                *stored.entry(message["content"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        let sent = asked.iter().filter_map(|one| one.message.as_ref()).filter(|(room, _)| *room == couple.room);
        let sent: Vec<&String> = sent.map(|(_, content)| content).collect();
        assert!(sent.iter().all(|content| stored.get(*content) == Some(&1)), "a message is lost or there twice");
        assert_eq!(stored.len(), sent.len());
    }
}
