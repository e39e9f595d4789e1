//! Three server processes on one PostgreSQL database, as one deployment has them: what is done at one holds at the others,
//! within the times that are promised, over each bus and without one.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]
#![expect(clippy::print_stderr, reason = "the times that were measured are told")]

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gpting_core::account::{AccountChange, AccountKeys, AccountStore as _, AccountWork, Device};
use gpting_core::id::MemberId;
use gpting_core::profile::{Member, Preferences, Profile, Standing, parse_gender};
use gpting_core::store::{Expect, Page};
use gpting_core::{Gpting, Rng as _, SystemRng};
use gpting_store_pg::PgStore;
use gpting_tests::postgres::Database;
use gpting_tests::socket::SOON;
use gpting_tests::{Answer, Person, Postgres, Redis, Registration, Server, Settings, Socket};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Blocking somebody closes the sockets of both at every instance within this time.
const BLOCK: Duration = Duration::from_secs(1);
/// A session that has ended ends its sockets at every instance within this time.
const LOGOUT: Duration = Duration::from_secs(2);
/// What somebody edits changes who is proposed to whom at every instance within this time, bus or no bus.
const EDIT: Duration = Duration::from_secs(3);
/// The same for closed rooms and messages when no bus wakes anybody.
const POLLED: Duration = Duration::from_secs(3);

/// Three servers that share a database and a data folder.
struct Deployment {
    servers: [Server; 3],
    database: Database,
    folder: TempDir,
}

impl Deployment {
    async fn start(bus: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Postgres::shared().database("instances").await;
        let mut settings = Settings::postgres(&database.url);
        settings.data_dir = Some(folder.path().join("data"));
        if let Some(bus) = bus {
            settings = settings.with("GPTING_BUS_URL", bus);
        }
        let servers = tokio::join!(
            Server::start(settings.clone()),
            Server::start(settings.clone()),
            Server::start(settings.clone())
        );
        Self { servers: [servers.0, servers.1, servers.2], database, folder }
    }

    /// Two who fit, each signed up at the first server and seen by all.
    async fn couple(&self) -> (Person, Person) {
        let (a, b) = tokio::join!(
            Person::sign_up_complete(&self.servers[0], "minji", "F", &["M"]),
            Person::sign_up_complete(&self.servers[0], "junho", "M", &["F"])
        );
        for server in &self.servers {
            a.at(server).wait_until_recommended(&b).await;
            b.at(server).wait_until_recommended(&a).await;
        }
        (a, b)
    }

    /// The library on the same database and keys, for what would take too long over HTTP.
    async fn library(&self) -> (Gpting, Arc<PgStore>) {
        let key = |name: &str| -> [u8; 32] {
            let text = std::fs::read_to_string(self.folder.path().join("data/keys").join(name)).unwrap();
            URL_SAFE_NO_PAD.decode(text.trim()).unwrap().try_into().unwrap()
        };
        let keys = AccountKeys::new(key("signing.seed"), key("refresh.secret")).unwrap();
        let store = Arc::new(PgStore::connect(&self.database.url).await.unwrap());
        (Gpting::builder_with_accounts(Arc::clone(&store), keys).build().await.unwrap(), store)
    }

    async fn count(&self, statement: &'static str) -> i64 {
        let pool = sqlx::PgPool::connect(&self.database.url).await.unwrap();
        let count = sqlx::query_scalar(statement).fetch_one(&pool).await.unwrap();
        pool.close().await;
        count
    }
}

/// Waits until the server closes the socket, and tells how long that took and with which code.
async fn closes(socket: &mut Socket, since: Instant) -> (Duration, u16) {
    let code = socket.closed(Duration::from_secs(15)).await.expect("the socket is closed");
    (since.elapsed(), code)
}

/// The largest of some times, and the one in the middle.
fn told(what: &str, mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort();
    let (middle, most) = (times[times.len() / 2], times[times.len() - 1]);
    eprintln!("{what}: {} times, {middle:?} in the middle, {most:?} at the most", times.len());
    (middle, most)
}

