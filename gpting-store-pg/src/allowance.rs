//! Allowances: when each is full again.
//!
//! Taking is one conditional statement per claim, in the order of keys that the work has, so the row's lock decides and
//! two works that claim the same never wait for each other. The last rows that a work locks.

use std::time::Duration;

use gpting_core::limit::Claim;
use gpting_core::store::{StoreError, StoreResult};
use jiff::Timestamp;

use crate::error::store_error;
use crate::on_its_way::Commit;
use crate::row::Row;

const TABLE: &str = "allowance";

/// Parameters: key, now, cost, capacity. Whoever has made the row in the meantime is waited for, and the condition is held
/// against what they left.
const TAKE: &str = "
    INSERT INTO gpting.allowance AS present (key, full_at) VALUES ($1, $2 + $3)
    ON CONFLICT (key) DO UPDATE SET full_at = greatest(present.full_at, $2) + $3
    WHERE greatest(present.full_at, $2) + $3 <= $2 + $4
    RETURNING full_at";
const FULL_AT: &str = "SELECT full_at FROM gpting.allowance WHERE key = $1";
const GIVE_BACK: &str = "UPDATE gpting.allowance SET full_at = greatest(full_at - $2, 0) WHERE key = $1";
const SWEEP: &str = "
    DELETE FROM gpting.allowance WHERE key IN (
        SELECT key FROM gpting.allowance WHERE full_at <= $1 ORDER BY key FOR UPDATE SKIP LOCKED
    )";

impl Commit<'_> {
    pub(crate) async fn take(&mut self, claims: &[Claim], now: Timestamp) -> StoreResult<()> {
        for claim in claims {
            let key = claim.key();
            let statement = self
                .query(TAKE)
                .bind(key.bytes().as_slice())
                .bind(now.as_microsecond())
                .bind(claim.cost_micros())
                .bind(claim.capacity_micros());
            let row = statement.fetch_optional(&mut *self.connection).await.map_err(store_error)?;
            let Some(row) = row else { return Err(StoreError::Spent { wait: self.wait(claim, now).await? }) };
            let left = claim.left(Row::of(TABLE, &row).get("full_at")?, now);
            self.left = Some(self.left.map_or(left, |before| before.min(left)));
        }
        Ok(())
    }

    async fn wait(&mut self, claim: &Claim, now: Timestamp) -> StoreResult<Duration> {
        let key = claim.key();
        let statement = self.query(FULL_AT).bind(key.bytes().as_slice());
        let row = statement.fetch_optional(&mut *self.connection).await.map_err(store_error)?;
        let Some(row) = row else { return Ok(Duration::ZERO) };
        Ok(claim.wait(Row::of(TABLE, &row).get("full_at")?, now))
    }

    pub(crate) async fn give_back(&mut self, claims: &[Claim]) -> StoreResult<()> {
        for claim in claims {
            let key = claim.key();
            let statement = self.query(GIVE_BACK).bind(key.bytes().as_slice()).bind(claim.cost_micros());
            self.run(statement).await?;
        }
        Ok(())
    }

    /// Forgets allowances that are full, what models made and cost when its time is over, and what the feed has told of erased members for a day.
    pub(crate) async fn sweep(&mut self, now: Timestamp) -> StoreResult<()> {
        let statement = self.query(SWEEP).bind(now.as_microsecond());
        self.run(statement).await?;
        self.sweep_assist(now).await?;
        self.sweep_findings(now).await?;
        self.forget_erased().await
    }
}
