//! The job that has a member's text embedded, and keeps what comes of it in the member's row.
//!
//! Called by `analyst` with the same job that reads what a text shows. A model is asked once about the same text, unless the one
//! who asked died with the answer.

use super::audit::Errand;
use super::call::NoAnswer;
use super::consent::may_read_profile;
use super::embedding::{Embedding, VERSION, mean, shortened};
use super::facts;
use crate::error::Result;
use crate::gpting::Core;
use crate::id::MemberId;
use crate::job::{Next, Turn};
use crate::profile::Member;
use crate::store::{Change, StoreError, Versioned, Work};

/// How often a commit is tried again when somebody else was faster.
const TRIES: usize = 20;

/// What people say of themselves who say nothing in particular: their mean is what all texts of this kind have in common.
const ORDINARY: [&str; 12] = [
    "안녕하세요. 서울에 살고 있는 평범한 직장인입니다.",
    "좋은 사람과 천천히 알아가고 싶어요.",
    "주말에는 집에서 쉬거나 친구를 만나요.",
    "새로운 것을 배우는 일을 좋아합니다.",
    "웃음이 많고 이야기를 잘 들어 주는 편이에요.",
    "솔직하고 따뜻한 사람을 만나고 싶습니다.",
    "Hello! I live in Seoul and work in an office.",
    "I would like to get to know somebody slowly.",
    "At weekends I rest at home or see friends.",
    "I enjoy learning new things.",
    "I laugh a lot, and people say that I listen well.",
    "I hope to meet somebody honest and warm.",
];

impl Core {
    /// Makes the vector of a member's text, unless there is one or it may not be made. Says when to try again, if that is worth it.
    pub(super) async fn embed_profile(&self, id: MemberId, turn: &Turn<'_>) -> Result<Option<Next>> {
        let Some(embedder) = self.embedder.clone() else { return Ok(None) };
        let config = &self.config.assist;
        let due = |member: &Member| {
            let text = facts::text(member, config);
            let content = facts::fingerprint(embedder.name(), VERSION, &serde_json::json!(["embedding", text]));
            let known = member.derived.embedding.as_ref().is_some_and(|known| known.content == content);
            (may_read_profile(member, config) && !known).then_some((text, content))
        };
        let Some((text, content)) = self.member(id).await?.and_then(|row| due(&row.value)) else {
            return Ok(None);
        };
        let mut numbers = Vec::new();
        if !text.is_empty() {
            match self.embed(id, text).await? {
                Ok(vector) => numbers = vector,
                Err(NoAnswer::Later(wait)) => return Ok(Some(Next::Again(wait))),
                // Kept as read with nothing in it: asked again when the text is another one.
                Err(NoAnswer::Never) => {}
            }
        }
        let embedding = Embedding { model: embedder.name().to_owned(), content, at: self.now(), numbers };
        for _ in 0..TRIES {
            let Some(row) = self.member(id).await? else { return Ok(None) };
            match due(&row.value) {
                None => return Ok(None),
                Some((_, content)) if content != embedding.content => {
                    return Ok(Some(Next::Again(config.settles_in.unsigned_abs())));
                }
                Some(_) => {}
            }
            let mut member = row.value.clone();
            member.derived.embedding = Some(embedding.clone());
            let work = Work::new().change(Change::PutMember(Box::new(member.clone()), row.expect()));
            match turn.effect(|renewal| self.commit(work.change(renewal))).await {
                Err(StoreError::Stale) => {}
                done => {
                    done?;
                    self.absorb(&Versioned { version: row.version + 1, value: member });
                    return Ok(None);
                }
            }
        }
        Err(StoreError::Stale.into())
    }

    /// The numbers of a text.
    async fn embed(&self, who: MemberId, text: String) -> Result<std::result::Result<Vec<i8>, NoAnswer>> {
        let Some(embedder) = self.embedder.clone() else { return Ok(Err(NoAnswer::Never)) };
        let middle = self.middle.get();
        // The text comes first; what is ordinary is asked about once in the life of a process.
        let mut texts = vec![text];
        if middle.is_none() {
            texts.extend(ORDINARY.map(str::to_owned));
        }
        // A token is at least a byte.
        let tokens = u32::try_from(texts.iter().map(String::len).sum::<usize>()).unwrap_or(u32::MAX);
        let call = async {
            let embedded = embedder.embed(&texts).await?;
            let are_sound = embedded.vectors.len() == texts.len()
                && embedded
                    .vectors
                    .iter()
                    .all(|vector| vector.len() == embedder.dims() && vector.iter().all(|number| number.is_finite()));
            Ok((are_sound.then_some(embedded.vectors), embedded.usage))
        };
        Ok(self.through_gate(who, Errand::Profile, embedder.name(), tokens, call).await?.map(|vectors| {
            let (text, ordinary) = vectors.split_at(1);
            let middle = self.middle.get_or_init(|| mean(ordinary));
            text.first().map(|text| shortened(text, middle)).unwrap_or_default()
        }))
    }
}
