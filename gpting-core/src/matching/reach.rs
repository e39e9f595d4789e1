//! What a member's own filters cost them, and which small step would gain how many people: counted, never guessed.
//!
//! Called for short lists; reads a view of the engine, without those who hide. Nothing is widened by it: a step is taken by
//! asking for a slate with it, or by changing the preferences. Invariant: nobody is counted whom no slate would show.

use super::replica::engine_failed;
use super::{Filter, Relax};
use crate::error::Result;
use crate::gpting::Matching;
use crate::id::MemberId;
use crate::interaction::PairList;
use crate::profile::Preferences;
use crate::profile::place::DistanceBand;
use crate::profile::preference::{MAX_AGE, MIN_AGE};

/// Years by which a range of ages is offered to be wider, at both ends.
const YEARS: [u8; 6] = [1, 2, 3, 5, 8, 12];

/// How many people each of the member's own filters hides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlateReach {
    /// How many people can be proposed now.
    pub eligible: usize,
    /// Filter name and how many more there would be without it.
    pub hidden_by: Vec<(String, usize)>,
    /// Wider limits and what each gains alone, the smallest first; only those that gain somebody.
    pub steps: Vec<ReachStep>,
}

/// One wider limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachStep {
    /// What becomes of which limit.
    pub change: LimitChange,
    /// The slate with it: [`SlateRequest::relax`](super::slate::SlateRequest::relax).
    pub relax: Relax,
    /// How many more people there would be.
    pub gains: usize,
}

/// What becomes of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitChange {
    /// The largest distance, in km; without the last one anywhere.
    Distance {
        /// The present one.
        from: u16,
        /// The wider one.
        to: Option<u16>,
    },
    /// The ages, lowest and highest.
    Age {
        /// The present ones.
        from: (u8, u8),
        /// The wider ones.
        to: (u8, u8),
    },
}

impl Matching<'_> {
    /// How many people can be proposed, what each of the member's own filters costs, and what small steps would gain.
    /// `O(people)`.
    ///
    /// # Errors
    /// [`Code::ProfileIncomplete`](crate::Code::ProfileIncomplete) for a member who cannot be shown to anybody yet.
    pub async fn reach(&self, me: MemberId) -> Result<SlateReach> {
        let core = self.0;
        let viewer = core.matchable(me).await?;
        let now = core.now();
        let view = core.replica.view(now);
        // Whoever no list shows is counted nowhere, lest filters that are made narrower and narrower find them.
        let mut excluded = core.store.listed(me, PairList::Excluded).await?;
        excluded.extend(core.hidden_from(me, now).await?);
        let query = view.query(me).excluding(&excluded);
        let reach = query.clone().reach().map_err(engine_failed)?;
        let name = |filter: Filter| match filter {
            Filter::Genders => "genders".to_owned(),
            Filter::Age => "age".to_owned(),
            Filter::Distance => "distance".to_owned(),
            Filter::Verified => "verified".to_owned(),
            Filter::Questions => "questions".to_owned(),
            Filter::Dealbreaker { attribute, .. } => core
                .catalogue
                .attribute_by_number(attribute)
                .map_or_else(|| "attribute".to_owned(), |known| format!("attributes.{}", known.code)),
        };
        let hidden_by = reach.hidden_by.into_iter().map(|(filter, count)| (name(filter), count)).collect();
        let offered = offered(&viewer.value.preferences);
        let relaxations: Vec<Relax> = offered.iter().map(|(_, relax)| *relax).collect();
        let gains = query.gains(&relaxations).map_err(engine_failed)?;
        Ok(SlateReach { eligible: reach.eligible, hidden_by, steps: steps(&offered, &gains) })
    }
}

/// Every step that could be offered, the smallest first: the first of either limit, then the second, and so on.
fn offered(preferences: &Preferences) -> Vec<(LimitChange, Relax)> {
    let mut distances = Vec::new();
    if let Some(from) = preferences.max_distance_km {
        let bands = DistanceBand::UPPER_KM.into_iter().filter(|km| *km > from);
        distances.extend(bands.map(|km| {
            (LimitChange::Distance { from, to: Some(km) }, Relax { within_km: Some(km), ..Relax::default() })
        }));
        distances.push((LimitChange::Distance { from, to: None }, Relax { distance: true, ..Relax::default() }));
    }
    let from = (preferences.age_min, preferences.age_max);
    let widened = |years: u8| (from.0.saturating_sub(years).max(MIN_AGE), from.1.saturating_add(years).min(MAX_AGE));
    let mut ages: Vec<(LimitChange, Relax)> = YEARS
        .into_iter()
        .map(|years| (LimitChange::Age { from, to: widened(years) }, Relax { age_years: years, ..Relax::default() }))
        .collect();
    ages.push((LimitChange::Age { from, to: (MIN_AGE, MAX_AGE) }, Relax { age: true, ..Relax::default() }));
    let rungs = distances.len().max(ages.len());
    (0..rungs).flat_map(|rung| [distances.get(rung).copied(), ages.get(rung).copied()]).flatten().collect()
}

/// The steps that gain more than every smaller one of the same limit.
fn steps(offered: &[(LimitChange, Relax)], gains: &[usize]) -> Vec<ReachStep> {
    let (mut by_distance, mut by_age) = (0, 0);
    let mut steps = Vec::new();
    for (&(change, relax), &gains) in offered.iter().zip(gains) {
        let most = match change {
            LimitChange::Distance { .. } => &mut by_distance,
            LimitChange::Age { .. } => &mut by_age,
        };
        if gains > *most {
            *most = gains;
            steps.push(ReachStep { change, relax, gains });
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_steps_come_first_and_only_those_that_gain() {
        let preferences =
            Preferences { age_min: 20, age_max: 119, max_distance_km: Some(30), ..Preferences::default() };
        let offered = offered(&preferences);
        let distances: Vec<Option<u16>> = offered
            .iter()
            .filter_map(|(change, _)| match change {
                LimitChange::Distance { to, .. } => Some(*to),
                LimitChange::Age { .. } => None,
            })
            .collect();
        assert_eq!(distances, [Some(50), Some(100), Some(200), Some(300), None]);
        assert_eq!(offered[3].0, LimitChange::Age { from: (20, 119), to: (18, 120) });
        let gains: Vec<usize> = (0..offered.len()).map(|at| [0, 0, 2, 1, 2, 4][at.min(5)]).collect();
        let steps = steps(&offered, &gains);
        let told: Vec<(LimitChange, usize)> = steps.iter().map(|step| (step.change, step.gains)).collect();
        assert_eq!(told[0], (LimitChange::Distance { from: 30, to: Some(100) }, 2));
        assert_eq!(told[1], (LimitChange::Age { from: (20, 119), to: (18, 120) }, 1));
        assert!(told.iter().all(|(_, gains)| *gains > 0));
        let mut seen = (0, 0);
        for (change, gains) in told {
            let most = if matches!(change, LimitChange::Age { .. }) { &mut seen.1 } else { &mut seen.0 };
            assert!(gains > *most, "each step gains more than the one before");
            *most = gains;
        }
    }

    #[test]
    fn whoever_has_no_distance_limit_is_offered_none() {
        let offered = offered(&Preferences::default());
        assert!(offered.iter().all(|(change, _)| matches!(change, LimitChange::Age { .. })));
    }
}
