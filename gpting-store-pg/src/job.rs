//! Jobs.

use gpting_core::id::JobId;
use gpting_core::job::Job;
use gpting_core::store::{Expect, StoreResult, Version, Versioned};
use jiff::Timestamp;
use sqlx::types::Json;

use crate::PgStore;
use crate::error::store_error;
use crate::on_its_way::Commit;
use crate::row::{all_versioned, any_versioned, bind_expected, limit, number, put, require};

const TABLE: &str = "job";

const BY_ID: &str = "SELECT id, version, document FROM gpting.job WHERE id = $1";
const DUE: &str = "
    SELECT id, version, document FROM gpting.job WHERE run_at <= $1 AND kind = ANY($3) ORDER BY run_at, id LIMIT $2";
const DEAD: &str = "
    SELECT id, version, document FROM gpting.job WHERE dead_at IS NOT NULL AND id > $1 ORDER BY id LIMIT $2";

const CREATE: &str = "
    INSERT INTO gpting.job (id, version, run_at, document, dead_at) VALUES ($1, 1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
const REPLACE: &str = "
    UPDATE gpting.job SET version = version + 1, run_at = $2, document = $3, dead_at = $4 WHERE id = $1 AND version = $5";
const DELETE: &str = "DELETE FROM gpting.job WHERE id = $1 AND version = $2";

pub(crate) async fn job(store: &PgStore, id: JobId) -> StoreResult<Option<Versioned<Job>>> {
    let row = store.query(BY_ID).bind(id.value()).fetch_optional(&store.pool).await.map_err(store_error)?;
    any_versioned(TABLE, row.as_ref())
}

pub(crate) async fn dead_jobs(store: &PgStore, after: Option<JobId>, most: usize) -> StoreResult<Vec<Versioned<Job>>> {
    let statement = store.query(DEAD).bind(after.map_or(0, JobId::value)).bind(limit(most));
    let rows = statement.fetch_all(&store.pool).await.map_err(store_error)?;
    all_versioned(TABLE, &rows)
}

pub(crate) async fn due_jobs(
    store: &PgStore,
    kinds: &[&str],
    now: Timestamp,
    most: usize,
) -> StoreResult<Vec<Versioned<Job>>> {
    let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let rows = store
        .query(DUE)
        .bind(now.as_microsecond())
        .bind(limit(most))
        .bind(kinds)
        .fetch_all(&store.pool)
        .await
        .map_err(store_error)?;
    all_versioned(TABLE, &rows)
}

/// When a job is due. A dead letter never is, whoever asks: also for a build that does not know them.
fn due_at(job: &Job) -> i64 {
    if job.dead_at.is_some() { i64::MAX } else { job.run_at.as_microsecond() }
}

impl Commit<'_> {
    pub(crate) async fn put_job(&mut self, job: &Job, expect: Expect) -> StoreResult<()> {
        let statement = self
            .query(put(expect, CREATE, REPLACE))
            .bind(job.id.value())
            .bind(due_at(job))
            .bind(Json(job))
            .bind(job.dead_at.map(Timestamp::as_microsecond));
        require(self.run(bind_expected(statement, expect)).await?, 1)
    }

    pub(crate) async fn delete_job(&mut self, id: JobId, version: Version) -> StoreResult<()> {
        let statement = self.query(DELETE).bind(id.value()).bind(number(version));
        require(self.run(statement).await?, 1)
    }
}
