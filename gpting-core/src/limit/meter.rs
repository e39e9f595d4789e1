//! How use-cases ask: by what is limited and whose it is.
//!
//! Called by logins, sign-ups, likes and messages; calls the [`Limits`](super::Limits) and the purses of this instance.

use std::net::IpAddr;
use std::time::Duration;

use super::Verdict;
use super::claim::{Claim, Quota};
use super::purse::Pay;
use crate::error::{Error, Result};
use crate::gpting::Core;

impl Core {
    /// One of what is limited, of whose it is.
    pub(crate) fn claim(&self, what: &str, whose: &[&[u8]], quota: Quota) -> Claim {
        Claim::one(self.limit_secret.key(what, whose), quota)
    }

    /// Takes all of the claims.
    ///
    /// # Errors
    /// [`Error::TooMany`] when one of them cannot be met; then none is taken.
    pub(crate) async fn spend(&self, claims: Vec<Claim>) -> Result<()> {
        match self.try_spend(claims).await? {
            None => Ok(()),
            Some(wait) => Err(Error::TooMany { retry_after: wait }),
        }
    }

    /// Takes all of the claims; answers how long to wait when they cannot be met.
    pub(crate) async fn try_spend(&self, claims: Vec<Claim>) -> Result<Option<Duration>> {
        if claims.is_empty() {
            return Ok(None);
        }
        Ok(match self.limits.take(claims, self.now()).await? {
            Verdict::Taken { .. } => None,
            Verdict::Refused { wait } => Some(wait),
        })
    }

    /// Gives back what was not used. A failure only leaves the allowance a little emptier than it should be.
    pub(crate) async fn give_back(&self, claims: Vec<Claim>) {
        if claims.is_empty() {
            return;
        }
        if let Err(error) = self.limits.give_back(claims).await {
            tracing::debug!(error = %crate::error::Chain(&error), "an allowance could not be given back");
        }
    }

    /// Takes one of an allowance that is used often, out of this instance's purse where there is something in it.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub(crate) async fn spend_often(&self, claim: Claim) -> Result<()> {
        let (key, now) = (claim.key(), self.now());
        let mut amount = match self.purses.pay(key, now) {
            Pay::Paid => return Ok(()),
            Pay::Wait(wait) => return Err(Error::TooMany { retry_after: wait }),
            Pay::Take(amount) => amount,
        };
        loop {
            match self.limits.take(vec![claim.times(amount)], now).await? {
                Verdict::Taken { left } => {
                    self.purses.took(key, amount, left, now);
                    return Ok(());
                }
                Verdict::Refused { .. } if amount > 1 => amount = 1,
                Verdict::Refused { wait } => {
                    self.purses.was_refused(key, wait, now);
                    if self.purses.pay(key, now) == Pay::Paid {
                        return Ok(());
                    }
                    return Err(Error::TooMany { retry_after: wait });
                }
            }
        }
    }
}

/// What an address is counted as: IPv4 as it is, IPv6 by its /64, which is one household; nothing when it is not known.
#[cfg_attr(not(feature = "accounts"), expect(dead_code, reason = "only accounts are limited by address"))]
pub(crate) fn household(ip: Option<IpAddr>) -> Vec<u8> {
    match ip.map(|ip| ip.to_canonical()) {
        None => Vec::new(),
        Some(IpAddr::V4(v4)) => v4.octets().to_vec(),
        Some(IpAddr::V6(v6)) => v6.octets()[..8].to_vec(),
    }
}
