//! How far the feeds of changed members and pairs can be read.
//!
//! A feed is ordered by the id of the transaction that changed a row. Ids are given at the start of a transaction and its
//! rows are seen at the end, so it is read only up to the oldest transaction that is still writing members or pairs; beyond
//! that, a smaller one might still appear and be skipped for ever. Who is writing is seen from the locks on the tables, so
//! that a long transaction of the host, in this or another database, holds nothing back.
//!
//! Called by `member` and `pair`. Invariant: a transaction that writes one of the tables has locked it before it has an id
//! ([`BEGIN`]).

use std::time::Duration;

use gpting_core::store::StoreResult;

use crate::PgStore;
use crate::error::store_error;
use crate::row::Row;

/// Begins a transaction that writes members or pairs, and more. A single statement locks its table first by itself.
pub(crate) const BEGIN: &str = "
    BEGIN ISOLATION LEVEL READ COMMITTED;
    LOCK TABLE gpting.member, gpting.pair IN ROW EXCLUSIVE MODE";

/// How far the feed can be read (`upto`): to the oldest transaction that is writing, at the most to the next
/// one that can come (`next`).
///
/// The locks are looked at before the rows are, by a statement of its own: who has let go of the lock by then is seen
/// by the later statement, and who has not yet taken it will have a larger id than `next`. Locks show the lower 32 bits
/// of an id, which lies within 2^31 of `next`.
const HORIZON: &str = "
    WITH locks AS MATERIALIZED (
        SELECT locktype, database, relation, mode, virtualtransaction, transactionid::text::bigint AS low
        FROM pg_catalog.pg_locks WHERE granted
    ), snapshot AS MATERIALIZED (
        SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next
    ), writer AS (
        SELECT next - (((next & 4294967295) - own.low + 6442450944) % 4294967296 - 2147483648) AS id
        FROM snapshot, locks AS held
        JOIN locks AS own USING (virtualtransaction)
        WHERE held.locktype = 'relation' AND held.mode = 'RowExclusiveLock'
          AND held.relation IN ('gpting.member'::regclass, 'gpting.pair'::regclass)
          AND held.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
          AND own.locktype = 'transactionid' AND own.mode = 'ExclusiveLock'
    )
    SELECT next, least(next, (SELECT min(id) FROM writer)) AS upto FROM snapshot";

/// How long a read of the feed waits for those who were writing when it began.
const PATIENCE: [Duration; 6] = [
    Duration::from_millis(2),
    Duration::from_millis(5),
    Duration::from_millis(15),
    Duration::from_millis(40),
    Duration::from_millis(80),
    Duration::from_millis(160),
];

/// Every transaction with a smaller id that writes members or pairs has ended. Waits a little for those that were writing
/// when it was asked.
pub(crate) async fn upto(store: &PgStore) -> StoreResult<u64> {
    let mut patience = PATIENCE.iter();
    let mut horizon = horizon(store).await?;
    // What was acknowledged before this call lies before `next`, and has to appear if that can be.
    let next = horizon.next;
    while horizon.upto < next
        && let Some(wait) = patience.next()
    {
        tokio::time::sleep(*wait).await;
        horizon = self::horizon(store).await?;
    }
    Ok(horizon.upto)
}

/// Where the feeds end at this moment.
struct Horizon {
    /// Every transaction that has ended has a smaller id.
    next: u64,
    /// Every transaction with a smaller id that is one of the writers has ended.
    upto: u64,
}

async fn horizon(store: &PgStore) -> StoreResult<Horizon> {
    let row = store.query(HORIZON).fetch_one(&store.pool).await.map_err(store_error)?;
    let row = Row::of("pg_locks", &row);
    Ok(Horizon { next: row.count("next")?, upto: row.count("upto")? })
}
