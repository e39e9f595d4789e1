//! What is PostgreSQL's own about its store: the host's pool and schema, locks between connections, the feed beside
//! open transactions, nothing left after erasure. What every store promises is in the contract.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use gpting_core::chat::{NewMessage, Room};
use gpting_core::event::{Event, Fact};
use gpting_core::id::{HostId, JobId, MemberId, MessageId, ReportId, RoomId};
use gpting_core::interaction::{Pair, PairKey, PairList};
use gpting_core::job::{Job, Task};
use gpting_core::profile::{Member, Profile, Standing};
use gpting_core::safety::Report;
use gpting_core::store::{Change, Expect, FeedCursor, FeedEntry, MessageRange, Page, Store, StoreError, Unique, Work};
use gpting_store_pg::{InvalidSchema, Options, PgStore};
use gpting_tests::Postgres;
use gpting_tests::postgres::Database;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};
use tokio::task::JoinSet;
use uuid::Uuid;

type At = jiff::Timestamp;

async fn fresh(hint: &str) -> (Database, Arc<PgStore>) {
    let database = Postgres::shared().database(hint).await;
    let store = Options::new().max_connections(8).connect(&database.url).await.unwrap();
    store.migrate().await.unwrap();
    (database, Arc::new(store))
}

fn at(micros: i64) -> At {
    At::from_microsecond(1_800_000_000_000_000 + micros).unwrap()
}

fn id(value: i64) -> MemberId {
    MemberId::new(value).unwrap()
}

fn member(value: i64) -> Member {
    Member {
        id: id(value),
        host: None,
        source: None,
        standing: Standing::Active,
        verified: false,
        created_at: at(0),
        last_active: at(0),
        profile: Profile::default(),
        preferences: gpting_core::profile::Preferences::default(),
        answers: std::collections::BTreeMap::new(),
        consents: Vec::new(),
        derived: gpting_core::assist::Derived::default(),
        visibility: gpting_core::profile::Visibility::default(),
    }
}

fn put_member(member: Member, expect: Expect) -> Change {
    Change::PutMember(Box::new(member), expect)
}

fn pair(a: i64, b: i64) -> Pair {
    Pair::strangers(PairKey::of(id(a), id(b)).unwrap())
}

fn put_pair(pair: &Pair, expect: Expect) -> Change {
    Change::PutPair(Box::new(pair.clone()), expect)
}

fn room(value: i64, a: i64, b: i64) -> Room {
    Room::open(RoomId::new(value).unwrap(), PairKey::of(id(a), id(b)).unwrap(), at(0))
}

fn message(room: i64, sender: i64, number: i64) -> NewMessage {
    NewMessage {
        id: MessageId::new(number).unwrap(),
        room: RoomId::new(room).unwrap(),
        sender: id(sender),
        text: format!("message {number}"),
        at: at(number),
        client_msg_id: None,
    }
}

fn work(changes: impl IntoIterator<Item = Change>) -> Work {
    changes.into_iter().fold(Work::new(), Work::change)
}

async fn whole_feed(store: &PgStore) -> Vec<FeedEntry> {
    let mut all = Vec::new();
    let mut cursor = FeedCursor::default();
    loop {
        let (page, next) = store.members_changed(cursor, 100).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
        cursor = next;
    }
}

#[tokio::test]
async fn a_hosts_pool_and_tables_are_left_alone() {
    let database = Postgres::shared().database("host").await;
    let pool = PgPoolOptions::new().max_connections(3).connect(&database.url).await.unwrap();
    sqlx::raw_sql(
        "CREATE TABLE member (name text); INSERT INTO member VALUES ('the host''s own');
         CREATE TABLE _sqlx_migrations (host int); CREATE TABLE room (host int)",
    )
    .execute(&pool)
    .await
    .unwrap();

    let store = PgStore::new(pool.clone());
    store.migrate().await.unwrap();
    store.health().await.unwrap();
    store.commit(work([put_member(member(1), Expect::New), put_member(member(2), Expect::New)])).await.unwrap();
    store.commit(work([Change::PutRoom(room(5, 1, 2), Expect::New)])).await.unwrap();
    store.commit(work([Change::Append(message(5, 1, 1))])).await.unwrap();
    store.commit(work([Change::Erase { member: id(2), tombstone: id(9) }])).await.unwrap();

    // Every connection of the pool, at once, so that none is asked twice.
    let mut connections = Vec::new();
    for _ in 0..3 {
        connections.push(pool.acquire().await.unwrap());
    }
    for connection in &mut connections {
        let (path, rows): (String, i64) =
            sqlx::query_as("SELECT current_setting('search_path'), (SELECT count(*) FROM member)")
                .fetch_one(&mut **connection)
                .await
                .unwrap();
        assert_eq!(path, "\"$user\", public");
        assert_eq!(rows, 1);
    }
    drop(connections);
    let public: Vec<String> =
        sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(public, ["_sqlx_migrations", "member", "room"]);
}

