//! Cursors: where a page of a list ended, opaque and signed.
//!
//! Called by the handlers of lists. A cursor is the place as JSON and a keyed hash over it, the member it was given to
//! and the query it continues, so that nobody can make one up, use somebody else's, or carry one from list to list.
//! Invariant: [`Cursors::open`] answers a place only for what [`Cursors::seal`] made for the same member and query.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gpting_core::id::MemberId;
use serde::{Serialize, de::DeserializeOwned};

use crate::sign::Signer;

/// No cursor of ours is longer; what is, is refused unread.
const MAX_CHARS: usize = 512;

/// Makes and reads cursors.
#[derive(Clone, Debug)]
pub(crate) struct Cursors {
    signer: Signer,
}

impl Cursors {
    /// Cursors under a key.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self { signer: Signer::new(key, "cursor") }
    }

    /// The cursor for `place` in the list `query` of `member`.
    pub(crate) fn seal(&self, member: MemberId, query: &str, place: &impl Serialize) -> String {
        let payload = serde_json::to_vec(place).expect("a place is plain data");
        let tag = self.signer.tag(&[&member.value().to_le_bytes(), query.as_bytes(), &payload]);
        format!("{}.{}", URL_SAFE_NO_PAD.encode(&payload), URL_SAFE_NO_PAD.encode(tag))
    }

    /// The place behind a cursor; `None` for anything that was not made for this member and query.
    pub(crate) fn open<T: DeserializeOwned>(&self, member: MemberId, query: &str, cursor: &str) -> Option<T> {
        if cursor.len() > MAX_CHARS {
            return None;
        }
        let (payload, tag) = cursor.split_once('.')?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        let genuine = self.signer.verify(&[&member.value().to_le_bytes(), query.as_bytes(), &payload], &tag);
        if genuine { serde_json::from_slice(&payload).ok() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: i64) -> MemberId {
        MemberId::new(id).unwrap()
    }

    #[test]
    fn a_cursor_opens_for_its_member_and_query_only() {
        let cursors = Cursors::new(&[7; 32]);
        let sealed = cursors.seal(member(5), "matches", &(3_u32, "x"));
        assert_eq!(cursors.open(member(5), "matches", &sealed), Some((3_u32, "x".to_owned())));
        assert_eq!(cursors.open::<(u32, String)>(member(6), "matches", &sealed), None);
        assert_eq!(cursors.open::<(u32, String)>(member(5), "friends", &sealed), None);
        assert_eq!(Cursors::new(&[8; 32]).open::<(u32, String)>(member(5), "matches", &sealed), None);
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let cursors = Cursors::new(&[7; 32]);
        let sealed = cursors.seal(member(5), "matches", &[1, 2, 3]);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(cursors.open::<Vec<i32>>(member(5), "matches", &changed), None, "at {at}");
        }
        for nonsense in ["", ".", "a", "a.b", &"a".repeat(10_000)] {
            assert_eq!(cursors.open::<Vec<i32>>(member(5), "matches", nonsense), None, "{nonsense}");
        }
    }
}
