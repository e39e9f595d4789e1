//! Everybody's page at once.
//!
//! Called by hosts; calls `retrieval` for one person after the other, in the order of the index, so that what one search has
//! read is in the cache for the next. Invariant: a page is that of [`View::top`], to the last bit.

use rustc_hash::FxHashSet;

use super::retrieval::{Question, Room, search};
use super::simd::Level;
use super::walk::{in_chunks, rows_in_order};
use super::{EngineError, PersonId, Pick, Relax, View};

impl<Id: PersonId + Send + Sync> View<Id> {
    /// Hands over the best `limit` people of everybody who takes part: `each(id, page)`, once per person.
    ///
    /// A page is that of [`Self::top`]. The order of people is not told, and `each` runs on up to `threads` threads at once.
    /// Whoever is inactive, too young or wants nobody takes no part and is not called for. Much faster than a query for each: people who
    /// stand side by side in the index read the same of it.
    ///
    /// # Errors
    /// [`EngineError::ZeroLimit`] before anything happens; [`EngineError::InvalidSignal`] somewhere on the way.
    pub fn top_for_all(
        &self,
        limit: usize,
        threads: usize,
        each: impl Fn(Id, &[Pick<Id>]) + Sync,
    ) -> Result<(), EngineError> {
        if limit == 0 {
            return Err(EngineError::ZeroLimit);
        }
        let state = self.state();
        let (nobody, level) = (FxHashSet::default(), Level::best());
        in_chunks(&rows_in_order(state), threads, Room::new, |room, _, chunk| {
            let mut guess = Guess::default();
            for &row in chunk {
                let question = Question {
                    row,
                    limit,
                    after: None,
                    excluding: &nobody,
                    leaving_out: &[],
                    mutual: false,
                    relax: Relax::default(),
                    level,
                    expected: guess.expected(),
                };
                let (page, _) = search(state, &question, room)?;
                guess.learn(page.get(limit - 1).map(|last| last.score));
                each(state.slot(row).id, &page);
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// How much of the last score of a neighbour's page is expected of the next one, while that proves right.
const SHARE: f64 = 0.7;
/// The least of it that is expected, however often more proved wrong.
const LEAST: f64 = 1.0 / 64.0;

/// What the pages of neighbours in the index say of the next one.
#[derive(Debug)]
struct Guess {
    last: f64,
    share: f64,
}

impl Default for Guess {
    fn default() -> Self {
        Self { last: f64::NEG_INFINITY, share: SHARE }
    }
}

impl Guess {
    /// The score that a whole page is expected to reach.
    fn expected(&self) -> f64 {
        // Scores are chances: a share of one is below it.
        self.last * self.share
    }

    /// Takes in the last score of a full page. A page that was not full says nothing of the next one.
    fn learn(&mut self, last: Option<f64>) {
        let Some(last) = last else {
            self.last = f64::NEG_INFINITY;
            return;
        };
        let was_right = last >= self.expected();
        self.share = if was_right { (self.share * 1.1).min(SHARE) } else { (self.share / 2.0).max(LEAST) };
        self.last = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_is_a_score_or_none_whatever_came_before() {
        let mut guess = Guess::default();
        for round in 0..5_000 {
            guess.learn((round % 3_000 > 2_000).then_some(0.0));
            assert!(guess.expected() <= 0.0, "{}", guess.expected());
        }
        for last in [0.9, 0.1, 0.9, 0.001].into_iter().cycle().take(5_000) {
            guess.learn(Some(last));
            assert!(guess.expected() >= LEAST * last && guess.expected() < last);
        }
        guess.learn(None);
        assert!(guess.expected() < f64::MIN, "nothing is expected of a full page behind one that was not");
    }
}