#[tokio::test]
async fn stores_in_two_schemas_of_one_database_do_not_meet() {
    let (database, first) = fresh("schemas").await;
    assert_eq!(PgStore::new(first.pool().clone()).schema("Bad").err(), Some(InvalidSchema));
    // A reserved word, to be sure that it is quoted.
    let second = PgStore::new(first.pool().clone()).schema("user").unwrap();
    assert!(second.health().await.is_err(), "not migrated yet");
    second.migrate().await.unwrap();
    second.health().await.unwrap();
    let third = Options::new().schema("user").unwrap().connect(&database.url).await.unwrap();

    first.commit(work([put_member(member(1), Expect::New)])).await.unwrap();
    second.commit(work([put_member(member(2), Expect::New), put_member(member(3), Expect::New)])).await.unwrap();
    second.commit(work([put_pair(&pair(2, 3), Expect::New)])).await.unwrap();
    second.commit(work([Change::Erase { member: id(3), tombstone: id(9) }])).await.unwrap();

    assert_eq!(first.members(&[id(1), id(2)]).await.unwrap()[0].value, member(1));
    assert_eq!(third.members(&[id(1), id(2)]).await.unwrap()[0].value, member(2));
    assert_eq!(third.pair(pair(2, 3).key).await.unwrap(), None);
    assert_eq!(whole_feed(&first).await.len(), 1);
}

#[tokio::test]
async fn several_instances_may_migrate_at_once() {
    let database = Postgres::shared().database("migrate").await;
    let mut instances = JoinSet::new();
    for _ in 0..6 {
        let url = database.url.clone();
        instances.spawn(async move {
            let store = PgStore::connect(&url).await?;
            store.migrate().await?;
            store.health().await
        });
    }
    for result in instances.join_all().await {
        result.unwrap();
    }
}

#[tokio::test]
async fn a_role_without_rights_on_the_database_may_use_a_schema_made_for_it() {
    let database = Postgres::shared().database("rights").await;
    let admin = PgPool::connect(&database.url).await.unwrap();
    let role = format!("tenant{}", std::process::id());
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE ROLE {role} LOGIN; CREATE SCHEMA gpting AUTHORIZATION {role}")))
        .execute(&admin)
        .await
        .unwrap();
    let tenant = database.url.replacen("postgres@", &format!("{role}@"), 1);
    let store = PgStore::connect(&tenant).await.unwrap();
    store.migrate().await.unwrap();
    store.health().await.unwrap();
    store.close().await;
    sqlx::raw_sql(AssertSqlSafe(format!("DROP OWNED BY {role}; DROP ROLE {role}"))).execute(&admin).await.unwrap();
}

