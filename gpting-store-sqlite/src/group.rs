//! Messages that are committed together are put in by two statements, however many they are.
//!
//! Called by [`writer`](crate::writer) for works that follow each other and are one message each, inside its transaction:
//! it is the only writer, so what the first statement reads is still so when the second writes. Each statement is a way to
//! the connection's thread and back, which takes longer than what SQLite does for one message.

use std::collections::HashMap;

use gpting_core::chat::NewMessage;
use gpting_core::event::Event;
use gpting_core::id::{MemberId, RoomId};
use gpting_core::store::{Appended, Change, Committed, StoreError, StoreResult};
use sqlx::{SqliteConnection, query, query_as};
use uuid::Uuid;

use crate::commit::{Applied, Whole};
use crate::error::from_sqlx;
use crate::message::{self, Row};
use crate::row::{Place, micros, to_document};

/// Of each message the room as it is, if it takes a message of this sender, and what they have said under this id before.
const LOOK: &str = "
    SELECT key, last_seq, said.seq, said.id, said.sender, said.text, said.at, said.client_msg_id, said.unsent
    FROM json_each(?1)
    CROSS JOIN room ON room.id = value ->> 0 AND closed_at IS NULL
    LEFT JOIN message AS said ON said.room = room.id AND said.sender = value ->> 1 AND said.client_msg_id = unhex(value ->> 2)
    WHERE value ->> 1 IN (low, high) OR said.seq IS NOT NULL";

/// Rooms with their new heads, messages, events: one document for all four, as the driver counts parameters that a statement
/// passes over. As for a message alone, the sender has read what they wrote.
const PUT: &str = "
    UPDATE room SET last_seq = head.seq, version = version + head.count, activity = head.at
    FROM (SELECT value ->> 0 AS room, value ->> 1 AS seq, value ->> 2 AS count, value ->> 3 AS at FROM json_each(?1, '$[0]')) AS head
    WHERE room.id = head.room;
    INSERT INTO message (room, seq, id, sender, text, at, client_msg_id)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, unhex(value ->> 6) FROM json_each(?1, '$[1]');
    INSERT INTO read_mark (room, member, seq, shown)
    SELECT value ->> 0, value ->> 3, max(value ->> 1), max(value ->> 1) FROM json_each(?1, '$[1]') GROUP BY 1, 2
    ON CONFLICT (room, member) DO UPDATE SET seq = max(seq, excluded.seq), shown = max(coalesce(shown, seq), excluded.shown);
    INSERT INTO outbox (event) SELECT value FROM json_each(?1, '$[2]') ORDER BY key";

#[derive(Debug, sqlx::FromRow)]
struct Found {
    key: i64,
    last_seq: i64,
    seq: Option<i64>,
    id: Option<i64>,
    sender: Option<i64>,
    text: Option<String>,
    at: Option<i64>,
    client_msg_id: Option<Uuid>,
    unsent: Option<i64>,
}

impl Found {
    /// The message that was said before.
    fn said(self) -> Option<Row> {
        Some(Row {
            seq: self.seq?,
            id: self.id?,
            sender: self.sender?,
            text: self.text?,
            at: self.at?,
            client_msg_id: self.client_msg_id,
            unsent: self.unsent,
        })
    }
}

/// A work that is one message, with its event.
fn message_of(whole: &Whole) -> Option<(&NewMessage, Option<&Event>)> {
    #[cfg(feature = "accounts")]
    if !whole.account.is_empty() {
        return None;
    }
    let ([Change::Append(message)], events @ ([] | [_])) =
        (whole.work.changes.as_slice(), whole.work.events.as_slice())
    else {
        return None;
    };
    // JSON in SQLite ends a text at a NUL.
    (!message.text.contains('\0')).then_some((message, events.first()))
}

/// How many works from the first on go together; those that do not, and those that are alone, are 0.
pub(crate) fn length(works: &[Whole]) -> usize {
    let length = works.iter().take_while(|whole| message_of(whole).is_some()).count();
    if length > 1 { length } else { 0 }
}

/// What becomes of the room of some messages.
struct Head {
    seq: u64,
    count: u64,
    at: i64,
}

/// Applies works that [go together](length): what became of each, in their order.
///
/// # Errors
/// When a statement failed; some of it may be done, and has to be taken back.
pub(crate) async fn apply(
    connection: &mut SqliteConnection,
    works: &[Whole],
) -> StoreResult<Vec<StoreResult<Applied>>> {
    let messages: Vec<_> = works.iter().filter_map(message_of).collect();
    let asked: Vec<(i64, i64, Option<String>)> =
        messages.iter().map(|(new, _)| (new.room.value(), new.sender.value(), new.client_msg_id.map(hex))).collect();
    let rows: Vec<Found> =
        query_as(LOOK).bind(to_document(&asked)?).fetch_all(&mut *connection).await.map_err(from_sqlx)?;
    let mut found: HashMap<usize, Found> =
        rows.into_iter().filter_map(|row| Some((usize::try_from(row.key).ok()?, row))).collect();
    let mut heads: HashMap<RoomId, Head> = HashMap::new();
    // Who says the same twice in one group gets the first answer again.
    let mut named: HashMap<(RoomId, MemberId, Uuid), Appended> = HashMap::new();
    let (mut fresh, mut events) = (Vec::new(), Vec::new());
    let mut done = Vec::with_capacity(works.len());
    for (place, (new, event)) in messages.into_iter().enumerate() {
        let Some(row) = found.remove(&place) else {
            done.push(Err(StoreError::Stale));
            continue;
        };
        let name = new.client_msg_id.map(|client| (new.room, new.sender, client));
        let last_seq = row.last_seq;
        let appended = if let Some(said) = row.said() {
            Appended { message: message::read(new.room, said)?, replayed: true }
        } else if let Some(first) = name.and_then(|name| named.get(&name)) {
            Appended { replayed: true, ..first.clone() }
        } else {
            let before = Place::new("room", new.room.value()).unsigned("last_seq", last_seq)?;
            let head = heads.entry(new.room).or_insert(Head { seq: before, count: 0, at: 0 });
            head.seq += 1;
            head.count += 1;
            head.at = micros(new.at);
            let message = new.clone().at_seq(head.seq);
            let client = message.client_msg_id.map(hex);
            let (room, sender) = (message.room.value(), message.sender.value());
            fresh.push((room, message.seq, message.id.value(), sender, message.text.clone(), head.at, client));
            let appended = Appended { message, replayed: false };
            if let Some(name) = name {
                named.insert(name, appended.clone());
            }
            appended
        };
        events.extend(event.map(to_document).transpose()?);
        let committed = Committed { appended: vec![appended], ..Committed::default() };
        done.push(Ok(Applied { committed, erased: false }));
    }
    let heads: Vec<_> = heads.iter().map(|(room, head)| (room.value(), head.seq, head.count, head.at)).collect();
    let put = query(PUT).bind(to_document(&(heads, fresh, events))?);
    put.execute(connection).await.map_err(from_sqlx)?;
    Ok(done)
}

fn hex(id: Uuid) -> String {
    id.simple().to_string()
}
