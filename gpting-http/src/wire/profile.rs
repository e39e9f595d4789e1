//! Oneself: the own profile, where one is met, what one agreed to.

use std::collections::BTreeMap;

use bytes::Bytes;
use gpting_core::Fault;
use gpting_core::profile::{LocateInput, Member, ProfileEdit, gender_letter_of};
use gpting_core::safety::{Consent, ConsentInput, Purpose};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::card::{InterestBody, PhotoBody, View};
use super::preference::PreferencesBody;
use super::time;
use crate::extract::{Fields, Input};

/// The version of the consent texts that our own pages show; who shows others says which.
pub(crate) const CONSENT_VERSION: &str = "2026-11";

/// The own profile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnProfile)]
pub(crate) struct OwnProfile {
    /// Oneself.
    #[schema(minimum = 1)]
    pub(crate) id: i64,
    /// Login name, where there is one.
    pub(crate) username: Option<String>,
    /// E-mail address, where there is one.
    pub(crate) email: Option<String>,
    /// The name shown.
    pub(crate) nickname: String,
    /// `YYYY-MM-DD`.
    pub(crate) birth_date: Option<String>,
    /// `M`, `F` or `O`.
    pub(crate) gender: Option<&'static str>,
    /// About oneself.
    pub(crate) bio: String,
    /// A picture that a browser can load, always.
    pub(crate) profile_picture: String,
    /// Pictures in order.
    pub(crate) photos: Vec<PhotoBody>,
    /// Interests.
    pub(crate) interests: Vec<InterestBody>,
    /// The district one is met in.
    pub(crate) location: Option<String>,
    /// Whom one wishes to meet.
    pub(crate) preferences: PreferencesBody,
    /// Attributes by code.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub(crate) attributes: BTreeMap<String, Value>,
    /// Purposes and whether one has agreed.
    pub(crate) consents: BTreeMap<String, bool>,
    /// Whether the identity is verified.
    pub(crate) is_verified: bool,
    /// Whether others can be shown this profile.
    pub(crate) is_complete: bool,
    /// When one joined.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When one was last seen, to the hour.
    #[schema(format = DateTime)]
    pub(crate) last_active: String,
}

impl View<'_> {
    /// The viewer's own profile.
    pub(crate) fn own(&self, member: &Member, login: Option<(String, String)>, location: Option<String>) -> OwnProfile {
        let profile = &member.profile;
        let (username, email) = login.unzip();
        let attributes =
            profile.attributes.iter().map(|(code, value)| (code.clone(), serde_json::json!(value))).collect();
        OwnProfile {
            id: member.id.value(),
            username,
            email,
            nickname: profile.nickname.clone(),
            birth_date: profile.birth_date.map(|date| date.to_string()),
            gender: profile.gender.map(gender_letter_of),
            bio: profile.bio.clone(),
            profile_picture: self.profile_picture(member.id, &profile.photos),
            photos: self.photos(member.id, &profile.photos),
            interests: self.interests(&profile.interests),
            location,
            preferences: PreferencesBody::from(&member.preferences),
            attributes,
            consents: Purpose::ALL
                .into_iter()
                .map(|purpose| (purpose_code(purpose), gpting_core::safety::is_granted(&member.consents, purpose)))
                .collect(),
            is_verified: member.verified,
            is_complete: member.is_complete(),
            created_at: time(member.created_at),
            last_active: time(member.last_active),
        }
    }
}

/// What changes of the own profile; what is left out stays.
#[derive(Debug, ToSchema)]
#[schema(as = ProfileChange)]
pub(crate) struct ProfileChange {
    /// The name shown.
    #[schema(max_length = 200)]
    nickname: Option<String>,
    /// About oneself; empty clears it.
    #[schema(max_length = 8000)]
    bio: Option<String>,
    /// `M|F|O` or `male|female|other`.
    #[schema(example = "F")]
    gender: Option<String>,
    /// Once set it stays.
    #[schema(format = Date)]
    birth_date: Option<String>,
    /// Codes or names; replaces all.
    interests: Option<Vec<String>>,
    /// Values by code; null clears one.
    #[schema(value_type = Option<BTreeMap<String, Value>>)]
    attributes: Option<BTreeMap<String, Value>>,
    /// In a multipart form: becomes the first picture. An empty field leaves the pictures alone.
    #[schema(value_type = Option<String>, format = Binary)]
    pub(crate) profile_picture: Option<Bytes>,
}