#[tokio::test]
async fn an_unknown_table_is_not_taken_for_a_lost_connection() {
    let database = Postgres::shared().database("unmigrated").await;
    let store = PgStore::connect(&database.url).await.unwrap();
    assert!(matches!(store.health().await, Err(StoreError::Internal(_))));
    store.close().await;
    assert!(matches!(store.health().await, Err(StoreError::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_sent_many_times_at_once_is_there_once() {
    let (_database, store) = fresh("resend").await;
    store.commit(work([Change::PutRoom(room(5, 1, 2), Expect::New)])).await.unwrap();
    for round in 0..20 {
        let client_msg_id = Some(Uuid::from_u128(round));
        let mut senders = JoinSet::new();
        for attempt in 0..8 {
            let store = Arc::clone(&store);
            senders.spawn(async move {
                let number = i64::try_from(round).unwrap() * 100 + attempt + 1;
                let append = Change::Append(NewMessage { client_msg_id, ..message(5, 1, number) });
                // Every other time within a larger work, which takes the other path.
                let mut work = work([append]);
                if attempt % 2 == 0 {
                    work = work.change(Change::MarkRead {
                        room: RoomId::new(5).unwrap(),
                        member: id(2),
                        seq: 1,
                        shown: true,
                    });
                }
                store.commit(work).await.unwrap().appended.remove(0)
            });
        }
        let answers = senders.join_all().await;
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
        assert!(answers.iter().all(|answer| answer.message == answers[0].message));
    }
    let stored = store.messages(RoomId::new(5).unwrap(), MessageRange::After(0), 100, None).await.unwrap();
    let places: Vec<u64> = stored.iter().map(|message| message.seq).collect();
    assert_eq!(places, (1..=20).collect::<Vec<_>>(), "no place is burned by a resend");
}

#[tokio::test(flavor = "multi_thread")]
async fn works_that_touch_rows_in_opposite_orders_never_deadlock() {
    let (_database, store) = fresh("deadlock").await;
    let (one, two) = (room(1, 1, 2), room(2, 1, 2));
    store
        .commit(work([Change::PutRoom(one.clone(), Expect::New), Change::PutRoom(two.clone(), Expect::New)]))
        .await
        .unwrap();
    let mut writers = JoinSet::new();
    for writer in 0..8_i64 {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            for turn in 0..40 {
                let number = writer * 1_000 + turn * 2 + 1;
                let (first, second) = if writer % 2 == 0 { (1, 2) } else { (2, 1) };
                let appends = [
                    Change::MarkRead { room: RoomId::new(second).unwrap(), member: id(1), seq: 1, shown: true },
                    Change::Append(message(first, 1, number)),
                    Change::Append(message(second, 1, number + 1)),
                ];
                store.commit(work(appends)).await.unwrap();
                let (a, b) = if writer % 2 == 0 { (7, 3) } else { (3, 7) };
                let serve =
                    Change::Serve { viewer: id(5), candidates: [a, b, a].map(|n| id(n).into()).to_vec(), at: at(turn) };
                store.commit(work([serve])).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    for room in [one.id, two.id] {
        let stored = store.messages(room, MessageRange::After(0), 1_000, None).await.unwrap();
        let places: Vec<u64> = stored.iter().map(|message| message.seq).collect();
        assert_eq!(places, (1..=320).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_skips_nobody_however_commits_overlap() {
    let (_database, store) = fresh("feed").await;
    let mut writers = JoinSet::new();
    for writer in 0..7_i64 {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            for turn in 0..30 {
                let first = writer * 1_000 + turn * 3 + 1;
                store
                    .commit(work((first..first + 3).map(|value| put_member(member(value), Expect::New))))
                    .await
                    .unwrap();
            }
        });
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut cursor = FeedCursor::default();
    let mut writing = true;
    loop {
        let (page, next) = store.members_changed(cursor, 7).await.unwrap();
        for entry in &page {
            let FeedEntry::Put(put) = entry else { panic!("nobody was erased") };
            seen.insert(put.value.id);
        }
        cursor = next;
        if page.is_empty() && !writing {
            break;
        }
        while writers.try_join_next().is_some() {}
        writing = !writers.is_empty();
    }
    assert_eq!(seen.len(), 7 * 30 * 3);
}

#[tokio::test]
async fn a_long_transaction_of_the_host_does_not_hold_the_feed_back() {
    let (database, store) = fresh("long").await;
    store.commit(work([put_member(member(1), Expect::New)])).await.unwrap();
    let host = PgPool::connect(&database.url).await.unwrap();
    let mut open = host.begin().await.unwrap();
    sqlx::query("SELECT pg_current_xact_id(), count(*) FROM gpting.member").execute(&mut *open).await.unwrap();
    store.commit(work([put_member(member(2), Expect::New)])).await.unwrap();
    assert_eq!(whole_feed(&store).await.len(), 2);
    open.rollback().await.unwrap();
}

#[tokio::test]
async fn the_feed_waits_for_a_slow_writer_and_loses_nobody() {
    let (database, store) = fresh("horizon").await;
    store.commit(work([Change::PutRoom(room(5, 1, 2), Expect::New)])).await.unwrap();
    let host = PgPool::connect(&database.url).await.unwrap();
    let mut obstacle = host.begin().await.unwrap();
    sqlx::query("SELECT FROM gpting.room FOR UPDATE").execute(&mut *obstacle).await.unwrap();
    // Has its place in the feed by its first change, and waits for the room before it comes to the member.
    let slow = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            let serve = Change::Serve { viewer: id(1), candidates: vec![id(2).into()], at: at(1) };
            let reopen = Change::PutRoom(room(5, 1, 2), Expect::Version(1));
            store.commit(work([serve, reopen, put_member(member(3), Expect::New)])).await
        }
    });
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&host).await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    store.commit(work([put_member(member(2), Expect::New)])).await.unwrap();
    let started = Instant::now();
    let (page, cursor) = store.members_changed(FeedCursor::default(), 10).await.unwrap();
    assert!(page.is_empty(), "the second came later and must not be told first: {page:?}");
    assert!(started.elapsed() < Duration::from_secs(5), "not waited for without end");
    obstacle.rollback().await.unwrap();
    slow.await.unwrap().unwrap();
    let (page, _) = store.members_changed(cursor, 10).await.unwrap();
    let told: Vec<MemberId> = page
        .iter()
        .map(|entry| if let FeedEntry::Put(put) = entry { put.value.id } else { panic!("nobody is gone") })
        .collect();
    assert_eq!(told, [id(3), id(2)]);
}

#[tokio::test]
async fn the_feed_goes_on_after_a_restore_into_a_younger_server() {
    let (_database, store) = fresh("restore").await;
    store.commit(work([put_member(member(1), Expect::New), put_member(member(2), Expect::New)])).await.unwrap();
    store.commit(work([Change::Erase { member: id(2), tombstone: id(9) }])).await.unwrap();
    sqlx::raw_sql("UPDATE gpting.member SET change = '900000000000'; UPDATE gpting.erased SET change = '900000000000'")
        .execute(store.pool())
        .await
        .unwrap();
    assert!(whole_feed(&store).await.is_empty());
    store.migrate().await.unwrap();
    assert_eq!(whole_feed(&store).await.len(), 2);
}

#[tokio::test]
async fn a_taken_value_is_told_apart_from_a_taken_row() {
    let (_database, store) = fresh("conflict").await;
    let with_host = |value, host: &str| Member { host: Some(HostId::new(host)), ..member(value) };
    store.commit(work([put_member(with_host(1, "a"), Expect::New)])).await.unwrap();
    let taken = store.commit(work([put_member(with_host(2, "a"), Expect::New)])).await;
    assert!(matches!(taken, Err(StoreError::Conflict { what: Unique::Host })), "{taken:?}");
    let again = store.commit(work([put_member(with_host(1, "b"), Expect::New)])).await;
    assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");
    let batch =
        store.commit(work([put_member(member(3), Expect::New), put_member(with_host(4, "a"), Expect::New)])).await;
    assert!(matches!(batch, Err(StoreError::Conflict { what: Unique::Host })), "{batch:?}");
    let twice = store.commit(work([put_member(member(3), Expect::New), put_member(member(3), Expect::New)])).await;
    assert!(matches!(twice, Err(StoreError::Stale)), "{twice:?}");
    assert!(store.members(&[id(3), id(4)]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_nul_is_refused_whole() {
    let (_database, store) = fresh("nul").await;
    store.commit(work([Change::PutRoom(room(5, 1, 2), Expect::New)])).await.unwrap();
    let text = "before\0after".to_owned();
    let failed = store.commit(work([Change::Append(NewMessage { text, ..message(5, 1, 1) })])).await;
    assert!(matches!(failed, Err(StoreError::Internal(_))), "{failed:?}");
    let mut nul = member(1);
    nul.profile.bio = "\0".to_owned();
    let failed = store.commit(work([put_member(nul, Expect::New)])).await;
    assert!(matches!(failed, Err(StoreError::Internal(_))), "{failed:?}");
    assert_eq!(store.room(RoomId::new(5).unwrap()).await.unwrap().unwrap().value.last_seq, 0);
}

#[tokio::test]
async fn an_unreadable_document_names_its_row() {
    let (_database, store) = fresh("corrupt").await;
    store.commit(work([put_member(member(7), Expect::New)])).await.unwrap();
    sqlx::raw_sql("UPDATE gpting.member SET document = document - 'standing'").execute(store.pool()).await.unwrap();
    let error = store.members(&[id(7)]).await.unwrap_err();
    assert_eq!(error.to_string(), "member 7: stored document cannot be read");
}

#[tokio::test]
async fn events_of_a_work_follow_its_change_and_its_fate() {
    let (_database, store) = fresh("events").await;
    let (a, b) = (id(1), id(2));
    let liked = Event { at: at(1), fact: Fact::Liked { member: a, other: b } };
    let blocked = Event { at: at(2), fact: Fact::Blocked { member: b, other: a } };
    let put = || Work::new().change(put_pair(&pair(1, 2), Expect::New)).event(liked.clone()).event(blocked.clone());
    store.commit(put()).await.unwrap();
    assert!(matches!(store.commit(put()).await, Err(StoreError::Stale)));
    let stored: Vec<Event> = store.events(0, 10).await.unwrap().into_iter().map(|stored| stored.event).collect();
    assert_eq!(stored, [liked, blocked]);
}

#[tokio::test]
async fn erasure_leaves_the_id_in_no_table_but_for_the_feed() {
    let (_database, store) = fresh("erase").await;
    let canary: i64 = 7_777_777_777_777;
    let mut erased = member(canary);
    erased.profile.bio = "canary-bio".to_owned();
    let mut known = pair(canary, 2);
    known.like(known.key.side(id(canary)).unwrap(), at(1), Some("canary-line".to_owned())).unwrap();
    let report = Report {
        id: ReportId::new(1).unwrap(),
        reporter: id(canary),
        subject: id(2),
        entries: Vec::new(),
        opened_at: at(0),
        closed_at: None,
        keep_until: at(9),
    };
    let said = NewMessage { text: "canary-text".to_owned(), ..message(5, canary, 1) };
    store
        .commit(work([
            put_member(erased, Expect::New),
            put_member(member(2), Expect::New),
            put_pair(&known, Expect::New),
            Change::PutRoom(room(5, canary, 2), Expect::New),
            Change::PutRoom(room(6, canary, 3), Expect::New),
            Change::Append(said),
            Change::Append(message(5, 2, 2)),
            Change::Serve { viewer: id(canary), candidates: vec![id(2).into()], at: at(1) },
            Change::Serve { viewer: id(2), candidates: vec![id(canary).into()], at: at(1) },
            Change::PutReport(Box::new(report), Expect::New),
        ]))
        .await
        .unwrap();
    assert_eq!(store.listed(id(2), PairList::LikedMe).await.unwrap(), [id(canary)]);
    store.commit(work([Change::Erase { member: id(canary), tombstone: id(11) }])).await.unwrap();

    let tables: Vec<String> = sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'gpting'")
        .fetch_all(store.pool())
        .await
        .unwrap();
    assert!(tables.len() > 10);
    for table in tables.iter().filter(|table| *table != "erased") {
        let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
            "SELECT row::text FROM gpting.{table} AS row WHERE row::text LIKE '%{canary}%' OR row::text LIKE '%canary%'"
        )))
        .fetch_all(store.pool())
        .await
        .unwrap();
        assert!(found.is_empty(), "{table}: {found:?}");
    }
    let overview = store.room_overview(id(2), RoomId::new(5).unwrap()).await.unwrap().unwrap();
    assert_eq!(overview.room.pair, PairKey::of(id(2), id(11)).unwrap());
    assert!(matches!(&whole_feed(&store).await[..], [FeedEntry::Put(_), FeedEntry::Gone(gone)] if *gone == id(canary)));

    // A device of theirs that is still sending brings nothing back.
    assert!(matches!(store.commit(work([Change::Append(message(5, canary, 3))])).await, Err(StoreError::Stale)));
    store.commit(work([Change::Erase { member: id(2), tombstone: id(12) }])).await.unwrap();
    assert_eq!(store.room(RoomId::new(5).unwrap()).await.unwrap(), None, "both are gone");
    assert!(store.messages(RoomId::new(5).unwrap(), MessageRange::After(0), 9, None).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_of_one_room_may_be_erased_while_they_talk() {
    let (_database, store) = fresh("erasing").await;
    for turn in 0..10_i64 {
        let (a, b, place) = (turn * 10 + 1, turn * 10 + 2, turn + 1);
        store
            .commit(work([
                put_member(member(a), Expect::New),
                put_member(member(b), Expect::New),
                put_pair(&pair(a, b), Expect::New),
                Change::PutRoom(room(place, a, b), Expect::New),
            ]))
            .await
            .unwrap();
        let mut tasks = JoinSet::new();
        for (who, tombstone) in [(a, 5_000 + a), (b, 5_000 + b)] {
            let writer = Arc::clone(&store);
            tasks.spawn(async move {
                for number in 1..20 {
                    match writer.commit(work([Change::Append(message(place, who, number))])).await {
                        Ok(_) | Err(StoreError::Stale) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                }
            });
            let eraser = Arc::clone(&store);
            tasks.spawn(async move {
                let erase = Change::Erase { member: id(who), tombstone: id(tombstone) };
                eraser.commit(work([erase])).await.unwrap();
            });
        }
        tasks.join_all().await;
        assert_eq!(store.room(RoomId::new(place).unwrap()).await.unwrap(), None);
        let left = store.messages(RoomId::new(place).unwrap(), MessageRange::After(0), 100, None).await.unwrap();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_members_come_in_by_few_statements() {
    let (_database, store) = fresh("import").await;
    let started = Instant::now();
    for thousand in 0..5_i64 {
        let newcomers = (1..=1_000).map(|number| {
            let value = thousand * 1_000 + number;
            let mut newcomer = member(value);
            newcomer.source = Some(format!("old:{value}"));
            newcomer.profile.bio = "안녕하세요. 주말에는 산에 가고 책을 읽어요. ".repeat(4);
            put_member(newcomer, Expect::New)
        });
        store.commit(work(newcomers)).await.unwrap();
    }
    let took = started.elapsed();
    let found = store.members_by_source(&["old:1".to_owned(), "old:5000".to_owned()]).await.unwrap();
    assert_eq!(found.len(), 2);
    assert!(took < Duration::from_secs(5), "5,000 members took {took:?}");
}

#[tokio::test]
async fn a_job_is_leased_by_one_of_many() {
    let (_database, store) = fresh("lease").await;
    let task = Task::Erase { member: id(1) };
    let job = Job::new(JobId::new(1).unwrap(), task, at(0));
    store.commit(work([Change::PutJob(job, Expect::New)])).await.unwrap();
    let due = store.due_jobs(&Task::KINDS, at(0), 10).await.unwrap().remove(0);
    let mut runners = JoinSet::new();
    for _ in 0..8 {
        let (store, due) = (Arc::clone(&store), due.clone());
        runners.spawn(async move {
            let leased = Job { run_at: at(60_000_000), attempts: 1, ..due.value.clone() };
            store.commit(work([Change::PutJob(leased, due.expect())])).await.is_ok()
        });
    }
    assert_eq!(runners.join_all().await.into_iter().filter(|leased| *leased).count(), 1);
    assert!(store.due_jobs(&Task::KINDS, at(1), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn lists_are_read_by_their_index() {
    let (_database, store) = fresh("plans").await;
    for other in 2..200 {
        let mut liked = pair(1, other);
        liked.like(liked.key.side(id(1)).unwrap(), at(other), None).unwrap();
        store.commit(work([put_pair(&liked, Expect::New)])).await.unwrap();
    }
    let newest = store.list_pairs(id(1), PairList::Decided, Page::first(3)).await.unwrap();
    let others: Vec<MemberId> = newest.iter().map(|pair| pair.key.other(id(1))).collect();
    assert_eq!(others, [id(199), id(198), id(197)]);
    let plan: Vec<String> = sqlx::query_scalar(
        "EXPLAIN SELECT at, other FROM gpting.pair_list WHERE member = 1 AND list = 1 AND (at, other) < (9, 9)
         ORDER BY at DESC, other DESC LIMIT 3",
    )
    .fetch_all(store.pool())
    .await
    .unwrap();
    assert!(plan.iter().any(|line| line.contains("pair_list_page")), "{plan:?}");
}
