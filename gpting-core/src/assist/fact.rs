//! Facts that two people share, by code and label, and sentences that name no others. Pure.
//!
//! What both state in closed lists and may see of each other: interests, and public attributes with the same value. A sentence
//! of a model is held against every label there is: whatever it names must be among the given.

use std::ops::Range;

use super::local::stem::{is_hangul, is_particle};
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
        Self { given, others }
    }

    /// A sentence as it may be shown; none when it names what was not given, could reach somebody, is empty or too long.
    pub(crate) fn sentence(&self, raw: &str) -> Option<String> {
        let text = visible(raw);
        let fits = (2..=LONGEST).contains(&text.chars().count());
        if !fits || scrub(&text, LONGEST, &[]) != text || text.contains(['<', '>', '{', '}', '[', ']', '`', '\\']) {
            return None;
        }
        let folded = text.to_lowercase();
        let given: Vec<Range<usize>> = self.given.iter().flat_map(|label| words_of(&folded, label)).collect();
        // Inside a given one another label is no fact of its own; around it, or over its end, it is.
        let is_inside =
            |part: &Range<usize>| given.iter().any(|whole| whole.start <= part.start && part.end <= whole.end);
        let names_other = self.others.iter().any(|label| traces_of(&folded, label).any(|part| !is_inside(&part)));
        (!names_other).then_some(text)
    }

    /// Whether a sentence names one of the given facts.
    pub(crate) fn names_a_fact(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.given.iter().any(|label| words_of(&text, label).next().is_some())
    }
}

/// Where a text may name a label: rather too often than too seldom. One of letters has its word ends on both sides, since
/// tea is not in teammate; a Korean one may stand in the middle of a word.
fn traces_of<'a>(text: &'a str, label: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    text.match_indices(label).map(|(at, found)| at..at + found.len()).filter(move |part| {
        let before = text[..part.start].chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric());
        let after = text[part.end..].chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
        !label.is_ascii() || !(before || after)
    })
}

/// Where a text does name a label: as a word, or the beginning of one.
///
/// Korean hangs particles and other nouns right behind a noun (등산을, 등산모임). One syllable begins too many other words for
/// that (책 is not in 책상): behind it only a particle counts. Neither is named where it ends another word (책 in 산책).
fn words_of<'a>(text: &'a str, label: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let is_syllable = label.chars().count() == 1 && label.chars().all(is_hangul);
    let begins_in_latin = label.starts_with(|c: char| c.is_ascii());
    traces_of(text, label).filter(move |part| {
        let inside = |c: char| if begins_in_latin { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() };
        let rest = &text[part.end..];
        let rest = &rest[..rest.find(|c: char| !is_hangul(c)).unwrap_or(rest.len())];
        let ends = !is_syllable || rest.is_empty() || label.chars().all(|last| is_particle(rest, last));
        ends && !text[..part.start].ends_with(inside)
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

    /// What may be said of people who share one interest.
    fn sharing(code: &str, lang: Lang) -> Spoken {
        let catalogue = Catalogue::built_in();
        let label = catalogue.interest(code).unwrap().label.clone();
        Spoken::new(&[Fact { code: format!("interest.{code}"), label }], catalogue, lang)
    }

    #[test]
    fn a_given_label_hides_nothing_that_only_holds_it() {
        for (code, bad) in [
            ("reading", "산책 자주 하세요?"),        // 책, an alias, ends another word
            ("reading", "독서 모임 나가 보셨어요?"), // a longer label begins with it
            ("skiing", "위스키도 좋아하세요?"),
            ("coffee", "필라테스 얼마나 하셨어요?"),
            ("singing", "노래방 자주 가세요?"),
            ("movies", "공포 영화 같이 볼까요?"),
            ("tea", "자동차 좋아하세요?"),
            ("tea", "차박 가 보셨어요?"),
        ] {
            assert_eq!(sharing(code, Lang::Ko).sentence(bad), None, "{code}: {bad}");
        }
        for (code, good) in [
            ("reading", "요즘 어떤 책을 읽으세요?"),
            ("reading", "책상 앞에 오래 앉아 계세요?"),
            ("whisky", "위스키는 어떻게 드세요?"), // holds 스키, which is another one
            ("book_club", "독서 모임에서 뭘 읽으셨어요?"),
            ("horror", "공포 영화 잘 보세요?"),
            ("walking", "밤에 산책하는 거 좋아하세요?"),
        ] {
            assert_eq!(sharing(code, Lang::Ko).sentence(good).as_deref(), Some(good), "{code}");
        }
        assert_eq!(sharing("tennis", Lang::En).sentence("Do you play table tennis?"), None);
        assert!(sharing("table_tennis", Lang::En).sentence("Do you play table tennis?").is_some());
        let (reading, tea) = (sharing("reading", Lang::Ko), sharing("tea", Lang::Ko));
        for text in ["책 이야기", "책을 좋아하시네요", "책이에요", "독서모임 말고 독서도", "좋은책방 말고 서점에서"]
        {
            assert!(reading.names_a_fact(text), "{text}");
        }
        for text in ["산책을 좋아하시네요", "책상이 좋네요"] {
            assert!(!reading.names_a_fact(text), "{text}");
        }
        assert!(tea.names_a_fact("차를 좋아하시네요") && !tea.names_a_fact("차가운 물이네요"));
        assert!(!tea.names_a_fact("차이를 좋아하시네요"), "a particle agrees with what it hangs on");
    }
}
