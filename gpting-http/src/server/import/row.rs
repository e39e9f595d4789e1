//! One person of a file, and how a row becomes a member.
//!
//! Called by the readers of both formats; calls the core's own parsers, so nothing gets in that the API would refuse. A
//! JSON line is this [`Row`] as it stands; the other formats are put into its form first. Invariants:
//!
//! - the same row makes the same member (but for the random id and the time): what is missing is drawn from its key;
//! - a sensitive attribute is kept only when the row carries the consent to it.

use std::collections::BTreeMap;

use gpting_core::config::Config;
use gpting_core::id::MemberId;
use gpting_core::profile::catalogue::Catalogue;
use gpting_core::profile::gazetteer::Gazetteer;
use gpting_core::profile::place::Location;
use gpting_core::profile::{AttributeWish, Member, Preferences, PreferencesEdit, ProfileEdit, Standing};
use gpting_core::safety::{Consent, Purpose, is_granted};
use gpting_core::{Error, Fault, Rng};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use serde::Deserialize;

use super::draw::Draw;
use super::{nickname, place};

/// The day on which an age in a file is true. Fixed, so that a second run next year finds the same people.
const REFERENCE_DAY: Date = date(2026, 1, 1);
/// Ages that can be told apart from noise.
const AGES: std::ops::RangeInclusive<i64> = 18..=120;

/// A person as a file tells of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Row {
    /// The person's id in the system they come from.
    pub(super) id: Option<Id>,
    pub(super) nickname: Option<String>,
    pub(super) gender: Option<String>,
    pub(super) birth_date: Option<String>,
    /// In full years on the reference day, where there is no birth date.
    pub(super) age: Option<i64>,
    pub(super) bio: Option<String>,
    /// Drawn when absent; an empty list stays empty.
    pub(super) interests: Option<Vec<String>>,
    pub(super) attributes: BTreeMap<String, serde_json::Value>,
    /// A place name.
    pub(super) location: Option<String>,
    pub(super) latitude: Option<f64>,
    pub(super) longitude: Option<f64>,
    pub(super) preferences: Option<WishedFor>,
    /// What the person agreed to where they come from.
    pub(super) consents: Vec<Agreed>,
}

/// An id may be written as a number.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Id {
    Number(i64),
    Text(String),
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// Preferences in the form of the API.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WishedFor {
    pub(super) genders: Vec<String>,
    pub(super) age_min: Option<i64>,
    pub(super) age_max: Option<i64>,
    pub(super) max_distance_km: Option<i64>,
    pub(super) attributes: Vec<AttributeWish>,
}

/// A consent that was given elsewhere.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Agreed {
    purpose: Purpose,
    version: String,
}

/// What turns rows into members: the rules of the service, and the time.
pub(super) struct Intake<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) config: &'a Config,
    pub(super) now: Timestamp,
    pub(super) rng: &'a dyn Rng,
}

/// Why a row is left out, for the person who runs the import.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Rejected(pub(super) String);

impl Rejected {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl Intake<'_> {
    /// The member of a row that is recognised again by `source`.
    pub(super) fn member(&self, row: &Row, source: String) -> Result<Member, Rejected> {
        let consents = self.consents(row)?;
        let mut attributes = row.attributes.clone();
        if !is_granted(&consents, Purpose::Sensitive) {
            attributes.retain(|code, _| self.catalogue.attribute(code).is_none_or(|known| !known.sensitive));
        }
        let edit = ProfileEdit {
            nickname: Some(row.nickname.clone().unwrap_or_else(|| nickname::made_up(&source))),
            bio: row.bio.clone(),
            gender: Some(row.gender.clone().ok_or_else(|| Rejected::new("gender: missing"))?),
            birth_date: Some(birth_date(row, &source)?),
            interests: Some(row.interests.clone().unwrap_or_else(|| self.made_up_interests(&source))),
            attributes: Some(attributes),
        };
        let mut profile = edit.into_profile(self.catalogue, self.config, self.now).map_err(|error| rejected(&error))?;
        profile.location = Some(location(row, &source)?);
        let preferences = match &row.preferences {
            None => Preferences::default(),
            Some(wished) => PreferencesEdit {
                genders: Some(wished.genders.clone()),
                age_min: wished.age_min,
                age_max: wished.age_max,
                max_distance_km: Some(wished.max_distance_km),
                attributes: Some(wished.attributes.clone()),
                ..PreferencesEdit::default()
            }
            .into_preferences(self.catalogue, &self.config.limits)
            .map_err(|error| rejected(&error))?,
        };
        Ok(Member {
            id: MemberId::draw(self.rng),
            host: None,
            source: Some(source),
            standing: Standing::Active,
            verified: false,
            created_at: self.now,
            last_active: self.now,
            profile,
            preferences,
            answers: BTreeMap::new(),
            consents,
            derived: gpting_core::assist::Derived::default(),
            visibility: gpting_core::profile::Visibility::default(),
        })
    }

