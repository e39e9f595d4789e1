//! How long slates take beside a model: the real server without one, with one that hangs, and with one that answers, on the same
//! people, many of whom value something, asked in turns.
//!
//! Prints p50 and p99 of `recommended/`; machines of tests are busy, so no time is asserted but that nobody
//! waits as long as for an answer. The figures of `docs/assist.md`:
//! `GPTING_BIN=$PWD/target/release/gpting GPTING_ASSIST_PEOPLE=10000 cargo test --release -p gpting-tests --test hostile pace -- --nocapture`.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gpting_core::assist::{Derived, Learned, Traits};
use gpting_core::id::{MemberId, RoomId};
use gpting_core::profile::catalogue::Catalogue;
use gpting_core::profile::{Member, Preferences, Profile, Standing, Visibility};
use gpting_core::safety::{Consent, Purpose};
use gpting_core::{Gender, Gpting, SystemClock};
use gpting_llm::stand_in::{Behaviour, StandIn};
use gpting_store_sqlite::SqliteStore;
use gpting_tests::{Crowd, Face, Server};

use super::stage;

/// Somebody imported who agrees to everything; every second one values some topics, and all have some.
fn member(number: i64, at: jiff::Timestamp) -> Member {
    let draw = |salt: u64| {
        let mixed = number.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17) ^ salt;
        usize::try_from(mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33).unwrap()
    };
    let codes: Vec<&str> = Catalogue::built_in().interests().map(|known| known.code.as_str()).collect();
    let pick = |salt| codes[draw(salt) % codes.len()].to_owned();
    let some = |from: u64, negative: bool| {
        (from..from + 8)
            .map(|salt| {
                let strength = i8::try_from(20 + draw(salt + 100) % 80).unwrap();
                (pick(salt), if negative && draw(salt + 200) % 4 == 0 { -strength } else { strength })
            })
            .collect()
    };
    let learned = Learned { through: 8, at, values: some(20, true) };
    let values = (number / 2 % 2 == 0).then(|| (RoomId::new(number + 1).unwrap(), learned));
    let consent =
        |purpose| Consent { purpose, version: "1".to_owned(), granted: true, at, source: "import".to_owned() };
    let is_woman = number % 2 == 0;
    Member {
        id: MemberId::new(number + 1_000).unwrap(),
        host: None,
        source: Some(format!("pace:{number}")),
        standing: Standing::Active,
        verified: false,
        created_at: at,
        last_active: at,
        profile: Profile {
            nickname: format!("n{number}"),
            gender: Some(if is_woman { Gender::F } else { Gender::M }),
            birth_date: Some(jiff::civil::date(1985 + i16::try_from(number % 15).unwrap(), 5, 5)),
            bio: format!("hello, {number}"),
            interests: (1..=4).map(pick).collect(),
            ..Profile::default()
        },
        preferences: Preferences {
            genders: vec![if is_woman { "M" } else { "F" }.to_owned()],
            ..Preferences::default()
        },
        answers: std::collections::BTreeMap::new(),
        consents: vec![consent(Purpose::ProfileAnalysis), consent(Purpose::ConversationAnalysis)],
        derived: Derived {
            profile: Some(Traits { content: "pace".to_owned(), at, topics: some(40, false) }),
            rooms: values.into_iter().collect(),
            ..Derived::default()
        },
        visibility: Visibility::default(),
    }
}

/// People in a server's database, the first of whom can be logged in as.
async fn people(data: &Path, count: i64, viewers: i64) -> Vec<Face> {
    let mut server = stage::serve(data, None).await;
    let store = Arc::new(SqliteStore::open(data.join("gpting.db")).await.unwrap());
    let now = gpting_core::Clock::now(&SystemClock);
    let mut crowd = Crowd::on(&server, Arc::clone(&store)).await;
    let mut faces = Vec::new();
    for number in 0..viewers {
        faces.push(crowd.face_of(member(number, now)).await);
    }
    let g = Gpting::builder_on(Arc::clone(&store) as Arc<dyn gpting_core::store::Store>).build().await.unwrap();
    let others: Vec<Member> = (viewers..count).map(|number| member(number, now)).collect();
    for batch in others.chunks(1_000) {
        g.members().import(batch.to_vec()).await.unwrap();
    }
    drop((g, crowd));
    assert!(server.stop().await.success());
    store.close().await;
    faces
}

async fn ask(http: &reqwest::Client, server: &Server, face: &Face) -> Duration {
    let url = format!("{}/api/matches/recommended/?limit=10", server.url());
    let began = Instant::now();
    let answer = http.get(url).bearer_auth(&face.access).send().await.unwrap();
    let status = answer.status();
    let body = answer.bytes().await.unwrap();
    let took = began.elapsed();
    assert_eq!(status, 200);
    // An answer is waited for at least eight seconds.
    assert!(took < Duration::from_secs(7), "whoever waits for a model takes longer: {took:?}");
    let cards: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(cards.as_array().unwrap().len(), 10);
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_slate_waits_for_a_model_at_any_pace() {
    tokio::task::spawn_blocking(gpting_tests::server::binary).await.unwrap();
    let count = std::env::var("GPTING_ASSIST_PEOPLE").ok().and_then(|count| count.parse().ok());
    let (count, viewers, rounds) = count.map_or((200, 6, 2), |count: i64| (count, 100, 40));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("people");
    let faces = people(&data, count, viewers).await;
    let hanging = StandIn::start().await.unwrap();
    hanging.always(Behaviour::Hang);
    let answering = StandIn::start().await.unwrap();
    answering.always(super::models::obedient());
    let mut servers = Vec::new();
    for (name, url) in [("without", None), ("hanging", Some(hanging.url())), ("answering", Some(answering.url()))] {
        let data = stage::copy(&data, folder.path().join(name));
        servers.push((name, stage::serve(&data, url.as_deref()).await));
    }
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_mins(1)).build().unwrap();
    for (_, server) in &servers {
        for face in &faces {
            ask(&http, server, face).await;
        }
    }
    stage::until_all_is_asked(&folder.path().join("answering")).await;
    assert!(!hanging.asked().is_empty() && !answering.asked().is_empty(), "both were asked for orders");
    for (_, server) in &mut servers {
        server.restart().await;
    }
    let mut times = vec![Vec::new(); servers.len()];
    // The first round is for caches.
    for round in 0..=rounds {
        for face in &faces {
            let mut turns: Vec<usize> = (0..servers.len()).collect();
            if round % 2 == 1 {
                turns.reverse();
            }
            for turn in turns {
                let took = ask(&http, &servers[turn].1, face).await;
                if round > 0 {
                    times[turn].push(took);
                }
            }
        }
    }
    for ((name, _), times) in servers.iter().zip(&mut times) {
        times.sort_unstable();
        let at = |percent: usize| times[times.len() * percent / 100];
        eprintln!("{count} people, {name}: p50 {:?}, p95 {:?}, p99 {:?} of {}", at(50), at(95), at(99), times.len());
    }
}
