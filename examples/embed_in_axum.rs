//! GPTing inside a host's own axum application, on the host's own users.
//!
//! The host has checked who calls before the request comes here, and says so in the header `X-User`. GPTing is mounted
//! under `/dating`, beside the host's own routes; nobody signs up, and the feature `accounts` is off. Put a store that
//! lasts in the place of [`MemoryStore`] and this is the whole of it.
//!
//! Run with `cargo run -p gpting-examples --example embed_in_axum`: it serves on a free port, calls itself as three
//! users would, and ends.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::net::SocketAddr;

use async_trait::async_trait;
use axum::{Router, routing::get};
use gpting_core::id::HostId;
use gpting_core::profile::{PreferencesEdit, ProfileEdit};
use gpting_core::{Gpting, store::MemoryStore};
use gpting_http::{AuthError, Authenticate, Caller, GptingHttp, HttpOptions, Proof};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Who calls, by the host's own word. Only for services that nobody reaches past the host's gateway.
#[derive(Debug)]
struct GatewayAuth(Gpting);

#[async_trait]
impl Authenticate for GatewayAuth {
    async fn authenticate(&self, proof: Proof<'_>) -> Result<Caller, AuthError> {
        // This host hands out no tokens, so a socket that shows one proves nothing.
        let Proof::Head(head) = proof else { return Err(AuthError::Invalid) };
        let user = head.headers.get("x-user").ok_or(AuthError::Missing)?;
        let user = user.to_str().map_err(|_| AuthError::Invalid)?;
        let member = self.0.members().ensure(HostId::new(user)).await?;
        Ok(Caller { member, session: None })
    }

    async fn still_valid(&self, _: &Caller) -> Result<bool, AuthError> {
        Ok(true)
    }
}

/// The host's application with GPTing in it.
fn application(g: &Gpting) -> Router {
    let options = HttpOptions { public_url: "/dating".to_owned(), ..HttpOptions::default() };
    let dating = GptingHttp::new(g.clone(), GatewayAuth(g.clone())).with(options);
    Router::new().route("/", get(|| async { "the host's own page" })).nest_service("/dating", dating)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let g = Gpting::builder(MemoryStore::default()).build().await?;
    let _background = g.run(std::future::pending());
    introduce(&g, "ana", "F", "M").await?;
    introduce(&g, "ben", "M", "F").await?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let app = application(&g);
    tokio::spawn(async move { axum::serve(listener, app).await });

    let (status, _) = call(address, "GET", "/dating/api/accounts/profile/", None, "").await?;
    println!("nobody asks for a profile: {status}");
    let (status, people) = call(address, "GET", "/dating/api/matches/recommended/", Some("ana"), "").await?;
    println!("ana is shown: {status} {}", people[0]["nickname"]);
    for (user, other) in [("ana", "ben"), ("ben", "ana")] {
        let other = g.members().ensure(HostId::new(other)).await?;
        let path = format!("/dating/api/matches/like/{other}/");
        let (status, liked) = call(address, "POST", &path, Some(user), "{}").await?;
        println!("{user} likes: {status} matched {}", liked["matched"]);
    }
    Ok(())
}

/// The host fills in what it knows of its user; members can change it themselves later.
async fn introduce(g: &Gpting, user: &str, gender: &str, wishes: &str) -> gpting_core::Result<()> {
    let me = g.members().ensure(HostId::new(user)).await?;
    let edit = ProfileEdit {
        nickname: Some(user.to_owned()),
        gender: Some(gender.to_owned()),
        birth_date: Some("1996-05-05".to_owned()),
        ..ProfileEdit::default()
    };
    g.profiles().edit(me, edit, None).await?;
    let wishes = PreferencesEdit { genders: Some(vec![wishes.to_owned()]), ..PreferencesEdit::default() };
    g.profiles().set_preferences(me, wishes).await?;
    Ok(())
}

/// One request on a connection of its own: what is sent, and the status and JSON that come back.
async fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    user: Option<&str>,
    body: &str,
) -> Result<(u16, Value), Box<dyn std::error::Error>> {
    let user = user.map(|user| format!("X-User: {user}\r\n")).unwrap_or_default();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{user}Accept-Language: en\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a body")?;
    let status = head.split(' ').nth(1).ok_or("an answer without a status")?.parse()?;
    Ok((status, serde_json::from_str(body)?))
}
