//! The job of one region: its market, then its picks and "done" in one commit.
//!
//! Called by the runner and by hand, under the job's lease. What is expensive, the market, needs no lock. What must be one
//! behind the other, the picks, is decided against the record's version: when another region was faster, who has a pick is read
//! again and the picks are made again, in moments. Killed at any time, a region is done or it is not.

use std::num::NonZero;
use std::sync::Arc;

use jiff::civil::Date;
use rustc_hash::FxHashSet;

use super::super::replica::engine_failed;
use super::super::round::{RegionMarket, RegionPicks};
use super::super::{EngineError, Market};
use super::plan::{Planned, panicked};
use super::record::{Done, Record};
use crate::error::Result;
use crate::gpting::Core;
use crate::id::MemberId;
use crate::interaction::PairKey;
use crate::job::Turn;
use crate::safety::age::{day, seoul_date};
use crate::store::{Change, StoreError, Work};

/// Pairs of one change, and members of one question.
const BATCH: usize = 2_000;

/// A region of the round of a day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RegionOfDay {
    /// Days since 1970, in Seoul.
    pub(crate) day: i32,
    pub(crate) run: u32,
    pub(crate) number: usize,
}

impl Core {
    /// Makes the picks of a region, unless they are made, or nobody wants them any more; the job is crossed off with them.
    pub(crate) async fn round_of_region(
        &self,
        turn: &Turn<'_>,
        region: RegionOfDay,
        threads: NonZero<usize>,
    ) -> Result<()> {
        let date = seoul_date(self.now());
        if day(date).0 != region.day {
            return Ok(()); // that day is over
        }
        let Some(planned) = self.missing(date, region).await? else { return Ok(()) };
        self.refresh_replica().await?;
        let market = Arc::new(self.market_of(&planned.record, region, threads).await?);
        loop {
            let Some(planned) = self.missing(date, region).await? else { return Ok(()) };
            let picks = self.free_picks(&market, region.day, &planned.record).await?;
            let mut record = planned.record.clone();
            record.regions[region.number].done = Some(Done::of(&market, &picks));
            let pairs: Vec<PairKey> = picks.pairs.iter().filter_map(|(a, b)| PairKey::of(*a, *b)).collect();
            let mut work = Work::new().change(planned.rewrite(&record)?);
            for pairs in pairs.chunks(BATCH) {
                work = work.change(Change::PutPicks { day: region.day, pairs: pairs.to_vec() });
            }
            match turn.cross_off_with(work).await {
                Ok(()) => {
                    tell(date, region, &record);
                    return Ok(());
                }
                Err(StoreError::Stale) => {
                    let now = self.missing(date, region).await?.map(|now| now.version());
                    if now == Some(planned.version()) {
                        return Err(StoreError::Stale.into()); // not another region: the lease is lost
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The record of the day as long as this region of this run is not done.
    async fn missing(&self, date: Date, region: RegionOfDay) -> Result<Option<Planned>> {
        let planned = self.planned(date).await?;
        let is_missing = |record: &Record| {
            record.run == region.run && record.regions.get(region.number).is_some_and(|region| region.done.is_none())
        };
        Ok(planned.filter(|planned| is_missing(&planned.record)))
    }

    async fn market_of(
        &self,
        record: &Record,
        region: RegionOfDay,
        threads: NonZero<usize>,
    ) -> Result<RegionMarket<MemberId>> {
        let now = self.now();
        let view = self.replica.view(now);
        // Whoever hides tonight would be a pick that nobody may be shown.
        let (snoozed, incognito) = self.replica.hidden(now);
        let absent = [snoozed, incognito].concat();
        let activity = self.replica.paces().activity(now);
        let cut = record.cut();
        let solve = move || -> Result<RegionMarket<MemberId>, EngineError> {
            // Another seed every day brings others into the pools.
            let seed = u64::from(region.day.unsigned_abs());
            let round = view.market(Market::daily().seed(seed))?.activity(activity).without(&absent);
            round.solve_region(&cut, region.number, threads.get())
        };
        tokio::task::spawn_blocking(solve).await.map_err(panicked)?.map_err(engine_failed)
    }

    /// The best picks among those who have none of that day.
    async fn free_picks(
        &self,
        market: &Arc<RegionMarket<MemberId>>,
        day: i32,
        record: &Record,
    ) -> Result<RegionPicks<MemberId>> {
        let mut taken = FxHashSet::default();
        for members in market.people().chunks(BATCH) {
            taken.extend(self.store.picked(members, day).await?);
        }
        let market = Arc::clone(market);
        let missing: FxHashSet<usize> = record.missing().collect();
        let make = move || market.picks(|id| taken.contains(&id), |region| !missing.contains(&region));
        let picks = tokio::task::spawn_blocking(make).await;
        picks.map_err(panicked)?.map_err(engine_failed)
    }
}

/// Says that a region is done, and what the whole round came to when it was the last.
fn tell(date: Date, region: RegionOfDay, record: &Record) {
    let progress = record.progress();
    tracing::info!(
        day = %date,
        region = region.number,
        regions = progress.regions,
        done = progress.regions_done,
        "the picks of a region are made"
    );
    let Some(round) = record.whole(date) else { return };
    tracing::info!(
        day = %date,
        people = round.report.people,
        pairs = round.pairs,
        expected_matches = round.report.expected_matches,
        upper_bound = round.report.upper_bound,
        by_product = round.by_product,
        gini = round.report.gini,
        "the picks of the day are made"
    );
}
