//! Allowances: when each is full again. The one writer decides who comes first; taking is one conditional statement.

use gpting_core::limit::Claim;
use gpting_core::store::{StoreError, StoreResult};
use jiff::Timestamp;
use sqlx::{SqliteConnection, query, query_scalar};

use crate::error::from_sqlx;
use crate::row::micros;

/// Parameters: key, now, cost, capacity.
const TAKE: &str = "
    INSERT INTO allowance (key, full_at) VALUES (?1, ?2 + ?3)
    ON CONFLICT (key) DO UPDATE SET full_at = max(full_at, ?2) + ?3 WHERE max(full_at, ?2) + ?3 <= ?2 + ?4
    RETURNING full_at";

const FULL_AT: &str = "SELECT full_at FROM allowance WHERE key = ?1";

const GIVE_BACK: &str = "UPDATE allowance SET full_at = max(full_at - ?2, 0) WHERE key = ?1";

const SWEEP: &str = "DELETE FROM allowance WHERE full_at <= ?1";

/// Takes what is claimed; answers how many are left of the emptiest.
pub(crate) async fn take(
    connection: &mut SqliteConnection,
    claims: &[Claim],
    now: Timestamp,
) -> StoreResult<Option<u64>> {
    let mut emptiest = None;
    for claim in claims {
        let key = claim.key();
        let full_at: Option<i64> = query_scalar(TAKE)
            .bind(key.bytes().to_vec())
            .bind(micros(now))
            .bind(claim.cost_micros())
            .bind(claim.capacity_micros())
            .fetch_optional(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        let Some(full_at) = full_at else {
            let read = query_scalar(FULL_AT).bind(key.bytes().to_vec());
            let full_at: i64 = read.fetch_one(connection).await.map_err(from_sqlx)?;
            return Err(StoreError::Spent { wait: claim.wait(full_at, now) });
        };
        let left = claim.left(full_at, now);
        emptiest = Some(emptiest.map_or(left, |before: u64| before.min(left)));
    }
    Ok(emptiest)
}

/// Gives back what was not used.
pub(crate) async fn give_back(connection: &mut SqliteConnection, claims: &[Claim]) -> StoreResult<()> {
    for claim in claims {
        let key = claim.key();
        let give = query(GIVE_BACK).bind(key.bytes().to_vec()).bind(claim.cost_micros());
        give.execute(&mut *connection).await.map_err(from_sqlx)?;
    }
    Ok(())
}

/// Forgets allowances that are full. Erased members are forgotten by the writer's own upkeep.
pub(crate) async fn sweep(connection: &mut SqliteConnection, now: Timestamp) -> StoreResult<()> {
    query(SWEEP).bind(micros(now)).execute(connection).await.map_err(from_sqlx)?;
    Ok(())
}
