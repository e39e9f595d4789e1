//! The catalogue's spellings of interests, found in text: the analyst's only synonyms.
//!
//! `등산`, `산행`, `트레킹`, `hiking` are one interest, whatever the spaces. A spelling counts where a word begins with it, so
//! that `필요가` is no `요가`; a Latin one must end with its word as well.

use std::collections::HashMap;

use super::stem::{Clause, is_hangul};
use crate::profile::catalogue::Catalogue;
use crate::profile::spelling::fold;

/// Every spelling, folded, with the interest and the category it stands for, by number.
#[derive(Debug, Default)]
pub(super) struct Spellings {
    by_text: HashMap<String, (u16, u16)>,
    longest: usize,
}

impl Spellings {
    pub(super) fn of(catalogue: &Catalogue) -> Self {
        let mut all = Self::default();
        for category in catalogue.categories() {
            for interest in &category.interests {
                let names = [&interest.label.ko, &interest.label.en].into_iter().chain(&interest.aliases);
                for name in names.map(|name| fold(name)).filter(|name| !name.is_empty()) {
                    all.longest = all.longest.max(name.chars().count());
                    all.by_text.entry(name).or_insert((interest.number, category.number));
                }
            }
        }
        all
    }

    /// The interests a clause names, each once, in the order of its words; the longest spelling at every word, and behind
    /// it, where a word goes on, the next one: `보드게임카페` names two.
    pub(super) fn found_in(&self, clause: &Clause) -> Vec<(u16, u16)> {
        let mut found = Vec::new();
        let words = &clause.words;
        let (mut at, mut begun) = (0, 0);
        while at < words.len() {
            if let Some((one, last, end)) = self.at_word(&words[at..], begun) {
                if !found.contains(&one) {
                    found.push(one);
                }
                (at, begun) = (at + last, end);
            } else {
                (at, begun) = (at + 1, 0);
            }
        }
        found
    }

    /// `O(longest spelling)`, however long the word. The longest spelling that begins at this byte of the first of these words; in which of them it ends, and where.
    fn at_word(&self, words: &[String], begun: usize) -> Option<((u16, u16), usize, usize)> {
        let (mut text, mut best, mut length) = (String::new(), None, 0);
        'words: for (number, word) in words.iter().enumerate() {
            let from = if number == 0 { begun } else { 0 };
            for (at, c) in word[from..].char_indices() {
                if length == self.longest {
                    break 'words;
                }
                text.push(c);
                length += 1;
                let end = from + at + c.len_utf8();
                let rest = &word[end..];
                // A Korean word may go on with a particle or another word, one syllable may not.
                let may_end = if is_hangul(c) { length > 1 || rest.is_empty() } else { matches!(rest, "" | "s") };
                if may_end && let Some(&one) = self.by_text.get(&text) {
                    best = Some((one, number, end));
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::super::stem::clauses;
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let catalogue = Catalogue::built_in();
        let spellings = Spellings::of(catalogue);
        let numbers = clauses(text, 1000).iter().flat_map(|clause| spellings.found_in(clause)).collect::<Vec<_>>();
        numbers.into_iter().map(|(number, _)| catalogue.interest_by_number(number).unwrap().code.clone()).collect()
    }

    #[test]
    fn spellings_are_found_whatever_the_spaces_and_particles() {
        assert_eq!(found("카페 투어를 좋아해요"), ["cafe_tour"]);
        assert_eq!(found("카페투어랑 등산좋아함"), ["cafe_tour", "hiking"]);
        assert_eq!(found("헬스장에서 러닝도 해요"), ["gym", "running"]);
        assert_eq!(found("I enjoy weight training and trekking"), ["gym", "hiking"]);
        assert_eq!(found("보드게임카페랑 영화관데이트"), ["board_games", "cafe_tour", "movies"]);
        assert_eq!(found("춤을 추고 춤"), ["dance"], "one syllable only as a word of its own");
    }

    #[test]
    fn a_text_without_spaces_costs_what_its_length_costs() {
        // Read to the word's end at every spelling, this would be hours instead of milliseconds.
        assert_eq!(found(&"등산".repeat(50_000)), ["hiking"]);
    }

    #[test]
    fn a_spelling_inside_another_word_is_none() {
        assert!(found("꾸밀 필요가 없어요").is_empty());
        assert!(found("whirlpools").is_empty());
    }
}
