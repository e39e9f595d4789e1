//! A member: the person of the service, whoever keeps their login.
//!
//! Loaded and saved as one versioned document by the [`Store`](crate::store::Store). Which field may leave towards
//! whom is decided by type: other people only ever receive a [`Card`](super::Card), built from what is public.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::preference::Preferences;
use crate::assist::Derived;
use crate::id::{HostId, MemberId, PhotoId};
use crate::matching::Gender;
use crate::profile::catalogue::AttributeValue;
use crate::profile::place::Location;
use crate::safety::Consent;

/// A person of the service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Random, for ever the same.
    pub id: MemberId,
    /// The host application's id, when the host keeps the users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostId>,
    /// Where an imported person came from (`source:external id`), by which a second import recognises them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether they take part.
    pub standing: Standing,
    /// Whether their identity has been verified.
    #[serde(default)]
    pub verified: bool,
    /// When they joined.
    pub created_at: Timestamp,
    /// When they were last seen; kept to the hour, never shown to others.
    pub last_active: Timestamp,
    /// Who they are.
    pub profile: Profile,
    /// Whom they wish to meet.
    #[serde(default)]
    pub preferences: Preferences,
    /// What they answered, by code of the question; nobody else's to read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, Answer>,
    /// What they agreed to, oldest first; entries are only ever added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<Consent>,
    /// What was derived from what they wrote, as far as their consents cover it.
    #[serde(default, skip_serializing_if = "Derived::is_empty")]
    pub derived: Derived,
    /// From whom they are hidden, by their own wish.
    #[serde(default, skip_serializing_if = "Visibility::is_open")]
    pub visibility: Visibility,
}

/// From whom a member is hidden, by their own wish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visibility {
    /// Until when they are proposed to nobody; over by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snoozed_until: Option<Timestamp>,
    /// Whether only those see them whom they like.
    #[serde(default)]
    pub incognito: bool,
}

impl Visibility {
    /// Whether it hides nothing, now and later.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a pause is on.
    pub fn is_snoozed(&self, now: Timestamp) -> bool {
        self.snoozed_until.is_some_and(|until| now < until)
    }
}

/// Whether a member takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Standing {
    /// Takes part.
    Active,
    /// Hidden until the next login.
    Deactivated,
    /// Hidden for good; everything is erased when the term ends.
    Erasing {
        /// When erasure was asked for.
        since: Timestamp,
    },
}

/// What a member says of themselves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The name other people see. NFC, trimmed, 1 to `Limits::nickname_chars` characters.
    #[serde(default)]
    pub nickname: String,
    /// The gender they are met as. A member without one is incomplete.
    #[serde(default, with = "gender_letter", skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    /// Never shown; others see the age in full years. A member without one is incomplete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<Date>,
    /// Free text about themselves.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bio: String,
    /// Pictures in the order shown; the first is the profile picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<Photo>,
    /// Codes of the catalogue's interests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interests: Vec<String>,
    /// Values of the catalogue's attributes, by attribute code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, AttributeValue>,
    /// The grid cell they are met in. Exact coordinates exist nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// A picture, already re-encoded and stripped of everything but its pixels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// Its id.
    pub id: PhotoId,
    /// Its random name in the [`BlobStore`](crate::port::BlobStore).
    pub key: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Member {
    /// Whether the profile holds what matching needs: nickname, gender and birth date.
    pub fn is_complete(&self) -> bool {
        !self.profile.nickname.is_empty() && self.profile.gender.is_some() && self.profile.birth_date.is_some()
    }

    /// Whether others may meet this member at all (age gate aside, which also depends on the day).
    pub fn is_visible(&self) -> bool {
        self.standing == Standing::Active && self.is_complete()
    }

    /// Whether somebody who knows them may be shown who they are. Who talked to a deactivated member keeps knowing who
    /// that was; whoever is being erased is gone for everybody.
    pub(crate) fn may_be_shown(&self, connected: bool) -> bool {
        match self.standing {
            Standing::Active => true,
            Standing::Deactivated => connected,
            Standing::Erasing { .. } => false,
        }
    }
}

mod gender_letter {
    //! Gender as its letter, so that stored documents do not depend on the engine's types.
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::matching::Gender;

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        clippy::ref_option,
        reason = "the signature that serde's `with` asks for"
    )]
    pub(super) fn serialize<S: Serializer>(gender: &Option<Gender>, to: S) -> Result<S::Ok, S::Error> {
        match gender {
            Some(gender) => to.serialize_str(super::gender_letter_of(*gender)),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Gender>, D::Error> {
        let letter = Option::<String>::deserialize(from)?;
        letter
            .map(|letter| super::parse_gender(&letter).ok_or_else(|| serde::de::Error::custom("not a gender")))
            .transpose()
    }
}

/// The letter of a gender on the wire and in storage: `M`, `F` or `O`.
pub const fn gender_letter_of(gender: Gender) -> &'static str {
    match gender {
        Gender::M => "M",
        Gender::F => "F",
        Gender::O => "O",
    }
}

/// Reads a gender from its letter or word (`M|F|O`, `male|female|other`, any case).
pub fn parse_gender(text: &str) -> Option<Gender> {
    match text.trim().to_ascii_lowercase().as_str() {
        "m" | "male" => Some(Gender::M),
        "f" | "female" => Some(Gender::F),
        "o" | "other" => Some(Gender::O),
        _ => None,
    }
}
