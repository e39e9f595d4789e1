//! The store in memory keeps every promise of the contract.

use std::sync::Arc;

use gpting_core::store::MemoryStore;

/// A fresh store, which needs nothing else to live.
async fn fresh() -> (Arc<MemoryStore>, ()) {
    (Arc::new(MemoryStore::default()), ())
}

gpting_core::store_contract!(fresh);
gpting_core::account_store_contract!(fresh);
