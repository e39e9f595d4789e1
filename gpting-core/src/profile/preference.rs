//! Preferences: whom a member wishes to meet, as they said it themselves.
//!
//! Hard limits (genders, ages, distance, `must`, `never`) are eligibility and hold in both directions; `prefer` and
//! `avoid` only move the score.

use serde::{Deserialize, Serialize};

/// The lowest age anybody may ask for.
pub const MIN_AGE: u8 = 18;
/// The highest age that can be stated.
pub const MAX_AGE: u8 = 120;

/// Whom a member wishes to meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Letters of the wished-for genders (`M`, `F`, `O`), without repeats. Empty: nobody yet.
    pub genders: Vec<String>,
    /// Lowest age in full years, `18..=age_max`.
    pub age_min: u8,
    /// Highest age in full years, `age_min..=120`.
    pub age_max: u8,
    /// Largest distance between cell centres in km, `1..=20_000`; none means anywhere.
    pub max_distance_km: Option<u16>,
    /// Wishes about attributes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeWish>,
    /// How much what matters of the rest.
    #[serde(default, skip_serializing_if = "PreferenceWeights::is_usual")]
    pub weights: PreferenceWeights,
}

impl Default for Preferences {
    /// Everybody of legal age anywhere, but no gender: who has not said whom they wish to meet is shown to nobody.
    fn default() -> Self {
        Self {
            genders: Vec::new(),
            age_min: MIN_AGE,
            age_max: MAX_AGE,
            max_distance_km: None,
            attributes: Vec::new(),
            weights: PreferenceWeights::default(),
        }
    }
}

/// How much each kind of likeness matters to a member; hard limits hold in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PreferenceWeights {
    /// Living near each other.
    pub distance: WeightLevel,
    /// Being of about the same age.
    pub age: WeightLevel,
    /// Shared interests.
    pub interests: WeightLevel,
    /// Answers to questions.
    pub questions: WeightLevel,
    /// Wishes about attributes.
    pub attributes: WeightLevel,
}

impl PreferenceWeights {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// How much one kind matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightLevel {
    /// Not at all.
    Off,
    /// Half as much as usual.
    Low,
    /// As usual.
    #[default]
    Normal,
    /// Twice as much as usual.
    High,
}

impl WeightLevel {
    /// Every level, the least first.
    pub const ALL: [Self; 4] = [Self::Off, Self::Low, Self::Normal, Self::High];

    /// The stable spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }

    /// The level that is spelled so.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

/// A wish about one attribute of the other person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeWish {
    /// Code of the attribute.
    pub attribute: String,
    /// Codes of the values it is about; numbers for numeric attributes as `"min..max"`.
    pub values: Vec<String>,
    /// How much it matters.
    pub strength: WishStrength,
}

/// How much a wish matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WishStrength {
    /// Only people with one of the values.
    Must,
    /// Rather people with one of the values.
    Prefer,
    /// Rather people without the values.
    Avoid,
    /// Only people without the values.
    Never,
}
