//! One person of a view, as a host's own signals and rules see them.
//!
//! Handed out by `score` and `eligibility`, a whole block at a time; reads `population` in place and copies nothing.
//! Invariant: a row belongs to one view and says the same as long as it lives.

use super::population::State;
use super::{Cell, Gender, Genders, PersonId};

/// One person of a view, as signals and rules see them.
#[derive(Debug)]
pub struct Row<'a, Id> {
    pub(super) state: &'a State<Id>,
    pub(super) number: u32,
}

impl<Id> Clone for Row<'_, Id> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Id> Copy for Row<'_, Id> {}

impl<'a, Id: PersonId> Row<'a, Id> {
    /// The number of the row, from 0 and dense; means something inside one view alone.
    pub fn index(self) -> usize {
        self.number as usize
    }

    /// The host's id.
    pub fn id(self) -> Id {
        self.state.slot(self.number).id
    }

    /// The gender.
    pub fn gender(self) -> Gender {
        let genders = Genders::from_bits(self.state.gate(self.number).gender);
        [Gender::M, Gender::F].into_iter().find(|&gender| genders.contains(gender)).unwrap_or(Gender::O)
    }

    /// Completed years on the view's today.
    pub fn age(self) -> u8 {
        self.state.gate(self.number).birth.age_on(self.state.today())
    }

    /// The cell, when there is one.
    pub fn cell(self) -> Option<Cell> {
        self.state.slot(self.number).cell
    }

    /// Whether the host has verified the person.
    pub fn verified(self) -> bool {
        self.state.gate(self.number).verified()
    }

    /// Sorted interests.
    pub fn interests(self) -> &'a [u16] {
        self.state.slot(self.number).facts().interests()
    }

    /// Sorted (attribute, value) pairs.
    pub fn attributes(self) -> impl Iterator<Item = (u16, u16)> + 'a {
        self.state.slot(self.number).facts().attributes().iter().map(|&[attribute, value]| (attribute, value))
    }

    /// The vector of what the person is; zeros when none was given.
    pub fn is(self) -> &'a [f32] {
        self.state.vectors(self.number).0
    }

    /// The vector of what the person seeks; zeros when none was given.
    pub fn seeks(self) -> &'a [f32] {
        self.state.vectors(self.number).1
    }
}
