//! Erasure: what a member leaves behind, and making sure that no file keeps it.
//!
//! The rows go in the transaction of the work. `secure_delete` zeroes them in the database file, but two copies may
//! stay: frames of the write-ahead log, and bytes that SQLite left in the unused gap of a page when it moved rows
//! between pages. So after the commit [`scrub`] rewrites the file (`VACUUM`) and empties the log. The flag
//! `state.scrub_due` is set by the erasing transaction and cleared when that is done, so that a crash in between only
//! puts it off.
//!
//! The id of an erased member remains for one day in `erased`, for readers of the feed; nowhere else.

use gpting_core::id::MemberId;
use gpting_core::store::{StoreError, StoreResult};
use jiff::{SignedDuration, Timestamp};
use sqlx::{SqliteConnection, SqlitePool, query, query_as, query_scalar};

use crate::error::from_sqlx;
use crate::row::micros;
use crate::{assist, finding};

/// How long the feed tells that a member is gone. Its readers come by every few seconds; one that was away for
/// longer starts over.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How long a mark in the feed is kept: less than that, so that whoever finds one misses no erasure after it.
const MARKED_FOR: SignedDuration = SignedDuration::from_hours(23);

/// Up to this size (64 MB: about half a second) the file is rewritten before the erasing work is acknowledged.
const REWRITE_AT_ONCE_BYTES: i64 = 64 << 20;

const ERASE_MEMBER: &str = "DELETE FROM member WHERE id = ?1";

const TELL: &str = "
    UPDATE state SET feed_position = feed_position + 1;
    INSERT OR REPLACE INTO erased (member, change, at) SELECT ?1, feed_position, ?2 FROM state;
    DELETE FROM erased WHERE at < ?3;
    DELETE FROM mark WHERE at < ?4";

/// Places in lists go with their pair; messages and read marks go with a room that nobody is left in.
const ERASE_TRACES: &str = "
    DELETE FROM pair WHERE low = ?1 OR high = ?1;
    DELETE FROM impression WHERE viewer = ?1;
    DELETE FROM impression WHERE candidate = ?1;
    DELETE FROM daily_pick WHERE member = ?1;
    DELETE FROM daily_pick WHERE other = ?1;
    DELETE FROM report WHERE reporter = ?1;
    DELETE FROM read_mark WHERE member = ?1;
    DELETE FROM message_hidden WHERE member = ?1;
    DELETE FROM ticket WHERE member = ?1;
    DELETE FROM room
    WHERE (low = ?1 OR high = ?1) AND NOT EXISTS (SELECT 1 FROM member WHERE member.id = iif(low = ?1, high, low));
    UPDATE message SET sender = ?2, text = '', client_msg_id = NULL
    WHERE sender = ?1 AND room IN (SELECT id FROM room WHERE low = ?1 OR high = ?1);
    UPDATE room SET
        version = version + 1,
        low = min(?2, iif(low = ?1, high, low)), high = max(?2, iif(low = ?1, high, low))
    WHERE low = ?1 OR high = ?1";

const FORGET_ERASED: &str = "DELETE FROM erased WHERE at < ?1; DELETE FROM mark WHERE at < ?2";

const LEAVE_MARK: &str = "INSERT INTO mark (mark, at) VALUES (?1, ?2)";

const HAS_MARK: &str = "SELECT EXISTS (SELECT 1 FROM mark WHERE mark = ?1)";

const SCRUB_IS_DUE: &str = "UPDATE state SET scrub_due = 1";

const IS_SCRUB_DUE: &str = "SELECT scrub_due = 1 FROM state";

const SCRUB_IS_DONE: &str = "UPDATE state SET scrub_due = 0";

const FILE_BYTES: &str = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";

const REWRITE: &str = "VACUUM";

const EMPTY_LOG: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Erases a member; answers whether they were there.
pub(crate) async fn member(
    connection: &mut SqliteConnection,
    member: MemberId,
    tombstone: MemberId,
    now: Timestamp,
) -> StoreResult<bool> {
    let erased = query(ERASE_MEMBER).bind(member.value()).execute(&mut *connection).await.map_err(from_sqlx)?;
    if erased.rows_affected() == 0 {
        return Ok(false);
    }
    let tell = query(TELL).bind(member.value()).bind(micros(now)).bind(micros(told_since(now)));
    let tell = tell.bind(micros(marked_since(now)));
    tell.execute(&mut *connection).await.map_err(from_sqlx)?;
    let traces = query(ERASE_TRACES).bind(member.value()).bind(tombstone.value());
    traces.execute(&mut *connection).await.map_err(from_sqlx)?;
    finding::erase(connection, member).await?;
    assist::erase(connection, member, tombstone).await?;
    Ok(true)
}

/// Notes, in the erasing transaction, that the file has to be rewritten.
pub(crate) async fn note(connection: &mut SqliteConnection) -> StoreResult<()> {
    query(SCRUB_IS_DUE).execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// Forgets who was erased more than a day ago, and answers whether the file still has to be rewritten.
pub(crate) async fn forget(connection: &mut SqliteConnection, now: Timestamp) -> StoreResult<bool> {
    let forget = query(FORGET_ERASED).bind(micros(told_since(now))).bind(micros(marked_since(now)));
    forget.execute(&mut *connection).await.map_err(from_sqlx)?;
    query_scalar(IS_SCRUB_DUE).fetch_one(connection).await.map_err(from_sqlx)
}

/// Whether the file is small enough to be rewritten while callers wait.
pub(crate) async fn is_quick(connection: &mut SqliteConnection) -> StoreResult<bool> {
    let bytes: i64 = query_scalar(FILE_BYTES).fetch_one(connection).await.map_err(from_sqlx)?;
    Ok(bytes <= REWRITE_AT_ONCE_BYTES)
}

/// Rewrites the file without what was erased and empties the log.
pub(crate) async fn scrub(connection: &mut SqliteConnection) -> StoreResult<()> {
    query(REWRITE).execute(&mut *connection).await.map_err(from_sqlx)?;
    empty_log(&mut *connection).await?;
    query(SCRUB_IS_DONE).execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// Moves the log into the file and cuts it to nothing.
///
/// # Errors
/// [`StoreError::Unavailable`] when a reader of another process stood in the way for the whole busy timeout.
pub(crate) async fn empty_log(connection: &mut SqliteConnection) -> StoreResult<()> {
    let (busy, _, _): (i64, i64, i64) = query_as(EMPTY_LOG).fetch_one(connection).await.map_err(from_sqlx)?;
    if busy == 0 { Ok(()) } else { Err(StoreError::Unavailable("the log is still being read".into())) }
}

/// Leaves a mark behind everything that is committed.
pub(crate) async fn leave_mark(connection: &mut SqliteConnection, mark: u128, now: Timestamp) -> StoreResult<()> {
    let leave = query(LEAVE_MARK).bind(mark.to_be_bytes().to_vec()).bind(micros(now));
    leave.execute(connection).await.map(drop).map_err(from_sqlx)
}

/// Whether a mark is there still.
pub(crate) async fn has_mark(readers: &SqlitePool, mark: u128) -> StoreResult<bool> {
    query_scalar(HAS_MARK).bind(mark.to_be_bytes().to_vec()).fetch_one(readers).await.map_err(from_sqlx)
}

fn marked_since(now: Timestamp) -> Timestamp {
    now.checked_sub(MARKED_FOR).unwrap_or(Timestamp::MIN)
}

fn told_since(now: Timestamp) -> Timestamp {
    now.checked_sub(TOLD_FOR).unwrap_or(Timestamp::MIN)
}
