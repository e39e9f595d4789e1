//! Giving and withdrawing consent.

use super::consent::{Consent, Purpose, is_granted};
use crate::error::{Error, Fault, Result};
use crate::gpting::Profiles;
use crate::id::MemberId;
use jiff::Timestamp;

/// A consent as it comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentInput {
    /// What it is about.
    pub purpose: Purpose,
    /// Version of the text that was shown, 1 to 40 characters.
    pub version: String,
    /// Given or withdrawn.
    pub granted: bool,
}

impl ConsentInput {
    /// The ledger entry of a consent that came in at that time from there.
    ///
    /// # Errors
    /// A fault of the field `version`.
    pub(crate) fn entry(&self, at: Timestamp, source: &str) -> Result<Consent> {
        let version = crate::text::line(&self.version, 40).map_err(|fault: Fault| Error::field("version", fault))?;
        Ok(Consent { purpose: self.purpose, version, granted: self.granted, at, source: source.to_owned() })
    }
}

impl Profiles<'_> {
    /// The member's ledger, oldest first.
    ///
    /// # Errors
    /// When there is no such member, or the store fails.
    pub async fn consents(&self, me: MemberId) -> Result<Vec<Consent>> {
        Ok(self.0.acting(me).await?.value.consents)
    }

    /// Adds to the member's ledger. Withdrawing the location erases where they are met; withdrawing the use of sensitive
    /// attributes erases those.
    ///
    /// # Errors
    /// A fault of the field `version`.
    pub async fn set_consents(&self, me: MemberId, inputs: Vec<ConsentInput>) -> Result<Vec<Consent>> {
        let core = self.0;
        let changed = core
            .change_member(me, None, |member, now| {
                for input in &inputs {
                    let entry = input.entry(now, "settings")?;
                    let newest = member.consents.iter().rev().find(|known| known.purpose == entry.purpose);
                    // Saying the same again is not news.
                    if newest.is_some_and(|known| known.granted == entry.granted && known.version == entry.version) {
                        continue;
                    }
                    let withdrawn = is_granted(&member.consents, entry.purpose) && !entry.granted;
                    if withdrawn && entry.purpose == Purpose::Location {
                        member.profile.location = None;
                    }
                    if withdrawn && entry.purpose == Purpose::Sensitive {
                        member
                            .profile
                            .attributes
                            .retain(|code, _| core.catalogue.attribute(code).is_none_or(|known| !known.sensitive));
                    }
                    member.consents.push(entry);
                }
                Ok(())
            })
            .await?;
        Ok(changed.value.consents)
    }
}
