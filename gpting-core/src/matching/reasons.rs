//! Sentences about why somebody is proposed, from the explained score: true, of the viewer's own wishes and of what both
//! show, and of nothing else.
//!
//! Called by `slate` and `compatibility` with the card that the viewer is shown: what is not on it is not told. What the
//! other wishes, answers, or has done is nobody else's to know. Pure.

use std::collections::BTreeMap;

use super::{Explanation, Reason};
use crate::profile::catalogue::{AttributeValue, Catalogue, Label};
use crate::profile::place::DistanceBand;

/// The most sentences about one person.
pub(super) const MOST: usize = 4;
/// Fewer common questions than this would tell which answer was given.
const FEWEST_QUESTIONS: u16 = 3;
/// What is farther than this, in km, or older or younger by more years, speaks for nobody.
const NEAR_KM: u16 = 50;
const CLOSE_YEARS: u8 = 5;
/// Content that adds less than this, in logits, may be an accident of words.
const ALIKE: f64 = 0.08;

/// One reason, told from the member's own point of view.
#[derive(Clone, Debug, PartialEq)]
pub struct SlateReason {
    /// Stable code.
    pub code: &'static str,
    /// Share of all that speaks for this person, in [0, 1]; 0 for what is a fact and no reason.
    pub weight: f64,
    /// The sentence.
    pub text: Label,
}

/// What of a card the sentences may speak of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'a> {
    /// Codes of interests.
    pub(crate) interests: &'a [String],
    /// Attributes that this viewer is shown.
    pub(crate) attributes: &'a BTreeMap<String, AttributeValue>,
    /// Upper bound of the band of the distance.
    pub(crate) distance_km: Option<u16>,
}

/// What speaks for a candidate, the weightiest first, at most four.
pub(super) fn reasons(why: &Explanation, card: &Shown<'_>, catalogue: &Catalogue) -> Vec<SlateReason> {
    let told: Vec<(f64, &'static str, Label)> = why
        .there
        .iter()
        .filter(|part| part.logit > 0.0)
        .filter_map(|part| {
            let (code, text) = sentence(part.code, part.logit, card, catalogue)?;
            Some((part.logit, code, text))
        })
        .collect();
    let total: f64 = told.iter().map(|(logit, ..)| logit).sum();
    let mut reasons: Vec<SlateReason> =
        told.into_iter().map(|(logit, code, text)| SlateReason { code, weight: logit / total, text }).collect();
    reasons.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.text.ko.cmp(&b.text.ko)));
    reasons.truncate(MOST);
    reasons
}

/// Plain facts about two people, for whoever has fewer than two reasons: always true, never praise. Read from what both show
/// and not from the score, in which a part that does not matter to the viewer is none. `years` is between their ages.
pub(super) fn facts(own_interests: &[String], years: Option<u8>, card: &Shown<'_>) -> Vec<SlateReason> {
    let fact = |code, text| SlateReason { code, weight: 0.0, text };
    let mut facts = Vec::new();
    if let Some(band) = card.distance_km {
        facts.push(fact("distance", within(band)));
    }
    if let Some(years) = years {
        facts.push(fact("age_difference", apart(years)));
    }
    if !own_interests.iter().any(|code| card.interests.contains(code)) {
        let (ko, en) = ("함께 적은 관심사는 아직 없어요", "Your profiles name no interest in common yet");
        facts.push(fact("no_shared_interest", label(ko, en)));
    }
    facts
}

fn label(ko: impl Into<String>, en: impl Into<String>) -> Label {
    Label { ko: ko.into(), en: en.into() }
}

fn within(band: u16) -> Label {
    let [.., before_last, last] = DistanceBand::UPPER_KM;
    if band < last {
        label(format!("{band}km 이내에 있어요"), format!("Within {band} km"))
    } else {
        label(format!("{before_last}km 넘게 떨어져 있어요"), format!("More than {before_last} km apart"))
    }
}

fn apart(years: u8) -> Label {
    match years {
        0 => label("나이가 같아요", "You are the same age"),
        1 => label("나이가 한 살 차이예요", "You are a year apart"),
        years => label(format!("나이가 {years}살 차이예요"), format!("You are {years} years apart")),
    }
}

