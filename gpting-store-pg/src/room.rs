//! Rooms as their participants see them, and read marks.
//!
//! `seq` has no holes, so the newest message is the one at `last_seq`, and it is visible when that lies beyond
//! `hidden_through`; no search is needed for either.

use gpting_core::chat::{Room, RoomOverview};
use gpting_core::id::{MemberId, RoomId};
use gpting_core::interaction::PairKey;
use gpting_core::store::{Expect, Page, StoreResult, Versioned};

use crate::PgStore;
use crate::error::store_error;
use crate::message::message_of;
use crate::on_its_way::Commit;
use crate::pair::before;
use crate::row::{Row, bind_expected, limit, number, put, require};

const TABLE: &str = "room";

const BY_ID: &str = "
    SELECT id AS room, version, low, high, created_at, last_seq, closed_at, hidden_through, revision
    FROM gpting.room WHERE id = $1";

/// Rooms with everything that one participant (`$1`) sees of them; the rooms come from the table given first.
macro_rules! overview {
    ($page:literal) => {
        concat!(
            $page,
            "
    SELECT page.id AS room, page.low, page.high, page.created_at, page.last_seq, page.closed_at, page.hidden_through,
           page.revision, newest.seq, newest.id AS message_id, newest.sender, newest.text, newest.at, newest.client_msg_id, newest.unsent,
           EXISTS (SELECT FROM gpting.message_hidden AS hidden
                   WHERE hidden.room = page.id AND hidden.member = $1 AND hidden.seq = newest.seq) AS last_hidden,
           coalesce(mine.seq, 0) AS my_read, coalesce(mine.shown, mine.seq, 0) AS my_shown,
           coalesce(theirs.shown, theirs.seq, 0) AS their_read,
           coalesce(mine.muted, 0) <> 0 AS muted, coalesce(theirs.muted, 0) <> 0 AS their_muted,
           (SELECT count(*) FROM gpting.message AS new
            WHERE new.room = page.id AND new.seq > greatest(page.hidden_through, coalesce(mine.seq, 0))
              AND new.sender <> $1 AND new.unsent IS NULL
              AND NOT EXISTS (SELECT FROM gpting.message_hidden AS hidden
                              WHERE hidden.room = page.id AND hidden.member = $1 AND hidden.seq = new.seq)) AS unread
    FROM page
    LEFT JOIN gpting.message AS newest
           ON newest.room = page.id AND newest.seq = page.last_seq AND newest.seq > page.hidden_through
    LEFT JOIN gpting.read_mark AS mine ON mine.room = page.id AND mine.member = $1
    LEFT JOIN gpting.read_mark AS theirs
           ON theirs.room = page.id AND theirs.member = CASE WHEN page.low = $1 THEN page.high ELSE page.low END
    ORDER BY page.activity DESC, page.id DESC"
        )
    };
}

const OVERVIEW: &str = overview!(
    "
    WITH page AS (
        SELECT * FROM gpting.room WHERE id = $2 AND closed_at IS NULL AND $1 IN (low, high)
    )"
);
const LIST: &str = overview!(
    "
    WITH page AS (
        SELECT * FROM (
            SELECT * FROM gpting.room WHERE low = $1 AND closed_at IS NULL
            UNION ALL
            SELECT * FROM gpting.room WHERE high = $1 AND closed_at IS NULL
        ) AS room
        WHERE (activity, id) < ($2, $3)
        ORDER BY activity DESC, id DESC LIMIT $4
    )"
);

const CREATE: &str = "
    INSERT INTO gpting.room
        (id, version, low, high, created_at, closed_at, hidden_through, last_seq, activity, opened_at)
    VALUES ($1, 1, $2, $3, $4, $5, $6, 0, $4,
            CASE WHEN $5::bigint IS NULL THEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint ELSE 0 END)
    ON CONFLICT (id) DO NOTHING";
const REPLACE: &str = "
    UPDATE gpting.room
    SET version = version + 1, low = $2, high = $3, created_at = $4, closed_at = $5, hidden_through = $6,
        activity = coalesce(
            (SELECT at FROM gpting.message WHERE message.room = $1 AND seq = room.last_seq AND seq > $6), $4),
        opened_at = CASE
            WHEN closed_at IS NOT NULL AND $5::bigint IS NULL
            THEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint ELSE opened_at END
    WHERE id = $1 AND version = $7";

