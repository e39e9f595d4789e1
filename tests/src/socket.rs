//! A chat socket as a client sees it: JSON frames out, typed frames in.
//!
//! Called by the black-box tests. Every frame that comes in is held against the published schema. Frames come in whatever order the server chooses between kinds, so a frame that a test did not wait
//! for yet is kept until it does; within one type the order is the server's.

use std::collections::VecDeque;
use std::sync::LazyLock;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::person::Person;
use crate::server::Server;

/// How long a frame may take: far more than it does, so that a slow machine fails no test.
pub const SOON: Duration = Duration::from_secs(10);

/// An open socket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    waiting: VecDeque<Value>,
    closed: Option<u16>,
}

impl Socket {
    /// Opens a socket; `headers` are added to the upgrade request.
    ///
    /// # Errors
    /// The status with which the upgrade was refused, 0 when there was no answer.
    pub async fn open(url: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = url.into_client_request().expect("a socket's URL");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header's value"));
        }
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self { stream, waiting: VecDeque::new(), closed: None }),
            Err(error) => Err(if let Error::Http(answer) = error { answer.status().as_u16() } else { 0 }),
        }
    }

    /// Opens a room as the documented client does, `/ws/chat/<room>/?token=<access>`, and waits for `ready`.
    ///
    /// Returns the socket and the `ready` frame.
    pub async fn enter(server: &Server, person: &Person, room: u64) -> (Self, Value) {
        let url = format!("{}/ws/chat/{room}/?token={}", server.socket_url(), person.access);
        let mut socket = Self::open(&url, &[]).await.unwrap_or_else(|status| panic!("the room refused: {status}"));
        let ready = socket.next_of_type("ready", SOON).await;
        (socket, ready)
    }

    /// Opens all rooms, `/ws/`, by a ticket among the subprotocols as the web client does, and waits for `ready`.
    ///
    /// Returns the socket and the `ready` frame.
    pub async fn enter_all(server: &Server, person: &Person) -> (Self, Value) {
        let ticket = person.at(server).post("/api/chat/ticket/", &json!({})).await.expect(201);
        let protocols = format!("gpting.v1, ticket.{}", ticket["ticket"].as_str().expect("a text"));
        let opened =
            Self::open(&format!("{}/ws/", server.socket_url()), &[("sec-websocket-protocol", &protocols)]).await;
        let mut socket = opened.unwrap_or_else(|status| panic!("refused: {status}"));
        let ready = socket.next_of_type("ready", SOON).await;
        (socket, ready)
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &Value) {
        self.try_send(frame).await.unwrap_or_else(|error| panic!("the socket is closed: {error}"));
    }

    /// Sends a frame to a server that may be gone.
    ///
    /// # Errors
    /// The connection is.
    pub async fn try_send(&mut self, frame: &Value) -> Result<(), Error> {
        self.stream.send(Message::text(frame.to_string())).await
    }

    /// Sends a text frame as it stands, JSON or not.
    pub async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.expect("the socket is open");
    }

    /// Sends a text frame as it stands to a server that may be gone.
    ///
    /// # Errors
    /// The connection is.
    pub async fn try_send_text(&mut self, text: &str) -> Result<(), Error> {
        self.stream.send(Message::text(text)).await
    }

    /// Sends a binary frame.
    pub async fn send_binary(&mut self, bytes: &[u8]) {
        self.stream.send(Message::binary(bytes.to_vec())).await.expect("the socket is open");
    }

    /// Whether the socket is closed.
    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// The code with which it was closed, once it is; 1006 when it just went away.
    pub fn close_code(&self) -> Option<u16> {
        self.closed
    }

    /// The next frame of any type; `None` when the time is up or the socket closed.
    pub async fn next(&mut self, timeout: Duration) -> Option<Value> {
        match self.waiting.pop_front() {
            Some(frame) => Some(frame),
            None => self.receive(Instant::now() + timeout).await,
        }
    }

    /// The next frame of a type; panics when the time is up or the socket closed.
    #[track_caller]
    pub fn next_of_type(&mut self, kind: &str, timeout: Duration) -> impl Future<Output = Value> + Send {
        let caller = std::panic::Location::caller();
        let kind = kind.to_owned();
        async move {
            let found = self.find(timeout, |frame| frame["type"] == kind.as_str()).await;
            found.unwrap_or_else(|| {
                panic!("no `{kind}` frame (asked at {caller}); closed: {:?}; waiting: {:?}", self.closed, self.waiting)
            })
        }
    }

    /// The next frame that `accept` takes; the others stay for later. `None`: time is up or the socket closed.
    pub async fn find(&mut self, timeout: Duration, accept: impl Fn(&Value) -> bool) -> Option<Value> {
        if let Some(at) = self.waiting.iter().position(&accept) {
            return self.waiting.remove(at);
        }
        let deadline = Instant::now() + timeout;
        loop {
            let frame = self.receive(deadline).await?;
            if accept(&frame) {
                return Some(frame);
            }
            self.waiting.push_back(frame);
        }
    }

    /// Sends a message with a new `client_msg_id` and returns its `ack`.
    pub async fn say(&mut self, text: &str) -> Value {
        let id = uuid::Uuid::new_v4().to_string();
        self.send(&json!({"type": "message", "message": text, "client_msg_id": id})).await;
        let ack = self.find(SOON, |frame| frame["type"] == "ack" && frame["client_msg_id"] == id.as_str()).await;
        ack.unwrap_or_else(|| panic!("no ack; closed: {:?}; waiting: {:?}", self.closed, self.waiting))
    }

    /// Waits for the server to close the socket and returns the close code (1006 when it just went away).
    pub async fn closed(&mut self, timeout: Duration) -> Option<u16> {
        let deadline = Instant::now() + timeout;
        while self.closed.is_none() {
            let frame = self.receive(deadline).await;
            if frame.is_none() && self.closed.is_none() {
                return None;
            }
            self.waiting.extend(frame);
        }
        self.closed
    }

    async fn receive(&mut self, deadline: Instant) -> Option<Value> {
        while self.closed.is_none() {
            match tokio::time::timeout_at(deadline, self.stream.next()).await {
                Err(_) => return None,
                Ok(Some(Ok(Message::Text(text)))) => {
                    let frame = serde_json::from_str(&text).expect("every frame is JSON");
                    check(&frame);
                    return Some(frame);
                }
                Ok(Some(Ok(Message::Close(reason)))) => self.closed = Some(reason.map_or(1005, |r| r.code.into())),
                Ok(Some(Ok(Message::Binary(_)))) => panic!("the server sends text frames only"),
                // Pings are answered by the library while it reads.
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)))) => {}
                Ok(Some(Err(_)) | None) => self.closed = Some(1006),
            }
        }
        None
    }
}

/// The published schema of what a server sends.
static FRAMES: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let published: Value = serde_json::from_str(include_str!("../../docs/frames.schema.json")).expect("it is JSON");
    let server = json!({"$ref": "#/$defs/ServerFrame", "$defs": published["$defs"]});
    jsonschema::validator_for(&server).expect("it is a schema")
});

/// Whether a frame is one of those that are published; panics when it is not.
pub fn check(frame: &Value) {
    if let Err(error) = FRAMES.validate(frame) {
        panic!("a frame that the published schema does not know: {error}: {frame}");
    }
}
