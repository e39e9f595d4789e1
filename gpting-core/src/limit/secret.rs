//! From whom and what to a key: a hash under a secret that all instances of a deployment share.
//!
//! Without the secret an address could be found by hashing all of them. Called by `meter`; pure.

use sha2::{Digest as _, Sha256};

use super::claim::LimitKey;

/// The secret of the keys.
#[derive(Clone)]
pub(crate) struct LimitSecret([u8; 32]);

impl std::fmt::Debug for LimitSecret {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LimitSecret")
    }
}

impl LimitSecret {
    /// With these bytes.
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key of what is limited and of whose it is. The parts are kept apart: `["a", "bc"]` is not `["ab", "c"]`.
    pub(crate) fn key(&self, what: &str, parts: &[&[u8]]) -> LimitKey {
        let mut inner = Sha256::new().chain_update(self.0).chain_update(what).chain_update([0]);
        for part in parts {
            inner = inner.chain_update((part.len() as u64).to_le_bytes()).chain_update(part);
        }
        // Hashed twice under the secret, so that nothing can be appended to what was hashed.
        let outer = Sha256::new().chain_update(self.0).chain_update(inner.finalize()).finalize();
        LimitKey::new(outer.first_chunk().copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_apart_what_is_apart() {
        let secret = LimitSecret::new([1; 32]);
        let key = secret.key("login", &[b"ab", b"c"]);
        assert_eq!(key, LimitSecret::new([1; 32]).key("login", &[b"ab", b"c"]));
        for other in [
            secret.key("login", &[b"a", b"bc"]),
            secret.key("login", &[b"ab", b"c", b""]),
            secret.key("like", &[b"ab", b"c"]),
            LimitSecret::new([2; 32]).key("login", &[b"ab", b"c"]),
        ] {
            assert_ne!(other, key);
        }
    }
}
