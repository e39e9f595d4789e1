//! The HTTP of a stand-in: one request a connection, read whole, answered as the script has it.
//!
//! By hand over `httparse`, because a good server cannot hang, drip, reset or lie about a length.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::allowed::unknown_keys;
use super::asked::Asked;
use super::behaviour::Behaviour;
use super::{State, answer};

/// Larger requests are not read.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// Serves one connection to its end.
pub(super) async fn serve(mut stream: TcpStream, state: Arc<State>) {
    // Whoever goes away in the middle is nobody's trouble.
    let _ = exchange(&mut stream, &state).await;
}

async fn exchange(stream: &mut TcpStream, state: &State) -> io::Result<()> {
    let Some(asked) = read(stream).await? else { return Ok(()) };
    let (behaviour, refusal, models, dims) = {
        let mut inner = state.lock();
        inner.asked.push(asked.clone());
        let is_work = asked.method == "POST";
        let next = if is_work { inner.script.pop_front() } else { None };
        let behaviour = next.unwrap_or_else(|| if is_work { inner.then.clone() } else { Behaviour::Obedient });
        (behaviour, refuse(&asked, state, &inner.formats), answer::models(&inner.models), inner.dims)
    };
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", path) if path.ends_with("/models") => say(stream, 200, &[], &models).await,
        ("POST", path) if is_served(path) => match refusal {
            Some(refusal) => say(stream, 400, &[], &refusal).await,
            None => behave(stream, &asked, &behaviour, dims).await,
        },
        _ => say(stream, 404, &[], &json!({ "error": { "message": "no such path" } }).to_string()).await,
    }
}

/// Whether work is done at a path.
fn is_served(path: &str) -> bool {
    ["/chat/completions", "/embeddings", "/moderations"].iter().any(|end| path.ends_with(end))
}

/// The body of a 400, where this kind of server would not take the request.
fn refuse(asked: &Asked, state: &State, formats: &[String]) -> Option<String> {
    let error = |message: &str, param: &str| {
        let error = json!({ "message": message, "type": "invalid_request_error", "param": param, "code": null });
        Some(json!({ "error": error }).to_string())
    };
    if let Some(key) = unknown_keys(state.profile, &asked.path, &asked.body).first() {
        return error("unrecognized request argument", key);
    }
    let kind = asked.body["response_format"]["type"].as_str()?;
    if !formats.iter().any(|known| known == kind) {
        return error("this kind of response_format is not supported", "response_format");
    }
    let says_json = asked.said_by("system").contains("JSON") || asked.said_by("user").contains("JSON");
    if kind == "json_object" && !says_json {
        return error(
            "'messages' must contain the word 'json' to use 'response_format' of type 'json_object'",
            "messages",
        );
    }
    None
}

#[expect(clippy::wildcard_enum_match_arm, reason = "most ways to behave are right HTTP")]
async fn behave(stream: &mut TcpStream, asked: &Asked, behaviour: &Behaviour, dims: usize) -> io::Result<()> {
    let body = || {
        if asked.is_for_opinions() {
            answer::opinion(asked, behaviour)
        } else if asked.is_for_vectors() {
            answer::vectors(asked, behaviour, dims)
        } else {
            answer::text(asked, behaviour)
        }
    };
    match behaviour {
        Behaviour::Hang => std::future::pending().await,
        Behaviour::Reset => stream.set_zero_linger(),
        Behaviour::Half => {
            let body = body();
            let head = head(200, &[], Some(body.len()));
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body.as_bytes()[..body.len() / 2]).await
        }
        Behaviour::Drip(every) => {
            let body = body();
            stream.set_nodelay(true)?;
            stream.write_all(head(200, &[], Some(body.len())).as_bytes()).await?;
            for byte in body.as_bytes() {
                tokio::time::sleep(*every).await;
                stream.write_all(std::slice::from_ref(byte)).await?;
            }
            Ok(())
        }
        Behaviour::Huge { bytes, is_told } => {
            stream.write_all(head(200, &[], is_told.then_some(*bytes)).as_bytes()).await?;
            let body = body();
            stream.write_all(body.as_bytes()).await?;
            let chunk = vec![b' '; 64 * 1024];
            let mut left = bytes.saturating_sub(body.len());
            while left > 0 {
                let now = left.min(chunk.len());
                stream.write_all(&chunk[..now]).await?;
                left -= now;
            }
            Ok(())
        }
        Behaviour::Status { status, headers, body } => say(stream, *status, headers, body).await,
        _ => say(stream, 200, &[], &body()).await,
    }
}

fn head(status: u16, headers: &[(&'static str, String)], length: Option<usize>) -> String {
    let mut head = format!("HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\nconnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if let Some(length) = length {
        let _ = write!(head, "content-length: {length}\r\n");
    }
    head.push_str("\r\n");
    head
}

async fn say(stream: &mut TcpStream, status: u16, headers: &[(&'static str, String)], body: &str) -> io::Result<()> {
    let head = head(status, headers, Some(body.len()));
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

/// Reads one request; none when the connection ends before it does, or it is none.
async fn read(stream: &mut TcpStream) -> io::Result<Option<Asked>> {
    let mut bytes = Vec::new();
    let (mut asked, begins, length) = loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
        if let Some(head) = parse(&bytes) {
            break head;
        }
        if bytes.len() > MOST_BYTES {
            return Ok(None);
        }
    };
    while bytes.len() < begins + length {
        if length > MOST_BYTES || stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    asked.body = serde_json::from_slice(&bytes[begins..begins + length]).unwrap_or(Value::Null);
    asked.at = Instant::now();
    Ok(Some(asked))
}

/// The head of a request, where its body begins, and how long that is; none while it is not whole.
fn parse(bytes: &[u8]) -> Option<(Asked, usize, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(begins) = request.parse(bytes).ok()? else { return None };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers: Vec<(String, String)> =
        request.headers.iter().map(|header| (header.name.to_ascii_lowercase(), text(header.value))).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let asked = Asked {
        method: request.method?.to_owned(),
        path: request.path?.to_owned(),
        headers,
        body: Value::Null,
        at: Instant::now(),
    };
    Some((asked, begins, length.unwrap_or(0)))
}
