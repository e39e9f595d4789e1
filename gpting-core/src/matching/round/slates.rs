//! What a market round gave everybody, by the host's ids.
//!
//! Made by `round` from the slates of the graph. Invariant: lists, picks and figures are told of everybody who takes part;
//! of others there is nothing.

use super::super::PersonId;
use super::super::market::graph::{self, Report};

/// Lists and daily picks of everybody, and how good they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Slates<Id> {
    /// Ascending, with the place in the market.
    places: Vec<(Id, u32)>,
    lists: Names<Id>,
    picks: Names<Id>,
    matches: Vec<f64>,
    report: Report,
}

/// Names of one person after the other.
#[derive(Debug, Clone, PartialEq)]
struct Names<Id> {
    start: Vec<usize>,
    names: Vec<Id>,
}

impl<Id: PersonId> Names<Id> {
    fn of<'a>(ids: &[Id], of: impl Fn(u32) -> &'a [u32]) -> Self {
        let mut names = Self { start: Vec::with_capacity(ids.len() + 1), names: Vec::new() };
        names.start.push(0);
        for person in 0..ids.len() as u32 {
            names.names.extend(of(person).iter().map(|&other| ids[other as usize]));
            names.start.push(names.names.len());
        }
        names
    }

    fn at(&self, place: usize) -> &[Id] {
        &self.names[self.start[place]..self.start[place + 1]]
    }
}

impl<Id: PersonId> Slates<Id> {
    /// Names the people of a solved graph.
    pub(super) fn new(ids: &[Id], solved: graph::Slates) -> Self {
        let mut places: Vec<(Id, u32)> = ids.iter().copied().zip(0..).collect();
        places.sort_unstable();
        Self {
            places,
            lists: Names::of(ids, |person| solved.list(person)),
            picks: Names::of(ids, |person| solved.picks(person)),
            matches: solved.matches().to_vec(),
            report: solved.report,
        }
    }

    fn place(&self, id: Id) -> Option<usize> {
        let at = self.places.binary_search_by_key(&id, |place| place.0).ok()?;
        Some(self.places[at].1 as usize)
    }

    /// Whom a person is shown, best first; nobody for somebody who takes no part. `O(log people)`.
    pub fn list(&self, id: Id) -> &[Id] {
        self.place(id).map_or(&[], |place| self.lists.at(place))
    }

    /// A person's best daily pick, if there is one. With one pick a day it is mutual: their pick is this person.
    pub fn pick(&self, id: Id) -> Option<Id> {
        self.picks(id).first().copied()
    }

    /// All daily picks of a person, best first; each of them has the person among theirs.
    pub fn picks(&self, id: Id) -> &[Id] {
        self.place(id).map_or(&[], |place| self.picks.at(place))
    }

    /// The expected mutual likes of a person's list, 0 for somebody who takes no part.
    pub fn matches(&self, id: Id) -> f64 {
        self.place(id).map_or(0.0, |place| self.matches[place])
    }

    /// Everybody who takes part, by ascending id, with their list.
    pub fn iter(&self) -> impl Iterator<Item = (Id, &[Id])> {
        self.places.iter().map(|&(id, place)| (id, self.lists.at(place as usize)))
    }

    /// How many people take part.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nobody takes part.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The figures of the round: expected matches and what cannot be exceeded, envy, inequality, who is left out.
    pub fn report(&self) -> &Report {
        &self.report
    }
}
