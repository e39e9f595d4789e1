//! Questions and one's own answers to them.

use std::collections::BTreeMap;

use gpting_core::Fault;
use gpting_core::lang::Lang;
use gpting_core::profile::catalogue::question::{Question, Topic};
use gpting_core::profile::{Answer, AnswerInput, GivenAnswer, Importance};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Labels;
use super::preference::ValueBody;
use crate::extract::{Fields, Input};

/// The questions there are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuestionCatalogue)]
pub(crate) struct QuestionsBody {
    /// By topic.
    pub(crate) topics: Vec<TopicBody>,
}

/// A group of questions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuestionTopic)]
pub(crate) struct TopicBody {
    /// Its code.
    pub(crate) code: String,
    /// Its name in the language of the request.
    pub(crate) label: String,
    /// Its name in both.
    pub(crate) labels: Labels,
    /// Its questions.
    pub(crate) questions: Vec<QuestionBody>,
}

/// A question with its choices.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Question)]
pub(crate) struct QuestionBody {
    /// Its code.
    pub(crate) code: String,
    /// What is asked, in the language of the request.
    pub(crate) label: String,
    /// What is asked, in both.
    pub(crate) labels: Labels,
    /// What can be answered.
    pub(crate) choices: Vec<ValueBody>,
    /// Whether answers are used only after a consent of its own.
    pub(crate) sensitive: bool,
}

impl QuestionsBody {
    pub(crate) fn of(topics: &[Topic], lang: Lang) -> Self {
        let topics = topics.iter().map(|topic| TopicBody {
            code: topic.code.clone(),
            label: topic.label.text(lang).to_owned(),
            labels: (&topic.label).into(),
            questions: topic.questions.iter().map(|question| QuestionBody::of(question, lang)).collect(),
        });
        Self { topics: topics.collect() }
    }
}

impl QuestionBody {
    fn of(question: &Question, lang: Lang) -> Self {
        let choices = question.choices.iter().map(|choice| ValueBody {
            code: choice.code.clone(),
            label: choice.label.text(lang).to_owned(),
            labels: (&choice.label).into(),
        });
        Self {
            code: question.code.clone(),
            label: question.label.text(lang).to_owned(),
            labels: (&question.label).into(),
            choices: choices.collect(),
            sensitive: question.sensitive,
        }
    }
}

/// One's own answers; nobody else's to read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Answers)]
pub(crate) struct AnswersBody {
    /// One for each question that was answered.
    pub(crate) answers: Vec<AnswerBody>,
}

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Answer)]
pub(crate) struct AnswerBody {
    /// Code of the question.
    pub(crate) question: String,
    /// Code of one's own choice.
    #[schema(example = "morning")]
    pub(crate) choice: String,
    /// Codes of what one accepts of others.
    pub(crate) accepts: Vec<String>,
    /// `irrelevant`, `little`, `somewhat`, `very` or `mandatory`: 0, 1, 10, 50 or 250 points.
    pub(crate) importance: &'static str,
    /// Whether whoever answered otherwise is never to be met.
    pub(crate) dealbreaker: bool,
}

impl From<BTreeMap<String, Answer>> for AnswersBody {
    fn from(answers: BTreeMap<String, Answer>) -> Self {
        let answers = answers.into_iter().map(|(question, answer)| AnswerBody {
            question,
            choice: answer.choice,
            accepts: answer.accepts,
            importance: answer.importance.as_str(),
            dealbreaker: answer.dealbreaker,
        });
        Self { answers: answers.collect() }
    }
}

/// Answers to give or to take back; questions that are not named keep theirs.
#[derive(Debug, ToSchema)]
#[schema(as = AnswersChange)]
pub(crate) struct AnswersChange {
    /// A list of answers; an object by question is taken too, where null takes an answer back.
    #[schema(value_type = Vec<AnswerChange>)]
    answers: Vec<AnswerInput>,
}

/// An answer to give.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what is read field by field")]
pub(crate) struct AnswerChange {
    /// Code of the question.
    #[schema(example = "rhythm")]
    question: String,
    /// Code of one's own choice; null takes the answer back.
    #[schema(example = "morning")]
    choice: Option<String>,
    /// Codes of what one accepts of others; left out: everything.
    #[schema(example = json!(["morning", "changing"]))]
    accepts: Option<Vec<String>>,
    /// `irrelevant`, `little`, `somewhat`, `very` or `mandatory`; left out: `somewhat`, and `irrelevant` where everything is
    /// accepted.
    #[schema(example = "very")]
    importance: Option<String>,
    /// Whether whoever answered otherwise is never to be met.
    dealbreaker: Option<bool>,
}

