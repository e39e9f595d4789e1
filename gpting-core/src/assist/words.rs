//! Words for two people who have met: why these two, and first lines. By a model where both agree, by templates otherwise.
//!
//! Whoever asks gets what is there: lines of a model that a job has made, or local ones, and says which. A model's sentence
//! counts only when it names facts that it was given and no other, and nothing by which anybody could be reached.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::audit::Errand;
use super::call::NoAnswer;
use super::consent::may_read_profile;
use super::fact::{Fact, Spoken, facts_between};
use super::facts::fingerprint;
use super::made::Made;
use super::prompt::{self, Asked};
use crate::error::{Code, Result};
use crate::gpting::{Core, Matching};
use crate::id::MemberId;
use crate::job::{Job, Next, Task, Turn, named};
use crate::lang::Lang;
use crate::profile::Member;
use crate::store::{Change, Expect, StoreError, Versioned, Work};

/// Who wrote something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// Templates of the library.
    Local,
    /// A text model: to be labelled as such.
    Model,
}

/// Words for two people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Openers {
    /// Two or three first lines.
    pub lines: Vec<String>,
    /// Why these two: at most two sentences, each about something they share.
    pub why: Vec<String>,
    /// Who wrote them.
    pub by: Author,
}

impl Matching<'_> {
    /// First lines for somebody one has met, and why these two. Never waits for a model: what it has written is there the next
    /// time.
    ///
    /// # Errors
    /// [`Code::MemberNotFound`] for everybody who is neither match nor friend.
    pub async fn openers(&self, me: MemberId, other: MemberId, lang: Lang) -> Result<Openers> {
        let core = self.0;
        let viewer = core.acting(me).await?.value;
        let (partner, connected) = core.seen(me, other).await?;
        if !connected {
            return Err(Code::MemberNotFound.into());
        }
        let facts = facts_between(&viewer, &partner, &core.catalogue);
        if let Some(content) = core.content_of_words(&viewer, &partner, &facts) {
            let now = core.now();
            let made = core.store.made(me, Errand::Words, Some(other)).await?;
            match made.into_iter().find(|row| row.content == content && row.keep_until > now) {
                Some(row) => {
                    if let Some(openers) = openers_of(&row.document, lang) {
                        return Ok(openers);
                    }
                }
                None => core.ask_for_words(me, other).await?,
            }
        }
        Ok(local(&facts, lang))
    }
}

impl Core {
    /// What a model would be told for two people; none when it may not be told.
    fn content_of_words(&self, viewer: &Member, partner: &Member, facts: &[Fact]) -> Option<String> {
        let config = &self.config.assist;
        let model = self.text_model.as_ref()?;
        let may = may_read_profile(viewer, config) && may_read_profile(partner, config);
        may.then(|| fingerprint(model.name(), prompt::VERSION, &json!(["words", data(facts)])))
    }

