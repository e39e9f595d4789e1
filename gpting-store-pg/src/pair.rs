//! Pairs, and the lists of people that follow from them.
//!
//! A pair and its listings are written by one statement. Rows of the list that stay are updated in place and only those
//! that end are deleted: the parts of one statement do not see each other's work.

use gpting_core::event::Event;
use gpting_core::id::{FriendRequestId, MemberId};
use gpting_core::interaction::{Pair, PairKey, PairList};
use gpting_core::store::{Expect, Page, PairCursor, StoreResult, Versioned};
use sqlx::types::Json;

use crate::error::store_error;
use crate::on_its_way::Commit;
use crate::row::{Row, all_versioned, any_versioned, bind_expected, limit, put, require};
use crate::{PgStore, feed};

const TABLE: &str = "pair";

const BY_KEY: &str = "SELECT low, version, document FROM gpting.pair WHERE low = $1 AND high = $2";
const BY_REQUEST: &str = "SELECT low, version, document FROM gpting.pair WHERE friend_request = $1";
const LIST: &str = "
    SELECT pair.low, pair.document
    FROM (
        SELECT at, other FROM gpting.pair_list
        WHERE member = $1 AND list = $2 AND (at, other) < ($3, $4)
        ORDER BY at DESC, other DESC LIMIT $5
    ) AS page
    JOIN gpting.pair ON pair.low = least($1, page.other) AND pair.high = greatest($1, page.other)
    ORDER BY page.at DESC, page.other DESC";
const LISTED: &str = "SELECT other FROM gpting.pair_list WHERE member = $1 AND list = $2";

/// Places in the feed are given by a trigger of the schema.
const CHANGED: &str = "
    SELECT low, high, change::text AS change, version, document FROM gpting.pair
    WHERE (change, low, high) > ($1::text::xid8, $2, $3) AND change < $5::text::xid8
    ORDER BY pair.change, low, high LIMIT $4";

const CREATE: &str = "
    WITH put AS (
        INSERT INTO gpting.pair (low, high, version, friend_request, document)
        VALUES ($1, $2, 1, $3, $4)
        ON CONFLICT DO NOTHING
        RETURNING 1
    ), listed AS (
        INSERT INTO gpting.pair_list (member, other, list, at)
        SELECT member, other, list, at
        FROM put, unnest($5::bigint[], $6::bigint[], $7::smallint[], $8::bigint[]) AS now (member, other, list, at)
    ), told AS (
        INSERT INTO gpting.outbox (document)
        SELECT document FROM put, unnest($9::jsonb[]) WITH ORDINALITY AS event (document, place)
        ORDER BY place
    )
    SELECT FROM put";
const REPLACE: &str = "
    WITH put AS (
        UPDATE gpting.pair
        SET version = version + 1, friend_request = $3, document = $4
        WHERE low = $1 AND high = $2 AND version = $10
        RETURNING 1
    ), unlisted AS (
        DELETE FROM gpting.pair_list AS was USING put
        WHERE ((was.member = $1 AND was.other = $2) OR (was.member = $2 AND was.other = $1))
          AND NOT EXISTS (
              SELECT FROM unnest($5::bigint[], $7::smallint[]) AS now (member, list)
              WHERE now.member = was.member AND now.list = was.list
          )
    ), listed AS (
        INSERT INTO gpting.pair_list (member, other, list, at)
        SELECT member, other, list, at
        FROM put, unnest($5::bigint[], $6::bigint[], $7::smallint[], $8::bigint[]) AS now (member, other, list, at)
        ON CONFLICT (member, other, list) DO UPDATE SET at = excluded.at WHERE pair_list.at <> excluded.at
    ), told AS (
        INSERT INTO gpting.outbox (document)
        SELECT document FROM put, unnest($9::jsonb[]) WITH ORDINALITY AS event (document, place)
        ORDER BY place
    )
    SELECT FROM put";

