//! The card: how another person appears, everywhere.

use std::collections::BTreeMap;

use gpting_core::gpting::Profiles;
use gpting_core::id::MemberId;
use gpting_core::lang::Lang;
use gpting_core::profile::{Card, Photo, gender_letter_of};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::text_of;
use crate::photo_url::PhotoUrls;

/// For whom something is encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    /// Who will read it.
    pub(crate) viewer: MemberId,
    /// In which language.
    pub(crate) lang: Lang,
    /// When.
    pub(crate) now: Timestamp,
    /// Signs picture addresses.
    pub(crate) photos: &'a PhotoUrls,
    /// Names interests.
    pub(crate) profiles: Profiles<'a>,
}

/// How another person appears.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Card)]
pub(crate) struct CardBody {
    /// Whose.
    #[schema(minimum = 1)]
    pub(crate) id: i64,
    /// The name shown.
    pub(crate) nickname: String,
    /// Age in full years.
    pub(crate) age: Option<u8>,
    /// `M`, `F` or `O`.
    pub(crate) gender: Option<&'static str>,
    /// About themselves.
    pub(crate) bio: String,
    /// A picture that a browser can load, always.
    pub(crate) profile_picture: String,
    /// Pictures in order.
    pub(crate) photos: Vec<PhotoBody>,
    /// Interests.
    pub(crate) interests: Vec<InterestBody>,
    /// The district around them.
    pub(crate) region: Option<String>,
    /// Upper bound of the distance band, in km.
    pub(crate) distance_km: Option<u16>,
    /// Attributes by code.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub(crate) attributes: BTreeMap<String, Value>,
}

/// A picture.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Photo)]
pub(crate) struct PhotoBody {
    /// Its id.
    #[schema(minimum = 1)]
    pub(crate) id: i64,
    /// Where it can be loaded from, for an hour or two, by the viewer.
    pub(crate) url: String,
    /// Width in pixels.
    pub(crate) width: u32,
    /// Height in pixels.
    pub(crate) height: u32,
}

/// An interest with its name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Interest)]
pub(crate) struct InterestBody {
    /// Its code.
    pub(crate) code: String,
    /// Its name in the language of the request.
    pub(crate) label: String,
}

impl View<'_> {
    /// A card.
    pub(crate) fn card(&self, card: &Card) -> CardBody {
        let attributes = card.attributes.iter().map(|(code, value)| (code.clone(), serde_json::json!(value))).collect();
        CardBody {
            id: card.id.value(),
            nickname: card.nickname.clone(),
            age: card.age,
            gender: card.gender.map(gender_letter_of),
            bio: card.bio.clone(),
            profile_picture: self.profile_picture(card.id, &card.photos),
            photos: self.photos(card.id, &card.photos),
            interests: self.interests(&card.interests),
            region: card.region.as_ref().map(|region| text_of(region, self.lang)),
            distance_km: card.distance_km,
            attributes,
        }
    }

    /// Pictures of somebody.
    pub(crate) fn photos(&self, owner: MemberId, photos: &[Photo]) -> Vec<PhotoBody> {
        photos.iter().map(|photo| self.photo(owner, photo)).collect()
    }

    /// One picture of somebody.
    pub(crate) fn photo(&self, owner: MemberId, photo: &Photo) -> PhotoBody {
        PhotoBody {
            id: photo.id.value(),
            url: self.photos.url(self.viewer, owner, photo.id, self.now),
            width: photo.width,
            height: photo.height,
        }
    }

    /// The first picture, or the one of people without any.
    pub(crate) fn profile_picture(&self, owner: MemberId, photos: &[Photo]) -> String {
        photos.first().map_or_else(
            || self.photos.default_picture(),
            |first| self.photos.url(self.viewer, owner, first.id, self.now),
        )
    }

    /// Interests with their names.
    pub(crate) fn interests(&self, codes: &[String]) -> Vec<InterestBody> {
        let named = codes.iter().map(|code| InterestBody {
            code: code.clone(),
            label: self
                .profiles
                .catalogue()
                .interest(code)
                .map_or_else(|| code.clone(), |known| known.label.text(self.lang).to_owned()),
        });
        named.collect()
    }
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema as _;

    use super::*;

    #[test]
    fn a_card_has_no_field_for_what_is_private() {
        let schema = serde_json::to_value(CardBody::schema()).unwrap();
        let fields: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let allowed = [
            "id",
            "nickname",
            "age",
            "gender",
            "bio",
            "profile_picture",
            "photos",
            "interests",
            "region",
            "distance_km",
            "attributes",
        ];
        assert!(fields.iter().all(|field| allowed.contains(field)), "{fields:?}");
    }
}
