//! Editing a profile: parse every field, collect every fault, then change all of it or nothing.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};

use super::catalogue::{AttributeValue, Catalogue, ValueError};
use super::member::{Profile, parse_gender};
use crate::config::{Config, SafetyConfig};
use crate::error::{Code, Error, Fault, FieldError, Result};
use crate::gpting::{Core, Profiles, until_fresh};
use crate::id::MemberId;
use crate::profile::Member;
use crate::safety::age::is_admitted;
use crate::store::{Change, StoreError, Version, Versioned, Work};
use crate::text;

/// What is to be changed; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfileEdit {
    /// The name others see.
    pub nickname: Option<String>,
    /// Text about themselves; empty clears it.
    pub bio: Option<String>,
    /// `M|F|O` or `male|female|other`.
    pub gender: Option<String>,
    /// `YYYY-MM-DD`. Once set it cannot be changed.
    pub birth_date: Option<String>,
    /// Interests by code or label; replaces all.
    pub interests: Option<Vec<String>>,
    /// Attributes by code; `null` clears one, what is not named stays.
    pub attributes: Option<BTreeMap<String, serde_json::Value>>,
}

impl ProfileEdit {
    /// The profile of somebody new who says this, by the same rules as an edit: for people who come from elsewhere.
    ///
    /// # Errors
    /// A fault per refused field.
    pub fn into_profile(self, catalogue: &Catalogue, config: &Config, now: Timestamp) -> Result<Profile> {
        let mut profile = Profile::default();
        apply(&mut profile, &self, catalogue, config, now)?;
        Ok(profile)
    }
}

impl Profiles<'_> {
    /// The member's own row, everything included.
    ///
    /// # Errors
    /// [`Code::TokenInvalid`] when there is no such member, [`Code::AccountErased`] when they are being erased.
    pub async fn own(&self, me: MemberId) -> Result<Versioned<Member>> {
        let member = self.0.acting(me).await?;
        self.0.touch(&member).await?;
        Ok(member)
    }

    /// Changes the member's profile. `if_match` is the version the caller saw, where it cares.
    ///
    /// # Errors
    /// A fault per refused field, [`Code::ProfileChanged`] when `if_match` is not the present version.
    pub async fn edit(&self, me: MemberId, edit: ProfileEdit, if_match: Option<Version>) -> Result<Versioned<Member>> {
        let core = self.0;
        core.change_member(me, if_match, |member, now| {
            apply(&mut member.profile, &edit, &core.catalogue, &core.config, now)
        })
        .await
    }

    /// Interests and attributes there are.
    pub fn catalogue(&self) -> &Catalogue {
        &self.0.catalogue
    }
}

impl Core {
    /// Loads a member, lets `change` work on them, commits; again when somebody else was faster.
    pub(crate) async fn change_member(
        &self,
        me: MemberId,
        if_match: Option<Version>,
        change: impl Fn(&mut Member, Timestamp) -> Result<()> + Send + Sync,
    ) -> Result<Versioned<Member>> {
        let change = &change;
        until_fresh(|| async move {
            let loaded = self.acting(me).await?;
            if if_match.is_some_and(|version| version != loaded.version) {
                return Err(Code::ProfileChanged.into());
            }
            let mut member = loaded.value.clone();
            change(&mut member, self.now())?;
            if member == loaded.value {
                return Ok(loaded);
            }
            let follows = self.follow(&loaded.value, &mut member);
            let mut work = Work::new().change(Change::PutMember(Box::new(member.clone()), loaded.expect()));
            work.changes.extend(follows);
            match self.commit(work).await {
                // Somebody changed what the caller had seen: that is theirs to resolve, not ours to overwrite.
                Err(StoreError::Stale) if if_match.is_some() => Err(Code::ProfileChanged.into()),
                Err(error) => Err(error.into()),
                Ok(_) => {
                    let changed = Versioned { version: loaded.version + 1, value: member };
                    self.absorb(&changed);
                    self.ask_to_read(&changed.value).await;
                    Ok(changed)
                }
            }
        })
        .await
    }
}

