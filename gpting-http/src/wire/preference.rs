//! Wishes, and the catalogue they and profiles are filled in from.

use gpting_core::Fault;
use gpting_core::lang::Lang;
use gpting_core::profile::catalogue::{Attribute, AttributeKind, Category, Visibility};
use gpting_core::profile::wish::WeightsEdit;
use gpting_core::profile::{AttributeWish, Preferences, PreferencesEdit, WeightLevel, WishStrength};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Labels;
use crate::extract::{Fields, Input};

/// Whom one wishes to meet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Preferences)]
pub(crate) struct PreferencesBody {
    /// `M`, `F`, `O`.
    pub(crate) genders: Vec<String>,
    /// Lowest age in full years.
    pub(crate) age_min: u8,
    /// Highest age in full years.
    pub(crate) age_max: u8,
    /// Largest distance in km; null means anywhere.
    pub(crate) max_distance_km: Option<u16>,
    /// Wishes about attributes.
    pub(crate) attributes: Vec<WishBody>,
    /// How much what matters.
    pub(crate) weights: WeightsBody,
}

/// How much each kind of likeness matters: `off`, `low`, `normal` or `high`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreferenceWeights)]
pub(crate) struct WeightsBody {
    /// Living near each other.
    #[schema(example = "normal")]
    pub(crate) distance: &'static str,
    /// Being of about the same age.
    #[schema(example = "low")]
    pub(crate) age: &'static str,
    /// Shared interests.
    #[schema(example = "high")]
    pub(crate) interests: &'static str,
    /// Answers to questions.
    #[schema(example = "normal")]
    pub(crate) questions: &'static str,
    /// Wishes about attributes.
    #[schema(example = "normal")]
    pub(crate) attributes: &'static str,
}

/// A wish about one attribute.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Wish)]
pub(crate) struct WishBody {
    /// Code of the attribute.
    pub(crate) attribute: String,
    /// Codes of values; `"min..max"` for numbers.
    pub(crate) values: Vec<String>,
    /// `must`, `prefer`, `avoid` or `never`.
    pub(crate) strength: &'static str,
}

impl From<&Preferences> for PreferencesBody {
    fn from(preferences: &Preferences) -> Self {
        let attributes = preferences.attributes.iter().map(|wish| WishBody {
            attribute: wish.attribute.clone(),
            values: wish.values.clone(),
            strength: match wish.strength {
                WishStrength::Must => "must",
                WishStrength::Prefer => "prefer",
                WishStrength::Avoid => "avoid",
                WishStrength::Never => "never",
            },
        });
        Self {
            genders: preferences.genders.clone(),
            age_min: preferences.age_min,
            age_max: preferences.age_max,
            max_distance_km: preferences.max_distance_km,
            attributes: attributes.collect(),
            weights: WeightsBody {
                distance: preferences.weights.distance.as_str(),
                age: preferences.weights.age.as_str(),
                interests: preferences.weights.interests.as_str(),
                questions: preferences.weights.questions.as_str(),
                attributes: preferences.weights.attributes.as_str(),
            },
        }
    }
}

/// What changes of one's wishes; what is left out stays.
#[derive(Debug, ToSchema)]
#[schema(as = PreferencesChange)]
pub(crate) struct PreferencesChange {
    /// `M`, `F`, `O`; replaces all.
    #[schema(example = json!(["F"]))]
    genders: Option<Vec<String>>,
    /// From 18.
    #[schema(minimum = 18, maximum = 120)]
    age_min: Option<i64>,
    /// Up to 120.
    #[schema(minimum = 18, maximum = 120)]
    age_max: Option<i64>,
    /// In km; null means anywhere.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 20000)]
    max_distance_km: DistanceChange,
    /// Replaces all.
    #[schema(value_type = Option<Vec<WishBody>>)]
    attributes: Option<Vec<AttributeWish>>,
    /// What is left out stays.
    #[schema(value_type = Option<WeightsBody>)]
    weights: WeightsEdit,
}

