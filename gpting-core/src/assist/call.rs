//! The one gate through which a model is asked: budget, call, record, and what of the answer can be believed.
//!
//! Called by jobs alone, under their lease: no request of a member waits here. Whoever calls has checked consent; what
//! the answer says is checked by its reader once more.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::answer;
use super::audit::{Call, Errand, Outcome};
use super::budget::NoBudget;
use super::model::{ModelError, Usage};
use super::prompt::Asked;
use crate::error::Result;
use crate::gpting::Core;
use crate::id::{CallId, MemberId};
use crate::store::{Change, Work};

/// The longest that an adapter may take, retries included. It keeps to its own, shorter limits.
const LONGEST: Duration = Duration::from_secs(90);
/// How long a job waits at least before it asks again.
const SOON: Duration = Duration::from_mins(10);
/// How long it waits at most.
const LATE: Duration = Duration::from_hours(6);

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// After this time there may be one.
    Later(Duration),
    /// The same question would have the same end.
    Never,
}

impl NoAnswer {
    /// Not now; after what is asked for, or a usual while.
    pub(super) fn later(asked_for: Option<Duration>) -> Self {
        Self::Later(asked_for.unwrap_or(SOON).clamp(SOON, LATE))
    }
}

/// Whether a status says that nobody here is served, whatever they ask: a wrong key, no credit, a model that has moved. It
/// ends when somebody mends it, and says nothing of the question.
fn serves_nobody(status: u16) -> bool {
    matches!(status, 300..=399 | 401..=404 | 407)
}

impl Core {
    /// Asks the model, for somebody, and answers what it said as JSON.
    pub(crate) async fn ask_model(
        &self,
        who: MemberId,
        errand: Errand,
        asked: &Asked,
    ) -> Result<std::result::Result<Value, NoAnswer>> {
        let Some(model) = self.text_model.clone() else { return Ok(Err(NoAnswer::Never)) };
        let tokens = asked.most_tokens();
        let call = async {
            let reply = model.complete(&asked.prompt).await?;
            Ok((answer::read(&reply, asked), reply.usage))
        };
        self.through_gate(who, errand, model.name(), tokens, call).await
    }

    /// Makes a call that may cost so many tokens, for somebody: within the budget, in the record. What it brings is nothing
    /// when it cannot be believed.
    pub(super) async fn through_gate<T>(
        &self,
        who: MemberId,
        errand: Errand,
        model: &str,
        tokens: u32,
        call: impl Future<Output = std::result::Result<(Option<T>, Usage), ModelError>> + Send,
    ) -> Result<std::result::Result<T, NoAnswer>> {
        let reserved = match self.reserve(who, tokens).await? {
            Ok(reserved) => reserved,
            Err(NoBudget::Spent(wait)) => return Ok(Err(NoAnswer::Later(wait.clamp(SOON, LATE)))),
            Err(NoBudget::TooLarge) => return Ok(Err(NoAnswer::Never)),
        };
        let answered = tokio::time::timeout(LONGEST, call).await;
        let unknown = Usage { input: u64::from(tokens), output: 0 };
        let (outcome, usage, answer) = match answered {
            Ok(Ok((believed, told))) => {
                let usage = if told == Usage::default() { unknown } else { told };
                match believed {
                    Some(value) => (Outcome::Answered, usage, Ok(value)),
                    None => (Outcome::Unbelievable, usage, Err(NoAnswer::Never)),
                }
            }
            // It has been worked on, at a cost that nobody has told.
            Ok(Err(ModelError::Refused)) => (Outcome::Refused, unknown, Err(NoAnswer::Never)),
            Ok(Err(ModelError::Unreadable)) => (Outcome::Unbelievable, unknown, Err(NoAnswer::Never)),
            Err(_) => (Outcome::Unavailable, unknown, Err(NoAnswer::Later(SOON))),
            Ok(Err(ModelError::Rejected { status })) => {
                let no = if serves_nobody(status) { NoAnswer::Later(SOON) } else { NoAnswer::Never };
                (Outcome::Rejected, Usage::default(), Err(no))
            }
            Ok(Err(ModelError::Unavailable { retry_after, begun })) => {
                let usage = if begun { unknown } else { Usage::default() };
                (Outcome::Unavailable, usage, Err(NoAnswer::later(retry_after)))
            }
        };
        self.settle(reserved, usage.input.saturating_add(usage.output)).await?;
        let at = self.now();
        let call = Call {
            id: CallId::draw(&*self.rng),
            at,
            member: who,
            errand,
            model: model.to_owned(),
            input_tokens: usage.input,
            output_tokens: usage.output,
            outcome,
            keep_until: at.checked_add(self.config.assist.keep_calls).unwrap_or(Timestamp::MAX),
        };
        self.commit(Work::new().change(Change::NoteCall(call))).await?;
        Ok(answer)
    }
}
