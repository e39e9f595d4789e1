//! What listeners ask, for many rooms by one statement: which have moved, what is new in them, which were opened.
//!
//! What is asked about comes as one JSON text; every statement walks over it by primary keys and answers only what is
//! new.

use gpting_core::chat::{Message, ReadMark, RoomState, Since};
use gpting_core::id::RoomId;
use gpting_core::interaction::PairKey;
use gpting_core::store::StoreResult;
use sqlx::{SqlitePool, query_as, query_scalar};

use crate::error::from_sqlx;
use crate::message;
use crate::room;
use crate::row::{Place, limit, number, to_document};

const MOVED: &str = "
    WITH known AS (SELECT value ->> 0 AS id, value ->> 1 AS moves FROM json_each(?1))
    SELECT room.id, room.version, room.low, room.high, room.created_at, room.last_seq, room.closed_at,
           room.hidden_through, room.revision,
           coalesce(lower.seq, 0) AS low_seq, coalesce(lower.shown, lower.seq, 0) AS low_shown,
           coalesce(higher.seq, 0) AS high_seq, coalesce(higher.shown, higher.seq, 0) AS high_shown
    FROM known CROSS JOIN room ON room.id = known.id
    LEFT JOIN read_mark AS lower ON lower.room = room.id AND lower.member = room.low
    LEFT JOIN read_mark AS higher ON higher.room = room.id AND higher.member = room.high
    WHERE room.version + coalesce(lower.seq + coalesce(lower.shown, lower.seq), 0) + coalesce(higher.seq + coalesce(higher.shown, higher.seq), 0) <> known.moves";

/// The `+` keeps the planner on the index of what was taken back; along the whole room it would look at every message.
const NEWS: &str = "
    WITH known AS (SELECT value ->> 0 AS id, value ->> 1 AS seq, value ->> 2 AS revision FROM json_each(?1)),
    news AS (
        SELECT said.* FROM known CROSS JOIN message AS said ON said.room = known.id AND said.seq > known.seq
        UNION ALL
        SELECT said.* FROM known CROSS JOIN message AS said
            ON said.room = known.id AND said.unsent > known.revision AND +said.seq <= known.seq
    ),
    numbered AS (SELECT *, row_number() OVER (PARTITION BY room ORDER BY seq) AS place FROM news)
    SELECT room, seq, id, sender, text, at, client_msg_id, unsent FROM numbered WHERE place <= ?2 ORDER BY room, seq";

const OPENED: &str = "
    SELECT id, low, high FROM room WHERE ?1 > 0 AND opening >= ?1 AND closed_at IS NULL";

const OPENINGS: &str = "SELECT openings FROM state";

const EPOCH: &str = "SELECT epoch FROM state";

#[derive(Debug, sqlx::FromRow)]
struct MovedRow {
    #[sqlx(flatten)]
    room: room::Row,
    low_seq: i64,
    low_shown: i64,
    high_seq: i64,
    high_shown: i64,
}

#[derive(Debug, sqlx::FromRow)]
struct NewsRow {
    room: i64,
    #[sqlx(flatten)]
    message: message::Row,
}

pub(crate) async fn rooms_moved(readers: &SqlitePool, known: &[(RoomId, u64)]) -> StoreResult<Vec<RoomState>> {
    let known: Vec<(i64, i64)> = known.iter().map(|(id, moves)| (id.value(), number(*moves))).collect();
    let rows: Vec<MovedRow> = query_as(MOVED).bind(to_document(&known)?).fetch_all(readers).await.map_err(from_sqlx)?;
    rows.iter()
        .map(|row| {
            let place = Place::new("read_mark", row.room.id);
            let mark =
                |seq, shown| Ok(ReadMark { seq: place.unsigned("seq", seq)?, shown: place.unsigned("shown", shown)? });
            let reads = [mark(row.low_seq, row.low_shown)?, mark(row.high_seq, row.high_shown)?];
            let room = room::read(&row.room)?;
            Ok(RoomState::of(room.value, room.version, reads))
        })
        .collect()
}

pub(crate) async fn news(readers: &SqlitePool, since: &[Since], most: usize) -> StoreResult<Vec<Message>> {
    let known: Vec<(i64, i64, Option<i64>)> =
        since.iter().map(|since| (since.room.value(), number(since.seq), since.revision.map(number))).collect();
    let rows: Vec<NewsRow> =
        query_as(NEWS).bind(to_document(&known)?).bind(limit(most)).fetch_all(readers).await.map_err(from_sqlx)?;
    rows.into_iter()
        .map(|row| {
            let room = RoomId::new(row.room).ok_or_else(|| Place::new("message", row.room).corrupt("room"))?;
            message::read(room, row.message)
        })
        .collect()
}

pub(crate) async fn rooms_opened(readers: &SqlitePool, cursor: u64) -> StoreResult<(Vec<(RoomId, PairKey)>, u64)> {
    // Counted first: what is opened in between is told again rather than passed over.
    let openings: i64 = query_scalar(OPENINGS).fetch_one(readers).await.map_err(from_sqlx)?;
    let next = Place::new("state", 1).unsigned("openings", openings)? + 1;
    if cursor == 0 || cursor >= next {
        return Ok((Vec::new(), next));
    }
    let rows: Vec<(i64, i64, i64)> =
        query_as(OPENED).bind(number(cursor)).fetch_all(readers).await.map_err(from_sqlx)?;
    let opened = rows.into_iter().map(|(id, low, high)| {
        let place = Place::new("room", id);
        let pair = PairKey { low: place.member("low", low)?, high: place.member("high", high)? };
        Ok((RoomId::new(id).ok_or_else(|| place.corrupt("id"))?, pair))
    });
    Ok((opened.collect::<StoreResult<_>>()?, next))
}

pub(crate) async fn epoch(readers: &SqlitePool) -> StoreResult<u64> {
    let epoch: i64 = query_scalar(EPOCH).fetch_one(readers).await.map_err(from_sqlx)?;
    Place::new("state", 1).unsigned("epoch", epoch)
}
