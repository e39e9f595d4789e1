//! The rules of the engine, stated a second time: one person at a time, no columns, no shared code.

use std::collections::BTreeMap;

use gpting_core::{Cell, Day, Fusion, Gender, Genders, Person, Relax, Strength, Wants};

/// Everything about one person.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) gender: Gender,
    pub(crate) born: (i32, u8, u8),
    pub(crate) cell: Option<Cell>,
    pub(crate) genders: Vec<Gender>,
    pub(crate) ages: (u8, u8),
    pub(crate) max_km: Option<u16>,
    pub(crate) rules: Vec<(u16, Vec<u16>, Strength)>,
    pub(crate) interests: Vec<u16>,
    pub(crate) attributes: Vec<(u16, u16)>,
    pub(crate) is: Vec<f32>,
    pub(crate) seeks: Vec<f32>,
    pub(crate) active: bool,
    pub(crate) verified: bool,
    pub(crate) verified_only: bool,
    pub(crate) appeal: f32,
}

impl Spec {
    pub(crate) fn person(&self) -> Person {
        let mut wants = Wants::new(self.genders.iter().copied().collect::<Genders>()).ages(self.ages.0, self.ages.1);
        wants.max_distance_km = self.max_km;
        for (attribute, values, strength) in &self.rules {
            wants = wants.rule(*attribute, values, *strength);
        }
        let (year, month, day) = self.born;
        let mut person = Person::born(self.gender, Day::from_ymd(year, month, day).unwrap())
            .wants(wants)
            .interests(&self.interests)
            .attributes(&self.attributes)
            .active(self.active)
            .verified(self.verified)
            .verified_only(self.verified_only)
            .appeal(self.appeal);
        if let Some(cell) = self.cell {
            person = person.at(cell);
        }
        if !self.is.is_empty() {
            person = person.vectors(&self.is, &self.seeks);
        }
        person
    }

    fn age(&self, today: (i32, u8, u8)) -> i32 {
        let had_birthday = (today.1, today.2) >= (self.born.1, self.born.2);
        today.0 - self.born.0 - i32::from(!had_birthday)
    }

    fn has_any(&self, attribute: u16, values: &[u16]) -> bool {
        self.attributes.iter().any(|(a, v)| *a == attribute && values.contains(v))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Like,
    Pass,
    Undo,
    Block,
    Unblock,
    Unmatch,
}

/// A population, its history, and its settings.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) today: (i32, u8, u8),
    pub(crate) fusion: Fusion,
    pub(crate) people: BTreeMap<u32, Spec>,
    /// Per actor and other, in the order of recording, which is the order of time.
    pub(crate) events: BTreeMap<(u32, u32), Vec<Kind>>,
    /// Likes and decisions of and about everybody; they outlive the other person's removal.
    pub(crate) decided: BTreeMap<u32, (f64, f64)>,
    pub(crate) received: BTreeMap<u32, (f64, f64)>,
}

impl World {
    pub(crate) fn new(today: (i32, u8, u8), fusion: Fusion) -> Self {
        Self {
            today,
            fusion,
            people: BTreeMap::new(),
            events: BTreeMap::new(),
            decided: BTreeMap::new(),
            received: BTreeMap::new(),
        }
    }

    pub(crate) fn remove(&mut self, id: u32) {
        self.people.remove(&id);
        self.events.retain(|(a, b), _| *a != id && *b != id);
        self.decided.remove(&id);
        self.received.remove(&id);
    }

    pub(crate) fn record(&mut self, kind: Kind, a: u32, b: u32) {
        let old = self.decision(a, b);
        self.events.entry((a, b)).or_default().push(kind);
        let new = self.decision(a, b);
        for (tally, sign) in [(old, -1.0), (new, 1.0)] {
            if let Some(decision) = tally {
                let like = if decision == Kind::Like { sign } else { 0.0 };
                for map in [self.decided.entry(a).or_default(), self.received.entry(b).or_default()] {
                    map.0 += like;
                    map.1 += sign;
                }
            }
        }
    }

    fn last(&self, a: u32, b: u32, of: &[Kind]) -> Option<Kind> {
        self.events.get(&(a, b))?.iter().rev().copied().find(|kind| of.contains(kind))
    }

    fn decision(&self, a: u32, b: u32) -> Option<Kind> {
        self.last(a, b, &[Kind::Like, Kind::Pass, Kind::Undo]).filter(|kind| *kind != Kind::Undo)
    }

    fn fenced(&self, a: u32, b: u32) -> bool {
        self.last(a, b, &[Kind::Block, Kind::Unblock]) == Some(Kind::Block)
            || self.last(a, b, &[Kind::Unmatch]).is_some()
    }

    pub(crate) fn excluded(&self, viewer: u32, candidate: u32) -> bool {
        self.decision(viewer, candidate).is_some()
            || self.decision(candidate, viewer) == Some(Kind::Pass)
            || self.fenced(viewer, candidate)
            || self.fenced(candidate, viewer)
    }

