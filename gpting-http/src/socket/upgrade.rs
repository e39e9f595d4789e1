//! Before the upgrade: version, origin, who, and whether the room is theirs.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use gpting_core::Code;
use gpting_core::chat::Rooms;
use gpting_core::lang::Lang;
use http::{Request, Response, header, request::Parts};

use super::{line, prove, session};
use crate::body::Body;
use crate::error::{Edge, Problem};
use crate::layer::cors;
use crate::layer::rate::{self, RateClass, RateKey};
use crate::shared::Shared;

/// Opens a socket on a room, or on all of the caller's where none is named; or says why not.
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
    let caller = prove::caller(shared, &parts).await?;
    let protocol = prove::protocol(&parts.headers);
    request = Request::from_parts(parts, ());
    // What is no id names no room, like a foreign one.
    let rooms = room.map_or(Some(Rooms::All), |room| room.parse().ok().map(Rooms::One));
    let known = if let Some(caller) = caller {
        rate::check(limiter, RateClass::Socket, Some(RateKey::Member(caller.member)))?;
        let place = shared.sockets.enter(caller, shared.options.sockets_per_member);
        let place = place.ok_or_else(|| Problem::too_many(Duration::from_secs(10)))?;
        let rooms = rooms.ok_or(Code::RoomNotFound)?;
        let heard = shared.g.chat().subscribe(caller.member, rooms).await?;
        Some((caller, place, Box::new(heard)))
    } else {
        rate::check(limiter, RateClass::Socket, client.map(RateKey::of_addr))?;
        None
    };
    let (mut response, upgraded) =
        hyper_tungstenite::upgrade(&mut request, Some(line::config())).map_err(|_| Edge::Upgrade)?;
    if let Some(protocol) = protocol {
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    shared.drain.track(session::run(Arc::clone(shared), upgraded, rooms, known, lang));
    Ok(response.map(|_| Body::empty()))
}
