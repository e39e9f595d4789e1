//! Connections with nobody at the other end: a line that swallows everything both ways and is never closed, a socket on
//! which nobody says who they are. The server notices by itself, within the documented times, as they are delivered; and
//! a socket with somebody there goes on although the token it was opened with has long run out.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]
#![expect(clippy::print_stderr, reason = "the times that were measured are told")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gpting_core::config::Config;
use gpting_store_sqlite::SqliteStore;
use gpting_tests::socket::SOON;
use gpting_tests::{Crowd, Face, Server, Settings, Socket};
use jiff::SignedDuration;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Whoever is not there any more is gone after this time: twenty seconds of silence, ten for an answer, and some.
const GONE: Duration = Duration::from_secs(40);
/// Whoever does not say who they are is shown out after this time.
const UNKNOWN: Duration = Duration::from_secs(6);
/// How long anything else may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// A line that swallows everything, both ways, once it is told to; it is never closed.
#[derive(Debug)]
struct BlackHole {
    address: SocketAddr,
    swallows: Arc<AtomicBool>,
}

impl BlackHole {
    /// In front of a server.
    async fn before(server: &Server) -> Self {
        let (listener, port) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), server.port());
        let hole = Self { address: listener.local_addr().unwrap(), swallows: Arc::default() };
        let swallows = Arc::clone(&hole.swallows);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let ((a, b), (c, d)) = (client.into_split(), server.into_split());
                tokio::spawn(carry(a, d, Arc::clone(&swallows)));
                tokio::spawn(carry(c, b, Arc::clone(&swallows)));
            }
        });
        hole
    }

    fn socket_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    fn swallow(&self) {
        self.swallows.store(true, Ordering::Relaxed);
    }
}

/// Carries bytes one way until it is to swallow them; then holds both ends for ever, whatever becomes of them.
async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    swallows: Arc<AtomicBool>,
) {
    let mut bytes = [0; 4096];
    loop {
        let read = from.read(&mut bytes).await;
        if swallows.load(Ordering::Relaxed) {
            match read {
                Ok(1..) => continue,
                Ok(0) | Err(_) => std::future::pending().await,
            }
        }
        match read {
            Ok(count @ 1..) if to.write_all(&bytes[..count]).await.is_ok() => {}
            _ => return,
        }
    }
}

async fn crowd(server: &Server, config: Config) -> (Crowd<SqliteStore>, Arc<SqliteStore>) {
    let store = Arc::new(SqliteStore::open(server.data_dir().join("gpting.db")).await.unwrap());
    (Crowd::with(server, Arc::clone(&store), config).await, store)
}

async fn enter(base: &str, face: &Face) -> Socket {
    let bearer = format!("Bearer {}", face.access);
    let mut socket = Socket::open(&format!("{base}/ws/"), &[("authorization", &bearer)]).await.unwrap();
    socket.next_of_type("ready", SOON).await;
    socket
}

