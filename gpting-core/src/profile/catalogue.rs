//! What a profile can be filled in with: interests, attributes and questions.
//!
//! The catalogue is data, not code: an operator replaces `data/catalogue.json` by a file of their
//! own ([`Catalogue::from_json`]) and the forms, the cards, the filters and the engine follow. Every
//! entry has a `code` (what is stored and sent), a `number` (what the engine compares; written in
//! the file, so it never moves when entries are added) and a label in Korean and English.
//!
//! Invariants of a loaded catalogue: codes and numbers are unique where they are looked up, no
//! label is missing, no two interests share a spelling, an attribute of choices has values and a
//! number attribute has a range that fits the engine.

mod load;
pub mod question;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::spelling::fold;
use crate::lang::Lang;

pub use load::CatalogueError;

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Korean.
    #[serde(default)]
    pub ko: String,
    /// English.
    #[serde(default)]
    pub en: String,
}

impl Label {
    /// The text in one language.
    pub fn text(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ko => &self.ko,
            Lang::En => &self.en,
        }
    }
}

/// A group of interests, such as sports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Stable code in `snake_case`.
    pub code: String,
    /// Stable number, unique among categories.
    pub number: u16,
    /// Its name.
    pub label: Label,
    /// Its interests in the order shown.
    pub interests: Vec<Interest>,
}

/// Something a member likes to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interest {
    /// Stable code in `snake_case`, unique among all interests.
    pub code: String,
    /// Stable number, unique among all interests; the engine's.
    pub number: u16,
    /// Its name.
    pub label: Label,
    /// Other spellings that are understood but never shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

/// Who may see an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody who may read the card.
    Public,
    /// Only matches and friends.
    AfterMatch,
    /// Only the member.
    Private,
}

/// The form of an attribute's values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AttributeKind {
    /// One of the values.
    Choice,
    /// One or more of the values.
    Choices,
    /// A whole number.
    Number {
        /// The least number allowed.
        min: i32,
        /// The greatest number allowed.
        max: i32,
        /// Its unit, such as `cm`; may be empty.
        #[serde(default)]
        unit: String,
    },
}

/// One value of an attribute of choices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceValue {
    /// Stable code in `snake_case`, unique within the attribute.
    pub code: String,
    /// Stable number, unique within the attribute; the engine's.
    pub number: u16,
    /// Its name.
    pub label: Label,
}

/// Something a member can say of themselves in a fixed form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Stable code in `snake_case`.
    pub code: String,
    /// Stable number, unique among attributes; the engine's.
    pub number: u16,
    /// The form of its values.
    pub kind: AttributeKind,
    /// Who may see it.
    pub visibility: Visibility,
    /// Whether it is special-category data, used only after a separate consent.
    #[serde(default)]
    pub sensitive: bool,
    /// Its name.
    pub label: Label,
    /// The values of a choice in the order shown; empty for a number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<ChoiceValue>,
}

/// What a member said about one attribute.
///
/// As JSON a string, an array of strings or a number; made valid by [`Catalogue::parse_attribute`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// The code of one value.
    Choice(String),
    /// The codes of several values, in the catalogue's order.
    Choices(Vec<String>),
    /// A number in the attribute's unit.
    Number(i32),
}

/// Why a stated attribute was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The catalogue has no such attribute.
    #[error("there is no attribute `{attribute}`")]
    UnknownAttribute {
        /// The code that was asked for.
        attribute: String,
    },
    /// The attribute has no such value.
    #[error("`{value}` is no value of `{attribute}`")]
    UnknownValue {
        /// The attribute's code.
        attribute: String,
        /// What was stated.
        value: String,
    },
    /// The JSON has another form than the attribute.
    #[error("`{attribute}` takes {expected}")]
    WrongType {
        /// The attribute's code.
        attribute: String,
        /// What it takes: `a value`, `a list of values` or `a whole number`.
        expected: &'static str,
    },
    /// No value was stated where at least one is needed.
    #[error("`{attribute}` needs at least one value")]
    NoValue {
        /// The attribute's code.
        attribute: String,
    },
    /// The number is out of its range.
    #[error("`{attribute}` is between {min} and {max}")]
    OutOfRange {
        /// The attribute's code.
        attribute: String,
        /// The least number allowed.
        min: i32,
        /// The greatest number allowed.
        max: i32,
    },
}

