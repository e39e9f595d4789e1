//! The made-up members: who each of them is follows from its number and the seed.
//!
//! Called by the demo before it serves; calls the core's own parsers, so that nothing gets in which the API would refuse.
//! Two in three speak Korean, one in three English. Places are those of the gazetteer, half of them in and around Seoul.

use std::collections::BTreeMap;

use gpting_core::config::Config;
use gpting_core::id::MemberId;
use gpting_core::lang::Lang;
use gpting_core::matching::Gender;
use gpting_core::profile::catalogue::{Attribute, AttributeKind, Catalogue};
use gpting_core::profile::gazetteer::{Gazetteer, Place, PlaceKind};
use gpting_core::profile::place::Location;
use gpting_core::profile::{
    Answer, Importance, Member, Preferences, PreferencesEdit, ProfileEdit, Standing, Visibility,
};
use gpting_core::{Error, SystemRng};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use super::super::import::draw::Draw;
use super::super::import::nickname;
use super::{SOURCE, draw, one, phrases};

/// English names of nobody: a mood and an animal.
const MOODS: [&str; 20] = [
    "Sleepy", "Brave", "Quiet", "Curious", "Gentle", "Lucky", "Sunny", "Witty", "Calm", "Dancing", "Humming", "Merry",
    "Cosy", "Bright", "Dreamy", "Nimble", "Patient", "Breezy", "Jolly", "Mellow",
];
const ANIMALS: [&str; 20] = [
    "Otter", "Whale", "Fox", "Hedgehog", "Penguin", "Squirrel", "Owl", "Deer", "Rabbit", "Turtle", "Dolphin", "Crane",
    "Magpie", "Seal", "Panda", "Koala", "Alpaca", "Bear", "Swallow", "Hamster",
];
/// Where people live: what a place's code begins with, and the share of all.
const REGIONS: [(&str, f64); 6] =
    [("seoul-", 0.42), ("gyeonggi-", 0.18), ("incheon-", 0.06), ("busan-", 0.10), ("daegu-", 0.05), ("", 0.19)];

/// The key by which the member with this number is found again.
pub(super) fn source(number: u32) -> String {
    format!("{SOURCE}{number}")
}

/// The language that a made-up member writes in.
pub(super) fn language(source: &str, seed: u64) -> Lang {
    if draw(seed, source, "language").unit() < 0.67 { Lang::Ko } else { Lang::En }
}

/// The members with the numbers 1 to `count`.
///
/// # Errors
/// When the catalogue or the limits allow no such people.
pub(super) fn made_up(
    count: u32,
    seed: u64,
    catalogue: &Catalogue,
    config: &Config,
    now: Timestamp,
) -> Result<Vec<Member>, Error> {
    (1..=count).map(|number| member(number, seed, catalogue, config, now)).collect()
}

fn member(number: u32, seed: u64, catalogue: &Catalogue, config: &Config, now: Timestamp) -> Result<Member, Error> {
    let key = source(number);
    let lang = language(&key, seed);
    let mut chance = draw(seed, &key, "person");
    let gender = [Gender::F, Gender::M, Gender::O][chance.weighted([0.49, 0.48, 0.03].into_iter())];
    // More people in their late twenties than in their forties.
    let age = 20 + chance.below(14) + chance.below(14);
    let interests = interests(&mut draw(seed, &key, "interests"), catalogue, config);
    let attributes = attributes(&mut draw(seed, &key, "attributes"), catalogue, gender, lang);
    let labels: Vec<&str> = interests
        .iter()
        .filter_map(|code| catalogue.interest(code))
        .map(|interest| interest.label.text(lang))
        .collect();
    let edit = ProfileEdit {
        nickname: Some(nickname(seed, &key, lang)),
        bio: Some(phrases::bio(&mut draw(seed, &key, "bio"), &labels, lang)),
        gender: Some(gpting_core::profile::gender_letter_of(gender).to_owned()),
        birth_date: Some(birth_date(&mut chance, age, now)),
        interests: Some(interests),
        attributes: Some(attributes),
    };
    let mut profile = edit.into_profile(catalogue, config, now)?;
    profile.location = place(&mut draw(seed, &key, "place"));
    let preferences = preferences(&mut draw(seed, &key, "wishes"), gender, age, catalogue, config)?;
    Ok(Member {
        id: MemberId::draw(&SystemRng),
        host: None,
        answers: answers(&mut draw(seed, &key, "answers"), catalogue),
        source: Some(key),
        standing: Standing::Active,
        verified: false,
        created_at: now,
        last_active: now,
        profile,
        preferences,
        consents: Vec::new(),
        derived: gpting_core::assist::Derived::default(),
        visibility: Visibility::default(),
    })
}