fn sentence(reason: Reason, logit: f64, card: &Shown<'_>, catalogue: &Catalogue) -> Option<(&'static str, Label)> {
    match reason {
        Reason::SharedInterest(number) => {
            let interest = catalogue.interest_by_number(number).filter(|known| card.interests.contains(&known.code))?;
            let (ko, en) = (&interest.label.ko, &interest.label.en);
            Some(("shared_interest", label(format!("함께 좋아하는 관심사: {ko}"), format!("You both like {en}"))))
        }
        Reason::AttributePreferred { attribute, value } => {
            // What the card does not show is matched by, and not told.
            let known =
                catalogue.attribute_by_number(attribute).filter(|known| card.attributes.contains_key(&known.code))?;
            let (ko, en) = known.value_by_number(value).map_or_else(
                || (value.to_string(), value.to_string()),
                |value| (value.label.ko.clone(), value.label.en.clone()),
            );
            let text = label(
                format!("원하시는 조건: {} {ko}", known.label.ko),
                format!("What you look for: {} – {en}", known.label.en),
            );
            Some(("preferred_attribute", text))
        }
        Reason::Questions { asked, fits } if asked >= FEWEST_QUESTIONS => {
            let text = label(
                format!("내 질문 {asked}개 중 {fits}개가 잘 맞아요"),
                format!("{fits} of your {asked} questions fit"),
            );
            Some(("questions", text))
        }
        Reason::Near { .. } => {
            let band = card.distance_km.filter(|band| *band <= NEAR_KM)?;
            Some(("near", within(band)))
        }
        Reason::AgeFit { years } => (years <= CLOSE_YEARS).then(|| ("age_fit", apart(years))),
        Reason::Content => (logit >= ALIKE).then(|| {
            let (ko, en) = ("소개와 관심사가 찾으시는 분과 비슷해요", "Their profile resembles what you look for");
            ("content", label(ko, en))
        }),
        // How somebody decides, or is decided about, is never told.
        Reason::Base
        | Reason::Pickiness
        | Reason::Appeal
        | Reason::Price
        | Reason::AttributeAvoided { .. }
        | Reason::Questions { .. }
        | Reason::Signal(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::Part;

    fn told_of(parts: &[(Reason, f64)], distance_km: u16) -> (Vec<SlateReason>, Vec<SlateReason>) {
        let interests = ["hiking".to_owned()];
        let attributes = [("smoking".to_owned(), AttributeValue::Choice("never".to_owned()))].into();
        let shown = Shown { interests: &interests, attributes: &attributes, distance_km: Some(distance_km) };
        let why = why(parts);
        (reasons(&why, &shown, Catalogue::built_in()), facts(&["jazz".to_owned()], Some(12), &shown))
    }

    fn why(parts: &[(Reason, f64)]) -> Explanation {
        let there = parts.iter().map(|&(code, logit)| Part { code, logit }).collect();
        Explanation { there, back: Vec::new(), score: 0.5 }
    }

    fn codes(reasons: &[SlateReason]) -> Vec<&'static str> {
        reasons.iter().map(|reason| reason.code).collect()
    }

    #[test]
    fn only_what_the_card_shows_is_told() {
        let catalogue = Catalogue::built_in();
        let number = |code: &str| catalogue.attribute(code).unwrap().number;
        let hiking = catalogue.interest("hiking").unwrap().number;
        let (told, _) = told_of(
            &[
                (Reason::Appeal, 3.0),
                (Reason::Pickiness, 2.0),
                (Reason::Signal("offset"), 2.0),
                (Reason::AttributePreferred { attribute: number("religion"), value: 4 }, 1.5),
                (Reason::AttributePreferred { attribute: number("smoking"), value: 1 }, 1.0),
                (Reason::SharedInterest(hiking), 0.5),
            ],
            5,
        );
        assert_eq!(codes(&told), ["preferred_attribute", "shared_interest"]);
        assert!((told[0].weight - 2.0 / 3.0).abs() < 1e-12);
        assert!(told[0].text.ko.contains("흡연") && told[1].text.en.contains("Hiking"), "{told:?}");
    }

    #[test]
    fn what_is_far_or_seldom_asked_or_an_accident_is_no_reason() {
        let parts = [
            (Reason::Near { km: 120 }, 0.1),
            (Reason::AgeFit { years: 12 }, 0.2),
            (Reason::Content, 0.05),
            (Reason::Questions { asked: 2, fits: 2 }, 0.3),
        ];
        let (reasons, told) = told_of(&parts, 200);
        assert!(reasons.is_empty());
        assert_eq!(codes(&told), ["distance", "age_difference", "no_shared_interest"]);
        assert!(told[1].text.ko.contains("12살"));
        let parts = [
            (Reason::Near { km: 3 }, 0.9),
            (Reason::AgeFit { years: 1 }, 0.4),
            (Reason::Content, 0.2),
            (Reason::Questions { asked: 7, fits: 5 }, 0.3),
        ];
        let (told, _) = told_of(&parts, 5);
        assert_eq!(codes(&told), ["near", "age_fit", "questions", "content"]);
        assert_eq!(told[2].text.ko, "내 질문 7개 중 5개가 잘 맞아요");
    }

    #[test]
    fn facts_are_of_what_both_show_and_not_of_what_matters() {
        let (interests, attributes) = (["hiking".to_owned()], BTreeMap::new());
        let shown = Shown { interests: &interests, attributes: &attributes, distance_km: None };
        assert_eq!(codes(&facts(&interests, Some(3), &shown)), ["age_difference"], "hiking is in common");
        assert_eq!(codes(&facts(&[], None, &shown)), ["no_shared_interest"]);
    }

    #[test]
    fn what_speaks_against_is_not_told() {
        let parts = [(Reason::Questions { asked: 9, fits: 1 }, -0.5), (Reason::Content, -0.3)];
        assert!(told_of(&parts, 5).0.is_empty());
    }
}
