//! Picks of a day: a row for each of the two.

use gpting_core::id::MemberId;
use gpting_core::interaction::PairKey;
use gpting_core::store::StoreResult;
use sqlx::{SqliteConnection, SqlitePool, query, query_scalar};

use crate::error::from_sqlx;
use crate::row::{Place, to_document};

/// Parameters: day, pairs.
const PUT: &str = "
    INSERT INTO daily_pick (member, day, other)
    SELECT value ->> 0, ?1, value ->> 1 FROM json_each(?2) WHERE true
    ON CONFLICT DO NOTHING";

const CLEAR: &str = "DELETE FROM daily_pick WHERE day = ?1 OR day < ?1 - 1";

const OF: &str = "SELECT other FROM daily_pick WHERE member = ?1 AND day = ?2 ORDER BY other";

const PICKED: &str = "
    SELECT DISTINCT member FROM daily_pick WHERE day = ?1 AND member IN (SELECT value FROM json_each(?2))";

/// Makes pairs each other's picks.
pub(crate) async fn put(connection: &mut SqliteConnection, day: i32, pairs: &[PairKey]) -> StoreResult<()> {
    let rows: Vec<(MemberId, MemberId)> =
        pairs.iter().flat_map(|key| [(key.low, key.high), (key.high, key.low)]).collect();
    query(PUT).bind(day).bind(to_document(&rows)?).execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// Forgets the picks of a day and of those before the one before it.
pub(crate) async fn clear(connection: &mut SqliteConnection, day: i32) -> StoreResult<()> {
    query(CLEAR).bind(day).execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// A member's picks of a day.
pub(crate) async fn of(readers: &SqlitePool, member: MemberId, day: i32) -> StoreResult<Vec<MemberId>> {
    let others: Vec<i64> =
        query_scalar(OF).bind(member.value()).bind(day).fetch_all(readers).await.map_err(from_sqlx)?;
    let place = Place::new("daily_pick", member);
    others.into_iter().map(|other| place.member("other", other)).collect()
}

/// Those of these members who have a pick of a day.
pub(crate) async fn picked(readers: &SqlitePool, members: &[MemberId], day: i32) -> StoreResult<Vec<MemberId>> {
    let statement = query_scalar(PICKED).bind(day).bind(to_document(&members)?);
    let picked: Vec<i64> = statement.fetch_all(readers).await.map_err(from_sqlx)?;
    picked.into_iter().map(|member| Place::new("daily_pick", member).member("member", member)).collect()
}
