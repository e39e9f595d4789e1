//! Answers to the catalogue's questions: the own choice, what is accepted of others, how much it matters.
//!
//! Private: they appear on no card, in no list and in no reason; the engine compares them. Stored on the member; changed
//! by `respond`. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::catalogue::{Catalogue, question::Question};
use crate::error::{Error, Fault, FieldError, Result};
use crate::matching::question::{self, Choices};

/// How much the answer of somebody else matters; the points are `OkCupid`'s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Importance {
    /// Not at all: 0 points.
    Irrelevant,
    /// A little: 1 point.
    Little,
    /// Somewhat: 10 points.
    #[default]
    Somewhat,
    /// Very: 50 points.
    Very,
    /// As much as anything: 250 points.
    Mandatory,
}

impl Importance {
    /// Every level, the least first.
    pub const ALL: [Self; 5] = [Self::Irrelevant, Self::Little, Self::Somewhat, Self::Very, Self::Mandatory];

    /// The stable spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Irrelevant => "irrelevant",
            Self::Little => "little",
            Self::Somewhat => "somewhat",
            Self::Very => "very",
            Self::Mandatory => "mandatory",
        }
    }

    /// The level that is spelled so.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }

    const fn engine(self) -> question::Importance {
        match self {
            Self::Irrelevant => question::Importance::Irrelevant,
            Self::Little => question::Importance::Little,
            Self::Somewhat => question::Importance::Some,
            Self::Very => question::Importance::Very,
            Self::Mandatory => question::Importance::Mandatory,
        }
    }
}

/// An answer as it is kept, under the code of its question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Code of the own choice.
    pub choice: String,
    /// Codes of what is accepted of others, in the catalogue's order.
    pub accepts: Vec<String>,
    /// How much that matters.
    pub importance: Importance,
    /// Whether whoever answered otherwise is never to be met.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dealbreaker: bool,
}

/// An answer as it is given, not yet checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerInput {
    /// Code of the question.
    pub question: String,
    /// What is answered; none takes the answer back.
    pub answer: Option<GivenAnswer>,
}

/// What is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivenAnswer {
    /// Code of the own choice.
    pub choice: String,
    /// Codes of what is accepted of others; left out: everything.
    pub accepts: Option<Vec<String>>,
    /// How much it matters; left out: somewhat where something, and not everything, is accepted. Where everything is, it
    /// cannot matter, whatever is said.
    pub importance: Option<Importance>,
    /// Whether whoever answered otherwise is never to be met.
    pub dealbreaker: bool,
}

/// The answers after a change.
///
/// # Errors
/// A fault per refused answer.
pub(crate) fn applied(
    present: &BTreeMap<String, Answer>,
    given: &[AnswerInput],
    catalogue: &Catalogue,
) -> Result<BTreeMap<String, Answer>> {
    if given.len() > Question::MOST {
        return Err(Error::field("answers", Fault::TooLong { max: Question::MOST }));
    }
    let mut next = present.clone();
    let mut faults = Vec::new();
    for input in given {
        let field = format!("answers.{}", input.question);
        let Some(asked) = catalogue.question(&input.question) else {
            // A question that is asked no longer can still be taken back.
            if input.answer.is_some() || next.remove(&input.question).is_none() {
                faults.push(FieldError::new(field, Fault::Unknown));
            }
            continue;
        };
        let Some(answer) = &input.answer else {
            next.remove(&input.question);
            continue;
        };
        match checked(asked, answer) {
            Ok(answer) => drop(next.insert(input.question.clone(), answer)),
            Err((of, fault)) => faults.push(FieldError::new(format!("{field}.{of}"), fault)),
        }
    }
    if faults.is_empty() { Ok(next) } else { Err(Error::Invalid(faults)) }
}

/// An answer whose codes exist and that somebody could satisfy.
fn checked(asked: &Question, given: &GivenAnswer) -> std::result::Result<Answer, (&'static str, Fault)> {
    if given.choice.is_empty() {
        return Err(("choice", Fault::Required));
    }
    let choice = asked.choice(&given.choice).ok_or(("choice", Fault::Unknown))?;
    let stated = given.accepts.as_deref();
    if stated.is_some_and(|codes| codes.iter().any(|code| asked.choice(code).is_none())) {
        return Err(("accepts", Fault::Unknown));
    }
    let is_accepted = |code: &String| stated.is_none_or(|codes| codes.contains(code));
    let accepts: Vec<String> =
        asked.choices.iter().map(|choice| &choice.code).filter(|code| is_accepted(code)).cloned().collect();
    // By what everybody satisfies nothing is earned, and nobody ruled out.
    let accepts_all = accepts.len() == asked.choices.len();
    let by_default = if accepts.is_empty() { Importance::Irrelevant } else { Importance::default() };
    let importance = if accepts_all { Importance::Irrelevant } else { given.importance.unwrap_or(by_default) };
    let dealbreaker = given.dealbreaker && !accepts_all;
    if accepts.is_empty() && (importance != Importance::Irrelevant || dealbreaker) {
        return Err(("accepts", Fault::Required));
    }
    Ok(Answer { choice: choice.code.clone(), accepts, importance, dealbreaker })
}

