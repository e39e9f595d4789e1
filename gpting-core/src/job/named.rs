//! Jobs that have a name: the same id in every instance, so that one that waits is not asked for twice. Pure.
//!
//! Called by whoever asks for a job of the host's own, or of the library's where a thousand askings are one.

use sha2::{Digest as _, Sha256};

use crate::id::{JobId, MAX_ID};

/// The id of a job by its kind and name: the same in every instance, and none of the small ones that the library keeps.
pub(crate) fn named(kind: &str, name: &str) -> JobId {
    let hash = Sha256::new().chain_update(kind).chain_update([0]).chain_update(name).finalize();
    let bytes = hash.first_chunk().copied().unwrap_or_default();
    JobId::new((i64::from_le_bytes(bytes) & MAX_ID) | 1 << 52).expect("a bit of the range is set")
}
