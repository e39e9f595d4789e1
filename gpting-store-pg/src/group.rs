//! Appends that wait together are committed together: one statement, one write to the disk for many messages.
//!
//! While one group is on its way the next gathers, so a store that is not busy commits each message at once, and a busy
//! one commits as many at a time as came meanwhile. Called by [`commit`](crate::commit) for works that are one message;
//! a group that fails (somebody sends the same message at this moment elsewhere, a text that cannot be stored) is done one by
//! one instead, so that nobody pays for another's work.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gpting_core::chat::NewMessage;
use gpting_core::event::Event;
use gpting_core::id::{MemberId, MessageId, RoomId};
use gpting_core::store::{Appended, Change, Committed, StoreError, StoreResult, Work};
use sqlx::types::Json;
use tokio::sync::oneshot;

use crate::PgStore;
use crate::commit;
use crate::error::store_error;
use crate::row::Row;

/// How many messages go into one statement: some hundred kilobytes at the most usual lengths.
const MOST: usize = 128;

/// Places are given in the order of the input, under the rooms' locks, which are taken in the order of their ids. Who
/// has said a message before is looked up as of the beginning of the statement, as in the statement for one.
const APPEND_ALL: &str = "
    WITH input AS (
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::uuid[], $7::jsonb[])
            WITH ORDINALITY AS input (room, sender, id, text, at, client_msg_id, event, place)
    ), locked AS (
        SELECT id, last_seq, low, high FROM gpting.room
        WHERE id = ANY($1) AND closed_at IS NULL ORDER BY id FOR UPDATE
    ), said AS (
        SELECT input.place, message.seq, message.id, message.text, message.at, message.unsent
        FROM input
        JOIN locked ON locked.id = input.room
        JOIN gpting.message ON message.room = input.room AND message.sender = input.sender
            AND message.client_msg_id = input.client_msg_id
    ), fresh AS (
        SELECT input.*, locked.last_seq + row_number() OVER (PARTITION BY input.room ORDER BY input.place) AS seq
        FROM input JOIN locked ON locked.id = input.room AND input.sender IN (locked.low, locked.high)
        WHERE NOT EXISTS (SELECT FROM said WHERE said.place = input.place)
    ), moved AS (
        UPDATE gpting.room SET last_seq = newest.seq, version = version + newest.count, activity = newest.at
        FROM (
            SELECT room, max(seq) AS seq, count(*) AS count, (array_agg(at ORDER BY seq DESC))[1] AS at
            FROM fresh GROUP BY room
        ) AS newest
        WHERE room.id = newest.room
    ), stored AS (
        INSERT INTO gpting.message (room, seq, id, sender, text, at, client_msg_id)
        SELECT room, seq, id, sender, text, at, client_msg_id FROM fresh
    ), marked AS (
        INSERT INTO gpting.read_mark (room, member, seq, shown)
        SELECT room, sender, max(seq), max(seq) FROM fresh GROUP BY room, sender ORDER BY room, sender
        ON CONFLICT (room, member) DO UPDATE
        SET seq = greatest(read_mark.seq, excluded.seq), shown = greatest(coalesce(read_mark.shown, read_mark.seq), excluded.shown)
    ), answer AS (
        SELECT place, seq, false AS replayed, NULL::bigint AS message_id, NULL::text AS text, NULL::bigint AS at,
               NULL::bigint AS unsent
        FROM fresh
        UNION ALL
        SELECT place, seq, true, id, text, at, unsent FROM said
    ), told AS (
        INSERT INTO gpting.outbox (document)
        SELECT input.event FROM answer JOIN input ON input.place = answer.place
        WHERE input.event IS NOT NULL ORDER BY answer.place
    )
    SELECT seq, replayed, message_id, text, at, unsent, place FROM answer";

/// The appends that wait.
#[derive(Debug, Default)]
pub(crate) struct Group(Mutex<Gathered>);

#[derive(Debug, Default)]
struct Gathered {
    waiting: VecDeque<Waiting>,
    is_busy: bool,
}

#[derive(Debug)]
struct Waiting {
    message: NewMessage,
    event: Option<Event>,
    answer: oneshot::Sender<StoreResult<Committed>>,
}

