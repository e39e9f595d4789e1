//! What a log of showings says about rankers: how people answered what they were shown, by ranker, place and group.
//!
//! Called by `gpting evaluate log`, or with a log of one's own. Showings are handed over viewer by viewer and not kept: what is kept is a
//! few numbers per viewer and person, whatever the length of the log. [`Log::report`] makes figures of them, with intervals
//! over viewers. Invariants: the order of viewers does not matter; what is undefined is `None`, never 0.
//!
//! What it cannot say: people who were never shown have no answer, so figures hold for whom the rankers chose to show. A
//! comparison of rankers is one of their groups, which are drawn at random; other figures are observations.

mod answer;
mod report;
mod tally;

pub use self::answer::Answer;
pub use self::report::{Bin, GroupFigures, Interval, Place, RankerFigures, Report};
pub use self::tally::{BINS, Log, Membership, Settings, Showing};

#[cfg(test)]
mod tests;
