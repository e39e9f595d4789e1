//! Reports: somebody's behaviour, with the evidence as it stood, kept apart from what it was copied from.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{MemberId, ReportId};

/// A case. One open case per reporter and subject; a further report adds to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its id.
    pub id: ReportId,
    /// Who reports; never shown to the subject.
    pub reporter: MemberId,
    /// Who is reported.
    pub subject: MemberId,
    /// What is said against them, oldest first.
    pub entries: Vec<ReportEntry>,
    /// When the case was opened.
    pub opened_at: Timestamp,
    /// When it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// When the evidence is to be erased.
    pub keep_until: Timestamp,
}

/// One report within a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportEntry {
    /// What kind of behaviour.
    pub reason: ReportReason,
    /// The reporter's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// When.
    pub at: Timestamp,
    /// What was there to see.
    pub evidence: Evidence,
}

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportReason {
    /// Unwanted advertising or links.
    Spam,
    /// Money, investment, pretended love.
    Scam,
    /// Insults, threats, harassment.
    Harassment,
    /// Sexual content nobody asked for.
    Sexual,
    /// Not who they claim to be.
    FakeProfile,
    /// Below the age gate.
    UnderAge,
    /// Something else.
    Other,
}

/// A copy of what was there to see when the report came in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The subject's nickname.
    pub nickname: String,
    /// The subject's text about themselves.
    pub bio: String,
    /// Storage keys of the subject's pictures.
    pub photos: Vec<String>,
    /// The reported message and its neighbours, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<EvidenceMessage>,
}

/// A message as evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceMessage {
    /// Its place in the room.
    pub seq: u64,
    /// Whether the subject wrote it.
    pub by_subject: bool,
    /// What was said.
    pub text: String,
    /// When.
    pub at: Timestamp,
}
