//! Warm-up: somebody new, whom nobody knows yet, gets a bounded share of places until enough people have seen them.
//!
//! Called by the slate for its first page; reads the replica's newcomers and how many saw them. Invariants: who is explored
//! passes every test that anybody else passes; no page shows more of them than its share; whom a page explores follows from the
//! viewer and the day; the rest of the page is the ranking as it was.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};

use super::newcomer::{REMEMBERED, mixed};
use super::replica::engine_failed;
use super::{Pick, Relax, View};
use crate::error::Result;
use crate::gpting::Core;
use crate::id::MemberId;
use crate::profile::Member;
use crate::profile::visibility::Veil;
use crate::safety::age::{day, seoul_date};

/// The most people of one page that are explored, whatever its length: a cursor carries them.
pub(super) const MOST: usize = 4;
/// How many that fit are asked about.
const ASKED: usize = 8;
/// How long it is believed how many people saw somebody.
const BELIEVED: SignedDuration = SignedDuration::from_mins(1);
/// Places at the top that are nobody's but the ranking's.
const UNTOUCHED: usize = 2;

/// What is known of how many people saw a newcomer, and since when.
#[derive(Debug, Default)]
pub(crate) struct Warmth(Mutex<FxHashMap<MemberId, (u64, Timestamp)>>);

impl Warmth {
    fn known(&self, id: MemberId, now: Timestamp) -> Option<u64> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied();
        known.filter(|(_, read)| now.duration_since(*read) < BELIEVED).map(|(count, _)| count)
    }

    fn learn(&self, counts: &[(MemberId, u64)], now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > 2 * REMEMBERED {
            known.clear();
        }
        known.extend(counts.iter().map(|(id, count)| (*id, (*count, now))));
    }

    /// They are shown once more, here.
    fn shown(&self, id: MemberId) {
        if let Some((count, _)) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&id) {
            *count += 1;
        }
    }
}

/// A page on its way: whom it has, and where the next one would begin.
pub(super) struct Page<'a> {
    pub(super) view: &'a View<MemberId>,
    /// Whom the viewer must not be shown.
    pub(super) excluded: &'a [MemberId],
    /// Picks of the day, then those of the ranking, best first.
    pub(super) chosen: &'a mut Vec<(Pick<MemberId>, Member)>,
    /// How many of them are picks.
    pub(super) picks: usize,
}

impl Core {
    /// Gives some places of a first page, behind which there are more people, to newcomers; answers whom. The last of the
    /// ranking make room, and the next page begins with them.
    pub(super) async fn warm_up(&self, veil: &mut Veil, page: Page<'_>, now: Timestamp) -> Result<Vec<MemberId>> {
        let me = veil.viewer();
        let settings = &self.config.matching.warm_up;
        let ranked = page.chosen.len() - page.picks;
        let seed = mixed(me.value().cast_unsigned() ^ mixed(i64::from(day(seoul_date(now)).0).cast_unsigned()));
        let places = places(ranked, settings.percent, seed).min(ranked.saturating_sub(UNTOUCHED + 1));
        if places == 0 {
            return Ok(Vec::new());
        }
        let newcomers = self.newcomers_for(me, &page, seed, now).await?;
        let picks = newcomers.into_iter().filter_map(|id| page.view.score(me, id).ok()).collect();
        let mut found = self.confirm(veil, Relax::default(), picks, now).await?;
        // Whoever hides takes nobody's place.
        found.truncate(places);
        page.chosen.truncate(page.chosen.len() - found.len());
        let explored: Vec<MemberId> = found.iter().map(|(pick, _)| pick.id).collect();
        for (number, one) in (0_u64..).zip(found) {
            let first = page.picks + UNTOUCHED;
            let span = (page.chosen.len() - first + 1) as u64;
            let place = first + usize::try_from(mixed(seed ^ (number + 1)) % span).unwrap_or(0);
            self.warmth.shown(one.0.id);
            page.chosen.insert(place, one);
        }
        Ok(explored)
    }

    /// Newcomers who fit, are not on the page, and have been seen by too few.
    async fn newcomers_for(&self, me: MemberId, page: &Page<'_>, seed: u64, now: Timestamp) -> Result<Vec<MemberId>> {
        let settings = &self.config.matching.warm_up;
        let most = u64::from(settings.viewers);
        let since = now.checked_sub(settings.within).unwrap_or(Timestamp::MIN);
        let not: FxHashSet<MemberId> =
            page.excluded.iter().copied().chain(page.chosen.iter().map(|(pick, _)| pick.id)).collect();
        let mut fitting = Vec::with_capacity(ASKED);
        for id in self.replica.newcomers(seed, since) {
            let is_warm = self.warmth.known(id, now).is_some_and(|count| count >= most);
            if id != me && !not.contains(&id) && !is_warm && page.view.contains(id) {
                let fits = page.view.eligible(me, id).map_err(engine_failed)?
                    && !page.view.excluded(me, id).map_err(engine_failed)?;
                if fits {
                    fitting.push(id);
                    if fitting.len() == ASKED {
                        break;
                    }
                }
            }
        }
        let unknown: Vec<MemberId> =
            fitting.iter().copied().filter(|id| self.warmth.known(*id, now).is_none()).collect();
        if !unknown.is_empty() {
            let counted: FxHashMap<MemberId, u64> =
                self.store.shown_to(&unknown, settings.viewers as usize).await?.into_iter().collect();
            let counts: Vec<(MemberId, u64)> =
                unknown.iter().map(|id| (*id, counted.get(id).copied().unwrap_or(0))).collect();
            self.warmth.learn(&counts, now);
        }
        fitting.retain(|id| self.warmth.known(*id, now).is_some_and(|count| count < most));
        Ok(fitting)
    }
}

/// How many of so many places are given to newcomers: the share, rounded up or down by chance so that it holds on average,
/// and never more than [`MOST`].
fn places(ranked: usize, percent: u8, seed: u64) -> usize {
    let hundredths = ranked * usize::from(percent.min(100));
    let rest = (hundredths % 100) as u64;
    let up = mixed(seed.wrapping_add(77)) % 100 < rest;
    (hundredths / 100 + usize::from(up)).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_holds_on_average_and_is_bounded() {
        let mean = |ranked, percent| {
            (0..10_000).map(|seed| places(ranked, percent, mixed(seed)) as f64).sum::<f64>() / 10_000.0
        };
        assert!((mean(10, 10) - 1.0).abs() < 1e-12);
        assert!((mean(8, 10) - 0.8).abs() < 0.02, "{}", mean(8, 10));
        assert!((mean(25, 10) - 2.5).abs() < 0.02, "{}", mean(25, 10));
        assert_eq!((places(100, 50, 3), places(100, 0, 3), places(0, 50, 3)), (MOST, 0, 0));
    }
}
