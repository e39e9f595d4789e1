//! Sockets over a real connection: entering, talking, coming back, and being shown out.

use std::sync::LazyLock;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use gpting_http::HttpOptions;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tower::ServiceExt as _;

use crate::town::Town;

const SOON: Duration = Duration::from_secs(10);

/// The published schema of what a server sends.
static FRAMES: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let published: Value = serde_json::from_str(include_str!("../../../docs/frames.schema.json")).unwrap();
    jsonschema::validator_for(&json!({"$ref": "#/$defs/ServerFrame", "$defs": published["$defs"]})).unwrap()
});

/// Serves the town on bare hyper; answers its address.
pub(crate) async fn serve(town: &Town) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let service = town.service.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service.clone();
            let run = hyper::service::service_fn(move |request| service.clone().oneshot(request));
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), run);
            tokio::spawn(connection.with_upgrades());
        }
    });
    format!("ws://{addr}")
}

/// An open socket, and the protocol that the server chose.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>, pub(crate) Option<String>);

impl Socket {
    pub(crate) async fn open(url: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((stream, answer)) => {
                let protocol = answer.headers().get("sec-websocket-protocol");
                Ok(Self(stream, protocol.map(|protocol| protocol.to_str().unwrap().to_owned())))
            }
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn send(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame of a type.
    pub(crate) async fn next(&mut self, kind: &str) -> Value {
        loop {
            match self.receive().await {
                Ok(frame) if frame["type"] == kind => return frame,
                Ok(_) => {}
                Err(code) => panic!("closed with {code} before `{kind}`"),
            }
        }
    }

    /// The close code, whatever comes before it.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.receive().await {
                return code;
            }
        }
    }

    pub(crate) async fn receive(&mut self) -> Result<Value, u16> {
        loop {
            match tokio::time::timeout(SOON, self.0.next()).await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) => {
                    let frame = serde_json::from_str(&text).unwrap();
                    assert!(FRAMES.is_valid(&frame), "not in the published schema: {frame}");
                    return Ok(frame);
                }
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }
}

#[tokio::test]
async fn two_people_talk_live_and_resume() {
    let town = Town::new().await;
    let (jimin, minho, room) = town.couple().await;
    let base = serve(&town).await;
    let mut hers = Socket::open(&format!("{base}/ws/chat/{room}/?token={}", jimin.access), &[]).await.unwrap();
    let ready = hers.next("ready").await;
    assert_eq!(ready["rooms"][room.to_string()], 0);
    let header = format!("Bearer {}", minho.access);
    let url = format!("{base}/ws/chat/{room}");
    let mut his = Socket::open(&url, &[("authorization", &header)]).await.unwrap();
    his.next("ready").await;

    hers.send(&json!({"message": "안녕하세요"})).await;
    assert_eq!(hers.next("ack").await["seq"], 1);
    let heard = his.next("message").await;
    assert_eq!(
        (&heard["message"], &heard["sender"], &heard["is_mine"]),
        (&json!("안녕하세요"), &json!("jimin"), &json!(false))
    );
    let id = "7f0e9c9e-58b4-4d7c-9f5f-3d6a2f0b8a11";
    for _ in 0..2 {
        his.send(&json!({"type": "message", "room_id": room, "message": "반가워요", "client_msg_id": id})).await;
        let ack = his.next("ack").await;
        assert_eq!((&ack["seq"], &ack["client_msg_id"]), (&json!(2), &json!(id)));
    }
    assert!(hers.next("message").await["is_mine"].as_bool().unwrap());
    assert_eq!(hers.next("message").await["seq"], 2);
    his.send(&json!({"type": "typing"})).await;
    assert_eq!(hers.next("typing").await["member_id"], minho.id);
    hers.send(&json!({"message": "주말에 시간 있어요?"})).await;
    while his.next("message").await["seq"] != 3 {}
    his.send(&json!({"type": "read", "seq": 3})).await;
    loop {
        let read = hers.next("read").await;
        if read["member_id"] == minho.id && read["seq"] == 3 {
            assert_eq!(read["is_mine"], false);
            break;
        }
    }
    hers.send(&json!({"type": "ping"})).await;
    assert_eq!(hers.next("pong").await["rooms"][room.to_string()], 3);

    drop(his);
    jimin.post(&format!("/api/chat/rooms/{room}/messages/"), &json!({"content": "거기 있어요?"})).await.expect(201);
    let mut his = Socket::open(&url, &[("authorization", &header)]).await.unwrap();
    let ready = his.next("ready").await;
    his.send(&json!({"type": "resume", "epoch": ready["epoch"], "rooms": {room.to_string(): 1}})).await;
    let resumed = his.next("resumed").await;
    assert_eq!((&resumed["room_id"], &resumed["after"], &resumed["head"]), (&json!(room), &json!(1), &json!(4)));
    assert_eq!(his.next("message").await["seq"], 2);
    assert_eq!(his.next("message").await["seq"], 3);
    assert_eq!(his.next("message").await["message"], "거기 있어요?");
    let other = ready["epoch"].as_u64().unwrap() ^ 1;
    his.send(&json!({"type": "resume", "epoch": other, "rooms": {room.to_string(): 1}})).await;
    assert_eq!(his.next("resync_required").await["head"], 4);
}