    fn consents(&self, row: &Row) -> Result<Vec<Consent>, Rejected> {
        let entry = |agreed: &Agreed| {
            let version = agreed.version.trim().to_owned();
            if version.is_empty() || version.chars().count() > 40 || version.chars().any(char::is_control) {
                return Err(Rejected::new("consents: a version has 1 to 40 characters"));
            }
            Ok(Consent { purpose: agreed.purpose, version, granted: true, at: self.now, source: "import".to_owned() })
        };
        row.consents.iter().map(entry).collect()
    }

    /// Three to eight interests of the catalogue, for people whose row tells of none.
    fn made_up_interests(&self, key: &str) -> Vec<String> {
        let mut draw = Draw::new(key, "interests");
        let mut codes: Vec<&str> = self.catalogue.interests().map(|interest| interest.code.as_str()).collect();
        let wanted = draw.between(3, 8).min(codes.len());
        (0..wanted).map(|_| codes.swap_remove(draw.below(codes.len())).to_owned()).collect()
    }
}

/// The stated birth date, or one that makes the stated age true on the reference day. Drawn from the days on which
/// somebody can have been born who had their birthday before that day, so that the year of birth follows from the age.
fn birth_date(row: &Row, key: &str) -> Result<String, Rejected> {
    if let Some(stated) = &row.birth_date {
        return Ok(stated.clone());
    }
    let age = row.age.ok_or_else(|| Rejected::new("birth_date: missing, and no age either"))?;
    if age < *AGES.start() {
        return Err(Rejected::new(format!("age: too young ({age})")));
    }
    if age > *AGES.end() {
        return Err(Rejected::new("age: not an age"));
    }
    let years = i16::try_from(age).map_err(|_| Rejected::new("age: not an age"))?;
    let turned = date(REFERENCE_DAY.year() - years, 1, 1);
    let days = i64::try_from(Draw::new(key, "birthday").between(1, 364)).unwrap_or(1);
    let born = turned.checked_sub(jiff::Span::new().days(days)).map_err(|_| Rejected::new("age: not an age"))?;
    Ok(born.to_string())
}

fn location(row: &Row, key: &str) -> Result<Location, Rejected> {
    let gazetteer = Gazetteer::built_in();
    let unusable =
        |field: &str, error: gpting_core::profile::place::LocationError| Rejected(format!("{field}: {error}"));
    match (row.latitude, row.longitude, &row.location) {
        (Some(latitude), Some(longitude), _) => {
            Location::from_coordinates(latitude, longitude, gazetteer).map_err(|error| unusable("latitude", error))
        }
        (Some(_), None, _) | (None, Some(_), _) => Err(Rejected::new("latitude: latitude and longitude go together")),
        (None, None, Some(name)) => {
            Location::from_place_name(name, gazetteer).map_err(|error| unusable("location", error))
        }
        (None, None, None) => place::made_up(key).ok_or_else(|| Rejected::new("location: none could be made up")),
    }
}

/// The refusal of the core's parsers in one line.
fn rejected(error: &Error) -> Rejected {
    let faults: Vec<String> =
        error.fields().iter().map(|fault| format!("{}: {}", fault.field, words(&fault.fault))).collect();
    if faults.is_empty() { Rejected::new(error.to_string()) } else { Rejected(faults.join("; ")) }
}

fn words(fault: &Fault) -> String {
    match fault {
        Fault::UnderAge => "too young".to_owned(),
        Fault::Unknown => "unknown".to_owned(),
        Fault::Required => "missing".to_owned(),
        Fault::Invalid => "malformed".to_owned(),
        Fault::TooShort { min } => format!("fewer than {min}"),
        Fault::TooLong { max } => format!("more than {max}"),
        Fault::OutOfRange { min, max } => format!("not within {min} to {max}"),
        Fault::Ambiguous => "fits several places".to_owned(),
        Fault::Taken => "taken".to_owned(),
        Fault::CommonPassword => "guessed first".to_owned(),
        Fault::Immutable => "cannot be changed".to_owned(),
    }
}
