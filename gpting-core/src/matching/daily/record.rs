//! What is written down about the round of a day: its regions, and what came of each that is done.
//!
//! Kept in the store as the progress of a job ([`Task::RoundOfDay`](crate::job::Task)) that is due when nobody needs it any
//! more. Its version is what the regions of a day agree by: each writes its picks and "done" against the version it has read,
//! so picks come one region behind the other. Pure. Invariant: numbers and cells of a coarse grid, nothing about any person.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::super::Regions;
use super::super::market::graph::{Report, ZERO};
use super::super::round::{RegionMarket, RegionPicks};
use super::figures::{DailyRound, RegionFigures, RoundProgress};
use crate::id::MemberId;

/// The round of a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// When the regions were cut.
    pub(super) planned_at: Timestamp,
    /// Counted up when everything is made anew.
    pub(super) run: u32,
    pub(super) regions: Vec<Region>,
}

/// A region of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Region {
    /// Coarse cells in hexadecimal: JSON has no whole numbers of 64 bits.
    cells: Vec<String>,
    /// How many people there were when the regions were cut.
    pub(super) people: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) done: Option<Done>,
}

/// What came of a region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Done {
    people: usize,
    pairs: usize,
    edges: usize,
    cut_edges: usize,
    expected_matches: f64,
    by_product: f64,
    upper_bound: f64,
    envy: u64,
    gini: f64,
    zero_share: f64,
    without_candidate: usize,
    pick_matches: f64,
    pick_bound: f64,
    spread: Spread,
}

impl Record {
    pub(super) fn new(planned_at: Timestamp, run: u32, cut: &Regions) -> Self {
        let cells = cut.cells().iter().map(|cells| cells.iter().map(|cell| format!("{cell:x}")).collect());
        let regions = cells.zip(cut.people()).map(|(cells, &people)| Region { cells, people, done: None });
        Self { planned_at, run, regions: regions.collect() }
    }

    /// The cut that was written down.
    pub(super) fn cut(&self) -> Regions {
        let read = |cells: &[String]| cells.iter().filter_map(|cell| u64::from_str_radix(cell, 16).ok()).collect();
        Regions::of_cells(self.regions.iter().map(|region| read(&region.cells)).collect())
    }

    /// The numbers of the regions that are not done.
    pub(super) fn missing(&self) -> impl Iterator<Item = usize> + '_ {
        self.regions.iter().enumerate().filter(|(_, region)| region.done.is_none()).map(|(number, _)| number)
    }

    /// Whether it is done and there was nobody.
    pub(super) fn was_of_nobody(&self) -> bool {
        self.missing().next().is_none() && self.regions.iter().all(|region| region.people == 0)
    }

    /// The figures of the day, once all regions are done.
    pub(super) fn whole(&self, day: Date) -> Option<DailyRound> {
        let done: Option<Vec<&Done>> = self.regions.iter().map(|region| region.done.as_ref()).collect();
        let done = done?;
        let RegionFigures { pairs, by_product, report } = Done::together(done.iter().copied());
        Some(DailyRound { day, pairs, report, by_product, regions: done.iter().map(|done| done.figures()).collect() })
    }

    /// How many regions there are, and how many people they had.
    pub(super) fn progress(&self) -> RoundProgress {
        let mut progress = RoundProgress::default();
        for region in &self.regions {
            let is_done = usize::from(region.done.is_some());
            progress.regions += 1;
            progress.people += region.people;
            progress.regions_done += is_done;
            progress.people_done += is_done * region.people;
        }
        progress
    }
}

impl Done {
    pub(super) fn of(market: &RegionMarket<MemberId>, picks: &RegionPicks<MemberId>) -> Self {
        let report = market.report();
        Self {
            people: report.people,
            pairs: picks.pairs.len(),
            edges: report.edges,
            cut_edges: report.cut_edges,
            expected_matches: report.expected_matches,
            by_product: market.by_product(),
            upper_bound: report.upper_bound,
            envy: report.envy,
            gini: report.gini,
            zero_share: report.zero_share,
            without_candidate: report.without_candidate,
            pick_matches: picks.matches,
            pick_bound: picks.bound,
            spread: Spread::of(market.matches()),
        }
    }

    /// The figures of the region.
    pub(super) fn figures(&self) -> RegionFigures {
        let report = Report {
            people: self.people,
            edges: self.edges,
            cut_edges: self.cut_edges,
            regions: 1,
            expected_matches: self.expected_matches,
            upper_bound: self.upper_bound,
            envy: self.envy,
            gini: self.gini,
            zero_share: self.zero_share,
            without_candidate: self.without_candidate,
            pick_matches: self.pick_matches,
            pick_bound: self.pick_bound,
        };
        RegionFigures { pairs: self.pairs, by_product: self.by_product, report }
    }