impl Attribute {
    /// The value with the code.
    pub fn value(&self, code: &str) -> Option<&ChoiceValue> {
        self.values.iter().find(|value| value.code == code)
    }

    /// The value with the engine's number.
    pub fn value_by_number(&self, number: u16) -> Option<&ChoiceValue> {
        self.values.iter().find(|value| value.number == number)
    }

    /// The value a person means: by code or by either label, however spelled.
    pub fn find_value(&self, text: &str) -> Option<&ChoiceValue> {
        let key = fold(text);
        let means = |value: &&ChoiceValue| {
            !key.is_empty() && [&value.code, &value.label.ko, &value.label.en].into_iter().any(|name| fold(name) == key)
        };
        self.value(text).or_else(|| self.values.iter().find(means))
    }

    /// The engine's number for a stated value: that of the choice, or the number itself.
    ///
    /// `None` when the value is not one of this attribute's; for several values at once see
    /// [`Attribute::engine_values`].
    pub fn engine_value(&self, value: &AttributeValue) -> Option<u16> {
        match (&self.kind, value) {
            (AttributeKind::Choice, AttributeValue::Choice(code)) => self.value(code).map(|value| value.number),
            (AttributeKind::Number { min, max, .. }, AttributeValue::Number(number)) => {
                u16::try_from(*number).ok().filter(|_| (min..=max).contains(&number))
            }
            (AttributeKind::Choice | AttributeKind::Choices | AttributeKind::Number { .. }, _) => None,
        }
    }

    /// The engine's numbers for a stated value; unknown codes are left out.
    pub fn engine_values(&self, value: &AttributeValue) -> Vec<u16> {
        match (&self.kind, value) {
            (AttributeKind::Choices, AttributeValue::Choices(codes)) => {
                codes.iter().filter_map(|code| self.value(code)).map(|value| value.number).collect()
            }
            _ => self.engine_value(value).into_iter().collect(),
        }
    }

    /// The stated value as people read it, such as `175 cm` or `Dogs, Cats`.
    ///
    /// `None` when nothing in it is a value of this attribute.
    pub fn display(&self, value: &AttributeValue, lang: Lang) -> Option<String> {
        let label = |code: &String| self.value(code).map(|value| value.label.text(lang));
        match (&self.kind, value) {
            (AttributeKind::Number { unit, .. }, AttributeValue::Number(number)) => {
                Some(format!("{number} {unit}").trim_end().to_owned())
            }
            (AttributeKind::Choice, AttributeValue::Choice(code)) => label(code).map(str::to_owned),
            (AttributeKind::Choices, AttributeValue::Choices(codes)) => {
                let labels: Vec<&str> = codes.iter().filter_map(label).collect();
                (!labels.is_empty()).then(|| labels.join(", "))
            }
            (AttributeKind::Choice | AttributeKind::Choices | AttributeKind::Number { .. }, _) => None,
        }
    }

    /// Reads a stated value: codes or labels, and numbers also as text, as forms post them.
    ///
    /// # Errors
    /// A [`ValueError`] saying what the attribute would take.
    pub fn parse(&self, value: &serde_json::Value) -> Result<AttributeValue, ValueError> {
        match self.kind {
            AttributeKind::Choice => {
                let text = value.as_str().ok_or_else(|| self.wrong_type("a value"))?;
                Ok(AttributeValue::Choice(self.known(text)?.code.clone()))
            }
            AttributeKind::Choices => self.parse_choices(value),
            AttributeKind::Number { min, max, .. } => {
                let number = match value {
                    serde_json::Value::Number(number) => number.as_i64(),
                    serde_json::Value::String(text) => text.trim().parse().ok(),
                    serde_json::Value::Null
                    | serde_json::Value::Bool(_)
                    | serde_json::Value::Array(_)
                    | serde_json::Value::Object(_) => None,
                };
                let number = number.ok_or_else(|| self.wrong_type("a whole number"))?;
                let number = i32::try_from(number).ok().filter(|number| (min..=max).contains(number));
                let out_of_range = || ValueError::OutOfRange { attribute: self.code.clone(), min, max };
                number.map(AttributeValue::Number).ok_or_else(out_of_range)
            }
        }
    }

