//! Jobs.

use gpting_core::id::JobId;
use gpting_core::job::Job;
use gpting_core::store::{Expect, StoreResult, Version, Versioned};
use jiff::Timestamp;
use sqlx::types::Json;

use crate::PgStore;
use crate::error::store_error;
use crate::on_its_way::Commit;
use crate::row::{all_versioned, bind_expected, limit, number, put, require};

const TABLE: &str = "job";

const DUE: &str = "
    SELECT id, version, document FROM gpting.job WHERE run_at <= $1 ORDER BY run_at, id LIMIT $2";

const CREATE: &str = "
    INSERT INTO gpting.job (id, version, run_at, document) VALUES ($1, 1, $2, $3) ON CONFLICT (id) DO NOTHING";
const REPLACE: &str = "
    UPDATE gpting.job SET version = version + 1, run_at = $2, document = $3 WHERE id = $1 AND version = $4";
const DELETE: &str = "DELETE FROM gpting.job WHERE id = $1 AND version = $2";

pub(crate) async fn due_jobs(store: &PgStore, now: Timestamp, most: usize) -> StoreResult<Vec<Versioned<Job>>> {
    let rows = store
        .query(DUE)
        .bind(now.as_microsecond())
        .bind(limit(most))
        .fetch_all(&store.pool)
        .await
        .map_err(store_error)?;
    all_versioned(TABLE, &rows)
}

impl Commit<'_> {
    pub(crate) async fn put_job(&mut self, job: &Job, expect: Expect) -> StoreResult<()> {
        let statement = self
            .query(put(expect, CREATE, REPLACE))
            .bind(job.id.value())
            .bind(job.run_at.as_microsecond())
            .bind(Json(job));
        require(self.run(bind_expected(statement, expect)).await?, 1)
    }

    pub(crate) async fn delete_job(&mut self, id: JobId, version: Version) -> StoreResult<()> {
        let statement = self.query(DELETE).bind(id.value()).bind(number(version));
        require(self.run(statement).await?, 1)
    }
}
