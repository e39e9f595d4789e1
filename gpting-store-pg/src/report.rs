//! Reports.

use gpting_core::id::MemberId;
use gpting_core::safety::Report;
use gpting_core::store::{Expect, StoreResult, Versioned};
use jiff::Timestamp;
use sqlx::types::Json;

use crate::PgStore;
use crate::error::store_error;
use crate::on_its_way::Commit;
use crate::row::{any_versioned, bind_expected, put, require};

const TABLE: &str = "report";

const OPEN: &str = "
    SELECT id, version, document FROM gpting.report
    WHERE reporter = $1 AND subject = $2 AND closed_at IS NULL
    ORDER BY id LIMIT 1";

const CREATE: &str = "
    INSERT INTO gpting.report (id, version, reporter, subject, closed_at, keep_until, document)
    VALUES ($1, 1, $2, $3, $4, $5, $6)
    ON CONFLICT (id) DO NOTHING";
const REPLACE: &str = "
    UPDATE gpting.report
    SET version = version + 1, reporter = $2, subject = $3, closed_at = $4, keep_until = $5, document = $6
    WHERE id = $1 AND version = $7";
/// Locked in the order of their ids, so that two of these do not wait for each other.
const DROP: &str = "
    DELETE FROM gpting.report WHERE id IN (
        SELECT id FROM gpting.report WHERE keep_until < $1 ORDER BY id FOR UPDATE
    )";

pub(crate) async fn open_report(
    store: &PgStore,
    reporter: MemberId,
    subject: MemberId,
) -> StoreResult<Option<Versioned<Report>>> {
    let row = store
        .query(OPEN)
        .bind(reporter.value())
        .bind(subject.value())
        .fetch_optional(&store.pool)
        .await
        .map_err(store_error)?;
    any_versioned(TABLE, row.as_ref())
}

impl Commit<'_> {
    pub(crate) async fn put_report(&mut self, report: &Report, expect: Expect) -> StoreResult<()> {
        let statement = self
            .query(put(expect, CREATE, REPLACE))
            .bind(report.id.value())
            .bind(report.reporter.value())
            .bind(report.subject.value())
            .bind(report.closed_at.map(Timestamp::as_microsecond))
            .bind(report.keep_until.as_microsecond())
            .bind(Json(report));
        require(self.run(bind_expected(statement, expect)).await?, 1)
    }

    pub(crate) async fn drop_reports(&mut self, before: Timestamp) -> StoreResult<()> {
        let statement = self.query(DROP).bind(before.as_microsecond());
        self.run(statement).await.map(drop)
    }
}
