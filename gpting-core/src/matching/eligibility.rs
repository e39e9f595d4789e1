//! Who may be shown to whom: the one test, two-sided and absolute.
//!
//! Called by `view` for every row; reads gates first and facts only of those who pass. Both sides must be active and old
//! enough, and everything either side demands must hold: gender, age, distance, verification, dealbreakers, and the
//! host's own [`EligibilityRule`]s. Decisions and blocks are apart (`State::excluded`).
//! Invariant: without a [`Relax`] the test is symmetric.

use std::convert::Infallible;
use std::fmt::Debug;

use rustc_hash::FxHashSet;

use super::index::columns::{self, birth_column};
use super::place::{ANYWHERE, chord_limit, squared_chord_of};
use super::population::State;
use super::table::Gate;
use super::{AgeGate, Day, PersonId, Row, Strength};

/// A host's own condition of eligibility, beside all of the engine's.
///
/// Asked once per block of candidates who passed everything else, in both directions; a pair is eligible only when both
/// answers are yes. The answer about a candidate must depend on nothing but the two people.
pub trait EligibilityRule<Id>: Send + Sync + Debug {
    /// A name for logs.
    fn name(&self) -> &'static str;

    /// Sets `allowed[i]` to false where `viewer` must not be shown `candidates[i]`; all are true before.
    fn check(&self, viewer: Row<'_, Id>, candidates: &[Row<'_, Id>], allowed: &mut [bool]);

    /// The other direction: sets `allowed[i]` to false where `candidates[i]` must not be shown `viewer`.
    ///
    /// Asks [`Self::check`] one candidate at a time; a rule that can do better overrides it with the same answers.
    fn check_back(&self, viewer: Row<'_, Id>, candidates: &[Row<'_, Id>], allowed: &mut [bool]) {
        for (candidate, allowed) in candidates.iter().zip(allowed) {
            self.check(*candidate, &[viewer], std::slice::from_mut(allowed));
        }
    }
}

/// Which of the viewer's own limits a query sets aside. Never the candidate's, never the age gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Relax {
    /// The viewer's distance limit.
    pub distance: bool,
    /// The viewer's age range.
    pub age: bool,
    /// A distance limit that holds instead of the viewer's own where it is the wider one, in kilometres.
    pub within_km: Option<u16>,
    /// How many years the viewer's age range is wider at both ends.
    pub age_years: u8,
}

impl Relax {
    /// Everything holds.
    pub const NONE: Self = Self { distance: false, age: false, within_km: None, age_years: 0 };
}

/// One of a viewer's own filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Filter {
    /// The genders to meet.
    Genders,
    /// The ages to meet.
    Age,
    /// The distance limit.
    Distance,
    /// Verified people only.
    Verified,
    /// Dealbreakers among the answers to questions.
    Questions,
    /// A [`Strength::Must`] or [`Strength::Never`] rule.
    Dealbreaker {
        /// The attribute of the rule.
        attribute: u16,
        /// The strength of the rule.
        strength: Strength,
    },
}

/// How many people a viewer can be shown, and what the own filters cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// People who are eligible and not excluded: the length of the whole paging.
    pub eligible: usize,
    /// For each filter the viewer has, how many more there would be without this one alone.
    pub hidden_by: Vec<(Filter, usize)>,
}

/// A viewer's side of the test as far as columns know it; rounded towards letting people pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    pub(super) point: [f64; 3],
    pub(super) placed: bool,
    /// Chord on the unit sphere; infinite without a limit.
    pub(super) limit: f32,
    /// First and last birth, as days and as columns have them.
    pub(super) days: (Day, Day),
    pub(super) births: (u16, u16),
    pub(super) birth: u16,
    pub(super) age: u8,
    /// Flags that a row must have, and flags that it must not have.
    pub(super) must: u8,
    pub(super) never: u8,
    pub(super) gender: u8,
    pub(super) genders: u8,
}

const GENDERS: u64 = 1;
const AGE: u64 = 2;
const DISTANCE: u64 = 4;
const VERIFIED: u64 = 8;
/// The first dealbreaker; the others follow in the order of the facts.
const RULES: u64 = 16;
/// Beyond the last dealbreaker there can be.
const QUESTIONS: u64 = 1 << 63;

/// A viewer's side of the test, worked out once per query.
#[derive(Debug)]
pub(super) struct Viewer<'a, Id> {
    state: &'a State<Id>,
    row: u32,
    gate: Gate,
    age: u8,
    /// Everybody born after this day is too young to take part.
    last_birth: Day,
    /// Birth days that are inside the viewer's age range: after the first, up to the second.
    births: (i64, i64),
}

