//! GPTing over HTTP and WebSocket: [`GptingHttp`], a tower service that a host mounts where it likes.
//!
//! ```text
//! service  one request: layers → route → caller → body → handler → headers
//! router   the route table, one line per route, and the rule for aliases      matrix    the table as data, for tests
//! extract  bytes → fields, or a refusal that names them                       wire      shapes of requests and answers
//! handler  parse → one core call → encode, one file per resource              endpoint  a handler with its types
//! error    the only place where an error becomes a status and a sentence      lang      Accept-Language
//! socket   upgrade, session, frames                                           layer     ids, limits, origins, rates
//! openapi  the document, its page                                             cursor, photo_url, sign
//! ```
//!
//! Data flows one way: service → handler → [`gpting_core::Gpting`]. No handler touches a store.
//!
//! # Mounting
//! The host says who calls ([`Authenticate`]); the service does the rest. Under a prefix, say so in
//! [`HttpOptions::public_url`], so that addresses in answers lead back here.
//! ```
//! use gpting_core::{Gpting, id::HostId, store::MemoryStore};
//! use gpting_http::{AuthError, Authenticate, Caller, GptingHttp, HttpOptions, Proof};
//! use tower::ServiceExt as _;
//!
//! #[derive(Debug)]
//! struct MyAuth(Gpting);
//!
//! #[async_trait::async_trait]
//! impl Authenticate for MyAuth {
//!     async fn authenticate(&self, proof: Proof<'_>) -> Result<Caller, AuthError> {
//!         let Proof::Head(head) = proof else { return Err(AuthError::Invalid) };
//!         // A layer of the host has put the user it knows into the request.
//!         let user = head.extensions.get::<u64>().ok_or(AuthError::Missing)?;
//!         Ok(Caller { member: self.0.members().ensure(HostId::from(user)).await?, session: None })
//!     }
//!     async fn still_valid(&self, _: &Caller) -> Result<bool, AuthError> {
//!         Ok(true)
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let g = Gpting::builder(MemoryStore::default()).build().await?;
//! let options = HttpOptions { public_url: "/dating".to_owned(), ..HttpOptions::default() };
//! let service = GptingHttp::new(g.clone(), MyAuth(g)).with(options);
//!
//! // In axum: `Router::new().nest_service("/dating", service)`. Here, by hand:
//! let mut request = http::Request::get("/api/accounts/profile/").body(String::new())?;
//! request.extensions_mut().insert(42_u64);
//! let response = service.clone().oneshot(request).await?;
//! assert_eq!(response.status(), 200);
//!
//! let stranger = http::Request::get("/api/accounts/profile/").body(String::new())?;
//! assert_eq!(service.oneshot(stranger).await?.status(), 401);
//! # Ok(()) }
//! ```
//!
//! # Adding an endpoint
//! A use-case on its facet in the core → types in `wire/` → a handler → one line in `router.rs`. The OpenAPI document,
//! aliases and the authorization matrix follow.

mod access;
mod authenticate;
mod body;
mod cursor;
mod endpoint;
mod error;
mod extract;
mod handler;
mod lang;
mod layer;
mod matrix;
mod openapi;
mod options;
mod photo_url;
#[cfg(feature = "server")]
mod ratelimit;
mod router;
#[cfg(feature = "server")]
pub mod server;
mod service;
mod shared;
mod sign;
mod socket;
#[cfg(feature = "web")]
mod web;
mod wire;

#[cfg(feature = "accounts")]
pub use crate::authenticate::AccountAuth;
#[cfg(feature = "server")]
pub use crate::ratelimit::MemoryRateLimit;
#[cfg(feature = "echo")]
#[doc(hidden)]
pub use crate::socket::echo::echo;
pub use crate::{
    access::{Access, ObjectClass},
    authenticate::{AuthError, Authenticate, Caller, Proof, bearer},
    body::Body,
    layer::client::{AddrRange, NotARange, PeerAddr},
    layer::drain::Drain,
    layer::rate::{RateClass, RateKey, RateLimit},
    matrix::{RouteRow, routes},
    options::HttpOptions,
    service::GptingHttp,
};
