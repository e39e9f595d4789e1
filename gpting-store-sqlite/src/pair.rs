//! Pairs, and the lists they stand in.
//!
//! A pair's place in the members' lists is written with the pair itself, from [`Pair::listings`], the one definition
//! of who stands where. The primary key of `pair_list` is the order of the lists, so a page is one range of it.

use gpting_core::id::{FriendRequestId, MemberId};
use gpting_core::interaction::{Pair, PairKey, PairList};
use gpting_core::store::{Before, Expect, Page, PairCursor, StoreResult, Versioned};
use sqlx::{SqliteConnection, SqlitePool, query, query_as, query_scalar};

use crate::error::from_sqlx;
use crate::row::{Place, limit, micros, number, to_document};
use crate::statement::one_row;

const INSERT: &str = "
    INSERT INTO pair (low, high, version, request, document) VALUES (?1, ?2, 1, ?3, ?4)
    ON CONFLICT (low, high) DO NOTHING";

const UPDATE: &str = "
    UPDATE pair SET version = version + 1, request = ?3, document = ?4 WHERE low = ?1 AND high = ?2 AND version = ?5";

const INSERT_LISTINGS: &str = "
    INSERT INTO pair_list (member, list, at, other, low, high)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, ?1, ?2 FROM json_each(?3)";

/// Both statements in one, since the way to the connection's thread costs more than either.
const REPLACE_LISTINGS: &str = "
    DELETE FROM pair_list WHERE low = ?1 AND high = ?2;
    INSERT INTO pair_list (member, list, at, other, low, high)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, ?1, ?2 FROM json_each(?3)";

const ONE: &str = "SELECT low, high, version, document FROM pair WHERE low = ?1 AND high = ?2";

const BY_REQUEST: &str = "SELECT low, high, version, document FROM pair WHERE request = ?1";

const LIST: &str = "
    SELECT pair.low, pair.high, version, document
    FROM pair_list JOIN pair ON pair.low = pair_list.low AND pair.high = pair_list.high
    WHERE member = ?1 AND list = ?2 AND (at, other) < (?3, ?4)
    ORDER BY at DESC, other DESC LIMIT ?5";

/// As one row: thousands are handed over by the connection's thread one at a time, which takes longer than reading them.
const LISTED: &str = "SELECT json_group_array(other) FROM pair_list WHERE member = ?1 AND list = ?2";

/// Places in the feed are given by triggers of the schema.
const CHANGED: &str = "
    SELECT change, low, high, version, document FROM pair WHERE change > ?1 ORDER BY change LIMIT ?2";

type Row = (i64, i64, i64, String);

/// Creates or replaces a pair and its places in lists.
pub(crate) async fn put(connection: &mut SqliteConnection, pair: &Pair, expect: Expect) -> StoreResult<()> {
    let (low, high) = (pair.key.low.value(), pair.key.high.value());
    let request = pair.friend_request.as_ref().map(|request| request.id.value());
    let document = to_document(pair)?;
    let listings: Vec<(i64, i16, i64, i64)> = pair
        .listings()
        .into_iter()
        .map(|listing| {
            let (member, other) = (listing.member.value(), listing.other.value());
            (member, listing.list.number(), micros(listing.at), other)
        })
        .collect();
    let put_listings = match expect {
        Expect::New => {
            let insert = query(INSERT).bind(low).bind(high).bind(request).bind(document);
            one_row(insert, &mut *connection).await?;
            INSERT_LISTINGS
        }
        Expect::Version(version) => {
            let update = query(UPDATE).bind(low).bind(high).bind(request).bind(document);
            one_row(update.bind(number(version)), &mut *connection).await?;
            REPLACE_LISTINGS
        }
    };
    let put_listings = query(put_listings).bind(low).bind(high).bind(to_document(&listings)?);
    put_listings.execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// What stands between two people.
pub(crate) async fn one(readers: &SqlitePool, key: PairKey) -> StoreResult<Option<Versioned<Pair>>> {
    let row: Option<Row> =
        query_as(ONE).bind(key.low.value()).bind(key.high.value()).fetch_optional(readers).await.map_err(from_sqlx)?;
    row.map(read).transpose()
}

/// Changes after a place in the feed, and the place to go on from.
pub(crate) async fn changed(
    readers: &SqlitePool,
    cursor: PairCursor,
    rows: usize,
) -> StoreResult<(Vec<Versioned<Pair>>, PairCursor)> {
    let rows: Vec<(i64, i64, i64, i64, String)> = query_as(CHANGED)
        .bind(number(cursor.position))
        .bind(limit(rows))
        .fetch_all(readers)
        .await
        .map_err(from_sqlx)?;
    let mut next = cursor;
    let mut pairs = Vec::with_capacity(rows.len());
    for (change, low, high, version, document) in rows {
        let position = Place::new("pair", format_args!("{low}, {high}")).unsigned("change", change)?;
        next = PairCursor { position, pair: (low, high) };
        pairs.push(read((low, high, version, document))?);
    }
    Ok((pairs, next))
}

/// The pair of a waiting friend request.
pub(crate) async fn by_request(readers: &SqlitePool, request: FriendRequestId) -> StoreResult<Option<Versioned<Pair>>> {
    let row: Option<Row> =
        query_as(BY_REQUEST).bind(request.value()).fetch_optional(readers).await.map_err(from_sqlx)?;
    row.map(read).transpose()
}

/// A part of a member's list.
pub(crate) async fn list(readers: &SqlitePool, member: MemberId, list: PairList, page: Page) -> StoreResult<Vec<Pair>> {
    let (at, id) = before(page.before);
    let rows: Vec<Row> = query_as(LIST)
        .bind(member.value())
        .bind(list.number())
        .bind(at)
        .bind(id)
        .bind(limit(page.limit))
        .fetch_all(readers)
        .await
        .map_err(from_sqlx)?;
    rows.into_iter().map(|row| Ok(read(row)?.value)).collect()
}

/// Everybody in a member's list.
pub(crate) async fn listed(readers: &SqlitePool, member: MemberId, list: PairList) -> StoreResult<Vec<MemberId>> {
    let others: String =
        query_scalar(LISTED).bind(member.value()).bind(list.number()).fetch_one(readers).await.map_err(from_sqlx)?;
    let place = Place::new("pair_list", member);
    let others: Vec<i64> = place.document(&others)?;
    others.into_iter().map(|other| place.member("other", other)).collect()
}

/// Where a page starts, as bound to SQL: after every row when it is the first.
pub(crate) fn before(before: Option<Before>) -> (i64, i64) {
    before.map_or((i64::MAX, i64::MAX), |before| (micros(before.at), before.id))
}

fn read((low, high, version, document): Row) -> StoreResult<Versioned<Pair>> {
    Place::new("pair", format_args!("{low}, {high}")).versioned(version, &document)
}
