//! What models make, on real databases: processes that are killed while a model thinks, and a budget over instances.
//!
//! Every effect happens exactly once: a row that was read gains one version and no more, whoever died with the answer.
//! `GPTING_CRASH_ROUNDS` sets how often somebody is killed. No day costs more than its cap, however many instances spend.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use gpting_core::assist::model::{ModelError, Prompt, Reply, TextModel, Usage};
use gpting_core::chat::Draft;
use gpting_core::config::{AssistConfig, Config};
use gpting_core::id::{HostId, MemberId, RoomId};
use gpting_core::profile::{PreferencesEdit, ProfileEdit};
use gpting_core::safety::{ConsentInput, Purpose};
use gpting_core::{Gpting, SystemClock};
use gpting_tests::embedded::{Embedded, open};
use gpting_tests::postgres::Postgres;
use jiff::SignedDuration;
use serde_json::json;

/// Where a child works, handed over in its environment.
const CHILD: &str = "GPTING_TEST_ASSIST_CHILD";
/// Until when everything has to be done.
const PATIENCE: Duration = Duration::from_mins(3);

/// Takes its time, and counts what it has cost.
#[derive(Clone, Debug)]
struct SlowModel {
    thinks: Duration,
    cost: Arc<AtomicU64>,
}

#[async_trait]
impl TextModel for SlowModel {
    fn name(&self) -> &'static str {
        "slow"
    }

    async fn complete(&self, _: &Prompt) -> Result<Reply, ModelError> {
        tokio::time::sleep(self.thinks).await;
        self.cost.fetch_add(1_000, Ordering::Relaxed);
        let hiking = json!([{ "topic": "hiking", "strength": 70 }]);
        let text = json!({ "topics": hiking, "flags": [], "a": hiking, "b": hiking }).to_string();
        Ok(Reply { text, usage: Usage { input: 900, output: 100 }, is_whole: true })
    }
}

async fn embed(url: &str, model: SlowModel, assist: AssistConfig) -> Gpting {
    let mut config = Config { assist, ..Config::default() };
    config.assist.model_is_abroad = false;
    config.assist.settles_in = SignedDuration::ZERO;
    config.jobs.lease = SignedDuration::from_secs(2);
    Gpting::builder_on(open(url).await).config(config).text_model(model).build().await.unwrap()
}

fn thinking(millis: u64) -> SlowModel {
    SlowModel { thinks: Duration::from_millis(millis), cost: Arc::default() }
}

/// The body of a child: works until it is killed, or until whoever started it is gone.
#[test]
fn child() {
    let Ok(url) = std::env::var(CHILD) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let g = embed(&url, thinking(150), AssistConfig::default()).await;
        drop(g.run(std::future::pending()));
        tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0])).await.unwrap().unwrap();
    });
    runtime.shutdown_background();
}

