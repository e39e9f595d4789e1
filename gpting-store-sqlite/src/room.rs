//! Rooms and how participants see them.
//!
//! A room is columns, not a document, because appending moves it. `activity` is what lists are sorted by, kept by
//! every statement that can change it, so that a page of rooms is read from an index per side of the pair and merged.

use gpting_core::chat::{Message, Room, RoomOverview};
use gpting_core::id::{MemberId, MessageId, RoomId};
use gpting_core::interaction::PairKey;
use gpting_core::store::{Expect, Page, StoreResult, Versioned};
use sqlx::{SqliteConnection, SqlitePool, query, query_as};
use uuid::Uuid;

use crate::error::from_sqlx;
use crate::pair::before;
use crate::row::{Place, limit, micros, number};
use crate::statement::one_row;

/// Openings are counted, so that those after a certain one are found.
const OPEN: &str = "UPDATE state SET openings = openings + 1";

const INSERT: &str = "
    INSERT INTO room (id, version, low, high, created_at, last_seq, closed_at, hidden_through, activity, opening)
    VALUES (?1, 1, ?2, ?3, ?4, 0, ?5, ?6, ?4, iif(?5 IS NULL, (SELECT openings FROM state), 0))
    ON CONFLICT (id) DO NOTHING";

const UPDATE: &str = "
    UPDATE room SET
        version = version + 1, low = ?2, high = ?3, created_at = ?4, closed_at = ?5, hidden_through = ?6,
        activity = coalesce((SELECT at FROM message WHERE room = ?1 AND seq = last_seq AND last_seq > ?6), ?4),
        opening = iif(closed_at IS NOT NULL AND ?5 IS NULL, (SELECT openings FROM state), opening)
    WHERE id = ?1 AND version = ?7";

const ONE: &str = "
    SELECT id, version, low, high, created_at, last_seq, closed_at, hidden_through, revision
    FROM room WHERE id = ?1";

/// What follows a common table `page` of rooms of the viewer `?1`: their newest visible message, both read marks and
/// how many visible messages of the partner lie beyond the viewer's.
macro_rules! overview {
    ($page:literal) => {
        concat!(
            $page,
            "
    SELECT
        page.id, page.version, page.low, page.high, page.created_at, page.last_seq, page.closed_at,
        page.hidden_through, page.revision,
        newest.seq AS message_seq, newest.id AS message_id, newest.sender AS message_sender,
        newest.text AS message_text, newest.at AS message_at, newest.client_msg_id AS message_client_msg_id,
        newest.unsent AS message_unsent,
        EXISTS (SELECT 1 FROM message_hidden AS hidden
                WHERE hidden.room = page.id AND hidden.member = ?1 AND hidden.seq = newest.seq) AS last_hidden,
        coalesce(mine.seq, 0) AS my_read, coalesce(mine.shown, mine.seq, 0) AS my_shown, coalesce(theirs.shown, theirs.seq, 0) AS their_read,
        coalesce(mine.muted, 0) AS muted, coalesce(theirs.muted, 0) AS their_muted,
        (SELECT count(*) FROM message AS unread
         WHERE unread.room = page.id AND unread.seq > max(page.hidden_through, coalesce(mine.seq, 0))
           AND unread.sender <> ?1 AND unread.unsent IS NULL
           AND NOT EXISTS (SELECT 1 FROM message_hidden AS hidden
                           WHERE hidden.room = page.id AND hidden.member = ?1 AND hidden.seq = unread.seq)) AS unread
    FROM page
    LEFT JOIN message AS newest
        ON newest.room = page.id AND newest.seq = page.last_seq AND page.last_seq > page.hidden_through
    LEFT JOIN read_mark AS mine ON mine.room = page.id AND mine.member = ?1
    LEFT JOIN read_mark AS theirs
        ON theirs.room = page.id AND theirs.member = iif(page.low = ?1, page.high, page.low)
    ORDER BY page.activity DESC, page.id DESC"
        )
    };
}

const OVERVIEW: &str = overview!(
    "
    WITH page AS (SELECT * FROM room WHERE id = ?2 AND closed_at IS NULL AND ?1 IN (low, high))"
);

const LIST: &str = overview!(
    "
    WITH page AS (
        SELECT * FROM room WHERE low = ?1 AND closed_at IS NULL AND (activity, id) < (?2, ?3)
        UNION ALL
        SELECT * FROM room WHERE high = ?1 AND closed_at IS NULL AND (activity, id) < (?2, ?3)
        ORDER BY activity DESC, id DESC LIMIT ?4)"
);

const MUTE: &str = "
    INSERT INTO read_mark (room, member, seq, shown, muted)
    SELECT id, ?2, 0, 0, ?3 FROM room WHERE id = ?1 AND ?2 IN (low, high)
    ON CONFLICT (room, member) DO UPDATE SET muted = excluded.muted";

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) id: i64,
    version: i64,
    low: i64,
    high: i64,
    created_at: i64,
    last_seq: i64,
    closed_at: Option<i64>,
    hidden_through: i64,
    revision: i64,
}

