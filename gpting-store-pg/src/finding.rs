//! What was found of members' texts, pictures and first messages.
//!
//! Like what models made, among the last rows that a work locks; deletions take them in the order of their keys.

use gpting_core::assist::{Aspect, Finding, Subject};
use gpting_core::id::MemberId;
use gpting_core::store::{Page, StoreResult};
use jiff::Timestamp;
use sqlx::types::Json;

use crate::PgStore;
use crate::error::store_error;
use crate::on_its_way::Commit;
use crate::pair::before;
use crate::row::{Row, limit, require};

const FINDINGS: &str = "
    SELECT member, document FROM gpting.finding WHERE member = $1 AND aspect = $2 AND about = $3 ORDER BY judge";
const FLAGGED: &str = "
    SELECT member, document FROM gpting.finding
    WHERE is_flagged = 1 AND (at, id) < ($1, $2) ORDER BY at DESC, id DESC LIMIT $3";
/// Changes no row when the same was found of the same before.
const PUT: &str = "
    INSERT INTO gpting.finding
        (member, aspect, about, judge, id, by_consent, is_flagged, at, keep_until, name, content, document)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    ON CONFLICT (member, aspect, about, judge) DO UPDATE SET
        id = excluded.id, by_consent = excluded.by_consent, is_flagged = excluded.is_flagged, at = excluded.at,
        keep_until = excluded.keep_until, name = excluded.name, content = excluded.content, document = excluded.document
    WHERE finding.content <> excluded.content OR finding.name <> excluded.name";
const DROP: &str = "
    DELETE FROM gpting.finding WHERE (member, aspect, about, judge) IN (
        SELECT member, aspect, about, judge FROM gpting.finding WHERE member = $1 AND aspect = $2 AND about = $3
        ORDER BY member, aspect, about, judge FOR UPDATE
    )";
const FORGET: &str = "
    DELETE FROM gpting.finding WHERE (member, aspect, about, judge) IN (
        SELECT member, aspect, about, judge FROM gpting.finding WHERE member = $1 AND aspect = $2 AND by_consent = 1
        ORDER BY member, aspect, about, judge FOR UPDATE
    )";
/// Of both who talk.
const FORGET_IN_ROOMS: &str = "
    DELETE FROM gpting.finding WHERE (member, aspect, about, judge) IN (
        SELECT member, aspect, about, judge FROM gpting.finding
        WHERE by_consent = 1 AND aspect = $2 AND about = ANY (
            ARRAY(SELECT id FROM gpting.room WHERE low = $1 UNION ALL SELECT id FROM gpting.room WHERE high = $1)
        )
        ORDER BY member, aspect, about, judge FOR UPDATE
    )";
const ERASE: &str = "
    DELETE FROM gpting.finding WHERE (member, aspect, about, judge) IN (
        SELECT member, aspect, about, judge FROM gpting.finding WHERE member = $1
        ORDER BY member, aspect, about, judge FOR UPDATE
    )";
const SWEEP: &str = "
    DELETE FROM gpting.finding WHERE (member, aspect, about, judge) IN (
        SELECT member, aspect, about, judge FROM gpting.finding WHERE keep_until <= $1
        ORDER BY member, aspect, about, judge FOR UPDATE SKIP LOCKED
    )";

pub(crate) async fn findings(store: &PgStore, member: MemberId, subject: Subject) -> StoreResult<Vec<Finding>> {
    let rows = store.query(FINDINGS).bind(member.value()).bind(subject.aspect().number()).bind(subject.about());
    let rows = rows.fetch_all(&store.pool).await.map_err(store_error)?;
    rows.iter().map(|row| Row::of("finding", row).document()).collect()
}

pub(crate) async fn flagged(store: &PgStore, page: Page) -> StoreResult<Vec<Finding>> {
    let (at, id) = before(page);
    let rows = store.query(FLAGGED).bind(at).bind(id).bind(limit(page.limit));
    let rows = rows.fetch_all(&store.pool).await.map_err(store_error)?;
    rows.iter().map(|row| Row::of("finding", row).document()).collect()
}

impl Commit<'_> {
    /// Keeps what was found; stale when the same judge found the same of the same before.
    pub(crate) async fn put_finding(&mut self, found: &Finding) -> StoreResult<()> {
        let statement = self
            .query(PUT)
            .bind(found.member.value())
            .bind(found.subject.aspect().number())
            .bind(found.subject.about())
            .bind(found.by.number())
            .bind(found.id.value())
            .bind(i64::from(found.by_consent))
            .bind(i64::from(!found.flags.is_empty()))
            .bind(found.at.as_microsecond())
            .bind(found.keep_until.as_microsecond())
            .bind(found.name.clone())
            .bind(found.content.clone())
            .bind(Json(found));
        require(self.run(statement).await?, 1)
    }

    pub(crate) async fn drop_findings(&mut self, member: MemberId, subject: Subject) -> StoreResult<()> {
        let statement = self.query(DROP).bind(member.value()).bind(subject.aspect().number()).bind(subject.about());
        self.run(statement).await.map(drop)
    }

    /// Forgets what stands by a consent.
    pub(crate) async fn forget_findings(&mut self, member: MemberId, aspect: Aspect) -> StoreResult<()> {
        let forget = if aspect == Aspect::FirstMessage { FORGET_IN_ROOMS } else { FORGET };
        let statement = self.query(forget).bind(member.value()).bind(aspect.number());
        self.run(statement).await.map(drop)
    }

    /// Forgets what was found of what is an erased member's.
    pub(crate) async fn erase_findings(&mut self, member: MemberId) -> StoreResult<()> {
        let statement = self.query(ERASE).bind(member.value());
        self.run(statement).await.map(drop)
    }

    /// Lets go of what was to be kept until now.
    pub(crate) async fn sweep_findings(&mut self, now: Timestamp) -> StoreResult<()> {
        let statement = self.query(SWEEP).bind(now.as_microsecond());
        self.run(statement).await.map(drop)
    }
}