async fn open_sockets(server: &Server) -> u64 {
    let answer = reqwest::get(format!("{}/metrics", server.admin_url())).await.unwrap().text().await.unwrap();
    let line = answer.lines().find_map(|line| line.strip_prefix("gpting_sockets_open "));
    line.expect("a documented metric").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_black_hole_is_noticed_in_forty_seconds() {
    let server = Server::start(Settings::sqlite()).await;
    let (mut crowd, store) = crowd(&server, Config::default()).await;
    let hole = BlackHole::before(&server).await;
    let mut couples = Vec::new();
    // In one room nothing is said, in the other much, to somebody who is not there to hear it.
    for talks in [false, true] {
        let (lost, partner) = (crowd.face().await, crowd.face().await);
        let room = crowd.befriend(&lost, &partner).await;
        let mut watching = enter(&server.socket_url(), &partner).await;
        let mut lost = enter(&hole.socket_url(), &lost).await;
        lost.send(&json!({"type": "presence", "room_id": room})).await;
        assert_eq!(watching.next_of_type("presence", SOON).await["online"], true);
        couples.push((talks, room, lost, watching));
    }
    assert_eq!(open_sockets(&server).await, 4);
    hole.swallow();
    let since = Instant::now();
    let mut waiting = tokio::task::JoinSet::new();
    for (talks, room, lost, mut watching) in couples {
        waiting.spawn(async move {
            loop {
                if talks {
                    watching.send(&json!({"type": "message", "room_id": room, "message": "거기 있어요?"})).await;
                }
                let told = watching.find(Duration::from_millis(200), |frame| frame["type"] == "presence").await;
                if let Some(told) = told {
                    assert_eq!(told["online"], false);
                    // Until now the line was held open.
                    drop(lost);
                    return (talks, since.elapsed(), watching);
                }
                assert!(since.elapsed() < PATIENCE && !watching.is_closed(), "nobody noticed");
            }
        });
    }
    let mut watching = Vec::new();
    while let Some(told) = waiting.join_next().await {
        let (talks, took, socket) = told.unwrap();
        let how = if talks { "spoken to" } else { "in silence" };
        eprintln!("a black hole {how}: presence gone after {took:.1?}");
        assert!(took <= GONE, "{took:?}");
        watching.push(socket);
    }
    // The connections too, and nobody else's.
    while open_sockets(&server).await > 2 {
        assert!(since.elapsed() < PATIENCE, "the connections are still there");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    eprintln!("both connections gone after {:.1?}", since.elapsed());
    assert!(since.elapsed() <= GONE, "{:?}", since.elapsed());
    assert!(watching.iter().all(|socket| !socket.is_closed()));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_say_who_they_are_is_shown_out_in_six_seconds() {
    let server = Server::start(Settings::sqlite()).await;
    let url = format!("{}/ws/", server.socket_url());
    let mut waiting = tokio::task::JoinSet::new();
    // Silent, or busy saying something else: the time runs from the opening.
    for says in [None, Some("nonsense"), Some("{\"type\":\"dance\"}")] {
        let mut socket = Socket::open(&url, &[]).await.unwrap();
        let since = Instant::now();
        waiting.spawn(async move {
            loop {
                if let Some(text) = says
                    && !socket.is_closed()
                {
                    let _ = socket.try_send_text(text).await;
                }
                if let Some(code) = socket.closed(Duration::from_millis(300)).await {
                    return (says, code, since.elapsed());
                }
                assert!(since.elapsed() < PATIENCE, "still there");
            }
        });
    }
    // And one whose first frame never ends: a text of ten bytes, of which two come.
    let mut half = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    half.write_all(
        b"GET /ws/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )
    .await
    .unwrap();
    half.write_all(&[0x81, 0x8a, 0, 0, 0, 0, b'{', b'"']).await.unwrap();
    let (since, mut seen) = (Instant::now(), Vec::new());
    tokio::time::timeout(PATIENCE, half.read_to_end(&mut seen)).await.expect("it is closed").unwrap();
    let took = since.elapsed();
    assert!(seen.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&seen));
    eprintln!("half a frame: closed after {took:.1?}");
    // The closing handshake, which it does not take part in either, has two seconds more.
    assert!(took >= Duration::from_secs(4) && took <= UNKNOWN + Duration::from_secs(2), "{took:?}");
    while let Some(ended) = waiting.join_next().await {
        let (says, code, took) = ended.unwrap();
        eprintln!("who says {says:?}: closed with {code} after {took:.1?}");
        assert_eq!(code, 4401);
        assert!(took >= Duration::from_secs(4) && took <= UNKNOWN, "{took:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_outlives_its_token_on_one_connection() {
    let server = Server::start(Settings::sqlite()).await;
    let mut config = Config::default();
    config.accounts.access_ttl = SignedDuration::from_secs(5);
    let (mut crowd, store) = crowd(&server, config).await;
    let (a, b) = (crowd.face().await, crowd.face().await);
    let room = crowd.befriend(&a, &b).await;
    let (mut hers, mut his) = (enter(&server.socket_url(), &a).await, enter(&server.socket_url(), &b).await);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let asked = |face: &Face| {
        let url = format!("{}/api/accounts/current-user/", server.url());
        let request = http.get(url).bearer_auth(&face.access);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    let since = Instant::now();
    while asked(&a).await != 401 || asked(&b).await != 401 {
        assert!(since.elapsed() < PATIENCE, "tokens that do not run out");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let say = json!({"type": "message", "room_id": room, "message": "아직 여기"});
    hers.send(&say).await;
    assert_eq!(hers.next_of_type("ack", SOON).await["seq"], 1);
    assert_eq!(his.next_of_type("message", SOON).await["seq"], 1);
    his.send(&json!({"type": "read", "room_id": room, "seq": 1})).await;
    let read = |frame: &serde_json::Value| frame["type"] == "read" && frame["is_mine"] == false;
    assert_eq!(hers.find(SOON, read).await.expect("a mark")["seq"], 1);
    // Through a ping and its answer, and several looks at whose session has ended.
    let quiet = Duration::from_secs(22);
    let (mine, theirs) = tokio::join!(hers.closed(quiet), his.closed(quiet));
    assert_eq!((mine, theirs), (None, None));
    his.send(&say).await;
    assert_eq!(hers.find(SOON, |frame| frame["seq"] == 2).await.expect("the second")["type"], "message");
    let (url, bearer) = (format!("{}/ws/", server.socket_url()), format!("Bearer {}", a.access));
    let late = Socket::open(&url, &[("authorization", &bearer)]).await;
    assert_eq!(late.err(), Some(401), "the same token opens nothing any more");
    store.close().await;
}
