//! Moderation on real databases and in the real server: processes that are killed while a moderator looks, and a server beside one
//! that hangs, raves, fails or obeys.
//!
//! Every look has one effect, whoever died with the opinion; no request waits for one or fails by one; and what a message says
//! stands in its row and nowhere else. `GPTING_CRASH_ROUNDS` sets how often somebody is killed.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use gpting_core::assist::model::{ModelError, Usage};
use gpting_core::assist::moderator::{Looked, Moderator, Reach, Sight};
use gpting_core::assist::{Flag, Judge, Opinion, Subject};
use gpting_core::chat::Draft;
use gpting_core::config::Config;
use gpting_core::id::{FindingId, HostId, MemberId};
use gpting_core::profile::{PreferencesEdit, ProfileEdit};
use gpting_core::safety::{ConsentInput, Purpose};
use gpting_core::{Clock as _, Gpting, SystemClock};
use gpting_llm::Profile;
use gpting_llm::stand_in::{Behaviour, StandIn};
use gpting_tests::embedded::{Embedded, open};
use gpting_tests::postgres::Postgres;
use gpting_tests::{Person, Server, Settings};
use jiff::SignedDuration;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

/// Where a child works, handed over in its environment.
const CHILD: &str = "GPTING_TEST_MODERATION_CHILD";
/// Until when everything has to be done.
const PATIENCE: Duration = Duration::from_mins(3);
/// What a message says, to be found nowhere else.
const CANARY: &str = "c4narywort";
/// How long a request may take beside a moderator that takes 20 seconds to say nothing: a tenth of that, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Takes its time, and flags everything.
#[derive(Debug)]
struct Slow(Duration);

#[async_trait]
impl Moderator for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn reach(&self) -> Reach {
        Reach::Country
    }

    async fn look(&self, _: Sight<'_>) -> Result<Looked, ModelError> {
        tokio::time::sleep(self.0).await;
        let opinion = Opinion::default().with(Flag::Scam, 0.9);
        Ok(Looked { opinion, usage: Usage { input: 10, output: 0 } })
    }
}

async fn embed(url: &str, thinks: Duration) -> Gpting {
    let mut config = Config::default();
    config.assist.settles_in = SignedDuration::ZERO;
    config.jobs.lease = SignedDuration::from_secs(2);
    Gpting::builder_on(open(url).await).config(config).moderator(Slow(thinks)).build().await.unwrap()
}

/// The body of a child: works until it is killed, or until whoever started it is gone.
#[test]
fn child() {
    let Ok(url) = std::env::var(CHILD) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let g = embed(&url, Duration::from_millis(150)).await;
        drop(g.run(std::future::pending()));
        tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0])).await.unwrap().unwrap();
    });
    runtime.shutdown_background();
}

