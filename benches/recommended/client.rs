//! One kept connection, one request at a time.

use std::time::{Duration, Instant};

use gpting_core::id::MemberId;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::Failure;
use crate::people::PASSWORD;

/// A connection.
#[derive(Debug)]
pub(crate) struct Client {
    send: SendRequest<Full<Bytes>>,
    host: String,
}

/// A whole answer of a request that was granted.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    pub(crate) cursor: Option<String>,
    /// From the first byte sent to the last one received.
    pub(crate) took: Duration,
}

impl Answer {
    /// The people on a page.
    pub(crate) fn ids(&self) -> Result<Vec<MemberId>, Failure> {
        ids_of(&self.body)
    }
}

/// The people on a page.
pub(crate) fn ids_of(page: &[u8]) -> Result<Vec<MemberId>, Failure> {
    let cards: Vec<Value> = serde_json::from_slice(page)?;
    Ok(cards.iter().filter_map(|card| MemberId::new(card["id"].as_i64()?)).collect())
}

impl Client {
    /// Connects to a port of this machine.
    pub(crate) async fn connect(port: u16) -> Result<Self, Failure> {
        let host = format!("127.0.0.1:{port}");
        let stream = TcpStream::connect(&host).await?;
        stream.set_nodelay(true)?;
        let (send, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { send, host })
    }

    /// `GET`, perhaps with an access token; anything but 200 is an error.
    pub(crate) async fn get(&mut self, path: &str, access: Option<&str>) -> Result<Answer, Failure> {
        self.ask(Method::GET, path, access, Bytes::new()).await
    }

    /// Logs in; answers the access token.
    pub(crate) async fn log_in(&mut self, name: &str) -> Result<String, Failure> {
        let form = json!({"username": name, "password": PASSWORD}).to_string();
        let answer = self.ask(Method::POST, "/api/accounts/login/", None, form.into()).await?;
        let answer: Value = serde_json::from_slice(&answer.body)?;
        Ok(answer["access"].as_str().ok_or("no access token")?.to_owned())
    }

    async fn ask(&mut self, method: Method, path: &str, access: Option<&str>, body: Bytes) -> Result<Answer, Failure> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, &self.host);
        if let Some(access) = access {
            request = request.header(header::AUTHORIZATION, format!("Bearer {access}"));
        }
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::new(body))?;
        let began = Instant::now();
        self.send.ready().await?;
        let response = self.send.send_request(request).await?;
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        let took = began.elapsed();
        if head.status != 200 {
            return Err(format!("{path}: {} {}", head.status, String::from_utf8_lossy(&body)).into());
        }
        let cursor = head.headers.get("x-next-cursor").and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Answer { body: body.to_vec(), cursor, took })
    }
}
