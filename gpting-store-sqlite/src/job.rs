//! Jobs: what is to be done after a commit. A lease is a put with a later `run_at`, so the version settles who has it.

use gpting_core::id::JobId;
use gpting_core::job::Job;
use gpting_core::store::{Expect, StoreResult, Version, Versioned};
use jiff::Timestamp;
use sqlx::query::QueryAs;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection, SqlitePool, query, query_as};

use crate::error::from_sqlx;
use crate::row::{Place, limit, micros, number, to_document};
use crate::statement::one_row;

const INSERT: &str = "
    INSERT INTO job (id, version, run_at, document, dead_at) VALUES (?1, 1, ?2, ?3, ?4) ON CONFLICT (id) DO NOTHING";

const UPDATE: &str = "
    UPDATE job SET version = version + 1, run_at = ?2, document = ?3, dead_at = ?4 WHERE id = ?1 AND version = ?5";

const DELETE: &str = "DELETE FROM job WHERE id = ?1 AND version = ?2";

const BY_ID: &str = "SELECT id, version, document FROM job WHERE id = ?1";

const DUE: &str = "
    SELECT id, version, document FROM job WHERE run_at <= ?1 AND kind IN (SELECT value FROM json_each(?3))
    ORDER BY run_at, id LIMIT ?2";

const DEAD: &str = "
    SELECT id, version, document FROM job WHERE dead_at IS NOT NULL AND id > ?1 ORDER BY id LIMIT ?2";

/// Creates or replaces a job.
pub(crate) async fn put(connection: &mut SqliteConnection, job: &Job, expect: Expect) -> StoreResult<()> {
    let sql = match expect {
        Expect::New => INSERT,
        Expect::Version(_) => UPDATE,
    };
    // A dead letter is due at no time.
    let due_at = if job.dead_at.is_some() { i64::MAX } else { micros(job.run_at) };
    let put = query(sql).bind(job.id.value()).bind(due_at).bind(to_document(job)?).bind(job.dead_at.map(micros));
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

/// A job, waiting or dead.
pub(crate) async fn one(readers: &SqlitePool, id: JobId) -> StoreResult<Option<Versioned<Job>>> {
    Ok(all(query_as(BY_ID).bind(id.value()), readers).await?.pop())
}

/// Jobs of these kinds whose time has come, the longest due first.
pub(crate) async fn due(
    readers: &SqlitePool,
    kinds: &[&str],
    now: Timestamp,
    rows: usize,
) -> StoreResult<Vec<Versioned<Job>>> {
    all(query_as(DUE).bind(micros(now)).bind(limit(rows)).bind(to_document(&kinds)?), readers).await
}

/// Dead letters by their ids.
pub(crate) async fn dead(readers: &SqlitePool, after: Option<JobId>, rows: usize) -> StoreResult<Vec<Versioned<Job>>> {
    all(query_as(DEAD).bind(after.map_or(0, JobId::value)).bind(limit(rows)), readers).await
}

async fn all(
    read: QueryAs<'static, Sqlite, (i64, i64, String), SqliteArguments>,
    readers: &SqlitePool,
) -> StoreResult<Vec<Versioned<Job>>> {
    let rows = read.fetch_all(readers).await.map_err(from_sqlx)?;
    rows.into_iter().map(|(id, version, document)| Place::new("job", id).versioned(version, &document)).collect()
}