fn nickname(seed: u64, key: &str, lang: Lang) -> String {
    match lang {
        Lang::Ko => {
            let made_up = nickname::made_up(&format!("{seed}/{key}"));
            let name = made_up.rsplit_once(' ').map_or(made_up.as_str(), |(name, _number)| name);
            format!("{name} (데모)")
        }
        Lang::En => {
            let mut chance = draw(seed, key, "nickname");
            format!("{} {} (demo)", one(&mut chance, &MOODS), one(&mut chance, &ANIMALS))
        }
    }
}

/// A day on which somebody was born who is as old today.
fn birth_date(chance: &mut Draw, age: usize, now: Timestamp) -> String {
    let years = i64::try_from(age).unwrap_or(30);
    let days = i64::try_from(chance.between(2, 360)).unwrap_or(2);
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    today.saturating_sub(years.years()).saturating_sub(days.days()).to_string()
}

fn interests(chance: &mut Draw, catalogue: &Catalogue, config: &Config) -> Vec<String> {
    let mut codes: Vec<&str> = catalogue.interests().map(|interest| interest.code.as_str()).collect();
    let wanted = chance.between(4, 8).min(codes.len()).min(config.limits.interests);
    (0..wanted).map(|_| codes.swap_remove(chance.below(codes.len())).to_owned()).collect()
}

/// Two in three attributes, none of the sensitive ones.
fn attributes(chance: &mut Draw, catalogue: &Catalogue, gender: Gender, lang: Lang) -> BTreeMap<String, Value> {
    let mut stated = BTreeMap::new();
    for attribute in catalogue.attributes().iter().filter(|attribute| !attribute.sensitive) {
        if chance.unit() < 0.66 {
            stated.insert(attribute.code.clone(), value(chance, attribute, gender, lang));
        }
    }
    stated
}

fn value(chance: &mut Draw, attribute: &Attribute, gender: Gender, lang: Lang) -> Value {
    let codes: Vec<&str> = attribute.values.iter().map(|value| value.code.as_str()).collect();
    match (attribute.code.as_str(), &attribute.kind) {
        ("height", AttributeKind::Number { min, max, .. }) => {
            let middle = match gender {
                Gender::M => 174.0,
                Gender::F => 162.0,
                Gender::O => 168.0,
            };
            // Far within the range of whole numbers.
            #[expect(clippy::cast_possible_truncation, reason = "a height in centimetres")]
            let height = (middle + 5.5 * chance.normal()).round() as i32;
            json!(height.clamp(*min, *max))
        }
        (_, AttributeKind::Number { min, max, .. }) => {
            let width = usize::try_from(max - min).unwrap_or(0);
            json!(i64::from(*min) + i64::try_from(chance.between(0, width)).unwrap_or(0))
        }
        ("languages", AttributeKind::Choices) if codes.contains(&"korean") && codes.contains(&"english") => {
            match lang {
                Lang::Ko if chance.unit() < 0.6 => json!(["korean"]),
                Lang::Ko | Lang::En => json!(["korean", "english"]),
            }
        }
        ("children" | "marital_status", AttributeKind::Choice) if chance.unit() < 0.9 => json!(codes[0]),
        ("pets", AttributeKind::Choices) => json!([one(chance, &codes)]),
        (_, AttributeKind::Choices) => {
            let first = chance.below(codes.len());
            json!(codes.iter().skip(first).take(2).collect::<Vec<_>>())
        }
        (_, AttributeKind::Choice) => json!(one(chance, &codes)),
    }
}

