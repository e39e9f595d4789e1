//! What the model knows of one person, and whom they fit: written down from the documentation, without a line of the
//! library.

use std::collections::BTreeSet;

use gpting_core::{Clock as _, SystemClock};
use gpting_tests::Person;
use jiff::{SignedDuration, Timestamp};

/// Latitude and longitude of a few towns, so far apart that the grid which places are snapped to decides nothing.
pub(crate) const PLACES: [(f64, f64); 5] =
    [(37.517, 127.047), (37.456, 126.705), (37.263, 127.029), (36.350, 127.385), (35.163, 129.164)];
/// Limits of distance that people choose from, in km.
pub(crate) const LIMITS: [Option<u16>; 4] = [None, Some(60), Some(160), Some(280)];
/// By how much another clock reading may decide about the end of a pause.
const SLACK: SignedDuration = SignedDuration::from_millis(1_500);

/// Whether somebody takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Active,
    /// Until the next login.
    Deactivated,
    /// For good.
    Erased,
}

/// A wish about smoking that rules people out.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Only these; otherwise anybody but these.
    pub(crate) is_must: bool,
    pub(crate) values: Vec<&'static str>,
}

/// An answer to the one question that is asked here.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) choice: &'static str,
    pub(crate) accepts: Vec<&'static str>,
    pub(crate) is_dealbreaker: bool,
}

/// Somebody.
pub(crate) struct Human {
    pub(crate) person: Person,
    pub(crate) standing: Standing,
    pub(crate) gender: &'static str,
    /// None before they said when they were born.
    pub(crate) age: Option<u8>,
    /// Of [`PLACES`].
    pub(crate) place: Option<usize>,
    pub(crate) wants: Vec<&'static str>,
    pub(crate) ages: (u8, u8),
    pub(crate) within: Option<u16>,
    pub(crate) smoking: Option<&'static str>,
    pub(crate) wish: Option<Wish>,
    pub(crate) answer: Option<Answer>,
    pub(crate) snoozed_until: Option<Timestamp>,
    pub(crate) incognito: bool,
    /// Who was on a page of theirs.
    pub(crate) served: BTreeSet<usize>,
    pub(crate) logged_in: Timestamp,
}

impl std::fmt::Debug for Human {
    /// What decides whom they fit.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let who = (self.standing, self.gender, self.age, self.place, self.smoking);
        let wishes = (&self.wants, self.ages, self.within, &self.wish, &self.answer);
        write!(f, "{who:?} wishes {wishes:?}, hides {:?} {}", self.snoozed_until, self.incognito)
    }
}

impl Human {
    /// Somebody who has just signed up.
    pub(crate) fn new(person: Person, gender: &'static str, age: Option<u8>) -> Self {
        Self {
            person,
            standing: Standing::Active,
            gender,
            age,
            place: None,
            wants: Vec::new(),
            ages: (18, 120),
            within: None,
            smoking: None,
            wish: None,
            answer: None,
            snoozed_until: None,
            incognito: false,
            served: BTreeSet::new(),
            logged_in: SystemClock.now(),
        }
    }

    /// Whether anybody at all may meet them.
    pub(crate) fn is_visible(&self) -> bool {
        self.standing == Standing::Active && self.age.is_some()
    }

    /// Whether a pause is on between two instants; none when it ends about then.
    pub(crate) fn is_snoozed(&self, from: Timestamp, to: Timestamp) -> Option<bool> {
        let Some(until) = self.snoozed_until else { return Some(false) };
        if to + SLACK < until {
            Some(true)
        } else if from > until + SLACK {
            Some(false)
        } else {
            None
        }
    }

    /// Whether all that this one asks of others holds for `other`, their distance apart when `anywhere`.
    fn accepts(&self, other: &Self, anywhere: bool) -> bool {
        let Some(age) = other.age else { return false };
        let near = self.within.is_none_or(|within| {
            let apart = self.place.zip(other.place).map(|(a, b)| distance_km(PLACES[a], PLACES[b]));
            apart.is_some_and(|km| km <= f64::from(within))
        });
        let wished = self.wish.as_ref().is_none_or(|wish| {
            let has = other.smoking.is_some_and(|smoking| wish.values.contains(&smoking));
            has == wish.is_must
        });
        let answered = match (&self.answer, &other.answer) {
            (Some(mine), Some(theirs)) => !mine.is_dealbreaker || mine.accepts.contains(&theirs.choice),
            _ => true,
        };
        self.wants.contains(&other.gender)
            && (self.ages.0..=self.ages.1).contains(&age)
            && (anywhere || near)
            && wished
            && answered
    }

    /// Whether these two may be proposed to each other, `self` having set the own distance limit aside when `anywhere`.
    pub(crate) fn fits(&self, other: &Self, anywhere: bool) -> bool {
        self.is_visible() && other.is_visible() && self.accepts(other, anywhere) && other.accepts(self, false)
    }
}

/// Over a sphere (haversine).
pub(crate) fn distance_km(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (north, east) = ((b.0 - a.0).to_radians(), (b.1 - a.1).to_radians());
    let half =
        (north / 2.0).sin().powi(2) + a.0.to_radians().cos() * b.0.to_radians().cos() * (east / 2.0).sin().powi(2);
    2.0 * 6371.0 * half.sqrt().asin()
}

#[test]
fn no_limit_is_near_a_distance() {
    for (at, a) in PLACES.into_iter().enumerate() {
        for b in &PLACES[..at] {
            let apart = distance_km(a, *b);
            for limit in LIMITS.into_iter().flatten() {
                assert!((apart - f64::from(limit)).abs() > 15.0, "{apart} and {limit}");
            }
        }
    }
}
