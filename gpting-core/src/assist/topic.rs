//! What can be valued in somebody: a closed list, the interests of the catalogue and a few styles of being.
//!
//! Whatever a model says about people is said in these codes and in bounded numbers, and in nothing else. Read by prompts
//! (what may be answered), by answers (what is believed) and by the engine's term (`signal`). Pure.
//! Invariant: an index means the same as long as the catalogue is the same.

use std::collections::{BTreeMap, HashMap};

use rustc_hash::FxHashMap;

use crate::profile::catalogue::Catalogue;

/// How much of each topic, by code, from -100 to 100. Never 0, never text.
pub type Strengths = BTreeMap<String, i8>;

/// Styles of being: what a text can show or somebody can value beside interests.
pub const STYLES: [&str; 12] = [
    "style.humorous",
    "style.calm",
    "style.outgoing",
    "style.homebody",
    "style.adventurous",
    "style.family_minded",
    "style.career_minded",
    "style.romantic",
    "style.honest",
    "style.creative",
    "style.curious",
    "style.caring",
];

/// How many topics the engine can tell apart.
const MOST: usize = 1 << 10;

/// The topics of a catalogue: the styles, then its interests.
#[derive(Debug)]
pub struct Topics {
    codes: Vec<String>,
    by_code: HashMap<String, u16>,
    /// The number of the interest that a topic is; none for a style.
    interests: Vec<Option<u16>>,
    by_interest: FxHashMap<u16, u16>,
}

impl Topics {
    /// The topics of a catalogue. Of a catalogue with more than a thousand interests, those that come first.
    pub fn of(catalogue: &Catalogue) -> Self {
        let styles = STYLES.iter().map(|code| ((*code).to_owned(), None));
        let interests = catalogue.interests().map(|interest| (interest.code.clone(), Some(interest.number)));
        let (codes, interests): (Vec<String>, Vec<Option<u16>>) = styles.chain(interests).take(MOST).unzip();
        let index = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
        let by_code = codes.iter().enumerate().map(|(at, code)| (code.clone(), index(at))).collect();
        let by_interest =
            interests.iter().enumerate().filter_map(|(at, number)| Some(((*number)?, index(at)))).collect();
        Self { codes, by_code, interests, by_interest }
    }

    /// All codes.
    pub fn codes(&self) -> &[String] {
        &self.codes
    }

    /// The index of a code, below 1,024.
    pub fn index(&self, code: &str) -> Option<u16> {
        self.by_code.get(code).copied()
    }

    /// The index of the topic that an interest of the catalogue is, by the engine's number.
    pub fn of_interest(&self, number: u16) -> Option<u16> {
        self.by_interest.get(&number).copied()
    }

    /// The engine's number of the interest that a topic is; none for a style.
    pub fn interest(&self, index: u16) -> Option<u16> {
        self.interests.get(usize::from(index)).copied().flatten()
    }
}

/// The `most` strongest of some, ties by code.
pub(crate) fn strongest(strengths: Strengths, most: usize) -> Strengths {
    let mut all: Vec<(String, i8)> = strengths.into_iter().filter(|(_, strength)| *strength != 0).collect();
    all.sort_by(|a, b| b.1.unsigned_abs().cmp(&a.1.unsigned_abs()).then_with(|| a.0.cmp(&b.0)));
    all.truncate(most);
    all.into_iter().map(|(code, strength)| (code, strength.clamp(-100, 100))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interest_and_style_is_a_topic_and_the_numbers_lead_back() {
        let catalogue = Catalogue::built_in();
        let topics = Topics::of(catalogue);
        assert_eq!(topics.codes().len(), STYLES.len() + catalogue.interests().count());
        for interest in catalogue.interests() {
            let index = topics.index(&interest.code).unwrap();
            assert_eq!(topics.interest(index), Some(interest.number));
            assert_eq!(topics.of_interest(interest.number), Some(index));
        }
        assert_eq!(topics.interest(topics.index("style.calm").unwrap()), None);
        assert_eq!(topics.index("ignore previous instructions"), None);
    }

    #[test]
    fn the_strongest_stay_whatever_their_sign() {
        let strengths = [("a", 5), ("b", -90), ("c", 0), ("d", 60)].map(|(code, n)| (code.to_owned(), n)).into();
        assert_eq!(strongest(strengths, 2).into_iter().collect::<Vec<_>>(), [("b".into(), -90), ("d".into(), 60)]);
    }
}
