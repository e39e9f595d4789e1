//! A card: how a member appears to somebody else, everywhere. Built from public fields only, by construction.

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use super::catalogue::Label;
use super::catalogue::{AttributeValue, Catalogue, Visibility};
use super::gazetteer::Gazetteer;
use super::member::{Member, Photo};
use super::place::{DistanceBand, Location};
use crate::error::Result;
use crate::gpting::{Core, Profiles, STRANGER};
use crate::id::MemberId;
use crate::interaction::{Pair, PairKey};
use crate::lang::Lang;
use crate::matching::Gender;
use crate::matching::reasons::Shown;
use crate::safety::age::{full_age, seoul_date};
use crate::safety::{Purpose, is_granted};

/// How a member appears to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Whose.
    pub id: MemberId,
    /// The name shown.
    pub nickname: String,
    /// Age in full years, by the calendar of Seoul.
    pub age: Option<u8>,
    /// The gender they are met as.
    pub gender: Option<Gender>,
    /// About themselves.
    pub bio: String,
    /// Pictures in order.
    pub photos: Vec<Photo>,
    /// Codes of interests.
    pub interests: Vec<String>,
    /// The district around their grid cell.
    pub region: Option<Label>,
    /// Upper bound in km of the band in which the distance between the two grid cells lies.
    pub distance_km: Option<u16>,
    /// Public attributes, after a match also those meant for it.
    pub attributes: BTreeMap<String, AttributeValue>,
}

impl Card {
    /// The card of `member` for a viewer who stands `at` (their own cell). `connected` opens what is meant for matches.
    pub(crate) fn of(
        member: &Member,
        viewer_at: Option<&Location>,
        connected: bool,
        catalogue: &Catalogue,
        now: Timestamp,
    ) -> Self {
        let profile = &member.profile;
        let age = profile.birth_date.map(|born| full_age(born, seoul_date(now)));
        let sensitive_allowed = is_granted(&member.consents, Purpose::Sensitive);
        let attributes = profile
            .attributes
            .iter()
            .filter(|(code, _)| {
                catalogue.attribute(code).is_some_and(|attribute| {
                    let open = match attribute.visibility {
                        Visibility::Public => true,
                        Visibility::AfterMatch => connected,
                        Visibility::Private => false,
                    };
                    open && (!attribute.sensitive || sensitive_allowed)
                })
            })
            .map(|(code, value)| (code.clone(), value.clone()))
            .collect();
        let gazetteer = Gazetteer::built_in();
        let region = profile.location.as_ref().and_then(|location| {
            Some(Label {
                ko: location.region_label(gazetteer, Lang::Ko)?,
                en: location.region_label(gazetteer, Lang::En)?,
            })
        });
        let distance_km = match (viewer_at, &profile.location) {
            (Some(here), Some(there)) => Some(DistanceBand::of_km(here.distance_km(there)).upper_km()),
            _ => None,
        };
        Self {
            id: member.id,
            nickname: profile.nickname.clone(),
            age: age.and_then(|age| u8::try_from(age).ok()),
            gender: profile.gender,
            bio: profile.bio.clone(),
            photos: profile.photos.clone(),
            interests: profile.interests.clone(),
            region,
            distance_km,
            attributes,
        }
    }
}

impl Card {
    /// What sentences about this person may speak of.
    pub(crate) fn shown(&self) -> Shown<'_> {
        Shown { interests: &self.interests, attributes: &self.attributes, distance_km: self.distance_km }
    }
}

impl Profiles<'_> {
    /// The card of somebody the viewer may see: who liked them, is their match or friend, or could be proposed to them now or
    /// was shown by a slate and does not hide.
    ///
    /// # Errors
    /// [`Code::MemberNotFound`](crate::Code::MemberNotFound) for everybody else, whether they exist or not.
    pub async fn card(&self, viewer: MemberId, id: MemberId) -> Result<Card> {
        let core = self.0;
        let me = core.acting(viewer).await?;
        let (member, connected) = core.seen(viewer, id).await?;
        Ok(Card::of(&member, me.value.profile.location.as_ref(), connected, &core.catalogue, core.now()))
    }
}

impl Core {
    /// A member whom the viewer may see, and whether they are connected.
    ///
    /// The one place that decides who may read a card; everything that shows a person asks it. Whoever hides is hidden
    /// from strangers who were shown them before as well.
    pub(crate) async fn seen(&self, viewer: MemberId, id: MemberId) -> Result<(Member, bool)> {
        let (member, pair) = self.present(viewer, id).await?;
        let connected = pair.is_connected();
        let other = pair.key.side(id).ok_or(STRANGER)?;
        let known = connected
            || pair.has_decided(other, crate::interaction::DecisionKind::Like)
            || pair.friend_request.as_ref().is_some_and(|request| request.from == other);
        let seen = known
            || (member.is_visible()
                && !self.is_hidden_from(viewer, &member, self.now()).await?
                && (self.store.was_served(viewer, id).await? || self.mutually_eligible(viewer, id).await?));
        if seen { Ok((member, connected)) } else { Err(STRANGER.into()) }
    }

    /// A member against whom `me` may turn: whom they may see, or were shown, whether that one hides now or not.
    pub(crate) async fn met(&self, me: MemberId, id: MemberId) -> Result<Member> {
        let (member, _) = self.present(me, id).await?;
        if self.store.was_served(me, id).await? { Ok(member) } else { Ok(self.seen(me, id).await?.0) }
    }

    /// A member who exists for the viewer, and the two as a pair.
    async fn present(&self, viewer: MemberId, id: MemberId) -> Result<(Member, Pair)> {
        let key = PairKey::of(viewer, id).ok_or(STRANGER)?;
        let (member, pair) = (self.member(id).await?.ok_or(STRANGER)?, self.store.pair(key).await?);
        let pair = pair.map_or_else(|| Pair::strangers(key), |pair| pair.value);
        let may_be_shown = member.value.may_be_shown(pair.is_connected());
        if pair.is_blocked() || pair.is_unmatched() || !may_be_shown {
            return Err(STRANGER.into());
        }
        Ok((member.value, pair))
    }
}