async fn person(g: &Gpting, name: &str, gender: &str, wish: &str) -> MemberId {
    let me = g.members().ensure(HostId::new(name)).await.unwrap();
    let purposes = [Purpose::ProfileAnalysis, Purpose::ConversationAnalysis];
    let inputs = purposes.map(|purpose| ConsentInput { purpose, version: "1".to_owned(), granted: true });
    g.profiles().set_consents(me, inputs.to_vec()).await.unwrap();
    let edit = ProfileEdit {
        nickname: Some(name.to_owned()),
        gender: Some(gender.to_owned()),
        birth_date: Some("1996-05-05".to_owned()),
        bio: Some(format!("산에 자주 갑니다, {name}")),
        ..ProfileEdit::default()
    };
    g.profiles().edit(me, edit, None).await.unwrap();
    let wishes = PreferencesEdit { genders: Some(vec![wish.to_owned()]), ..PreferencesEdit::default() };
    g.profiles().set_preferences(me, wishes).await.unwrap();
    me
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_look_has_one_effect_whoever_dies_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    each_look_has_one_effect(&format!("sqlite://{}", folder.path().join("gpting.db").display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_look_has_one_effect_whoever_dies_on_postgres() {
    let database = Postgres::shared().database("crashmoderation").await;
    each_look_has_one_effect(&database.url).await;
}

async fn each_look_has_one_effect(url: &str) {
    let kills = std::env::var("GPTING_CRASH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(8);
    let g = embed(url, Duration::ZERO).await;
    let store = open(url).await;
    let mut subjects = Vec::new();
    for number in 0..10 {
        let (a, b) =
            (person(&g, &format!("f{number}"), "F", "M").await, person(&g, &format!("m{number}"), "M", "F").await);
        g.matching().like(a, b, None).await.unwrap();
        let room = g.matching().like(b, a, None).await.unwrap().matched.unwrap();
        for (me, text) in [(a, "카톡 아이디 minjilove 로 연락 주세요"), (b, "반가워요"), (a, "또 만나요")]
        {
            g.chat().send(me, room, Draft::text(text)).await.unwrap();
        }
        for me in [a, b] {
            subjects.extend([(me, Subject::Bio), (me, Subject::FirstMessage(room))]);
        }
    }
    let mut children: Vec<Embedded> = (0..3).map(|_| Embedded::start(CHILD, url, None)).collect();
    // The first that is found of each, by whom: whatever takes its place later is a second effect.
    let mut found: BTreeMap<(MemberId, Subject, Judge), FindingId> = BTreeMap::new();
    let mut look = async || {
        for (member, subject) in &subjects {
            for one in store.findings(*member, *subject).await.unwrap() {
                let first = *found.entry((one.member, one.subject, one.by)).or_insert(one.id);
                assert_eq!(first, one.id, "{subject:?} of {member} was judged twice");
            }
        }
        found.len()
    };
    for kill in 0..kills {
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            look().await;
        }
        for (place, child) in children.iter_mut().enumerate() {
            if kill % 4 == 3 || kill % 3 == place {
                *child = Embedded::start(CHILD, url, None);
            }
        }
    }
    // Two texts and two first messages of each couple, and what the rules find of one.
    let began = Instant::now();
    while look().await < 10 * 5 {
        assert!(began.elapsed() < PATIENCE, "not everything is looked at: {}", look().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Whatever else the children would do again changes nothing.
    let waiting = async || store.due_jobs(&["moderate"], "2100-01-01T00:00:00Z".parse().unwrap(), 10).await.unwrap();
    while !waiting().await.is_empty() {
        assert!(began.elapsed() < PATIENCE, "jobs are left at {}: {:?}", SystemClock.now(), waiting().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(look().await, 10 * 5);
    drop(children);
    assert!(g.jobs().dead(None, 10).await.unwrap().is_empty());
}

/// Sends a request that must be answered at once, and well.
async fn at_once(person: &Person, request: reqwest::RequestBuilder, status: u16) -> Value {
    let begun = Instant::now();
    let answer = person.send(request).await.expect(status);
    assert!(begun.elapsed() < AT_ONCE, "it took {:?}", begun.elapsed());
    answer
}

async fn upload(person: &Person, shade: u8) {
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(8, 8, image::Rgb([shade; 3])).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let part = Part::bytes(png.into_inner()).file_name("me.png").mime_str("image/png").unwrap();
    let request = person.request(Method::POST, "/api/accounts/profile/photos/");
    at_once(person, request.multipart(Form::new().part("photo", part)), 201).await;
}

async fn flags(server: &Server) -> Vec<Value> {
    let answer = reqwest::get(format!("{}/admin/flags?limit=50", server.admin_url())).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json::<Value>().await.unwrap()["flags"].as_array().unwrap().clone()
}

/// Every document of every table but that of messages, as text.
async fn tables(server: &Server) -> String {
    let file = server.data_dir().join("gpting.db");
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(20));
    let mut database = SqliteConnection::connect_with(&options).await.unwrap();
    let mut all = String::new();
    for table in ["assist_call", "finding", "job", "made", "member", "pair"] {
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT document FROM {table}")))
            .fetch_all(&mut database)
            .await
            .unwrap();
        assert!(rows.len() + all.len() > 0 || matches!(table, "assist_call"), "{table}");
        all.extend(rows);
    }
    database.close().await.unwrap();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_beside_any_moderator_answers_at_once_and_well() {
    let obedient = Behaviour::answers(|asked| {
        let flagged = if asked.picture_to_judge().is_some() { "sexual" } else { "harassment" };
        json!({ flagged: 0.97 }).to_string()
    });
    let insane = Behaviour::answers(|_| r#"{"hate": 1e300, "violence": -5}"#.to_owned());
    for (name, behaviour, is_believed) in [
        ("hangs", Behaviour::Hang, false),
        ("raves", Behaviour::Garbage, false),
        ("insane", insane, true),
        ("fails", Behaviour::status(500), false),
        ("obedient", obedient, true),
    ] {
        let model = StandIn::start_as(Profile::OpenAi).await.unwrap();
        model.always(behaviour);
        let settings = Settings::sqlite().with("GPTING_LLM_URL", &model.url()).with("GPTING_LLM_PROFILE", "openai");
        let settings = settings.with("GPTING_LLM_API_KEY", "sk-moderated-c4nary");
        let server = Server::start(settings.with("GPTING_MODERATION_MODEL", "omni-moderation-latest")).await;
        let jimin = Person::sign_up_complete(&server, "jimin", "F", &["M"]).await;
        let minho = Person::sign_up_complete(&server, "minho", "M", &["F"]).await;
        let room = jimin.match_with(&minho).await;
        for person in [&jimin, &minho] {
            // Before anything is said: of a message both have to agree when it is looked at.
            let all = json!({ "profile_analysis": true, "conversation_analysis": true, "photo_analysis": true });
            at_once(person, person.request(Method::PUT, "/api/accounts/consents/").json(&all), 200).await;
        }
        for person in [&jimin, &minho] {
            upload(person, 7).await;
            let bio = json!({ "bio": "카톡 아이디 minjilove 로 연락 주세요" });
            at_once(person, person.request(Method::PATCH, "/api/accounts/profile/").json(&bio), 200).await;
            let path = format!("/api/chat/rooms/{room}/messages/");
            for text in [format!("{CANARY} 카톡 minjilove2"), "또 만나요".to_owned()] {
                let said = json!({ "content": text });
                at_once(person, person.request(Method::POST, &path).json(&said), 201).await;
            }
        }
        let count = |flags: &[Value], what: &str, by: &str| {
            flags.iter().filter(|row| row["what"] == what && row["by"] == by).count()
        };
        let is_done = |flags: &[Value]| {
            let looked = |what| count(flags, what, "moderator") == 2 || !is_believed;
            let by_rules = ["bio", "first_message"].iter().all(|what| count(flags, what, "rules") == 2);
            by_rules && looked("photo") && looked("first_message")
        };
        let begun = Instant::now();
        let mut told = flags(&server).await;
        while !is_done(&told) || model.asked().len() < 2 {
            assert!(begun.elapsed() < PATIENCE, "{name}: {told:#?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
            told = flags(&server).await;
        }
        if name == "obedient" {
            let row = told.iter().find(|row| row["what"] == "photo").unwrap();
            assert_eq!((&row["flags"][0]["flag"], &row["flags"][0]["score"]), (&json!("sexual"), &json!(97)));
            assert!([jimin.id, minho.id].map(Value::from).contains(&row["member"]) && row["photo"].is_u64());
            let row = told.iter().find(|row| row["what"] == "first_message" && row["by"] == "moderator").unwrap();
            assert_eq!((&row["room"], &row["flags"][0]["flag"]), (&json!(room), &json!("insult")));
            assert_eq!(row["name"], "omni-moderation-latest");
        }
        for person in [&jimin, &minho] {
            let history = person.get(&format!("/api/chat/rooms/{room}/messages/")).await.expect(200);
            assert!(history.to_string().contains(CANARY), "{name}: nothing is hidden or lost");
            let own = person.get("/api/accounts/profile/").await.expect(200);
            assert_eq!(own["photos"].as_array().map(Vec::len), Some(1), "{name}");
        }
        let asked: String = model.asked().iter().map(|asked| asked.body.to_string()).collect();
        for personal in ["minjilove", "jimin", "minho", &room.to_string(), &jimin.id.to_string(), &minho.id.to_string()]
        {
            assert!(!asked.contains(personal), "{name}: {personal} has left");
        }
        for secret in [CANARY, "minjilove", "sk-moderated", "base64"] {
            assert!(!server.log().contains(secret), "{name}: {secret} is in the log");
            assert!(!json!(told).to_string().contains(secret), "{name}: {secret} is told");
        }
        let kept = tables(&server).await;
        assert!(!kept.contains(CANARY) && kept.contains("moderation"), "{name}: of messages nothing is kept but flags");
    }
}
