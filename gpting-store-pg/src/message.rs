//! Messages, and the append that gives each its place.
//!
//! `seq` is taken under the room's row lock in the transaction that inserts the message, so commit order is `seq` order
//! and there are no holes. An append alone in its work is one statement, which holds the lock for no longer than the
//! commit takes.

use gpting_core::chat::{Message, NewMessage};
use gpting_core::event::Event;
use gpting_core::id::{MemberId, MessageId, RoomId};
use gpting_core::store::{Appended, MessageRange, StoreError, StoreResult};
use sqlx::types::Json;

use crate::PgStore;
use crate::error::{MESSAGE_RESEND, commit_error, store_error, violates};
use crate::on_its_way::Commit;
use crate::row::{Row, limit, number, require};

const TABLE: &str = "message";

const AFTER: &str = "
    SELECT room, seq, id AS message_id, sender, text, at, client_msg_id, unsent
    FROM gpting.message WHERE room = $1 AND seq > $2 AND NOT EXISTS (
        SELECT FROM gpting.message_hidden AS hidden
        WHERE hidden.room = $1 AND hidden.member = $4 AND hidden.seq = message.seq
    ) ORDER BY seq LIMIT $3";
const BEFORE: &str = "
    SELECT room, seq, id AS message_id, sender, text, at, client_msg_id, unsent
    FROM gpting.message WHERE room = $1 AND seq < $2 AND NOT EXISTS (
        SELECT FROM gpting.message_hidden AS hidden
        WHERE hidden.room = $1 AND hidden.member = $4 AND hidden.seq = message.seq
    ) ORDER BY seq DESC LIMIT $3";

/// Finds the message whether or not it was taken back before; only then does anything move.
const UNSEND: &str = "
    WITH said AS (
        SELECT unsent FROM gpting.message WHERE room = $1 AND sender = $2 AND seq = $3
    ), moved AS (
        UPDATE gpting.room SET version = version + 1, revision = revision + 1
        WHERE id = $1 AND EXISTS (SELECT FROM said WHERE unsent IS NULL)
        RETURNING revision
    ), cut AS (
        UPDATE gpting.message SET text = '', unsent = moved.revision FROM moved WHERE room = $1 AND seq = $3
    )
    SELECT FROM said";
const HIDE: &str = "
    INSERT INTO gpting.message_hidden (room, member, seq)
    SELECT id, $2, $3 FROM gpting.room WHERE id = $1 AND $2 IN (low, high) AND $3 <= last_seq
    ON CONFLICT DO NOTHING";

const LOCK_ROOM: &str = "SELECT FROM gpting.room WHERE id = $1 FOR UPDATE";

/// Appends, or finds the message that is there already. No row: the room takes no message.
///
/// `said` sees what was committed before the statement began. The same message, sent twice at once, may therefore pass
/// it; then the unique index refuses the second, and [`Commit::append`] looks again under the lock.
const APPEND: &str = "
    WITH said AS (
        SELECT message.* FROM gpting.message
        JOIN gpting.room ON room.id = message.room AND room.closed_at IS NULL
        WHERE message.room = $1 AND message.sender = $2 AND message.client_msg_id = $6
    ), moved AS (
        UPDATE gpting.room
        SET last_seq = last_seq + 1, version = version + 1, activity = $5
        WHERE id = $1 AND closed_at IS NULL AND $2 IN (low, high) AND NOT EXISTS (SELECT FROM said)
        RETURNING last_seq
    ), stored AS (
        INSERT INTO gpting.message (room, seq, id, sender, text, at, client_msg_id)
        SELECT $1, last_seq, $3, $2, $4, $5, $6 FROM moved
    ), marked AS (
        INSERT INTO gpting.read_mark (room, member, seq, shown)
        SELECT $1, $2, last_seq, last_seq FROM moved
        ON CONFLICT (room, member) DO UPDATE
        SET seq = greatest(read_mark.seq, excluded.seq), shown = greatest(coalesce(read_mark.shown, read_mark.seq), excluded.shown)
    ), answer AS (
        SELECT last_seq AS seq, false AS replayed, NULL::bigint AS message_id, NULL::text AS text, NULL::bigint AS at,
               NULL::bigint AS unsent
        FROM moved
        UNION ALL
        SELECT seq, true, id, text, at, unsent FROM said
    ), told AS (
        INSERT INTO gpting.outbox (document)
        SELECT document FROM answer, unnest($7::jsonb[]) WITH ORDINALITY AS event (document, place)
        ORDER BY place
    )
    SELECT seq, replayed, message_id, text, at, unsent FROM answer";