/// A thousand couples, members and accounts, signed in; each with an access token.
async fn couples(deployment: &Deployment, count: usize) -> Vec<[(MemberId, String); 2]> {
    const PASSWORD: &str = "everybody has this one";
    let (g, store) = deployment.library().await;
    // Hashed once, by the way everybody takes; the others' accounts have the same hash.
    let mut form = Registration::new("first", "F").born("1996-03-02");
    PASSWORD.clone_into(&mut form.password);
    let first = Person::sign_up(&deployment.servers[0], form).await;
    let first = MemberId::new(i64::try_from(first.id).unwrap()).unwrap();
    let account = store.account(first).await.unwrap().unwrap().value;

    let now = account.created_at;
    let people: Vec<Member> = (0..2 * count)
        .map(|number| {
            let (gender, wish) = if number % 2 == 0 { ("F", "M") } else { ("M", "F") };
            Member {
                id: MemberId::draw(&SystemRng),
                host: None,
                source: None,
                standing: Standing::Active,
                verified: true,
                created_at: now,
                last_active: now,
                profile: Profile {
                    nickname: format!("사람{number}"),
                    gender: parse_gender(gender),
                    birth_date: Some(jiff::civil::date(1996, 5, 5)),
                    ..Profile::default()
                },
                preferences: Preferences { genders: vec![wish.to_owned()], ..Preferences::default() },
                answers: std::collections::BTreeMap::new(),
                consents: Vec::new(),
                derived: gpting_core::assist::Derived::default(),
                visibility: gpting_core::profile::Visibility::default(),
            }
        })
        .collect();
    let ids: Vec<MemberId> = people.iter().map(|person| person.id).collect();
    for batch in people.chunks(500) {
        g.members().import(batch.to_vec()).await.unwrap();
    }
    let mut salt = [0; 4];
    SystemRng.fill(&mut salt);
    let name = |number: usize| format!("p{}n{number}", u32::from_le_bytes(salt));
    for (batch, ids) in ids.chunks(500).enumerate() {
        let mut work = AccountWork::new();
        for (place, id) in ids.iter().enumerate() {
            let mut account = account.clone();
            account.member = *id;
            account.username = name(batch * 500 + place);
            account.email = format!("{}@example.com", account.username);
            account.email_canonical.clone_from(&account.email);
            work = work.change(AccountChange::PutAccount(Box::new(account), Expect::New));
        }
        store.commit_account(work).await.unwrap();
    }
    let gate = Arc::new(Semaphore::new(8));
    let mut logins = JoinSet::new();
    for (number, id) in ids.iter().copied().enumerate() {
        let (g, gate, name) = (g.clone(), Arc::clone(&gate), name(number));
        logins.spawn(async move {
            let _turn = gate.acquire().await.unwrap();
            (id, g.accounts().login(&name, PASSWORD, Device::default()).await.unwrap().tokens.access)
        });
    }
    let mut tokens: HashMap<MemberId, String> = logins.join_all().await.into_iter().collect();
    store.close().await;
    let mut of = |id: MemberId| (id, tokens.remove(&id).unwrap());
    ids.chunks(2).map(|couple| [of(couple[0]), of(couple[1])]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_crossed_likes_are_a_thousand_matches_and_rooms() {
    const PAIRS: usize = 1_000;
    let deployment = Deployment::start(None).await;
    let couples = couples(&deployment, PAIRS).await;
    let urls: Vec<String> = deployment.servers.iter().map(Server::url).collect();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    // Four likes of each pair at once, crosswise and twice; a hundred requests on the three servers at any time.
    let gate = Arc::new(Semaphore::new(25));
    let mut pairs = JoinSet::new();
    for (number, couple) in couples.iter().cloned().enumerate() {
        let (gate, http, urls) = (Arc::clone(&gate), http.clone(), urls.clone());
        pairs.spawn(async move {
            let _turn = gate.acquire().await.unwrap();
            let mut likes = JoinSet::new();
            for (me, on) in [(0, 0), (1, 1), (0, 1), (1, 2)] {
                let path = format!("{}/api/matches/like/{}/", urls[(number + on) % 3], couple[1 - me].0);
                let request = http.post(&path).bearer_auth(&couple[me].1).json(&json!({}));
                likes.spawn(async move { Answer::read(path, request.send().await.unwrap()).await.unwrap() });
            }
            let mut rooms = BTreeSet::new();
            for answer in likes.join_all().await {
                let body = answer.expect(if answer.status == 200 { 200 } else { 201 });
                if body["matched"] == true {
                    rooms.insert(body["room_id"].as_u64().expect("a match has a room"));
                }
            }
            assert_eq!(rooms.len(), 1, "pair {number} was told of {rooms:?}");
            rooms.pop_first().unwrap()
        });
    }
    let told: HashSet<u64> = pairs.join_all().await.into_iter().collect();
    assert_eq!(told.len(), PAIRS);
    assert_eq!(deployment.count("SELECT count(*) FROM gpting.room").await, 1_000);
    assert_eq!(deployment.count("SELECT count(*) FROM gpting.pair").await, 1_000);
    let (g, store) = deployment.library().await;
    let mut found = HashSet::new();
    for [(a, _), (b, _)] in &couples {
        for (me, other) in [(*a, *b), (*b, *a)] {
            let matches = g.matching().matches(me, Page::first(10)).await.unwrap();
            assert_eq!(matches.iter().map(|one| one.card.id).collect::<Vec<_>>(), [other]);
            found.insert(u64::try_from(matches[0].room.unwrap().value()).unwrap());
        }
    }
    assert_eq!(found, told, "everybody's one match has the room that was told");
    store.close().await;
}

/// Who says something at one server is heard at the others as fast as the bus is, each message once and in its place.
async fn messages_cross(deployment: &Deployment, messages: u64) -> (Duration, Duration) {
    let [first, second, third] = &deployment.servers;
    let (a, b) = deployment.couple().await;
    let room = a.match_with(&b).await;
    let (mut writer, _) = Socket::enter(first, &a, room).await;
    let (mut reader, _) = Socket::enter(second, &b, room).await;
    let (mut own, _) = Socket::enter(third, &a, room).await;
    let mut times = Vec::new();
    for seq in 1..=messages {
        let began = Instant::now();
        assert_eq!(writer.say(&format!("{seq}번째")).await["seq"], seq);
        for socket in [&mut reader, &mut own] {
            assert_eq!(socket.next_of_type("message", SOON).await["seq"], seq);
            times.push(began.elapsed());
        }
    }
    told("a message at another server", times)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_postgres_messages_come_as_they_are_said() {
    let (middle, _) = messages_cross(&Deployment::start(None).await, 60).await;
    assert!(middle < Duration::from_millis(500), "woken, not polled: {middle:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_redis_messages_come_as_they_are_said() {
    let redis = Redis::start();
    let (middle, _) = messages_cross(&Deployment::start(Some(&redis.url())).await, 60).await;
    assert!(middle < Duration::from_millis(500), "woken, not polled: {middle:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_bus_messages_come_by_polling() {
    let (_, most) = messages_cross(&Deployment::start(Some("local")).await, 6).await;
    assert!(most <= POLLED, "{most:?}");
}

/// Blocks at one server while both sit at sockets of the others.
async fn block(deployment: &Deployment) -> Duration {
    let [first, second, third] = &deployment.servers;
    let mut times = Vec::new();
    for _ in 0..4 {
        let (a, b) = deployment.couple().await;
        let room = a.match_with(&b).await;
        let (mut theirs, _) = Socket::enter(second, &b, room).await;
        let (mut mine, _) = Socket::enter(third, &a, room).await;
        let began = Instant::now();
        a.at(first).post("/api/accounts/blocks/", &json!({"user_profile": b.id})).await.expect(201);
        // At once for requests, whatever the bus does.
        b.at(second).get(&format!("/api/chat/rooms/{room}/messages/")).await.refused(404, "room_not_found");
        b.at(third).get(&format!("/api/accounts/profile/{}/", a.id)).await.refused(404, "member_not_found");
        for socket in [&mut theirs, &mut mine] {
            let (took, code) = closes(socket, began).await;
            assert_eq!(code, 4404, "as a room that never was");
            times.push(took);
        }
    }
    told("a block closes a socket at another server", times).1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_closes_sockets_everywhere() {
    let most = block(&Deployment::start(None).await).await;
    assert!(most <= BLOCK, "{most:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_closes_sockets_without_a_bus_too() {
    let most = block(&Deployment::start(Some("local")).await).await;
    assert!(most <= BLOCK, "{most:?}");
}

/// Logs out at one server; the session's sockets and requests at the others end.
async fn logout(deployment: &Deployment) -> Duration {
    let [first, second, third] = &deployment.servers;
    let (a, mut b) = deployment.couple().await;
    let room = a.match_with(&b).await;
    let mut times = Vec::new();
    for _ in 0..4 {
        b.log_in().await;
        let (mut theirs, _) = Socket::enter(second, &b, room).await;
        let (mut also_theirs, _) = Socket::enter(third, &b, room).await;
        let (mut mine, _) = Socket::enter(second, &a, room).await;
        let began = Instant::now();
        b.at(first).post("/api/accounts/logout/", &json!({"refresh": b.refresh})).await.expect(200);
        b.at(second).get("/api/accounts/current-user/").await.refused(401, "token_invalid");
        for socket in [&mut theirs, &mut also_theirs] {
            let (took, code) = closes(socket, began).await;
            assert_eq!(code, 4401);
            times.push(took);
        }
        // Nobody else is thrown out.
        mine.say("아직 있어요").await;
    }
    told("a logout closes a socket at another server", times).1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_ends_the_session_everywhere() {
    let most = logout(&Deployment::start(None).await).await;
    assert!(most <= LOGOUT, "{most:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_ends_the_session_without_a_bus_too() {
    let most = logout(&Deployment::start(Some("local")).await).await;
    assert!(most <= LOGOUT, "{most:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_changes_recommendations_everywhere_without_a_bus() {
    let deployment = Deployment::start(Some("local")).await;
    let [first, second, third] = &deployment.servers;
    let (a, b) = deployment.couple().await;
    let mut times = Vec::new();
    // Back and forth: out of each other's sight, and into it again.
    for wishes in [["F"], ["M"], ["F"], ["M"]] {
        let shown = wishes == ["F"];
        // The first turn changes nothing but what is stored.
        b.at(first).settle("서울특별시 강남구", &wishes).await;
        let began = Instant::now();
        for server in [second, third] {
            let a = a.at(server);
            while a.recommended().await.iter().any(|card| card["id"] == b.id) != shown {
                assert!(began.elapsed() < Duration::from_secs(15), "never");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            times.push(began.elapsed());
        }
    }
    let (_, most) = told("an edit is seen at another server", times);
    assert!(most <= EDIT, "{most:?}");
}
