//! Commits on PostgreSQL as the database sees them: what is sent most is one round trip, and works that the database gives
//! up for somebody else's are done over without their caller knowing.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gpting_core::chat::{NewMessage, Room};
use gpting_core::event::{Event, Fact};
use gpting_core::id::{MemberId, MessageId, RoomId};
use gpting_core::interaction::{Pair, PairKey, Side};
use gpting_core::store::{Change, Expect, Store, StoreError, Work};
use gpting_store_pg::{Options, PgStore};
use gpting_tests::Postgres;
use gpting_tests::postgres::Database;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use uuid::Uuid;

fn at(micros: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(1_800_000_000_000_000 + micros).unwrap()
}

fn id(value: i64) -> MemberId {
    MemberId::new(value).unwrap()
}

fn room_id(value: i64) -> RoomId {
    RoomId::new(value).unwrap()
}

fn key() -> PairKey {
    PairKey::of(id(1), id(2)).unwrap()
}

fn open(room: i64) -> Change {
    Change::PutRoom(Room::open(room_id(room), key(), at(0)), Expect::New)
}

fn append(room: i64, number: i64) -> Change {
    let client_msg_id = Some(Uuid::from_u128(u128::try_from(number).unwrap()));
    let message = MessageId::new(number).unwrap();
    let text = format!("message {number}");
    Change::Append(NewMessage { id: message, room: room_id(room), sender: id(1), text, at: at(number), client_msg_id })
}

fn work(changes: impl IntoIterator<Item = Change>) -> Work {
    changes.into_iter().fold(Work::new(), Work::change)
}

async fn fresh(hint: &str) -> (Database, Arc<PgStore>) {
    let database = Postgres::shared().database(hint).await;
    let store = Options::new().max_connections(4).connect(&database.url).await.unwrap();
    store.migrate().await.unwrap();
    (database, Arc::new(store))
}

/// Waits until somebody waits for a row of the database.
async fn until_waiting(host: &mut PgConnection) {
    const WAITING: &str = "SELECT EXISTS (SELECT FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock')";
    // Asked from inside a transaction the view would stay as it was first read.
    while !sqlx::query_scalar::<_, bool>(WAITING).fetch_one(&mut *host).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_that_lost_a_deadlock_is_done_over() {
    let (database, store) = fresh("deadlock").await;
    store.commit(work([open(1), open(2)])).await.unwrap();
    let mut watch = PgConnection::connect(&database.url).await.unwrap();
    let mut host = PgConnection::connect(&database.url).await.unwrap();
    // The host's own statements take rows in another order than the store does.
    let mut theirs = host.begin().await.unwrap();
    theirs.execute("SELECT FROM gpting.room WHERE id = 2 FOR UPDATE").await.unwrap();
    let writer = Arc::clone(&store);
    let ours = tokio::spawn(async move { writer.commit(work([append(1, 1), append(2, 2)])).await });
    until_waiting(&mut watch).await;
    // Now each waits for the other. Whoever has waited for a second finds out and is ended: that is the store.
    theirs.execute("SET LOCAL deadlock_timeout = '60s'").await.unwrap();
    theirs.execute("SELECT FROM gpting.room WHERE id = 1 FOR UPDATE").await.unwrap();
    theirs.commit().await.unwrap();
    let done = ours.await.unwrap().unwrap();
    let places: Vec<u64> = done.appended.iter().map(|appended| appended.message.seq).collect();
    assert_eq!(places, [1, 1], "once in each room");
    assert!(done.appended.iter().all(|appended| !appended.replayed), "nothing of the first try is left");
    assert!(Postgres::shared().log().contains("deadlock detected"), "there was one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_came_too_late_is_done_over() {
    let (database, store) = fresh("late").await;
    store.commit(work([open(1)])).await.unwrap();
    // A host whose pool is stricter than the store asks for.
    let strict = PgPoolOptions::new().max_connections(2).after_connect(|connection, _| {
        Box::pin(async move {
            connection.execute("SET default_transaction_isolation = 'repeatable read'").await?;
            Ok(())
        })
    });
    let strict = PgStore::new(strict.connect(&database.url).await.unwrap());
    let mut watch = PgConnection::connect(&database.url).await.unwrap();
    let mut host = PgConnection::connect(&database.url).await.unwrap();
    let mut theirs = host.begin().await.unwrap();
    theirs.execute("UPDATE gpting.room SET activity = activity WHERE id = 1").await.unwrap();
    let ours = tokio::spawn(async move { strict.commit(work([append(1, 1)])).await });
    until_waiting(&mut watch).await;
    theirs.commit().await.unwrap();
    let done = ours.await.unwrap().unwrap();
    assert_eq!(done.appended[0].message.seq, 1);
    assert!(Postgres::shared().log().contains("could not serialize access"), "it came too late once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_has_changed_is_still_told() {
    let (_database, store) = fresh("stale").await;
    store.commit(work([open(1)])).await.unwrap();
    let again = store.commit(work([open(1)])).await;
    assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");
}

/// How a pool asks a connection that it is given back whether it still lives. Nobody waits for the answer.
const SYNC: &[u8] = b"S\0\0\0\x04";

/// Passes on what a client and the server say to each other, and counts how often the client has spoken after the server.
fn counting(server: &Path, folder: &Path) -> Arc<AtomicUsize> {
    let turns = Arc::new(AtomicUsize::new(0));
    let listener = UnixListener::bind(folder.join(".s.PGSQL.5432")).unwrap();
    let (counted, server) = (Arc::clone(&turns), server.join(".s.PGSQL.5432"));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = UnixStream::connect(&server).await.unwrap();
            tokio::spawn(pass_on(client, server, Arc::clone(&counted)));
        }
    });
    turns
}

