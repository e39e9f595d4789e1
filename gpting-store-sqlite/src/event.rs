//! The outbox: what the host is to be told, numbered in the order of commits.

use gpting_core::event::{Event, StoredEvent};
use gpting_core::store::StoreResult;
use sqlx::{SqliteConnection, SqlitePool, query, query_as};

use crate::error::from_sqlx;
use crate::row::{Place, limit, number, to_document};

const PUT: &str = "INSERT INTO outbox (event) SELECT value FROM json_each(?1) ORDER BY key";

const DROP: &str = "DELETE FROM outbox WHERE number IN (SELECT value FROM json_each(?1))";

const OLDEST: &str = "SELECT number, event FROM outbox WHERE number > ?1 ORDER BY number LIMIT ?2";

/// Puts events at the end.
pub(crate) async fn put(connection: &mut SqliteConnection, events: &[Event]) -> StoreResult<()> {
    if events.is_empty() {
        return Ok(());
    }
    // Each event as a JSON string inside the array, so that SQLite hands it on letter by letter.
    let documents = events.iter().map(to_document).collect::<StoreResult<Vec<String>>>()?;
    let put = query(PUT).bind(to_document(&documents)?);
    put.execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// Deletes the events with these numbers.
pub(crate) async fn drop_numbers(connection: &mut SqliteConnection, numbers: &[u64]) -> StoreResult<()> {
    let drop = query(DROP).bind(to_document(&numbers)?);
    drop.execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// The oldest events after a number.
pub(crate) async fn oldest(readers: &SqlitePool, after: u64, rows: usize) -> StoreResult<Vec<StoredEvent>> {
    let read = query_as(OLDEST).bind(number(after)).bind(limit(rows));
    let rows: Vec<(i64, String)> = read.fetch_all(readers).await.map_err(from_sqlx)?;
    rows.into_iter()
        .map(|(at, event)| {
            let place = Place::new("outbox", at);
            Ok(StoredEvent { number: place.unsigned("number", at)?, event: place.document(&event)? })
        })
        .collect()
}
