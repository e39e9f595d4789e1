//! The questions people answer about themselves and about whom they accept, by topic: data like the rest of the catalogue.
//!
//! Loaded and checked by `load`; read by forms, by [`answer`](crate::profile::answer) and by what makes a row of the engine.
//! Invariants: codes and numbers are unique, no label is missing, every question has 2 to 63 choices with numbers below 64.

use serde::{Deserialize, Serialize};

use super::{Catalogue, ChoiceValue, Label};

/// A group of questions, such as values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Stable code in `snake_case`.
    pub code: String,
    /// Stable number, unique among topics.
    pub number: u16,
    /// Its name.
    pub label: Label,
    /// Its questions in the order asked.
    pub questions: Vec<Question>,
}

/// A question with choices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Stable code in `snake_case`, unique among all questions.
    pub code: String,
    /// Stable number, unique among all questions; the engine's.
    pub number: u16,
    /// Whether its answers are special-category data, used only after a separate consent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
    /// What is asked.
    pub label: Label,
    /// The choices in the order shown; numbers are 1 to 63.
    pub choices: Vec<ChoiceValue>,
}

impl Question {
    /// The most questions there may be: as many answers as the engine takes of one person.
    pub const MOST: usize = 512;

    /// The choice with the code.
    pub fn choice(&self, code: &str) -> Option<&ChoiceValue> {
        self.choices.iter().find(|choice| choice.code == code)
    }

    /// The engine's number of a choice, below 64.
    pub fn engine_choice(&self, code: &str) -> Option<u8> {
        u8::try_from(self.choice(code)?.number).ok().filter(|number| *number < 64)
    }
}

impl Catalogue {
    /// The topics and their questions in the order asked.
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// Every question, topic by topic.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.topics.iter().flat_map(|topic| &topic.questions)
    }

    /// The question with the code.
    pub fn question(&self, code: &str) -> Option<&Question> {
        let (topic, question) = self.question_by_code.get(code)?;
        self.topics.get(*topic)?.questions.get(*question)
    }
}
