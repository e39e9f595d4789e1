//! Reports: cases of one person against another, kept until their term ends.
//!
//! At most one case of a reporter against a subject is open: of two that are opened at the same moment one is stale,
//! and on the second try becomes an entry of the other.

use gpting_core::id::MemberId;
use gpting_core::safety::Report;
use gpting_core::store::{Expect, StoreResult, Versioned};
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool, query, query_as};

use crate::error::from_sqlx;
use crate::row::{Place, micros, number, to_document};
use crate::statement::one_row;

const INSERT: &str = "
    INSERT INTO report (id, version, reporter, subject, closed_at, keep_until, document)
    VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (id) DO NOTHING";

const UPDATE: &str = "
    UPDATE report SET
        version = version + 1, reporter = ?2, subject = ?3, closed_at = ?4, keep_until = ?5, document = ?6
    WHERE id = ?1 AND version = ?7";

const DROP_ENDED: &str = "DELETE FROM report WHERE keep_until < ?1";

const OPEN: &str = "
    SELECT id, version, document FROM report WHERE reporter = ?1 AND subject = ?2 AND closed_at IS NULL";

/// Creates or replaces a report.
pub(crate) async fn put(connection: &mut SqliteConnection, report: &Report, expect: Expect) -> StoreResult<()> {
    let sql = match expect {
        Expect::New => INSERT,
        Expect::Version(_) => UPDATE,
    };
    let put = query(sql)
        .bind(report.id.value())
        .bind(report.reporter.value())
        .bind(report.subject.value())
        .bind(report.closed_at.map(micros))
        .bind(micros(report.keep_until))
        .bind(to_document(report)?);
    let put = match expect {
        Expect::New => put,
        Expect::Version(version) => put.bind(number(version)),
    };
    one_row(put, connection).await
}

/// Erases reports whose term has ended; answers how many.
pub(crate) async fn drop_ended(connection: &mut SqliteConnection, before: Timestamp) -> StoreResult<u64> {
    let drop = query(DROP_ENDED).bind(micros(before));
    Ok(drop.execute(connection).await.map_err(from_sqlx)?.rows_affected())
}

/// The open case of a reporter against a subject.
pub(crate) async fn open(
    readers: &SqlitePool,
    reporter: MemberId,
    subject: MemberId,
) -> StoreResult<Option<Versioned<Report>>> {
    let row: Option<(i64, i64, String)> =
        query_as(OPEN).bind(reporter.value()).bind(subject.value()).fetch_optional(readers).await.map_err(from_sqlx)?;
    row.map(|(id, version, document)| Place::new("report", id).versioned(version, &document)).transpose()
}