impl<'a, Id: PersonId> Viewer<'a, Id> {
    pub(super) fn new(state: &'a State<Id>, row: u32, relax: Relax) -> Self {
        let today = state.today();
        let mut gate = *state.gate(row);
        if relax.distance {
            gate.limit = ANYWHERE;
        } else if relax.within_km.is_some() {
            gate.limit = gate.limit.max(squared_chord_of(relax.within_km));
        }
        let (youngest, oldest) =
            (gate.age_min.saturating_sub(relax.age_years), gate.age_max.saturating_add(relax.age_years));
        let mut births = (
            // An age of 255 has no upper neighbour; nobody is as old as that.
            oldest.checked_add(1).map_or(i64::MIN, |above| i64::from(today.years_before(above).0)),
            i64::from(today.years_before(youngest).0),
        );
        if relax.age {
            births = (i64::MIN, i64::MAX);
        }
        let age_gate: AgeGate = state.config.age_gate;
        Self { state, row, gate, age: gate.birth.age_on(today), last_birth: age_gate.last_birth(today), births }
    }

    /// What the columns of the index can test of the viewer's side; see [`Self::test_gate`].
    pub(super) fn columns(&self) -> Columns {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let last = self.births.1.min(i64::from(self.last_birth.0));
        let cut = |day: i64| day.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        Columns {
            point: self.gate.point.unit(),
            placed: self.gate.placed(),
            limit: chord_limit(self.gate.limit),
            days: (Day(cut(self.births.0.saturating_add(1))), Day(cut(last))),
            births: (birth_column(self.births.0.saturating_add(1)), birth_column(last)),
            birth: birth_column(i64::from(self.gate.birth.0)),
            age: self.age,
            must: flag(self.gate.verified_only(), columns::VERIFIED),
            never: flag(!self.gate.verified(), columns::VERIFIED_ONLY),
            gender: self.gate.gender,
            genders: self.gate.genders,
        }
    }

    /// Whether the viewer takes part; nobody is eligible for somebody who does not.
    pub(super) fn takes_part(&self) -> bool {
        self.gate.active() && self.gate.birth <= self.last_birth
    }

    /// The viewer's own filters that hide a candidate, and whether the candidate's side admits the viewer; gates only.
    #[inline]
    fn test_gate(&self, candidate: &Gate) -> (u64, bool) {
        let (mine, theirs) = (&self.gate, candidate);
        let chord = if mine.placed() && theirs.placed() { mine.point.squared_chord(theirs.point) } else { ANYWHERE };
        let birth = i64::from(theirs.birth.0);
        let bit = |hidden: bool, filter: u64| if hidden { filter } else { 0 };
        let hides = bit(mine.genders & theirs.gender == 0, GENDERS)
            | bit(birth <= self.births.0 || birth > self.births.1, AGE)
            | bit(chord > mine.limit, DISTANCE)
            | bit(mine.verified_only() && !theirs.verified(), VERIFIED);
        let admits = theirs.genders & mine.gender != 0
            && theirs.age_min <= self.age
            && self.age <= theirs.age_max
            && theirs.active()
            && theirs.birth <= self.last_birth
            && chord <= theirs.limit
            && (mine.verified() || !theirs.verified_only());
        (hides, admits)
    }

    /// The same of the dealbreakers.
    fn test_rules(&self, candidate: u32) -> (u64, bool) {
        if !self.gate.has(Gate::DEALBREAKERS) && !self.state.gate(candidate).has(Gate::DEALBREAKERS) {
            return (0, true);
        }
        let (mine, theirs) = (self.state.slot(self.row).facts(), self.state.slot(candidate).facts());
        let mut hides = 0;
        for (at, rule) in mine.dealbreakers().enumerate() {
            if !rule.admits(theirs) {
                hides |= RULES << at;
            }
        }
        let mut admits = theirs.dealbreakers().all(|rule| rule.admits(mine));
        if self.gate.has(Gate::ANSWERS) && self.state.gate(candidate).has(Gate::ANSWERS) {
            let (mine, theirs) = (mine.answers(), theirs.answers());
            hides |= if mine.refuses(theirs) { QUESTIONS } else { 0 };
            admits &= !theirs.refuses(mine);
        }
        (hides, admits)
    }