impl Input for ProfileChange {
    const REQUIRED: bool = false;
    const FILES: bool = true;

    fn read(fields: &mut Fields) -> Self {
        let profile_picture = fields.file("profile_picture").or_else(|| fields.file("photo"));
        // As text the address of a picture may come back with the rest of the profile: it changes nothing.
        fields.text("profile_picture");
        Self {
            nickname: fields.text("nickname"),
            bio: fields.text("bio"),
            gender: fields.text("gender"),
            // A form posts an empty field for what nobody filled in.
            birth_date: fields.text("birth_date").filter(|date| !date.is_empty()),
            interests: fields.texts("interests"),
            attributes: object(fields, "attributes"),
            profile_picture,
        }
    }
}

impl From<ProfileChange> for ProfileEdit {
    fn from(change: ProfileChange) -> Self {
        Self {
            nickname: change.nickname,
            bio: change.bio,
            gender: change.gender,
            birth_date: change.birth_date,
            interests: change.interests,
            attributes: change.attributes,
        }
    }
}

/// An object by name, if the field is there.
fn object(fields: &mut Fields, name: &str) -> Option<BTreeMap<String, Value>> {
    match fields.value(name)? {
        Value::Object(map) => Some(map.into_iter().collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            fields.refuse(name, Fault::Invalid);
            None
        }
    }
}

/// Where one is met: a place name, or coordinates, which win.
#[derive(Debug, ToSchema)]
#[schema(as = LocationChange)]
pub(crate) struct LocationChange {
    /// A place name, Korean or English.
    #[schema(max_length = 200, example = "서울특별시 강남구")]
    location: Option<String>,
    /// Degrees.
    #[schema(minimum = -90, maximum = 90)]
    latitude: Option<f64>,
    /// Degrees.
    #[schema(minimum = -180, maximum = 180)]
    longitude: Option<f64>,
}

/// More characters than any place name has.
const PLACE_NAME_MAX: usize = 200;

impl Input for LocationChange {
    fn read(fields: &mut Fields) -> Self {
        let (location, latitude, longitude) =
            (fields.text("location"), fields.number("latitude"), fields.number("longitude"));
        for (name, half, other) in [("latitude", latitude, longitude), ("longitude", longitude, latitude)] {
            if half.is_none() && other.is_some() {
                fields.refuse(name, Fault::Required);
            }
        }
        if location.as_ref().is_some_and(|name| name.chars().count() > PLACE_NAME_MAX) {
            fields.refuse("location", Fault::TooLong { max: PLACE_NAME_MAX });
        }
        Self { location, latitude, longitude }
    }
}

impl From<LocationChange> for LocateInput {
    fn from(change: LocationChange) -> Self {
        Self { location: change.location, coordinates: change.latitude.zip(change.longitude) }
    }
}

/// Where one is met.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Location)]
pub(crate) struct LocationBody {
    /// The sentence, after a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<&'static str>,
    /// The district, as others read it.
    pub(crate) location: Option<String>,
}

/// What one has agreed to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consents)]
pub(crate) struct ConsentsBody {
    /// Every purpose as it stands.
    pub(crate) consents: Vec<ConsentBody>,
    /// Everything ever said, oldest first.
    pub(crate) ledger: Vec<LedgerEntry>,
}

/// A purpose as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consent)]
pub(crate) struct ConsentBody {
    /// Its code.
    pub(crate) purpose: String,
    /// Whether one has agreed.
    pub(crate) granted: bool,
    /// Whether the service cannot be used without it.
    pub(crate) required: bool,
}

