//! Planning the round of a day, once: where the population is cut, and one job for each region.
//!
//! Called by the nightly job and by hand; calls the store. The record and the jobs are put in one work and have ids by the day,
//! so that of several who plan at once one plans and the others find it planned. Invariant: a region that is done stays
//! done unless everything is made anew.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::night::is_before_night;
use super::record::Record;
use crate::error::{Error, Result};
use crate::gpting::{Core, until_fresh};
use crate::id::JobId;
use crate::job::{Job, Task, named};
use crate::safety::age::{day, seoul_date};
use crate::store::{Change, Expect, Versioned, Work};

/// How long the record of a day is kept: as long as its picks.
const KEPT: SignedDuration = SignedDuration::from_hours(48);

/// What is wished of a day whose round is planned already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// It is made anew if it was planned before the night's hour, and gone on with otherwise.
    Nightly,
    /// It is gone on with; regions that were given up are tried again.
    GoOn,
    /// It is made anew.
    Anew,
}

/// The record of a day as it stands in the store.
pub(super) struct Planned {
    row: Versioned<Job>,
    pub(super) record: Record,
}

impl Planned {
    pub(super) fn version(&self) -> u64 {
        self.row.version
    }

    /// The change that writes another record over it.
    pub(super) fn rewrite(&self, record: &Record) -> Result<Change> {
        let progress = Some(serde_json::to_value(record).map_err(unreadable)?);
        Ok(Change::PutJob(Job { progress, ..self.row.value.clone() }, self.row.expect()))
    }
}

impl Core {
    /// The record of a day, once it is planned.
    pub(super) async fn planned(&self, date: Date) -> Result<Option<Planned>> {
        let Some(row) = self.store.job(record_id(date)).await? else { return Ok(None) };
        let record = row.value.progress.clone().unwrap_or_default();
        let record = serde_json::from_value(record).map_err(unreadable)?;
        Ok(Some(Planned { row, record }))
    }

    /// Sees to it that there is a job for every region of today that is not done.
    pub(crate) async fn plan_round(&self, plan: Plan) -> Result<()> {
        until_fresh(|| async {
            let now = self.now();
            let date = seoul_date(now);
            match self.planned(date).await? {
                None => self.plan_first(date, now).await,
                Some(planned) => {
                    let is_anew = match plan {
                        Plan::Anew => true,
                        // The first start of a new service finds nobody: that is no round of the day.
                        _ if planned.record.was_of_nobody() => true,
                        Plan::GoOn => false,
                        Plan::Nightly => is_before_night(planned.record.planned_at, date),
                    };
                    if is_anew {
                        self.plan_anew(date, now, &planned).await
                    } else {
                        self.see_to_regions(date, now, &planned.record, plan).await
                    }
                }
            }
        })
        .await
    }

    async fn plan_first(&self, date: Date, now: Timestamp) -> Result<()> {
        let record = self.cut_people(now, 1).await?;
        let mut job = Job::new(record_id(date), Task::RoundOfDay { day: day(date).0 }, now + KEPT);
        job.progress = Some(serde_json::to_value(&record).map_err(unreadable)?);
        // Days that nobody looks at any more go. Not today's: another may be planning, too, and have begun.
        let clear = Change::ClearPicks { day: day(date).0.saturating_sub(2) };
        let work = Work::new().change(clear).change(Change::PutJob(job, Expect::New));
        self.commit(with_regions(work, date, now, &record)).await?;
        Ok(())
    }

    async fn plan_anew(&self, date: Date, now: Timestamp, planned: &Planned) -> Result<()> {
        let record = self.cut_people(now, planned.record.run + 1).await?;
        let mut work = Work::new().change(Change::ClearPicks { day: day(date).0 }).change(planned.rewrite(&record)?);
        // Whoever is at a region of before finds its job gone and commits nothing.
        for region in planned.record.missing() {
            if let Some(row) = self.store.job(region_id(date, planned.record.run, region)).await? {
                work = work.change(Change::DeleteJob(row.value.id, row.version));
            }
        }
        self.commit(with_regions(work, date, now, &record)).await?;
        Ok(())
    }

    async fn see_to_regions(&self, date: Date, now: Timestamp, record: &Record, plan: Plan) -> Result<()> {
        for region in record.missing() {
            let fresh = region_job(date, now, record.run, region);
            let expect = match self.store.job(fresh.id).await? {
                None => Expect::New,
                Some(row) if row.value.dead_at.is_some() && plan == Plan::GoOn => row.expect(),
                Some(_) => continue,
            };
            // A region that has been done since is found to be so by whoever takes the job.
            self.commit(Work::new().change(Change::PutJob(fresh, expect))).await?;
        }
        Ok(())
    }

    async fn cut_people(&self, now: Timestamp, run: u32) -> Result<Record> {
        let (view, least) = (self.replica.view(now), self.config.matching.region_people);
        let cut = tokio::task::spawn_blocking(move || view.regions(least)).await;
        Ok(Record::new(now, run, &cut.map_err(panicked)?))
    }
}

fn with_regions(work: Work, date: Date, now: Timestamp, record: &Record) -> Work {
    let jobs = record.missing().map(|region| region_job(date, now, record.run, region));
    jobs.fold(work, |work, job| work.change(Change::PutJob(job, Expect::New)))
}

fn region_job(date: Date, now: Timestamp, run: u32, region: usize) -> Job {
    // Some hundreds at the most.
    let number = u32::try_from(region).unwrap_or(u32::MAX);
    Job::new(region_id(date, run, region), Task::RegionRound { day: day(date).0, run, region: number }, now)
}

fn record_id(date: Date) -> JobId {
    named("round_of_day", &date.to_string())
}

pub(super) fn region_id(date: Date, run: u32, region: usize) -> JobId {
    named("region_round", &format!("{date}/{run}/{region}"))
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::Internal { what: "the record of a daily round could not be read or written", source: Box::new(error) }
}

pub(super) fn panicked(error: tokio::task::JoinError) -> Error {
    Error::Internal { what: "the daily round ended badly", source: Box::new(error) }
}
