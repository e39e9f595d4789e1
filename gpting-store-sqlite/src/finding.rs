//! What was found of members' texts, pictures and first messages.

use gpting_core::assist::{Aspect, Finding, Subject};
use gpting_core::id::MemberId;
use gpting_core::store::{Page, StoreError, StoreResult};
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool, query, query_scalar};

use crate::error::from_sqlx;
use crate::pair::before;
use crate::row::{Place, limit, micros, to_document};

const FINDINGS: &str = "
    SELECT document FROM finding WHERE member = ?1 AND aspect = ?2 AND about = ?3 ORDER BY judge";

const FLAGGED: &str = "
    SELECT document FROM finding WHERE is_flagged = 1 AND (at, id) < (?1, ?2) ORDER BY at DESC, id DESC LIMIT ?3";

/// Changes no row when the same was found of the same before.
const PUT: &str = "
    INSERT INTO finding
        (member, aspect, about, judge, id, by_consent, is_flagged, at, keep_until, name, content, document)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
    ON CONFLICT (member, aspect, about, judge) DO UPDATE SET
        id = excluded.id, by_consent = excluded.by_consent, is_flagged = excluded.is_flagged, at = excluded.at,
        keep_until = excluded.keep_until, name = excluded.name, content = excluded.content, document = excluded.document
    WHERE finding.content <> excluded.content OR finding.name <> excluded.name";

const DROP: &str = "DELETE FROM finding WHERE member = ?1 AND aspect = ?2 AND about = ?3";

const FORGET: &str = "DELETE FROM finding WHERE member = ?1 AND aspect = ?2 AND by_consent = 1";

/// Of both who talk.
const FORGET_IN_ROOMS: &str = "
    DELETE FROM finding WHERE by_consent = 1 AND aspect = ?2 AND about IN (
        SELECT id FROM room WHERE low = ?1 UNION ALL SELECT id FROM room WHERE high = ?1
    )";

const ERASE: &str = "DELETE FROM finding WHERE member = ?1";

const SWEEP: &str = "DELETE FROM finding WHERE keep_until <= ?1";

/// Keeps what was found; stale when the same judge found the same of the same before.
pub(crate) async fn put(connection: &mut SqliteConnection, found: &Finding) -> StoreResult<()> {
    let put = query(PUT)
        .bind(found.member.value())
        .bind(found.subject.aspect().number())
        .bind(found.subject.about())
        .bind(found.by.number())
        .bind(found.id.value())
        .bind(found.by_consent)
        .bind(!found.flags.is_empty())
        .bind(micros(found.at))
        .bind(micros(found.keep_until))
        .bind(found.name.clone())
        .bind(found.content.clone())
        .bind(to_document(found)?);
    let put = put.execute(connection).await.map_err(from_sqlx)?;
    if put.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// Forgets what was found of something.
pub(crate) async fn drop_all(connection: &mut SqliteConnection, member: MemberId, subject: Subject) -> StoreResult<()> {
    let drop_all = query(DROP).bind(member.value()).bind(subject.aspect().number()).bind(subject.about());
    drop_all.execute(connection).await.map(drop).map_err(from_sqlx)
}

/// Forgets what stands by a consent.
pub(crate) async fn forget(connection: &mut SqliteConnection, member: MemberId, aspect: Aspect) -> StoreResult<()> {
    let forget = if aspect == Aspect::FirstMessage { FORGET_IN_ROOMS } else { FORGET };
    let forget = query(forget).bind(member.value()).bind(aspect.number());
    forget.execute(connection).await.map(drop).map_err(from_sqlx)
}

/// Forgets what was found of what is an erased member's.
pub(crate) async fn erase(connection: &mut SqliteConnection, member: MemberId) -> StoreResult<()> {
    query(ERASE).bind(member.value()).execute(connection).await.map(drop).map_err(from_sqlx)
}

/// Lets go of what was to be kept until now.
pub(crate) async fn sweep(connection: &mut SqliteConnection, now: Timestamp) -> StoreResult<()> {
    query(SWEEP).bind(micros(now)).execute(connection).await.map(drop).map_err(from_sqlx)
}

/// What was found of something.
pub(crate) async fn findings(readers: &SqlitePool, member: MemberId, subject: Subject) -> StoreResult<Vec<Finding>> {
    let rows = query_scalar(FINDINGS).bind(member.value()).bind(subject.aspect().number()).bind(subject.about());
    let rows: Vec<String> = rows.fetch_all(readers).await.map_err(from_sqlx)?;
    rows.iter().map(|document| Place::new("finding", member).document(document)).collect()
}

/// What is flagged, newest first.
pub(crate) async fn flagged(readers: &SqlitePool, page: Page) -> StoreResult<Vec<Finding>> {
    let (at, id) = before(page.before);
    let rows = query_scalar(FLAGGED).bind(at).bind(id).bind(limit(page.limit));
    let rows: Vec<String> = rows.fetch_all(readers).await.map_err(from_sqlx)?;
    rows.iter().map(|document| Place::new("finding", 0).document(document)).collect()
}