/// An entry of the consent ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LedgerEntry {
    /// What it is about.
    pub(crate) purpose: String,
    /// The version of the text that was shown.
    pub(crate) version: String,
    /// Given or withdrawn.
    pub(crate) granted: bool,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) at: String,
}

impl From<Vec<Consent>> for ConsentsBody {
    fn from(ledger: Vec<Consent>) -> Self {
        let consents = Purpose::ALL.into_iter().map(|purpose| ConsentBody {
            purpose: purpose_code(purpose),
            granted: gpting_core::safety::is_granted(&ledger, purpose),
            required: matches!(purpose, Purpose::Terms | Purpose::Privacy),
        });
        let consents = consents.collect();
        let ledger = ledger.into_iter().map(|entry| LedgerEntry {
            purpose: purpose_code(entry.purpose),
            version: entry.version,
            granted: entry.granted,
            at: time(entry.at),
        });
        Self { consents, ledger: ledger.collect() }
    }
}

/// Consents to give or withdraw: a list of entries, or purposes with yes and no.
#[derive(Debug, ToSchema)]
#[schema(as = ConsentsChange)]
pub(crate) struct ConsentsChange {
    /// Entries; an object `{purpose: granted}` is taken too.
    #[schema(value_type = Option<Vec<ConsentEntry>>)]
    consents: Vec<ConsentInput>,
    /// Version of the texts that were shown, where an entry says none.
    #[schema(value_type = Option<String>, max_length = 40)]
    version: String,
    /// Terms of use.
    terms: Option<bool>,
    /// Personal data as the service needs it.
    privacy: Option<bool>,
    /// The coarse location.
    location: Option<bool>,
    /// Sensitive attributes.
    sensitive: Option<bool>,
    /// Profile text to a language model.
    profile_analysis: Option<bool>,
    /// Learning from conversations.
    conversation_analysis: Option<bool>,
    /// News and offers.
    marketing: Option<bool>,
    /// Letting a model outside the country read it.
    transfer_abroad: Option<bool>,
    /// Letting a moderation model outside the service look at one's pictures.
    photo_analysis: Option<bool>,
}

/// One consent.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ConsentEntry {
    /// `terms`, `privacy`, `location`, `sensitive`, `profile_analysis`, `conversation_analysis`, `marketing`,
    /// `transfer_abroad` or `photo_analysis`.
    #[schema(value_type = String)]
    purpose: Purpose,
    /// Version of the text that was shown.
    #[schema(max_length = 40)]
    version: Option<String>,
    /// Given or withdrawn.
    granted: bool,
}

impl Input for ConsentsChange {
    fn read(fields: &mut Fields) -> Self {
        let version = fields.text("version").unwrap_or_else(|| CONSENT_VERSION.to_owned());
        let has_list = fields.has("consents");
        let change = Self {
            consents: consents(fields, "consents", &version),
            version,
            terms: fields.flag("terms"),
            privacy: fields.flag("privacy"),
            location: fields.flag("location"),
            sensitive: fields.flag("sensitive"),
            profile_analysis: fields.flag("profile_analysis"),
            conversation_analysis: fields.flag("conversation_analysis"),
            marketing: fields.flag("marketing"),
            transfer_abroad: fields.flag("transfer_abroad"),
            photo_analysis: fields.flag("photo_analysis"),
        };
        if !has_list && change.named().iter().all(|(_, granted)| granted.is_none()) {
            fields.refuse("consents", Fault::Required);
        }
        change
    }
}

impl ConsentsChange {
    /// The purposes that are named as fields.
    fn named(&self) -> [(Purpose, Option<bool>); 9] {
        [
            (Purpose::Terms, self.terms),
            (Purpose::Privacy, self.privacy),
            (Purpose::Location, self.location),
            (Purpose::Sensitive, self.sensitive),
            (Purpose::ProfileAnalysis, self.profile_analysis),
            (Purpose::ConversationAnalysis, self.conversation_analysis),
            (Purpose::Marketing, self.marketing),
            (Purpose::TransferAbroad, self.transfer_abroad),
            (Purpose::PhotoAnalysis, self.photo_analysis),
        ]
    }

