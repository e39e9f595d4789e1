//! The daily round: mutual picks for everybody at once, in the night of Seoul.
//!
//! Called by the job of that name and by `gpting picks`; calls the engine's market on a view, and commits who is whose pick
//! of the day. The slate shows picks first, to both on the same day. Invariants: the round itself holds no lock and blocks
//! no request; a round that is run again for a day replaces its picks; what a slate shows is tested when it is shown.

use std::num::NonZero;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::market::graph::Report;
use super::replica::engine_failed;
use super::{Market, Pick, Relax, View};
use crate::error::{Error, Result};
use crate::gpting::{Core, Matching};
use crate::id::MemberId;
use crate::interaction::PairKey;
use crate::safety::age::{SEOUL, day, seoul_date};
use crate::store::{Change, Work};

/// Picks of one commit.
const BATCH: usize = 2_000;
/// The hour of Seoul at which the picks of a day are made: the quietest, and before anybody gets up.
const HOUR: i8 = 4;

/// What a daily round came to.
#[derive(Clone, Debug, PartialEq)]
pub struct DailyRound {
    /// The day, in Seoul, whose picks were made.
    pub day: Date,
    /// How many pairs are each other's pick.
    pub pairs: usize,
    /// The figures of the market: what its lists reach and what no lists could, inequality, who is left out.
    pub report: Report,
    /// Expected mutual likes of the same people when everybody is ranked by the product of both likes.
    pub by_product: f64,
}

impl Matching<'_> {
    /// Makes today's picks for everybody, on up to so many threads beside the caller's; earlier ones of today are replaced.
    ///
    /// `O(people)` memory; 0.3 ms of CPU a person at 200,000 people, 0.6 ms at a million (`view_market` in `benches`). [`Gpting::run`](crate::Gpting::run) does it
    /// every night.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn daily_round(&self, threads: NonZero<usize>) -> Result<DailyRound> {
        self.0.daily_round(threads).await
    }
}

impl Core {
    pub(crate) async fn daily_round(&self, threads: NonZero<usize>) -> Result<DailyRound> {
        let now = self.now();
        let today = seoul_date(now);
        let number = day(today).0;
        let view = self.replica.view(now);
        // Whoever hides tonight would be a pick that nobody may be shown.
        let (snoozed, incognito) = self.replica.hidden(now);
        let absent = [snoozed, incognito].concat();
        let solve = move || -> Result<(Vec<PairKey>, Report, f64), super::EngineError> {
            // Another seed every day brings others into the pools.
            let seed = u64::from(number.unsigned_abs());
            let round = view.market(Market::daily().seed(seed))?.without(&absent);
            let (slates, by_product) = round.solve_beside_product(threads.get())?;
            let mut pairs: Vec<PairKey> =
                slates.iter().filter_map(|(id, _)| PairKey::of(id, slates.pick(id)?)).collect();
            pairs.sort_unstable();
            pairs.dedup();
            Ok((pairs, slates.report().clone(), by_product))
        };
        let solved = tokio::task::spawn_blocking(solve).await;
        let panicked = |error| Error::Internal { what: "the daily round ended badly", source: Box::new(error) };
        let (pairs, report, by_product) = solved.map_err(panicked)?.map_err(engine_failed)?;
        self.commit(Work::new().change(Change::ClearPicks { day: number })).await?;
        for pairs in pairs.chunks(BATCH) {
            self.commit(Work::new().change(Change::PutPicks { day: number, pairs: pairs.to_vec() })).await?;
        }
        Ok(DailyRound { day: today, pairs: pairs.len(), report, by_product })
    }

    /// The round as a job; how long until the next one.
    pub(crate) async fn nightly_round(&self) -> Result<Duration> {
        let round = self.daily_round(self.config.matching.round_threads).await?;
        tracing::info!(
            day = %round.day,
            people = round.report.people,
            pairs = round.pairs,
            expected_matches = round.report.expected_matches,
            upper_bound = round.report.upper_bound,
            by_product = round.by_product,
            gini = round.report.gini,
            "the picks of the day are made"
        );
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

/// Whether a page shows picks: they pass all of the member's own limits, so only where none is set aside differently.
pub(super) fn shows_picks(relax: Relax) -> bool {
    relax == Relax::default()
}

/// From now to the next round.
fn until_next_night(now: Timestamp) -> Duration {
    let here = SEOUL.to_datetime(now);
    let tonight = here.date().at(HOUR, 0, 0, 0);
    let next = if here < tonight { Some(tonight) } else { tonight.checked_add(SignedDuration::from_hours(24)).ok() };
    let wait = next.map_or(SignedDuration::from_hours(24), |next| next.duration_since(here));
    wait.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_is_that_of_seoul() {
        // 03:59 and 04:00 in Seoul.
        for (now, hours) in
            [("2026-11-26T18:59:00Z", 1.0 / 60.0), ("2026-11-26T19:00:00Z", 24.0), ("2026-11-27T03:00:00Z", 16.0)]
        {
            let wait = until_next_night(now.parse().unwrap());
            assert!((wait.as_secs_f64() / 3600.0 - hours).abs() < 1e-9, "{now}: {wait:?}");
        }
    }
}
