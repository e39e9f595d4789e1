//! Answers as a row of the engine keeps them: eight 16-bit words each, sorted by question, read in place.
//!
//! Written by `facts` at upsert; read by `score` (satisfaction) and `eligibility` (dealbreakers). Says exactly what
//! [`Answers`] say. Invariant: sorted by question, every choice below 64.

use super::answers::{Answers, Choices, Entry};
use super::compare::Comparison;

/// Words of one answer: the question, the accepted choices, the weight, then choice and dealbreaker.
pub(in crate::matching) const WORDS: usize = 8;

impl Answers {
    /// The words of everything.
    pub(in crate::matching) fn words(&self) -> impl Iterator<Item = u16> + '_ {
        self.each().flat_map(|(question, entry)| {
            let word = |number: u64, at: u32| (number >> (16 * at) & 0xffff) as u16;
            let (question, accepts) = (u64::from(question), entry.accepts.0);
            let last = u16::from(entry.choice) | u16::from(entry.dealbreaker) << 8;
            let accepts = [0, 1, 2, 3].map(|at| word(accepts, at));
            [word(question, 0), word(question, 1)].into_iter().chain(accepts).chain([entry.weight, last])
        })
    }
}

/// The packed answers of one person.
#[derive(Debug, Clone, Copy)]
pub(in crate::matching) struct Packed<'a>(&'a [[u16; WORDS]]);

fn question(words: &[u16; WORDS]) -> u32 {
    u32::from(words[0]) | u32::from(words[1]) << 16
}

fn entry(words: &[u16; WORDS]) -> Entry {
    let accepts = words[2..6].iter().rev().fold(0, |bits, &word| bits << 16 | u64::from(word));
    let [choice, dealbreaker] = words[7].to_le_bytes();
    Entry { accepts: Choices(accepts), weight: words[6], choice, dealbreaker: dealbreaker != 0 }
}

impl<'a> Packed<'a> {
    /// Words that [`Answers::words`] gave.
    #[inline]
    pub(in crate::matching) fn new(words: &'a [u16]) -> Self {
        Self(words.as_chunks().0)
    }

    /// Whether the words are answers, in order.
    pub(in crate::matching) fn are_sound(words: &[u16]) -> bool {
        let (answers, rest) = words.as_chunks();
        rest.is_empty()
            && answers.is_sorted_by(|a, b| question(a) < question(b))
            && answers.iter().all(|answer| answer[7] & !(1 << 8 | 63) == 0 && answer[6] <= 250)
    }

    /// The points of everything that matters to the person.
    pub(in crate::matching) fn points(self) -> u32 {
        self.0.iter().map(|answer| u32::from(answer[6])).sum()
    }

    /// Whether an answer is a condition.
    pub(in crate::matching) fn has_dealbreakers(self) -> bool {
        self.0.iter().any(|answer| answer[7] >> 8 != 0)
    }

    /// Whether the other broke a condition of this person. `O(conditions · log answers)`.
    pub(in crate::matching) fn refuses(self, other: Packed<'_>) -> bool {
        let broken = |mine: &[u16; WORDS]| {
            let theirs = other.0.binary_search_by_key(&question(mine), question);
            theirs.is_ok_and(|at| !entry(mine).accepts.contains(entry(&other.0[at]).choice))
        };
        self.0.iter().any(|mine| mine[7] >> 8 != 0 && broken(mine))
    }

    /// As [`Comparison::of`]. `O(answers of both)`, no allocation.
    pub(in crate::matching) fn compare(self, other: Packed<'_>) -> Comparison {
        let mut found = Comparison::default();
        let (mut i, mut j) = (0, 0);
        while let (Some(mine), Some(theirs)) = (self.0.get(i), other.0.get(j)) {
            let (a, b) = (question(mine), question(theirs));
            if a == b {
                found.add(entry(mine), entry(theirs));
            }
            i += usize::from(a <= b);
            j += usize::from(b <= a);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Answer, Importance};
    use super::*;

    fn answers(seed: u32) -> Answers {
        let mut answers = Answers::new();
        for n in (0..40_u32).filter(|n| !(n * 7 + seed).is_multiple_of(3)) {
            let choice = ((n + seed) % 5) as u8;
            let level = [Importance::Irrelevant, Importance::Little, Importance::Mandatory][(n % 3) as usize];
            let mut answer = Answer::new(choice, &[choice, ((n * seed) % 5) as u8, 63]).importance(level);
            answer.dealbreaker = n % 11 == seed % 11;
            answers.answer(n * 70_001, answer).unwrap();
        }
        answers
    }

    #[test]
    fn packed_answers_say_what_the_answers_say() {
        for (a, b) in [(1, 2), (5, 5), (7, 12), (3, 20)] {
            let (first, second) = (answers(a), answers(b));
            let (x, y): (Vec<u16>, Vec<u16>) = (first.words().collect(), second.words().collect());
            assert!(Packed::are_sound(&x) && Packed::are_sound(&y) && x.len() == WORDS * first.len());
            let (x, y) = (Packed::new(&x), Packed::new(&y));
            let found = Comparison::of(&first, &second);
            assert_eq!(x.compare(y), found);
            assert_eq!((x.refuses(y), y.refuses(x)), (found.there.refuses, found.back.refuses));
            assert_eq!(x.has_dealbreakers(), first.each().any(|(_, entry)| entry.dealbreaker));
        }
    }

    #[test]
    fn what_is_no_list_of_answers_is_not_sound() {
        let words: Vec<u16> = answers(4).words().collect();
        let mut swapped = words.clone();
        swapped.rotate_left(WORDS);
        let mut choice = words.clone();
        choice[7] = 64;
        let mut weight = words.clone();
        weight[6] = 251;
        assert!(Packed::are_sound(&[]) && Packed::are_sound(&words));
        for bad in [&words[1..], &words[..words.len() - 1], &swapped, &choice, &weight] {
            assert!(!Packed::are_sound(bad));
        }
    }
}
