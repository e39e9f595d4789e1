//! What keeps people safe: block, reports with evidence, the age gate, the consent ledger, erasure.

pub mod accuse;
pub mod age;
pub mod agree;
pub mod block;
pub mod consent;
pub mod erase;
pub mod report;

pub use self::accuse::ReportInput;
pub use self::agree::ConsentInput;
pub use self::block::BlockView;
pub use self::consent::{Consent, Purpose, is_granted};
pub use self::report::{Evidence, EvidenceMessage, Report, ReportEntry, ReportReason};
