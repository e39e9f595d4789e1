//! Messages and read marks.
//!
//! A message takes its `seq` by the update that locks its room, so places are without holes and in commit order; a
//! resend is recognised before that, inside the same transaction, and burns no place.

use gpting_core::chat::{Message, NewMessage};
use gpting_core::id::{MemberId, MessageId, RoomId};
use gpting_core::store::{Appended, MessageRange, StoreError, StoreResult};
use sqlx::{SqliteConnection, SqlitePool, query, query_as, query_scalar};
use uuid::Uuid;

use crate::error::from_sqlx;
use crate::row::{Place, limit, micros, number};

const SENT_BEFORE: &str = "
    SELECT seq, id, sender, text, at, client_msg_id, unsent FROM message
    WHERE room = ?1 AND sender = ?2 AND client_msg_id = ?3
      AND EXISTS (SELECT 1 FROM room WHERE room.id = ?1 AND closed_at IS NULL)";

const NEXT_SEQ: &str = "
    UPDATE room SET last_seq = last_seq + 1, version = version + 1, activity = ?2
    WHERE id = ?1 AND closed_at IS NULL AND ?3 IN (low, high) RETURNING last_seq";

/// The sender has read what they wrote. Both statements in one, for the price of one way to the connection's thread.
const INSERT: &str = "
    INSERT INTO message (room, seq, id, sender, text, at, client_msg_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);
    INSERT INTO read_mark (room, member, seq, shown) VALUES (?1, ?4, ?2, ?2)
    ON CONFLICT (room, member) DO UPDATE SET seq = max(seq, excluded.seq), shown = max(coalesce(shown, seq), excluded.shown)";

const MARK_READ: &str = "
    INSERT INTO read_mark (room, member, seq, shown)
    SELECT id, ?2, min(?3, last_seq), iif(?4, min(?3, last_seq), 0) FROM room WHERE id = ?1 AND ?2 IN (low, high)
    ON CONFLICT (room, member) DO UPDATE SET seq = max(seq, excluded.seq), shown = max(coalesce(shown, seq), excluded.shown)";

const SENT: &str = "SELECT unsent FROM message WHERE room = ?1 AND sender = ?2 AND seq = ?3";

/// The room moves first; its revision is then the message's.
const UNSEND: &str = "
    UPDATE room SET version = version + 1, revision = revision + 1 WHERE id = ?1;
    UPDATE message SET text = '', unsent = (SELECT revision FROM room WHERE id = ?1) WHERE room = ?1 AND seq = ?2";

const HIDE: &str = "
    INSERT INTO message_hidden (room, member, seq)
    SELECT id, ?2, ?3 FROM room WHERE id = ?1 AND ?2 IN (low, high) AND ?3 <= last_seq
    ON CONFLICT DO NOTHING";

const AFTER: &str = "
    SELECT seq, id, sender, text, at, client_msg_id, unsent FROM message
    WHERE room = ?1 AND seq > ?2 AND NOT EXISTS (
        SELECT 1 FROM message_hidden AS hidden
        WHERE hidden.room = ?1 AND hidden.member = ?4 AND hidden.seq = message.seq)
    ORDER BY seq LIMIT ?3";

const BEFORE: &str = "
    SELECT seq, id, sender, text, at, client_msg_id, unsent FROM message
    WHERE room = ?1 AND seq < ?2 AND NOT EXISTS (
        SELECT 1 FROM message_hidden AS hidden
        WHERE hidden.room = ?1 AND hidden.member = ?4 AND hidden.seq = message.seq)
    ORDER BY seq DESC LIMIT ?3";

/// A message without its room.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) seq: i64,
    pub(crate) id: i64,
    pub(crate) sender: i64,
    pub(crate) text: String,
    pub(crate) at: i64,
    pub(crate) client_msg_id: Option<Uuid>,
    pub(crate) unsent: Option<i64>,
}

