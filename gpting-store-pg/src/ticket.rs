//! Tickets for sockets: kept by their hash, used once.

use gpting_core::chat::Ticket;
use gpting_core::chat::ticket::TICKET_TTL;
use gpting_core::id::{MemberId, SessionId};
use gpting_core::store::StoreResult;

use crate::PgStore;
use crate::error::store_error;
use crate::on_its_way::Commit;
use crate::row::{Row, require};

const BY_HASH: &str = "SELECT hash, member, session, expires_at FROM gpting.ticket WHERE hash = $1";

/// Forgets some of those that ran out on the way; more come than go only while nobody asks for one.
const PUT: &str = "
    WITH old AS (
        DELETE FROM gpting.ticket WHERE hash = ANY (ARRAY(
            SELECT hash FROM gpting.ticket WHERE expires_at <= $5 ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
        ))
    )
    INSERT INTO gpting.ticket (hash, member, session, expires_at) VALUES ($1, $2, $3, $4)";
const TAKE: &str = "DELETE FROM gpting.ticket WHERE hash = $1";

pub(crate) async fn ticket(store: &PgStore, hash: &str) -> StoreResult<Option<Ticket>> {
    let row = store.query(BY_HASH).bind(hash).fetch_optional(&store.pool).await.map_err(store_error)?;
    row.map(|row| {
        let row = Row::of("ticket", &row);
        let session: Option<i64> = row.get("session")?;
        Ok(Ticket {
            hash: row.get("hash")?,
            member: row.id("member", MemberId::new)?,
            session: session.map(|_| row.id("session", SessionId::new)).transpose()?,
            expires_at: row.time("expires_at")?,
        })
    })
    .transpose()
}

impl Commit<'_> {
    pub(crate) async fn put_ticket(&mut self, ticket: &Ticket) -> StoreResult<()> {
        let statement = self
            .query(PUT)
            .bind(&ticket.hash)
            .bind(ticket.member.value())
            .bind(ticket.session.map(SessionId::value))
            .bind(ticket.expires_at.as_microsecond())
            .bind((ticket.expires_at - TICKET_TTL).as_microsecond());
        require(self.run(statement).await?, 1)
    }

    pub(crate) async fn take_ticket(&mut self, hash: &str) -> StoreResult<()> {
        let statement = self.query(TAKE).bind(hash.to_owned());
        require(self.run(statement).await?, 1)
    }
}
