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
                };
                let (page, _) = search(state, &question, room)?;
                each(state.slot(row).id, &page);
            }
            Ok(())
        })?;
        Ok(())
    }
}
