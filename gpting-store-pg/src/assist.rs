//! What models made for members, and the record of their calls.
//!
//! The last rows but allowances that a work locks: nothing waits for them that holds another lock.

use gpting_core::assist::{Call, Errand, Made};
use gpting_core::id::MemberId;
use gpting_core::store::{StoreResult, Version};
use jiff::Timestamp;
use sqlx::types::Json;

use crate::PgStore;
use crate::error::store_error;
use crate::on_its_way::Commit;
use crate::row::{Row, limit, number, require};

const MADE: &str = "
    SELECT member, document FROM gpting.made
    WHERE member = $1 AND errand = $2 AND ($3 = 0 OR other = $3) ORDER BY other";
const KEEP: &str = "
    INSERT INTO gpting.made (member, errand, other, keep_until, document) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (member, errand, other) DO UPDATE SET keep_until = excluded.keep_until, document = excluded.document";
/// In one order, so that two of these do not wait for each other.
const DROP: &str = "
    DELETE FROM gpting.made WHERE (member, errand, other) IN (
        SELECT member, errand, other FROM gpting.made WHERE member = $1 OR (other = $1 AND other <> 0)
        ORDER BY member, errand, other FOR UPDATE
    )";
const SWEEP_MADE: &str = "
    DELETE FROM gpting.made WHERE (member, errand, other) IN (
        SELECT member, errand, other FROM gpting.made WHERE keep_until <= $1
        ORDER BY member, errand, other FOR UPDATE SKIP LOCKED
    )";

const CALLS: &str = "
    SELECT id, document FROM gpting.assist_call WHERE member = $1 ORDER BY at DESC, id DESC LIMIT $2";
const NOTE: &str = "
    INSERT INTO gpting.assist_call (id, member, at, keep_until, document) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (id) DO NOTHING";
const WITHOUT: &str = "
    UPDATE gpting.assist_call SET member = $2, document = jsonb_set(document, '{member}', to_jsonb($2::bigint))
    WHERE id IN (SELECT id FROM gpting.assist_call WHERE member = $1 ORDER BY id FOR UPDATE)";
const SWEEP_CALLS: &str = "
    DELETE FROM gpting.assist_call WHERE id IN (
        SELECT id FROM gpting.assist_call WHERE keep_until <= $1 ORDER BY id FOR UPDATE SKIP LOCKED
    )";

/// Held until the commit: whoever would replace the member waits for it.
const REQUIRE: &str = "SELECT FROM gpting.member WHERE id = $1 AND version = $2 FOR SHARE";

pub(crate) async fn made(
    store: &PgStore,
    member: MemberId,
    errand: Errand,
    other: Option<MemberId>,
) -> StoreResult<Vec<Made>> {
    let rows = store.query(MADE).bind(member.value()).bind(errand.number()).bind(number_of(other));
    let rows = rows.fetch_all(&store.pool).await.map_err(store_error)?;
    rows.iter().map(|row| Row::of("made", row).document()).collect()
}

pub(crate) async fn calls(store: &PgStore, member: MemberId, most: usize) -> StoreResult<Vec<Call>> {
    let rows = store.query(CALLS).bind(member.value()).bind(limit(most));
    let rows = rows.fetch_all(&store.pool).await.map_err(store_error)?;
    rows.iter().map(|row| Row::of("assist_call", row).document()).collect()
}

fn number_of(other: Option<MemberId>) -> i64 {
    other.map_or(0, MemberId::value)
}

impl Commit<'_> {
    pub(crate) async fn require_member(&mut self, member: MemberId, version: Version) -> StoreResult<()> {
        let statement = self.query(REQUIRE).bind(member.value()).bind(number(version));
        require(self.run(statement).await?, 1)
    }

    pub(crate) async fn keep_made(&mut self, made: &Made) -> StoreResult<()> {
        let statement = self
            .query(KEEP)
            .bind(made.member.value())
            .bind(made.errand.number())
            .bind(number_of(made.other))
            .bind(made.keep_until.as_microsecond())
            .bind(Json(made));
        self.run(statement).await.map(drop)
    }

    pub(crate) async fn drop_made(&mut self, member: MemberId) -> StoreResult<()> {
        let statement = self.query(DROP).bind(member.value());
        self.run(statement).await.map(drop)
    }

    pub(crate) async fn note_call(&mut self, call: &Call) -> StoreResult<()> {
        let statement = self
            .query(NOTE)
            .bind(call.id.value())
            .bind(call.member.value())
            .bind(call.at.as_microsecond())
            .bind(call.keep_until.as_microsecond())
            .bind(Json(call));
        self.run(statement).await.map(drop)
    }

    /// Takes an erased member out of the record.
    pub(crate) async fn leave_calls(&mut self, member: MemberId, tombstone: MemberId) -> StoreResult<()> {
        let statement = self.query(WITHOUT).bind(member.value()).bind(tombstone.value());
        self.run(statement).await.map(drop)
    }

    /// Lets go of what was to be kept until now.
    pub(crate) async fn sweep_assist(&mut self, now: Timestamp) -> StoreResult<()> {
        for statement in [SWEEP_MADE, SWEEP_CALLS] {
            let statement = self.query(statement).bind(now.as_microsecond());
            self.run(statement).await?;
        }
        Ok(())
    }
}
