//! Members, and the feed of their changes (up to where [`feed`] says).

use gpting_core::id::{HostId, MemberId};
use gpting_core::profile::Member;
use gpting_core::store::{Expect, FeedCursor, FeedEntry, StoreResult, Versioned};
use sqlx::types::Json;

use crate::error::store_error;
use crate::on_its_way::Commit;
use crate::row::{Row, all_versioned, any_versioned, bind_expected, limit, put, require};
use crate::{PgStore, feed};

const TABLE: &str = "member";

const BY_IDS: &str = "SELECT id, version, document FROM gpting.member WHERE id = ANY($1)";
const BY_HOST: &str = "SELECT id, version, document FROM gpting.member WHERE host = $1";
const BY_SOURCES: &str = "SELECT id, version, document FROM gpting.member WHERE source = ANY($1)";

const CREATE: &str = "
    INSERT INTO gpting.member (id, version, host, source, document)
    VALUES ($1, 1, $2, $3, $4)
    ON CONFLICT (id) DO NOTHING";
const CREATE_MANY: &str = "
    INSERT INTO gpting.member (id, version, host, source, document)
    SELECT id, 1, host, source, document
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::jsonb[]) AS put (id, host, source, document)
    ON CONFLICT (id) DO NOTHING";
const REPLACE: &str = "
    UPDATE gpting.member
    SET version = version + 1, host = $2, source = $3, document = $4, change = pg_current_xact_id()
    WHERE id = $1 AND version = $5";

const CHANGED: &str = "
    (SELECT id, change::text AS change, version, document FROM gpting.member
     WHERE (change, id) > ($1::text::xid8, $2) AND change < $4::text::xid8
     ORDER BY member.change, id LIMIT $3)
    UNION ALL
    (SELECT member, change::text, NULL, NULL FROM gpting.erased
     WHERE (change, member) > ($1::text::xid8, $2) AND change < $4::text::xid8
     ORDER BY erased.change, member LIMIT $3)";

const LEAVE_MARK: &str = "
    INSERT INTO gpting.mark (mark, server, at)
    SELECT $1, system_identifier, (extract(epoch FROM now()) * 1000000)::bigint FROM pg_catalog.pg_control_system()";
/// An hour less than the feed tells of an erased member: whoever finds a mark misses no erasure after it.
pub(crate) const OLD_MARKS: &str = "
    DELETE FROM gpting.mark WHERE at < (extract(epoch FROM now() - interval '23 hours') * 1000000)::bigint";
const HAS_MARK: &str = "
    SELECT EXISTS (
        SELECT FROM gpting.mark
        WHERE mark = $1 AND server = (SELECT system_identifier FROM pg_catalog.pg_control_system())
    )";

pub(crate) async fn members(store: &PgStore, ids: &[MemberId]) -> StoreResult<Vec<Versioned<Member>>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = ids.iter().map(|id| id.value()).collect();
    let rows = store.query(BY_IDS).bind(ids).fetch_all(&store.pool).await.map_err(store_error)?;
    all_versioned(TABLE, &rows)
}

pub(crate) async fn member_by_host(store: &PgStore, host: &HostId) -> StoreResult<Option<Versioned<Member>>> {
    let row = store.query(BY_HOST).bind(host.as_str()).fetch_optional(&store.pool).await.map_err(store_error)?;
    any_versioned(TABLE, row.as_ref())
}

pub(crate) async fn members_by_source(store: &PgStore, sources: &[String]) -> StoreResult<Vec<Versioned<Member>>> {
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let rows = store.query(BY_SOURCES).bind(sources).fetch_all(&store.pool).await.map_err(store_error)?;
    all_versioned(TABLE, &rows)
}

pub(crate) async fn members_changed(
    store: &PgStore,
    cursor: FeedCursor,
    most: usize,
) -> StoreResult<(Vec<FeedEntry>, FeedCursor)> {
    read_feed(store, cursor, feed::upto(store).await?, most).await
}

async fn read_feed(
    store: &PgStore,
    mut cursor: FeedCursor,
    upto: u64,
    most: usize,
) -> StoreResult<(Vec<FeedEntry>, FeedCursor)> {
    let rows = store
        .query(CHANGED)
        .bind(cursor.position.to_string())
        .bind(cursor.id)
        .bind(limit(most))
        .bind(upto.to_string())
        .fetch_all(&store.pool)
        .await
        .map_err(store_error)?;
    let mut changes = Vec::with_capacity(rows.len());
    for row in &rows {
        let row = Row::of(TABLE, row);
        // A transaction's id, which the driver knows only as text.
        let position: u64 = row.get::<&str>("change")?.parse().map_err(|_| row.corrupt("change"))?;
        changes.push((FeedCursor { position, id: row.get("id")? }, row));
    }
    changes.sort_by_key(|(place, _)| (place.position, place.id));
    let mut entries = Vec::with_capacity(changes.len().min(most));
    for (place, row) in changes.into_iter().take(most) {
        let version: Option<i64> = row.get("version")?;
        entries.push(match version {
            Some(_) => FeedEntry::Put(Box::new(row.versioned()?)),
            None => FeedEntry::Gone(row.id("id", MemberId::new)?),
        });
        cursor = place;
    }
    Ok((entries, cursor))
}

pub(crate) async fn has_mark(store: &PgStore, mark: u128) -> StoreResult<bool> {
    let row = store.query(HAS_MARK).bind(mark.to_be_bytes()).fetch_one(&store.pool).await.map_err(store_error)?;
    Row::of("mark", &row).get("exists")
}

impl Commit<'_> {
    /// Leaves a mark behind everything that is committed, and drops those that are too old to be of use.
    pub(crate) async fn leave_mark(&mut self, mark: u128) -> StoreResult<()> {
        let old = self.query(OLD_MARKS);
        self.run(old).await?;
        let leave = self.query(LEAVE_MARK).bind(mark.to_be_bytes());
        self.run(leave).await.map(drop)
    }

    pub(crate) async fn put_member(&mut self, member: &Member, expect: Expect) -> StoreResult<()> {
        let statement = self
            .query(put(expect, CREATE, REPLACE))
            .bind(member.id.value())
            .bind(member.host.as_ref().map(HostId::as_str))
            .bind(member.source.as_deref())
            .bind(Json(member));
        require(self.run(bind_expected(statement, expect)).await?, 1)
    }

    /// New members, all of them by one statement.
    pub(crate) async fn create_members(&mut self, members: &[&Member]) -> StoreResult<()> {
        let ids: Vec<i64> = members.iter().map(|member| member.id.value()).collect();
        let hosts: Vec<Option<&str>> = members.iter().map(|member| member.host.as_ref().map(HostId::as_str)).collect();
        let sources: Vec<Option<&str>> = members.iter().map(|member| member.source.as_deref()).collect();
        let documents: Vec<Json<&Member>> = members.iter().map(|member| Json(*member)).collect();
        let statement = self.query(CREATE_MANY).bind(ids).bind(hosts).bind(sources).bind(documents);
        require(self.run(statement).await?, members.len() as u64)
    }
}