/// What becomes of the largest distance: left out, null, or a number.
#[derive(Clone, Copy, Debug)]
enum DistanceChange {
    Keep,
    Anywhere,
    Within(i64),
}

impl Input for PreferencesChange {
    fn read(fields: &mut Fields) -> Self {
        let anywhere = fields.is_null("max_distance_km");
        let max_distance_km = fields.integer("max_distance_km");
        Self {
            genders: fields.texts("genders"),
            age_min: fields.integer("age_min"),
            age_max: fields.integer("age_max"),
            max_distance_km: match max_distance_km {
                _ if anywhere => DistanceChange::Anywhere,
                Some(km) => DistanceChange::Within(km),
                None => DistanceChange::Keep,
            },
            attributes: wishes(fields),
            weights: weights(fields),
        }
    }
}

impl From<PreferencesChange> for PreferencesEdit {
    fn from(change: PreferencesChange) -> Self {
        Self {
            genders: change.genders,
            age_min: change.age_min,
            age_max: change.age_max,
            max_distance_km: match change.max_distance_km {
                DistanceChange::Keep => None,
                DistanceChange::Anywhere => Some(None),
                DistanceChange::Within(km) => Some(Some(km)),
            },
            attributes: change.attributes,
            weights: change.weights,
        }
    }
}

fn wishes(fields: &mut Fields) -> Option<Vec<AttributeWish>> {
    let value = fields.value("attributes")?;
    let read = match value {
        Value::Array(list) => list.into_iter().map(|wish| serde_json::from_value(wish).ok()).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    };
    if read.is_none() {
        fields.refuse("attributes", Fault::Invalid);
    }
    read
}

fn weights(fields: &mut Fields) -> WeightsEdit {
    let mut edit = WeightsEdit::default();
    match fields.value("weights") {
        None => {}
        Some(Value::Object(map)) => {
            for (kind, slot) in [
                ("distance", &mut edit.distance),
                ("age", &mut edit.age),
                ("interests", &mut edit.interests),
                ("questions", &mut edit.questions),
                ("attributes", &mut edit.attributes),
            ] {
                let Some(level) = map.get(kind).filter(|level| !level.is_null()) else { continue };
                *slot = level.as_str().and_then(WeightLevel::parse);
                if slot.is_none() {
                    fields.refuse(format!("weights.{kind}"), Fault::Unknown);
                }
            }
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            fields.refuse("weights", Fault::Invalid);
        }
    }
    edit
}

/// The interests there are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InterestCatalogue)]
pub(crate) struct InterestsBody {
    /// By category.
    pub(crate) categories: Vec<CategoryBody>,
}

/// A group of interests.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InterestCategory)]
pub(crate) struct CategoryBody {
    /// Its code.
    pub(crate) code: String,
    /// Its name in the language of the request.
    pub(crate) label: String,
    /// Its name in both.
    pub(crate) labels: Labels,
    /// Its interests.
    pub(crate) interests: Vec<ValueBody>,
}

/// A value with its names.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CatalogueValue)]
pub(crate) struct ValueBody {
    /// Its code.
    pub(crate) code: String,
    /// Its name in the language of the request.
    pub(crate) label: String,
    /// Its name in both.
    pub(crate) labels: Labels,
}

impl InterestsBody {
    pub(crate) fn of(categories: &[Category], lang: Lang) -> Self {
        let categories = categories.iter().map(|category| CategoryBody {
            code: category.code.clone(),
            label: category.label.text(lang).to_owned(),
            labels: (&category.label).into(),
            interests: category
                .interests
                .iter()
                .map(|interest| ValueBody {
                    code: interest.code.clone(),
                    label: interest.label.text(lang).to_owned(),
                    labels: (&interest.label).into(),
                })
                .collect(),
        });
        Self { categories: categories.collect() }
    }
}