#[derive(Debug, sqlx::FromRow)]
struct OverviewRow {
    #[sqlx(flatten)]
    room: Row,
    message_seq: Option<i64>,
    message_id: Option<i64>,
    message_sender: Option<i64>,
    message_text: Option<String>,
    message_at: Option<i64>,
    message_client_msg_id: Option<Uuid>,
    message_unsent: Option<i64>,
    last_hidden: bool,
    my_read: i64,
    my_shown: i64,
    their_read: i64,
    unread: i64,
    muted: bool,
    their_muted: bool,
}

/// Creates or replaces a room.
pub(crate) async fn put(connection: &mut SqliteConnection, room: &Room, expect: Expect) -> StoreResult<()> {
    let sql = match expect {
        Expect::New => INSERT,
        Expect::Version(_) => UPDATE,
    };
    if room.closed_at.is_none() {
        query(OPEN).execute(&mut *connection).await.map_err(from_sqlx)?;
    }
    let put = query(sql)
        .bind(room.id.value())
        .bind(room.pair.low.value())
        .bind(room.pair.high.value())
        .bind(micros(room.created_at))
        .bind(room.closed_at.map(micros))
        .bind(number(room.hidden_through));
    let put = match expect {
        Expect::New => put,
        Expect::Version(version) => put.bind(number(version)),
    };
    one_row(put, connection).await
}

/// Says whether a participant wants notifications.
pub(crate) async fn mute(
    connection: &mut SqliteConnection,
    room: RoomId,
    member: MemberId,
    muted: bool,
) -> StoreResult<()> {
    let mute = query(MUTE).bind(room.value()).bind(member.value()).bind(muted);
    mute.execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// A room, open or closed.
pub(crate) async fn one(readers: &SqlitePool, id: RoomId) -> StoreResult<Option<Versioned<Room>>> {
    let row: Option<Row> = query_as(ONE).bind(id.value()).fetch_optional(readers).await.map_err(from_sqlx)?;
    row.as_ref().map(read).transpose()
}

/// An open room as one participant sees it.
pub(crate) async fn overview(readers: &SqlitePool, viewer: MemberId, id: RoomId) -> StoreResult<Option<RoomOverview>> {
    let row: Option<OverviewRow> =
        query_as(OVERVIEW).bind(viewer.value()).bind(id.value()).fetch_optional(readers).await.map_err(from_sqlx)?;
    row.map(read_overview).transpose()
}

/// A part of a member's open rooms.
pub(crate) async fn list(readers: &SqlitePool, viewer: MemberId, page: Page) -> StoreResult<Vec<RoomOverview>> {
    let (activity, id) = before(page.before);
    let rows: Vec<OverviewRow> = query_as(LIST)
        .bind(viewer.value())
        .bind(activity)
        .bind(id)
        .bind(limit(page.limit))
        .fetch_all(readers)
        .await
        .map_err(from_sqlx)?;
    rows.into_iter().map(read_overview).collect()
}

pub(crate) fn read(row: &Row) -> StoreResult<Versioned<Room>> {
    let place = Place::new("room", row.id);
    let low = place.member("low", row.low)?;
    let high = place.member("high", row.high)?;
    let closed_at = row.closed_at.map(|at| place.time("closed_at", at)).transpose()?;
    Ok(Versioned {
        version: place.version(row.version)?,
        value: Room {
            id: RoomId::new(row.id).ok_or_else(|| place.corrupt("id"))?,
            pair: PairKey { low, high },
            created_at: place.time("created_at", row.created_at)?,
            last_seq: place.unsigned("last_seq", row.last_seq)?,
            closed_at,
            hidden_through: place.unsigned("hidden_through", row.hidden_through)?,
            revision: place.unsigned("revision", row.revision)?,
        },
    })
}

fn read_overview(row: OverviewRow) -> StoreResult<RoomOverview> {
    let room = read(&row.room)?.value;
    let place = Place::new("message", format!("{}, {}", room.id, room.last_seq));
    let last_message = match (row.message_seq, row.message_id, row.message_sender, row.message_at) {
        (Some(seq), Some(id), Some(sender), Some(at)) => Some(Message {
            id: MessageId::new(id).ok_or_else(|| place.corrupt("id"))?,
            room: room.id,
            seq: place.unsigned("seq", seq)?,
            sender: place.member("sender", sender)?,
            text: row.message_text.ok_or_else(|| place.corrupt("text"))?,
            at: place.time("at", at)?,
            client_msg_id: row.message_client_msg_id,
            unsent: row.message_unsent.map(|unsent| place.unsigned("unsent", unsent)).transpose()?,
        }),
        _ => None,
    };
    Ok(RoomOverview {
        last_message,
        last_hidden: row.last_hidden,
        my_read: place.unsigned("my_read", row.my_read)?,
        my_shown: place.unsigned("my_shown", row.my_shown)?,
        their_read: place.unsigned("their_read", row.their_read)?,
        unread: place.unsigned("unread", row.unread)?,
        muted: row.muted,
        their_muted: row.their_muted,
        room,
    })
}