    /// Whether everything `a` demands holds of `b`.
    fn accepts(&self, a: &Spec, b: &Spec, relax: Relax) -> bool {
        let age = b.age(self.today);
        let near = match (a.max_km, a.cell, b.cell) {
            (None, _, _) => true,
            (Some(km), Some(x), Some(y)) => haversine_km(x, y) <= f64::from(km),
            (Some(_), _, _) => false,
        };
        a.genders.contains(&b.gender)
            && (relax.age || (i32::from(a.ages.0)..=i32::from(a.ages.1)).contains(&age))
            && (relax.distance || near)
            && (!a.verified_only || b.verified)
            && a.rules.iter().all(|(attribute, values, strength)| match strength {
                Strength::Must => b.has_any(*attribute, values),
                Strength::Never => !b.has_any(*attribute, values),
                Strength::Prefer | Strength::Avoid => true,
            })
    }

    fn takes_part(&self, a: &Spec) -> bool {
        a.active && self.today.0 - a.born.0 >= 19
    }

    pub(crate) fn eligible(&self, viewer: u32, candidate: u32, relax: Relax) -> bool {
        self.fits(viewer, &self.people[&viewer], candidate, relax)
    }

    /// As [`Self::eligible`], with another version of the viewer.
    pub(crate) fn fits(&self, viewer: u32, me: &Spec, candidate: u32, relax: Relax) -> bool {
        let other = &self.people[&candidate];
        viewer != candidate
            && self.takes_part(me)
            && self.takes_part(other)
            && self.accepts(me, other, relax)
            && self.accepts(other, me, Relax::default())
    }

    fn bias(tally: Option<&(f64, f64)>) -> f64 {
        let (likes, total) = tally.copied().unwrap_or_default();
        let share = (likes + 10.0 * 0.15) / (total + 10.0);
        (share / (1.0 - share)).ln() - (0.15_f64 / 0.85).ln()
    }

    fn logit(&self, a: u32, b: u32) -> f64 {
        let (me, you) = (&self.people[&a], &self.people[&b]);
        let mut logit = (0.15_f64 / 0.85).ln();
        logit += Self::bias(self.decided.get(&a));
        logit += 0.86 * Self::bias(self.received.get(&b)) + f64::from(you.appeal);

        let people = self.people.len() as f64 + 1000.0;
        let set = |spec: &Spec| spec.interests.iter().copied().collect::<std::collections::BTreeSet<_>>();
        let (mine, yours) = (set(me), set(you));
        let norm = (mine.len().max(3) as f64 * yours.len().max(3) as f64).sqrt();
        for interest in mine.intersection(&yours) {
            let having = self.people.values().filter(|spec| spec.interests.contains(interest)).count() as f64;
            logit += 2.0 * (people / (having + 1.0)).ln() / people.ln() / norm;
        }

        let tastes: Vec<_> = me.rules.iter().filter(|rule| !rule.2.is_dealbreaker()).collect();
        for (attribute, values, strength) in &tastes {
            if you.has_any(*attribute, values) {
                let sign = if *strength == Strength::Prefer { 1.0 } else { -1.0 };
                logit += sign / (tastes.len() as f64).sqrt();
            }
        }

        if let (Some(x), Some(y)) = (me.cell, you.cell) {
            let chord = 2.0 * EARTH_KM * (haversine_km(x, y) / EARTH_KM / 2.0).sin();
            logit += 1.0 / (1.0 + chord / 10.0);
        }
        let days = |spec: &Spec| Day::from_ymd(spec.born.0, spec.born.1, spec.born.2).unwrap().0;
        let gap = f64::from((days(me) - days(you)).abs()) / 365.2425;
        logit += 0.5 / (1.0 + gap / 5.0);
        logit + me.seeks.iter().zip(&you.is).map(|(s, o)| f64::from(*s) * f64::from(*o)).sum::<f64>()
    }

    /// There, back and fused.
    pub(crate) fn score(&self, viewer: u32, candidate: u32) -> (f64, f64, f64) {
        let chance = |x: f64| 1.0 / (1.0 + (-x).exp());
        let (x, y) = (self.logit(viewer, candidate), self.logit(candidate, viewer));
        let (p, q) = (chance(x), chance(y));
        let fused = match self.fusion {
            Fusion::Product => p * q,
            Fusion::Harmonic => 2.0 / (1.0 / p + 1.0 / q),
            Fusion::Min => p.min(q),
            Fusion::Arithmetic => f64::midpoint(p, q),
            Fusion::Uninorm => p * q / (p * q + (1.0 - p) * (1.0 - q)),
        };
        (p, q, fused)
    }

    /// Everybody a page may hold, best first.
    pub(crate) fn ranking(&self, viewer: u32, relax: Relax) -> Vec<(u32, f64)> {
        let mut ranking: Vec<_> = self
            .people
            .keys()
            .filter(|&&other| self.eligible(viewer, other, relax) && !self.excluded(viewer, other))
            .map(|&other| (other, self.score(viewer, other).2))
            .collect();
        ranking.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranking
    }
}

const EARTH_KM: f64 = 6_371.007_180_918_475;

fn haversine_km(a: Cell, b: Cell) -> f64 {
    let ((lat_a, lng_a), (lat_b, lng_b)) = (a.centre(), b.centre());
    let half = |x: f64, y: f64| ((x - y).to_radians() / 2.0).sin().powi(2);
    let h = half(lat_a, lat_b) + lat_a.to_radians().cos() * lat_b.to_radians().cos() * half(lng_a, lng_b);
    2.0 * EARTH_KM * h.min(1.0).sqrt().asin()
}
