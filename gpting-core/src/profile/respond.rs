//! Giving answers and taking them back.

use std::collections::BTreeMap;

use super::answer::{Answer, AnswerInput, applied};
use crate::error::Result;
use crate::gpting::Profiles;
use crate::id::MemberId;

impl Profiles<'_> {
    /// The member's own answers, by question.
    ///
    /// # Errors
    /// When there is no such member, or the store fails.
    pub async fn answers(&self, me: MemberId) -> Result<BTreeMap<String, Answer>> {
        Ok(self.0.acting(me).await?.value.answers)
    }

    /// Answers questions, or takes answers back; questions that are not named keep theirs. All of it or nothing.
    ///
    /// # Errors
    /// A fault per refused answer, under `answers.<question>` and what is wrong of it.
    pub async fn set_answers(&self, me: MemberId, given: Vec<AnswerInput>) -> Result<BTreeMap<String, Answer>> {
        let core = self.0;
        let changed = core
            .change_member(me, None, |member, _| {
                member.answers = applied(&member.answers, &given, &core.catalogue)?;
                Ok(())
            })
            .await?;
        Ok(changed.value.answers)
    }
}
