//! The explained score of one person whom the member may see.
//!
//! The same sentences that a slate would show, and the percentile that they would have in the order of the member's ranker:
//! by the score alone, without the picks of the day, newcomers and a text model's order. Invariants: whoever may not be seen
//! does not exist, and whoever hides is not counted; nothing depends on what the other has decided about the member.

use super::reasons::{MOST, SlateReason, facts, reasons};
use super::replica::engine_failed;
use super::{After, Pick};
use crate::error::Result;
use crate::gpting::{Matching, STRANGER};
use crate::id::MemberId;
use crate::interaction::PairList;
use crate::profile::card::Card;
use crate::safety::age::{full_age, seoul_date};

/// Fewer sentences than this are filled up with plain facts.
const FEWEST: usize = 2;

/// How well somebody fits a member.
#[derive(Clone, Debug, PartialEq)]
pub struct Compatibility {
    /// Whom it is about.
    pub id: MemberId,
    /// Where they would stand in the member's own slate, as a percentile in (0, 1].
    pub score: f64,
    /// Two to four sentences, the weightiest first.
    pub reasons: Vec<SlateReason>,
}

impl Matching<'_> {
    /// The explained score of somebody the member may see.
    ///
    /// # Errors
    /// [`Code::MemberNotFound`](crate::Code::MemberNotFound) for everybody else, whether they exist or not;
    /// [`Code::ProfileIncomplete`](crate::Code::ProfileIncomplete) for a member who cannot be shown to anybody yet.
    pub async fn compatibility(&self, me: MemberId, other: MemberId) -> Result<Compatibility> {
        let core = self.0;
        let (member, connected) = core.seen(me, other).await?;
        let viewer = core.matchable(me).await?;
        let now = core.now();
        let view = core.replica.view(now);
        let ranked = core.replica.view_of(core.config.matching.rankers.of(&core.limit_secret, me), now);
        if !view.contains(other) || !ranked.contains(other) {
            return Err(STRANGER.into());
        }
        let why = view.explain(me, other).map_err(engine_failed)?;
        let card = Card::of(&member, viewer.value.profile.location.as_ref(), connected, &core.catalogue, now);
        let mut told = reasons(&why, &card.shown(), &core.catalogue);
        let own = &viewer.value.profile;
        let own_age = own.birth_date.and_then(|born| u8::try_from(full_age(born, seoul_date(now))).ok());
        let years = own_age.zip(card.age).map(|(own, other)| own.abs_diff(other));
        for fact in facts(&own.interests, years, &card.shown()) {
            // A fact that has been told as a reason is not told again, nor the ages in another way of counting.
            let is_known = told
                .iter()
                .any(|reason| reason.text == fact.text || (reason.code, fact.code) == ("age_fit", "age_difference"));
            if told.len() < FEWEST && !is_known {
                told.push(fact);
            }
        }
        told.truncate(MOST);
        let size = core.config.matching.slate_size.max(1);
        let mut excluded = core.store.listed(me, PairList::Excluded).await?;
        excluded.extend(core.hidden_from(me, now).await?);
        let score = ranked.explain(me, other).map_err(engine_failed)?.score;
        let slate =
            ranked.query(me).limit(size).after(After::Start).excluding(&excluded).run().map_err(engine_failed)?;
        let order = |pick: &Pick<MemberId>| pick.score.total_cmp(&score).reverse().then(pick.id.cmp(&other));
        let above = slate.iter().filter(|pick| order(pick).is_lt()).count().min(size - 1);
        Ok(Compatibility { id: other, score: (size - above) as f64 / size as f64, reasons: told })
    }
}