/// Answers to half of the questions that are not sensitive. The own answer is accepted, and often others; nothing is
/// demanded so hard that a guest would be shut out by it.
fn answers(chance: &mut Draw, catalogue: &Catalogue) -> BTreeMap<String, Answer> {
    let mut given = BTreeMap::new();
    for question in catalogue.questions().filter(|question| !question.sensitive) {
        if chance.unit() < 0.5 {
            continue;
        }
        let own = chance.below(question.choices.len());
        let accepts: Vec<String> = question
            .choices
            .iter()
            .enumerate()
            .filter(|(index, _)| *index == own || chance.unit() < 0.4)
            .map(|(_, choice)| choice.code.clone())
            .collect();
        let importance =
            *one(chance, &[Importance::Little, Importance::Somewhat, Importance::Somewhat, Importance::Very]);
        let choice = question.choices[own].code.clone();
        given.insert(question.code.clone(), Answer { choice, accepts, importance, dealbreaker: false });
    }
    given
}

fn place(chance: &mut Draw) -> Option<Location> {
    let (prefix, _) = REGIONS[chance.weighted(REGIONS.iter().map(|(_, share)| *share))];
    let is_home = |place: &&Place| place.kind() != PlaceKind::Province && place.code().starts_with(prefix);
    let homes: Vec<&Place> = Gazetteer::built_in().places().filter(is_home).collect();
    homes.get(chance.below(homes.len().max(1))).and_then(|home| Location::from_place(home).ok())
}

/// Wide wishes: a guest of any usual age who lives anywhere near finds somebody who would like to meet them.
fn preferences(
    chance: &mut Draw,
    gender: Gender,
    age: usize,
    catalogue: &Catalogue,
    config: &Config,
) -> Result<Preferences, Error> {
    let (own, other) = match gender {
        Gender::M => ("M", "F"),
        Gender::F => ("F", "M"),
        Gender::O => ("O", *one(chance, &["M", "F"])),
    };
    let mut genders = match chance.weighted([0.78, 0.09, 0.13].into_iter()) {
        0 => vec![other],
        1 => vec![own],
        _ => vec![own, other],
    };
    if !genders.contains(&"O") && chance.unit() < 0.35 {
        genders.push("O");
    }
    let years = |years: usize| i64::try_from(years).unwrap_or(18);
    let distances = [(Some(50), 0.2), (Some(100), 0.3), (Some(200), 0.2), (None, 0.3)];
    PreferencesEdit {
        genders: Some(genders.into_iter().map(str::to_owned).collect()),
        age_min: Some(years(age.saturating_sub(chance.between(5, 14)).max(18))),
        age_max: Some(years(age + chance.between(5, 16))),
        max_distance_km: Some(distances[chance.weighted(distances.iter().map(|(_, share)| *share))].0),
        attributes: Some(Vec::new()),
        ..PreferencesEdit::default()
    }
    .into_preferences(catalogue, &config.limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn population(seed: u64) -> Vec<Member> {
        let now = "2026-11-28T00:00:00Z".parse().unwrap();
        made_up(300, seed, Catalogue::built_in(), &Config::default(), now).unwrap()
    }

    #[test]
    fn everybody_is_complete_and_says_that_they_are_made_up() {
        for member in population(1) {
            assert!(member.is_complete() && member.profile.location.is_some(), "{:?}", member.source);
            let Member { profile, preferences, .. } = &member;
            assert!(!preferences.genders.is_empty() && profile.interests.len() >= 4 && !member.answers.is_empty());
            let says_so = |text: &str| text.contains("데모") || text.contains("demo");
            assert!(says_so(&profile.nickname) && says_so(profile.bio.split('.').next().unwrap()), "{}", profile.bio);
            let sensitive = |code: &String| Catalogue::built_in().attribute(code).unwrap().sensitive;
            assert!(!profile.attributes.keys().any(sensitive), "nobody consented to it");
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_people_and_another_one_others() {
        let known = |people: Vec<Member>| -> Vec<_> {
            people
                .into_iter()
                .map(|member| (member.source, member.profile, member.preferences, member.answers))
                .collect()
        };
        assert_eq!(known(population(1)), known(population(1)));
        assert_ne!(known(population(1)), known(population(2)));
    }

    #[test]
    fn a_population_is_mixed() {
        let people = population(1);
        let count = |is: &dyn Fn(&Member) -> bool| people.iter().filter(|member| is(member)).count();
        assert!((110..190).contains(&count(&|member| member.profile.gender == Some(Gender::F))));
        assert!((150..250).contains(&count(&|member| member.profile.nickname.contains("데모"))));
        assert!((90..170).contains(&count(&|member| {
            let code = member.profile.location.as_ref().and_then(Location::place_code);
            code.is_some_and(|code| code.starts_with("seoul"))
        })));
    }
}