    /// Calls `found(row, own filters that hide it)` for everybody but the viewer whose own side admits the viewer and
    /// who is hidden by at most `most` of the viewer's filters, in blocks; custom rules apply in any case.
    pub(super) fn scan<E>(
        &self,
        most: u32,
        mut found: impl FnMut(&mut Vec<(u32, u64)>) -> Result<(), E>,
    ) -> Result<(), E> {
        if !self.takes_part() {
            return Ok(());
        }
        let mut block = Vec::new();
        for (first, chunk) in self.state.chunks() {
            block.clear();
            for (row, gate) in (first..).zip(&chunk.gates) {
                let (hides, admits) = self.test_gate(gate);
                if admits && hides.count_ones() <= most && row != self.row {
                    block.push((row, hides));
                }
            }
            block.retain_mut(|(row, hides)| {
                let (by_rules, admits) = self.test_rules(*row);
                *hides |= by_rules;
                admits && hides.count_ones() <= most
            });
            self.apply_custom_rules(&mut block, |&(row, _)| row);
            if !block.is_empty() {
                found(&mut block)?;
            }
        }
        Ok(())
    }

    /// Whether the viewer and one other are eligible for each other.
    pub(super) fn eligible(&self, other: u32) -> bool {
        if !self.takes_part() || !self.fits(other) {
            return false;
        }
        let mut block = vec![other];
        self.apply_custom_rules(&mut block, |&other| other);
        !block.is_empty()
    }

    /// The whole test of one other but for the host's own rules and whether the viewer takes part.
    #[inline]
    pub(super) fn fits(&self, other: u32) -> bool {
        other != self.row && self.test_gate(self.state.gate(other)) == (0, true) && self.test_rules(other) == (0, true)
    }

    /// Drops from a block whom the host's own rules refuse.
    pub(super) fn apply_custom_rules<T>(&self, block: &mut Vec<T>, row_of: impl Fn(&T) -> u32) {
        if self.state.config.rules.is_empty() || block.is_empty() {
            return;
        }
        let row = |number| Row { state: self.state, number };
        let rows: Vec<_> = block.iter().map(|one| row(row_of(one))).collect();
        let mut all = vec![true; rows.len()];
        let mut allowed = vec![true; rows.len()];
        for rule in &self.state.config.rules {
            for back in [false, true] {
                allowed.fill(true);
                if back {
                    rule.check_back(row(self.row), &rows, &mut allowed);
                } else {
                    rule.check(row(self.row), &rows, &mut allowed);
                }
                all.iter_mut().zip(&allowed).for_each(|(all, &allowed)| *all &= allowed);
            }
        }
        let mut all = all.into_iter();
        block.retain(|_| all.next().unwrap_or(false));
    }

    /// The filters the viewer has, each with its bit.
    fn filters(&self) -> Vec<(Filter, u64)> {
        let mut filters = vec![(Filter::Genders, GENDERS), (Filter::Age, AGE)];
        if self.gate.limit != ANYWHERE {
            filters.push((Filter::Distance, DISTANCE));
        }
        if self.gate.verified_only() {
            filters.push((Filter::Verified, VERIFIED));
        }
        let facts = self.state.slot(self.row).facts();
        if facts.answers().has_dealbreakers() {
            filters.push((Filter::Questions, QUESTIONS));
        }
        for (at, rule) in facts.dealbreakers().enumerate() {
            let filter = Filter::Dealbreaker { attribute: rule.attribute, strength: rule.strength };
            filters.push((filter, RULES << at));
        }
        filters
    }

    /// How many more people there would be with each of these relaxations instead of this viewer's own, without those of
    /// these rows.
    pub(super) fn gains(&self, steps: &[Relax], excluding: &FxHashSet<u32>) -> Vec<usize> {
        let loosened: Vec<Self> = steps.iter().map(|step| Self::new(self.state, self.row, *step)).collect();
        let mut gains = vec![0; steps.len()];
        let Ok(()) = self.scan::<Infallible>(2, |block| {
            for &(row, hides) in &*block {
                let is_lost = hides == 0 || hides & !(AGE | DISTANCE) != 0 || excluding.contains(&row);
                if is_lost || self.state.excluded(self.row, row) {
                    continue;
                }
                let gate = self.state.gate(row);
                for (gain, viewer) in gains.iter_mut().zip(&loosened) {
                    *gain += usize::from(viewer.test_gate(gate).0 == 0);
                }
            }
            Ok(())
        });
        gains
    }

    /// Counts for [`Reach`], without the people of these rows.
    pub(super) fn reach(&self, excluding: &FxHashSet<u32>) -> Reach {
        let filters = self.filters();
        let mut reach = Reach { eligible: 0, hidden_by: filters.iter().map(|&(filter, _)| (filter, 0)).collect() };
        let Ok(()) = self.scan::<Infallible>(1, |block| {
            for &(row, hides) in &*block {
                if excluding.contains(&row) || self.state.excluded(self.row, row) {
                    continue;
                }
                if hides == 0 {
                    reach.eligible += 1;
                } else if let Some(at) = filters.iter().position(|&(_, bit)| bit == hides) {
                    reach.hidden_by[at].1 += 1;
                }
            }
            Ok(())
        });
        reach
    }
}
