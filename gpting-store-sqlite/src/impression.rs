//! Who was shown to whom, where and why the last time.

use gpting_core::id::MemberId;
use gpting_core::matching::exposure::{Exposure, Impression, Shown};
use gpting_core::store::StoreResult;
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool, query, query_as, query_scalar};

use crate::error::from_sqlx;
use crate::row::{Place, limit, micros, to_document};

/// Parameters: viewer, candidates with the numbers of their exposure, time.
const SERVE: &str = "
    INSERT INTO impression
        (viewer, candidate, first_at, last_at, shows, position, ranker, slot, score, there, back)
    SELECT ?1, value ->> 0, ?3, ?3, 1, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
    FROM json_each(?2) WHERE true
    ON CONFLICT (viewer, candidate) DO UPDATE SET
        last_at = max(last_at, excluded.last_at), shows = shows + 1, position = excluded.position,
        ranker = excluded.ranker, slot = excluded.slot, score = excluded.score, there = excluded.there,
        back = excluded.back";

const DROP: &str = "DELETE FROM impression WHERE viewer BETWEEN ?1 AND ?2 AND last_at < ?3";

const WAS_SERVED: &str = "SELECT EXISTS (SELECT 1 FROM impression WHERE viewer = ?1 AND candidate = ?2)";

const SERVED_SINCE: &str = "SELECT candidate FROM impression WHERE viewer = ?1 AND last_at >= ?2";

const ALL: &str = "
    SELECT viewer, candidate, first_at, last_at, shows, position, ranker, slot, score, there, back
    FROM impression WHERE (viewer, candidate) > (?1, ?2) ORDER BY viewer, candidate LIMIT ?3";

/// Parameters: candidates, most.
const SHOWN_TO: &str = "
    SELECT value, (SELECT count(*) FROM (SELECT 1 FROM impression WHERE candidate = value LIMIT ?2))
    FROM json_each(?1)";

#[derive(sqlx::FromRow)]
struct Row {
    viewer: i64,
    candidate: i64,
    first_at: i64,
    last_at: i64,
    shows: i64,
    position: Option<i64>,
    ranker: Option<i64>,
    slot: Option<i64>,
    score: Option<i64>,
    there: Option<i64>,
    back: Option<i64>,
}

impl Row {
    /// What was noted, if it was, by a build that this one knows the words of.
    fn exposure(&self) -> Option<Exposure> {
        let numbers = [self.position?, self.ranker?, self.slot?, self.score?, self.there?, self.back?];
        Exposure::of_numbers(numbers)
    }
}

/// Remembers that people were shown to a member.
pub(crate) async fn serve(
    connection: &mut SqliteConnection,
    viewer: MemberId,
    candidates: &[Shown],
    at: Timestamp,
) -> StoreResult<()> {
    let rows: Vec<_> = Shown::each_once(candidates)
        .into_iter()
        .map(|shown| {
            let numbers = shown.exposure.map(|exposure| exposure.numbers().map(Some)).unwrap_or_default();
            let [position, ranker, slot, score, there, back] = numbers;
            (shown.candidate, position, ranker, slot, score, there, back)
        })
        .collect();
    let serve = query(SERVE).bind(viewer.value()).bind(to_document(&rows)?).bind(micros(at));
    serve.execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// Forgets what was shown long ago.
pub(crate) async fn drop_old(
    connection: &mut SqliteConnection,
    from: MemberId,
    to: MemberId,
    before: Timestamp,
) -> StoreResult<()> {
    let drop = query(DROP).bind(from.value()).bind(to.value()).bind(micros(before));
    drop.execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// Whether a candidate was ever shown to a viewer.
pub(crate) async fn was_served(readers: &SqlitePool, viewer: MemberId, candidate: MemberId) -> StoreResult<bool> {
    query_scalar(WAS_SERVED).bind(viewer.value()).bind(candidate.value()).fetch_one(readers).await.map_err(from_sqlx)
}

/// Who was shown to a viewer at this time or later.
pub(crate) async fn served_since(
    readers: &SqlitePool,
    viewer: MemberId,
    since: Timestamp,
) -> StoreResult<Vec<MemberId>> {
    let served = query_scalar(SERVED_SINCE).bind(viewer.value()).bind(micros(since));
    let served: Vec<i64> = served.fetch_all(readers).await.map_err(from_sqlx)?;
    let place = Place::new("impression", viewer);
    served.into_iter().map(|candidate| place.member("candidate", candidate)).collect()
}

/// What is remembered behind a place.
pub(crate) async fn all(
    readers: &SqlitePool,
    after: Option<(MemberId, MemberId)>,
    most: usize,
) -> StoreResult<Vec<Impression>> {
    let (viewer, candidate) = after.map_or((0, 0), |(viewer, candidate)| (viewer.value(), candidate.value()));
    let all = query_as(ALL).bind(viewer).bind(candidate).bind(limit(most));
    let rows: Vec<Row> = all.fetch_all(readers).await.map_err(from_sqlx)?;
    rows.iter()
        .map(|row| {
            let place = Place::new("impression", row.viewer);
            Ok(Impression {
                viewer: place.member("viewer", row.viewer)?,
                candidate: place.member("candidate", row.candidate)?,
                first_at: place.time("first_at", row.first_at)?,
                last_at: place.time("last_at", row.last_at)?,
                shows: place.unsigned("shows", row.shows)?,
                exposure: row.exposure(),
            })
        })
        .collect()
}

/// To how many members each was shown.
pub(crate) async fn shown_to(
    readers: &SqlitePool,
    candidates: &[MemberId],
    most: usize,
) -> StoreResult<Vec<(MemberId, u64)>> {
    let counts = query_as(SHOWN_TO).bind(to_document(&candidates)?).bind(limit(most));
    let rows: Vec<(i64, i64)> = counts.fetch_all(readers).await.map_err(from_sqlx)?;
    rows.into_iter()
        .map(|(candidate, count)| {
            let place = Place::new("impression", candidate);
            Ok((place.member("candidate", candidate)?, place.unsigned("count", count)?))
        })
        .collect()
}
