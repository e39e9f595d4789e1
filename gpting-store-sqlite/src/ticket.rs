//! Tickets for sockets: kept by their hash, used once.

use gpting_core::chat::Ticket;
use gpting_core::chat::ticket::TICKET_TTL;
use gpting_core::id::SessionId;
use gpting_core::store::StoreResult;
use sqlx::{SqliteConnection, SqlitePool, query, query_as};

use crate::error::from_sqlx;
use crate::row::{Place, micros};
use crate::statement::one_row;

const ONE: &str = "SELECT member, session, expires_at FROM ticket WHERE hash = ?1";

const DROP_OLD: &str = "DELETE FROM ticket WHERE expires_at <= ?1";

const PUT: &str = "INSERT INTO ticket (hash, member, session, expires_at) VALUES (?1, ?2, ?3, ?4)";

const TAKE: &str = "DELETE FROM ticket WHERE hash = ?1";

pub(crate) async fn one(readers: &SqlitePool, hash: &str) -> StoreResult<Option<Ticket>> {
    let row: Option<(i64, Option<i64>, i64)> =
        query_as(ONE).bind(hash.to_owned()).fetch_optional(readers).await.map_err(from_sqlx)?;
    row.map(|(member, session, expires_at)| {
        let place = Place::new("ticket", member);
        let session = session.map(|id| SessionId::new(id).ok_or_else(|| place.corrupt("session"))).transpose()?;
        Ok(Ticket {
            hash: hash.to_owned(),
            member: place.member("member", member)?,
            session,
            expires_at: place.time("expires_at", expires_at)?,
        })
    })
    .transpose()
}

pub(crate) async fn put(connection: &mut SqliteConnection, ticket: &Ticket) -> StoreResult<()> {
    let old = query(DROP_OLD).bind(micros(ticket.expires_at - TICKET_TTL));
    old.execute(&mut *connection).await.map_err(from_sqlx)?;
    let put = query(PUT)
        .bind(ticket.hash.as_str())
        .bind(ticket.member.value())
        .bind(ticket.session.map(SessionId::value))
        .bind(micros(ticket.expires_at));
    one_row(put, connection).await
}

pub(crate) async fn take(connection: &mut SqliteConnection, hash: String) -> StoreResult<()> {
    one_row(query(TAKE).bind(hash), connection).await
}
