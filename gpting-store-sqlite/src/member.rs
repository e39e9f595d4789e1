//! Members and the feed of their changes.
//!
//! Every put takes the next position of the one counter in `state`, inside the same transaction; since writers take
//! turns, positions are visible in their order and a reader of the feed can skip nobody. New members that follow
//! each other in a work go in by one statement, which is what makes an import quick.

use gpting_core::id::{HostId, MemberId};
use gpting_core::profile::Member;
use gpting_core::store::{FeedCursor, FeedEntry, StoreError, StoreResult, Version, Versioned};
use sqlx::{SqliteConnection, SqlitePool, query, query_as, query_scalar};

use crate::error::from_sqlx;
use crate::row::{Place, limit, number, to_document};

const NEXT_POSITIONS: &str = "UPDATE state SET feed_position = feed_position + ?1 RETURNING feed_position";

const INSERT: &str = "
    INSERT INTO member (id, version, change, host, source, document)
    SELECT value ->> 0, 1, ?2 + key, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) WHERE true
    ON CONFLICT (id) DO NOTHING";

const UPDATE: &str = "
    UPDATE member SET version = version + 1, change = ?3, host = ?4, source = ?5, document = ?6
    WHERE id = ?1 AND version = ?2";

const BY_IDS: &str = "SELECT id, version, document FROM member WHERE id IN (SELECT value FROM json_each(?1))";

const BY_HOST: &str = "SELECT id, version, document FROM member WHERE host = ?1";

const BY_SOURCES: &str = "SELECT id, version, document FROM member WHERE source IN (SELECT value FROM json_each(?1))";

const CHANGED: &str = "
    SELECT change, id, version, document FROM member WHERE change > ?1
    UNION ALL
    SELECT change, member, NULL, NULL FROM erased WHERE change > ?1
    ORDER BY change LIMIT ?2";

type Row = (i64, i64, String);

/// Creates these members, none of whom may be there.
pub(crate) async fn insert(connection: &mut SqliteConnection, members: &[Member]) -> StoreResult<()> {
    let mut rows = Vec::with_capacity(members.len());
    for member in members {
        let host = member.host.as_ref().map(HostId::as_str);
        rows.push((member.id, host, member.source.as_deref(), to_document(member)?));
    }
    let newest = next_positions(connection, members.len()).await?;
    let first = newest - limit(members.len()) + 1;
    let inserted = query(INSERT)
        .bind(to_document(&rows)?)
        .bind(first)
        .execute(connection)
        .await
        .map_err(from_sqlx)?
        .rows_affected();
    if inserted == members.len() as u64 { Ok(()) } else { Err(StoreError::Stale) }
}

/// Replaces a member that has this version.
pub(crate) async fn update(connection: &mut SqliteConnection, member: &Member, version: Version) -> StoreResult<()> {
    let position = next_positions(&mut *connection, 1).await?;
    let put = query(UPDATE)
        .bind(member.id.value())
        .bind(number(version))
        .bind(position)
        .bind(member.host.as_ref().map(HostId::as_str))
        .bind(member.source.as_deref())
        .bind(to_document(member)?);
    crate::statement::one_row(put, connection).await
}

/// Moves the counter of the feed by `count` and answers the last of these positions.
async fn next_positions(connection: &mut SqliteConnection, count: usize) -> StoreResult<i64> {
    query_scalar(NEXT_POSITIONS).bind(limit(count)).fetch_one(connection).await.map_err(from_sqlx)
}

/// Those of these members that exist.
pub(crate) async fn by_ids(readers: &SqlitePool, ids: &[MemberId]) -> StoreResult<Vec<Versioned<Member>>> {
    let rows: Vec<Row> = query_as(BY_IDS).bind(to_document(&ids)?).fetch_all(readers).await.map_err(from_sqlx)?;
    rows.into_iter().map(read).collect()
}

/// The member of a host's id.
pub(crate) async fn by_host(readers: &SqlitePool, host: &HostId) -> StoreResult<Option<Versioned<Member>>> {
    let row: Option<Row> = query_as(BY_HOST).bind(host.as_str()).fetch_optional(readers).await.map_err(from_sqlx)?;
    row.map(read).transpose()
}

/// Those imported members whose source key is one of these.
pub(crate) async fn by_sources(readers: &SqlitePool, sources: &[String]) -> StoreResult<Vec<Versioned<Member>>> {
    let rows: Vec<Row> =
        query_as(BY_SOURCES).bind(to_document(&sources)?).fetch_all(readers).await.map_err(from_sqlx)?;
    rows.into_iter().map(read).collect()
}

/// Changes after a place in the feed, and the place to go on from.
pub(crate) async fn changed(
    readers: &SqlitePool,
    cursor: FeedCursor,
    rows: usize,
) -> StoreResult<(Vec<FeedEntry>, FeedCursor)> {
    let rows: Vec<(i64, i64, Option<i64>, Option<String>)> = query_as(CHANGED)
        .bind(number(cursor.position))
        .bind(limit(rows))
        .fetch_all(readers)
        .await
        .map_err(from_sqlx)?;
    let mut next = cursor;
    let mut entries = Vec::with_capacity(rows.len());
    for (change, id, version, document) in rows {
        let place = Place::new("member", id);
        next = FeedCursor { position: place.unsigned("change", change)?, id };
        entries.push(match (version, document) {
            (Some(version), Some(document)) => FeedEntry::Put(Box::new(place.versioned(version, &document)?)),
            _ => FeedEntry::Gone(place.member("id", id)?),
        });
    }
    Ok((entries, next))
}

fn read((id, version, document): Row) -> StoreResult<Versioned<Member>> {
    Place::new("member", id).versioned(version, &document)
}
