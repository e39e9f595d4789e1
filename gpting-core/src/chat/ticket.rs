//! Tickets: single-use proofs for opening a socket, good for half a minute, on whichever instance.
//!
//! A browser cannot set headers on a socket, and an access token does not belong into an address. A ticket may stand
//! there: it is worth nothing once used or half a minute old, and it opens a socket for the very session that asked for
//! it. Only its hash is stored.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::id::{MemberId, SessionId};

/// How long a ticket is good for.
pub const TICKET_TTL: SignedDuration = SignedDuration::from_secs(30);

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
