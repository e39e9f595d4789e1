//! Reads and checks a catalogue file.
//!
//! The file is JSON with the lists `categories` and `attributes`, and `topics` of questions where there are some, in the
//! form of the types of [`catalogue`](super). Unknown fields are refused, since they are misspelt ones. A file that loads
//! satisfies every invariant of the module; one that does not is refused with the entry's code.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::question::{Question, Topic};
use super::{Attribute, AttributeKind, Catalogue, Category, Label};
use crate::lang::Lang;
use crate::profile::spelling::fold;

/// What is wrong with a catalogue file. `entry` is a path of codes, such as `smoking/never`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// The text is not JSON of the right form.
    #[error("the catalogue is not JSON of the documented form")]
    Json(#[from] serde_json::Error),
    /// A list that must hold something is empty.
    #[error("`{entry}` is empty")]
    Empty {
        /// The list, or the entry whose list it is.
        entry: String,
    },
    /// A code is not in `snake_case` (`a-z`, `0-9`, `_`, beginning with a letter).
    #[error("the code of `{entry}` is not in snake_case")]
    Code {
        /// The entry.
        entry: String,
    },
    /// A code occurs twice where it is looked up.
    #[error("the code of `{entry}` is taken")]
    DuplicateCode {
        /// The second entry with the code.
        entry: String,
    },
    /// A number is 0, which is kept for "not stated".
    #[error("the number of `{entry}` is 0")]
    ZeroNumber {
        /// The entry.
        entry: String,
    },
    /// A number occurs twice where it is looked up.
    #[error("the number {number} of `{entry}` is taken by `{other}`")]
    DuplicateNumber {
        /// The second entry with the number.
        entry: String,
        /// The number.
        number: u16,
        /// The first entry with the number.
        other: String,
    },
    /// A label is missing in one language.
    #[error("`{entry}` has no label in `{}`", lang.code())]
    MissingLabel {
        /// The entry.
        entry: String,
        /// The language.
        lang: Lang,
    },
    /// Two entries are written the same, so that what a person types could mean either.
    #[error("`{entry}` and `{other}` share the spelling `{spelling}`")]
    SharedSpelling {
        /// The second entry with the spelling.
        entry: String,
        /// The first entry with the spelling.
        other: String,
        /// The spelling, folded.
        spelling: String,
    },
    /// A number attribute whose range is empty or outside 0..=65535, the engine's.
    #[error("the range of `{entry}` is empty or outside 0..=65535")]
    Range {
        /// The entry.
        entry: String,
    },
    /// A question with fewer than two choices, or with a choice whose number is above 63, the engine's most.
    #[error("`{entry}` needs at least two choices, with numbers of at most 63")]
    Choices {
        /// The entry.
        entry: String,
    },
    /// More entries than the engine takes.
    #[error("there are more than {max} {list}")]
    TooMany {
        /// Which list.
        list: &'static str,
        /// The most.
        max: usize,
    },
    /// An attribute with one of the last two numbers, which are the library's own.
    #[error("the number of `{entry}` is above 65533")]
    ReservedNumber {
        /// The entry.
        entry: String,
    },
    /// A number attribute that also lists values.
    #[error("`{entry}` is a number and cannot have values")]
    UnexpectedValues {
        /// The entry.
        entry: String,
    },
}

/// The greatest number of an attribute: those above hold what was derived of people.
const LAST_NUMBER: u16 = u16::MAX - 2;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    categories: Vec<Category>,
    attributes: Vec<Attribute>,
    #[serde(default)]
    topics: Vec<Topic>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Questions {
    topics: Vec<Topic>,
}

impl Catalogue {
    /// Loads a catalogue from the text of a file in the form of `data/catalogue.json`.
    ///
    /// # Errors
    /// A [`CatalogueError`] naming the first entry that is wrong.
    pub fn from_json(text: &str) -> Result<Self, CatalogueError> {
        let file: File = serde_json::from_str(text)?;
        let mut catalogue = Self {
            categories: file.categories,
            attributes: file.attributes,
            topics: Vec::new(),
            question_by_code: HashMap::new(),
            spellings: HashMap::new(),
            by_code: HashMap::new(),
            by_number: HashMap::new(),
        };
        catalogue.check_interests()?;
        check_attributes(&catalogue.attributes)?;
        catalogue.ask(file.topics)
    }

    /// The same interests and attributes with the questions of a file of their own, in the form of `data/questions.json`.
    ///
    /// # Errors
    /// A [`CatalogueError`] naming the first entry that is wrong.
    pub fn with_questions(self, text: &str) -> Result<Self, CatalogueError> {
        let file: Questions = serde_json::from_str(text)?;
        self.ask(file.topics)
    }

    fn ask(mut self, topics: Vec<Topic>) -> Result<Self, CatalogueError> {
        self.question_by_code = check_topics(&topics)?;
        self.topics = topics;
        Ok(self)
    }

