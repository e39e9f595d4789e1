//! What models made for members, and the record of their calls.

use gpting_core::assist::{Call, Errand, Made};
use gpting_core::id::MemberId;
use gpting_core::store::{StoreError, StoreResult, Version};
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool, query, query_as, query_scalar};

use crate::error::from_sqlx;
use crate::row::{Place, limit, micros, number, to_document};

const MADE: &str = "
    SELECT document FROM made WHERE member = ?1 AND errand = ?2 AND (?3 = 0 OR other = ?3) ORDER BY other";

const KEEP: &str = "
    INSERT INTO made (member, errand, other, keep_until, document) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (member, errand, other) DO UPDATE SET keep_until = excluded.keep_until, document = excluded.document";

const DROP: &str = "
    DELETE FROM made WHERE member = ?1;
    DELETE FROM made WHERE other = ?1 AND other <> 0";

const CALLS: &str = "SELECT id, document FROM assist_call WHERE member = ?1 ORDER BY at DESC, id DESC LIMIT ?2";

const NOTE: &str = "
    INSERT INTO assist_call (id, member, at, keep_until, document) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (id) DO NOTHING";

const WITHOUT: &str =
    "UPDATE assist_call SET member = ?2, document = json_set(document, '$.member', ?2) WHERE member = ?1";

const SWEEP: &str = "
    DELETE FROM made WHERE keep_until <= ?1;
    DELETE FROM assist_call WHERE keep_until <= ?1";

const HAS: &str = "SELECT EXISTS (SELECT 1 FROM member WHERE id = ?1 AND version = ?2)";

fn number_of(other: Option<MemberId>) -> i64 {
    other.map_or(0, MemberId::value)
}

/// Whether a member has a version; otherwise the work is stale. Writers take turns, so it holds until the commit.
pub(crate) async fn require(connection: &mut SqliteConnection, member: MemberId, version: Version) -> StoreResult<()> {
    let has = query_scalar(HAS).bind(member.value()).bind(number(version));
    let has: bool = has.fetch_one(connection).await.map_err(from_sqlx)?;
    if has { Ok(()) } else { Err(StoreError::Stale) }
}

/// Keeps what was made, in place of what was there.
pub(crate) async fn keep(connection: &mut SqliteConnection, made: &Made) -> StoreResult<()> {
    let keep = query(KEEP).bind(made.member.value()).bind(made.errand.number()).bind(number_of(made.other));
    let keep = keep.bind(micros(made.keep_until)).bind(to_document(made)?);
    keep.execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// Forgets what was made for a member and about them.
pub(crate) async fn drop_made(connection: &mut SqliteConnection, member: MemberId) -> StoreResult<()> {
    query(DROP).bind(member.value()).execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// Adds the record of a call.
pub(crate) async fn note(connection: &mut SqliteConnection, call: &Call) -> StoreResult<()> {
    let note = query(NOTE).bind(call.id.value()).bind(call.member.value()).bind(micros(call.at));
    let note = note.bind(micros(call.keep_until)).bind(to_document(call)?);
    note.execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// Takes an erased member out of what was made and of the record.
pub(crate) async fn erase(connection: &mut SqliteConnection, member: MemberId, tombstone: MemberId) -> StoreResult<()> {
    drop_made(&mut *connection, member).await?;
    let without = query(WITHOUT).bind(member.value()).bind(tombstone.value());
    without.execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// Lets go of what was to be kept until now.
pub(crate) async fn sweep(connection: &mut SqliteConnection, now: Timestamp) -> StoreResult<()> {
    query(SWEEP).bind(micros(now)).execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}

/// What was made for a member on an errand.
pub(crate) async fn made(
    readers: &SqlitePool,
    member: MemberId,
    errand: Errand,
    other: Option<MemberId>,
) -> StoreResult<Vec<Made>> {
    let rows = query_scalar(MADE).bind(member.value()).bind(errand.number()).bind(number_of(other));
    let rows: Vec<String> = rows.fetch_all(readers).await.map_err(from_sqlx)?;
    rows.iter().map(|document| Place::new("made", member).document(document)).collect()
}

/// Records of calls about a member, newest first.
pub(crate) async fn calls(readers: &SqlitePool, member: MemberId, most: usize) -> StoreResult<Vec<Call>> {
    let rows = query_as(CALLS).bind(member.value()).bind(limit(most));
    let rows: Vec<(i64, String)> = rows.fetch_all(readers).await.map_err(from_sqlx)?;
    rows.iter().map(|(id, document)| Place::new("assist_call", *id).document(document)).collect()
}