/// Appends a message of a participant to an open room, or finds it there.
pub(crate) async fn append(connection: &mut SqliteConnection, new: NewMessage) -> StoreResult<Appended> {
    if let Some(client_msg_id) = new.client_msg_id {
        let before: Option<Row> = query_as(SENT_BEFORE)
            .bind(new.room.value())
            .bind(new.sender.value())
            .bind(client_msg_id)
            .fetch_optional(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        if let Some(row) = before {
            let message = read(new.room, row)?;
            return Ok(Appended { message, replayed: true });
        }
    }
    let seq: Option<i64> = query_scalar(NEXT_SEQ)
        .bind(new.room.value())
        .bind(micros(new.at))
        .bind(new.sender.value())
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    let seq = seq.ok_or(StoreError::Stale)?;
    let message = new.at_seq(Place::new("room", seq).unsigned("last_seq", seq)?);
    let insert = query(INSERT)
        .bind(message.room.value())
        .bind(seq)
        .bind(message.id.value())
        .bind(message.sender.value())
        .bind(message.text.as_str())
        .bind(micros(message.at))
        .bind(message.client_msg_id);
    insert.execute(connection).await.map_err(from_sqlx)?;
    Ok(Appended { message, replayed: false })
}

/// Moves a participant's read mark forward.
pub(crate) async fn mark_read(
    connection: &mut SqliteConnection,
    room: RoomId,
    member: MemberId,
    seq: u64,
    shown: bool,
) -> StoreResult<()> {
    let mark = query(MARK_READ).bind(room.value()).bind(member.value()).bind(number(seq)).bind(shown);
    mark.execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// Takes a message back; its place stays.
pub(crate) async fn unsend(
    connection: &mut SqliteConnection,
    room: RoomId,
    sender: MemberId,
    seq: u64,
) -> StoreResult<()> {
    let sent = query_scalar(SENT).bind(room.value()).bind(sender.value()).bind(number(seq));
    let unsent: Option<Option<i64>> = sent.fetch_optional(&mut *connection).await.map_err(from_sqlx)?;
    if unsent.ok_or(StoreError::Stale)?.is_none() {
        let unsend = query(UNSEND).bind(room.value()).bind(number(seq));
        unsend.execute(connection).await.map_err(from_sqlx)?;
    }
    Ok(())
}

/// Hides a message for one participant.
pub(crate) async fn hide(
    connection: &mut SqliteConnection,
    room: RoomId,
    member: MemberId,
    seq: u64,
) -> StoreResult<()> {
    let hide = query(HIDE).bind(room.value()).bind(member.value()).bind(number(seq));
    hide.execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// Messages of a room in the order of `seq`.
pub(crate) async fn range(
    readers: &SqlitePool,
    room: RoomId,
    range: MessageRange,
    rows: usize,
    viewer: Option<MemberId>,
) -> StoreResult<Vec<Message>> {
    let (sql, seq) = match range {
        MessageRange::After(seq) => (AFTER, seq),
        MessageRange::Before(seq) => (BEFORE, seq),
    };
    let rows: Vec<Row> = query_as(sql)
        .bind(room.value())
        .bind(number(seq))
        .bind(limit(rows))
        .bind(viewer.map(MemberId::value))
        .fetch_all(readers)
        .await
        .map_err(from_sqlx)?;
    let mut messages = rows.into_iter().map(|row| read(room, row)).collect::<StoreResult<Vec<_>>>()?;
    if let MessageRange::Before(_) = range {
        messages.reverse();
    }
    Ok(messages)
}

pub(crate) fn read(room: RoomId, row: Row) -> StoreResult<Message> {
    let place = Place::new("message", format!("{room}, {}", row.seq));
    Ok(Message {
        id: MessageId::new(row.id).ok_or_else(|| place.corrupt("id"))?,
        room,
        seq: place.unsigned("seq", row.seq)?,
        sender: place.member("sender", row.sender)?,
        text: row.text,
        at: place.time("at", row.at)?,
        client_msg_id: row.client_msg_id,
        unsent: row.unsent.map(|unsent| place.unsigned("unsent", unsent)).transpose()?,
    })
}
