//! A member as the engine knows them: codes become numbers, wishes become rules.
//!
//! Called by [`super::replica`] for every member that changes, and by the parser of preferences, so that a wish that
//! cannot be turned into a rule is refused when it is stated. Pure.

use super::{AttributeRule, Cell, Emphases, Emphasis, Gender, Genders, Person, Strength, Wants};
use crate::assist::Embedding;
use crate::assist::local::LocalAnalyst;
use crate::assist::signal;
use crate::assist::topic::Topics;
use crate::profile::answer::engine_answers;
use crate::profile::catalogue::{AttributeKind, Catalogue};
use crate::profile::{AttributeWish, Member, PreferenceWeights, Profile, WeightLevel, WishStrength, parse_gender};
use crate::safety::age::day;
use crate::safety::{Purpose, is_granted};

/// The engine's row of a member; none of somebody who has not said enough to be met. Whoever is hidden is there and takes
/// no part: what they did, and what was done to them, is not forgotten. With `topics` they bring what was derived of them, with
/// an `embedder` what this model made of their text, behind the numbers of the local analyst.
pub(crate) fn person(
    member: &Member,
    catalogue: &Catalogue,
    analyst: &LocalAnalyst,
    embedder: Option<&str>,
    topics: Option<&Topics>,
) -> Option<Person> {
    let profile = &member.profile;
    let (gender, born) = (profile.gender?, profile.birth_date?);
    let mut person = Person::born(gender, day(born))
        .active(member.is_visible())
        .verified(member.verified)
        .wants(wants(member, catalogue));
    if let Some(location) = &profile.location
        && let Ok(cell) = Cell::try_from(location.cell())
    {
        person = person.at(cell);
    }
    let interests: Vec<u16> =
        profile.interests.iter().filter_map(|code| Some(catalogue.interest(code)?.number)).collect();
    let sensitive_allowed = is_granted(&member.consents, Purpose::Sensitive);
    let mut attributes: Vec<(u16, u16)> = Vec::new();
    for (code, value) in &profile.attributes {
        if let Some(attribute) = catalogue.attribute(code)
            && (!attribute.sensitive || sensitive_allowed)
        {
            attributes.extend(attribute.engine_values(value).into_iter().map(|value| (attribute.number, value)));
        }
    }
    if let Some(topics) = topics.filter(|_| !member.derived.is_empty()) {
        attributes.extend(signal::attributes(&member.derived, topics, attributes.len()));
    }
    let answers = engine_answers(&member.answers, catalogue, sensitive_allowed);
    let emphases = emphases(member.preferences.weights);
    let person = person.interests(&interests).attributes(&attributes).answers(answers).emphases(emphases);
    let mut content = content(profile, catalogue, analyst);
    if let Some(model) = embedder {
        Embedding::write(member.derived.embedding.as_ref(), model, &mut content);
    }
    Some(if content.is_empty() { person } else { person.content(&content) })
}

/// What the text and the interests speak of, which everybody may read.
fn content(profile: &Profile, catalogue: &Catalogue, analyst: &LocalAnalyst) -> Vec<f32> {
    let interests = profile.interests.iter().filter_map(|code| catalogue.interest(code));
    let named = interests.map(|interest| interest.label.ko.as_str());
    analyst.vector_of([profile.bio.as_str()].into_iter().chain(named))
}

fn wants(member: &Member, catalogue: &Catalogue) -> Wants {
    let preferences = &member.preferences;
    let genders: Genders = preferences.genders.iter().filter_map(|letter| parse_gender(letter)).collect::<Genders>();
    let mut wants = Wants { genders, ..Wants::new(Gender::M) };
    wants.age_min = preferences.age_min;
    wants.age_max = preferences.age_max;
    wants.max_distance_km = preferences.max_distance_km;
    wants.rules = preferences.attributes.iter().filter_map(|wish| rule(wish, catalogue)).collect();
    wants
}

fn emphases(weights: PreferenceWeights) -> Emphases {
    let level = |level| match level {
        WeightLevel::Off => Emphasis::Off,
        WeightLevel::Low => Emphasis::Low,
        WeightLevel::Normal => Emphasis::Normal,
        WeightLevel::High => Emphasis::High,
    };
    Emphases {
        distance: level(weights.distance),
        age: level(weights.age),
        interests: level(weights.interests),
        attributes: level(weights.attributes),
        questions: level(weights.questions),
    }
}

fn rule(wish: &AttributeWish, catalogue: &Catalogue) -> Option<AttributeRule> {
    let attribute = catalogue.attribute(&wish.attribute)?.number;
    let strength = match wish.strength {
        WishStrength::Must => Strength::Must,
        WishStrength::Prefer => Strength::Prefer,
        WishStrength::Avoid => Strength::Avoid,
        WishStrength::Never => Strength::Never,
    };
    Some(AttributeRule { attribute, values: engine_values(wish, catalogue)?, strength })
}

/// The values a wish speaks of as the engine's numbers; none when one of them does not exist.
///
/// Values of a numeric attribute are written `"min..max"` (both inclusive, either may be missing) or as one number.
pub(crate) fn engine_values(wish: &AttributeWish, catalogue: &Catalogue) -> Option<Vec<u16>> {
    let attribute = catalogue.attribute(&wish.attribute)?;
    let mut values = Vec::new();
    for value in &wish.values {
        if let AttributeKind::Number { min, max, .. } = attribute.kind {
            let (low, high) = match value.split_once("..") {
                Some((low, high)) => (bound(low, min)?, bound(high, max)?),
                None => (bound(value, min)?, bound(value, max)?),
            };
            if low > high || low < min || high > max {
                return None;
            }
            values.extend((low..=high).filter_map(|number| u16::try_from(number).ok()));
        } else {
            values.push(attribute.value(value)?.number);
        }
    }
    Some(values)
}

fn bound(text: &str, missing: i32) -> Option<i32> {
    if text.trim().is_empty() { Some(missing) } else { text.trim().parse().ok() }
}
