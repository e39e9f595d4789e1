//! What may be spent on a model: tokens a day, of each person and of the whole deployment, exact over all instances.
//!
//! An estimate that is never too low is reserved before a call, and what was not used is given back after it. Both
//! allowances are of one day in Seoul: they hold a thirty-first less than the cap, which is what comes back within the day,
//! so that no day ever costs more than its cap. Called by `call`; calls `limit`.

use std::time::Duration;

use jiff::SignedDuration;

use crate::error::Result;
use crate::gpting::Core;
use crate::id::MemberId;
use crate::limit::claim::{Claim, Quota};
use crate::safety::age::{day, seoul_date};

/// How long an allowance of a day takes to fill: it is forgotten after that.
const FILLS_IN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Tokens that are set aside for a call.
#[derive(Debug)]
pub(crate) struct Reserved {
    claims: Vec<Claim>,
    tokens: u32,
}

/// Why nothing could be set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoBudget {
    /// It is spent; some is there again after this time.
    Spent(Duration),
    /// It is more than a whole day has.
    TooLarge,
}

/// What a day may cost, as an allowance.
fn of_day(cap: u32) -> Option<Quota> {
    let burst = u64::from(cap) * 30 / 31;
    let burst = u32::try_from(burst.saturating_sub(1)).unwrap_or(u32::MAX);
    (burst > 0).then(|| Quota::new(burst, FILLS_IN))
}

impl Core {
    /// What a day may cost of one person, and of all.
    fn day_of_tokens(&self) -> Option<(Quota, Quota)> {
        let config = &self.config.assist;
        Some((of_day(config.tokens_per_member_day)?, of_day(config.tokens_per_day)?))
    }

    /// Whether a call of so many tokens fits into a day of which nothing is spent.
    pub(crate) fn affords(&self, tokens: u32) -> bool {
        self.day_of_tokens().is_some_and(|(own, all)| tokens <= own.burst().min(all.burst()))
    }

    /// Sets aside what a call for somebody may cost at the most.
    pub(crate) async fn reserve(&self, who: MemberId, tokens: u32) -> Result<std::result::Result<Reserved, NoBudget>> {
        let Some((own, all)) = self.day_of_tokens().filter(|_| self.affords(tokens)) else {
            return Ok(Err(NoBudget::TooLarge));
        };
        let today = format!("{:?}", day(seoul_date(self.now())));
        let claims = vec![
            self.claim("assist of", &[&who.value().to_le_bytes(), today.as_bytes()], own).times(tokens),
            self.claim("assist", &[today.as_bytes()], all).times(tokens),
        ];
        Ok(match self.try_spend(claims.clone()).await? {
            None => Ok(Reserved { claims, tokens }),
            Some(wait) => Err(NoBudget::Spent(wait)),
        })
    }

    /// Settles what was used against what was set aside. More than that is taken too, as far as there is any.
    pub(crate) async fn settle(&self, reserved: Reserved, used: u64) -> Result<()> {
        let used = u32::try_from(used).unwrap_or(u32::MAX);
        let (left, more) = (reserved.tokens.saturating_sub(used), used.saturating_sub(reserved.tokens));
        let times = |amount: u32| reserved.claims.iter().map(|claim| claim.times(amount)).collect::<Vec<_>>();
        if left > 0 {
            self.give_back(times(left)).await;
        } else if more > 0 && self.try_spend(times(more)).await?.is_some() {
            tracing::warn!(more, "a model has cost more than was set aside for it");
        }
        Ok(())
    }
}