    /// The consents in the core's form.
    pub(crate) fn inputs(mut self) -> Vec<ConsentInput> {
        let named = self.named();
        let mut inputs = std::mem::take(&mut self.consents);
        inputs.extend(named.into_iter().filter_map(|(purpose, granted)| {
            Some(ConsentInput { purpose, version: self.version.clone(), granted: granted? })
        }));
        inputs
    }
}

/// Consents in a field: a list of `{purpose, version, granted}`, or an object `{purpose: granted}`.
pub(crate) fn consents(fields: &mut Fields, name: &str, version: &str) -> Vec<ConsentInput> {
    let input = |purpose, given: Option<String>, granted| ConsentInput {
        purpose,
        version: given.unwrap_or_else(|| version.to_owned()),
        granted,
    };
    let read: Option<Vec<ConsentInput>> = match fields.value(name) {
        None => return Vec::new(),
        Some(Value::Object(map)) => map
            .iter()
            .map(|(purpose, granted)| Some(input(parse_purpose(purpose)?, None, granted.as_bool()?)))
            .collect(),
        Some(Value::Array(list)) => list
            .into_iter()
            .map(|entry| {
                let entry: ConsentEntry = serde_json::from_value(entry).ok()?;
                Some(input(entry.purpose, entry.version, entry.granted))
            })
            .collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => None,
    };
    read.unwrap_or_else(|| {
        fields.refuse(name, Fault::Invalid);
        Vec::new()
    })
}

fn parse_purpose(code: &str) -> Option<Purpose> {
    serde_json::from_value(Value::String(code.to_owned())).ok()
}

/// The code of a purpose.
fn purpose_code(purpose: Purpose) -> String {
    match serde_json::to_value(purpose) {
        Ok(Value::String(code)) => code,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<I: Input>(json: &str) -> Result<I, crate::error::Problem> {
        let mut fields = Fields::of_json(json.as_bytes())?;
        let input = I::read(&mut fields);
        fields.finish().map(|()| input)
    }

    #[test]
    fn consents_come_as_list_map_or_fields() {
        let list = r#"{"consents": [{"purpose": "marketing", "version": "7", "granted": true}]}"#;
        let map = r#"{"consents": {"marketing": true}, "version": "7"}"#;
        let plain = r#"{"marketing": true, "version": "7"}"#;
        let wanted = [ConsentInput { purpose: Purpose::Marketing, version: "7".to_owned(), granted: true }];
        for json in [list, map, plain] {
            assert_eq!(read::<ConsentsChange>(json).unwrap().inputs(), wanted, "{json}");
        }
        for json in ["{}", r#"{"consents": {"x": true}}"#, r#"{"consents": [1]}"#, r#"{"marketing": "yes"}"#] {
            assert_eq!(read::<ConsentsChange>(json).unwrap_err().status(), 400, "{json}");
        }
    }

    #[test]
    fn half_a_position_is_refused() {
        assert!(read::<LocationChange>(r#"{"latitude": 37.5}"#).is_err());
        let input: LocateInput = read::<LocationChange>(r#"{"latitude": 37.5, "longitude": 127.0}"#).unwrap().into();
        assert_eq!(input.coordinates, Some((37.5, 127.0)));
    }

    #[test]
    fn a_profile_change_takes_what_it_knows() {
        let change: ProfileChange =
            read(r#"{"nickname": "지민", "email": "x@y.z", "attributes": {"height": 170}, "bio": null}"#).unwrap();
        let edit = ProfileEdit::from(change);
        assert_eq!(edit.nickname.as_deref(), Some("지민"));
        assert_eq!(edit.bio, None);
        assert_eq!(edit.attributes.unwrap()["height"], 170);
    }
}
