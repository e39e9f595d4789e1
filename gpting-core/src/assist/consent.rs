//! What may be done with whose words: consents, and whether the model is abroad. Pure.
//!
//! Asked before anything is read for a model, and again in the commit that keeps what came of it.

use super::finding::Aspect;
use super::moderator::Reach;
use crate::config::AssistConfig;
use crate::profile::{Member, Standing};
use crate::safety::{Purpose, is_granted};

/// Whether a member's own profile may be read to the model now.
pub(crate) fn may_read_profile(member: &Member, config: &AssistConfig) -> bool {
    member.standing == Standing::Active && agrees(member, Purpose::ProfileAnalysis, config)
}

/// Whether a member's part in conversations may be read now; both who talk have to agree.
pub(crate) fn may_read_conversations(member: &Member, config: &AssistConfig) -> bool {
    member.standing == Standing::Active && agrees(member, Purpose::ConversationAnalysis, config)
}

/// Whether what was derived for a purpose may stay after a change of the member.
///
/// An instance without a model does not know where the one is whose work this was: there the consent to the transfer counts
/// only when it is this change that takes it back.
pub(crate) fn keeps(before: &Member, after: &Member, purpose: Purpose, has_model: bool, config: &AssistConfig) -> bool {
    if has_model {
        return agrees(after, purpose, config);
    }
    let granted = |member: &Member, purpose| is_granted(&member.consents, purpose);
    let transfer = Purpose::TransferAbroad;
    let takes_back = config.model_is_abroad && granted(before, transfer) && !granted(after, transfer);
    granted(after, purpose) && !takes_back
}

/// The consent without which what a moderator outside this process is shown does not leave.
pub(crate) const fn purpose_of(aspect: Aspect) -> Purpose {
    match aspect {
        Aspect::Bio => Purpose::ProfileAnalysis,
        Aspect::Photo => Purpose::PhotoAnalysis,
        Aspect::FirstMessage => Purpose::ConversationAnalysis,
    }
}

/// Whether a moderator may be shown something of a member now; of a message both who talk have to agree.
pub(crate) fn may_be_looked_at(member: &Member, aspect: Aspect, reach: Reach) -> bool {
    let granted = |purpose| is_granted(&member.consents, purpose);
    match reach {
        Reach::Process => true,
        Reach::Country => member.standing == Standing::Active && granted(purpose_of(aspect)),
        Reach::Abroad => {
            member.standing == Standing::Active && granted(purpose_of(aspect)) && granted(Purpose::TransferAbroad)
        }
    }
}

/// Whether a change of a member takes back what a moderator was shown by: the consent to the looking, or to the transfer, unless
/// the moderator is known to be in the country.
pub(crate) fn takes_back(before: &Member, after: &Member, aspect: Aspect, reach: Option<Reach>) -> bool {
    let taken = |purpose| is_granted(&before.consents, purpose) && !is_granted(&after.consents, purpose);
    taken(purpose_of(aspect)) || (reach != Some(Reach::Country) && taken(Purpose::TransferAbroad))
}

fn agrees(member: &Member, purpose: Purpose, config: &AssistConfig) -> bool {
    let granted = |purpose| is_granted(&member.consents, purpose);
    granted(purpose) && (!config.model_is_abroad || granted(Purpose::TransferAbroad))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MemberId;
    use crate::profile::{Preferences, Profile};
    use crate::safety::Consent;

    fn member(purposes: &[(Purpose, bool)]) -> Member {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let entry = |(purpose, granted): &(Purpose, bool)| Consent {
            purpose: *purpose,
            version: "1".to_owned(),
            granted: *granted,
            at,
            source: "settings".to_owned(),
        };
        Member {
            id: MemberId::new(1).unwrap(),
            host: None,
            source: None,
            standing: Standing::Active,
            verified: false,
            created_at: at,
            last_active: at,
            profile: Profile::default(),
            preferences: Preferences::default(),
            answers: std::collections::BTreeMap::default(),
            consents: purposes.iter().map(entry).collect(),
            derived: super::super::Derived::default(),
            visibility: crate::profile::Visibility::default(),
        }
    }

    #[test]
    fn nothing_is_read_without_its_own_consent_and_nothing_goes_abroad_without_that() {
        use Purpose::{ConversationAnalysis, ProfileAnalysis, TransferAbroad};
        let abroad = AssistConfig::default();
        let at_home = AssistConfig { model_is_abroad: false, ..AssistConfig::default() };
        assert!(abroad.model_is_abroad, "what is not known to be at home is abroad");
        for (given, profile, conversations, profile_at_home, conversations_at_home) in [
            (&[][..], false, false, false, false),
            (&[(ProfileAnalysis, true)][..], false, false, true, false),
            (&[(ProfileAnalysis, true), (TransferAbroad, true)], true, false, true, false),
            (&[(ConversationAnalysis, true), (TransferAbroad, true)], false, true, false, true),
            (&[(TransferAbroad, true)], false, false, false, false),
            (&[(ProfileAnalysis, true), (TransferAbroad, true), (TransferAbroad, false)], false, false, true, false),
            (&[(ProfileAnalysis, true), (ProfileAnalysis, false), (TransferAbroad, true)], false, false, false, false),
        ] {
            let member = member(given);
            assert_eq!(may_read_profile(&member, &abroad), profile, "{given:?}");
            assert_eq!(may_read_conversations(&member, &abroad), conversations, "{given:?}");
            assert_eq!(may_read_profile(&member, &at_home), profile_at_home, "{given:?}");
            assert_eq!(may_read_conversations(&member, &at_home), conversations_at_home, "{given:?}");
        }
        let gone =
            Member { standing: Standing::Deactivated, ..member(&[(ProfileAnalysis, true), (TransferAbroad, true)]) };
        assert!(!may_read_profile(&gone, &abroad));
    }
}