impl Input for AnswersChange {
    fn read(fields: &mut Fields) -> Self {
        let given = fields.value("answers");
        let answers = match given {
            None => {
                fields.refuse("answers", Fault::Required);
                Vec::new()
            }
            Some(Value::Array(list)) => list
                .into_iter()
                .enumerate()
                .filter_map(|(place, entry)| listed(entry, &format!("answers[{place}]"), fields))
                .collect(),
            Some(Value::Object(map)) => map
                .into_iter()
                .filter_map(|(question, entry)| {
                    let field = format!("answers.{question}");
                    answer(question, entry, &field, fields)
                })
                .collect(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                fields.refuse("answers", Fault::Invalid);
                Vec::new()
            }
        };
        Self { answers }
    }
}

impl From<AnswersChange> for Vec<AnswerInput> {
    fn from(change: AnswersChange) -> Self {
        change.answers
    }
}

/// An entry of a list, which says its question.
fn listed(entry: Value, field: &str, fields: &mut Fields) -> Option<AnswerInput> {
    let Some(question) = entry.get("question").and_then(Value::as_str).map(str::to_owned) else {
        fields.refuse(format!("{field}.question"), Fault::Required);
        return None;
    };
    answer(question, entry, field, fields)
}

fn answer(question: String, entry: Value, field: &str, fields: &mut Fields) -> Option<AnswerInput> {
    match entry {
        Value::Null => Some(AnswerInput { question, answer: None }),
        Value::Object(entry) if entry.get("choice").is_some_and(Value::is_null) => {
            Some(AnswerInput { question, answer: None })
        }
        Value::Object(entry) => match given(&entry) {
            Ok(given) => Some(AnswerInput { question, answer: Some(given) }),
            Err((of, fault)) => {
                fields.refuse(format!("{field}.{of}"), fault);
                None
            }
        },
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            fields.refuse(field, Fault::Invalid);
            None
        }
    }
}

fn given(entry: &Map<String, Value>) -> Result<GivenAnswer, (&'static str, Fault)> {
    let said = |name: &str| entry.get(name).filter(|value| !value.is_null());
    let text = |name: &'static str| match said(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or((name, Fault::Invalid)),
    };
    let accepts = match said("accepts") {
        None => None,
        Some(list) => {
            let codes = list.as_array().ok_or(("accepts", Fault::Invalid))?.iter();
            Some(codes.map(|code| code.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>())
        }
    };
    let importance = match text("importance")? {
        None => None,
        Some(level) => Some(Importance::parse(level).ok_or(("importance", Fault::Unknown))?),
    };
    Ok(GivenAnswer {
        choice: text("choice")?.ok_or(("choice", Fault::Required))?.to_owned(),
        accepts: accepts.map(|codes| codes.ok_or(("accepts", Fault::Invalid))).transpose()?,
        importance,
        dealbreaker: said("dealbreaker").map_or(Some(false), Value::as_bool).ok_or(("dealbreaker", Fault::Invalid))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<AnswerInput>, crate::error::Problem> {
        let mut fields = Fields::of_json(json.as_bytes())?;
        let input = AnswersChange::read(&mut fields);
        fields.finish().map(|()| input.into())
    }

    #[test]
    fn a_list_and_an_object_say_the_same() {
        let list = r#"{"answers": [{"question": "rhythm", "choice": "morning", "accepts": ["morning"],
            "importance": "very", "dealbreaker": true}, {"question": "weekend", "choice": null}]}"#;
        let object = r#"{"answers": {"rhythm": {"choice": "morning", "accepts": ["morning"], "importance": "very",
            "dealbreaker": true}, "weekend": null}}"#;
        let given = read(list).unwrap();
        assert_eq!(given, read(object).unwrap());
        assert_eq!(given[1], AnswerInput { question: "weekend".to_owned(), answer: None });
        let answer = given[0].answer.as_ref().unwrap();
        assert_eq!((answer.importance, answer.dealbreaker), (Some(Importance::Very), true));
    }

    #[test]
    fn what_is_no_answer_is_refused_by_its_place() {
        for (bad, field) in [
            ("{}", "answers"),
            (r#"{"answers": 1}"#, "answers"),
            (r#"{"answers": [1]}"#, "answers[0].question"),
            (r#"{"answers": [{"choice": "x"}]}"#, "answers[0].question"),
            (r#"{"answers": {"rhythm": 5}}"#, "answers.rhythm"),
            (r#"{"answers": {"rhythm": {}}}"#, "answers.rhythm.choice"),
            (r#"{"answers": {"rhythm": {"choice": 1}}}"#, "answers.rhythm.choice"),
            (r#"{"answers": {"rhythm": {"choice": "x", "accepts": "y"}}}"#, "answers.rhythm.accepts"),
            (r#"{"answers": {"rhythm": {"choice": "x", "accepts": [1]}}}"#, "answers.rhythm.accepts"),
            (r#"{"answers": {"rhythm": {"choice": "x", "importance": "huge"}}}"#, "answers.rhythm.importance"),
            (r#"{"answers": {"rhythm": {"choice": "x", "dealbreaker": "no"}}}"#, "answers.rhythm.dealbreaker"),
        ] {
            let problem = read(bad).unwrap_err();
            assert!(format!("{problem:?}").contains(&format!("\"{field}\"")), "{bad}: {problem:?}");
        }
    }
}
