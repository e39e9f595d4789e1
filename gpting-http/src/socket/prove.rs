//! Who opens a socket: header, ticket, the documented `?token=`, or the first frame.

use gpting_core::Code;
use http::{HeaderMap, HeaderValue, header, request::Parts};

use crate::authenticate::{AuthError, Caller, Proof};
use crate::error::Problem;
use crate::extract::query_pairs;
use crate::shared::{Shared, unknown};

/// The protocol that clients name who name one. Whoever offers it is answered with it.
const PROTOCOL: &str = "gpting.v1";
/// How a ticket stands among the offered protocols.
const TICKET: &str = "ticket.";
/// How many characters a ticket has; no access token is as short.
const TICKET_CHARS: usize = 64;

/// Who opens the socket; `None` when they will say so in the first frame.
pub(super) async fn caller(shared: &Shared, parts: &Parts) -> Result<Option<Caller>, Problem> {
    let query = query_pairs(parts.uri.query().unwrap_or_default()).map_err(|_| Code::TokenInvalid)?;
    let of_query = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if let Some(ticket) = offered(&parts.headers).find_map(|one| one.strip_prefix(TICKET)).or(of_query("ticket")) {
        return by_ticket(shared, ticket).await.map(Some);
    }
    let proof = match of_query("token") {
        Some(token) if shared.options.ws_query_token => Proof::Token(token),
        _ => Proof::Head(parts),
    };
    match shared.auth.authenticate(proof).await {
        Ok(caller) => Ok(Some(caller)),
        Err(AuthError::Missing) => Ok(None),
        Err(error) => Err(unknown(error)),
    }
}

/// Who a token or ticket of a frame speaks for.
pub(super) async fn by_frame(shared: &Shared, token: &str) -> Result<Caller, Problem> {
    if token.len() == TICKET_CHARS && token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return by_ticket(shared, token).await;
    }
    shared.auth.authenticate(Proof::Token(token)).await.map_err(unknown)
}

async fn by_ticket(shared: &Shared, ticket: &str) -> Result<Caller, Problem> {
    let (member, session) = shared.g.chat().redeem_ticket(ticket).await?;
    let caller = Caller { member, session };
    // The session may have ended since it asked for the ticket.
    match shared.auth.still_valid(&caller).await {
        Ok(true) => Ok(caller),
        Ok(false) => Err(Code::TokenInvalid.into()),
        Err(error) => Err(unknown(error)),
    }
}

/// The protocols that a client offers.
fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// The protocol to answer with; a ticket is never sent back.
pub(super) fn protocol(headers: &HeaderMap) -> Option<HeaderValue> {
    offered(headers).any(|one| one == PROTOCOL).then(|| HeaderValue::from_static(PROTOCOL))
}
