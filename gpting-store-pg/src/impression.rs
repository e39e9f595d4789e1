//! Who was shown to whom, where and why the last time.

use gpting_core::id::MemberId;
use gpting_core::matching::exposure::{Exposure, Impression, Shown};
use gpting_core::store::StoreResult;
use jiff::Timestamp;
use sqlx::postgres::PgRow;

use crate::PgStore;
use crate::error::store_error;
use crate::on_its_way::Commit;
use crate::row::{Row, limit};

const TABLE: &str = "impression";

/// Sorted, so that two slates for one viewer take their rows in one order.
const SERVE: &str = "
    INSERT INTO gpting.impression
        (viewer, candidate, first_at, last_at, shows, position, ranker, slot, score, there, back)
    SELECT $1::bigint, candidate, $3::bigint, $3::bigint, 1, position, ranker, slot, score, there, back
    FROM unnest($2::bigint[], $4::int[], $5::smallint[], $6::smallint[], $7::int[], $8::int[], $9::int[])
        AS shown (candidate, position, ranker, slot, score, there, back)
    ORDER BY candidate
    ON CONFLICT (viewer, candidate) DO UPDATE SET
        last_at = greatest(impression.last_at, excluded.last_at), shows = impression.shows + 1,
        position = excluded.position, ranker = excluded.ranker, slot = excluded.slot, score = excluded.score,
        there = excluded.there, back = excluded.back";
/// Whoever shows at this moment is passed by: the row is not old any more.
const DROP: &str = "
    DELETE FROM gpting.impression WHERE (viewer, candidate) IN (
        SELECT viewer, candidate FROM gpting.impression
        WHERE viewer BETWEEN $1 AND $2 AND last_at < $3
        ORDER BY viewer, candidate FOR UPDATE SKIP LOCKED
    )";
const WAS_SERVED: &str = "
    SELECT EXISTS (SELECT FROM gpting.impression WHERE viewer = $1 AND candidate = $2)";
const SERVED_SINCE: &str = "SELECT candidate FROM gpting.impression WHERE viewer = $1 AND last_at >= $2";
const ALL: &str = "
    SELECT viewer, candidate, first_at, last_at, shows, position, ranker, slot, score, there, back
    FROM gpting.impression WHERE (viewer, candidate) > ($1, $2) ORDER BY viewer, candidate LIMIT $3";
const SHOWN_TO: &str = "
    SELECT shown.candidate, (
        SELECT count(*) FROM (
            SELECT FROM gpting.impression WHERE impression.candidate = shown.candidate LIMIT $2
        ) AS to_whom
    ) AS count
    FROM unnest($1::bigint[]) AS shown (candidate)";

pub(crate) async fn was_served(store: &PgStore, viewer: MemberId, candidate: MemberId) -> StoreResult<bool> {
    let statement = store.query(WAS_SERVED).bind(viewer.value()).bind(candidate.value());
    let row = statement.fetch_one(&store.pool).await.map_err(store_error)?;
    Row::of(TABLE, &row).get("exists")
}

pub(crate) async fn served_since(store: &PgStore, viewer: MemberId, since: Timestamp) -> StoreResult<Vec<MemberId>> {
    let statement = store.query(SERVED_SINCE).bind(viewer.value()).bind(since.as_microsecond());
    let rows = statement.fetch_all(&store.pool).await.map_err(store_error)?;
    rows.iter().map(|row| Row::of(TABLE, row).id("candidate", MemberId::new)).collect()
}

pub(crate) async fn all(
    store: &PgStore,
    after: Option<(MemberId, MemberId)>,
    most: usize,
) -> StoreResult<Vec<Impression>> {
    let (viewer, candidate) = after.map_or((0, 0), |(viewer, candidate)| (viewer.value(), candidate.value()));
    let statement = store.query(ALL).bind(viewer).bind(candidate).bind(limit(most));
    let rows = statement.fetch_all(&store.pool).await.map_err(store_error)?;
    rows.iter().map(read).collect()
}

fn read(row: &PgRow) -> StoreResult<Impression> {
    let row = Row::of(TABLE, row);
    let small = |column| Ok(row.get::<Option<i16>>(column)?.map(i64::from));
    let whole = |column| Ok(row.get::<Option<i32>>(column)?.map(i64::from));
    let numbers =
        [whole("position")?, small("ranker")?, small("slot")?, whole("score")?, whole("there")?, whole("back")?];
    Ok(Impression {
        viewer: row.id("viewer", MemberId::new)?,
        candidate: row.id("candidate", MemberId::new)?,
        first_at: row.time("first_at")?,
        last_at: row.time("last_at")?,
        shows: row.count("shows")?,
        exposure: exposure(numbers),
    })
}

/// What was noted, if it was, by a build that this one knows the words of.
fn exposure(numbers: [Option<i64>; 6]) -> Option<Exposure> {
    let [position, ranker, slot, score, there, back] = numbers;
    Exposure::of_numbers([position?, ranker?, slot?, score?, there?, back?])
}

pub(crate) async fn shown_to(
    store: &PgStore,
    candidates: &[MemberId],
    most: usize,
) -> StoreResult<Vec<(MemberId, u64)>> {
    let ids: Vec<i64> = candidates.iter().map(|candidate| candidate.value()).collect();
    let statement = store.query(SHOWN_TO).bind(ids).bind(limit(most));
    let rows = statement.fetch_all(&store.pool).await.map_err(store_error)?;
    let counted = rows.iter().map(|row| {
        let row = Row::of(TABLE, row);
        Ok((row.id("candidate", MemberId::new)?, row.count("count")?))
    });
    counted.collect()
}

impl Commit<'_> {
    pub(crate) async fn serve(&mut self, viewer: MemberId, candidates: &[Shown], at: Timestamp) -> StoreResult<()> {
        let shown = Shown::each_once(candidates);
        let ids: Vec<i64> = shown.iter().map(|shown| shown.candidate.value()).collect();
        let numbers = |place: usize| shown.iter().map(move |shown| Some(shown.exposure?.numbers()[place]));
        let whole = |place| -> Vec<Option<i32>> {
            numbers(place).map(|number| Some(i32::try_from(number?).unwrap_or(i32::MAX))).collect()
        };
        let small = |place| -> Vec<Option<i16>> { numbers(place).map(|number| i16::try_from(number?).ok()).collect() };
        let statement = self
            .query(SERVE)
            .bind(viewer.value())
            .bind(ids)
            .bind(at.as_microsecond())
            .bind(whole(0))
            .bind(small(1))
            .bind(small(2))
            .bind(whole(3))
            .bind(whole(4))
            .bind(whole(5));
        self.run(statement).await.map(drop)
    }

    /// Forgets what was shown long ago to some of the viewers.
    pub(crate) async fn drop_impressions(
        &mut self,
        from: MemberId,
        to: MemberId,
        before: Timestamp,
    ) -> StoreResult<()> {
        let statement = self.query(DROP).bind(from.value()).bind(to.value()).bind(before.as_microsecond());
        self.run(statement).await.map(drop)
    }
}
