//! Limits counted by the store: exact over all instances that share it.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::claim::Claim;
use super::{Limits, Verdict};
use crate::store::{Change, Store, StoreError, Work};

/// Counts in a store.
#[derive(Clone, Debug)]
pub struct StoreLimits(Arc<dyn Store>);

impl StoreLimits {
    /// Counts in this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }
}

#[async_trait]
impl Limits for StoreLimits {
    async fn take(&self, mut claims: Vec<Claim>, now: Timestamp) -> Result<Verdict, StoreError> {
        // In one order wherever they are taken, so that two never wait for each other.
        claims.sort_by_key(Claim::key);
        match self.0.commit(Work::new().change(Change::Take { claims, now })).await {
            Ok(committed) => Ok(Verdict::Taken { left: committed.left.unwrap_or(u64::MAX) }),
            Err(StoreError::Spent { wait }) => Ok(Verdict::Refused { wait }),
            Err(error) => Err(error),
        }
    }

    async fn give_back(&self, mut claims: Vec<Claim>) -> Result<(), StoreError> {
        claims.sort_by_key(Claim::key);
        self.0.commit(Work::new().change(Change::GiveBack(claims))).await.map(drop)
    }
}
