//! What listeners ask, for many rooms by one statement: which have moved, what is new in them, which were opened.
//!
//! Asked once a second on every instance, so each statement walks over what is asked about by primary keys and answers
//! only what is new.

use gpting_core::chat::{Message, ReadMark, RoomState, Since};
use gpting_core::id::RoomId;
use gpting_core::interaction::PairKey;
use gpting_core::store::StoreResult;

use crate::PgStore;
use crate::error::store_error;
use crate::message::message_of;
use crate::room::room_of;
use crate::row::{Row, limit, number};

const TABLE: &str = "room";

const MOVED: &str = "
    SELECT room.id AS room, room.version, room.low, room.high, room.created_at, room.last_seq, room.closed_at,
           room.hidden_through, room.revision,
           coalesce(lower.seq, 0) AS low_seq, coalesce(lower.shown, lower.seq, 0) AS low_shown,
           coalesce(higher.seq, 0) AS high_seq, coalesce(higher.shown, higher.seq, 0) AS high_shown
    FROM unnest($1::bigint[], $2::bigint[]) AS known (id, moves)
    JOIN gpting.room ON room.id = known.id
    LEFT JOIN gpting.read_mark AS lower ON lower.room = room.id AND lower.member = room.low
    LEFT JOIN gpting.read_mark AS higher ON higher.room = room.id AND higher.member = room.high
    WHERE room.version + coalesce(lower.seq + coalesce(lower.shown, lower.seq), 0) + coalesce(higher.seq + coalesce(higher.shown, higher.seq), 0) <> known.moves";

const SAID: &str = "
    SELECT message.* FROM unnest($1::bigint[], $2::bigint[]) AS known (id, seq)
    CROSS JOIN LATERAL (
        SELECT room, seq, id AS message_id, sender, text, at, client_msg_id, unsent FROM gpting.message
        WHERE message.room = known.id AND message.seq > known.seq ORDER BY message.seq LIMIT $3
    ) AS message
    ORDER BY message.room, message.seq";

/// What was taken back is sorted by what no index is ordered by: ordered by `seq` it would be looked for along the whole
/// room, which is what the planner takes when it has not counted the table yet.
const NEWS: &str = "
    SELECT message.* FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS known (id, seq, revision)
    CROSS JOIN LATERAL (
        SELECT * FROM (
            (SELECT room, seq, id AS message_id, sender, text, at, client_msg_id, unsent FROM gpting.message
             WHERE message.room = known.id AND message.seq > known.seq ORDER BY message.seq LIMIT $4)
            UNION ALL
            (SELECT room, seq, id AS message_id, sender, text, at, client_msg_id, unsent FROM gpting.message
             WHERE message.room = known.id AND message.unsent > known.revision AND message.seq <= known.seq
             ORDER BY message.seq + 0 LIMIT $4)
        ) AS message
        ORDER BY seq LIMIT $4
    ) AS message
    ORDER BY message.room, message.seq";

/// A transaction may commit some seconds after it has taken the time; for so long openings are told again.
const OPENED: &str = "
    SELECT id AS room, low, high,
           greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint - 10000000, 1) AS next
    FROM (SELECT) AS one
    LEFT JOIN gpting.room ON room.opened_at >= $1 AND $1 > 0 AND room.closed_at IS NULL";

const EPOCH: &str = "SELECT epoch FROM gpting.log";

pub(crate) async fn rooms_moved(store: &PgStore, known: &[(RoomId, u64)]) -> StoreResult<Vec<RoomState>> {
    let (ids, moves): (Vec<i64>, Vec<i64>) = known.iter().map(|(id, moves)| (id.value(), number(*moves))).unzip();
    let statement = store.query(MOVED).bind(ids).bind(moves);
    let rows = statement.fetch_all(&store.pool).await.map_err(store_error)?;
    rows.iter()
        .map(|row| {
            let row = Row::of(TABLE, row);
            let low = ReadMark { seq: row.count("low_seq")?, shown: row.count("low_shown")? };
            let high = ReadMark { seq: row.count("high_seq")?, shown: row.count("high_shown")? };
            Ok(RoomState::of(room_of(&row)?, row.count("version")?, [low, high]))
        })
        .collect()
}

pub(crate) async fn news(store: &PgStore, since: &[Since], most: usize) -> StoreResult<Vec<Message>> {
    let rooms: Vec<i64> = since.iter().map(|since| since.room.value()).collect();
    let seqs: Vec<i64> = since.iter().map(|since| number(since.seq)).collect();
    let statement = if since.iter().all(|since| since.revision.is_none()) {
        store.query(SAID).bind(rooms).bind(seqs)
    } else {
        let revisions: Vec<i64> = since.iter().map(|since| since.revision.map_or(i64::MAX, number)).collect();
        store.query(NEWS).bind(rooms).bind(seqs).bind(revisions)
    };
    let rows = statement.bind(limit(most)).fetch_all(&store.pool).await.map_err(store_error)?;
    rows.iter().map(|row| message_of(&Row::of("message", row))).collect()
}

pub(crate) async fn rooms_opened(store: &PgStore, cursor: u64) -> StoreResult<(Vec<(RoomId, PairKey)>, u64)> {
    let rows = store.query(OPENED).bind(number(cursor)).fetch_all(&store.pool).await.map_err(store_error)?;
    let (mut opened, mut next) = (Vec::new(), cursor);
    for row in &rows {
        let row = Row::of(TABLE, row);
        next = next.max(row.count("next")?);
        if row.get::<Option<i64>>("room")?.is_some() {
            let room = row.id("room", RoomId::new)?;
            let member = gpting_core::id::MemberId::new;
            opened.push((room, PairKey { low: row.id("low", member)?, high: row.id("high", member)? }));
        }
    }
    Ok((opened, next))
}

pub(crate) async fn epoch(store: &PgStore) -> StoreResult<u64> {
    let row = store.query(EPOCH).fetch_one(&store.pool).await.map_err(store_error)?;
    Row::of("log", &row).count("epoch")
}
