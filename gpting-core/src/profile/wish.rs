//! Stating and changing preferences.

use super::catalogue::Catalogue;
use super::member::{gender_letter_of, parse_gender};
use super::preference::{AttributeWish, MAX_AGE, MIN_AGE, PreferenceWeights, Preferences, WeightLevel};
use crate::config::Limits;
use crate::error::{Error, Fault, FieldError, Result};
use crate::gpting::Profiles;
use crate::id::MemberId;

/// The longest distance that can be asked for, in km: half way around the earth.
const MAX_DISTANCE_KM: u16 = 20_000;

/// What is to be changed; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreferencesEdit {
    /// `M|F|O` or words; replaces all. Empty: nobody.
    pub genders: Option<Vec<String>>,
    /// Lowest age, at least 18.
    pub age_min: Option<i64>,
    /// Highest age, at most 120.
    pub age_max: Option<i64>,
    /// Largest distance in km; `Some(None)` means anywhere.
    pub max_distance_km: Option<Option<i64>>,
    /// Wishes about attributes; replaces all.
    pub attributes: Option<Vec<AttributeWish>>,
    /// How much what matters; what is left out stays.
    pub weights: WeightsEdit,
}

/// What is to be changed of [`PreferenceWeights`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "as the fields of the weights")]
pub struct WeightsEdit {
    pub distance: Option<WeightLevel>,
    pub age: Option<WeightLevel>,
    pub interests: Option<WeightLevel>,
    pub questions: Option<WeightLevel>,
    pub attributes: Option<WeightLevel>,
}

impl WeightsEdit {
    fn applied(self, present: PreferenceWeights) -> PreferenceWeights {
        PreferenceWeights {
            distance: self.distance.unwrap_or(present.distance),
            age: self.age.unwrap_or(present.age),
            interests: self.interests.unwrap_or(present.interests),
            questions: self.questions.unwrap_or(present.questions),
            attributes: self.attributes.unwrap_or(present.attributes),
        }
    }
}

impl PreferencesEdit {
    /// The preferences of somebody new who says this, by the same rules as a change: for people who come from elsewhere.
    ///
    /// # Errors
    /// A fault per refused field.
    pub fn into_preferences(self, catalogue: &Catalogue, limits: &Limits) -> Result<Preferences> {
        applied(&Preferences::default(), &self, catalogue, limits)
    }
}

impl Profiles<'_> {
    /// Whom the member wishes to meet.
    ///
    /// # Errors
    /// When there is no such member, or the store fails.
    pub async fn preferences(&self, me: MemberId) -> Result<Preferences> {
        Ok(self.0.acting(me).await?.value.preferences)
    }

    /// Changes whom the member wishes to meet.
    ///
    /// # Errors
    /// A fault per refused field.
    pub async fn set_preferences(&self, me: MemberId, edit: PreferencesEdit) -> Result<Preferences> {
        let core = self.0;
        let changed = core
            .change_member(me, None, |member, _| {
                member.preferences = applied(&member.preferences, &edit, &core.catalogue, &core.config.limits)?;
                Ok(())
            })
            .await?;
        Ok(changed.value.preferences)
    }
}

/// The preferences after an edit.
///
/// # Errors
/// A fault per refused field.
pub(crate) fn applied(
    present: &Preferences,
    edit: &PreferencesEdit,
    catalogue: &Catalogue,
    limits: &Limits,
) -> Result<Preferences> {
    let mut next = present.clone();
    let mut faults = Vec::new();
    if let Some(genders) = &edit.genders {
        match parse_genders(genders) {
            Some(genders) => next.genders = genders,
            None => faults.push(FieldError::new("genders", Fault::Unknown)),
        }
    }
    let age_range = Fault::OutOfRange { min: MIN_AGE.into(), max: MAX_AGE.into() };
    for (field, wanted, slot) in
        [("age_min", edit.age_min, &mut next.age_min), ("age_max", edit.age_max, &mut next.age_max)]
    {
        match wanted.map(u8::try_from) {
            None => {}
            Some(Ok(age)) if (MIN_AGE..=MAX_AGE).contains(&age) => *slot = age,
            Some(_) => faults.push(FieldError::new(field, age_range.clone())),
        }
    }
    if next.age_min > next.age_max {
        faults.push(FieldError::new("age_max", Fault::OutOfRange { min: next.age_min.into(), max: MAX_AGE.into() }));
    }
    match edit.max_distance_km {
        None => {}
        Some(None) => next.max_distance_km = None,
        Some(Some(km)) => match u16::try_from(km) {
            Ok(km) if (1..=MAX_DISTANCE_KM).contains(&km) => next.max_distance_km = Some(km),
            _ => faults
                .push(FieldError::new("max_distance_km", Fault::OutOfRange { min: 1, max: MAX_DISTANCE_KM.into() })),
        },
    }
    if let Some(wishes) = &edit.attributes {
        match parse_wishes(wishes, catalogue, limits.wishes) {
            Ok(wishes) => next.attributes = wishes,
            Err(fault) => faults.push(fault),
        }
    }
    next.weights = edit.weights.applied(present.weights);
    if faults.is_empty() { Ok(next) } else { Err(Error::Invalid(faults)) }
}

fn parse_genders(raw: &[String]) -> Option<Vec<String>> {
    let mut genders: Vec<String> = Vec::new();
    for word in raw {
        let letter = gender_letter_of(parse_gender(word)?).to_owned();
        if !genders.contains(&letter) {
            genders.push(letter);
        }
    }
    Some(genders)
}

fn parse_wishes(
    wishes: &[AttributeWish],
    catalogue: &Catalogue,
    max: usize,
) -> std::result::Result<Vec<AttributeWish>, FieldError> {
    if wishes.len() > max {
        return Err(FieldError::new("attributes", Fault::TooLong { max }));
    }
    for (place, wish) in wishes.iter().enumerate() {
        if catalogue.attribute(&wish.attribute).is_none() {
            return Err(FieldError::new(format!("attributes[{place}].attribute"), Fault::Unknown));
        }
        if wish.values.is_empty() {
            return Err(FieldError::new(format!("attributes[{place}].values"), Fault::Required));
        }
        if crate::matching::intake::engine_values(wish, catalogue).is_none() {
            return Err(FieldError::new(format!("attributes[{place}].values"), Fault::Unknown));
        }
    }
    Ok(wishes.to_vec())
}