/// Applies an edit, or changes nothing and says everything that is wrong with it.
pub(crate) fn apply(
    profile: &mut Profile,
    edit: &ProfileEdit,
    catalogue: &Catalogue,
    config: &Config,
    now: Timestamp,
) -> Result<()> {
    let mut next = profile.clone();
    let mut faults = Vec::new();
    if let Some(raw) = &edit.nickname {
        match text::line(raw, config.limits.nickname_chars) {
            Ok(nickname) => next.nickname = nickname,
            Err(fault) => faults.push(FieldError::new("nickname", fault)),
        }
    }
    if let Some(raw) = &edit.bio {
        match text::block(raw, config.limits.bio_chars) {
            Ok(bio) => next.bio = bio,
            Err(fault) => faults.push(FieldError::new("bio", fault)),
        }
    }
    if let Some(raw) = &edit.gender {
        match parse_gender(raw) {
            Some(gender) => next.gender = Some(gender),
            None => faults.push(FieldError::new("gender", Fault::Unknown)),
        }
    }
    if let Some(raw) = &edit.birth_date {
        match parse_birth_date(raw, &config.safety, now) {
            Ok(date) if next.birth_date.is_none_or(|known| known == date) => next.birth_date = Some(date),
            Ok(_) => faults.push(FieldError::new("birth_date", Fault::Immutable)),
            Err(fault) => faults.push(FieldError::new("birth_date", fault)),
        }
    }
    if let Some(raw) = &edit.interests {
        match parse_interests(raw, catalogue, config.limits.interests) {
            Ok(interests) => next.interests = interests,
            Err(fault) => faults.push(FieldError::new("interests", fault)),
        }
    }
    for (code, value) in edit.attributes.iter().flatten() {
        match parse_attribute(code, value, catalogue) {
            Ok(Some(value)) => {
                next.attributes.insert(code.clone(), value);
            }
            Ok(None) => {
                next.attributes.remove(code);
            }
            Err(fault) => faults.push(FieldError::new(format!("attributes.{code}"), fault)),
        }
    }
    if faults.is_empty() {
        *profile = next;
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}

/// Reads a birth date and holds it against the age gate.
///
/// # Errors
/// [`Fault::Invalid`] for what is no date of the last 120 years, [`Fault::UnderAge`] below the gate.
pub(crate) fn parse_birth_date(raw: &str, safety: &SafetyConfig, now: Timestamp) -> Result<Date, Fault> {
    let date: Date = raw.trim().parse().map_err(|_| Fault::Invalid)?;
    let today = crate::safety::age::seoul_date(now);
    if raw.trim().len() != 10 || date > today || today.year() - date.year() > 120 {
        return Err(Fault::Invalid);
    }
    if is_admitted(safety.age_gate, date, now) { Ok(date) } else { Err(Fault::UnderAge) }
}

fn parse_interests(raw: &[String], catalogue: &Catalogue, max: usize) -> Result<Vec<String>, Fault> {
    let mut interests: Vec<String> = Vec::new();
    for name in raw {
        let code = catalogue.find_interest(name).ok_or(Fault::Unknown)?.code.clone();
        if !interests.contains(&code) {
            interests.push(code);
        }
        if interests.len() > max {
            return Err(Fault::TooLong { max });
        }
    }
    Ok(interests)
}

fn parse_attribute(
    code: &str,
    value: &serde_json::Value,
    catalogue: &Catalogue,
) -> Result<Option<AttributeValue>, Fault> {
    if value.is_null() {
        return catalogue.attribute(code).map(|_| None).ok_or(Fault::Unknown);
    }
    catalogue.parse_attribute(code, value).map(Some).map_err(|error| match error {
        ValueError::OutOfRange { min, max, .. } => Fault::OutOfRange { min: min.into(), max: max.into() },
        ValueError::NoValue { .. } => Fault::Required,
        ValueError::WrongType { .. } => Fault::Invalid,
        ValueError::UnknownAttribute { .. } | ValueError::UnknownValue { .. } => Fault::Unknown,
    })
}