pub(crate) async fn messages(
    store: &PgStore,
    room: RoomId,
    range: MessageRange,
    most: usize,
    viewer: Option<MemberId>,
) -> StoreResult<Vec<Message>> {
    let (statement, seq) = match range {
        MessageRange::After(seq) => (AFTER, seq),
        MessageRange::Before(seq) => (BEFORE, seq),
    };
    let rows = store
        .query(statement)
        .bind(room.value())
        .bind(number(seq))
        .bind(limit(most))
        .bind(viewer.map(MemberId::value))
        .fetch_all(&store.pool)
        .await
        .map_err(store_error)?;
    let mut messages: Vec<Message> =
        rows.iter().map(|row| message_of(&Row::of(TABLE, row))).collect::<StoreResult<_>>()?;
    if matches!(range, MessageRange::Before(_)) {
        messages.reverse();
    }
    Ok(messages)
}

/// A message out of the columns that every statement which selects one names alike.
pub(crate) fn message_of(row: &Row<'_>) -> StoreResult<Message> {
    Ok(Message {
        id: row.id("message_id", MessageId::new)?,
        room: row.id("room", RoomId::new)?,
        seq: row.count("seq")?,
        sender: row.id("sender", MemberId::new)?,
        text: row.get("text")?,
        at: row.time("at")?,
        client_msg_id: row.get("client_msg_id")?,
        unsent: row.get::<Option<i64>>("unsent")?.map(|_| row.count("unsent")).transpose()?,
    })
}

impl Commit<'_> {
    /// Appends a message within a transaction.
    pub(crate) async fn append(&mut self, message: &NewMessage) -> StoreResult<()> {
        if message.client_msg_id.is_some() {
            // What was said can be looked up only once nobody else can say it: with the lock, by the next statement.
            let lock = self.query(LOCK_ROOM).bind(message.room.value());
            self.run(lock).await?;
        }
        let appended = self.append_once(message, &[]).await.map_err(commit_error)?;
        self.answer(appended)
    }

    /// Takes a message back; its place stays.
    pub(crate) async fn unsend(&mut self, room: RoomId, sender: MemberId, seq: u64) -> StoreResult<()> {
        let statement = self.query(UNSEND).bind(room.value()).bind(sender.value()).bind(number(seq));
        require(self.run(statement).await?, 1)
    }

    /// Hides a message for one participant.
    pub(crate) async fn hide(&mut self, room: RoomId, member: MemberId, seq: u64) -> StoreResult<()> {
        let statement = self.query(HIDE).bind(room.value()).bind(member.value()).bind(number(seq));
        self.run(statement).await.map(drop)
    }

    /// Appends a message and its events by one statement outside of a transaction. False: the same message is being
    /// sent at this moment; nothing was done, and [`Commit::append`] will find it.
    pub(crate) async fn append_at_once(&mut self, message: &NewMessage, events: &[Event]) -> StoreResult<bool> {
        match self.append_once(message, events).await {
            Ok(appended) => self.answer(appended).map(|()| true),
            Err(error) if violates(&error, MESSAGE_RESEND) => Ok(false),
            Err(error) => Err(commit_error(error)),
        }
    }

    async fn append_once(
        &mut self,
        message: &NewMessage,
        events: &[Event],
    ) -> Result<Option<StoreResult<Appended>>, sqlx::Error> {
        let events: Vec<Json<&Event>> = events.iter().map(Json).collect();
        let statement = self
            .query(APPEND)
            .bind(message.room.value())
            .bind(message.sender.value())
            .bind(message.id.value())
            .bind(&message.text)
            .bind(message.at.as_microsecond())
            .bind(message.client_msg_id)
            .bind(events);
        let row = statement.fetch_optional(&mut *self.connection).await?;
        Ok(row.map(|row| appended_of(&Row::of(TABLE, &row), message)))
    }

    fn answer(&mut self, appended: Option<StoreResult<Appended>>) -> StoreResult<()> {
        let appended = appended.ok_or(StoreError::Stale)??;
        self.appended.push(appended);
        Ok(())
    }
}

pub(crate) fn appended_of(row: &Row<'_>, message: &NewMessage) -> StoreResult<Appended> {
    let replayed: bool = row.get("replayed")?;
    let mut stored = message.clone().at_seq(row.count("seq")?);
    if replayed {
        stored.id = row.id("message_id", MessageId::new)?;
        stored.text = row.get("text")?;
        stored.at = row.time("at")?;
        stored.unsent = row.get::<Option<i64>>("unsent")?.map(|_| row.count("unsent")).transpose()?;
    }
    Ok(Appended { message: stored, replayed })
}
