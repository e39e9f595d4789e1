//! A sign-up that waits for its code.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::id::PendingId;
use crate::safety::Consent;

/// A sign-up whose address is not verified. Claims neither address nor name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSignUp {
    /// Its id.
    pub id: PendingId,
    /// The address as it was written.
    pub email: String,
    /// The address in its canonical form.
    pub email_canonical: String,
    /// The wished-for login name, canonical.
    pub username: String,
    /// Argon2id in PHC form.
    pub password_hash: String,
    /// The name others will see.
    pub nickname: String,
    /// `M`, `F` or `O`.
    pub gender: String,
    /// May be missing; the member then stays incomplete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<Date>,
    /// Free text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bio: String,
    /// What was agreed to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<Consent>,
    /// Language of the mails, `ko` or `en`.
    pub language: String,
    /// The hash of the code that was mailed last; none until a mail has left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeHash>,
    /// When mails were asked for, oldest first.
    pub mails: Vec<Timestamp>,
    /// When it was begun.
    pub created_at: Timestamp,
}

/// A code as it is kept: salted and hashed, with its end and how often it was tried.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeHash {
    /// Argon2id (small cost) in PHC form.
    pub hash: String,
    /// It is refused from then on.
    pub expires_at: Timestamp,
    /// How often a code was tried against it.
    pub tries: u32,
}

impl std::fmt::Debug for CodeHash {
    /// Without the hash.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeHash").field("tries", &self.tries).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for PendingSignUp {
    /// Without anything that was entered.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PendingSignUp").field("id", &self.id).finish_non_exhaustive()
    }
}
