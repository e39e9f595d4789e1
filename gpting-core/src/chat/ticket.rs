//! Tickets: single-use proofs for opening a socket, good for half a minute, on whichever instance.
//!
//! A browser cannot set headers on a socket, and an access token does not belong into an address. A ticket may stand
//! there: it is worth nothing once used or half a minute old, and it opens a socket for the very session that asked for
//! it. Only its hash is stored.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::error::{Code, Result};
use crate::gpting::Chat;
use crate::id::{MemberId, SessionId};
use crate::store::{Change, StoreError, Work};

/// How long a ticket is good for.
pub const TICKET_TTL: SignedDuration = SignedDuration::from_secs(30);

/// How many random bytes a ticket is.
const BYTES: usize = 32;

/// A ticket as it is stored.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ticket {
    /// SHA-256 of the ticket, in hexadecimal digits.
    pub hash: String,
    /// Whom it lets in.
    pub member: MemberId,
    /// On which signed-in device, where the login knows such a thing.
    pub session: Option<SessionId>,
    /// From when on it is worth nothing.
    pub expires_at: Timestamp,
}

impl fmt::Debug for Ticket {
    /// Without the hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("member", &self.member).field("session", &self.session).finish_non_exhaustive()
    }
}

impl Chat<'_> {
    /// A new ticket for a member on a device; only its hash is kept.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn issue_ticket(&self, member: MemberId, session: Option<SessionId>) -> Result<String> {
        let core = self.0;
        let mut bytes = [0; BYTES];
        core.rng.fill(&mut bytes);
        let text = hex(&bytes);
        let ticket = Ticket { hash: hash(&text), member, session, expires_at: core.now() + TICKET_TTL };
        core.commit(Work::new().change(Change::PutTicket(ticket))).await?;
        Ok(text)
    }

    /// Uses a ticket up and tells whom it lets in.
    ///
    /// # Errors
    /// [`Code::TokenInvalid`] when it is none of ours, was used before, or is too old.
    pub async fn redeem_ticket(&self, ticket: &str) -> Result<(MemberId, Option<SessionId>)> {
        let core = self.0;
        if ticket.len() != 2 * BYTES {
            return Err(Code::TokenInvalid.into());
        }
        let found = core.store.ticket(&hash(ticket)).await?.ok_or(Code::TokenInvalid)?;
        let (member, session) = (found.member, found.session);
        let in_time = found.expires_at > core.now();
        // Of several who come with it at once, the store lets one take it.
        match core.commit(Work::new().change(Change::TakeTicket(found.hash))).await {
            Ok(_) if in_time => Ok((member, session)),
            Ok(_) | Err(StoreError::Stale) => Err(Code::TokenInvalid.into()),
            Err(error) => Err(error.into()),
        }
    }
}

fn hash(ticket: &str) -> String {
    use sha2::{Digest as _, Sha256};

    hex(&Sha256::digest(ticket.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;

    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text can be written to");
        text
    })
}