/// The attributes there are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttributeCatalogue)]
pub(crate) struct AttributesBody {
    /// In the order shown.
    pub(crate) attributes: Vec<AttributeBody>,
}

/// An attribute.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attribute)]
pub(crate) struct AttributeBody {
    /// Its code.
    pub(crate) code: String,
    /// Its name in the language of the request.
    pub(crate) label: String,
    /// Its name in both.
    pub(crate) labels: Labels,
    /// `choice`, `choices` or `number`.
    pub(crate) kind: &'static str,
    /// The values of a choice.
    pub(crate) values: Vec<ValueBody>,
    /// The least number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min: Option<i32>,
    /// The greatest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max: Option<i32>,
    /// The unit of a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unit: Option<String>,
    /// `public`, `after_match` or `private`.
    pub(crate) visibility: &'static str,
    /// Whether it is used only after a consent of its own.
    pub(crate) sensitive: bool,
}

impl AttributesBody {
    pub(crate) fn of(attributes: &[Attribute], lang: Lang) -> Self {
        Self { attributes: attributes.iter().map(|attribute| AttributeBody::of(attribute, lang)).collect() }
    }
}

impl AttributeBody {
    fn of(attribute: &Attribute, lang: Lang) -> Self {
        let (kind, range) = match &attribute.kind {
            AttributeKind::Choice => ("choice", None),
            AttributeKind::Choices => ("choices", None),
            AttributeKind::Number { min, max, unit } => ("number", Some((*min, *max, unit.clone()))),
        };
        let values = attribute.values.iter().map(|value| ValueBody {
            code: value.code.clone(),
            label: value.label.text(lang).to_owned(),
            labels: (&value.label).into(),
        });
        Self {
            code: attribute.code.clone(),
            label: attribute.label.text(lang).to_owned(),
            labels: (&attribute.label).into(),
            kind,
            values: values.collect(),
            min: range.as_ref().map(|range| range.0),
            max: range.as_ref().map(|range| range.1),
            unit: range.map(|range| range.2),
            visibility: match attribute.visibility {
                Visibility::Public => "public",
                Visibility::AfterMatch => "after_match",
                Visibility::Private => "private",
            },
            sensitive: attribute.sensitive,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(json: &str) -> Result<PreferencesEdit, crate::error::Problem> {
        let mut fields = Fields::of_json(json.as_bytes())?;
        let input = PreferencesChange::read(&mut fields);
        fields.finish().map(|()| input.into())
    }

    #[test]
    fn null_distance_is_anywhere_and_a_missing_one_changes_nothing() {
        assert_eq!(edit(r#"{"max_distance_km": null}"#).unwrap().max_distance_km, Some(None));
        assert_eq!(edit(r#"{"max_distance_km": 30}"#).unwrap().max_distance_km, Some(Some(30)));
        assert_eq!(edit("{}").unwrap().max_distance_km, None);
    }

    #[test]
    fn weights_change_one_by_one_and_only_to_levels_there_are() {
        let weights = edit(r#"{"weights": {"distance": "high", "questions": null}}"#).unwrap().weights;
        assert_eq!(weights, WeightsEdit { distance: Some(WeightLevel::High), ..WeightsEdit::default() });
        assert_eq!(edit("{}").unwrap().weights, WeightsEdit::default());
        for bad in [r#"{"weights": "high"}"#, r#"{"weights": {"age": "huge"}}"#, r#"{"weights": {"age": 2}}"#] {
            assert!(edit(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn wishes_are_read_whole_or_refused() {
        let good = r#"{"attributes": [{"attribute": "smoking", "values": ["never"], "strength": "must"}]}"#;
        assert_eq!(edit(good).unwrap().attributes.unwrap()[0].strength, WishStrength::Must);
        for bad in [r#"{"attributes": [1]}"#, r#"{"attributes": {}}"#, r#"{"attributes": [{"attribute": "x"}]}"#] {
            assert!(edit(bad).is_err(), "{bad}");
        }
    }
}