    fn parse_choices(&self, value: &serde_json::Value) -> Result<AttributeValue, ValueError> {
        let wrong_type = || self.wrong_type("a list of values");
        let stated = match value {
            serde_json::Value::Array(items) => items.as_slice(),
            // A form with one box ticked posts one value.
            serde_json::Value::String(_) => std::slice::from_ref(value),
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::Object(_) => return Err(wrong_type()),
        };
        let mut chosen = Vec::new();
        for item in stated {
            chosen.push(self.known(item.as_str().ok_or_else(wrong_type)?)?.number);
        }
        if chosen.is_empty() {
            return Err(ValueError::NoValue { attribute: self.code.clone() });
        }
        // In the catalogue's order and each once, so that equal statements are equal values.
        let codes = self.values.iter().filter(|value| chosen.contains(&value.number)).map(|value| value.code.clone());
        Ok(AttributeValue::Choices(codes.collect()))
    }

    fn known(&self, text: &str) -> Result<&ChoiceValue, ValueError> {
        let unknown = || ValueError::UnknownValue { attribute: self.code.clone(), value: text.to_owned() };
        self.find_value(text).ok_or_else(unknown)
    }

    fn wrong_type(&self, expected: &'static str) -> ValueError {
        ValueError::WrongType { attribute: self.code.clone(), expected }
    }
}

/// The interests, attributes and questions a service offers.
#[derive(Clone, Debug)]
pub struct Catalogue {
    categories: Vec<Category>,
    attributes: Vec<Attribute>,
    topics: Vec<question::Topic>,
    /// Places of a question in `topics` and in its `questions`.
    question_by_code: HashMap<String, (usize, usize)>,
    /// Every folded spelling of an interest: places in `categories` and in its `interests`.
    spellings: HashMap<String, (usize, usize)>,
    by_code: HashMap<String, (usize, usize)>,
    by_number: HashMap<u16, (usize, usize)>,
}

impl Catalogue {
    /// The catalogue that comes with this crate.
    ///
    /// # Panics
    /// Never: a test loads the same files.
    pub fn built_in() -> &'static Self {
        static BUILT_IN: LazyLock<Catalogue> = LazyLock::new(|| {
            let catalogue = Catalogue::from_json(include_str!("../../data/catalogue.json"));
            catalogue
                .and_then(|catalogue| catalogue.with_questions(include_str!("../../data/questions.json")))
                .expect("the built-in files are checked by a test")
        });
        &BUILT_IN
    }

    /// The categories in the order shown.
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    /// Every interest, category by category.
    pub fn interests(&self) -> impl Iterator<Item = &Interest> {
        self.categories.iter().flat_map(|category| &category.interests)
    }

    /// The attributes in the order shown.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The interest with the code.
    pub fn interest(&self, code: &str) -> Option<&Interest> {
        self.at(self.by_code.get(code))
    }

    /// The interest with the engine's number.
    pub fn interest_by_number(&self, number: u16) -> Option<&Interest> {
        self.at(self.by_number.get(&number))
    }

    /// The interest a person means: by code, label or alias, whatever the case, spaces and Unicode form.
    pub fn find_interest(&self, text: &str) -> Option<&Interest> {
        self.at(self.spellings.get(&fold(text)))
    }

    /// The category that an interest belongs to.
    pub fn category_of(&self, interest: &str) -> Option<&Category> {
        self.by_code.get(interest).and_then(|(category, _)| self.categories.get(*category))
    }

    /// The attribute with the code.
    pub fn attribute(&self, code: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.code == code)
    }

    /// The attribute with the engine's number.
    pub fn attribute_by_number(&self, number: u16) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.number == number)
    }

    /// Reads what a member states about an attribute.
    ///
    /// # Errors
    /// A [`ValueError`]: the attribute is unknown or the value is not one of its.
    pub fn parse_attribute(&self, code: &str, value: &serde_json::Value) -> Result<AttributeValue, ValueError> {
        self.attribute(code).ok_or_else(|| ValueError::UnknownAttribute { attribute: code.to_owned() })?.parse(value)
    }

    fn at(&self, place: Option<&(usize, usize)>) -> Option<&Interest> {
        let (category, interest) = place?;
        self.categories.get(*category)?.interests.get(*interest)
    }
}

#[cfg(test)]
mod tests;