/// Who takes no part has no mark: an erased member's device may still be reading.
const MARK_READ: &str = "
    INSERT INTO gpting.read_mark (room, member, seq, shown)
    SELECT id, $2, least($3, last_seq), CASE WHEN $4 THEN least($3, last_seq) ELSE 0 END
    FROM gpting.room WHERE id = $1 AND $2 IN (low, high)
    ON CONFLICT (room, member) DO UPDATE
    SET seq = greatest(read_mark.seq, excluded.seq), shown = greatest(coalesce(read_mark.shown, read_mark.seq), excluded.shown)
    WHERE read_mark.seq < excluded.seq OR coalesce(read_mark.shown, read_mark.seq) < excluded.shown";
const MUTE: &str = "
    INSERT INTO gpting.read_mark (room, member, seq, shown, muted)
    SELECT id, $2, 0, 0, $3 FROM gpting.room WHERE id = $1 AND $2 IN (low, high)
    ON CONFLICT (room, member) DO UPDATE SET muted = excluded.muted";

pub(crate) async fn room(store: &PgStore, id: RoomId) -> StoreResult<Option<Versioned<Room>>> {
    let row = store.query(BY_ID).bind(id.value()).fetch_optional(&store.pool).await.map_err(store_error)?;
    row.map(|row| {
        let row = Row::of(TABLE, &row);
        Ok(Versioned { version: row.count("version")?, value: room_of(&row)? })
    })
    .transpose()
}

pub(crate) async fn room_overview(store: &PgStore, viewer: MemberId, id: RoomId) -> StoreResult<Option<RoomOverview>> {
    let row = store
        .query(OVERVIEW)
        .bind(viewer.value())
        .bind(id.value())
        .fetch_optional(&store.pool)
        .await
        .map_err(store_error)?;
    row.map(|row| overview_of(&Row::of(TABLE, &row))).transpose()
}

pub(crate) async fn list_rooms(store: &PgStore, viewer: MemberId, page: Page) -> StoreResult<Vec<RoomOverview>> {
    let (activity, id) = before(page);
    let rows = store
        .query(LIST)
        .bind(viewer.value())
        .bind(activity)
        .bind(id)
        .bind(limit(page.limit))
        .fetch_all(&store.pool)
        .await
        .map_err(store_error)?;
    rows.iter().map(|row| overview_of(&Row::of(TABLE, row))).collect()
}

pub(crate) fn room_of(row: &Row<'_>) -> StoreResult<Room> {
    let (low, high) = (row.id("low", MemberId::new)?, row.id("high", MemberId::new)?);
    Ok(Room {
        id: row.id("room", RoomId::new)?,
        pair: PairKey { low, high },
        created_at: row.time("created_at")?,
        last_seq: row.count("last_seq")?,
        closed_at: row.time_if_any("closed_at")?,
        hidden_through: row.count("hidden_through")?,
        revision: row.count("revision")?,
    })
}

fn overview_of(row: &Row<'_>) -> StoreResult<RoomOverview> {
    let newest: Option<i64> = row.get("seq")?;
    Ok(RoomOverview {
        room: room_of(row)?,
        last_message: newest.map(|_| message_of(row)).transpose()?,
        last_hidden: row.get("last_hidden")?,
        my_read: row.count("my_read")?,
        my_shown: row.count("my_shown")?,
        their_read: row.count("their_read")?,
        unread: row.count("unread")?,
        muted: row.get("muted")?,
        their_muted: row.get("their_muted")?,
    })
}

impl Commit<'_> {
    /// Puts a room; `last_seq`, which moves with its messages, stays as it is.
    pub(crate) async fn put_room(&mut self, room: &Room, expect: Expect) -> StoreResult<()> {
        let statement = self
            .query(put(expect, CREATE, REPLACE))
            .bind(room.id.value())
            .bind(room.pair.low.value())
            .bind(room.pair.high.value())
            .bind(room.created_at.as_microsecond())
            .bind(room.closed_at.map(jiff::Timestamp::as_microsecond))
            .bind(number(room.hidden_through));
        require(self.run(bind_expected(statement, expect)).await?, 1)
    }

    pub(crate) async fn mark_read(&mut self, room: RoomId, member: MemberId, seq: u64, shown: bool) -> StoreResult<()> {
        let statement = self.query(MARK_READ).bind(room.value()).bind(member.value()).bind(number(seq)).bind(shown);
        self.run(statement).await.map(drop)
    }

    pub(crate) async fn mute(&mut self, room: RoomId, member: MemberId, muted: bool) -> StoreResult<()> {
        let statement = self.query(MUTE).bind(room.value()).bind(member.value()).bind(i16::from(muted));
        self.run(statement).await.map(drop)
    }
}
