//! What of the catalogue a member's own words seem to speak of: offered to them, taken by nobody else.
//!
//! Called by the owner's page. Interests by their spellings, attributes by values that stand in the text. What a clause
//! denies is not suggested, nor what the profile has already, nor anything sensitive.

use std::collections::BTreeMap;

use super::LocalAnalyst;
use super::stem::{Clause, clauses};
use crate::error::Result;
use crate::gpting::Profiles;
use crate::id::MemberId;
use crate::profile::Profile;
use crate::profile::catalogue::{Attribute, AttributeKind, AttributeValue, Catalogue};
use crate::profile::spelling::fold;

/// Korean names of values that are shorter than this say too little.
const SHORTEST: usize = 3;

/// What a member could add to their profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Suggestions {
    /// Codes of interests.
    pub interests: Vec<String>,
    /// Values by the code of their attribute.
    pub attributes: BTreeMap<String, AttributeValue>,
}

impl Profiles<'_> {
    /// What the member's own text suggests to add: for their eyes, and nothing is changed by it.
    ///
    /// # Errors
    /// When there is no such member, or the store fails.
    pub async fn suggestions(&self, me: MemberId) -> Result<Suggestions> {
        let core = self.0;
        let member = core.acting(me).await?.value;
        Ok(suggestions(&member.profile, core.replica.analyst(), &core.catalogue))
    }
}

/// What a profile's text speaks of and its lists do not.
pub(crate) fn suggestions(profile: &Profile, analyst: &LocalAnalyst, catalogue: &Catalogue) -> Suggestions {
    let mut found = Suggestions::default();
    for clause in clauses(&profile.bio, super::READ_CHARS).iter().filter(|clause| !clause.is_negated) {
        for (number, _) in analyst.spellings.found_in(clause) {
            if let Some(interest) = catalogue.interest_by_number(number)
                && !profile.interests.contains(&interest.code)
                && !found.interests.contains(&interest.code)
            {
                found.interests.push(interest.code.clone());
            }
        }
        for attribute in catalogue.attributes().iter().filter(|attribute| !attribute.sensitive) {
            if !profile.attributes.contains_key(&attribute.code)
                && let Some(value) = value(attribute, clause)
            {
                found.attributes.entry(attribute.code.clone()).or_insert(value);
            }
        }
    }
    found
}

/// The value of an attribute that a clause names.
fn value(attribute: &Attribute, clause: &Clause) -> Option<AttributeValue> {
    if let AttributeKind::Number { min, max, unit } = &attribute.kind {
        return measured(clause, unit).filter(|number| (min..=max).contains(&number)).map(AttributeValue::Number);
    }
    let is_named = |name: &str| {
        let name = fold(name);
        let is_word = |word: &String| *word == name;
        // A name like INFP is the same in every language; others have to be long enough to mean one thing.
        if name.is_ascii() {
            name.len() == 4 && name == fold(&name.to_uppercase()) && clause.words.iter().any(is_word)
        } else {
            name.chars().count() >= SHORTEST && clause.words.iter().any(|word| word.starts_with(&name))
        }
    };
    let same =
        |value: &crate::profile::catalogue::ChoiceValue| value.label.ko == value.label.en || !value.label.ko.is_ascii();
    let value = attribute.values.iter().find(|value| same(value) && is_named(&value.label.ko))?;
    Some(match attribute.kind {
        AttributeKind::Choices => AttributeValue::Choices(vec![value.code.clone()]),
        AttributeKind::Choice | AttributeKind::Number { .. } => AttributeValue::Choice(value.code.clone()),
    })
}

/// `175cm`, `175 cm`: a number in front of the unit.
fn measured(clause: &Clause, unit: &str) -> Option<i32> {
    if unit.is_empty() {
        return None;
    }
    let words = &clause.words;
    words.iter().enumerate().find_map(|(at, word)| {
        let digits = word.strip_suffix(unit)?;
        let digits = if digits.is_empty() { words.get(at.checked_sub(1)?)? } else { digits };
        digits.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(bio: &str, interests: &[&str]) -> Suggestions {
        let interests = interests.iter().map(|&code| code.to_owned()).collect();
        let profile = Profile { bio: bio.to_owned(), interests, ..Profile::default() };
        let catalogue = Catalogue::built_in();
        suggestions(&profile, &LocalAnalyst::new(catalogue, 0), catalogue)
    }

    #[test]
    fn interests_and_attributes_are_found_in_the_owners_words() {
        let found = suggested("INFP이고 키는 172cm예요. 헬스랑 러닝, 보드게임 좋아해요! 비흡연자입니다.", &["gym"]);
        assert_eq!(found.interests, ["running", "board_games"]);
        let attributes: Vec<_> = found.attributes.into_iter().collect();
        let choice = |code: &str| AttributeValue::Choice(code.to_owned());
        assert_eq!(
            attributes,
            [
                ("height".to_owned(), AttributeValue::Number(172)),
                ("mbti".to_owned(), choice("infp")),
                ("smoking".to_owned(), choice("never"))
            ]
        );
    }

    #[test]
    fn what_is_denied_or_sensitive_is_not_suggested() {
        assert_eq!(suggested("등산은 싫어해요. I don't like golf", &[]), Suggestions::default());
        assert!(suggested("천주교 신자이고 이슬람교에 관심이 있어요", &[]).attributes.is_empty());
        assert!(suggested("키 900cm", &[]).attributes.is_empty());
    }
}
