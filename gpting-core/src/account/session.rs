//! A session: one signed-in device, with its rotating refresh token.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{MemberId, SessionId};

/// One signed-in device. Deleted when it ends.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id; also the `sid` of its access tokens.
    pub id: SessionId,
    /// Whose.
    pub member: MemberId,
    /// What the device calls itself, cut to a readable length.
    pub device: String,
    /// The network it was last seen in, coarsened to /24 or /48.
    pub network: String,
    /// When it was signed in.
    pub created_at: Timestamp,
    /// When a token was last refreshed.
    pub last_seen: Timestamp,
    /// It ends then, whatever happens.
    pub expires_at: Timestamp,
    /// It ends then, unless a token is refreshed before.
    pub idle_until: Timestamp,
    /// SHA-256 of the live refresh token, in base64url.
    pub refresh_hash: String,
    /// SHA-256 of the token before it, which may be presented again while its successor is unused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_hash: Option<String>,
    /// When the live token replaced the previous one.
    pub rotated_at: Timestamp,
}

impl Session {
    /// When it ends, unless a token is refreshed before.
    pub fn ends_at(&self) -> Timestamp {
        self.expires_at.min(self.idle_until)
    }
}

impl std::fmt::Debug for Session {
    /// Without hashes, device and network.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).field("member", &self.member).finish_non_exhaustive()
    }
}
