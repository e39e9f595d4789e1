//! What a daily round came to, and how far it is. Pure.
//!
//! Made from the record of a day; read by hosts and by `gpting picks`.

use jiff::civil::Date;

use super::super::market::graph::Report;

/// What a daily round came to.
#[derive(Clone, Debug, PartialEq)]
pub struct DailyRound {
    /// The day, in Seoul, whose picks were made.
    pub day: Date,
    /// How many pairs are each other's pick.
    pub pairs: usize,
    /// The figures of all regions together: what lists reach and what no lists could, each region among its own people;
    /// inequality; who is left out. `regions` are those the people were cut into.
    pub report: Report,
    /// Expected mutual likes of the same people when everybody is ranked by the product of both likes.
    pub by_product: f64,
    /// Region by region, the largest first.
    pub regions: Vec<RegionFigures>,
}

/// What a region of a daily round came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegionFigures {
    /// How many pairs it has made each other's pick, across its border or not.
    pub pairs: usize,
    /// Expected mutual likes of its people when everybody is ranked by the product of both likes.
    pub by_product: f64,
    /// The figures of its people among themselves; of picks, also of those across its border.
    pub report: Report,
}

/// How far a daily round is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoundProgress {
    /// Regions.
    pub regions: usize,
    /// Those that are done.
    pub regions_done: usize,
    /// People of all regions.
    pub people: usize,
    /// People of the regions that are done.
    pub people_done: usize,
}
