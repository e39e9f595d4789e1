//! The profile coach: hints on one's own text, for oneself alone. By a model where one agrees, by plain rules otherwise.
//!
//! As with words for two: whoever asks gets what is there, and a job makes what will be there the next time.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::audit::Errand;
use super::call::NoAnswer;
use super::consent::may_read_profile;
use super::made::Made;
use super::prompt::{self, Asked};
use super::scrub::{scrub, scrubbed, visible};
use super::words::Author;
use super::{answer, facts, rules};
use crate::error::Result;
use crate::gpting::{Core, Profiles};
use crate::id::MemberId;
use crate::job::{Job, Next, Task, Turn, named};
use crate::lang::Lang;
use crate::profile::Member;
use crate::store::{Change, Expect, StoreError, Work};

/// Longest hint, in characters.
const LONGEST: usize = 200;
/// A hint with so many letters and digits of the text in a row repeats it, as does one that has no others: hints are the
/// product's words.
const REPEATED: usize = 16;
/// A text of fewer characters says little.
const SHORT: usize = 60;
/// Fewer interests than this leave little to talk about.
const FEW: usize = 3;

/// Hints on one's own profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hints {
    /// At most four, the most useful first. None when there is nothing to say.
    pub hints: Vec<String>,
    /// Who wrote them.
    pub by: Author,
    /// Whether a model is about to write better ones.
    pub more_to_come: bool,
}

impl Profiles<'_> {
    /// Hints on the member's own profile. Never waits for a model: what it has written is there the next time.
    ///
    /// # Errors
    /// When there is no such member, or the store fails.
    pub async fn coach(&self, me: MemberId, lang: Lang) -> Result<Hints> {
        let core = self.0;
        let member = core.acting(me).await?.value;
        let mut more_to_come = false;
        if let Some(content) = core.content_of_hints(&member) {
            let now = core.now();
            let made = core.store.made(me, Errand::Coach, None).await?;
            if let Some(row) = made.into_iter().find(|row| row.content == content && row.keep_until > now) {
                if let Some(hints) = hints_of(&row.document, lang) {
                    return Ok(Hints { hints, by: Author::Model, more_to_come });
                }
            } else {
                core.ask_for_hints(me).await?;
                more_to_come = true;
            }
        }
        Ok(Hints { hints: local(&member, lang), by: Author::Local, more_to_come })
    }
}

impl Core {
    fn content_of_hints(&self, member: &Member) -> Option<String> {
        let config = &self.config.assist;
        let model = self.text_model.as_ref()?;
        let about = facts::about(member, &self.catalogue, config);
        may_read_profile(member, config)
            .then(|| facts::fingerprint(model.name(), prompt::VERSION, &json!(["coach", about])))
    }

