//! What each member is entitled to in a day: likes, cards, undos.
//!
//! A port: the host's own says who pays for more, or who is to have less; by default everybody has what
//! [`Quotas`] say. Called by use-cases that take from a daily allowance. Counting stays where all
//! limits are counted, so that what somebody is entitled to holds over all instances together.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::SignedDuration;

use super::claim::{Claim, Quota};
use crate::config::Quotas;
use crate::error::{Error, Result};
use crate::gpting::Core;
use crate::id::MemberId;
use crate::port::PortError;

/// For how long what was used is counted.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What a member may use in a day: so many at once, all of them back after a day. None is without limit, 0 is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowances {
    /// New likes.
    pub likes_per_day: Option<u32>,
    /// Cards of slates: everybody who is proposed.
    pub cards_per_day: Option<u32>,
    /// Decisions taken back.
    pub undos_per_day: Option<u32>,
}

impl Allowances {
    /// What everybody has.
    pub const fn of_everybody(quotas: &Quotas) -> Self {
        Self {
            likes_per_day: quotas.likes_per_day,
            cards_per_day: quotas.cards_per_day,
            undos_per_day: quotas.undos_per_day,
        }
    }
}

/// Says what a member is entitled to.
///
/// Contract: asked before each like, undo and slate, so an answer should come from memory or within a few milliseconds;
/// a new answer holds from then on, and what was used before counts as the share of a day that it was then. Everybody who asks gets the same answer for the
/// same member, on every instance.
#[async_trait]
pub trait Entitlements: Debug + Send + Sync + 'static {
    /// What this member may use in a day. `everybody` is what the settings say.
    ///
    /// # Errors
    /// When it cannot be said; the call is then refused for the moment.
    async fn of(&self, member: MemberId, everybody: Allowances) -> std::result::Result<Allowances, PortError>;
}

/// The default: everybody has what the settings say.
#[derive(Clone, Copy, Debug, Default)]
pub struct SameForAll;

#[async_trait]
impl Entitlements for SameForAll {
    async fn of(&self, _: MemberId, everybody: Allowances) -> std::result::Result<Allowances, PortError> {
        Ok(everybody)
    }
}

/// A daily allowance: its name in keys, and where it stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Daily {
    Like,
    Card,
    Undo,
}

impl Daily {
    const fn name(self) -> &'static str {
        match self {
            Self::Like => "like",
            Self::Card => "card",
            Self::Undo => "undo",
        }
    }

    const fn most(self, of: &Allowances) -> Option<u32> {
        match self {
            Self::Like => of.likes_per_day,
            Self::Card => of.cards_per_day,
            Self::Undo => of.undos_per_day,
        }
    }
}

impl Core {
    /// One of a member's daily allowance; none where there is no limit.
    ///
    /// # Errors
    /// [`Error::TooMany`] for whoever is entitled to nothing; when the host cannot say.
    pub(crate) async fn daily(&self, what: Daily, member: MemberId) -> Result<Option<Claim>> {
        let everybody = Allowances::of_everybody(&self.config.quotas);
        let of = self.entitlements.of(member, everybody).await;
        let of = of.map_err(|error| Error::Internal { what: error.what, source: Box::new(error) })?;
        match what.most(&of) {
            None => Ok(None),
            Some(0) => Err(Error::TooMany { retry_after: DAY.unsigned_abs() }),
            Some(most) => Ok(Some(self.claim(what.name(), &[&member.value().to_le_bytes()], Quota::new(most, DAY)))),
        }
    }

    /// Takes cards for a page: as many as are wanted or, near the end of the allowance, fewer. Answers how many may be shown,
    /// and the allowance that they are of.
    ///
    /// # Errors
    /// [`Error::TooMany`] when there is none left.
    pub(crate) async fn take_cards(&self, member: MemberId, wanted: usize) -> Result<(usize, Option<Claim>)> {
        let Some(claim) = self.daily(Daily::Card, member).await? else { return Ok((wanted, None)) };
        let mut amount = u32::try_from(wanted).unwrap_or(u32::MAX).clamp(1, claim.burst());
        loop {
            let Some(wait) = self.try_spend(vec![claim.times(amount)]).await? else {
                return Ok((usize::try_from(amount).unwrap_or(wanted), Some(claim)));
            };
            let fewer = claim.times(amount).without(wait);
            if fewer == 0 && amount == 1 {
                return Err(Error::TooMany { retry_after: wait });
            }
            // As many as are left; one to learn how long to wait for it.
            amount = fewer.max(1);
        }
    }

    /// Gives back the cards of a page that were not needed.
    pub(crate) async fn return_cards(&self, claim: Option<Claim>, taken: usize, shown: usize) {
        let unused = u32::try_from(taken.saturating_sub(shown)).unwrap_or(u32::MAX);
        if let Some(claim) = claim.filter(|_| unused > 0) {
            self.give_back(vec![claim.times(unused)]).await;
        }
    }
}
