//! Keyed hashes over what leaves this process and is to be recognised when it comes back.
//!
//! Called by cursors and photo addresses; calls nothing of ours. HMAC-SHA-256 cut to 128 bits, every purpose under its
//! own key derived from the one signing key. Invariant: parts are length-prefixed, so that moving a byte from one part
//! to the next is another text.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// Bytes of a tag: 128 bits, more than anybody can guess online.
const TAG_BYTES: usize = 16;

/// Signs for one purpose.
#[derive(Clone)]
pub(crate) struct Signer {
    key: [u8; 32],
}

impl std::fmt::Debug for Signer {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// The signer of a purpose.
    pub(crate) fn new(key: &[u8; 32], purpose: &str) -> Self {
        Self { key: mac(key, &[purpose.as_bytes()]) }
    }

    /// The tag over parts.
    pub(crate) fn tag(&self, parts: &[&[u8]]) -> [u8; TAG_BYTES] {
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&mac(&self.key, parts)[..TAG_BYTES]);
        tag
    }

    /// Whether `tag` was made here over the same parts; in constant time.
    pub(crate) fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.tag(parts).ct_eq(tag).into()
    }
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_and_part_borders_make_different_tags() {
        let (a, b) = (Signer::new(&[1; 32], "a"), Signer::new(&[1; 32], "b"));
        assert_ne!(a.tag(&[b"x"]), b.tag(&[b"x"]));
        assert_ne!(a.tag(&[b"xy", b""]), a.tag(&[b"x", b"y"]));
        assert!(a.verify(&[b"x", b"y"], &a.tag(&[b"x", b"y"])));
        assert!(!a.verify(&[b"x", b"y"], &a.tag(&[b"x", b"y"])[..15]));
    }
}