    /// The figures of several regions together. Inequality is that of everybody, from their spreads.
    pub(super) fn together<'a>(all: impl Iterator<Item = &'a Self> + Clone) -> RegionFigures {
        let mut figures = RegionFigures::default();
        let sum = &mut figures.report;
        let mut spread = Spread::default();
        for done in all.clone() {
            figures.pairs += done.pairs;
            figures.by_product += done.by_product;
            sum.people += done.people;
            sum.edges += done.edges;
            sum.cut_edges += done.cut_edges;
            sum.regions += 1;
            sum.expected_matches += done.expected_matches;
            sum.upper_bound += done.upper_bound;
            sum.envy += done.envy;
            sum.without_candidate += done.without_candidate;
            sum.pick_matches += done.pick_matches;
            sum.pick_bound += done.pick_bound;
            spread.add(&done.spread);
        }
        (sum.gini, sum.zero_share) = (spread.gini(), spread.zero_share());
        let mut alone = all;
        if let (Some(only), None) = (alone.next(), alone.next()) {
            (sum.gini, sum.zero_share) = (only.gini, only.zero_share);
        }
        figures
    }
}

/// How expected matches are spread over people: how many have how many, in steps of [`ZERO`], and the sum in each step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Spread(std::collections::BTreeMap<u32, (usize, f64)>);

impl Spread {
    fn of(matches: &[f64]) -> Self {
        let mut spread = Self::default();
        for &matches in matches {
            // Nobody has more than a list is long.
            let step = (matches / ZERO).floor().clamp(0.0, f64::from(u32::MAX)) as u32;
            let step = spread.0.entry(step).or_default();
            *step = (step.0 + 1, step.1 + matches);
        }
        spread
    }

    fn add(&mut self, other: &Self) {
        for (&step, more) in &other.0 {
            let step = self.0.entry(step).or_default();
            *step = (step.0 + more.0, step.1 + more.1);
        }
    }

    fn people(&self) -> f64 {
        self.0.values().map(|step| step.0 as f64).sum()
    }

    /// The Gini coefficient, as if all of a step had as much as they have on average.
    fn gini(&self) -> f64 {
        let (people, total) = (self.people(), self.0.values().map(|step| step.1).sum::<f64>());
        if total <= 0.0 {
            return 0.0;
        }
        let (mut before, mut ranked) = (0.0, 0.0);
        for &(count, sum) in self.0.values() {
            ranked += sum * (2.0 * before + count as f64 - people);
            before += count as f64;
        }
        ranked / (people * total)
    }

    fn zero_share(&self) -> f64 {
        self.0.get(&0).map_or(0.0, |step| step.0 as f64) / self.people().max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::market::graph::{gini, zero_share};
    use super::*;

    fn done(matches: &[f64]) -> Done {
        Done {
            people: matches.len(),
            expected_matches: matches.iter().sum::<f64>() / 2.0,
            gini: gini(matches),
            zero_share: zero_share(matches),
            spread: Spread::of(matches),
            ..Done::default()
        }
    }

    #[test]
    fn inequality_of_all_is_not_that_of_any_region() {
        let poor: Vec<f64> = (0..400).map(|n| f64::from(n % 7) * 0.02).collect();
        let rich: Vec<f64> = (0..300).map(|n| 1.0 + f64::from(n % 11) * 0.1).collect();
        let both = [poor.clone(), rich.clone()].concat();
        let total = Done::together([done(&poor), done(&rich)].iter()).report;
        assert!((total.gini - gini(&both)).abs() < 0.005, "{} {}", total.gini, gini(&both));
        assert!((total.zero_share - zero_share(&both)).abs() < 1e-12);
        assert_eq!((total.people, total.regions), (700, 2));
        let alone = Done::together([done(&poor)].iter()).report;
        assert!((alone.gini - gini(&poor)).abs() < 1e-12, "of one region exactly");
        assert!(Done::together([].iter()).report.gini.abs() < 1e-12);
    }

    #[test]
    fn a_record_is_read_back_with_its_cut() {
        let places =
            [(37.56, 126.98), (33.5, 126.53)].map(|(lat, lng)| super::super::super::Cell::from_lat_lng(lat, lng));
        let cut = Regions::cut(places.map(Result::ok), 1);
        let mut record = Record::new(Timestamp::UNIX_EPOCH, 2, &cut);
        record.regions[1].done = Some(done(&[0.5, 0.25]));
        let read: Record = serde_json::from_value(serde_json::to_value(&record).unwrap()).unwrap();
        assert_eq!(read, record);
        assert_eq!(read.cut().cells(), cut.cells());
        assert_eq!(read.missing().collect::<Vec<_>>(), [0]);
        let progress = read.progress();
        assert_eq!((progress.regions, progress.regions_done, progress.people, progress.people_done), (2, 1, 2, 1));
    }
}