    async fn ask_for_words(&self, member: MemberId, other: MemberId) -> Result<()> {
        let job = Job::new(
            named("write_words", &format!("{member} {other}")),
            Task::WriteWords { member, other },
            self.now(),
        );
        match self.commit(Work::new().change(Change::PutJob(job, Expect::New))).await {
            // It waits already: a thousand askings are one.
            Ok(_) | Err(StoreError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets the model write for two people, and keeps what counts.
    pub(crate) async fn write_words(&self, me: MemberId, other: MemberId, turn: &Turn<'_>) -> Result<Next> {
        let mut rows = self.store.members(&[me, other]).await?;
        rows.sort_by_key(|row| row.value.id != me);
        let Ok([viewer, partner]) = <[Versioned<Member>; 2]>::try_from(rows) else { return Ok(Next::Done) };
        let facts = facts_between(&viewer.value, &partner.value, &self.catalogue);
        let Some(content) = self.content_of_words(&viewer.value, &partner.value, &facts) else { return Ok(Next::Done) };
        let (mut document, mut keep_for) = (Value::Null, self.config.assist.words_ttl);
        match self.ask_model(me, Errand::Words, &asked(&facts, self)).await? {
            Ok(answer) => document = believed(&answer, &facts, self),
            Err(NoAnswer::Later(wait)) => keep_for = SignedDuration::try_from(wait).unwrap_or(keep_for),
            Err(NoAnswer::Never) => {}
        }
        let keep_until = self.now().checked_add(keep_for).unwrap_or(Timestamp::MAX);
        let made = Made { member: me, errand: Errand::Words, other: Some(other), content, document, keep_until };
        let require = |row: &Versioned<Member>| Change::Require { member: row.value.id, version: row.version };
        let work = Work::new()
            .change(require(&viewer))
            .change(require(&partner))
            .change(Change::KeepMade(Box::new(made)))
            .change(turn.crossing_off().await);
        match self.commit(work).await {
            // One of them has changed: the next who asks has it made of what is true then.
            Ok(_) | Err(StoreError::Stale) => Ok(Next::Done),
            Err(error) => Err(error.into()),
        }
    }
}

/// What a prompt holds of two people: labels of what they share.
fn data(facts: &[Fact]) -> Value {
    let shared: Vec<Value> =
        facts.iter().map(|fact| json!({ "code": fact.code, "ko": fact.label.ko, "en": fact.label.en })).collect();
    json!({ "facts": shared })
}

fn asked(facts: &[Fact], core: &Core) -> Asked {
    let what = "The document lists what two people who have just met have in common. In Korean (ko, polite style) and in \
        English (en) write for each language: two or three openers, each one short, warm and concrete first line that one of \
        them could send to the other, and at most two sentences `why`, each saying why these two may get along. Name only \
        facts of the list, by their labels in that language; claim nothing else about anybody. At most 100 characters each.";
    let lines = |min: usize, max: usize| json!({ "type": "array", "minItems": min, "maxItems": max, "items": { "type": "string", "maxLength": 120 } });
    let language = json!({
        "type": "object", "additionalProperties": false, "required": ["openers", "why"],
        "properties": { "openers": lines(2, 3), "why": lines(0, 2) }
    });
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["ko", "en"],
        "properties": { "ko": language, "en": language }
    });
    Asked::new(what, &data(facts), ("words", schema), 700, &*core.rng)
}

/// What of an answer counts, by language; a language with fewer than two lines has none.
fn believed(answer: &Value, facts: &[Fact], core: &Core) -> Value {
    let of = |lang: Lang| {
        let spoken = Spoken::new(facts, &core.catalogue, lang);
        let said = |part: &str, most: usize| -> Vec<String> {
            let list = answer[lang.code()][part].as_array().into_iter().flatten().take(4 * most);
            let sentences = list.filter_map(Value::as_str).filter_map(|text| spoken.sentence(text));
            sentences.filter(|text| part == "openers" || spoken.names_a_fact(text)).take(most).collect()
        };
        let (openers, why) = (said("openers", 3), said("why", 2));
        if openers.len() < 2 { Value::Null } else { json!({ "openers": openers, "why": why }) }
    };
    json!({ "ko": of(Lang::Ko), "en": of(Lang::En) })
}

/// The words of one language out of what was kept.
fn openers_of(document: &Value, lang: Lang) -> Option<Openers> {
    let part = |name: &str| -> Option<Vec<String>> {
        let list = document[lang.code()][name].as_array()?;
        Some(list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect())
    };
    Some(Openers { lines: part("openers")?, why: part("why")?, by: Author::Model })
}

/// Words without any model.
fn local(facts: &[Fact], lang: Lang) -> Openers {
    let labels: Vec<&str> = facts.iter().map(|fact| fact.label.text(lang)).collect();
    let mut lines: Vec<String> = labels
        .iter()
        .take(2)
        .map(|label| match lang {
            Lang::Ko => format!("안녕하세요! 저도 관심사에 ‘{label}’ 있어요. 어떻게 시작하셨어요?"),
            Lang::En => format!("Hi! I see we have this in common: {label}. How did you get into it?"),
        })
        .collect();
    let more = match lang {
        Lang::Ko => ["안녕하세요! 요즘 가장 즐거웠던 일이 뭐예요?", "반가워요! 쉬는 날에는 주로 뭐 하세요?"],
        Lang::En => {
            ["Hi! What made you smile this week?", "Nice to meet you! What does a good day off look like for you?"]
        }
    };
    lines.extend(more.iter().map(|&line| line.to_owned()).take(3_usize.saturating_sub(lines.len()).min(2)));
    let why = labels.iter().take(2).map(|label| match lang {
        Lang::Ko => format!("두 분의 공통점: {label}"),
        Lang::En => format!("What you share: {label}"),
    });
    Openers { why: why.collect(), lines, by: Author::Local }
}
