//! Questions, and one's own answers.

use crate::endpoint::{Answer, Call, Reply};
use crate::wire::question::{AnswersBody, AnswersChange, QuestionsBody};

/// The questions there are.
pub(crate) fn questions(call: &Call) -> QuestionsBody {
    QuestionsBody::of(call.g().profiles().catalogue().topics(), call.lang)
}

/// One's own answers.
pub(crate) async fn answers(call: Call) -> Answer<AnswersBody> {
    Ok(Reply::ok(call.g().profiles().answers(call.me()?).await?.into()))
}

/// Answers questions.
pub(crate) async fn answer(call: Call<AnswersChange>) -> Answer<AnswersBody> {
    let me = call.me()?;
    let (call, change) = call.take();
    Ok(Reply::ok(call.g().profiles().set_answers(me, change.into()).await?.into()))
}
