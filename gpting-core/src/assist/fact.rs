//! Facts that two people share, by code and label, and sentences that name no others. Pure.
//!
//! What both state in closed lists and may see of each other: interests, and public attributes with the same value. A sentence
//! of a model is held against every label there is: whatever it names must be among the given.

use super::scrub::{scrub, visible};
use crate::lang::Lang;
use crate::profile::Member;
use crate::profile::catalogue::{AttributeValue, Catalogue, Label, Visibility};

/// Most facts that are told of two people.
const MOST: usize = 6;
/// Longest sentence, in characters.
const LONGEST: usize = 120;

/// Labels of values that are everyday words: naming them names no fact.
const EVERYDAY: [&str; 34] = [
    "yes",
    "no",
    "none",
    "one",
    "maybe",
    "other",
    "several",
    "never",
    "rarely",
    "sometimes",
    "often",
    "very often",
    "regularly",
    "socially",
    "daily",
    "weekly",
    "average",
    "anything",
    "fit",
    "large",
    "looking for",
    "two or more",
    "friends",
    "dating",
    "있음",
    "없음",
    "기타",
    "보통",
    "가끔",
    "자주",
    "원함",
    "매일",
    "친구",
    "1명",
];

/// Something two people share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    /// `interest.<code>` or `attribute.<code>.<value>`.
    pub(crate) code: String,
    /// What people call it.
    pub(crate) label: Label,
}

/// What two people share, interests first, in the order in which the first of them states it.
pub(crate) fn facts_between(one: &Member, other: &Member, catalogue: &Catalogue) -> Vec<Fact> {
    let shared = one.profile.interests.iter().filter(|code| other.profile.interests.contains(code));
    let interests = shared.filter_map(|code| catalogue.interest(code));
    let interests =
        interests.map(|known| Fact { code: format!("interest.{}", known.code), label: known.label.clone() });
    let attributes = one.profile.attributes.iter().filter_map(|(code, value)| {
        let known = catalogue.attribute(code)?;
        let AttributeValue::Choice(choice) = value else { return None };
        let is_open = known.visibility == Visibility::Public && !known.sensitive;
        let value = known.value(choice).filter(|_| is_open && other.profile.attributes.get(code) == Some(value))?;
        Some(Fact { code: format!("attribute.{code}.{choice}"), label: value.label.clone() })
    });
    interests.chain(attributes).take(MOST).collect()
}

/// What may be said about some facts in a language.
pub(crate) struct Spoken {
    given: Vec<String>,
    others: Vec<String>,
}

impl Spoken {
    /// The labels of given facts, and those of all others.
    pub(crate) fn new(facts: &[Fact], catalogue: &Catalogue, lang: Lang) -> Self {
        let fold = |text: &str| visible(text).to_lowercase();
        let mut given: Vec<String> = facts.iter().map(|fact| fold(fact.label.text(lang))).collect();
        for interest in
            catalogue.interests().filter(|known| given.contains(&fold(known.label.text(lang)))).collect::<Vec<_>>()
        {
            given.extend(interest.aliases.iter().map(|alias| fold(alias)));
        }
        let interests = catalogue
            .interests()
            .flat_map(|known| std::iter::once(known.label.text(lang)).chain(known.aliases.iter().map(String::as_str)));
        let attributes = catalogue.attributes().iter().flat_map(|known| {
            let values = known.values.iter().map(|value| value.label.text(lang));
            std::iter::once(known.label.text(lang)).chain(values)
        });
        let mut others: Vec<String> = interests.chain(attributes).map(fold).collect();
        others
            .retain(|label| label.chars().count() > 1 && !given.contains(label) && !EVERYDAY.contains(&label.as_str()));
        // The longest first: a given label may hold another one.
        given.sort_by_key(|label| std::cmp::Reverse(label.len()));
        Self { given, others }
    }

    /// A sentence as it may be shown; none when it names what was not given, could reach somebody, is empty or too long.
    pub(crate) fn sentence(&self, raw: &str) -> Option<String> {
        let text = visible(raw);
        let fits = (2..=LONGEST).contains(&text.chars().count());
        if !fits || scrub(&text, LONGEST, &[]) != text || text.contains(['<', '>', '{', '}', '[', ']', '`', '\\']) {
            return None;
        }
        let mut rest = text.to_lowercase();
        for label in &self.given {
            rest = rest.replace(label.as_str(), "\u{1}");
        }
        (!self.others.iter().any(|label| names(&rest, label))).then_some(text)
    }

    /// Whether a sentence names one of the given facts.
    pub(crate) fn names_a_fact(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.given.iter().any(|label| names(&text, label))
    }
}

/// Whether a text holds a label; of letters with word ends on both sides, since tea is not in teammate.
fn names(text: &str, label: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric();
    text.match_indices(label).any(|(at, _)| {
        let before = text[..at].chars().next_back().is_some_and(is_letter);
        let after = text[at + label.len()..].chars().next().is_some_and(is_letter);
        !label.is_ascii() || !(before || after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(lang: Lang) -> Spoken {
        let catalogue = Catalogue::built_in();
        let label = catalogue.interest("hiking").unwrap().label.clone();
        Spoken::new(&[Fact { code: "interest.hiking".to_owned(), label }], catalogue, lang)
    }

    #[test]
    fn a_sentence_names_given_facts_and_no_others() {
        let (ko, en) = (spoken(Lang::Ko), spoken(Lang::En));
        for good in ["등산 좋아하신다니 반가워요!", "최근에 다녀온 곳 중 어디가 제일 좋았어요?"]
        {
            assert_eq!(ko.sentence(good).as_deref(), Some(good));
        }
        for good in ["Which trail made you love hiking?", "My teammate says hello, how was your week?"] {
            assert_eq!(en.sentence(good).as_deref(), Some(good));
        }
        for bad in ["와인도 좋아하세요?", "종교가 같으시네요", "카톡 minjilove로 연락 주세요", "", "가"]
        {
            assert_eq!(ko.sentence(bad), None, "{bad}");
        }
        for bad in [
            "You both like wine",
            "Text me at 010-1234-5678",
            "See https://evil.example",
            "<b>hi</b> hiking",
            "x".repeat(121).as_str(),
        ] {
            assert_eq!(en.sentence(bad), None, "{bad}");
        }
        assert!(en.names_a_fact("So, Hiking?") && !en.names_a_fact("hitchhikings"));
    }
}
