//! What a text or a picture can be flagged for: a closed set, with words for whoever moderates. Pure.
//!
//! Called by `rules`, `moderator`, the analyst and the coach; a name that is not here is no flag, whoever says it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lang::Lang;

/// What a text or a picture can be flagged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Flag {
    /// A way to reach somebody elsewhere.
    Contact,
    /// Insults, harassment.
    Insult,
    /// Sexual content or offers.
    Sexual,
    /// Money, investments, pretended love.
    Scam,
    /// A sign that somebody is a minor, or sexual content with one.
    Minor,
    /// Contempt for a group.
    Hate,
    /// A threat.
    Threat,
    /// Violence, gore.
    Violence,
    /// Self-harm.
    SelfHarm,
    /// Help with, or offers of, what the law forbids.
    Illicit,
}

impl Flag {
    /// Every flag.
    pub const ALL: [Self; 10] = [
        Self::Contact,
        Self::Insult,
        Self::Sexual,
        Self::Scam,
        Self::Minor,
        Self::Hate,
        Self::Threat,
        Self::Violence,
        Self::SelfHarm,
        Self::Illicit,
    ];

    /// Those that the reader of profiles is asked for; a change of this list is a new version of its prompt.
    pub(crate) const ASKED: [Self; 5] = [Self::Contact, Self::Insult, Self::Sexual, Self::Scam, Self::Minor];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Insult => "insult",
            Self::Sexual => "sexual",
            Self::Scam => "scam",
            Self::Minor => "minor",
            Self::Hate => "hate",
            Self::Threat => "threat",
            Self::Violence => "violence",
            Self::SelfHarm => "self_harm",
            Self::Illicit => "illicit",
        }
    }

    /// The flag of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flag| flag.as_str() == name)
    }

    /// What whoever moderates reads.
    pub const fn words(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::Contact, Lang::Ko) => "연락처",
            (Self::Contact, Lang::En) => "contact details",
            (Self::Insult, Lang::Ko) => "욕설·괴롭힘",
            (Self::Insult, Lang::En) => "insult or harassment",
            (Self::Sexual, Lang::Ko) => "성적인 내용",
            (Self::Sexual, Lang::En) => "sexual content",
            (Self::Scam, Lang::Ko) => "금전·사기 의심",
            (Self::Scam, Lang::En) => "money, or a scam",
            (Self::Minor, Lang::Ko) => "미성년 의심",
            (Self::Minor, Lang::En) => "a minor, perhaps",
            (Self::Hate, Lang::Ko) => "혐오 표현",
            (Self::Hate, Lang::En) => "hate",
            (Self::Threat, Lang::Ko) => "협박",
            (Self::Threat, Lang::En) => "threat",
            (Self::Violence, Lang::Ko) => "폭력적인 내용",
            (Self::Violence, Lang::En) => "violence",
            (Self::SelfHarm, Lang::Ko) => "자해",
            (Self::SelfHarm, Lang::En) => "self-harm",
            (Self::Illicit, Lang::Ko) => "불법 행위",
            (Self::Illicit, Lang::En) => "something illegal",
        }
    }
}

/// Those flags of a model's answer that there are.
pub(crate) fn read(answer: &Value) -> BTreeSet<Flag> {
    let list = answer["flags"].as_array().into_iter().flatten().filter_map(Value::as_str).take(20);
    list.filter_map(Flag::of).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_read_back_and_others_are_no_flags() {
        for flag in Flag::ALL {
            assert_eq!(
                (Flag::of(flag.as_str()), serde_json::to_value(flag).unwrap()),
                (Some(flag), json!(flag.as_str()))
            );
            assert_ne!(flag.words(Lang::Ko), flag.words(Lang::En));
        }
        assert_eq!(
            read(&json!({ "flags": ["scam", "other", 7, "scam"] })).into_iter().collect::<Vec<_>>(),
            [Flag::Scam]
        );
    }
}
