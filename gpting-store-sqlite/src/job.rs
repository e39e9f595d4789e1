//! Jobs: what is to be done after a commit. A lease is a put with a later `run_at`, so the version settles who has it.

use gpting_core::id::JobId;
use gpting_core::job::Job;
use gpting_core::store::{Expect, StoreResult, Version, Versioned};
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool, query, query_as};

use crate::error::from_sqlx;
use crate::row::{Place, limit, micros, number, to_document};
use crate::statement::one_row;

const INSERT: &str = "
    INSERT INTO job (id, version, run_at, document) VALUES (?1, 1, ?2, ?3) ON CONFLICT (id) DO NOTHING";

const UPDATE: &str = "
    UPDATE job SET version = version + 1, run_at = ?2, document = ?3 WHERE id = ?1 AND version = ?4";

const DELETE: &str = "DELETE FROM job WHERE id = ?1 AND version = ?2";

const DUE: &str = "SELECT id, version, document FROM job WHERE run_at <= ?1 ORDER BY run_at, id LIMIT ?2";

/// Creates or replaces a job.
pub(crate) async fn put(connection: &mut SqliteConnection, job: &Job, expect: Expect) -> StoreResult<()> {
    let sql = match expect {
        Expect::New => INSERT,
        Expect::Version(_) => UPDATE,
    };
    let put = query(sql).bind(job.id.value()).bind(micros(job.run_at)).bind(to_document(job)?);
    let put = match expect {
        Expect::New => put,
        Expect::Version(version) => put.bind(number(version)),
    };
    one_row(put, connection).await
}

/// Deletes a job that has this version.
pub(crate) async fn delete(connection: &mut SqliteConnection, id: JobId, version: Version) -> StoreResult<()> {
    one_row(query(DELETE).bind(id.value()).bind(number(version)), connection).await
}

/// Jobs whose time has come, the longest due first.
pub(crate) async fn due(readers: &SqlitePool, now: Timestamp, rows: usize) -> StoreResult<Vec<Versioned<Job>>> {
    let rows: Vec<(i64, i64, String)> =
        query_as(DUE).bind(micros(now)).bind(limit(rows)).fetch_all(readers).await.map_err(from_sqlx)?;
    rows.into_iter().map(|(id, version, document)| Place::new("job", id).versioned(version, &document)).collect()
}