/// What the engine compares: numbers for codes. What the catalogue does not know any more is left out, and so is what is
/// sensitive without its consent.
pub(crate) fn engine_answers(
    answers: &BTreeMap<String, Answer>,
    catalogue: &Catalogue,
    sensitive_allowed: bool,
) -> question::Answers {
    let mut all = question::Answers::new();
    for (code, answer) in answers {
        let Some(asked) = catalogue.question(code).filter(|asked| !asked.sensitive || sensitive_allowed) else {
            continue;
        };
        let Some(choice) = asked.engine_choice(&answer.choice) else { continue };
        let accepts: Choices = answer.accepts.iter().filter_map(|code| asked.engine_choice(code)).collect();
        let importance = answer.importance.engine();
        let answer = question::Answer { choice, accepts, importance, dealbreaker: answer.dealbreaker };
        // Refused only where every accepted choice has left the catalogue: then the question is not compared.
        let _refused = all.answer(asked.number.into(), answer);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(question: &str, choice: &str, accepts: Option<&[&str]>) -> AnswerInput {
        let accepts = accepts.map(|codes| codes.iter().map(|&code| code.to_owned()).collect());
        let answer = GivenAnswer { choice: choice.to_owned(), accepts, ..GivenAnswer::default() };
        AnswerInput { question: question.to_owned(), answer: Some(answer) }
    }

    fn apply(present: &BTreeMap<String, Answer>, given: &[AnswerInput]) -> Result<BTreeMap<String, Answer>> {
        applied(present, given, Catalogue::built_in())
    }

    #[test]
    fn answers_are_kept_replaced_and_taken_back() {
        let none = BTreeMap::new();
        let first = apply(&none, &[given("rhythm", "morning", Some(&["evening", "morning"]))]).unwrap();
        let answer = &first["rhythm"];
        assert_eq!(
            (answer.accepts.as_slice(), answer.importance),
            (&["morning".to_owned(), "evening".to_owned()][..], Importance::Somewhat)
        );
        let second = apply(&first, &[given("contact", "daily", None), given("rhythm", "evening", None)]).unwrap();
        assert_eq!((second.len(), second["rhythm"].importance), (2, Importance::Irrelevant));
        assert_eq!(second["rhythm"].accepts.len(), 3, "whoever does not say accepts everything");
        let back = AnswerInput { question: "rhythm".to_owned(), answer: None };
        assert_eq!(apply(&second, &[back]).unwrap().keys().collect::<Vec<_>>(), ["contact"]);
    }

    #[test]
    fn whoever_accepts_everything_earns_nothing_by_it() {
        let codes: Vec<&str> =
            Catalogue::built_in().question("rhythm").unwrap().choices.iter().map(|it| it.code.as_str()).collect();
        let mut everything = given("rhythm", "morning", Some(&codes));
        let stated = everything.answer.as_mut().unwrap();
        (stated.importance, stated.dealbreaker) = (Some(Importance::Mandatory), true);
        let kept = &apply(&BTreeMap::new(), &[everything]).unwrap()["rhythm"];
        assert_eq!((kept.importance, kept.dealbreaker), (Importance::Irrelevant, false));
        let nothing = &apply(&BTreeMap::new(), &[given("rhythm", "morning", Some(&[]))]).unwrap()["rhythm"];
        assert_eq!(nothing.importance, Importance::Irrelevant, "who accepts nobody's answer asks nothing");
    }

    #[test]
    fn every_wrong_answer_is_named_and_nothing_is_changed() {
        let mut impossible = given("contact", "daily", Some(&[]));
        impossible.answer.as_mut().unwrap().importance = Some(Importance::Very);
        let wrong = [
            given("no_such", "yes", None),
            given("rhythm", "noon", None),
            given("weekend", "", None),
            given("tidiness", "clean", Some(&["clean", "wild"])),
            impossible,
        ];
        let error = apply(&BTreeMap::new(), &wrong).unwrap_err();
        let faults: Vec<_> = error.fields().iter().map(|fault| (fault.field.as_str(), fault.fault.clone())).collect();
        let expected = [
            ("answers.no_such", Fault::Unknown),
            ("answers.rhythm.choice", Fault::Unknown),
            ("answers.weekend.choice", Fault::Required),
            ("answers.tidiness.accepts", Fault::Unknown),
            ("answers.contact.accepts", Fault::Required),
        ];
        assert_eq!(faults, expected);
    }

    #[test]
    fn the_engine_gets_numbers_of_what_the_catalogue_still_asks() {
        let mut answers = apply(&BTreeMap::new(), &[given("rhythm", "evening", Some(&["evening"]))]).unwrap();
        let gone = Answer { choice: "x".to_owned(), accepts: vec![], importance: Importance::Very, dealbreaker: true };
        answers.insert("asked_once".to_owned(), gone);
        let engine = engine_answers(&answers, Catalogue::built_in(), false);
        let mut expected = question::Answers::new();
        let number = Catalogue::built_in().question("rhythm").unwrap().number;
        expected.answer(number.into(), question::Answer::new(2, &[2])).unwrap();
        assert_eq!(engine, expected);
    }
}