    fn check_interests(&mut self) -> Result<(), CatalogueError> {
        let mut categories = Names::default();
        let mut interests = Names::default();
        let mut spellings = Spellings::default();
        not_empty("categories", &self.categories)?;
        for (at, category) in self.categories.iter().enumerate() {
            categories.add(&category.code, &category.code, category.number, &category.label)?;
            not_empty(&category.code, &category.interests)?;
            for (within, interest) in category.interests.iter().enumerate() {
                let entry = format!("{}/{}", category.code, interest.code);
                interests.add(&entry, &interest.code, interest.number, &interest.label)?;
                let names = [&interest.code, &interest.label.ko, &interest.label.en];
                for name in names.into_iter().chain(&interest.aliases) {
                    let spelling = spellings.add(&entry, name)?;
                    if !spelling.is_empty() {
                        self.spellings.insert(spelling, (at, within));
                    }
                }
                self.by_code.insert(interest.code.clone(), (at, within));
                self.by_number.insert(interest.number, (at, within));
            }
        }
        Ok(())
    }
}

fn check_attributes(attributes: &[Attribute]) -> Result<(), CatalogueError> {
    let mut names = Names::default();
    not_empty("attributes", attributes)?;
    for attribute in attributes {
        let entry = &attribute.code;
        names.add(entry, entry, attribute.number, &attribute.label)?;
        if attribute.number > LAST_NUMBER {
            return Err(CatalogueError::ReservedNumber { entry: entry.clone() });
        }
        match attribute.kind {
            AttributeKind::Number { min, max, .. } => {
                if min > max || u16::try_from(min).is_err() || u16::try_from(max).is_err() {
                    return Err(CatalogueError::Range { entry: entry.clone() });
                }
                if !attribute.values.is_empty() {
                    return Err(CatalogueError::UnexpectedValues { entry: entry.clone() });
                }
            }
            AttributeKind::Choice | AttributeKind::Choices => not_empty(entry, &attribute.values)?,
        }
        let mut values = Names::default();
        let mut spellings = Spellings::default();
        for value in &attribute.values {
            let entry = format!("{}/{}", attribute.code, value.code);
            values.add(&entry, &value.code, value.number, &value.label)?;
            for name in [&value.code, &value.label.ko, &value.label.en] {
                spellings.add(&entry, name)?;
            }
        }
    }
    Ok(())
}

/// Where every question is, by its code.
fn check_topics(topics: &[Topic]) -> Result<HashMap<String, (usize, usize)>, CatalogueError> {
    let (mut names, mut questions) = (Names::default(), Names::default());
    let mut places = HashMap::new();
    for (at, topic) in topics.iter().enumerate() {
        names.add(&topic.code, &topic.code, topic.number, &topic.label)?;
        not_empty(&topic.code, &topic.questions)?;
        for (within, question) in topic.questions.iter().enumerate() {
            let entry = format!("{}/{}", topic.code, question.code);
            questions.add(&entry, &question.code, question.number, &question.label)?;
            let mut choices = Names::default();
            for choice in &question.choices {
                choices.add(&format!("{entry}/{}", choice.code), &choice.code, choice.number, &choice.label)?;
            }
            if question.choices.len() < 2 || question.choices.iter().any(|choice| choice.number > 63) {
                return Err(CatalogueError::Choices { entry });
            }
            places.insert(question.code.clone(), (at, within));
        }
    }
    if places.len() > Question::MOST {
        return Err(CatalogueError::TooMany { list: "questions", max: Question::MOST });
    }
    Ok(places)
}

fn not_empty<T>(entry: &str, list: &[T]) -> Result<(), CatalogueError> {
    if list.is_empty() { Err(CatalogueError::Empty { entry: entry.to_owned() }) } else { Ok(()) }
}

/// The codes and numbers given away so far in one space of names.
#[derive(Default)]
struct Names {
    by_code: HashSet<String>,
    by_number: HashMap<u16, String>,
}

impl Names {
    fn add(&mut self, entry: &str, code: &str, number: u16, label: &Label) -> Result<(), CatalogueError> {
        let entry = entry.to_owned();
        let snake_case = code.starts_with(|c: char| c.is_ascii_lowercase())
            && code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !snake_case {
            return Err(CatalogueError::Code { entry });
        }
        if !self.by_code.insert(code.to_owned()) {
            return Err(CatalogueError::DuplicateCode { entry });
        }
        if number == 0 {
            return Err(CatalogueError::ZeroNumber { entry });
        }
        for lang in [Lang::Ko, Lang::En] {
            if label.text(lang).trim().is_empty() {
                return Err(CatalogueError::MissingLabel { entry, lang });
            }
        }
        match self.by_number.insert(number, entry.clone()) {
            Some(other) => Err(CatalogueError::DuplicateNumber { entry, number, other }),
            None => Ok(()),
        }
    }
}

/// The folded spellings given away so far, with the entry that has each.
#[derive(Default)]
struct Spellings(HashMap<String, String>);

impl Spellings {
    fn add(&mut self, entry: &str, name: &str) -> Result<String, CatalogueError> {
        let spelling = fold(name);
        // A label of emoji alone has no spelling that could be typed.
        if spelling.is_empty() {
            return Ok(spelling);
        }
        match self.0.insert(spelling.clone(), entry.to_owned()) {
            Some(other) if other != entry => {
                Err(CatalogueError::SharedSpelling { entry: entry.to_owned(), other, spelling })
            }
            _ => Ok(spelling),
        }
    }
}
