//! Addresses of pictures: signed for one viewer, good for an hour or two.
//!
//! A browser fetches pictures without our headers, so the address itself says who looks. Made by [`wire`](crate::wire),
//! read by the handler of `/media/photos/…`, which still asks the core each time whether the viewer may see the owner:
//! the signature only proves who looks, never that they still may.
//! Invariant: within one clock hour the same picture has the same address for the same viewer, so that browsers cache.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gpting_core::id::{MemberId, PhotoId};
use jiff::Timestamp;

use crate::sign::Signer;

/// Seconds of an hour, to which expiry is rounded.
const HOUR: i64 = 3600;

/// Makes and reads signed picture addresses.
#[derive(Clone, Debug)]
pub(crate) struct PhotoUrls {
    signer: Signer,
    base: String,
}

/// What a genuine address says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PhotoLook {
    /// Who looks.
    pub(crate) viewer: MemberId,
    /// Whose picture it is.
    pub(crate) owner: MemberId,
}

impl PhotoUrls {
    /// Addresses under a key, starting with `base` (no slash at its end).
    pub(crate) fn new(key: &[u8; 32], base: &str) -> Self {
        Self { signer: Signer::new(key, "photo"), base: base.to_owned() }
    }

    /// The address of `photo` of `owner` for `viewer`. It ends at the full hour that lies one to two hours ahead.
    pub(crate) fn url(&self, viewer: MemberId, owner: MemberId, photo: PhotoId, now: Timestamp) -> String {
        let expires = (now.as_second().div_euclid(HOUR) + 2) * HOUR;
        let tag = URL_SAFE_NO_PAD.encode(self.tag(viewer, owner, photo, expires));
        format!("{}/media/photos/{photo}?owner={owner}&viewer={viewer}&exp={expires}&sig={tag}", self.base)
    }

    /// The address of the picture shown for people without one.
    pub(crate) fn default_picture(&self) -> String {
        format!("{}/media/default-profile.svg", self.base)
    }

    /// Reads the query of an address; `None` when it is not genuine or has run out.
    pub(crate) fn read(&self, photo: PhotoId, query: &[(String, String)], now: Timestamp) -> Option<PhotoLook> {
        let field = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let (owner, viewer) = (field("owner")?.parse().ok()?, field("viewer")?.parse().ok()?);
        let expires: i64 = field("exp")?.parse().ok()?;
        let tag = URL_SAFE_NO_PAD.decode(field("sig")?).ok()?;
        let genuine =
            self.signer.verify(&parts(viewer, owner, photo, expires).each_ref().map(<[u8; 8]>::as_slice), &tag);
        (genuine && now.as_second() < expires).then_some(PhotoLook { viewer, owner })
    }

    fn tag(&self, viewer: MemberId, owner: MemberId, photo: PhotoId, expires: i64) -> [u8; 16] {
        self.signer.tag(&parts(viewer, owner, photo, expires).each_ref().map(<[u8; 8]>::as_slice))
    }
}

fn parts(viewer: MemberId, owner: MemberId, photo: PhotoId, expires: i64) -> [[u8; 8]; 4] {
    [viewer.value(), owner.value(), photo.value(), expires].map(i64::to_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::query_pairs;

    fn ids() -> (MemberId, MemberId, PhotoId) {
        (MemberId::new(1).unwrap(), MemberId::new(2).unwrap(), PhotoId::new(3).unwrap())
    }

    fn query(url: &str) -> Vec<(String, String)> {
        query_pairs(url.split_once('?').unwrap().1).unwrap()
    }

    #[test]
    fn an_address_says_who_looks_until_it_runs_out() {
        let urls = PhotoUrls::new(&[3; 32], "/dating");
        let (viewer, owner, photo) = ids();
        let now: Timestamp = "2026-03-01T10:59:59Z".parse().unwrap();
        let url = urls.url(viewer, owner, photo, now);
        assert!(url.starts_with("/dating/media/photos/3?"), "{url}");
        let look = Some(PhotoLook { viewer, owner });
        assert_eq!(urls.read(photo, &query(&url), now), look);
        assert_eq!(urls.read(photo, &query(&url), "2026-03-01T11:59:59Z".parse().unwrap()), look);
        assert_eq!(urls.read(photo, &query(&url), "2026-03-01T12:00:00Z".parse().unwrap()), None);
        assert_eq!(urls.url(viewer, owner, photo, "2026-03-01T10:00:00Z".parse().unwrap()), url, "stable in an hour");
    }

    #[test]
    fn nothing_in_an_address_can_be_changed() {
        let urls = PhotoUrls::new(&[3; 32], "");
        let (viewer, owner, photo) = ids();
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let good = query(&urls.url(viewer, owner, photo, now));
        for (at, other) in ["9", "9", "1999999999", "AAAAAAAAAAAAAAAAAAAAAA"].into_iter().enumerate() {
            let mut changed = good.clone();
            other.clone_into(&mut changed[at].1);
            assert_eq!(urls.read(photo, &changed, now), None, "{}", changed[at].0);
        }
        assert_eq!(urls.read(PhotoId::new(4).unwrap(), &good, now), None);
        assert_eq!(urls.read(photo, &[], now), None);
    }
}
