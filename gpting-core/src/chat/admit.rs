//! Giving tickets and letting in who comes with one.

use super::ticket::{TICKET_TTL, Ticket};
use crate::error::{Code, Result};
use crate::gpting::Chat;
use crate::id::{MemberId, SessionId};
use crate::store::{Change, StoreError, Work};

/// How many random bytes a ticket is.
const BYTES: usize = 32;

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
    use std::fmt::Write as _;

    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text can be written to");
        text
    })
}
