//! What keeps people safe: block, reports with evidence, the age gate, the consent ledger, erasure.

pub mod consent;
pub mod report;

pub use self::consent::{Consent, Purpose, is_granted};
pub use self::report::{Evidence, EvidenceMessage, Report, ReportEntry, ReportReason};
