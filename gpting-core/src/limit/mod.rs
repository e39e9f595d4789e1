//! Limits that hold over all instances: so many in so long, counted in one place.
//!
//! Called by use-cases that guard something (logins, mailed codes, likes, messages); calls a [`Limits`], by default the
//! store itself. What is counted is an allowance per key that empties with use and fills evenly with time; keys are hashes
//! under a secret of the deployment, so that no address, login or id stands beside a count. Plain request rates are not
//! here: they are counted where the requests come in, per instance, since a write per read would cost more than the read.

pub mod claim;
pub mod entitlements;
pub(crate) mod meter;
mod purse;
mod secret;
mod stored;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

pub use self::claim::{Claim, LimitKey, Quota};
pub use self::entitlements::{Allowances, Entitlements, SameForAll};
pub(crate) use self::purse::Purses;
pub(crate) use self::secret::LimitSecret;
pub use self::stored::StoreLimits;
use crate::store::StoreError;

/// What taking from allowances came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All claims were met.
    Taken {
        /// How many more could be taken at once from the emptiest of them.
        left: u64,
    },
    /// None was taken, because one of them could not be.
    Refused {
        /// After how long the first that stood in the way could be met.
        wait: Duration,
    },
}

/// Counts, for all instances of a deployment together.
///
/// What it promises (`store_contract!`, group `allowance`, holds [`StoreLimits`] on every store to it):
///
/// - all claims of one call are met, or none;
/// - however many take at once from wherever, no more is taken than the quota has, and no less when enough is asked for;
/// - an allowance fills by one in each `per / burst` of its quota, and never beyond its burst;
/// - what is given back can be taken again.
#[async_trait]
pub trait Limits: Debug + Send + Sync + 'static {
    /// Takes what is claimed, all or nothing.
    ///
    /// # Errors
    /// When the counts are out of reach. A refusal is no error.
    async fn take(&self, claims: Vec<Claim>, now: Timestamp) -> Result<Verdict, StoreError>;

    /// Gives back what was taken and turned out not to be used; at the most until the allowance is full.
    ///
    /// # Errors
    /// When the counts are out of reach.
    async fn give_back(&self, claims: Vec<Claim>) -> Result<(), StoreError>;
}
