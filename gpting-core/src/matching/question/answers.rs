//! One person's answers to questions: the own choice, the choices accepted in others, and how much it matters.
//!
//! Built by hosts, compared by `compare`. Kept sorted by question in columns, so that two people are compared in one walk.
//! Invariants: a question is answered once; a choice is below 64; a question that matters accepts something.

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// A choice of 64 or more.
    #[error("choice {choice} of question {question} is not below 64")]
    NoSuchChoice {
        /// The question.
        question: u32,
        /// The choice given.
        choice: u8,
    },
    /// A question that matters, but to which no choice would be accepted: nobody could ever satisfy it.
    #[error("question {question} matters, but no answer to it is accepted")]
    NothingAccepted {
        /// The question.
        question: u32,
    },
}

/// How much the answer of somebody else matters; the weights are `OkCupid`'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Importance {
    /// Not at all: weight 0, whatever is accepted.
    Irrelevant,
    /// A little: weight 1.
    Little,
    /// Somewhat: weight 10.
    #[default]
    Some,
    /// Very: weight 50.
    Very,
    /// As much as anything: weight 250.
    Mandatory,
}

impl Importance {
    /// The weight, in points.
    pub const fn weight(self) -> u16 {
        match self {
            Self::Irrelevant => 0,
            Self::Little => 1,
            Self::Some => 10,
            Self::Very => 50,
            Self::Mandatory => 250,
        }
    }
}

/// Choices 0 to 63 of one question, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Choices(pub u64);

impl Choices {
    /// No choice.
    pub const NONE: Self = Self(0);
    /// Every choice.
    pub const ALL: Self = Self(u64::MAX);

    /// Whether the set holds a choice.
    pub const fn contains(self, choice: u8) -> bool {
        choice < 64 && self.0 >> choice & 1 != 0
    }
}

impl FromIterator<u8> for Choices {
    /// Choices of 64 and more are left out.
    fn from_iter<I: IntoIterator<Item = u8>>(choices: I) -> Self {
        Self(choices.into_iter().filter(|choice| *choice < 64).fold(0, |bits, choice| bits | 1 << choice))
    }
}

/// One answer, as a host gives it to [`Answers::answer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The own choice, below 64.
    pub choice: u8,
    /// What is accepted of others.
    pub accepts: Choices,
    /// How much that matters.
    pub importance: Importance,
    /// Whether somebody who answered otherwise must not be shown at all. Who has not answered may be.
    pub dealbreaker: bool,
}

impl Answer {
    /// A choice, and somewhat important that others choose one of `accepts`.
    pub fn new(choice: u8, accepts: &[u8]) -> Self {
        let accepts = accepts.iter().copied().collect();
        Self { choice, accepts, importance: Importance::default(), dealbreaker: false }
    }

    /// Of another importance.
    #[must_use]
    pub fn importance(mut self, importance: Importance) -> Self {
        self.importance = importance;
        self
    }

    /// As a condition that others must meet.
    #[must_use]
    pub fn dealbreaker(mut self) -> Self {
        self.dealbreaker = true;
        self
    }
}

/// Everything one person answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answers {
    questions: Vec<u32>,
    entries: Vec<Entry>,
}

/// An answer as it is compared: 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) accepts: Choices,
    pub(super) weight: u16,
    pub(super) choice: u8,
    pub(super) dealbreaker: bool,
}

impl Answers {
    /// No answers yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer, or replaces the one to the same question. `O(log n)`, and a move of what lies behind it.
    ///
    /// # Errors
    /// [`AnswerError`]; the answers are then unchanged.
    pub fn answer(&mut self, question: u32, answer: Answer) -> Result<(), AnswerError> {
        if answer.choice >= 64 {
            return Err(AnswerError::NoSuchChoice { question, choice: answer.choice });
        }
        let matters = answer.importance != Importance::Irrelevant || answer.dealbreaker;
        if matters && answer.accepts == Choices::NONE {
            return Err(AnswerError::NothingAccepted { question });
        }
        let entry = Entry {
            accepts: answer.accepts,
            weight: answer.importance.weight(),
            choice: answer.choice,
            dealbreaker: answer.dealbreaker,
        };
        self.remove(question);
        let at = self.questions.partition_point(|known| *known < question);
        self.questions.insert(at, question);
        self.entries.insert(at, entry);
        Ok(())
    }

    /// Takes an answer back; whether there was one.
    pub fn remove(&mut self, question: u32) -> bool {
        let Ok(at) = self.questions.binary_search(&question) else { return false };
        self.questions.remove(at);
        self.entries.remove(at);
        true
    }

    /// How many questions are answered.
    pub fn len(&self) -> usize {
        self.questions.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.questions.is_empty()
    }

    /// Every question and its answer, in order.
    pub(super) fn each(&self) -> impl Iterator<Item = (u32, Entry)> + '_ {
        self.questions.iter().copied().zip(self.entries.iter().copied())
    }

    /// Calls `both(mine, theirs)` for every question both have answered, in order. `O(n + m)`.
    #[inline]
    pub(super) fn walk(&self, other: &Self, mut both: impl FnMut(Entry, Entry)) {
        let (mut i, mut j) = (0, 0);
        while i < self.questions.len() && j < other.questions.len() {
            let (mine, theirs) = (self.questions[i], other.questions[j]);
            if mine == theirs {
                both(self.entries[i], other.entries[j]);
            }
            // Both steps are data, not branches: the order of two lists is not to be predicted.
            i += usize::from(mine <= theirs);
            j += usize::from(theirs <= mine);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted_replaced_and_removed() {
        let mut answers = Answers::new();
        for question in [5, 1, 9, 5] {
            answers.answer(question, Answer::new((question % 7) as u8, &[0]).dealbreaker()).unwrap();
        }
        assert_eq!((answers.len(), answers.questions.clone()), (3, vec![1, 5, 9]));
        answers.answer(5, Answer::new(3, &[1])).unwrap();
        assert_eq!((answers.entries[1].choice, answers.entries[1].dealbreaker), (3, false));
        assert!(answers.remove(1) && !answers.remove(1));
        assert!(answers.remove(9) && !answers.is_empty());
    }

    #[test]
    fn impossible_answers_are_refused() {
        let mut answers = Answers::new();
        assert_eq!(
            answers.answer(3, Answer::new(64, &[1])),
            Err(AnswerError::NoSuchChoice { question: 3, choice: 64 })
        );
        assert_eq!(answers.answer(3, Answer::new(1, &[])), Err(AnswerError::NothingAccepted { question: 3 }));
        let nothing = Answer::new(1, &[]).importance(Importance::Irrelevant);
        answers.answer(3, nothing.dealbreaker()).unwrap_err();
        assert!(answers.is_empty());
        answers.answer(3, nothing).unwrap();
    }

    #[test]
    fn choices_are_bits() {
        let choices: Choices = [0, 5, 63, 64, 200].into_iter().collect();
        assert_eq!(choices.0, 1 | 1 << 5 | 1 << 63);
        assert!(choices.contains(63) && !choices.contains(1) && !Choices::ALL.contains(64));
    }
}