pub(crate) async fn pairs_changed(
    store: &PgStore,
    mut cursor: PairCursor,
    most: usize,
) -> StoreResult<(Vec<Versioned<Pair>>, PairCursor)> {
    let upto = feed::upto(store).await?;
    let rows = store
        .query(CHANGED)
        .bind(cursor.position.to_string())
        .bind(cursor.pair.0)
        .bind(cursor.pair.1)
        .bind(limit(most))
        .bind(upto.to_string())
        .fetch_all(&store.pool)
        .await
        .map_err(store_error)?;
    if let Some(last) = rows.last() {
        let row = Row::of(TABLE, last);
        let position = row.get::<&str>("change")?.parse().map_err(|_| row.corrupt("change"))?;
        cursor = PairCursor { position, pair: (row.get("low")?, row.get("high")?) };
    }
    Ok((all_versioned(TABLE, &rows)?, cursor))
}

pub(crate) async fn pair(store: &PgStore, key: PairKey) -> StoreResult<Option<Versioned<Pair>>> {
    let row = store
        .query(BY_KEY)
        .bind(key.low.value())
        .bind(key.high.value())
        .fetch_optional(&store.pool)
        .await
        .map_err(store_error)?;
    any_versioned(TABLE, row.as_ref())
}

pub(crate) async fn pair_by_request(store: &PgStore, request: FriendRequestId) -> StoreResult<Option<Versioned<Pair>>> {
    let row = store.query(BY_REQUEST).bind(request.value()).fetch_optional(&store.pool).await.map_err(store_error)?;
    any_versioned(TABLE, row.as_ref())
}

pub(crate) async fn list_pairs(
    store: &PgStore,
    member: MemberId,
    list: PairList,
    page: Page,
) -> StoreResult<Vec<Pair>> {
    let (at, other) = before(page);
    let rows = store
        .query(LIST)
        .bind(member.value())
        .bind(list.number())
        .bind(at)
        .bind(other)
        .bind(limit(page.limit))
        .fetch_all(&store.pool)
        .await
        .map_err(store_error)?;
    rows.iter().map(|row| Row::of(TABLE, row).document()).collect()
}

pub(crate) async fn listed(store: &PgStore, member: MemberId, list: PairList) -> StoreResult<Vec<MemberId>> {
    let rows = store
        .query(LISTED)
        .bind(member.value())
        .bind(list.number())
        .fetch_all(&store.pool)
        .await
        .map_err(store_error)?;
    rows.iter().map(|row| Row::of("pair_list", row).id("other", MemberId::new)).collect()
}

/// Where a page begins, as a comparison that an index can start from; before the first page stands what is never stored.
pub(crate) fn before(page: Page) -> (i64, i64) {
    page.before.map_or((i64::MAX, i64::MAX), |before| (before.at.as_microsecond(), before.id))
}

impl Commit<'_> {
    /// Puts a pair, its listings, and the events that tell of it.
    pub(crate) async fn put_pair(&mut self, pair: &Pair, expect: Expect, events: &[Event]) -> StoreResult<()> {
        let listings = pair.listings();
        let members: Vec<i64> = listings.iter().map(|listing| listing.member.value()).collect();
        let others: Vec<i64> = listings.iter().map(|listing| listing.other.value()).collect();
        let lists: Vec<i16> = listings.iter().map(|listing| listing.list.number()).collect();
        let times: Vec<i64> = listings.iter().map(|listing| listing.at.as_microsecond()).collect();
        let events: Vec<Json<&Event>> = events.iter().map(Json).collect();
        let statement = self
            .query(put(expect, CREATE, REPLACE))
            .bind(pair.key.low.value())
            .bind(pair.key.high.value())
            .bind(pair.friend_request.as_ref().map(|request| request.id.value()))
            .bind(Json(pair))
            .bind(members)
            .bind(others)
            .bind(lists)
            .bind(times)
            .bind(events);
        require(self.run(bind_expected(statement, expect)).await?, 1)
    }
}
