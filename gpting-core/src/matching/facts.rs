//! What a person says about themselves and asks of others, packed into one allocation.
//!
//! Written by `population` at upsert, read by `eligibility` (dealbreakers) and `score` (interests, tastes): one pointer to
//! follow per candidate instead of one per list. Layout in 16-bit words: lengths of the five lists, then interests,
//! (attribute, value) pairs, dealbreakers, tastes, answers; a rule is attribute, strength, number of values, values.
//! Invariant: every list is sorted and free of duplicates, so equal people are equal words.

use std::sync::Arc;

use super::question::packed::{Packed, WORDS};
use super::{AttributeRule, EngineError, Person, Strength};

const HEADER: usize = 5;

/// Packs the lists of a person.
///
/// # Errors
/// A list too long, a rule without values, or two rules of the same attribute and strength.
pub(super) fn pack(person: &Person) -> Result<Arc<[u16]>, EngineError> {
    let mut interests = person.interests.clone();
    interests.sort_unstable();
    interests.dedup();
    at_most("interests", interests.len(), Person::MAX_INTERESTS)?;

    let mut attributes = person.attributes.clone();
    attributes.sort_unstable();
    attributes.dedup();
    at_most("attributes", attributes.len(), Person::MAX_ATTRIBUTES)?;

    at_most("rules", person.wants.rules.len(), Person::MAX_RULES)?;
    let mut rules: Vec<&AttributeRule> = person.wants.rules.iter().collect();
    rules.sort_by_key(|rule| (rule.attribute, rule.strength));
    if let Some(pair) =
        rules.windows(2).find(|pair| pair[0].attribute == pair[1].attribute && pair[0].strength == pair[1].strength)
    {
        return Err(EngineError::DuplicateRule { attribute: pair[0].attribute });
    }
    let (mut hard, mut soft) = (Vec::new(), Vec::new());
    for rule in rules {
        let mut values = rule.values.clone();
        values.sort_unstable();
        values.dedup();
        at_most("values of a rule", values.len(), Person::MAX_RULE_VALUES)?;
        if values.is_empty() {
            return Err(EngineError::EmptyRule { attribute: rule.attribute });
        }
        let list = if rule.strength.is_dealbreaker() { &mut hard } else { &mut soft };
        list.extend([rule.attribute, rule.strength as u16, values.len() as u16]);
        list.extend(values);
    }

    let answers = person.answers.len();
    at_most("answers", answers, Person::MAX_ANSWERS)?;

    let lengths = [interests.len(), 2 * attributes.len(), hard.len(), soft.len(), WORDS * answers];
    let lists = lengths.map(|length| length as u16).into_iter().chain(interests);
    let attributes = attributes.into_iter().flat_map(|(attribute, value)| [attribute, value]);
    Ok(lists.chain(attributes).chain(hard).chain(soft).chain(person.answers.words()).collect())
}

fn at_most(what: &'static str, len: usize, max: usize) -> Result<(), EngineError> {
    if len > max { Err(EngineError::TooMany { what, len, max }) } else { Ok(()) }
}

/// The packed lists of one person, read in place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a>(&'a [u16]);

impl<'a> Facts<'a> {
    /// No lists at all.
    pub(super) const NONE: Facts<'static> = Facts(&[0; HEADER]);

    pub(super) fn new(words: &'a [u16]) -> Self {
        Self(words)
    }

    /// Whether the words are lists that [`pack`] could have made, but for the order of rules.
    pub(super) fn are_sound(words: &[u16]) -> bool {
        let Some((header, lists)) = words.split_at_checked(HEADER) else { return false };
        let total: usize = header.iter().map(|&len| usize::from(len)).sum();
        let rules_are_sound = |mut rules: &[u16], strengths: [u16; 2]| {
            while let [_, strength, len, rest @ ..] = rules {
                match rest.split_at_checked(usize::from(*len)) {
                    Some((_, after)) if *len > 0 && strengths.contains(strength) => rules = after,
                    Some(_) | None => return false,
                }
            }
            rules.is_empty()
        };
        total == lists.len() && header[1] % 2 == 0 && {
            let facts = Facts(words);
            facts.interests().is_sorted_by(|a, b| a < b)
                && facts.attributes().is_sorted_by(|a, b| a < b)
                && rules_are_sound(facts.list(2), [0, 1])
                && rules_are_sound(facts.list(3), [2, 3])
                && Packed::are_sound(facts.list(4))
        }
    }

    /// Sorted interests.
    #[inline]
    pub(super) fn interests(self) -> &'a [u16] {
        self.list(0)
    }

    /// Sorted (attribute, value) pairs.
    #[inline]
    pub(super) fn attributes(self) -> &'a [[u16; 2]] {
        self.list(1).as_chunks().0
    }

    /// Dealbreakers, by attribute.
    #[inline]
    pub(super) fn dealbreakers(self) -> Rules<'a> {
        Rules(self.list(2))
    }

    /// Preferences and aversions, by attribute.
    #[inline]
    pub(super) fn tastes(self) -> Rules<'a> {
        Rules(self.list(3))
    }

    /// Answers to questions.
    #[inline]
    pub(super) fn answers(self) -> Packed<'a> {
        Packed::new(self.list(4))
    }

    /// The most that the tastes add to the logit of liking somebody.
    pub(super) fn most_of_tastes(self, weight: f64) -> f64 {
        let (mut all, mut liked) = (0_u32, 0_u32);
        for rule in self.tastes() {
            all += 1;
            liked += u32::from(rule.strength == Strength::Prefer);
        }
        if liked == 0 { 0.0 } else { weight * f64::from(liked) / f64::from(all).sqrt() }
    }

    #[inline]
    fn list(self, which: usize) -> &'a [u16] {
        let start = HEADER + self.0[..which].iter().map(|&len| usize::from(len)).sum::<usize>();
        &self.0[start..start + usize::from(self.0[which])]
    }
}

/// Iterator over packed rules.
#[derive(Debug, Clone)]
pub(super) struct Rules<'a>(&'a [u16]);

impl<'a> Iterator for Rules<'a> {
    type Item = Rule<'a>;

    #[inline]
    fn next(&mut self) -> Option<Rule<'a>> {
        let [attribute, strength, len, rest @ ..] = self.0 else {
            return None;
        };
        let (values, rest) = rest.split_at(usize::from(*len));
        self.0 = rest;
        let strength = match strength {
            0 => Strength::Must,
            1 => Strength::Never,
            2 => Strength::Prefer,
            _ => Strength::Avoid,
        };
        Some(Rule { attribute: *attribute, strength, values })
    }
}

/// One packed rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule<'a> {
    pub(super) attribute: u16,
    pub(super) strength: Strength,
    values: &'a [u16],
}

impl Rule<'_> {
    /// The smallest of the person's values that the rule speaks of.
    #[inline]
    pub(super) fn hit(self, person: Facts<'_>) -> Option<u16> {
        person
            .attributes()
            .iter()
            .find(|[attribute, value]| *attribute == self.attribute && self.values.contains(value))
            .map(|[_, value]| *value)
    }

    /// Whether a dealbreaker admits the person. A taste admits everybody.
    #[inline]
    pub(super) fn admits(self, person: Facts<'_>) -> bool {
        match self.strength {
            Strength::Must => self.hit(person).is_some(),
            Strength::Never => self.hit(person).is_none(),
            Strength::Prefer | Strength::Avoid => true,
        }
    }
}