impl Waiting {
    fn work(&self) -> Work {
        let work = Work::new().change(Change::Append(self.message.clone()));
        match &self.event {
            Some(event) => work.event(event.clone()),
            None => work,
        }
    }
}

impl Group {
    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next that go together, each message once; none ends the work.
    fn next(&self) -> Vec<Waiting> {
        let mut gathered = self.lock();
        let mut named = HashSet::new();
        let mut group = Vec::new();
        while group.len() < MOST
            && let Some(next) = gathered.waiting.front()
        {
            let message = &next.message;
            // The same message again must find the first, so it waits for the next group.
            if message.client_msg_id.is_some_and(|client| !named.insert((message.room, message.sender, client))) {
                break;
            }
            group.extend(gathered.waiting.pop_front());
        }
        gathered.is_busy = !group.is_empty();
        group
    }
}

/// Commits a message with its event, together with those that wait.
pub(crate) async fn append(store: &PgStore, message: NewMessage, event: Option<Event>) -> StoreResult<Committed> {
    let (answer, answered) = oneshot::channel();
    let begins = {
        let mut gathered = store.group.lock();
        gathered.waiting.push_back(Waiting { message, event, answer });
        !std::mem::replace(&mut gathered.is_busy, true)
    };
    if begins {
        // On its own: whoever stops waiting must not take the others' messages with it.
        let store = store.clone();
        tokio::spawn(async move {
            let group = Arc::clone(&store.group);
            loop {
                let together = group.next();
                if together.is_empty() {
                    return;
                }
                commit_all(&store, together).await;
            }
        });
    }
    answered.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the store has stopped".into())))
}

async fn commit_all(store: &PgStore, together: Vec<Waiting>) {
    if let [_] = together.as_slice() {
        return one_by_one(store, together).await;
    }
    match append_all(store, &together).await {
        Ok(done) => {
            for (waiting, appended) in together.into_iter().zip(done) {
                let committed = appended.map(|appended| Committed { appended: vec![appended], ..Committed::default() });
                // Whoever has stopped waiting is passed over: the message is there all the same.
                let _ = waiting.answer.send(committed.ok_or(StoreError::Stale));
            }
        }
        Err(error) if matches!(error, StoreError::Unavailable(_)) => {
            let reason = error.to_string();
            for waiting in together {
                let _ = waiting.answer.send(Err(StoreError::Unavailable(reason.clone().into())));
            }
        }
        Err(_) => one_by_one(store, together).await,
    }
}

async fn one_by_one(store: &PgStore, together: Vec<Waiting>) {
    for waiting in together {
        let done = commit::commit_alone(store, waiting.work()).await;
        let _ = waiting.answer.send(done);
    }
}

/// What became of each; none for a room that takes no message.
async fn append_all(store: &PgStore, together: &[Waiting]) -> StoreResult<Vec<Option<Appended>>> {
    let of = |read: fn(&NewMessage) -> i64| -> Vec<i64> { together.iter().map(|one| read(&one.message)).collect() };
    let texts: Vec<&str> = together.iter().map(|one| one.message.text.as_str()).collect();
    let clients: Vec<Option<uuid::Uuid>> = together.iter().map(|one| one.message.client_msg_id).collect();
    let events: Vec<Option<Json<&Event>>> = together.iter().map(|one| one.event.as_ref().map(Json)).collect();
    let statement = store
        .query(APPEND_ALL)
        .bind(of(|message| RoomId::value(message.room)))
        .bind(of(|message| MemberId::value(message.sender)))
        .bind(of(|message| MessageId::value(message.id)))
        .bind(texts)
        .bind(of(|message| message.at.as_microsecond()))
        .bind(clients)
        .bind(events);
    let rows = statement.fetch_all(&store.pool).await.map_err(store_error)?;
    let mut done: Vec<Option<Appended>> = together.iter().map(|_| None).collect();
    for row in &rows {
        let row = Row::of("message", row);
        let place = usize::try_from(row.count("place")?).ok().and_then(|place| place.checked_sub(1));
        let place = place.filter(|place| *place < together.len()).ok_or_else(|| row.corrupt("place"))?;
        done[place] = Some(crate::message::appended_of(&row, &together[place].message)?);
    }
    Ok(done)
}