#[tokio::test]
async fn nobody_else_gets_in() {
    let town = Town::with(HttpOptions { sockets_per_member: 2, ..HttpOptions::default() }).await;
    let (jimin, _, room) = town.couple().await;
    let outsider = town.settled("outsider", "M", &["M"]).await;
    let base = serve(&town).await;
    let refused = async |url: String, headers: &[(&'static str, &str)]| Socket::open(&url, headers).await.err();
    for room in [room.to_string(), "4503599627370497".to_owned(), "x".to_owned()] {
        assert_eq!(
            refused(format!("{base}/ws/chat/{room}/?token={}", outsider.access), &[]).await,
            Some(404),
            "{room}"
        );
    }
    for token in ["", "nonsense", &jimin.refresh] {
        assert_eq!(refused(format!("{base}/ws/chat/{room}/?token={token}"), &[]).await, Some(401), "{token}");
    }
    let url = format!("{base}/ws/chat/{room}/?token={}", jimin.access);
    assert_eq!(refused(url.clone(), &[("origin", "https://evil.example")]).await, Some(403));
    assert_eq!(refused(url.clone(), &[("sec-websocket-version", "12")]).await, Some(426));
    let _first = Socket::open(&url, &[]).await.unwrap();
    let _second = Socket::open(&url, &[]).await.unwrap();
    assert_eq!(refused(url, &[]).await, Some(429), "two are enough here");
}

#[tokio::test]
async fn the_first_frame_may_say_who_it_is() {
    let town = Town::with(HttpOptions { ws_query_token: false, ..HttpOptions::default() }).await;
    let (jimin, _, room) = town.couple().await;
    let outsider = town.settled("outsider", "M", &["M"]).await;
    let base = serve(&town).await;
    let url = format!("{base}/ws/chat/{room}/?token={}", jimin.access);
    let mut socket = Socket::open(&url, &[]).await.unwrap();
    socket.0.send(Message::text("nonsense")).await.unwrap();
    assert_eq!(socket.next("error").await["code"], "malformed_frame");
    socket.send(&json!({"type": "auth", "token": jimin.access})).await;
    socket.next("ready").await;
    socket.send(&json!({"type": "auth", "token": outsider.access})).await;
    assert_eq!(socket.next("error").await["code"], "token_invalid", "a socket stays whose it is");
    socket.send(&json!({"type": "auth", "token": jimin.access})).await;
    socket.next("ready").await;

    let mut stranger = Socket::open(&url, &[]).await.unwrap();
    stranger.send(&json!({"type": "auth", "token": outsider.access})).await;
    assert_eq!(stranger.next("closing").await["code"], 4404);
    assert_eq!(stranger.closed().await, 4404);
    let mut hasty = Socket::open(&url, &[]).await.unwrap();
    hasty.send(&json!({"message": "안녕"})).await;
    assert_eq!(hasty.closed().await, 4401);
    let mut silent = Socket::open(&url, &[]).await.unwrap();
    assert_eq!(silent.closed().await, 4401, "five seconds are enough to say who one is");
}

#[tokio::test]
async fn malformed_frames_are_answered_and_the_socket_lives() {
    let town = Town::new().await;
    let (jimin, _, room) = town.couple().await;
    let base = serve(&town).await;
    let url = format!("{base}/ws/chat/{room}/?token={}", jimin.access);
    let mut socket = Socket::open(&url, &[]).await.unwrap();
    socket.next("ready").await;
    let long = json!({"message": "가".repeat(4_001)}).to_string();
    let foreign = json!({"type": "message", "room_id": 4_503_599_627_370_497_i64, "message": "a"}).to_string();
    let nested = "[".repeat(20_000);
    for (text, code) in [
        ("{", "malformed_frame"),
        ("{\"type\":\"dance\"}", "malformed_frame"),
        ("{\"type\":\"read\",\"seq\":-1}", "validation_failed"),
        (nested.as_str(), "malformed_frame"),
        (long.as_str(), "validation_failed"),
        (foreign.as_str(), "room_not_found"),
    ] {
        socket.0.send(Message::text(text)).await.unwrap();
        assert_eq!(socket.next("error").await["code"], code, "{text:.60}");
    }
    socket.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    socket.next("error").await;
    socket.send(&json!({"message": "alive"})).await;
    assert_eq!(socket.next("message").await["message"], "alive");
    socket.0.send(Message::text("a".repeat(70_000))).await.unwrap();
    assert_eq!(socket.closed().await, 1009, "what is too big is not read");
}

#[tokio::test]
async fn who_says_much_at_once_and_reads_is_not_too_slow() {
    const MANY: u64 = 1_000;
    let town = Town::new().await;
    let (jimin, _, room) = town.couple().await;
    let base = serve(&town).await;
    let mut socket = Socket::open(&format!("{base}/ws/chat/{room}/?token={}", jimin.access), &[]).await.unwrap();
    socket.next("ready").await;
    let (mut says, mut hears) = socket.0.split();
    let saying = async {
        for _ in 0..MANY {
            says.send(Message::text(r#"{"message": "안녕"}"#)).await.unwrap();
        }
    };
    let hearing = async {
        let mut acked = 0;
        while acked < MANY {
            let message = tokio::time::timeout(SOON, hears.next()).await.expect("in time").unwrap().unwrap();
            assert!(!message.is_close(), "after {acked}: {message:?}");
            acked += u64::from(message.to_text().is_ok_and(|text| text.contains(r#""type":"ack""#)));
        }
    };
    tokio::join!(saying, hearing);
}

#[tokio::test]
async fn sockets_end_with_their_session_their_room_and_the_service() {
    let town = Town::new().await;
    let (jimin, minho, room) = town.couple().await;
    let base = serve(&town).await;
    let url = |access: &str| format!("{base}/ws/chat/{room}/?token={access}");
    let mut hers = Socket::open(&url(&jimin.access), &[]).await.unwrap();
    hers.next("ready").await;
    jimin.post("/api/accounts/logout/", &json!({"refresh": jimin.refresh})).await.expect(200);
    assert_eq!(tokio::time::timeout(Duration::from_secs(3), hers.closed()).await.unwrap(), 4401);

    let mut his = Socket::open(&url(&minho.access), &[]).await.unwrap();
    his.next("ready").await;
    minho.post("/api/accounts/blocks/", &json!({"user_profile": jimin.id})).await.expect(201);
    assert_eq!(his.next("closing").await["reconnect"], false);
    assert_eq!(his.closed().await, 4404);

    let town = Town::new().await;
    let (jimin, _, room) = town.couple().await;
    let base = serve(&town).await;
    let mut hers = Socket::open(&format!("{base}/ws/chat/{room}/?token={}", jimin.access), &[]).await.unwrap();
    hers.next("ready").await;
    assert_eq!(town.service.drain().open_sockets(), 1);
    town.service.drain().begin();
    let again = Socket::open(&format!("{base}/ws/chat/{room}/?token={}", jimin.access), &[]).await;
    assert_eq!(again.err(), Some(503));
    assert_eq!(hers.next("closing").await["reconnect"], true);
    assert_eq!(hers.closed().await, 1012);
    tokio::time::timeout(SOON, town.service.drain().done()).await.unwrap();
}