async fn person(g: &Gpting, name: &str, gender: &str, wish: &str) -> MemberId {
    let me = g.members().ensure(HostId::new(name)).await.unwrap();
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

async fn agree(g: &Gpting, me: MemberId, purposes: &[Purpose]) {
    let inputs = purposes.iter().map(|&purpose| ConsentInput { purpose, version: "1".to_owned(), granted: true });
    g.profiles().set_consents(me, inputs.collect()).await.unwrap();
}

async fn couple(g: &Gpting, number: usize) -> (MemberId, MemberId, RoomId) {
    let (a, b) = (person(g, &format!("f{number}"), "F", "M").await, person(g, &format!("m{number}"), "M", "F").await);
    g.matching().like(a, b, None).await.unwrap();
    let room = g.matching().like(b, a, None).await.unwrap().matched.unwrap();
    for line in 0..4 {
        g.chat().send(a, room, Draft::text(format!("산 {line}"))).await.unwrap();
        g.chat().send(b, room, Draft::text(format!("바다 {line}"))).await.unwrap();
    }
    (a, b, room)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_text_is_read_exactly_once_whoever_dies_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    each_text_is_read_exactly_once(&format!("sqlite://{}", folder.path().join("gpting.db").display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_text_is_read_exactly_once_whoever_dies_on_postgres() {
    let database = Postgres::shared().database("crashassist").await;
    each_text_is_read_exactly_once(&database.url).await;
}

async fn each_text_is_read_exactly_once(url: &str) {
    let kills = std::env::var("GPTING_CRASH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(8);
    let g = embed(url, thinking(0), AssistConfig::default()).await;
    let store = open(url).await;
    let mut couples = Vec::new();
    for number in 0..10 {
        let (a, b, room) = couple(&g, number).await;
        for me in [a, b] {
            agree(&g, me, &[Purpose::ProfileAnalysis, Purpose::ConversationAnalysis]).await;
        }
        let rows = store.members(&[a, b]).await.unwrap();
        couples.push((room, rows.iter().map(|row| (row.value.id, row.version)).collect::<Vec<_>>()));
    }
    let mut children: Vec<Embedded> = (0..3).map(|_| Embedded::start(CHILD, url, None)).collect();
    for kill in 0..kills {
        tokio::time::sleep(Duration::from_millis(250)).await;
        for (place, child) in children.iter_mut().enumerate() {
            if kill % 4 == 3 || kill % 3 == place {
                *child = Embedded::start(CHILD, url, None);
            }
        }
    }
    let began = Instant::now();
    for (room, before) in &couples {
        for (member, version) in before {
            loop {
                let row = store.members(&[*member]).await.unwrap().remove(0);
                let derived = &row.value.derived;
                if let (Some(traits), Some(learned)) = (&derived.profile, derived.rooms.get(room)) {
                    assert_eq!((traits.topics["hiking"], learned.through, learned.values["hiking"]), (70, 8, 70));
                    assert_eq!(row.version, version + 2, "one effect of the text, one of the conversation");
                    break;
                }
                assert!(began.elapsed() < PATIENCE, "not everything is read: {derived:?}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    // Whatever else the children would do again changes nothing.
    tokio::time::sleep(Duration::from_secs(3)).await;
    drop(children);
    for (_, before) in &couples {
        for (member, version) in before {
            let row = store.members(&[*member]).await.unwrap().remove(0);
            assert_eq!(row.version, version + 2);
            assert!(!store.calls(*member, 10).await.unwrap().is_empty());
        }
    }
    let jobs = store.due_jobs(&["read_profile"], "2100-01-01T00:00:00Z".parse().unwrap(), 10).await.unwrap();
    assert!(jobs.is_empty(), "{jobs:?}");
    assert!(g.jobs().dead(None, 10).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_instances_together_spend_no_more_than_a_day_has() {
    const CAP: u32 = 60_000;
    let database = Postgres::shared().database("assistbudget").await;
    let model = thinking(1);
    let assist = || AssistConfig { tokens_per_day: CAP, ..AssistConfig::default() };
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(embed(&database.url, model.clone(), assist()).await);
    }
    let store = open(&database.url).await;
    let mut people = Vec::new();
    for number in 0..150 {
        let me = person(&instances[number % 3], &format!("f{number}"), "F", "M").await;
        agree(&instances[number % 3], me, &[Purpose::ProfileAnalysis]).await;
        people.push(me);
    }
    let running: Vec<_> = instances.iter().map(|g| g.run(std::future::pending())).collect();
    let began = Instant::now();
    let due = || store.due_jobs(&["read_profile"], gpting_core::Clock::now(&SystemClock), 10);
    while !due().await.unwrap().is_empty() {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for task in running {
        task.abort();
    }
    let cost = model.cost.load(Ordering::Relaxed);
    assert!(cost <= u64::from(CAP), "{cost} of {CAP}");
    assert!(cost >= u64::from(CAP) * 8 / 10, "and what there is can be spent: {cost} of {CAP}");
    let mut told = 0;
    for me in &people {
        told +=
            store.calls(*me, 10).await.unwrap().iter().map(|call| call.input_tokens + call.output_tokens).sum::<u64>();
    }
    assert_eq!(told, cost, "every token is on record");
}
