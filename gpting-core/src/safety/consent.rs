//! The consent ledger: who agreed to what, in which version, when and how. Entries are added, never changed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// What it is about.
    pub purpose: Purpose,
    /// Version of the text that was shown.
    pub version: String,
    /// Given or withdrawn.
    pub granted: bool,
    /// When.
    pub at: Timestamp,
    /// How it came in (`sign_up`, `settings`, `host`, `import`).
    pub source: String,
}

/// What a consent is about. Each can be given and withdrawn on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Terms of use.
    Terms,
    /// Processing of personal data as the service needs it.
    Privacy,
    /// Use of the (coarse) location.
    Location,
    /// Sensitive attributes such as religion.
    Sensitive,
    /// Sending profile text to a language model.
    ProfileAnalysis,
    /// Learning from conversations; counts only when both people agree.
    ConversationAnalysis,
    /// News and offers.
    Marketing,
    /// Letting a model outside the country read what the analyses read.
    TransferAbroad,
    /// Letting a moderation model outside this service look at one's pictures.
    PhotoAnalysis,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 9] = [
        Self::Terms,
        Self::Privacy,
        Self::Location,
        Self::Sensitive,
        Self::ProfileAnalysis,
        Self::ConversationAnalysis,
        Self::Marketing,
        Self::TransferAbroad,
        Self::PhotoAnalysis,
    ];
}

/// Whether the newest entry about `purpose` grants it.
pub fn is_granted(ledger: &[Consent], purpose: Purpose) -> bool {
    ledger.iter().rev().find(|entry| entry.purpose == purpose).is_some_and(|entry| entry.granted)
}