async fn pass_on(mut client: UnixStream, mut server: UnixStream, turns: Arc<AtomicUsize>) -> std::io::Result<()> {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    let mut is_theirs = true;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                if is_theirs && &asked[..read] != SYNC {
                    turns.fetch_add(1, Ordering::SeqCst);
                }
                is_theirs = false;
                server.write_all(&asked[..read]).await?;
            }
            read = server.read(&mut answered) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                is_theirs = true;
                client.write_all(&answered[..read]).await?;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_most_is_one_round_trip() {
    let (database, store) = fresh("trips").await;
    store.commit(work([open(1)])).await.unwrap();
    let options: PgConnectOptions = database.url.parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let turns = counting(options.get_socket().unwrap(), folder.path());
    let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false);
    let pool: PgPool = pool.connect_with(options.socket(folder.path())).await.unwrap();
    let counted = PgStore::new(pool);

    let said = |number| {
        let fact = Fact::MessageSent {
            member: id(1),
            other: id(2),
            room: room_id(1),
            message: MessageId::new(number).unwrap(),
            muted: false,
        };
        work([append(1, number)]).event(Event { at: at(number), fact })
    };
    let mut liked = Pair::strangers(key());
    liked.like(Side::Low, at(1), None).unwrap();
    let put = |expect| {
        let fact = Fact::Liked { member: id(1), other: id(2) };
        work([Change::PutPair(Box::new(liked.clone()), expect)]).event(Event { at: at(1), fact })
    };
    let read = |seq| work([Change::MarkRead { room: room_id(1), member: id(2), seq, shown: true }]);
    // The first time a connection sends a statement, the server is asked to prepare it.
    counted.commit(said(1)).await.unwrap();
    counted.commit(put(Expect::New)).await.unwrap();
    counted.commit(put(Expect::Version(1))).await.unwrap();
    counted.commit(read(1)).await.unwrap();
    let works = [
        ("a message with its event", said(2)),
        ("a message sent again", said(2)),
        ("a decision with its event", put(Expect::Version(2))),
        ("a read mark", read(2)),
    ];
    for (what, work) in works {
        let before = turns.load(Ordering::SeqCst);
        counted.commit(work).await.unwrap();
        assert_eq!(turns.load(Ordering::SeqCst) - before, 1, "round trips of {what}");
    }
}
