//! The daily round: mutual picks for everybody, region by region, in the night of Seoul.
//!
//! ```text
//! nightly job ─► plan: regions and their jobs, once ─► a job per region, on any instance ─► picks and "done" in one commit
//! ```
//! Planned and begun by the job of that name, or by hand (`gpting picks`), which goes hand in hand with whoever else is at it.
//! Calls the engine's market on a view. The slate shows picks first, to both on the same day. Invariants: nobody has two
//! picks of a day, whatever the order and the number of instances; a region is done once; the round itself holds no lock and
//! blocks no request; what a slate shows is tested when it is shown.

mod figures;
mod night;
mod plan;
mod record;
pub(crate) mod region;

use std::num::NonZero;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

pub use self::figures::{DailyRound, RegionFigures, RoundProgress};
use self::night::until_next_night;
pub(crate) use self::plan::Plan;
use self::plan::region_id;
use self::record::Record;
use super::{Pick, Relax, View};
use crate::error::{Error, Result};
use crate::gpting::{Core, Matching};
use crate::id::MemberId;
use crate::safety::age::{day, seoul_date};

/// How often it is looked what others have done, while there is nothing left to begin.
const LOOK_EVERY: Duration = Duration::from_millis(200);

impl Matching<'_> {
    /// Makes today's picks for everybody, on up to so many threads beside the caller's; earlier ones of today are replaced.
    ///
    /// `O(people)` memory; 0.3 ms of CPU a person at 200,000 people, 0.6 ms at a million (`view_market` in `benches`). [`Gpting::run`](crate::Gpting::run) does it
    /// every night.
    ///
    /// # Errors
    /// When the store fails, or a region could not be done.
    pub async fn daily_round(&self, threads: NonZero<usize>) -> Result<DailyRound> {
        self.repeat_round(threads, &mut |_| {}).await
    }

    /// Makes what is missing of today's picks, region by region, together with every instance that is at it as well; what is
    /// done stays. `told` hears how far it is.
    ///
    /// # Errors
    /// As [`Self::daily_round`].
    pub async fn continue_round(
        &self,
        threads: NonZero<usize>,
        told: &mut (dyn FnMut(RoundProgress) + Send),
    ) -> Result<DailyRound> {
        self.0.plan_round(Plan::GoOn).await?;
        self.0.finish_round(threads, told).await
    }

    /// [`Self::continue_round`] from the beginning: today's picks are forgotten, and made anew.
    ///
    /// # Errors
    /// As [`Self::daily_round`].
    pub async fn repeat_round(
        &self,
        threads: NonZero<usize>,
        told: &mut (dyn FnMut(RoundProgress) + Send),
    ) -> Result<DailyRound> {
        self.0.plan_round(Plan::Anew).await?;
        self.0.finish_round(threads, told).await
    }
}

impl Core {
    /// Works on the regions of today that nobody else is at, until all are done.
    async fn finish_round(
        &self,
        threads: NonZero<usize>,
        told: &mut (dyn FnMut(RoundProgress) + Send),
    ) -> Result<DailyRound> {
        let date = seoul_date(self.now());
        loop {
            if seoul_date(self.now()) != date {
                return Err(undone("the day has ended before they were"));
            }
            let Some(planned) = self.planned(date).await? else { return Err(undone("the round was cancelled")) };
            let record = planned.record;
            told(record.progress());
            if let Some(round) = record.whole(date) {
                return Ok(round);
            }
            if !self.begin_one(date, &record, threads).await? {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }

    /// Works on the first region whose job is free; whether there was one.
    async fn begin_one(&self, date: Date, record: &Record, threads: NonZero<usize>) -> Result<bool> {
        let mut is_lost = false;
        for region in record.missing() {
            match self.store.job(region_id(date, record.run, region)).await? {
                Some(row) if row.value.dead_at.is_some() => return Err(undone("every attempt at a region has failed")),
                Some(row) if row.value.run_at <= self.now() => {
                    if self.work_on(row, threads).await? {
                        return Ok(true);
                    }
                }
                Some(_) => {}
                None => is_lost = true,
            }
        }
        if is_lost {
            // Done in the meantime, or let go by somebody.
            self.plan_round(Plan::GoOn).await?;
        }
        Ok(false)
    }

    /// The round as a job; how long until the next one.
    pub(crate) async fn nightly_round(&self) -> Result<Duration> {
        self.plan_round(Plan::Nightly).await?;
        Ok(until_next_night(self.now()))
    }

    /// A member's picks of today, whoever of them can be proposed to them now, with their scores.
    pub(super) async fn picks_of_today(
        &self,
        me: MemberId,
        view: &View<MemberId>,
        excluded: &[MemberId],
        now: Timestamp,
    ) -> Result<Vec<Pick<MemberId>>> {
        let picked = self.store.picks(me, day(seoul_date(now)).0).await?;
        let mut picks: Vec<Pick<MemberId>> = picked
            .into_iter()
            .filter(|other| !excluded.contains(other) && view.contains(*other))
            .filter(|other| !view.excluded(me, *other).unwrap_or(true))
            // Whoever does not fit any more has no score.
            .filter_map(|other| view.score(me, other).ok())
            .collect();
        picks.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        Ok(picks)
    }
}

fn undone(why: &'static str) -> Error {
    Error::Internal { what: "the picks of the day could not be made", source: why.into() }
}

/// Whether a page shows picks: they pass all of the member's own limits, so only where none is set aside differently.
pub(super) fn shows_picks(relax: Relax) -> bool {
    relax == Relax::default()
}

#[cfg(test)]
mod tests;