    async fn ask_for_hints(&self, member: MemberId) -> Result<()> {
        let job = Job::new(named("write_hints", &member.to_string()), Task::WriteHints { member }, self.now());
        match self.commit(Work::new().change(Change::PutJob(job, Expect::New))).await {
            Ok(_) | Err(StoreError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets the model write hints for a member, and keeps what counts.
    pub(crate) async fn write_hints(&self, id: MemberId, turn: &Turn<'_>) -> Result<Next> {
        let Some(row) = self.member(id).await? else { return Ok(Next::Done) };
        let Some(content) = self.content_of_hints(&row.value) else { return Ok(Next::Done) };
        let asked = asked(&facts::about(&row.value, &self.catalogue, &self.config.assist), self);
        let (mut document, mut keep_for) = (Value::Null, self.config.assist.words_ttl);
        match self.ask_model(id, Errand::Coach, &asked).await? {
            Ok(answer) => {
                let bio = &row.value.profile.bio;
                document = json!({ "ko": believed(&answer["ko"], bio), "en": believed(&answer["en"], bio) });
            }
            Err(NoAnswer::Later(wait)) => keep_for = SignedDuration::try_from(wait).unwrap_or(keep_for),
            Err(NoAnswer::Never) => {}
        }
        let keep_until = self.now().checked_add(keep_for).unwrap_or(Timestamp::MAX);
        let made = Made { member: id, errand: Errand::Coach, other: None, content, document, keep_until };
        let work = Work::new()
            .change(Change::Require { member: id, version: row.version })
            .change(Change::KeepMade(Box::new(made)))
            .change(turn.crossing_off().await);
        match self.commit(work).await {
            Ok(_) | Err(StoreError::Stale) => Ok(Next::Done),
            Err(error) => Err(error.into()),
        }
    }
}

fn asked(about: &Value, core: &Core) -> Asked {
    let what = "The document is a member's own profile. Write for its owner at most three short, kind, concrete hints how it could \
        be made clearer and more inviting, in Korean (ko, polite style) and in English (en). Do not rewrite it, do not invent \
        facts, do not ask for contact details, looks, income or beliefs. At most 180 characters each.";
    let lines = json!({ "type": "array", "maxItems": 3, "items": { "type": "string", "maxLength": LONGEST } });
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["ko", "en"], "properties": { "ko": lines, "en": lines }
    });
    Asked::new(what, about, ("hints", schema), 600, &*core.rng)
}

/// Hints that may be shown: short, without anything that reaches somebody or looks like markup, and none that recites the text.
fn believed(list: &Value, bio: &str) -> Vec<String> {
    let bio = visible(bio);
    let repeats = |text: &str| {
        let length = text.chars().filter(|c| c.is_alphanumeric()).count();
        answer::shares(text, &bio, REPEATED.min(length).max(1))
    };
    let said = list.as_array().into_iter().flatten().take(12).filter_map(Value::as_str).map(visible);
    let fits = |text: &String| {
        (2..=LONGEST).contains(&text.chars().count())
            && scrub(text, LONGEST, &[]) == *text
            && !text.contains(['<', '>', '{', '}', '[', ']', '`', '\\'])
            && rules::found_in(text).is_empty()
            && !repeats(text)
    };
    said.filter(fits).take(3).collect()
}

fn hints_of(document: &Value, lang: Lang) -> Option<Vec<String>> {
    let list = document[lang.code()].as_array()?;
    let hints: Vec<String> = list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect();
    (!hints.is_empty()).then_some(hints)
}

/// Hints without any model.
fn local(member: &Member, lang: Lang) -> Vec<String> {
    let profile = &member.profile;
    let length = profile.bio.chars().count();
    let mut hints = Vec::new();
    let mut say = |when: bool, ko: &str, en: &str| {
        if when {
            hints.push(match lang {
                Lang::Ko => ko.to_owned(),
                Lang::En => en.to_owned(),
            });
        }
    };
    say(
        scrubbed(&profile.bio, profile.bio.len(), &[&profile.nickname]).1.is_contact(),
        "연락처나 계정은 빼 주세요. 서로 좋아요를 누르면 안전하게 대화할 수 있어요.",
        "Leave out contact details: once you like each other you can talk here, safely.",
    );
    say(
        length == 0,
        "자기소개를 몇 문장 적어 보세요. 요즘 즐기는 것 하나면 충분해요.",
        "Write a few sentences about yourself; one thing you enjoy these days is enough.",
    );
    say(
        length > 0 && length < SHORT,
        "조금 더 구체적으로 적어 보세요. 언제, 어디서, 누구와 즐기는지 쓰면 말을 걸기 쉬워요.",
        "Be a little more concrete: when, where and with whom makes it easier to start a conversation.",
    );
    say(
        profile.interests.len() < FEW,
        "관심사를 세 개 이상 골라 보세요. 공통점이 대화의 시작이 돼요.",
        "Pick three interests or more: what you share is where conversations begin.",
    );
    say(
        profile.photos.is_empty(),
        "얼굴이 잘 보이는 사진을 한 장 올려 보세요.",
        "Add a picture in which your face can be seen well.",
    );
    say(
        length >= SHORT && !profile.bio.contains(['?', '？']),
        "마지막에 가벼운 질문을 하나 덧붙이면 답하기 쉬워요.",
        "End with a light question: it is easy to answer.",
    );
    hints.truncate(4);
    hints
}
