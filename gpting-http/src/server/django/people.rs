//! A user and their profile in the original installation, as somebody who can come here.
//!
//! Called per row; calls the core's own parsers, so nothing gets in that the API would refuse. What keeps a person out is
//! what would keep them out at sign-up: being under age. A field that cannot be used is left out and told of, and its
//! owner can give it anew.

use gpting_core::account::{ForeignLogin, Newcomer};
use gpting_core::config::Config;
use gpting_core::id::MemberId;
use gpting_core::profile::catalogue::Catalogue;
use gpting_core::profile::gazetteer::Gazetteer;
use gpting_core::profile::place::Location;
use gpting_core::profile::{Member, Preferences, PreferencesEdit, Profile, ProfileEdit, Standing};
use gpting_core::{Error, Fault, Rng};
use jiff::Timestamp;

use super::original::Row;

/// The rules of the service, and the time.
pub(super) struct Intake<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) config: &'a Config,
    pub(super) now: Timestamp,
    pub(super) rng: &'a dyn Rng,
}

/// Somebody who comes, with what of theirs does not.
pub(super) struct Read {
    pub(super) newcomer: Newcomer,
    pub(super) left_out: Vec<String>,
}

impl Intake<'_> {
    /// The newcomer of a user's row, to which the profile's columns have been added.
    ///
    /// # Errors
    /// Why they stay out.
    pub(super) fn newcomer(&self, row: &Row, interests: Vec<String>) -> Result<Read, String> {
        if row.flag(&["is_active"]) == Some(false) {
            return Err("is_active: has left the original service".to_owned());
        }
        let id = row.id();
        let mut left_out = Vec::new();
        let mut profile = self.profile(row, interests, &mut left_out)?;
        match location(row) {
            Ok(location) => profile.location = location,
            Err(reason) => left_out.push(reason),
        }
        let joined = row.time(&["date_joined", "created_at"]).unwrap_or(self.now).min(self.now);
        let seen = row.time(&["last_active", "last_login"]).unwrap_or(joined).min(self.now);
        let member = Member {
            id: MemberId::draw(self.rng),
            host: None,
            source: Some(format!("django:{id}")),
            standing: Standing::Active,
            verified: false,
            created_at: joined,
            last_active: seen,
            profile,
            preferences: self.preferences(row, &mut left_out),
            answers: std::collections::BTreeMap::new(),
            consents: Vec::new(),
            derived: gpting_core::assist::Derived::default(),
            visibility: gpting_core::profile::Visibility::default(),
        };
        let login = ForeignLogin {
            username: row.text(&["username"]).unwrap_or_default().to_owned(),
            spare_username: format!("user-{id}"),
            email: row.text(&["email"]).unwrap_or_default().to_owned(),
            password_hash: row.text(&["password"]).unwrap_or_default().to_owned(),
            created_at: joined,
        };
        Ok(Read { newcomer: Newcomer { member, login }, left_out })
    }

    fn profile(&self, row: &Row, interests: Vec<String>, left_out: &mut Vec<String>) -> Result<Profile, String> {
        let text = |names: &[&str]| row.text(names).map(str::to_owned);
        let mut known = Vec::new();
        for interest in interests {
            match self.catalogue.find_interest(&interest) {
                Some(found) if !known.contains(&found.code) => known.push(found.code.clone()),
                Some(_) => {}
                None => left_out.push("interests: one is not in the catalogue".to_owned()),
            }
        }
        known.truncate(self.config.limits.interests);
        let mut edit = ProfileEdit {
            nickname: text(&["nickname", "display_name"]),
            bio: text(&["bio", "introduction", "about"]),
            gender: text(&["gender", "sex"]),
            birth_date: text(&["birth_date", "birthdate", "date_of_birth", "birthday"])
                .map(|date| date.trim().chars().take(10).collect()),
            interests: Some(known),
            attributes: None,
        };
        match edit.clone().into_profile(self.catalogue, self.config, self.now) {
            Ok(profile) => return Ok(profile),
            Err(error) => without(&mut edit, &error, left_out)?,
        }
        edit.into_profile(self.catalogue, self.config, self.now).map_err(|error| error.to_string())
    }

    fn preferences(&self, row: &Row, left_out: &mut Vec<String>) -> Preferences {
        let wanted = row.text(&["preferred_gender", "interested_in", "looking_for"]);
        let genders = wanted.map(|wanted| match wanted.trim().to_ascii_lowercase().as_str() {
            "all" | "any" | "both" | "everyone" => vec!["M".to_owned(), "F".to_owned(), "O".to_owned()],
            _ => wanted.split(',').map(|gender| gender.trim().to_owned()).collect(),
        });
        let edit = PreferencesEdit {
            genders,
            age_min: row.number(&["preferred_age_min", "min_age"]),
            age_max: row.number(&["preferred_age_max", "max_age"]),
            max_distance_km: row.number(&["max_distance", "preferred_distance"]).map(Some),
            attributes: None,
            ..PreferencesEdit::default()
        };
        edit.into_preferences(self.catalogue, &self.config.limits).unwrap_or_else(|_| {
            left_out.push("preferences: cannot be used".to_owned());
            Preferences::default()
        })
    }
}

/// Takes out what was refused.
fn without(edit: &mut ProfileEdit, error: &Error, left_out: &mut Vec<String>) -> Result<(), String> {
    for refused in error.fields() {
        if refused.fault == Fault::UnderAge {
            return Err("birth_date: under age".to_owned());
        }
        match refused.field.as_str() {
            "nickname" => edit.nickname = None,
            "bio" => edit.bio = None,
            "gender" => edit.gender = None,
            "birth_date" => edit.birth_date = None,
            _ => edit.interests = None,
        }
        left_out.push(format!("{}: {}", refused.field, words(&refused.fault)));
    }
    Ok(())
}

fn location(row: &Row) -> Result<Option<Location>, String> {
    let gazetteer = Gazetteer::built_in();
    let place = match (row.float(&["latitude", "lat"]), row.float(&["longitude", "lng", "lon"])) {
        (Some(latitude), Some(longitude)) => Location::from_coordinates(latitude, longitude, gazetteer),
        _ => match row.text(&["location", "region", "address", "city"]) {
            Some(name) => Location::from_place_name(name, gazetteer),
            None => return Ok(None),
        },
    };
    // The reason alone: where somebody lives is in no log.
    place.map(Some).map_err(|_| "location: cannot be found".to_owned())
}

/// Why a field was refused.
pub(super) fn words(fault: &Fault) -> &'static str {
    match fault {
        Fault::UnderAge => "under age",
        Fault::Unknown => "unknown",
        Fault::Required => "missing",
        Fault::Invalid | Fault::Ambiguous | Fault::CommonPassword | Fault::Immutable => "malformed",
        Fault::TooShort { .. } => "too short",
        Fault::TooLong { .. } => "too long",
        Fault::OutOfRange { .. } => "out of range",
        Fault::Taken => "taken by somebody else",
    }
}
