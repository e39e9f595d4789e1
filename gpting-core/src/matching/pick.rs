//! What a page is made of, and where the next one begins.

/// One person of a page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pick<Id> {
    /// The person.
    pub id: Id,
    /// Both directions fused, in [0, 1]; pages are sorted by it, best first, ties by the smaller id.
    pub score: f64,
    /// The estimate that the viewer likes this person, in [0, 1].
    pub there: f64,
    /// The estimate that this person likes the viewer, in [0, 1].
    pub back: f64,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum After<Id> {
    /// With the best.
    #[default]
    Start,
    /// Behind this pick of an earlier page of the same view.
    Pick {
        /// Its score, to the last bit.
        score: f64,
        /// Its id.
        id: Id,
    },
}

impl<Id> From<Pick<Id>> for After<Id> {
    fn from(pick: Pick<Id>) -> Self {
        Self::Pick { score: pick.score, id: pick.id }
    }
}
