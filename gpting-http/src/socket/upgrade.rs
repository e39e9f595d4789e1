//! Before the upgrade: version, origin, who, and whether the room is theirs.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use gpting_core::Code;
use gpting_core::id::RoomId;
use gpting_core::lang::Lang;
use http::{Request, Response, request::Parts};
use hyper_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::session::{self, Entry};
use crate::authenticate::{AuthError, Caller, Proof};
use crate::body::Body;
use crate::error::{Edge, Problem};
use crate::extract::query_pairs;
use crate::layer::cors;
use crate::layer::rate::{self, RateClass, RateKey};
use crate::shared::{Shared, unknown};

/// The largest frame and message that is read, in bytes.
const MAX_FRAME: usize = 64 * 1024;
/// What an idle socket holds for reading: the library's 128 KiB would be 30 times what everything else takes.
const READ_BUFFER: usize = 4 * 1024;
/// What may wait to be written: a few of the largest messages, then writing waits, and who is waited for too long goes.
const WRITE_BUFFER: usize = 256 * 1024;

/// Opens a socket on a room, or says why not.
///
/// # Errors
/// 426, 403 (origin), 503 (stopping), 401, 429, 404 (also for other people's rooms).
pub(crate) async fn open(
    shared: &Arc<Shared>,
    parts: Parts,
    room: Option<String>,
    client: Option<IpAddr>,
    lang: Lang,
) -> Result<Response<Body>, Problem> {
    let mut request = Request::from_parts(parts, ());
    let version = request.headers().get("sec-websocket-version");
    if !hyper_tungstenite::is_upgrade_request(&request) || version.is_none_or(|version| version != "13") {
        return Err(Edge::Upgrade.into());
    }
    if !cors::may_connect(request.headers(), &shared.options.allowed_origins, &shared.options.public_url) {
        return Err(Edge::Origin.into());
    }
    if shared.drain.has_begun() {
        return Err(Edge::Draining.into());
    }
    let limiter = shared.options.rate_limit.as_ref();
    let (parts, ()) = request.into_parts();
    let caller = caller(shared, &parts).await?;
    request = Request::from_parts(parts, ());
    let room: Option<RoomId> = room.and_then(|room| room.parse().ok());
    let entry = if let Some(caller) = caller {
        rate::check(limiter, RateClass::Socket, Some(RateKey::Member(caller.member)))?;
        let place = shared.sockets.enter(caller.member, shared.options.sockets_per_member);
        let place = place.ok_or_else(|| Problem::too_many(Duration::from_secs(10)))?;
        let room = room.ok_or(Code::RoomNotFound)?;
        let feed = shared.g.chat().join(caller.member, room, None).await?;
        Entry::Known { caller, place, feed: Box::new(feed) }
    } else {
        rate::check(limiter, RateClass::Socket, client.map(RateKey::of_addr))?;
        Entry::Unknown
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(MAX_FRAME))
        .max_frame_size(Some(MAX_FRAME));
    let (response, upgraded) = hyper_tungstenite::upgrade(&mut request, Some(config)).map_err(|_| Edge::Upgrade)?;
    shared.drain.track(session::run(Arc::clone(shared), upgraded, room, entry, lang));
    Ok(response.map(|_| Body::empty()))
}

/// Who opens the socket; `None` when they will say so in the first frame.
async fn caller(shared: &Shared, parts: &Parts) -> Result<Option<Caller>, Problem> {
    let query = query_pairs(parts.uri.query().unwrap_or_default()).map_err(|_| Code::TokenInvalid)?;
    let token = query.iter().find(|(name, _)| name == "token").map(|(_, token)| token.as_str());
    let proof = match token {
        Some(token) if shared.options.ws_query_token => Proof::Token(token),
        _ => Proof::Head(parts),
    };
    match shared.auth.authenticate(proof).await {
        Ok(caller) => Ok(Some(caller)),
        Err(AuthError::Missing) => Ok(None),
        Err(error) => Err(unknown(error)),
    }
}
